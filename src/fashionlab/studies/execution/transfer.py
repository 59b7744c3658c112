"""A finished run on its way from the machine that made it to the study's driver: the bytes of its files."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from fashionlab.errors import RunCorrupt
from fashionlab.files import make_folder, write_atomically
from fashionlab.store import CORE, Run
from fashionlab.store.format import ESTIMATOR_FILE
from fashionlab.store.run import SEAL, model_files
from fashionlab.studies.execution.local import Job


def pack(folder: Path) -> dict[str, bytes]:
    """The files of a sealed run, by name, each checked against the seal."""
    run = Run(folder)
    return {**{name: run.read(name) for name in run.core}, SEAL: (folder / SEAL).read_bytes()}


def unpack(files: Mapping[str, bytes], folder: Path, job: Job) -> Path:
    """Write the files that came for a job as a sealed run in `folder`, which is made anew; returns its path.

    Nothing that came decides about a name or a place. Raises RunCorrupt unless it is the run of that job, whole.
    """
    # Whether an estimator could be kept, only who made the run knows.
    kept = [ESTIMATOR_FILE] if job.spec.found and job.spec.found.estimator and ESTIMATOR_FILE in files else []
    wanted = [*CORE, *model_files(job.model_source), *kept, SEAL]
    if set(files) != set(wanted):
        odd = ", ".join(sorted({str(name)[:40] for name in set(files) ^ set(wanted)}))
        raise RunCorrupt(f"what came back for {job.key} is no run: it lacks, or has too many of, {odd}")
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    # In this order the seal comes last: a folder that has one is whole.
    for name in wanted:
        make_folder((folder / name).parent)
        write_atomically(folder / name, files[name])
    run = Run(folder)
    for name in wanted[:-1]:
        run.read(name)
    if run.spec != job.spec or run.model_source != job.model_source:
        raise RunCorrupt(f"what came back for {job.key} is another run")
    return folder

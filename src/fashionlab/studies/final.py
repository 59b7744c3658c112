"""The end of a study: the test set, evaluated once for all finished runs, and what it confirms.

Nothing is decided here: the verdicts are those of the judging set.
"""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict

from fashionlab.data import Dataset
from fashionlab.errors import FashionlabError
from fashionlab.evaluation.tasks import PredictArguments
from fashionlab.files import make_folder
from fashionlab.store import Ledger, Run, to_json
from fashionlab.store.format import from_npz, read_file, to_npz
from fashionlab.studies.design.plan import Plan
from fashionlab.studies.events import OnStudyEvent, RunTested
from fashionlab.studies.execution.local import CoreWorkers
from fashionlab.studies.execution.tasks import PREDICT_EACH, PredictEachArguments
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.outcomes import RunResults, counted_seeds, last_seed
from fashionlab.studies.stats.describe import describe
from fashionlab.studies.stats.mcnemar import mcnemar
from fashionlab.studies.summary import Confirmation, ConfirmedArm, OnSeed, check_test
from fashionlab.workers.events import Event, RunPredicted

RunKey = tuple[str, int]
"""Arm and seed of a run."""


class Evaluated(Struct, frozen=True):
    """`evaluated.json`: the runs for which the ledger has a line already."""

    runs: tuple[RunKey, ...]


def confirm(
    folder: StudyFolder,
    results: RunResults,
    dataset: Dataset,
    workers: Sequence[CoreWorkers],
    on_event: OnStudyEvent,
) -> Confirmation | None:
    """What the test set says, predicted now, or as it was if no run has been added since.

    One line of the ledger is written first, in the study's name. An evaluation that was interrupted before it came to
    an answer is gone on with, and is the same one. None where there is no finished run.
    Raises StoreError if the ledger cannot be written: then nothing is evaluated.
    """
    plan = folder.plan
    counted = [(name, seed) for name, seeds in counted_seeds(plan, results).items() for seed in seeds]
    # A user's own estimator that could not be kept predicts nothing any more.
    wanted = tuple(key for key in counted if folder.run_of(plan.arm(key[0]), key[1]).can_predict)
    if not wanted:
        return None
    saved = folder.read("test.json", Confirmation)
    if saved and saved.runs == wanted:
        with folder.sound("test.json"):
            check_test(saved, plan)
        return saved
    ledger = Ledger(folder.path.parent)

    def record(sha256: str, rows: int) -> None:
        if folder.read("evaluated.json", Evaluated) != Evaluated(wanted):
            ledger.record(sha256, rows, folder.name)
            folder.write("evaluated.json", to_json(Evaluated(wanted)))

    images, labels = dataset.test.open(record)
    runs = {(name, seed): folder.run_of(plan.arm(name), seed) for name, seed in wanted}
    logits = predict_all(folder, runs, images, workers, on_event)
    folder.write("test.npz", to_npz({"labels": labels, **{_text(key): found for key, found in logits.items()}}))
    evaluations = len(ledger.lines(dataset.sha256))
    confirmation = Confirmation(
        n=len(labels),
        evaluations=evaluations,
        runs=wanted,
        arms=describe_test(plan, results, logits, labels),
        shared=len(dataset.test.rows_among(dataset.images)),
    )
    folder.write("test.json", to_json(confirmation))
    return confirmation


def predict_all(
    folder: StudyFolder,
    runs: Mapping[RunKey, Run],
    images: np.ndarray,
    workers: Sequence[CoreWorkers],
    on_event: OnStudyEvent,
) -> dict[RunKey, np.ndarray]:
    """Logits float32 [n, classes] of the images by each run, on the workers side by side."""
    place = folder.work / "test"
    make_folder(place)
    np.save(place / "images.npy", images)
    done = 0

    def tell(event: Event) -> None:
        nonlocal done
        if isinstance(event, RunPredicted):
            done += 1
            on_event(RunTested(done, len(runs)))

    def predict(core: CoreWorkers, share: Sequence[tuple[RunKey, Run]]) -> None:
        for backend in dict.fromkeys(run.spec.backend for _, run in share):
            mine = [(key, run) for key, run in share if run.spec.backend == backend]
            arguments = PredictEachArguments(
                tuple(
                    PredictArguments(
                        str(run.path), str(place / "images.npy"), str(_file(place, key)), run.spec.model_sha256
                    )
                    for key, run in mine
                )
            )
            core.worker(backend).call(PREDICT_EACH, arguments, tell)

    # By backend, because a worker has one; then dealt out, so that each core has as much to do.
    ordered = sorted(runs.items(), key=lambda item: item[1].spec.backend)
    shares = [ordered[number :: len(workers)] for number in range(len(workers))]
    with ThreadPoolExecutor(max_workers=len(workers)) as pool:
        futures = [pool.submit(predict, core, share) for core, share in zip(workers, shares, strict=True)]
        try:
            for future in futures:
                future.result()
        except BaseException:
            for core in workers:
                core.drop_all()
            raise
    logits = {key: np.load(_file(place, key), allow_pickle=False) for key in runs}
    shutil.rmtree(place, ignore_errors=True)
    return logits


def describe_test(
    plan: Plan, results: RunResults, logits: Mapping[RunKey, np.ndarray], labels: np.ndarray
) -> tuple[ConfirmedArm, ...]:
    """The arms' figures, from the logits of every run that counts, and the labels [n]."""
    correct = {key: scores.argmax(axis=1) == labels for key, scores in logits.items()}
    base, last = plan.baseline or results.best(plan), last_seed(plan, results)

    def describe_arm(name: str) -> ConfirmedArm:
        accuracy = describe([100 * float(values.mean()) for (arm, _), values in correct.items() if arm == name])
        pairs_of = () if name == base else results.pairs(plan, base, name, last).seeds
        seeds = [seed for seed in pairs_of if (base, seed) in correct and (name, seed) in correct]
        if not seeds:
            return ConfirmedArm(name, accuracy, None, None)
        pairs = [(correct[base, seed], correct[name, seed]) for seed in seeds]
        points = [100 * float(after.mean() - before.mean()) for before, after in pairs]
        return ConfirmedArm(name, accuracy, describe(points), OnSeed(**asdict(mcnemar(*pairs[0])), seed=seeds[0]))

    return tuple(describe_arm(arm.name) for arm in plan.arms)


def read_test_logits(folder: StudyFolder) -> dict[str, np.ndarray]:
    """`test.npz`: logits by "arm/seed", and `labels`. Raises FashionlabError if it was never made."""
    path = folder.path / "test.npz"
    try:
        return from_npz(read_file(path), path)
    except FileNotFoundError:
        raise FashionlabError(f"study {folder.name} has no test predictions") from None


def _text(key: RunKey) -> str:
    return f"{key[0]}/{key[1]}"


def _file(folder: Path, key: RunKey) -> Path:
    """A file for a run's logits: the arm's name may hold anything."""
    return folder / f"{hashlib.sha256(_text(key).encode()).hexdigest()[:16]}.npy"

"""Runs and studies that somebody has tampered with: does every verb end well, or with one sentence?

    python -m benchmarks.tampering --json evidence/tampering.json

From the tests' small data set are made: a finished run, the same at its checkpoint, and with its training done but
unsealed, finished runs of a user's own model file and of an estimator of their own, and a finished study of such a
file. Then each of their files is
damaged in many ways (`benchmarks.damage`), with the seal as it was and with checksums that fit the damaged file, and
every verb that may read it is called, in this process, beside a sound run. The cases are drawn evenly from the files.

How to read it: a case is one damaged folder, judged as `benchmarks.judging` says. "Groups" count what failed, by
exception and by the place that raised it.

Cost: about a quarter of an hour on 2 cores for 805 cases, half of them with the verbs that need a worker; --cases makes
it small. Stopped, it goes on where it was.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import numpy as np

from benchmarks.common import SAMPLE, Evidence, announce, print_table
from benchmarks.damage import (
    HOSTILE_TEXT,
    Tamper,
    fit_checksums,
    ways_of_any_file,
    ways_of_arrays,
    ways_of_document,
    ways_of_estimator,
    ways_of_table,
)
from benchmarks.journal import Journal
from benchmarks.judging import Fault, Judge, contents, grouped
from fashionlab import lab
from fashionlab.lab.results import TrainedModel
from fashionlab.lab.study_job import make_page
from fashionlab.store import Run
from fashionlab.studies.folder import StudyFolder
from fashionlab.training.estimators import MODELS as ESTIMATORS

SETTINGS: dict[str, Any] = {"dataset": str(SAMPLE), "epochs": 1, "batch_size": 64}
NETWORK: dict[str, Any] = {**SETTINGS, "widths": (16,)}
QUIET = lab.ExecutionOptions(report=False, on_event=lambda event: None)

OWN_MODEL = '''
import keras


def build(image_shape, classes, *, units: int = 16):
    """A small network."""
    layers = [keras.layers.Flatten(), keras.layers.Rescaling(1 / 255), keras.layers.Dense(units, "relu")]
    return keras.Sequential([keras.Input(image_shape), *layers, keras.layers.Dense(classes)])
'''

OWN_ESTIMATOR = '''
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def build(image_shape, classes):
    """A small forest."""
    return make_pipeline(StandardScaler(), RandomForestClassifier(2, max_depth=3))
'''

SEALED = (
    "recipe.json", "metrics.json", "environment.json", "complete.json", "history.csv", "norms.csv",
    "weights.safetensors", "predictions.npz",
)  # fmt: skip
ONE_OF_STUDY = "runs/00-baseline-seed0"

FILES = {
    "run": (*SEALED, "derived/insight.json", "derived/insight.npz", "derived/report.json"),
    "half": ("recipe.json", "checkpoint/state.safetensors", "checkpoint/owner"),
    "ended": (
        "recipe.json", "metrics.json", "environment.json", "history.csv", "norms.csv", "weights.safetensors",
        "predictions.npz", "checkpoint/state.safetensors",
    ),
    "own": ("model.py", "recipe.json"),
    "estimator": ("estimator.skops",),
    "study": (
        "study.json", "summary.json", "test.json", "evaluated.json", "test.npz", "failures.jsonl", "models/00.py",
        *(f"{ONE_OF_STUDY}/{name}" for name in (*SEALED, "model.py")),
    ),
}  # fmt: skip
"""Which files of which folder are damaged."""

Verb = Callable[[Path, str], object]
"""Given the folder, and the beginning of the hash of its model file."""


@dataclass(frozen=True)
class Case:
    """folder: which one is damaged; file: of it; way: how; fitted: the checksums are made to fit."""

    folder: str
    file: str
    way: str
    fitted: bool
    tamper: Tamper

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.folder}/{self.file}: {self.way}" + (", checksums fitted" if self.fitted else "")


@dataclass(frozen=True)
class Originals:
    """The folders that are damaged, by name in `folder`; trust: the beginnings of the hashes of model files, by the
    folder's name where that has one of its own, else under ""."""

    folder: Path
    trust: dict[str, str]

    def trust_in(self, folder: str) -> str:
        """That which vouches for the model file of a folder."""
        return self.trust.get(folder, self.trust[""])


def all_cases(originals: Originals) -> list[Case]:
    """Every case, from the folders as they were made."""
    cases = []
    for folder, files in FILES.items():
        for file in files:
            path = originals.folder / folder / file
            if not path.is_file():
                continue
            ways = list(ways_of_any_file())
            if path.suffix == ".json":
                ways += ways_of_document(path.read_bytes())
            if path.suffix == ".skops":
                ways += ways_of_estimator(path)
            if path.suffix == ".csv":
                ways += ways_of_table()
            if path.suffix in (".npz", ".safetensors"):
                ways += ways_of_arrays(path)
            sealed = folder in ("run", "own", "estimator") or file.startswith(ONE_OF_STUDY)
            for fitted in (False, True) if sealed and not file.endswith("complete.json") else (False,):
                cases += [Case(folder, file, way, fitted, tamper) for way, tamper in ways]
    return cases


def draw(cases: Sequence[Case], most: int, chance: random.Random) -> list[Case]:
    """So many of the cases, as evenly from the files as these have ways."""
    by_file: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in chance.sample(cases, len(cases)):
        by_file[case.folder, case.file].append(case)
    drawn: list[Case] = []
    while by_file and len(drawn) < most:
        for file in list(by_file):
            drawn.append(by_file[file].pop())
            if not by_file[file]:
                del by_file[file]
    return drawn[:most]


def make_originals(folder: Path, thorough: bool = True) -> Originals:
    """Make the folders that are damaged, all of them small. thorough: also those of a user's own model file; else the
    study is of logistic regression, which takes no framework and so a third of the time."""

    def keep_half(event: object) -> None:
        if type(event).__name__ == "ChunkDone" and not (folder / "half").exists():
            (made,) = (path for path in (folder / "made").iterdir() if path.is_dir())
            # Files that are being written have names that begin with a dot, and may be gone a moment later.
            shutil.copytree(made, folder / "half", ignore=shutil.ignore_patterns(".*"))

    def keep_ended(run: Run) -> None:
        shutil.copytree(run.path, folder / "ended")
        seal(run)

    seal = Run.seal
    options = lab.ExecutionOptions(report=True, on_event=keep_half, checkpoint_seconds=0.0)
    with mock.patch.object(Run, "seal", keep_ended):
        finished = lab.train(runs=folder / "made", execution=options, **NETWORK)
    finished.path.rename(folder / "run")
    trust, change = "", "units=8" if thorough else "c=1"
    two: dict[str, Any] = {"seeds": 2, "first_seed": 0, "runs": folder, "execution": replace(QUIET, workers=1)}
    if thorough:
        model = folder / "own.py"
        model.write_text(OWN_MODEL, encoding="utf-8")
        own = lab.train(str(model), runs=folder / "made", execution=QUIET, **SETTINGS).path.rename(folder / "own")
        trust = (Run(own).spec.model_sha256 or "")[:12]
        study = lab.study(str(model), changes=[change], **two, **SETTINGS)
    else:
        study = lab.study("logistic", changes=[change], **two, dataset=str(SAMPLE))
    study.path.rename(folder / "study")
    model = folder / "estimator.py"
    model.write_text(OWN_ESTIMATOR, encoding="utf-8")
    mine = lab.train(str(model), runs=folder / "made", execution=QUIET, dataset=str(SAMPLE)).path
    trusts = {"": trust, "estimator": (Run(mine).spec.model_sha256 or "")[:12]}
    mine.rename(folder / "estimator")
    line = {"arm": change, "seed": 0, "attempt": 1, "reason": HOSTILE_TEXT, "final": False}
    (folder / "study" / "failures.jsonl").write_bytes(msgspec.json.encode(line) + b"\n")
    return Originals(folder, trusts)


def _opened(run: Path, trust: str) -> TrainedModel:
    return lab.open_run("it", runs=run.parent, trust=trust)


def _properties(run: Path, trust: str) -> None:
    opened = _opened(run, trust)
    repr(opened)
    _ = opened.metrics, opened.history, opened.recipe_for_refit()


def _plot_each(run: Path, trust: str) -> None:
    opened = _opened(run, trust)
    for figure in (opened.plot_confusion("validation"), opened.plot_history(), opened.plot_mistakes()):
        repr(figure)


def _plots(run: Path, trust: str) -> None:
    for figure in _opened(run, trust).plots().values():
        repr(figure)


def _study(folder: Path, trust: str) -> None:
    opened = lab.open_study("it", runs=folder.parent)
    repr(opened)
    _ = opened.table(), opened.verdicts, opened.lines()


SILENT: Any = mock.Mock()
"""A channel that nobody listens to."""

RUN_VERBS: dict[str, Verb] = {
    "list_runs": lambda run, _: lab.list_runs(runs=run.parent),
    "show_run": lambda run, _: lab.show_run("it", runs=run.parent),
    "open_run": _properties,
    "plot": _plot_each,
    "plots": _plots,
    "report": lambda run, trust: lab.report("it", runs=run.parent, trust=trust),
    "predict": lambda run, trust: _opened(run, trust).predict(np.zeros((2, 28, 28), np.uint8)),
    "train": lambda run, _: lab.train(runs=run.parent, execution=QUIET, **NETWORK),
    "resume": lambda run, trust: lab.resume("it", runs=run.parent, trust=trust, execution=QUIET),
    "delete_runs": lambda run, _: lab.delete_runs(["it"], runs=run.parent),
}
STUDY_VERBS: dict[str, Verb] = {
    "list_studies": lambda folder, _: lab.list_studies(runs=folder.parent),
    "open_study": _study,
    "page of the study": lambda folder, _: make_page(StudyFolder(folder)),
    "resume_study": lambda folder, trust: lab.resume_study(
        "it", runs=folder.parent, trust=[trust], execution=QUIET
    ),
    "delete_runs": lambda folder, _: lab.delete_runs(["it"], runs=folder.parent),
}  # fmt: skip


UNFINISHED = ("open_run", "plot", "plots", "report", "predict")

ESTIMATOR_VERBS: dict[str, Verb] = {
    # Without a worker, and nothing predicted: what is in the file is made again, or refused.
    "open the estimator": lambda run, trust: ESTIMATORS.open(Run(run), trust, SILENT),
}

REFUSED = {"half": UNFINISHED, "ended": UNFINISHED, "estimator": ("plot",)}
"""Verbs that refuse a folder also when it is sound."""

NOT_FOR_PREDICT = ("metrics", "environment", "history", "norms", "predictions", "derived")
"""How the names of files begin that `predict`, which needs a worker, does not look at."""


def verbs_of(folder: str, file: str = "") -> dict[str, Verb]:
    """Those that may read a file of a folder; without a file, all that the folder has."""
    if folder == "study":
        return STUDY_VERBS
    more = ESTIMATOR_VERBS if folder == "estimator" else {}
    return {
        name: verb
        for name, verb in {**RUN_VERBS, **more}.items()
        if not (name == "predict" and file.startswith(NOT_FOR_PREDICT))
    }


def needs_worker(case: Case, verb: str) -> bool:
    """Whether a verb begins a worker, which takes seconds: after each error it is another one."""
    return verb == "predict" or (verb == "resume" and case.folder in ("half", "ended", "own")) or verb == "resume_study"


def judge_case(case: Case, originals: Originals, judge: Judge, slow: bool = True) -> list[Fault]:
    """Damage a fresh copy, call the verbs, and return what went wrong. slow: also the verbs that need a worker."""
    place = _fresh(case.folder, originals, judge)
    neighbour = contents(place.parent / "neighbour")
    case.tamper(place / case.file)
    if case.fitted:
        run = place / ONE_OF_STUDY if case.folder == "study" else place
        fit_checksums(run, case.file.removeprefix(f"{ONE_OF_STUDY}/"))
    faults: list[Fault] = []
    trust = originals.trust_in(case.folder)
    for name, verb in verbs_of(case.folder, case.file).items():
        if slow or not needs_worker(case, name):
            faults += judge.call(case.name, name, lambda verb=verb: verb(place, trust))  # type: ignore[misc]
    if contents(place.parent / "neighbour") != neighbour:
        faults.append(Fault(case.name, "", "changed a neighbour", ""))
    return faults + judge.traces(case.name, _may_stand_in_runs)


def learn_normal(originals: Originals, judge: Judge) -> None:
    """Call every verb on the folders as they are."""
    for folder in FILES:
        for name, verb in verbs_of(folder).items():
            if name not in REFUSED.get(folder, ()):
                place = _fresh(folder, originals, judge)
                trust = originals.trust_in(folder)
                judge.learn(name, lambda verb=verb, place=place, trust=trust: verb(place, trust))  # type: ignore[misc]


def _fresh(folder: str, originals: Originals, judge: Judge) -> Path:
    """A copy of an original, beside a sound run."""
    shutil.rmtree(judge.scratch, ignore_errors=True)
    runs = judge.scratch / "runs"
    shutil.copytree(originals.folder / folder, runs / "it")
    shutil.copytree(originals.folder / "run", runs / "neighbour")
    return runs / "it"


def _may_stand_in_runs(name: str) -> bool:
    """The case itself, the sound run beside it, the ledger, and a run that was trained anew."""
    return name in ("it", "neighbour", "ledger.jsonl") or name.startswith("mlp-seed0-")


def measure(folder: Path, most: int, share: float, match: str, journal: Journal) -> dict[str, Any]:
    """Make the folders, judge the cases. share: of them with the verbs that need a worker; match: a text that their
    names must hold."""
    announce("the folders that will be damaged are made")
    originals = make_originals(folder / "originals")
    every = [case for case in all_cases(originals) if match in case.name]
    cases = draw(every, most, random.Random(0))
    announce(f"{len(cases)} of {len(every)} cases")
    # Of each file as many.
    turns = Counter[tuple[str, str]]()
    slow = set[str]()
    for case in cases:
        before = turns[case.folder, case.file]
        turns[case.folder, case.file] += 1
        if int((before + 1) * share) > int(before * share):
            slow.add(case.name)
    judge = Judge(folder / "case")
    with judge.at_work():
        learn_normal(originals, judge)
        for number, case in enumerate(cases):
            if case.name in journal.found:
                continue
            found = judge_case(case, originals, judge, case.name in slow)
            for fault in found:
                announce(f"{fault.case} ({fault.verb}): {fault.group}: {fault.text}")
            journal.add(case.name, msgspec.to_builtins(found))
            if number % 50 == 0:
                took = ", ".join(f"{verb} {seconds:.0f}" for verb, seconds in judge.seconds.items() if seconds > 9)
                announce(f"{number} of {len(cases)}; seconds so far: {took}")
    known = {case.name: msgspec.convert(journal.found[case.name], list[Fault]) for case in cases}
    calls = Counter(
        verb
        for case in cases
        for verb in verbs_of(case.folder, case.file)
        if case.name in slow or not needs_worker(case, verb)
    )
    return {
        "cases": len(cases),
        "drawn_from": len(every),
        "cases_by_file": dict(Counter(f"{case.folder}/{case.file}" for case in cases)),
        "calls_by_verb": dict(calls),
        "failed": sum(bool(faults) for faults in known.values()),
        "groups": grouped([fault for faults in known.values() for fault in faults]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=805, help="drawn from all [805]")
    parser.add_argument(
        "--worker-share", type=float, default=0.5, help="of the cases with the verbs that need a worker [0.5]"
    )
    parser.add_argument("--match", default="", help="only cases whose name holds this text")
    parser.add_argument("--json", type=Path, help="also write the results there; stopped, it goes on where it was")
    given = parser.parse_args()
    evidence, journal = Evidence("tampering"), Journal(given.json)
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), given.cases, given.worker_share, given.match, journal)
    print_table([["what failed", "calls"], *([each["group"], str(each["calls"])] for each in results["groups"])])
    print(f"{results['failed']} of {results['cases']} cases failed")
    evidence.write(given.json, results["cases"], results)
    journal.close()
    return 1 if results["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

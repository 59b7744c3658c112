"""The end of a study: the test part, opened once for all finished runs, and what it confirms.

    {"n": test pictures, "openings": lines of the ledger for these data, this one included,
     "runs": [[arm, seed], ...], "arms": {name: DESCRIPTION of the test accuracy, percent},
     "differences": {arm: DESCRIPTION of the paired differences, points},
     "mcnemar": {arm: {"seed", "only_a": pictures that the baseline alone has right, "only_b": the arm alone, ...}}}

Nothing is decided here: the verdicts are those of the judge half.
"""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.data import Dataset
from fashionlab.errors import FashionlabError
from fashionlab.files import make_folder
from fashionlab.store import Ledger, Run
from fashionlab.store.format import from_npz, to_json, to_npz
from fashionlab.studies.design.plan import Plan
from fashionlab.studies.execution.local import Bench
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.outcomes import Ledgers, counted_seeds, last_seed
from fashionlab.studies.stats.describe import describe
from fashionlab.studies.stats.mcnemar import mcnemar

Events = Callable[[dict[str, Any]], object]


def confirm(
    folder: StudyFolder, known: Ledgers, dataset: Dataset, benches: Sequence[Bench], on_event: Events
) -> dict[str, Any] | None:
    """The `test` section of the summary, predicted now, or as it was if no run has been added since.

    One line of the ledger is written first, in the study's name. An opening that was interrupted before it came to an
    answer is gone on with, and is the same one. None where there is no finished run.
    Raises StoreError if the ledger cannot be written: then nothing is opened.
    """
    plan, counted = folder.plan, counted_seeds(folder.plan, known)
    wanted = [[name, seed] for name, seeds in counted.items() for seed in seeds]
    if not wanted:
        return None
    saved = folder.read_json("test.json")
    if saved and saved["runs"] == wanted:
        return saved
    ledger = Ledger(folder.path.parent)

    def record(sha256: str, rows: int) -> None:
        if (folder.read_json("opening.json") or {}).get("runs") != wanted:
            ledger.record(sha256, rows, folder.name)
            folder.write("opening.json", to_json({"runs": wanted}))

    images, labels = dataset.test.open(record)
    runs = {f"{name}/{seed}": folder.run_of(plan.arm(name), seed) for name, seed in counted_pairs(counted)}
    logits = predict_all(folder, runs, images, benches, on_event)
    folder.write("test.npz", to_npz({"labels": labels, **logits}))
    section = describe_test(plan, known, logits, labels)
    section = {**section, "openings": len(ledger.openings(dataset.sha256)), "runs": wanted}
    folder.write("test.json", to_json(section))
    return section


def counted_pairs(counted: Mapping[str, Sequence[int]]) -> list[tuple[str, int]]:
    """(arm, seed) of every run that counts."""
    return [(name, seed) for name, seeds in counted.items() for seed in seeds]


def predict_all(
    folder: StudyFolder, runs: Mapping[str, Run], images: np.ndarray, benches: Sequence[Bench], on_event: Events
) -> dict[str, np.ndarray]:
    """Logits float32 [n, classes] of the pictures by each run, on the benches side by side."""
    place = folder.work / "test"
    make_folder(place)
    np.save(place / "images.npy", images)
    done = 0

    def tell(event: dict[str, Any]) -> None:
        nonlocal done
        done += 1
        on_event({"event": "testing", "done": done, "of": len(runs)})

    def predict(bench: Bench, share: Sequence[tuple[str, Run]]) -> None:
        for backend in dict.fromkeys(run.request["backend"] for _, run in share):
            mine = [(key, run) for key, run in share if run.request["backend"] == backend]
            arguments = {
                "runs": [
                    {"run": str(run.path), "logits": str(_place(place, key)), "trust": run.request["model_sha256"]}
                    for key, run in mine
                ],
                "images": str(place / "images.npy"),
            }
            bench.worker(backend).call("fashionlab.studies.execution.tasks:predict_each", arguments, tell)

    # By backend, because a worker has one; then dealt out, so that each bench has as much to do.
    ordered = sorted(runs.items(), key=lambda item: item[1].request["backend"])
    shares = [ordered[number :: len(benches)] for number in range(len(benches))]
    with ThreadPoolExecutor(max_workers=len(benches)) as pool:
        futures = [pool.submit(predict, bench, share) for bench, share in zip(benches, shares, strict=True)]
        try:
            for future in futures:
                future.result()
        except BaseException:
            for bench in benches:
                bench.drop_all()
            raise
    logits = {key: np.load(_place(place, key), allow_pickle=False) for key in runs}
    shutil.rmtree(place, ignore_errors=True)
    return logits


def describe_test(plan: Plan, known: Ledgers, logits: Mapping[str, np.ndarray], labels: np.ndarray) -> dict[str, Any]:
    """The section's figures, from logits by "arm/seed" and the labels [n]."""
    right = {key: scores.argmax(axis=1) == labels for key, scores in logits.items()}
    base, last = plan.baseline or known.best(plan), last_seed(plan, known)
    by_arm: dict[str, list[float]] = {arm.name: [] for arm in plan.arms}
    for key, values in right.items():
        by_arm[key.rpartition("/")[0]].append(100 * float(values.mean()))
    differences, tests = {}, {}
    for arm in plan.arms:
        if arm.name == base:
            continue
        seeds = known.pairs(plan, base, arm.name, last).seeds
        pairs = [(right[f"{base}/{seed}"], right[f"{arm.name}/{seed}"]) for seed in seeds]
        points = [100 * float(after.mean() - before.mean()) for before, after in pairs]
        differences[arm.name] = describe(points).to_json()
        if pairs:
            tests[arm.name] = {"seed": seeds[0], **mcnemar(*pairs[0]).to_json()}
    return {
        "n": len(labels),
        "arms": {name: describe(values).to_json() for name, values in by_arm.items()},
        "differences": differences,
        "mcnemar": tests,
    }


def read_test_logits(folder: StudyFolder) -> dict[str, np.ndarray]:
    """`test.npz`: logits by "arm/seed", and `labels`. Raises FashionlabError if it was never made."""
    path: Path = folder.path / "test.npz"
    if not path.is_file():
        raise FashionlabError(f"study {folder.name} has no test predictions")
    return from_npz(path.read_bytes())


def _place(folder: Path, key: str) -> Path:
    """A file for a run's logits: the arm's name may hold anything."""
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"

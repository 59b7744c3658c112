"""How accurate a lesson's networks are on images that are made worse: measured once, when its runs are finished."""

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from fashionlab.data import Dataset
from fashionlab.evaluation.disturbances import disturb
from fashionlab.store import to_json
from fashionlab.store.results import Count, Fraction
from fashionlab.studies.design.lesson import Robustness
from fashionlab.studies.execution.local import CoreWorkers
from fashionlab.studies.final import predict_all
from fashionlab.studies.folder import StudyFolder


class RobustRun(Struct, frozen=True):
    """A run. n: images; accuracy: on the images as they are, a fraction; changed: in the order of the conditions."""

    arm: str
    seed: int
    n: Count
    accuracy: Fraction
    changed: tuple[Fraction, ...]


class RobustnessTable(Struct, frozen=True):
    """`robustness.json`: what was asked, and the runs that were measured."""

    asked: Robustness
    runs: tuple[RobustRun, ...]


def measure_robustness(
    folder: StudyFolder, asked: Robustness, dataset: Dataset, workers: Sequence[CoreWorkers]
) -> RobustnessTable:
    """The accuracies of all finished runs on judging images as they are and changed; those of one seed on the same.

    Written after every seed, and gone on with where it was interrupted.
    """
    plan, table = folder.plan, read_robustness(folder, asked)
    limit = plan.arms[0].recipe.data.limit
    images = (dataset.limited(limit) if limit else dataset).images
    for seed in plan.all_seed_numbers:
        known = {(run.arm, run.seed) for run in table.runs}
        found = {(arm.name, seed): run for arm in plan.arms if (run := folder.finished(arm, seed))}
        runs = {key: run for key, run in found.items() if key not in known}
        if not runs:
            continue
        judging = next(iter(runs.values())).predictions.validation
        assert judging is not None, "a run of a study has predicted the judging set"
        assert judging.rows is not None, "the judging set is taken from the training set"
        rows, labels = judging.rows[: asked.images], judging.labels[: asked.images]
        clean = images[rows]
        versions = [clean, *(disturb(clean, kind, strength, seed) for kind, strength in asked.conditions)]
        logits = predict_all(folder, runs, np.concatenate(versions), workers, lambda event: None)
        for (arm, _), scores in logits.items():
            correct = (scores.argmax(axis=1) == np.tile(labels, len(versions))).reshape(len(versions), -1)
            first, *others = correct.mean(axis=1).tolist()
            table = RobustnessTable(asked, (*table.runs, RobustRun(arm, seed, len(rows), first, tuple(others))))
        folder.write("robustness.json", to_json(table))
    return table


def read_robustness(folder: StudyFolder, asked: Robustness) -> RobustnessTable:
    """What was measured so far; nothing where something else was asked. Raises RunCorrupt."""
    table = folder.read("robustness.json", RobustnessTable)
    if table is None or table.asked != asked:
        return RobustnessTable(asked, ())
    with folder.sound("robustness.json"):
        _check(table.runs, len(asked.conditions))
    return table


def _check(runs: Iterable[RobustRun], conditions: int) -> None:
    """Raise ValueError where a run has not one accuracy for each condition."""
    for run in runs:
        if len(run.changed) != conditions:
            raise ValueError(f"{run.arm!r} has {len(run.changed)} accuracies for {conditions} conditions")

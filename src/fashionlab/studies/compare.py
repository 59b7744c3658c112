"""What a comparison of models shows besides the verdicts: size, time, memory, agreement, and what all get wrong."""

from collections.abc import Mapping

import numpy as np

from fashionlab.store import Run, SetPredictions
from fashionlab.studies.execution.local import CoreWorkers
from fashionlab.studies.execution.tasks import TIME_PREDICTIONS, TimeArguments
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.outcomes import RunResults, counted_seeds
from fashionlab.studies.summarise import describe_accuracy, describe_seconds
from fashionlab.studies.summary import Answers, Comparison, ModelSummary, PredictionTimes, WrongImage

ALL_WRONG = 60
"""Images listed, at most."""

SECONDS_PER_BATCH = 0.5


def compare_models(folder: StudyFolder, results: RunResults, data_dir: str | None, core: CoreWorkers) -> Comparison:
    """The summary's `compare`. The models' prediction times are measured now, on one core, so all runs must be over."""
    plan, counted = folder.plan, counted_seeds(folder.plan, results)
    models = []
    for arm in plan.arms:
        found = [results.outcomes[arm.name, seed] for seed in counted[arm.name]]
        run = folder.run_of(arm, counted[arm.name][0]) if found else None
        models.append(
            ModelSummary(
                name=arm.name,
                parameters=found[0].parameters if found else None,
                bytes=run.model_size if run else None,
                seconds=describe_seconds(found),
                peak_memory_mb=max(
                    (each for outcome in found if (each := outcome.peak_memory_mb) is not None), default=None
                ),
                prediction=_time(run, data_dir, core) if run and run.can_predict else None,
                accuracy=describe_accuracy(found),
            )
        )
    names = [arm.name for arm in plan.arms if counted[arm.name]]
    common = [seed for seed in plan.all_seed_numbers if names and all(seed in counted[name] for name in names)]
    if not common:
        return Comparison(tuple(models), None)
    predictions = {name: folder.run_of(plan.arm(name), common[0]).predictions.validation for name in names}
    known = {name: found for name, found in predictions.items() if found is not None}
    return Comparison(tuple(models), compare_answers(common[0], known))


def compare_answers(seed: int, predictions: Mapping[str, SetPredictions]) -> Answers:
    """Of the models' runs of one seed, which have the same judging set, row by row."""
    any_model = next(iter(predictions.values()))
    labels, rows = any_model.labels, any_model.rows
    assert rows is not None, "the judging set is taken from the training set"
    classes = np.stack([found.logits.argmax(axis=1) for found in predictions.values()])
    wrong = np.flatnonzero((classes != labels).all(axis=0))
    return Answers(
        seed=seed,
        models=tuple(predictions),
        agreement=tuple(map(tuple, (classes[:, None] == classes[None]).mean(axis=2).tolist())),
        all_wrong=tuple(
            WrongImage(
                int(rows[place]),
                int(labels[place]),
                {name: int(found[place]) for name, found in zip(predictions, classes, strict=True)},
            )
            for place in wrong[:ALL_WRONG]
        ),
        all_wrong_total=len(wrong),
    )


def _time(run: Run, data_dir: str | None, core: CoreWorkers) -> PredictionTimes:
    arguments = TimeArguments(str(run.path), data_dir, run.spec.model_sha256, SECONDS_PER_BATCH)
    return core.worker(run.spec.backend).call(TIME_PREDICTIONS, arguments)

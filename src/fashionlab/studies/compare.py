"""What a comparison of models shows beside the verdicts: size, time, memory, agreement, and what all get wrong.

{"models": [{"name", "parameters" (None where the word means nothing), "bytes": of the weights on disk,
    "seconds": DESCRIPTION of the training time on one core, "peak_mb": the most memory of any run, "predict_ms_1",
    "predict_ms_1000": medians, for a batch of 1 and of 1,000 pictures, one core, nothing else running,
    "accuracy": DESCRIPTION, percent, judge half}, ...],
 "seed": of the runs that the rest is about: the first one that every model finished; null if there is none,
 "agreement": [[share of judge pictures that models i and j give the same class]],
 "all_wrong": [{"row": of the training part, "label", "predicted": {name: class}}], the first ALL_WRONG,
 "all_wrong_total"}
"""

from typing import Any

import numpy as np

from fashionlab.store import Run
from fashionlab.studies.execution.local import Bench
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.outcomes import Ledgers, counted_seeds
from fashionlab.studies.stats.describe import describe

ALL_WRONG = 60
"""Pictures listed, at most."""

BATCHES = (1, 1000)
SECONDS_A_BATCH = 0.5


def compare_models(folder: StudyFolder, known: Ledgers, data_dir: str | None, bench: Bench) -> dict[str, Any]:
    """The `compare` section of the summary. The models' prediction times are measured now, on
    the bench, so all runs must be over."""
    plan, counted = folder.plan, counted_seeds(folder.plan, known)
    models = []
    for arm in plan.arms:
        found = [known.outcomes[arm.name, seed] for seed in counted[arm.name]]
        run = folder.run_of(arm, counted[arm.name][0]) if found else None
        times = _time(run, data_dir, bench) if run else {}
        models.append(
            {
                "name": arm.name,
                "parameters": found[0].parameters if found else None,
                "bytes": (run.path / "weights.safetensors").stat().st_size if run else None,
                "seconds": describe([outcome.seconds for outcome in found]).to_json(),
                "peak_mb": max((outcome.peak_memory_mb for outcome in found), default=None),
                **{f"predict_ms_{size}": times.get(str(size)) for size in BATCHES},
                "accuracy": describe([100 * outcome.accuracy for outcome in found]).to_json(),
            }
        )
    names = [arm.name for arm in plan.arms if counted[arm.name]]
    common = [seed for seed in plan.all_seed_numbers if names and all(seed in counted[name] for name in names)]
    if not common:
        return {"models": models, "seed": None, "agreement": [], "all_wrong": [], "all_wrong_total": 0}
    runs = {name: folder.run_of(plan.arm(name), common[0]) for name in names}
    return {"models": models, "seed": common[0], **_agreement(runs)}


def _agreement(runs: dict[str, Run]) -> dict[str, Any]:
    """Of runs with one seed, and therefore the same judge half, row by row."""
    predictions = {name: run.predictions for name, run in runs.items()}
    any_run = next(iter(predictions.values()))
    labels, rows = any_run["validation_labels"], any_run["validation_rows"]
    classes = np.stack([found["validation_logits"].argmax(axis=1) for found in predictions.values()])
    wrong = np.flatnonzero((classes != labels).all(axis=0))
    return {
        "agreement": (classes[:, None] == classes[None]).mean(axis=2).tolist(),
        "all_wrong": [
            {
                "row": int(rows[place]),
                "label": int(labels[place]),
                "predicted": {name: int(found[place]) for name, found in zip(runs, classes, strict=True)},
            }
            for place in wrong[:ALL_WRONG]
        ],
        "all_wrong_total": len(wrong),
    }


def _time(run: Run, data_dir: str | None, bench: Bench) -> dict[str, float]:
    arguments = {
        "run": str(run.path),
        "data_dir": data_dir,
        "trust": run.request["model_sha256"],
        "batches": BATCHES,
        "seconds": SECONDS_A_BATCH,
    }
    times: dict[str, float] = bench.worker(run.request["backend"]).call(
        "fashionlab.studies.execution.tasks:time_predictions", arguments
    )
    return times

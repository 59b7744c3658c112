"""A study whose runs are made up: sealed in milliseconds, so that what is tested is the driving alone.

A worker executes `make_up` in place of `run_one`. What a run comes to depends on its arm and seed; how it misbehaves is
written in the folder that $FAKES names: `raise`, `hang`, `kill`, `refuse` or `slow`, then arm and seed, then how often.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from fashionlab.data import load
from fashionlab.errors import NonFiniteLoss
from fashionlab.evaluation.summary import summarise
from fashionlab.lab.study_job import StudyManner, run_study
from fashionlab.recipe.recipe import Recipe
from fashionlab.store import HISTORY_COLUMNS, NORMS_COLUMNS, Run
from fashionlab.store.format import to_csv, to_json, to_npz, to_tensors
from fashionlab.studies.design.plan import Plan, Setting
from fashionlab.studies.execution.local import LocalExecutor
from fashionlab.studies.folder import StudyFolder

SAMPLE = str(Path(__file__).parents[1] / "data" / "fashion-sample.npz")

ROWS = 2000
"""Pictures of a made-up judge half."""

EFFECTS = {0.3: 0, 0.0: -60, 0.1: 0, 0.9: 40}
"""By dropout rate, the arm: pictures more that it has right than the baseline."""


def dropout_of(request):
    return request["recipe"]["model"]["options"]["dropout"][0]


def make_up(arguments, channel):
    request = arguments["request"]
    dropout, seed = dropout_of(request), request["recipe"]["seed"]
    channel.emit({"event": "start", "epoch": 0, "epochs": 1})
    misbehave(dropout, seed)
    run = Run.create(Path(arguments["folder"]), "run", request)
    run.write("environment.json", to_json({"parameters": 7}))
    row = dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"epoch": 1, "seconds": 1.0}
    run.write("history.csv", to_csv(HISTORY_COLUMNS, [row]))
    run.write("norms.csv", to_csv(NORMS_COLUMNS, []))
    run.write("weights.safetensors", to_tensors({"w": np.zeros(1, np.float32)}))
    chance = random.Random(f"{dropout} {seed}")
    right = 1700 + random.Random(seed).randint(-30, 30) + EFFECTS[dropout] + chance.randint(-2, 2)
    logits = np.zeros((ROWS, 10), np.float32)
    logits[:right, 0] = logits[right:, 1] = 3
    predictions = {
        "validation_logits": logits,
        "validation_labels": np.zeros(ROWS, np.int32),
        "validation_rows": np.arange(ROWS),
    }
    run.write("predictions.npz", to_npz(predictions))
    metrics = summarise(request, run.history, predictions, {"best_epoch": 1, "stopped": "epochs"}, 0.1)
    with run.lock():
        run.write("metrics.json", to_json({**metrics, "peak_memory_mb": 100.0}))
        run.seal()
    return {"folder": str(run.path)}


def misbehave(dropout, seed):
    folder = Path(os.environ["FAKES"])
    with (folder / "begun").open("a") as file:
        file.write(f"{dropout} {seed}\n")
    for path in folder.glob(f"* {dropout} {seed}"):
        left = int(path.read_text())
        if left == 0:
            continue
        path.write_text(str(left - 1))
        match path.name.split()[0]:
            case "raise":
                raise RuntimeError("made to fail")
            case "refuse":
                raise NonFiniteLoss("made to diverge")
            case "hang":
                time.sleep(1000)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "slow":
                time.sleep(0.7)


def make_plan(dropouts=(0.0, 0.1), seeds=8, **terms):
    """A plan whose arms are dropout rates beside the baseline's 0.3."""
    dataset = load(SAMPLE)
    setting = Setting(dataset)
    base = setting.make_arm("baseline", "The baseline", Recipe.make("mlp", {"dataset": SAMPLE}))
    arms = [make_arm(dropout) for dropout in dropouts]
    return Plan(
        "", "study", "made up", "2026-01-01T00:00:00+0000", (base, *arms), "baseline", len(arms), seeds, ROWS,
        {"name": SAMPLE, "sha256": dataset.sha256, "class_names": list(dataset.class_names)}, test=False, **terms,
    )  # fmt: skip


def make_arm(dropout, later=False):
    recipe = Recipe.make("mlp", {"dataset": SAMPLE, "dropout": dropout})
    return Setting(load(SAMPLE)).make_arm(f"dropout={dropout}", f"dropout={dropout}", recipe, later)


def drive(folder, on_event=lambda event: None, workers=2, silence=None, minutes=None):
    def executor(work):
        return LocalExecutor(workers, work, task="fakes:make_up")

    manner = StudyManner(None, workers, minutes, on_event, False, silence, executor=executor)
    return run_study(folder, load(SAMPLE), manner).summary


if __name__ == "__main__":
    drive(StudyFolder(Path(sys.argv[1])))

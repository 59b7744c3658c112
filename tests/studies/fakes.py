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
from msgspec.structs import replace

from fashionlab.data import load
from fashionlab.errors import NonFiniteLoss
from fashionlab.evaluation.summary import summarise
from fashionlab.evaluation.tasks import StoppingFigures
from fashionlab.recipe.difference import difference
from fashionlab.recipe.recipe import Recipe
from fashionlab.store import HistoryRow, NormsRow, Predictions, Run, SetPredictions, TrainingEnd, to_json
from fashionlab.store.format import to_csv, to_tensors
from fashionlab.studies.design.plan import Plan, StudyContext, StudyData
from fashionlab.studies.execution.local import LocalExecutor
from fashionlab.studies.execution.tasks import MadeRun, RunOneArguments
from fashionlab.studies.folder import StudyFolder
from fashionlab.training.environment import describe_environment
from fashionlab.workers import Task
from fashionlab.workers.events import TrainingStarted

SAMPLE = str(Path(__file__).parents[1] / "data" / "fashion-sample.npz")

ROWS = 2000
"""Images of a made-up judging set."""

EFFECTS = {0.3: 0, 0.0: -60, 0.1: 0, 0.9: 40}
"""By dropout rate, the arm: images more that it classifies correctly than the baseline."""

MAKE_UP = Task("fakes:make_up", MadeRun)


def make_up(arguments: RunOneArguments, channel):
    spec = arguments.spec
    dropout, seed = spec.recipe.model.options["dropout"][0], spec.recipe.seed
    channel.emit(
        TrainingStarted(rows=480, steps=2, epoch=0, epochs=1, parameters=7, device="none", trainer=spec.trainer)
    )
    misbehave(dropout, seed)
    run = Run.create(Path(arguments.folder), "run", spec)
    run.write("environment.json", to_json(describe_environment("none", (), 7)))
    run.write("history.csv", to_csv(HistoryRow, [HistoryRow(1, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5)]))
    run.write("norms.csv", to_csv(NormsRow, []))
    run.write("weights.safetensors", to_tensors({"w": np.zeros(1, np.float32)}))
    chance = random.Random(f"{dropout} {seed}")
    right = 1700 + random.Random(seed).randint(-30, 30) + EFFECTS[dropout] + chance.randint(-2, 2)
    logits = np.zeros((ROWS, 10), np.float32)
    logits[:right, 0] = logits[right:, 1] = 3
    predictions = Predictions(SetPredictions(logits, np.zeros(ROWS, np.int32), np.arange(ROWS)), None)
    run.write("predictions.npz", predictions.to_bytes())
    ended = TrainingEnd("epochs", 1, 1.0)
    metrics = summarise(
        spec.data.class_names, run.history, predictions, ended, 0.1, StoppingFigures(0.0, 0.0, 0), 100.0
    )
    with run.lock():
        run.write("metrics.json", to_json(metrics))
        run.seal()
    return MadeRun(str(run.path))


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
                time.sleep(0.3)


def make_plan(dropouts=(0.0, 0.1), seeds=8, **terms):
    """A plan whose arms are dropout rates beside the baseline's 0.3."""
    dataset = load(SAMPLE)
    base = StudyContext(dataset).make_arm("baseline", Recipe.make("mlp", {"dataset": SAMPLE}))
    arms = [make_arm(dropout) for dropout in dropouts]
    return Plan(
        kind="study", title="made up", created="2026-01-01T00:00:00+0000", arms=(base, *arms), baseline="baseline",
        declared=len(arms), seeds=seeds, judge_rows=ROWS,
        data=StudyData(SAMPLE, dataset.sha256, dataset.class_names), test=False, **terms,
    )  # fmt: skip


def make_arm(dropout, later=False):
    baseline = Recipe.make("mlp", {"dataset": SAMPLE})
    recipe = Recipe.make("mlp", {"dataset": SAMPLE, "dropout": dropout})
    arm = StudyContext(load(SAMPLE)).make_arm(f"dropout={dropout}", recipe, later)
    return replace(arm, changes=difference(baseline, recipe))


def drive(folder, on_event=lambda event: None, workers=2, silence=None, minutes=None, log=None):
    # Imported here, because the workers, of which every test begins some, do not need it.
    from fashionlab.lab import ExecutionOptions
    from fashionlab.lab.study_job import run_study

    def executor(work):
        return LocalExecutor(workers, work, task=MAKE_UP)

    execution = ExecutionOptions(
        report=False, on_event=on_event, workers=workers, minutes=minutes, silence=silence, log=log
    )
    return run_study(folder, load(SAMPLE), execution, executor).summary


if __name__ == "__main__":
    drive(StudyFolder(Path(sys.argv[1])))

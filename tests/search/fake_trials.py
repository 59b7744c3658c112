"""An executor in this very process, whose runs are made up: sealed in milliseconds, so that what is tested is the
search alone. What a run comes to depends on its dropout and its seed."""

import random
import time
from collections import deque
from pathlib import Path

import numpy as np

from fashionlab.data import load
from fashionlab.evaluation.summary import summarise
from fashionlab.evaluation.tasks import StoppingFigures
from fashionlab.recipe.recipe import Recipe
from fashionlab.search.plan import SearchPlan
from fashionlab.search.space import read_fields
from fashionlab.store import HistoryRow, NormsRow, Predictions, Run, SetPredictions, TrainingEnd, to_json
from fashionlab.store.format import to_csv, to_tensors
from fashionlab.studies.design.plan import StudyContext, StudyData
from fashionlab.studies.execution.local import News
from fashionlab.training.environment import describe_environment
from fashionlab.workers.events import EpochDone

SAMPLE = str(Path(__file__).parents[1] / "data" / "fashion-sample.npz")

ROWS = 2000

EPOCHS = 12


def images_right(spec):
    """Of ROWS: best at a dropout of 0.1; the seed moves it, and so does chance."""
    dropout, seed = spec.recipe.model.options["dropout"][0], spec.recipe.seed
    chance = random.Random(f"{dropout} {seed}").randint(-8, 8)
    return round(1750 - 200 * abs(dropout - 0.1)) + random.Random(seed).randint(-20, 20) + chance


def make_run(folder, spec):
    run, right = Run.create(folder, "run", spec), images_right(spec)
    run.write("environment.json", to_json(describe_environment("none", (), 7)))
    run.write("history.csv", to_csv(HistoryRow, [HistoryRow(1, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5)]))
    run.write("norms.csv", to_csv(NormsRow, []))
    run.write("weights.safetensors", to_tensors({"w": np.zeros(1, np.float32)}))
    logits = np.zeros((ROWS, 10), np.float32)
    logits[:right, 0] = logits[right:, 1] = 3
    predictions = Predictions(SetPredictions(logits, np.zeros(ROWS, np.int32), np.arange(ROWS)), None)
    run.write("predictions.npz", predictions.to_bytes())
    ended, stopping = TrainingEnd("epochs", 1, 1.0), StoppingFigures(0.0, 0.0, 0)
    metrics = summarise(spec.data.class_names, run.history, predictions, ended, 0.1, stopping, 100.0)
    with run.lock():
        run.write("metrics.json", to_json(metrics))
        run.seal()
    return run.path


class FakeExecutor:
    """look: called before each piece of news; fails: by trial's key, the news in place of its run; made: jobs that were
    begun."""

    def __init__(self, work, slots=1, look=lambda: None, fails=None):
        self.work, self.slots, self.look, self.fails = Path(work), slots, look, fails or {}
        self.news, self.busy, self.made = deque(), {}, []

    @property
    def free(self):
        return self.slots - len(self.busy)

    def submit(self, job):
        self.made.append(job.key)
        self.busy[job.key] = job
        right = images_right(job.spec) / ROWS
        for epoch in range(1, EPOCHS + 1):
            row = HistoryRow(epoch, 1.0, 0.5, 0.5, 0.5, right * epoch / EPOCHS, 0.5)
            self.news.append(News(job.key, event=EpochDone(row, EPOCHS, epoch, True, "")))
        failed = next((news for start, news in self.fails.items() if job.key.startswith(start)), None)
        self.news.append(News(job.key, **failed) if failed else News(job.key))

    def wait(self, seconds):
        self.look()
        if not self.news:
            time.sleep(0.001)
            return None
        news = self.news.popleft()
        if news.event is None:
            job = self.busy.pop(news.key)
            if not news.reason:
                return News(news.key, folder=make_run(self.work / news.key, job.spec))
        return news

    def cancel(self, key):
        self.busy.pop(key, None)
        self.news = deque(news for news in self.news if news.key != key)

    def close(self):
        pass


def make_plan(vary=("dropout=0..0.5",), trials=10, minutes=None, prune=True, **settings):
    dataset = load(SAMPLE)
    recipe = Recipe.make("mlp", {"dataset": SAMPLE, **settings})
    base = StudyContext(dataset).make_arm("baseline", recipe).spec.with_seed(7)
    return SearchPlan(
        title="made up", created="2026-01-01T00:00:00+0000", base=base, fields=read_fields(recipe, vary), trials=trials,
        minutes=minutes, objective="accuracy", prune=prune, seeds=2, margin=0.2, judge_rows=ROWS,
        data=StudyData(SAMPLE, dataset.sha256, dataset.class_names),
    )  # fmt: skip

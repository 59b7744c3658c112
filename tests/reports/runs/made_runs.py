"""Sealed runs that were never trained: their predictions and histories are drawn."""

import zlib

import numpy as np

from fashionlab.evaluation.summary import summarise
from fashionlab.evaluation.tasks import StoppingFigures
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import DataFacts, RunSpec
from fashionlab.store import HistoryRow, NormsRow, Predictions, Run, SetPredictions, TrainingEnd, to_json
from fashionlab.store.format import from_csv, to_csv, to_tensors
from fashionlab.training.environment import describe_environment
from fashionlab.training.partition import partition


def make_run(runs, dataset, model="mlp", seed=0, accuracy=0.8, epochs=4, unit="epoch", test=True, refit=0, **settings):
    """A finished run on this data set. accuracy: about that of its predictions; epochs: 0 for a model without any."""
    recipe = Recipe.make(model, {"seed": seed, "dataset": dataset.name, **settings})
    if refit:
        recipe = Recipe(recipe.data, recipe.model, recipe.training, recipe.seed, refit)
    trainer, backend = ("fused", "jax") if recipe.training else ("none", "none")
    facts = DataFacts(dataset.sha256, dataset.class_names, dataset.images.shape[1], dataset.facts)
    spec = RunSpec(recipe=recipe, data=facts, model_sha256=None, trainer=trainer, backend=backend, test=test)
    draw = np.random.default_rng(zlib.crc32(f"{model} {seed} {accuracy}".encode()))
    run = Run.create(runs, f"{model}-seed{seed}", spec)
    path = run.path / "history.csv"
    rows = [
        HistoryRow(e, 1.0, 1 / e, 1 - 0.5 / e, None if refit else 1.1 / e, None if refit else 1 - 0.6 / e, 0.001)
        for e in range(1, epochs + 1)
    ]
    history = from_csv(to_csv(HistoryRow, rows), HistoryRow, path)
    chosen = dataset.limited(recipe.data.limit) if recipe.data.limit else dataset
    judging = partition(spec, chosen).judging
    _, labels = dataset.test.open(lambda *_: None)
    predictions = Predictions(
        None if refit else answers(draw, chosen.labels[judging], accuracy, judging),
        answers(draw, labels, accuracy) if test else None,
    )
    end = TrainingEnd("epochs" if epochs else "", epochs, 2.0, unit)
    metrics = summarise(dataset.class_names, history, predictions, end, 3.0, StoppingFigures(0.0, 0.0, 0))
    contents = {
        "environment.json": to_json(describe_environment("a core", (), 1000)),
        "history.csv": to_csv(HistoryRow, rows),
        "norms.csv": to_csv(NormsRow, []),
        "weights.safetensors": to_tensors({"0/w": np.zeros(1)}),
        "predictions.npz": predictions.to_bytes(),
        "metrics.json": to_json(metrics),
    }
    for name, content in contents.items():
        run.write(name, content)
    with run.lock():
        run.seal()
    return Run(run.path)


def answers(draw, labels, accuracy, rows=None):
    """Predictions of these images, about so many of them correct."""
    said = np.where(draw.random(len(labels)) < accuracy, labels, draw.integers(0, 10, len(labels)))
    logits = draw.normal(0, 0.5, (len(labels), 10)).astype(np.float32)
    logits[np.arange(len(labels)), said] += 4
    return SetPredictions(logits, labels, rows)

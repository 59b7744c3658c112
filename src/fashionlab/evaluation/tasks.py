"""What a worker process does to evaluate a run, and to predict with it."""

from pathlib import Path
from types import NoneType

import numpy as np
from msgspec import Struct

from fashionlab.evaluation.images import open_test_set
from fashionlab.store import Predictions, Run, SetPredictions
from fashionlab.training.datasets import load_for
from fashionlab.training.kinds import RunArguments, models_of
from fashionlab.training.partition import partition
from fashionlab.training.softmax import mean_cross_entropy
from fashionlab.workers import Task
from fashionlab.workers.child import Channel


class PredictArguments(Struct, frozen=True):
    """run: the folder; images: an .npy file, uint8 [n, height, width]; logits: the .npy file to write; trust: SHA-256
    of the user's own model file, or None."""

    run: str
    images: str
    logits: str
    trust: str | None


class StoppingFigures(Struct, frozen=True):
    """What the sealed weights give on the validation rows that stopped the training. loss: nats; accuracy: fraction;
    n: rows."""

    loss: float
    accuracy: float
    n: int


EVALUATE = Task("fashionlab.evaluation.tasks:evaluate", StoppingFigures)
PREDICT = Task("fashionlab.evaluation.tasks:predict", NoneType)


def evaluate(arguments: RunArguments, channel: Channel) -> StoppingFigures:
    """Write the run's `predictions.npz`: logits and labels of validation and, where its spec says so, of the test set.

    Of a run of a study validation is the judging set alone. The test set is evaluated here and nowhere else, and the
    ledger says so first. Returns what the weights give on the rows that stopped the training, none in a refit:
    `summarise` holds it against the history.
    """
    run = Run(Path(arguments.run))
    dataset = load_for(run, arguments.data_dir)
    logits = models_of(run.spec.recipe.kind).open(run, arguments.trust, channel)
    validation = test = None
    stopping = StoppingFigures(0.0, 0.0, 0)
    if not run.spec.recipe.refit:
        rows = partition(run.spec, dataset)
        judging = SetPredictions(logits(dataset.images[rows.judging]), dataset.labels[rows.judging], rows.judging)
        validation, answers = judging, judging.logits
        if rows.stopping is not rows.judging:
            answers = logits(dataset.images[rows.stopping])
        labels = dataset.labels[rows.stopping]
        accuracy = float(np.mean(answers.argmax(axis=1) == labels))
        stopping = StoppingFigures(mean_cross_entropy(answers, labels), accuracy, len(labels))
    if run.spec.test:
        images, labels = open_test_set(run, dataset)
        shared = dataset.test.rows_among(dataset.images)
        test = SetPredictions(logits(images), labels, shared=shared if len(shared) else None)
    with run.lock():
        run.write("predictions.npz", Predictions(validation, test).to_bytes())
    return stopping


def predict(arguments: PredictArguments, channel: Channel) -> None:
    """Logits of the images in a file, written to another."""
    run = Run(Path(arguments.run))
    images = np.load(arguments.images, allow_pickle=False)
    np.save(arguments.logits, models_of(run.spec.recipe.kind).open(run, arguments.trust, channel)(images))

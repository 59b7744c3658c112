"""What a worker process does to evaluate a run, and to predict with it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fashionlab.evaluation.images import open_test_part
from fashionlab.store import Run
from fashionlab.store.format import to_npz
from fashionlab.training.engines import CLASSIC
from fashionlab.training.estimators import open_classic
from fashionlab.training.network import open_network
from fashionlab.training.partition import rows_of
from fashionlab.training.runner import FORWARD_BATCH
from fashionlab.training.tasks import load_for
from fashionlab.workers.child import Channel

if TYPE_CHECKING:
    import keras


def evaluate(arguments: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Write the run's `predictions.npz`: logits and labels of validation and, unless told not to, of the test part.

    Validation is the judge half alone in a run of a study: `validation_rows` says which rows these are.

    Arguments: run (path), data_dir (or None), trust (or None), test (bool). The test part is opened here and nowhere
    else, and the ledger says so first.
    """
    run = Run(Path(arguments["run"]))
    dataset = load_for(run, arguments.get("data_dir"))
    logits = open_predictor(run, arguments.get("trust"), channel)
    arrays: dict[str, np.ndarray] = {}
    if not run.request["recipe"]["refit"]:
        rows = rows_of(run.request, dataset).grade
        arrays["validation_rows"] = rows
        arrays["validation_labels"] = dataset.labels[rows]
        arrays["validation_logits"] = logits(dataset.images[rows])
    if arguments["test"]:
        images, labels = open_test_part(run, dataset)
        arrays["test_labels"] = labels
        arrays["test_logits"] = logits(images)
    with run.lock():
        run.write("predictions.npz", to_npz(arrays))
    return {}


def predict(arguments: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Logits of the pictures in the .npy file at `images`, written to the .npy file at `logits`."""
    run = Run(Path(arguments["run"]))
    images = np.load(arguments["images"], allow_pickle=False)
    np.save(arguments["logits"], open_predictor(run, arguments.get("trust"), channel)(images))
    return {}


def open_predictor(run: Run, trust: str | None, channel: Channel) -> Callable[[np.ndarray], np.ndarray]:
    """What gives float32 logits [n, classes] of uint8 images [n, height, width], of whatever kind the run's model is.

    A boosted model walks thousands of trees a picture, which takes a millisecond, so classic ones can be interrupted.
    """
    if run.request["trainer"] == CLASSIC.trainer:
        return open_classic(run, channel.stop_requested)
    return predictor_of(open_network(run, trust))


def predictor_of(model: "keras.Model", batch: int = FORWARD_BATCH) -> Callable[[np.ndarray], np.ndarray]:
    """What gives float32 logits [n, classes] of uint8 images [n, height, width], on the backend of this worker.

    batch: rows that a compiled pass takes at once, where it takes a fixed number.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        from fashionlab.training import tape

        return tape.Forward(model)
    from fashionlab.training import fused

    weights = [v.value for v in model.trainable_variables]
    others = [v.value for v in model.non_trainable_variables]
    return partial(fused.Forward(model, batch), weights, others)

"""The child's side of `benchmarks.epoch`: run one contender, one epoch at a time, each when the parent says so.

Run as `python -m benchmarks.contenders.turns MODULE FOLDER EPOCHS OPTIONS`: a module of this package, the folder
that `Data.write` filled, how many epochs will be asked for, and the contender's options as JSON, `network` among them.
"""

import importlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BATCHES = {"mlp": 64, "cnn": 128}
"""By network: the original's, and that of the recipe `cnn`."""

LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.004
"""That of Keras' AdamW where nothing is said, as in the original; all contenders are given the same."""

WIDTHS = (384, 256, 128)
RATES = (0.3, 0.3, 0.2)
CLASSES = 10

CONVOLUTIONS = ((32,), (64,), (128, 128))
"""Channels of the 3x3 convolutions of `cnn`, stage by stage; each stage ends with 2x2 max pooling."""

CONVOLUTION_RATE = 0.2
"""Dropout before the last layer of `cnn`."""


@dataclass(frozen=True)
class Data:
    """images: uint8 [n, 28, 28]; labels: int32 [n]; the same of the validation set."""

    images: np.ndarray
    labels: np.ndarray
    validation_images: np.ndarray
    validation_labels: np.ndarray

    def write(self, folder: Path) -> None:
        """Leave the arrays for the children."""
        for name, array in vars(self).items():
            np.save(folder / f"{name}.npy", array)

    @staticmethod
    def read(folder: Path) -> "Data":
        """The inverse of `write`."""
        return Data(**{name: np.load(folder / f"{name}.npy") for name in Data.__dataclass_fields__})


class Turns:
    """What a contender owes the parent: wait for each epoch's turn, then report; in the end, how well it predicts."""

    def __init__(self, epochs: int, descriptor: int) -> None:
        self.epochs = epochs
        self._descriptor = descriptor
        self._start = self._cpu_start = 0.0

    def wait(self) -> None:
        """Return when it is this contender's turn. The clock starts now. Ends the process if the parent has gone."""
        if not sys.stdin.readline():
            raise SystemExit(0)
        self.start()

    def start(self) -> None:
        """Set the clock again, where something had to be prepared that an epoch in the midst of others does not pay."""
        self._start, self._cpu_start = time.perf_counter(), time.process_time()

    def report(self, loss: float | None, accuracy: float | None) -> None:
        """Stop the clock; tell the parent the seconds, and the epoch's training loss and accuracy."""
        seconds, cpu_seconds = time.perf_counter() - self._start, time.process_time() - self._cpu_start
        self._send({"seconds": seconds, "cpu_seconds": cpu_seconds, "loss": loss, "accuracy": accuracy})

    def finish(self, correct: np.ndarray | None, **remarks: Any) -> None:
        """After the last epoch. correct: bool [n] of the validation set; remarks: anything worth knowing."""
        self.wait()
        accuracy = None if correct is None else float(np.mean(correct))
        self._send({"validation_accuracy": accuracy, "remarks": remarks})

    def _send(self, message: dict[str, Any]) -> None:
        os.write(self._descriptor, (json.dumps(message) + "\n").encode())


def main() -> None:
    """Serve as the contender that the command line names."""
    module, folder, epochs, options = sys.argv[1:]
    # What the libraries print must not get among the messages.
    descriptor = os.dup(1)
    os.dup2(2, 1)
    contender = importlib.import_module(f"benchmarks.contenders.{module}")
    contender.serve(Data.read(Path(folder)), Turns(int(epochs), descriptor), **json.loads(options))


if __name__ == "__main__":
    main()

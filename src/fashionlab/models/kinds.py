"""The two kinds of model, and the facts in which they differ: data, so that nobody need ask which one a model is."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ModelKind:
    """A kind of model.

    name: "network" or "estimator"; noun: what sentences call such a model; unit: what a row of a run's history is;
    epochs: whether it is trained in epochs, so that its recipe has a `TrainingConfig`; resumable: whether a training
    that was stopped goes on from its middle; library: whose models they are, for other programs.
    """

    name: str
    noun: str
    unit: Literal["epoch", "round"]
    epochs: bool
    resumable: bool
    library: str


NETWORK = ModelKind("network", "network", "epoch", epochs=True, resumable=True, library="keras")
"""A Keras model."""

ESTIMATOR = ModelKind("estimator", "model", "round", epochs=False, resumable=False, library="fashionlab")
"""A model of scikit-learn's or LightGBM's, fitted in one call."""

"""The Keras model of a run: built again from its recipe, with its weights put in."""

from typing import TYPE_CHECKING

import numpy as np

from fashionlab.errors import RunCorrupt, UntrustedModel, UsageError
from fashionlab.models import CATALOGUE, Architecture, find_architecture
from fashionlab.models.registry import architecture_from_source
from fashionlab.recipe.recipe import Recipe
from fashionlab.store import Run

if TYPE_CHECKING:
    import keras

TRUST_DIGITS = 12
"""How much of the SHA-256 of a model file a user must give to vouch for it."""


def architecture_of(run: Run, trust: str | None = None) -> Architecture:
    """The run's architecture: of the catalogue, or from the copy of the user's file that the run holds.

    A user's file is executed when the model is built, so it must be vouched for: `trust` is the beginning of its
    SHA-256, at least 12 digits. Raises UntrustedModel otherwise, UsageError for a model that the catalogue lacks.
    """
    recipe = Recipe.from_json(run.request["recipe"])
    source = run.model_source
    if source is None:
        # Never fall back to whatever lies at that path now: nobody has vouched for it.
        if run.request["model_sha256"] is not None:
            raise RunCorrupt(f"run {run.name} was made with a model file of its own, and its copy model.py is missing")
        if recipe.model.name not in CATALOGUE:
            raise UsageError(
                f"run {run.name} was made with the model {recipe.model.name!r}, which this fashionlab does not "
                f"have; expected one of {', '.join(CATALOGUE)}"
            )
        return find_architecture(recipe.model.name)
    path, _, function = recipe.model.name.partition(":")
    architecture = architecture_from_source(recipe.model.name, source, function or "build", path)
    digest = architecture.source_sha256 or ""
    if digest != run.request["model_sha256"]:
        raise RunCorrupt(f"run {run.name}: model.py is not the file that the run was trained with")
    if trust is None or len(trust) < TRUST_DIGITS or not digest.startswith(trust.lower()):
        raise UntrustedModel(
            f"run {run.name} would execute its own model file {run.path / 'model.py'}; read it, and if you trust it "
            f"say so with --trust {digest[:TRUST_DIGITS]}"
        )
    return architecture


def build_network(run: Run, trust: str | None = None) -> "keras.Model":
    """The run's model as it was before the first step."""
    recipe = Recipe.from_json(run.request["recipe"])
    data = run.request["data"]
    side = int(data["side"])
    return architecture_of(run, trust).build((side, side), len(data["class_names"]), recipe.model.options, recipe.seed)


def open_network(run: Run, trust: str | None = None) -> "keras.Model":
    """The run's trained model. Raises RunCorrupt if its weights do not fit the model."""
    model = build_network(run, trust)
    tensors = run.weights
    names = sorted(tensors)
    own = [(tuple(w.shape), str(w.dtype)) for w in model.weights]
    if [(tensors[n].shape, str(tensors[n].dtype)) for n in names] != own:
        raise RunCorrupt(f"run {run.name}: weights.safetensors does not fit the model {model.name!r}")
    for weight, name in zip(model.weights, names, strict=True):
        weight.assign(tensors[name])
    return model


def name_weights(model: "keras.Model", weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Tensors by name for `weights.safetensors`: "003/hidden_1/kernel".

    The number keeps Keras' order, by which they are put back: names that Keras makes up differ between processes.
    """
    return {f"{i:03}/{w.path}": array for i, (w, array) in enumerate(zip(model.weights, weights, strict=True))}


def has_convolutions(model: "keras.Model") -> bool:
    """Whether a layer of the network, or of a model inside it, convolves over two dimensions."""
    from keras import layers

    kinds = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Conv2DTranspose)
    return any(isinstance(layer, kinds) for layer in model._flatten_layers())

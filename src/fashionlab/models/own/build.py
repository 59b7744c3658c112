"""Building a user's own model: from what its function returns to what the lab trains.

It is examined once, before its run is declared; afterwards it is built as was found then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import keras
import numpy as np
from keras import ops
from msgspec import UNSET

from fashionlab.errors import ModelFailure, UsageError
from fashionlab.models.digest import digest
from fashionlab.models.drawing import draw_weights
from fashionlab.models.own.adapt import connect, forms_for
from fashionlab.models.own.estimator import examine_estimator, given, may_be_estimator
from fashionlab.models.own.outputs import Answers, find_head, probes, with_logits
from fashionlab.models.own.sentences import explained, in_one_sentence, place_in_own_code
from fashionlab.models.own.source import Form, Found
from fashionlab.models.own.task import Task
from fashionlab.models.own.weights import find_brought, find_drawn

UNSCALED = 100.0
"""What a first layer is given at most, if nothing has scaled pixels of 0 to 255; a network wants numbers around 1."""


def _build(task: Task, seed: int) -> keras.Model:
    """The network as the function returns it. Raises UsageError."""
    model = _call(task, seed)
    if not isinstance(model, keras.Model):
        raise UsageError(
            f"model {task.name!r} returned {given(model)}, expected a keras.Model or a classifier as scikit-learn's"
        )
    return model


def _call(task: Task, seed: int) -> object:
    policy = keras.config.dtype_policy()
    try:
        return task.call(seed)
    finally:
        # What a file sets for itself must not reach the next model of this process.
        keras.config.set_dtype_policy(policy)


def build_found(task: Task, seed: int, found: Found, to_train: bool) -> keras.Model:
    """The model that was examined, from images uint8 [n, height, width] to logits [n, classes].

    Its initial weights are a function of (seed, name, shape) where they were drawn, and those that it brought stay.
    to_train: hold the weights that it brings against those that were examined. Raises UsageError, in one sentence, for
    what is no such model any more.
    """
    with explained(f"model {task.name!r} cannot be built as it was examined"):
        model = connect(_build(task, seed), found.form, task.image_shape)
    _check_outputs(model, task)
    kept = {id(w) for number, w in enumerate(model.weights) if number not in found.drawn}
    if to_train and digest(find_brought(model, found.drawn)) != (found.brought_sha256 or None):
        raise UsageError(
            f"the weights that model {task.name!r} brings along are not those that were examined; train it anew"
        )
    model = with_logits(model, found.head)
    draw_weights(model, seed, kept)
    return model


def examine(task: Task) -> tuple[Found, tuple[str, ...]]:
    """Find out by its behaviour what a user's model is, and say what the lab changes about it or does not use.

    Raises UsageError, in one sentence, for what is neither an estimator nor a network from these images to these
    classes.
    """
    made = _call(task, 0)
    if not isinstance(made, keras.Model) and may_be_estimator(made):
        return examine_estimator(made, task.name)
    raw, form, model = _find_form(task)
    images = probes(task.image_shape)
    _check_outputs(model, task)
    with explained(f"model {task.name!r} fails on random images"):
        outputs = Answers(model, images).both()
        head = find_head(model, images, outputs, task.name)
        drawn = find_drawn(model, connect(_build(task, 1), form, task.image_shape), task.name)
        brought = find_brought(model, drawn)
        notes = [*form.said, *head.said, *_on_scale(model, images, drawn), *_on_weights(model, drawn, brought)]
    found = Found(form=form, head=head, drawn=drawn, brought_sha256=digest(brought) or UNSET)
    return found, (*notes, *_on_the_rest(raw))


def _find_form(task: Task) -> tuple[keras.Model, Form, keras.Model]:
    """The model as it was returned, the form of images that it takes, and the model as a graph from the lab's images.

    A trial that fails may leave a model half built, so each has its own.
    """
    raw = _build(task, 0)
    reason: Exception | None = None
    for form in forms_for(raw, task.image_shape, task.name):
        raw = raw if reason is None else _build(task, 0)
        try:
            model = connect(raw, form, task.image_shape)
            # A layer that only says which shape it gives may still fail on numbers, as convolutions of integers do.
            Answers(model, np.zeros((1, *task.image_shape), np.uint8)).now()
        except Exception as error:  # whatever a user's own model raises when it is called
            reason = reason or error
        else:
            return raw, form, model
    assert reason is not None
    place = place_in_own_code(reason)
    height, width = task.image_shape
    raise ModelFailure(
        f"model {task.name!r} does not take images uint8 [n, {height}, {width}]{f' ({place})' if place else ''}: "
        f"{in_one_sentence(reason)}"
    ) from reason


def _check_outputs(model: keras.Model, task: Task) -> None:
    expected = (None, task.classes)
    if len(model.outputs) != 1 or tuple(model.outputs[0].shape) != expected:
        given = " and ".join(str(tuple(output.shape)) for output in model.outputs)
        raise UsageError(
            f"model {task.name!r} gives outputs of shape {given}, expected {expected}: one logit for each class"
        )


def _on_weights(model: keras.Model, drawn: tuple[int, ...], brought: list[np.ndarray]) -> Iterator[str]:
    if brought:
        numbers = sum(value.size for value in brought)
        yield (
            f"{len(brought)} of the model's {len(model.weights)} weight arrays ({numbers:,} numbers) come with it, the "
            "same under every seed, and are kept"
        )
    if not drawn:
        yield "all seeds start from the same weights"
    if not model.trainable_weights:
        yield "the model has no trainable weights: training changes nothing"


def _on_scale(model: keras.Model, images: np.ndarray, drawn: tuple[int, ...]) -> Iterator[str]:
    """Whether pixels of 0 to 255 reach the first layer that has drawn weights as they are."""
    kernels = {id(w) for number, w in enumerate(model.weights) if number in drawn and len(w.shape) > 1}
    layers = [layer for layer in model._flatten_layers() if any(id(w) in kernels for w in layer._trainable_variables)]
    reached: list[tuple[str, float]] = []
    with _stopping_at(layers, reached), suppress(_STOPPED):
        model(images, training=False)
    if reached and reached[0][1] >= UNSCALED:
        kind, most = reached[0]
        yield (
            f"the model's first layer with weights ({kind}) is given numbers up to {most:.0f}: put "
            "layers.Rescaling(1 / 255) before it, as the lab hands over pixels of 0 to 255"
        )


_STOPPED = RuntimeError
"""Of a kind that Keras, which adds to what comes through its layers, can make anew."""


@contextmanager
def _stopping_at(layers: list[Any], reached: list[tuple[str, float]]) -> Iterator[None]:
    """Have the first of these layers that is called end the call; its kind, and the largest number that it is given,
    are added to `reached`. What is known only when a program runs counts as 0."""

    def stop_at(layer: Any) -> Callable[..., Any]:
        def stop(inputs: Any, *arguments: Any, **named: Any) -> Any:
            most = 0.0
            with suppress(Exception):
                most = float(np.abs(ops.convert_to_numpy(inputs)).max())
            reached.append((type(layer).__name__, most))
            raise _STOPPED("stopped")

        return stop

    try:
        for layer in layers:
            layer.call = stop_at(layer)
        yield
    finally:
        for layer in layers:
            del layer.call


def _on_the_rest(model: keras.Model) -> Iterator[str]:
    """What the model carries and the lab has no use for."""
    if model.compiled:
        yield "the optimizer, loss and metrics that the model was compiled with are not used: the recipe's are"
    images = keras.Input((1,))
    plain = type(keras.Model(images, images))
    methods = ("train_step", "compute_loss", "compute_metrics", "test_step", "predict_step", "fit")
    own = [name for name in methods if getattr(type(model), name) is not getattr(plain, name)]
    if own:
        yield f"not used, as the lab's trainers have their own: the model's {', '.join(own)}"
    dtypes = sorted({layer.compute_dtype for layer in model._flatten_layers()} - {"float32", "uint8", None})
    if dtypes:
        yield f"layers of the model compute in {', '.join(dtypes)}"

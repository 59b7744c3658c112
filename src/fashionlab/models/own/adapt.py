"""A user's Keras model as the lab's trainers take it: a graph from images uint8 [n, height, width] to its outputs.

A model that is such a graph already stays what it is. Of any other graph of layers the same layers are connected anew
to the lab's images, and what is no graph, such as a subclass of `keras.Model`, becomes one layer of a graph.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from fashionlab.errors import ModelFailure, UsageError
from fashionlab.models.own.sentences import in_one_sentence

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Form:
    """How images are given to a model. shape: of one image, None for [height, width]; as_float: in float32, unscaled;
    copies: equal channels."""

    shape: tuple[int, ...] | None = None
    as_float: bool = False
    copies: int = 1

    @property
    def said(self) -> list[str]:
        """What the user is told about it, in no sentence or one."""
        ways = []
        if self.shape:
            shape = (*self.shape[:-1], self.copies) if self.copies > 1 else self.shape
            ways.append(f"in the shape {shape}" + (", the grey values in each channel" if self.copies > 1 else ""))
        if self.as_float:
            ways.append("as float32, 0 to 255")
        return [f"the model is given the images {' and '.join(ways)}"] if ways else []

    def connect(self, images: Any) -> Any:
        """The images, a symbolic uint8 [n, height, width], in this form."""
        if self.shape:
            images = layers.Reshape(self.shape, name="as_shaped")(images)
        if self.copies > 1:
            images = layers.Concatenate(name="as_channels")([images] * self.copies)
        return layers.Rescaling(1.0, name="as_float32")(images) if self.as_float else images


def adapt(build: Callable[[], keras.Model], image_shape: tuple[int, int], name: str) -> tuple[keras.Model, Form]:
    """The user's model as a graph from uint8 [n, height, width], and the form in which it gets the images.

    build: makes it anew; a model that says nothing of its input is tried in each of the usual forms, and one that a
    trial has failed on may be half built. Raises UsageError, in one sentence, if it takes none of them.
    """
    model = build()
    forms = _forms(model, image_shape, name)
    reason: Exception | None = None
    for form in forms:
        try:
            return _connect(model, form, image_shape), form
        except Exception as error:  # whatever a user's own model raises when it is called
            reason = reason or error
            model = build()
    assert reason is not None
    raise ModelFailure(
        f"model {name!r} does not take images uint8 [n, {image_shape[0]}, {image_shape[1]}]: {in_one_sentence(reason)}"
    ) from reason


def _forms(model: keras.Model, image_shape: tuple[int, int], name: str) -> list[Form]:
    """The forms to try, in this order. Raises UsageError for a model whose own input fits no image of this shape."""
    inputs = getattr(model, "inputs", None) or []
    height, width = image_shape
    if not inputs:
        channel = (height, width, 1)
        return [Form(), Form(channel), Form(as_float=True), Form(channel, as_float=True)]
    if len(inputs) > 1:
        raise UsageError(f"model {name!r} takes {len(inputs)} inputs, expected one: the images")
    shape = tuple(inputs[0].shape[1:])
    form = _form_of(shape, image_shape)
    if form is None:
        raise UsageError(
            f"model {name!r} does not take images uint8 [n, {height}, {width}]: its input has the shape {shape}; build "
            "it for the image_shape that its function is given"
        )
    return [form]


def _form_of(shape: Shape, image_shape: tuple[int, int]) -> Form | None:
    """The form for a model whose input has this shape, None if there is none."""
    height, width = image_shape

    def fits(wanted: tuple[int, ...]) -> bool:
        return len(shape) == len(wanted) and all(s in (None, w) for s, w in zip(shape, wanted, strict=True))

    if fits(image_shape):
        return Form()
    for wanted in ((height, width, 1), (1, height, width), (height * width,), (height * width, 1)):
        if fits(wanted):
            return Form(wanted)
    return Form((height, width, 1), copies=3) if fits((height, width, 3)) else None


def _connect(model: keras.Model, form: Form, image_shape: tuple[int, int]) -> keras.Model:
    graph = _is_graph(model)
    if graph and form == Form():
        model(keras.KerasTensor((None, *image_shape), dtype="uint8"))
    else:
        images = keras.Input(image_shape, dtype="uint8", name="images")
        given = form.connect(images)
        model = keras.Model(images, _connect_layers(model, given) if graph else model(given))
    # A layer that only says which shape it gives may still fail on numbers, as a convolution of whole numbers does.
    model(np.zeros((2, *image_shape), np.uint8), training=False)
    return model


def _is_graph(model: keras.Model) -> bool:
    """Whether it is just its layers: no subclass, which may do more than its graph says."""
    images = keras.Input((1,))
    return type(model) in (keras.Sequential, type(keras.Model(images, images)))


def _connect_layers(model: keras.Model, given: Any) -> Any:
    """The output of the model's own layers, connected to `given`: so that they can be looked into one by one."""
    inputs = getattr(model, "inputs", None)
    if inputs and inputs[0].dtype != given.dtype:
        given = layers.Rescaling(1.0, dtype=inputs[0].dtype, name="as_its_input")(given)
    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            given = layer(given)
        return given
    return model._run_through_graph([given], operation_fn=lambda operation: operation)

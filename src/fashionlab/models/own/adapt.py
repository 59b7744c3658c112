"""A user's Keras model as the lab's trainers take it: a graph from images uint8 [n, height, width] to its outputs.

A model that is such a graph already stays what it is. Of any other graph of layers the same layers are connected anew
to the lab's images, and what is no graph, such as a subclass of `keras.Model`, becomes one layer of a graph.
"""

from typing import Any

import keras
from keras import layers

from fashionlab.errors import UsageError
from fashionlab.models.own.source import Form

Shape = tuple[int | None, ...]


def forms_for(model: keras.Model, image_shape: tuple[int, int], name: str) -> list[Form]:
    """The forms of images that the model may take, the first the likeliest: a model that says nothing of its input is
    to be tried in each of the usual ones.

    Raises UsageError for a model whose own input fits no image of this shape.
    """
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


def connect(model: keras.Model, form: Form, image_shape: tuple[int, int]) -> keras.Model:
    """The model as a graph from uint8 [n, height, width] that gives it the images in this form.

    Raises whatever the model raises when it is called so.
    """
    graph = _is_graph(model)
    if graph and form == Form():
        model(keras.KerasTensor((None, *image_shape), dtype="uint8"))
        named = isinstance(model.input, (dict, list)) or isinstance(model.output, (dict, list))
        return keras.Model(model.inputs[0], _the_only(model.output)) if named else model
    images = keras.Input(image_shape, dtype="uint8", name="images")
    given = _shaped(images, form)
    return keras.Model(images, _the_only(_connect_layers(model, given) if graph else model(given)))


def _shaped(images: Any, form: Form) -> Any:
    """The images, a symbolic uint8 [n, height, width], in this form. Of Keras' own layers, which can be looked into."""
    if form.shape:
        images = layers.Reshape(form.shape, name="as_shaped")(images)
    if form.copies > 1:
        images = layers.Concatenate(name="as_channels")([images] * form.copies)
    return layers.Rescaling(1.0, name="as_float32")(images) if form.as_float else images


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


def _the_only(outputs: Any) -> Any:
    """The tensor of outputs that have a name or stand in a list, where there is one; otherwise all of them."""
    found = list(outputs.values()) if isinstance(outputs, dict) else outputs
    return found[0] if isinstance(found, (list, tuple)) and len(found) == 1 else outputs

"""Keras `model.fit`, as the original notebook calls it, on either backend.

A turn is a call of `fit` for one epoch, and the clock runs from the epoch's begin to its end, so that what `fit`
does once for all epochs (copying the arrays, building the pipeline) is not counted. One call for all epochs, waiting
inside it, would be wrong: an iterator of tf.data that was left alone for a minute holds up the next epoch for another.
"""

import os
from typing import Any

import numpy as np

from benchmarks.contenders.turns import (
    BATCHES,
    CLASSES,
    CONVOLUTION_RATE,
    CONVOLUTIONS,
    LEARNING_RATE,
    RATES,
    WEIGHT_DECAY,
    WIDTHS,
    Data,
    Turns,
)


def serve(
    data: Data,
    turns: Turns,
    *,
    network: str,
    backend: str,
    feed: str = "arrays",
    jit_compile: str | bool = "auto",
    steps_per_execution: int = 1,
) -> None:
    """feed: "arrays" (float32 arrays given to `fit`) or "tf.data" (a cached, shuffled, prefetching pipeline)."""
    os.environ["KERAS_BACKEND"] = backend
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    keras.utils.set_random_seed(0)
    model = {"mlp": build_mlp, "cnn": build_cnn}[network]()
    model.compile(
        optimizer=keras.optimizers.AdamW(LEARNING_RATE, weight_decay=WEIGHT_DECAY),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=jit_compile,
        steps_per_execution=steps_per_execution,
    )
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: turns.start(),
        on_epoch_end=lambda epoch, logs: turns.report(float(logs["loss"]), float(logs["accuracy"])),
    )
    images = data.images.astype(np.float32) / 255
    labels = keras.utils.to_categorical(data.labels, CLASSES)
    given: dict[str, Any] = {"x": images, "y": labels, "batch_size": BATCHES[network]}
    if feed == "tf.data":
        given = {"x": pipeline(images, labels, BATCHES[network])}
    for _ in range(turns.epochs):
        turns.wait()
        model.fit(**given, epochs=1, verbose=0, callbacks=[clock])
    outputs = model.predict(data.validation_images.astype(np.float32) / 255, batch_size=1000, verbose=0)
    turns.finish(outputs.argmax(axis=1) == data.validation_labels, jit_compile=bool(model.jit_compile))


def build_mlp() -> Any:
    """The original's network: float32 images in, probabilities out."""
    from keras import Input, Sequential, layers

    stack: list[Any] = [Input((28, 28)), layers.Flatten()]
    for number, (width, rate) in enumerate(zip(WIDTHS, RATES, strict=True), start=1):
        stack.append(layers.Dense(width, activation="gelu"))
        if number < len(WIDTHS):
            stack.append(layers.BatchNormalization())
        stack.append(layers.Dropout(rate))
    return Sequential([*stack, layers.Dense(CLASSES, activation="softmax")])


def build_cnn() -> Any:
    """The lab's `cnn`, layer by layer: float32 images in, probabilities out."""
    from keras import Input, Sequential, layers

    stack: list[Any] = [Input((28, 28)), layers.Reshape((28, 28, 1))]
    for stage in CONVOLUTIONS:
        for number, channels in enumerate(stage, start=1):
            stack.append(layers.Conv2D(channels, 3, padding="same", use_bias=False))
            if number == len(stage):
                stack.append(layers.MaxPooling2D())
            stack += [layers.BatchNormalization(momentum=0.9), layers.Activation("relu")]
    stack += [layers.GlobalAveragePooling2D(), layers.Dropout(CONVOLUTION_RATE)]
    return Sequential([*stack, layers.Dense(CLASSES, activation="softmax")])


def pipeline(images: np.ndarray, labels: np.ndarray, batch: int) -> Any:
    """The pipeline that TensorFlow's guides recommend for data that fit into memory."""
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices((images, labels)).cache().shuffle(len(images))
    return rows.batch(batch).prefetch(tf.data.AUTOTUNE)

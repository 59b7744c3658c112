"""The tape trainer: a training loop written out with `tf.GradientTape`, to read and to learn from.

What `model.fit` does behind the scenes stands here in the open. A training step is five moves, all but the first in
`training_step`:

1. take a batch: the rows that the epoch's order names;
2. forward, under the tape, with `training=True`: dropout drops and batch normalization uses the batch's own mean.
   Forgetting the argument is the classic mistake: the network then trains as if it were being tested;
3. the loss: cross-entropy of the logits, plus whatever penalties the layers ask for (`model.losses`);
4. backward: `tape.gradient` walks what the tape recorded, from the loss to every trainable variable;
5. update: the optimizer changes the variables. Batch normalization's moving averages changed in move 2.

Python would spend more time on dispatching the operations of a step than the processor on doing them, so the steps of
a chunk are one `tf.function`: TensorFlow reads the Python code once, when it is first called, and from then on runs the
graph it made. `for number in tf.range(...)` thereby becomes a loop of the graph. Convolutions use oneDNN's kernels,
which are faster on a processor than those that XLA generates: so there is no `jit_compile=True` here.
"""

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from fashionlab.machine import cpu_device
from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.kinds import FORWARD_BATCH
from fashionlab.training.runners.augment import augment
from fashionlab.training.runners.averages import MovingAverages
from fashionlab.training.runners.loss import cross_entropy, row_weights
from fashionlab.training.runners.precision import computing_in
from fashionlab.training.runners.runner import EpochPlan, Sums, plan_epoch, steps_per_epoch
from fashionlab.training.runners.state import KerasState


def training_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    averages: MovingAverages,
    config: TrainingConfig,
    classes: int,
    class_weights: np.ndarray | None,
    images: tf.Tensor,
    labels: tf.Tensor,
    augmentation: dict[str, tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Take one step on one batch, by which the variables of model and optimizer change.

    class_weights: float32 [classes], None for equal ones; images: uint8 [batch, height, width]; labels: int32 [batch],
    0 to classes - 1; augmentation: the batch's rows of `augment.draw_augmentation`. Returns the mean cross-entropy,
    without weights, float32 [], and how many rows were correct, int32 [].
    """
    images, targets = augment(config, images, tf.one_hot(labels, classes), augmentation)
    before = [tf.identity(v.value) for v in averages.variables]
    with tf.GradientTape() as tape:
        with computing_in(config.precision, model):
            logits = model(images, training=True)
        losses = cross_entropy(targets, logits, config.label_smoothing)
        loss = tf.reduce_mean(losses)
        weighted = loss if class_weights is None else tf.reduce_mean(row_weights(targets, class_weights) * losses)
        objective = tf.add_n([weighted, *(tf.cast(penalty, tf.float32) for penalty in model.losses)])
    gradients = tape.gradient(objective, [v.value for v in model.trainable_variables])
    optimizer.apply(gradients, model.trainable_variables)
    after = [tf.identity(v.value) for v in averages.variables]
    for variable, value in zip(
        averages.variables, averages.corrected(before, after, optimizer.iterations), strict=True
    ):
        variable.assign(value)
    correct = tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), labels)
    return loss, tf.reduce_sum(tf.cast(correct, tf.int32))


def make_chunk(step: Callable[..., tuple[tf.Tensor, tf.Tensor]], batch_size: int) -> Callable[..., None]:
    """Make a graph of the loop over steps: (all images, all labels, plan, first, last, loss, correct) -> None.

    step: `training_step` from its `images` on. loss and correct: the epoch's sums, which the steps add to.
    """

    def of_batch(values: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        # The slice's size is said, because the graph must know the shape of a batch before it sees one.
        tail = values.shape[1:]
        return tf.slice(values, [number * batch_size, *[0] * len(tail)], [batch_size, *tail])

    def chunk(
        images: tf.Tensor,
        labels: tf.Tensor,
        plan: EpochPlan,
        first: tf.Tensor,
        last: tf.Tensor,
        loss: tf.Variable,
        correct: tf.Variable,
    ) -> None:
        # TensorFlow turns this into a graph: what is a loop in Python becomes a loop there.
        for number in tf.range(first, last):
            rows = of_batch(plan.order, number)
            augmentation = {name: of_batch(values, number) for name, values in plan.augmentation.items()}
            batch_loss, batch_correct = step(tf.gather(images, rows), tf.gather(labels, rows), augmentation)
            loss.assign_add(batch_loss * batch_size)
            correct.assign_add(batch_correct)

    return tf.function(chunk)


class Forward:
    """Logits of a Keras model by one graph, for any number of rows."""

    def __init__(self, model: keras.Model, batch: int = FORWARD_BATCH) -> None:
        self._batch = batch
        shape = (None, *model.inputs[0].shape[1:])

        def logits(images: tf.Tensor) -> tf.Tensor:
            return tf.cast(model(images, training=False), tf.float32)

        # One graph for every number of rows: the first axis is left open.
        self._logits = tf.function(logits, input_signature=[tf.TensorSpec(shape, tf.uint8)])

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Float32 logits [n, classes] of uint8 images [n, height, width]."""
        starts = range(0, len(images), self._batch)
        return np.concatenate([self._logits(images[start : start + self._batch]).numpy() for start in starts])


class TapeRunner:
    """Runs epochs of one model with `tf.GradientTape`; see `runner.Runner` for the contract."""

    def __init__(
        self,
        model: keras.Model,
        config: TrainingConfig,
        seed: int,
        images: np.ndarray,
        labels: np.ndarray,
        classes: int,
        class_weights: np.ndarray | None = None,
    ) -> None:
        """images: uint8 [n, height, width]; labels: int [n]; class_weights: float32 [classes], None for equal ones."""
        self.steps = steps_per_epoch(len(images), config.batch_size)
        self.device = device_name()
        self.state = KerasState(model, config, self.steps, seed, images)
        self._batch_size = config.batch_size
        self._plan_epoch = partial(plan_epoch, config, len(images), images.shape[1], seed)
        self._images, self._labels = tf.constant(images), tf.constant(labels.astype(np.int32))
        self._forward = Forward(model)
        step = partial(training_step, model, self.state.rule, self.state.averages, config, classes, class_weights)
        self._chunk = make_chunk(step, config.batch_size)

    def prepare_epoch(self, epoch: int) -> None:
        """Draw order and augmentation of epoch 1, 2, …, and put them on the device."""
        self._plan = tf.nest.map_structure(tf.constant, self._plan_epoch(epoch))

    def run(self, first: int, last: int) -> Sums:
        """Take the steps from `first` up to but not including `last`; return the epoch's sums so far."""
        state = self.state
        # Variables, because a loop that hands its sums on as tensors becomes another graph, with other last bits.
        loss, correct = tf.Variable(state.loss), tf.Variable(state.correct)
        self._chunk(self._images, self._labels, self._plan, tf.constant(first), tf.constant(last), loss, correct)
        state.loss, state.correct = float(loss.numpy()), int(correct.numpy())
        return Sums(last * self._batch_size, state.loss, state.correct)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Float32 logits [n, classes] with dropout off and the present weights."""
        return self._forward(images)


def trace_step(model: keras.Model, side: int, classes: int) -> None:
    """Trace a training step on images of `side` pixels a side, without taking it."""
    config = TrainingConfig()
    state = KerasState(model, config, 1, 0, np.empty((1, side, side), np.uint8))
    step = tf.function(partial(training_step, model, state.rule, state.averages, config, classes, None))
    batch = tf.TensorSpec([config.batch_size, side, side], tf.uint8), tf.TensorSpec([config.batch_size], tf.int32)
    step.get_concrete_function(*batch, {})


def device_name() -> str:
    """The device that TensorFlow trains on, in words: "CPU, 2 cores", or the name of the GPU."""
    gpus = tf.config.list_physical_devices("GPU")
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")) if gpus else cpu_device()

"""The tape trainer: a training loop written out with `tf.GradientTape`, to read and to learn from.

What `model.fit` does behind the scenes stands here in the open. A training step is five moves:

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

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from fashionlab.recipe.recipe import Fit
from fashionlab.training import rng as draws
from fashionlab.training.augment import augment
from fashionlab.training.runner import FORWARD_BATCH, Sums, check_saved, name_cpu
from fashionlab.training.schedule import make_optimizer


def device_name() -> str:
    """The device that TensorFlow trains on, in words: "CPU, 2 cores", or the name of the GPU."""
    gpus = tf.config.list_physical_devices("GPU")
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")) if gpus else name_cpu()


class Forward:
    """Logits of a Keras model by one graph, for any number of rows."""

    def __init__(self, model: keras.Model) -> None:
        shape = (None, *model.inputs[0].shape[1:])

        def logits(pictures: Any) -> Any:
            return tf.cast(model(pictures, training=False), tf.float32)

        # One graph for every number of rows: the first axis is left open.
        self._logits = tf.function(logits, input_signature=[tf.TensorSpec(shape, tf.uint8)])

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Float32 logits [n, classes] of uint8 images [n, height, width]."""
        starts = range(0, len(images), FORWARD_BATCH)
        return np.concatenate([self._logits(images[start : start + FORWARD_BATCH]).numpy() for start in starts])


class TapeRunner:
    """Runs epochs of one model with `tf.GradientTape`; see `runner.Runner` for the contract."""

    def __init__(
        self, model: keras.Model, fit: Fit, seed: int, images: np.ndarray, labels: np.ndarray, classes: int
    ) -> None:
        """images: uint8 [n, height, width]; labels: int [n]."""
        self.steps = -(-len(images) // fit.batch_size)
        self.device = device_name()
        self._model, self._fit, self._seed, self._classes = model, fit, seed, classes
        self._side, self._rows = images.shape[1], len(images)
        self._images, self._labels = tf.constant(images), tf.constant(labels.astype(np.int32))
        self._optimizer = make_optimizer(fit, self.steps)
        self._optimizer.build(model.trainable_variables)
        self._loss, self._correct = tf.Variable(0.0), tf.Variable(0)
        self._forward = Forward(model)
        self._chunk = tf.function(self._take_steps)

    def begin_epoch(self, epoch: int) -> None:
        """Lay out the order, the augmentation and the dropout keys of this epoch; set its sums to 0."""
        self.lay_out(epoch)
        seeds = [v for v in self._model.non_trainable_variables if v.path.endswith("seed_generator_state")]
        for seed, key in zip(seeds, draws.dropout_keys(len(seeds), self._seed, epoch), strict=True):
            seed.assign(key)
        self._loss.assign(0.0)
        self._correct.assign(0)

    def lay_out(self, epoch: int) -> None:
        """The order and augmentation alone: what a run resumed in mid-epoch needs."""
        order = draws.order(self._rows, self._fit.batch_size, self._seed, epoch)
        augmentation = draws.augmentation(self._fit, len(order), self._side, self._seed, epoch)
        self._order = tf.constant(order)
        self._draws = {name: tf.constant(value) for name, value in vars(augmentation).items() if len(value)}

    def run(self, first: int, last: int) -> Sums:
        """Take the steps from `first` up to but not including `last`; return the epoch's sums so far."""
        self._chunk(self._order, self._draws, tf.constant(first), tf.constant(last))
        return Sums(last * self._fit.batch_size, float(self._loss.numpy()), int(self._correct.numpy()))

    def _take_steps(self, order: Any, all_draws: dict[str, Any], first: Any, last: Any) -> None:
        """TensorFlow turns this into a graph: what is a loop in Python becomes a loop there."""
        for number in tf.range(first, last):
            start = number * self._fit.batch_size
            # The slices' sizes are said, because the graph must know the shape of a batch before it sees one.
            rows = tf.slice(order, [start], [self._fit.batch_size])
            mine = {name: self._slice(value, start) for name, value in all_draws.items()}
            self._step(rows, mine)

    def _slice(self, values: Any, start: Any) -> Any:
        tail = values.shape[1:]
        return tf.slice(values, [start, *[0] * len(tail)], [self._fit.batch_size, *tail])

    def _step(self, rows: Any, mine: dict[str, Any]) -> None:
        """One training step on the rows [batch], with their share of the augmentation's draws."""
        model, fit = self._model, self._fit
        truth = tf.gather(self._labels, rows)
        pictures, targets = augment(fit, tf.gather(self._images, rows), tf.one_hot(truth, self._classes), mine)
        smooth = targets * (1 - fit.label_smoothing) + fit.label_smoothing / self._classes
        with tf.GradientTape() as tape:
            logits = tf.cast(model(pictures, training=True), tf.float32)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(smooth, logits))
            total = tf.add_n([loss, *model.losses])
        gradients = tape.gradient(total, [v.value for v in model.trainable_variables])
        self._optimizer.apply(gradients, model.trainable_variables)
        right = tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), truth)
        self._loss.assign_add(loss * fit.batch_size)
        self._correct.assign_add(tf.reduce_sum(tf.cast(right, tf.int32)))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Float32 logits [n, classes] with dropout off and the present weights."""
        return self._forward(images)

    def weights(self) -> list[np.ndarray]:
        """The model's weights in Keras' order, copied to the host."""
        return [np.array(keras.ops.convert_to_numpy(v)) for v in self._model.weights]

    def save(self) -> dict[str, np.ndarray]:
        """The whole state by name, on the host: enough to go on bit for bit."""
        return {name: np.array(keras.ops.convert_to_numpy(v)) for name, v in self._variables().items()}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Take over a state that `save` gave. Raises UsageError if names, shapes or types are not this model's."""
        check_saved(self.save(), saved)
        for name, variable in self._variables().items():
            variable.assign(saved[name])

    def _variables(self) -> dict[str, Any]:
        return {
            **{f"weights/{i:03}": v for i, v in enumerate(self._model.trainable_variables)},
            **{f"others/{i:03}": v for i, v in enumerate(self._model.non_trainable_variables)},
            **{f"optimizer/{i:03}": v for i, v in enumerate(self._optimizer.variables)},
            "loss": self._loss,
            "correct": self._correct,
        }

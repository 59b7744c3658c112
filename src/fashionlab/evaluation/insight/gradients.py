"""Gradients of a Keras network with respect to its image, by JAX. Only worker processes import this module."""

import jax
import jax.numpy as jnp
import keras
import numpy as np

BATCH = 64


def on_floats(model: keras.Model) -> keras.Model:
    """The same layers with the same weights on a float32 Input: the model's own is uint8 and would cut fractions off.

    Raises ValueError for a model that is not a graph of layers.
    """
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) != 1:
        raise ValueError(f"the model has {len(inputs)} inputs in a graph of layers, expected one, the images")
    (given,) = inputs
    batch = keras.Input(given.shape[1:], dtype="float32")
    return keras.models.clone_model(model, input_tensors=batch, clone_function=lambda layer: layer)


def saliency(model: keras.Model, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Gradient x input, float32 [n, height, width], of the logit of class classes[i] for image i.

    images: uint8 [n, height, width]; classes: int [n]. With x the pixels 0 to 255: x · dz_c/dx, in units of the logit,
    and the same whatever scale the model gives its pixels. Dropout is off. Shrikumar et al., "Not Just a Black Box:
    Learning Important Features Through Propagating Activation Differences", arXiv 1605.01713, section 3.
    Raises ValueError where the model has no gradient in its pixels.
    """
    model = on_floats(model)
    weights = [v.value for v in model.trainable_variables]
    others = [v.value for v in model.non_trainable_variables]

    def products(weights: list[jax.Array], others: list[jax.Array], batch: jax.Array, chosen: jax.Array) -> jax.Array:
        def summed(batch: jax.Array) -> jax.Array:
            logits, _ = model.stateless_call(weights, others, batch, training=False)
            # Images do not see each other, so the gradient of the sum holds that of each one's own logit.
            return jnp.sum(jnp.take_along_axis(logits.astype(jnp.float32), chosen[:, None], axis=1))

        return batch * jax.grad(summed)(batch)

    compiled = jax.jit(products)
    parts = [np.empty((0, *images.shape[1:]), np.float32)]
    for start in range(0, len(images), BATCH):
        own = images[start : start + BATCH]
        missing = BATCH - len(own)
        batch = np.pad(own.astype(np.float32), ((0, missing), (0, 0), (0, 0)))
        chosen = np.pad(classes[start : start + BATCH].astype(np.int32), (0, missing))
        parts.append(np.asarray(compiled(weights, others, batch, chosen))[: len(own)])
    values = np.concatenate(parts)
    if len(values) and images.any() and not values.any():
        raise ValueError(
            "the network's logits do not change with small changes of its pixels: it has no gradient there"
        )
    return values

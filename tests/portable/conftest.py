"""These tests use Keras in the test process itself, on JAX."""

import os

os.environ["KERAS_BACKEND"] = "jax"

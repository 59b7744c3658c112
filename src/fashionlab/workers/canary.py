"""Whether JAX computes correctly here, before a number is trusted to it.

XLA gives some of its work on a CPU to another library, YNNPACK. In jaxlib 0.10.2 some programs then add wrongly, with
no word (jax-ml/jax#39103); in 0.10.0 and 0.10.1 a network that pools a thousand images ends in a segmentation fault
(docs/decisions/0016-jax-version.md). A worker is given versions and flags that are right; an environment may hold
others all the same, and a process that is not a worker may have begun JAX without the flag.
"""

import hashlib
import os
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxlib.version import __version__ as jaxlib_version

from fashionlab.data.cache import cache_folder
from fashionlab.errors import LibraryFault, StoreError
from fashionlab.files import make_folder, write_atomically
from fashionlab.machine import processor_name, usable_cores
from fashionlab.workers.parent import YNNPACK


@cache
def check_jax() -> None:
    """Raise LibraryFault if JAX computes wrongly in this process, or would crash.

    A process that has not computed with JAX yet is given the flag that workers have.
    """
    if YNNPACK.partition("=")[0] not in os.environ.get("XLA_FLAGS", ""):
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {YNNPACK}".strip()
    if not pooling_is_xlas_own():
        raise LibraryFault(
            "JAX was begun in this process with flags under which it may crash: begin the process anew with "
            f"XLA_FLAGS={YNNPACK}, or ask for the model before anything else computes with JAX"
        )
    _check_sums()


def _check_sums() -> None:
    """Where the sums are right, nothing is done for the same versions, flags and kind of machine again: a mark in the
    cache folder says so."""
    versions = (jax.__version__, jaxlib_version, jax.default_backend())
    machine = (processor_name(), str(len(usable_cores())))
    facts = "\n".join((*versions, *machine, os.environ.get("XLA_FLAGS", "")))
    mark = cache_folder() / "checked" / hashlib.sha256(facts.encode()).hexdigest()
    if mark.is_file():
        return
    if not (sums_are_right() and gradients_are_right()):
        raise LibraryFault(
            f"JAX {jax.__version__} with jaxlib {jaxlib_version} adds wrongly on this machine "
            "(jax-ml/jax#39103): install the versions that were tested, pip install 'jax>=0.10,<0.10.2', and leave "
            "XLA_FLAGS unset"
        )
    try:
        make_folder(mark.parent)
        write_atomically(mark, facts.encode())
    except StoreError:
        pass  # a cache that cannot be written costs the check again, no more


def pooling_is_xlas_own() -> bool:
    """Whether XLA itself computes the largest of each 2 x 2 pixels: read off the program, which is not run, as the
    fault is a write beyond the memory."""
    images = jax.ShapeDtypeStruct((16, 8, 8, 4), jnp.float32)
    pool = partial(jax.lax.reduce_window, init_value=-jnp.inf, computation=jax.lax.max)
    pool = partial(pool, window_dimensions=(1, 2, 2, 1), window_strides=(1, 2, 2, 1), padding="VALID")
    return "ynn_fusion" not in jax.jit(pool).lower(images).compile().as_text()


def sums_are_right() -> bool:
    """A small matrix times many vectors, all summed up: 1,024,000 for 1,000 rows of 32, where the fault gives 32,000.

    Every number on the way is a whole one below 2**24, so float32 has no rounding in it.
    """
    matrix, vectors = jnp.ones((32, 32)), jnp.ones((1000, 32))
    total = jax.jit(lambda v: jnp.sum(jax.vmap(lambda row: matrix @ row)(v)))(vectors)
    return float(total) == 1000 * 32 * 32


def gradients_are_right() -> bool:
    """The gradient of sum((x * s) @ w) with respect to s, which is broadcast: for each place the sum over its rows."""
    rng = np.random.default_rng(0)
    x, s, w = (rng.integers(-4, 5, shape).astype(np.float32) for shape in ((256, 8, 16), (1, 8, 1), (16, 24)))
    found = jax.jit(jax.grad(lambda s: jnp.sum((x * s) @ w)))(s)
    expected = (x * w.sum(axis=1)).sum(axis=(0, 2)).reshape(s.shape)
    return np.array_equal(np.asarray(found), expected)

"""Whether JAX adds correctly here, before a number is trusted to it.

jaxlib 0.10.2 gives XLA's reductions on a CPU to another library, and some programs then add wrongly, with no word
(jax-ml/jax#39103, docs/decisions/0016-jax-version.md). The versions that this project allows are right; an
environment may hold another one all the same, or flags that bring the fault back.
"""

import hashlib
import os
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxlib.version import __version__ as jaxlib_version

from fashionlab.data.cache import cache_folder
from fashionlab.errors import LibraryFault, StoreError
from fashionlab.files import make_folder, write_atomically
from fashionlab.machine import processor_name, usable_cores


@cache
def check_sums() -> None:
    """Raise LibraryFault if JAX adds wrongly in this process. Where it did not, nothing is done for the same versions,
    flags and kind of machine again: a mark in the cache folder says so.
    """
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

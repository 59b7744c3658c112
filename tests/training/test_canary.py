"""JAX computes rightly: the faults of its versions, gradients of a broadcast operand, and a step of every network."""

from functools import partial
from types import NoneType

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from msgspec import Struct

from fashionlab.errors import LibraryFault
from fashionlab.models import find_architecture
from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners.fused import Forward, State, training_step
from fashionlab.training.runners.state import KerasState
from fashionlab.workers import Task, Worker, canary


class Nothing(Struct, frozen=True):
    """No arguments."""


def check_here(arguments: Nothing, channel) -> None:
    """As a worker's task: the reproducer at the sizes at which it was wrong."""
    for rows in (100, 1000, 32_769, 60_000):
        matrix, vectors = jnp.ones((32, 32)), jnp.ones((rows, 32))
        total = jax.jit(lambda v, m=matrix: jnp.sum(jax.vmap(lambda row: m @ row)(v)))(vectors)
        assert float(total) == pytest.approx(rows * 1024, rel=1e-3), f"{rows} rows: {float(total)}"


def pool_here(arguments: Nothing, channel) -> None:
    """As a worker's task: the network and the number of images with which it crashed."""
    model = find_architecture("cnn").build((28, 28), 10, {}, 0)
    assert np.isfinite(Forward(model)(np.zeros((1024, 28, 28), np.uint8))).all()


def test_a_worker_pools_many_images_and_lives(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", __file__.rpartition("/")[0])
    with Worker("jax") as worker:
        for _ in range(2):
            worker.call(Task("test_canary:pool_here", NoneType), Nothing())


def test_a_process_that_began_jax_with_other_flags_is_told(monkeypatch):
    monkeypatch.setattr(canary, "pooling_is_xlas_own", lambda: False)
    canary.check_jax.cache_clear()
    with pytest.raises(LibraryFault, match="begin the process anew with XLA_FLAGS=--xla_cpu_experimental_ynn"):
        canary.check_jax()


def test_a_workers_sums_are_right(monkeypatch):
    monkeypatch.syspath_prepend(__file__.rpartition("/")[0])
    monkeypatch.setenv("PYTHONPATH", __file__.rpartition("/")[0])
    with Worker("jax") as worker:
        worker.call(Task("test_canary:check_here", NoneType), Nothing())


@pytest.mark.parametrize("shape", [(64, 8, 16), (256, 32, 32), (1000, 16, 64)])
def test_gradients_of_a_product_with_a_broadcast_operand(shape):
    batch, places, width = shape
    random = np.random.default_rng(0)
    x, w = random.standard_normal(shape), random.standard_normal((width, 24))
    s = random.standard_normal((1, places, 1))

    def objective(w, s):
        return jnp.sum(((x.astype(np.float32) * s) @ w) ** 2) / batch

    ours = jax.jit(jax.grad(objective, (0, 1)))(w.astype(np.float32), s.astype(np.float32))
    outer = 2 * ((x * s) @ w) / batch
    expected = (
        np.einsum("bmk,bmn->kn", x * s, outer),
        (np.einsum("bmn,kn->bmk", outer, w) * x).sum((0, 2)).reshape(s.shape),
    )
    for mine, theirs in zip(ours, expected, strict=True):
        assert np.asarray(mine) == pytest.approx(theirs, rel=1e-4, abs=1e-4 * np.abs(theirs).max())


OPTIONS = {"mlp": {}, "cnn": {"filters": (8, 8), "depth": (1, 1)}, "resnet": {"filters": (8, 8)}}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_compiled_step_of_every_network_agrees_with_the_uncompiled_one(name):
    model = find_architecture(name).build((28, 28), 10, OPTIONS[name], 0)
    config = TrainingConfig(batch_size=32, epochs=4)
    random = np.random.default_rng(1)
    images, labels = random.integers(0, 256, (32, 28, 28), dtype=np.uint8), random.integers(0, 10, 32)
    state = KerasState(model, config, 10, 0, images)
    before = State(
        *([jnp.array(v.value) for v in group] for group in (state.trainable, state.non_trainable, state.optimizer)),
        jnp.float32(0),
        jnp.int32(0),
    )
    step = partial(training_step, model, state.rule, state.averages, config, 10, None)
    compiled = jax.jit(step)(before, images, labels.astype(np.int32), {})
    with jax.disable_jit():
        plain = step(before, jnp.asarray(images), jnp.asarray(labels.astype(np.int32)), {})
    assert float(compiled.loss) == pytest.approx(float(plain.loss), rel=1e-5)
    for ours, theirs in zip(compiled.non_trainable, plain.non_trainable, strict=True):
        assert np.asarray(ours) == pytest.approx(np.asarray(theirs), rel=1e-3, abs=1e-4)
    # Adam's first step is the rate times the gradient's sign: where that is nearly 0, rounding decides it.
    for ours, theirs in zip(compiled.trainable, plain.trainable, strict=True):
        assert np.mean(np.abs(np.asarray(ours) - np.asarray(theirs)) > 1e-5) < 0.01


def test_wrong_sums_are_refused_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(canary, "sums_are_right", lambda: False)
    canary.check_jax.cache_clear()
    with pytest.raises(LibraryFault, match=r"adds wrongly on this machine .* pip install 'jax>=0\.10,<0\.10\.2'"):
        canary.check_jax()
    assert not (tmp_path / "checked").exists()
    monkeypatch.undo()
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path))
    canary.check_jax()
    (mark,) = (tmp_path / "checked").iterdir()
    monkeypatch.setattr(canary, "sums_are_right", lambda: pytest.fail("checked twice for one machine and version"))
    canary.check_jax.cache_clear()
    canary.check_jax()
    assert mark.read_text().startswith(jax.__version__)

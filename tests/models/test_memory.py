"""A network that cannot fit is refused before its weights are made."""

import resource

import keras
import pytest

from fashionlab.errors import UsageError
from fashionlab.models import find_architecture, memory


def require(name, batch=256, **options):
    architecture = find_architecture(name)
    filled = architecture.fill(options)
    memory.require_memory(lambda: architecture.builder((28, 28), 10, **filled), f"the model {name!r}", batch)


def test_a_network_that_is_too_large_is_refused_with_the_estimate_and_without_being_made():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UsageError, match=r"has 4,347,396,106 weights, .* takes about 259\.\d GiB of memory, of which"):
        require("mlp", widths=(65536, 65536))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
    # Nothing is left behind that Keras would make later on.
    with keras.StatelessScope():
        pass


def test_the_batch_counts(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 2 * 2**30)
    require("cnn", batch=1024)
    with pytest.raises(UsageError, match=r"with 48,000 images at once .* smaller batch_size"):
        require("cnn", batch=48_000)


def test_where_the_system_does_not_tell_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    require("mlp", widths=(65536, 65536))


def test_what_is_free_is_a_part_of_what_there_is():
    import os

    assert 0 < memory.available_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_a_model_of_ones_own_that_is_too_large_is_refused_before_it_is_made(tmp_path, execute_model_files):
    (tmp_path / "large.py").write_text(
        "from keras import layers, Sequential, Input\n"
        "def build(image_shape, classes):\n"
        "    wide = [layers.Dense(100_000) for _ in range(3)]\n"
        "    return Sequential([Input(image_shape), layers.Flatten(), *wide, layers.Dense(classes)])\n"
    )
    architecture = find_architecture(str(tmp_path / "large.py"))
    with pytest.raises(UsageError, match=r"large\.py' has 20,\d+,\d+,\d+ weights"):
        architecture.examine((28, 28), 10, {})

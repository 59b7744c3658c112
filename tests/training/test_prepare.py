"""Which engine a user's own model gets: the fastest of those that can train it."""

from importlib.util import find_spec

import pytest

from fashionlab.errors import ModelFailure, UsageError
from fashionlab.models.own.source import Form, Found, Head
from fashionlab.recipe.recipe import Recipe
from fashionlab.training import prepare as prepared
from fashionlab.training.tasks import ModelFacts

needs_tensorflow = pytest.mark.skipif(find_spec("tensorflow") is None, reason="needs TensorFlow")


@pytest.fixture
def examine(monkeypatch, tmp_path, sample):
    """Prepare a model file that can be trained on some backends alone: the engine, and which ones were tried."""
    file = tmp_path / "net.py"
    file.write_text("")
    recipe = Recipe.make(str(file))

    def run(*can, trainer="auto", backend="auto", convolutional=False):
        tried = []

        def fake(recipe, dataset, architecture, engine):
            tried.append(engine.backend)
            if engine.backend not in can:
                raise ModelFailure(f"no {engine.backend}")
            return ModelFacts({}, convolutional, ("a note",), architecture.source, Found(Form(), Head(), ()))

        monkeypatch.setattr(prepared, "_examine", fake)
        found = prepared.prepare(recipe, sample, trainer, backend)
        return (found.engine.trainer, found.engine.backend), tried

    return run


@needs_tensorflow
def test_auto_takes_the_backend_that_can(examine):
    assert examine("jax", "tensorflow") == (("fused", "jax"), ["jax"])
    assert examine("tensorflow") == (("tape", "tensorflow"), ["jax", "tensorflow"])
    assert examine("tensorflow", trainer="fit") == (("fit", "tensorflow"), ["jax", "tensorflow"])
    assert examine("jax", convolutional=True)[0] == ("fused", "jax")
    assert examine("jax", backend="jax")[0] == ("fused", "jax")


@needs_tensorflow
@pytest.mark.parametrize("asked", [{"trainer": "fused"}, {"backend": "jax"}, {"trainer": "fit", "backend": "jax"}])
def test_another_choice_is_refused_with_the_one_that_works(examine, asked):
    with pytest.raises(UsageError, match=r"runs on tensorflow alone: .* say trainer='(tape|fit)'$"):
        examine("tensorflow", **asked)


def test_a_model_that_cannot_be_trained_anywhere_says_why(examine):
    with pytest.raises(ModelFailure, match="no jax"):
        examine()

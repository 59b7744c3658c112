"""Which engine a user's own model gets: the fastest of those that can train it."""

from importlib.util import find_spec

import pytest
from msgspec.structs import replace

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


@needs_tensorflow
def test_bfloat16_is_used_where_the_processor_has_it_and_otherwise_a_sentence_says_so(sample, monkeypatch):
    recipe = Recipe.make("cnn", {"precision": "bfloat16"})
    for has in (True, False):
        monkeypatch.setattr(prepared, "has_bfloat16", lambda has=has: has)
        found = prepared.prepare(recipe, sample)
        assert (found.precision, found.notes) == (("bfloat16", ()) if has else ("float32", (prepared.LACKING,)))
        spec = prepared.make_spec(found, sample, test=False)
        assert (spec.precision, spec.recipe.training.precision) == (found.precision, "bfloat16")
        # What a study has decided holds on any machine.
        assert prepared.prepare(recipe, sample, bfloat16=not has).precision != found.precision
    with pytest.raises(ValueError, match="not what the recipe asks for"):
        replace(prepared.make_spec(prepared.prepare(Recipe.make("cnn"), sample), sample, False), precision="bfloat16")
    with pytest.raises(UsageError, match="'fused' on jax does not have; leave it out, or add --backend tensorflow"):
        prepared.prepare(Recipe.make("mlp", {"precision": "bfloat16"}), sample)


def test_a_model_that_cannot_be_trained_anywhere_says_why(examine):
    with pytest.raises(ModelFailure, match="no jax"):
        examine()

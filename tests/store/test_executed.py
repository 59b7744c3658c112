"""What was trained here may be opened here: remembered outside of every run, and for the very same model alone."""

import msgspec
import pytest
from msgspec.structs import replace

from fashionlab.models.own.source import Form, Found, Head
from fashionlab.recipe.config import ModelConfig, TrainingConfig
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import DataFacts, RunSpec
from fashionlab.store.executed import record_path, remember_executed, was_executed
from fashionlab.training.architectures import is_vouched_for

FOUND = Found(form=Form(), head=Head(), drawn=(0,))


def spec_of(name="net.py", options=None, sha256="ab" * 32, found=FOUND):
    recipe = Recipe.make("mlp")
    model = ModelConfig(name, options or {"units": (4, 2)})
    return RunSpec(
        recipe=replace(recipe, model=model, training=TrainingConfig()),
        data=DataFacts("0" * 64, ("a", "b"), 8),
        model_sha256=sha256,
        found=found,
        trainer="fused",
        backend="jax",
    )


OTHERS = {
    "other files": spec_of(sha256="cd" * 32),
    "other options": spec_of(options={"units": (4, 3)}),
    "a file that was too large to be kept": spec_of(found=replace(FOUND, left_out={"body.h5": "ef" * 32})),
}


@pytest.fixture(autouse=True)
def _state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_the_same_model_is_remembered_whatever_it_was_trained_with():
    spec = spec_of()
    assert not was_executed(spec)
    remember_executed(spec)
    remember_executed(spec)
    assert len(record_path().read_text().splitlines()) == 1
    # As it is read from the run's folder, of another seed, and by another name.
    read = msgspec.json.decode(msgspec.json.encode(spec.with_seed(7)), type=RunSpec)
    assert was_executed(read)
    assert was_executed(spec_of("elsewhere/net.py"))
    assert is_vouched_for(read, ())


@pytest.mark.parametrize("what", OTHERS)
def test_another_model_is_not(what):
    remember_executed(spec_of())
    assert not was_executed(OTHERS[what])


def test_files_that_were_not_kept_are_those_of_their_own_folder():
    spec = OTHERS["a file that was too large to be kept"]
    remember_executed(spec)
    assert was_executed(spec)
    assert not was_executed(replace(spec, recipe=replace(spec.recipe, model=ModelConfig("other/net.py", {"units": 4}))))


def test_a_record_that_cannot_be_written_costs_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    remember_executed(spec_of())
    assert not was_executed(spec_of())

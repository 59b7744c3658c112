import pytest

from fashionlab.errors import UsageError
from fashionlab.recipe.recipe import Recipe
from fashionlab.search.declare import recipe_toml
from fashionlab.search.space import Field, applies, read_fields, recipe_of, values_of

BASE = Recipe.make("mlp", {})


def test_fields_are_read_as_typed_and_as_python_gives_them():
    typed = read_fields(BASE, ["learning-rate=0.0003..0.01:log", "norm=batch/layer", "batch_size=32..256:32"])
    named = {"learning_rate": "0.0003..0.01:log", "norm": ["batch", "layer"], "batch_size": "32..256:32"}
    assert typed == read_fields(BASE, named)
    assert typed == (
        Field(name="learning_rate", low=0.0003, high=0.01, log=True),
        Field(name="norm", choices=("batch", "layer")),
        Field(name="batch_size", low=32, high=256, whole=True, step=32),
    )
    assert [field.text for field in typed] == ["0.0003..0.01:log", "batch/layer", "32..256:32"]


@pytest.mark.parametrize(
    ("vary", "sentence"),
    [
        ([], "a search needs fields to vary"),
        (["dropout"], "expected NAME=LOW..HIGH"),
        (["dropout=0.3"], "expected NAME=LOW..HIGH"),
        (["dropout=x..y"], "expected NAME=LOW..HIGH"),
        (["dropout=0.5..0.1"], "with the lower one first"),
        (["dropout=0..0.5:log"], "two numbers above 0"),
        (["dropout=0..2"], "expected a number from 0 to below 1"),
        (["learning_rat=0.1..1"], "did you mean learning_rate"),
        (["norm=batch/nix"], "expected one of batch, layer, none"),
        (["seed=1..5"], "which all trials share"),
        (["limit=100..500"], "which all trials share"),
        (["momentum=0..0.9"], "which optimizer adamw does not have"),
        (["dropout=0..0.1", "dropout=0..0.2"], "given dropout twice"),
        (["batch_size=32..64:1.5"], "a whole number as the step"),
        ({"dropout": 3}, "a range such as '0..0.5' or a list of choices"),
    ],
)
def test_a_field_that_cannot_be_is_refused_in_one_sentence(vary, sentence):
    with pytest.raises(UsageError, match=sentence):
        read_fields(BASE, vary)


def test_a_trial_has_a_momentum_only_if_its_optimizer_has_one():
    optimizer, momentum = read_fields(BASE, ["momentum=0..0.9", "optimizer=adamw/sgd"])
    assert optimizer.name == "optimizer"
    assert not applies(momentum, BASE, {"optimizer": "adamw"})
    assert applies(momentum, BASE, {"optimizer": "sgd"})
    assert recipe_of(BASE, {"optimizer": "sgd", "momentum": 0.5}).training.momentum == 0.5


def test_the_default_is_a_trial_where_the_ranges_hold_it():
    assert values_of(BASE, read_fields(BASE, ["dropout=0..0.5", "norm=batch/none"])) == {
        "dropout": 0.3,
        "norm": "batch",
    }
    assert values_of(BASE, read_fields(BASE, ["dropout=0..0.2"])) is None
    assert values_of(BASE, read_fields(BASE, ["batch_size=30..300:25"])) is None


@pytest.mark.parametrize(
    "settings", [{}, {"optimizer": "sgd", "limit": 300, "class_weights": "Shirt=2", "flip": "0.5"}]
)
def test_a_recipe_file_gives_the_recipe_back(tmp_path, settings):
    recipe = Recipe.make("mlp", {**settings, "seed": 5, "widths": "64,32"})
    (tmp_path / "best.toml").write_bytes(recipe_toml(recipe, ["a remark"]))
    assert Recipe.make(str(tmp_path / "best.toml")) == recipe

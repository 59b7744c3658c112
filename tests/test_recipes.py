"""The named recipes are whole, say how to run them, and mean what their heads say."""

import re
from pathlib import Path

import pytest

from fashionlab.models import find_architecture
from fashionlab.training.recipe import Recipe

RECIPES = sorted((Path(__file__).parents[1] / "recipes").glob("*.toml"))


def test_the_promised_recipes_are_there():
    assert {"reference", "dense-small", "dense", "cnn", "resnet"} <= {path.stem for path in RECIPES}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_opens_with_its_command_its_cost_and_its_result(path):
    head = path.read_text(encoding="utf-8").partition("\n[")[0]
    assert f"#     fashionlab train recipes/{path.name}" in head
    assert re.search(r"^# Cost: .*2 cores", head, re.M)
    assert re.search(r"^# Result: ", head, re.M)
    Recipe.make(str(path))


def test_the_small_dense_recipe_is_the_reference_network():
    recipe, reference = (Recipe.make(str(RECIPES[0].with_name(f"{n}.toml"))) for n in ("dense-small", "reference"))
    options = ("widths", "activation", "batch_norm")
    default = find_architecture("mlp").fill({})
    for name in options:
        assert recipe.model.options[name] == reference.model.options[name] == default[name]

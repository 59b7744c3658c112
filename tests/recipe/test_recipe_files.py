"""The named recipes are whole, say how to run them, and mean what their heads say."""

import re
from pathlib import Path

import pytest

import fashionlab
from fashionlab.models import find_architecture
from fashionlab.recipe.recipe import Recipe
from fashionlab.studies.design.file import read_study_file

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.toml"))
STUDIES = sorted((ROOT / "recipes" / "studies").glob("*.toml"))


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
    options = ("widths", "activation", "norm")
    default = find_architecture("mlp").fill({})
    for name in options:
        assert recipe.model.options[name] == reference.model.options[name] == default[name]


def test_the_originals_claims_are_studies():
    assert {path.stem for path in STUDIES} == {"depth", "stopping", "order", "activation"}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_opens_with_its_command_its_cost_and_its_result(path):
    head = path.read_text(encoding="utf-8").partition("\n[")[0]
    assert f"#     fashionlab study recipes/studies/{path.name}" in head
    assert re.search(r"^# Cost: .*2 cores", head, re.M)
    assert re.search(r"^# Result: ", head, re.M)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
@pytest.mark.usefixtures("execute_model_files")
def test_a_claim_is_tested_at_the_originals_settings(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    plan = fashionlab.plan_study(str(path))
    reference = Recipe.make(str(ROOT / "recipes" / "reference.toml"))
    study, baseline = read_study_file(path), Recipe.make("mlp", read_study_file(path).settings)
    assert len(plan.arms) == 1 + len(study.changes)
    assert baseline.training == reference.training
    if path.stem != "depth":
        assert baseline.model == reference.model


@pytest.mark.usefixtures("execute_model_files")
def test_dropout_first_is_the_reference_network_but_for_the_order():
    def layers(model, **options):
        built = find_architecture(model).builder((28, 28), 10, **options)
        return [(layer.name, [weight.shape for weight in layer.weights]) for layer in built.layers]

    ours = layers("mlp", widths=(384, 256, 128), dropout=(0.3, 0.3, 0.2))
    theirs = layers(f"{ROOT / 'recipes' / 'studies' / 'dropout_first.py'}:build")
    assert sorted(ours) == sorted(theirs)
    assert [name for name, _ in ours].index("norm_1") < [name for name, _ in ours].index("dropout_1")
    assert [name for name, _ in theirs].index("dropout_1") < [name for name, _ in theirs].index("norm_1")

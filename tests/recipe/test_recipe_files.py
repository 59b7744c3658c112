"""The named recipes are whole, say how to run them, and mean what their heads say."""

import json
import re
from pathlib import Path

import pytest
from benchmarks import claims, rates

from fashionlab.models import find_architecture
from fashionlab.recipe.difference import difference
from fashionlab.recipe.recipe import Recipe
from fashionlab.studies.design.changes import apply_change
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
    assert {path.stem for path in STUDIES} == {*claims.CLAIMS}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_opens_with_its_command_its_cost_and_its_result(path):
    head = path.read_text(encoding="utf-8").partition("\n[")[0]
    assert f"#     fashionlab study recipes/studies/{path.name}" in head
    assert re.search(r"^# Cost: .*2 cores", head, re.M)
    assert re.search(r"^# Result: ", head, re.M)


QUIETER = {"epochs", "early_stopping", "patience", "average"}
"""What a claim may set otherwise than the original, so that its runs differ less (docs/decisions/0027)."""


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
@pytest.mark.usefixtures("execute_model_files")
def test_a_claim_is_tested_at_the_originals_settings_or_the_labs_own(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    study = read_study_file(path)
    baseline = Recipe.make("mlp", study.settings)
    of_the_lab = path.stem.endswith("-default")
    base = Recipe.make("mlp") if of_the_lab else Recipe.make(str(ROOT / "recipes" / "reference.toml"))
    own = {"learning_rate"} if path.stem.startswith("optimizer") else set()
    assert difference(base, baseline).keys() <= QUIETER | own | ({"widths", "norm", "dropout"} & {*study.settings})
    if path.stem != "depth":
        assert baseline.model == base.model
    # What is asked about is not what the runs are made quieter by.
    stops = baseline.training.early_stopping
    assert stops == any("early_stopping" in change for change in study.changes)
    assert baseline.training.average == (0 if of_the_lab else 1)
    assert study.terms["minutes"] <= 30
    arms = [apply_change(baseline, {k: v for k, v in change.items() if k != "name"}) for change in study.changes]
    assert baseline not in arms


@pytest.mark.parametrize(("base", "stem"), rates.STUDIES.items())
def test_each_optimizer_has_the_learning_rate_that_was_found_for_it(base, stem):
    path = ROOT / "recipes" / "studies" / f"{stem}.toml"
    study = read_study_file(path)
    given = {"adamw": study.settings["learning_rate"]}
    given |= {change["optimizer"]: change["learning_rate"] for change in study.changes}
    assert [*given] == [*rates.GRIDS]
    text = path.read_text(encoding="utf-8")
    assert rates.with_rates(text, given) == text
    evidence = ROOT / "evidence" / "rates.json"
    if evidence.exists():
        found = json.loads(evidence.read_text())["results"][base]
        assert given == {name: each["best"] for name, each in found.items()}


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

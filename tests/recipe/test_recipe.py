"""Recipes are complete, checked, and survive JSON and TOML."""

import msgspec
import pytest

from fashionlab.errors import UsageError
from fashionlab.recipe.recipe import Recipe


def test_a_recipe_is_filled_in_completely_and_survives_json():
    recipe = Recipe.make("mlp", {"dropout": "0.1", "epochs": "3", "seed": "7", "dataset": "digits"})
    assert recipe.model.options == {
        "widths": (384, 256, 128), "activation": "gelu", "norm": "batch", "dropout": (0.1,)
    }  # fmt: skip
    assert (recipe.training.epochs, recipe.seed, recipe.data.dataset) == (3, 7, "digits")
    assert msgspec.json.decode(msgspec.json.encode(recipe), type=Recipe) == recipe


def test_a_recipe_file_serves_as_a_model_and_the_command_line_wins(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'seed = 4\n[model]\nname = "mlp"\nwidths = [64, 32]\n[training]\nepochs = 9\n[data]\ndataset = "digits"\n'
    )
    recipe = Recipe.make(str(file), {"epochs": "2"})
    assert recipe.model.options["widths"] == (64, 32)
    assert (recipe.training.epochs, recipe.seed, recipe.data.dataset) == (2, 4, "digits")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nepoch = 3\n", r"\[training\] of .* has no setting 'epoch'; did you mean epochs\?"),
        (
            "[train]\nepochs = 3\n",
            r"has no entry 'train'; did you mean \[training\]\? allowed: seed, \[data\], \[training\], \[model\]",
        ),
        ("epochs 3", "is not valid TOML"),
        ("[model]\nepochs = 3\n", r"sets 'epochs' in \[model\], expected it in \[data\] or \[training\]"),
        ('[training]\nepochs = "many"\n', "epochs: given 'many', expected a whole number from 1 up"),
    ],
)
def test_a_wrong_recipe_file_is_one_sentence(tmp_path, text, message):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        Recipe.make(str(file))


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("mpl", {}, "the registry has no model 'mpl'; did you mean mlp"),
        ("mlp", {"depth": 3}, "model 'mlp' has no setting 'depth'"),
        ("mlp", {"batch_size": 0}, "batch_size: given 0, expected a whole number from 1 up"),
        (
            "mlp",
            {"dropout": 1.5},
            "dropout: given 1.5, expected a number from 0 to below 1, or several",
        ),
        ("nowhere.py:build", {}, "cannot read the model file nowhere.py"),
        ("nowhere.py:nowhere", {}, "each of its runs keeps the text: say RUN/model.py:nowhere with the path of a run"),
        ("nowhere.toml", {}, "cannot read the recipe file nowhere.toml"),
    ],
)
def test_a_wrong_request_is_one_sentence(model, settings, message):
    with pytest.raises(UsageError, match=message):
        Recipe.make(model, settings)

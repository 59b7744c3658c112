"""What belongs to an optimizer or a schedule: its own defaults, and refusals of what it does not have."""

import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fashionlab import lab
from fashionlab.errors import UsageError
from fashionlab.recipe.choices import OPTIMIZERS, SCHEDULES, describe_own
from fashionlab.recipe.class_weights import check_class_names, on_class_weights, parse_class_weights, weigh_classes
from fashionlab.recipe.config import ModelConfig, TrainingConfig
from fashionlab.recipe.difference import difference
from fashionlab.recipe.recipe import Recipe
from fashionlab.studies.design.changes import apply_change


def training(**settings):
    return Recipe.make("mlp", settings).training


def test_the_default_optimizer_is_the_default_recipes():
    assert training() == TrainingConfig() == training(optimizer="adamw", schedule="cosine")


def test_the_page_about_training_gives_the_same_defaults():
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text()
    lines = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    for name, own in {**OPTIMIZERS, **SCHEDULES}.items():
        cells = [cell.strip() for cell in lines[name].split("|")]
        shown = dict(re.findall(r"`(\w+)` ([\w.]+)(?=,|$)", cells[-2]))
        expected = {field: str(value).lower() for field, value in own.items()}
        if name in OPTIMIZERS:
            shown |= {"learning_rate": cells[2], "weight_decay": cells[3]}
            expected = {"weight_decay": "none"} | expected
        assert shown == expected


@pytest.mark.parametrize("choice", ["optimizer", "schedule"])
def test_every_choice_comes_with_its_own_settings_and_reads_back_equal(choice):
    for name, own in {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}[choice].items():
        found = training(**{choice: name})
        assert {field: getattr(found, field) for field in own} == own
        assert msgspec.json.decode(msgspec.json.encode(found), type=TrainingConfig) == found


def test_another_optimizer_has_its_own_learning_rate_unless_one_is_given_and_says_so(tmp_path):
    assert training(optimizer="sgd").learning_rate == 0.05
    assert training(optimizer="sgd", learning_rate="0.01").learning_rate == 0.01
    file = tmp_path / "recipe.toml"
    file.write_text("[training]\nlearning_rate = 0.004\nweight_decay = 0.1\nwarmup = 1\n[model]\nname = 'mlp'\n")
    # What the file says was said for AdamW.
    found = Recipe.make(str(file), {"optimizer": "sgd"}).training
    assert (found.learning_rate, found.weight_decay, found.warmup) == (0.05, 0.004, 1)
    assert Recipe.make(str(file), {"optimizer": "adamw"}).training.learning_rate == 0.004
    said = describe_own(msgspec.structs.asdict(found))
    assert said.startswith("optimizer sgd at its own learning rate: learning rate 0.05, weight decay 0.004, momentum")
    assert describe_own(msgspec.structs.asdict(training(optimizer="sgd", learning_rate=1))) is None
    assert describe_own(msgspec.structs.asdict(training())) is None


def test_a_change_of_the_optimizer_is_a_change_to_its_own_settings():
    base = Recipe.make("mlp", {"learning_rate": 0.01, "weight_decay": 0.1, "momentum": "none", "warmup": 1})
    arm = apply_change(base, {"optimizer": "sgd", "nesterov": "true"})
    changes = {name: (each.before, each.after) for name, each in difference(base, arm).items()}
    assert changes == {
        "optimizer": ("adamw", "sgd"), "learning_rate": (0.01, 0.05), "weight_decay": (0.1, 0.004),
        "momentum": (None, 0.9), "nesterov": (None, True),
    }  # fmt: skip
    assert apply_change(arm, {"momentum": "0.5"}).training.learning_rate == 0.05
    cycle = apply_change(base, {"schedule": "one-cycle"})
    assert (cycle.training.rise, cycle.training.warmup, cycle.training.learning_rate) == (0.3, 0, 0.01)
    assert apply_change(base, {"model": "cnn", "optimizer": "lion"}).training.learning_rate == 0.0003


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"momentum": 0.9},
            r"^momentum: given 0.9, but optimizer adamw has no such setting; .* sgd, rmsprop and muon",
        ),
        ({"optimizer": "adam", "weight_decay": "0.1"}, "weight_decay: given 0.1, but optimizer adam has no such"),
        ({"optimizer": "rmsprop", "nesterov": True}, "nesterov: given true, but optimizer rmsprop has no such"),
        (
            {"optimizer": "sgd", "momentum": "none"},
            "momentum: given none, but optimizer sgd needs it; .* 0.9 for sgd",
        ),
        ({"optimizer": "sgd", "momentum": 0, "nesterov": True}, "nesterov: given true with momentum=0"),
        ({"drop_every": 3}, "drop_every: given 3, but schedule cosine has no such setting; only step has it"),
        ({"schedule": "plateau", "warmup": 1}, "warmup: given 1.0, but schedule plateau has no such setting"),
        ({"optimizer": "sdg"}, "optimizer: given 'sdg', expected one of adamw, adam, sgd, rmsprop, lion, muon"),
        ({"schedule": "step", "drop_factor": 1}, "drop_factor: given 1, expected"),
        ({"class_weights": "Shirt"}, 'class_weights: given \'Shirt\', expected "equal", "balanced", or classes by'),
        ({"class_weights": "a=1,a=2"}, "class_weights: given 'a' twice"),
        ({"class_weights": "a=-1"}, "class_weights: given -1 for 'a', expected a number from 0"),
        ({"class_weights": "a=nan"}, "class_weights: given nan for 'a'"),
        ({"class_weights": "a=0"}, "one weight at least above 0"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_sentence(settings, words):
    with pytest.raises(UsageError, match=words):
        training(**settings)


def test_a_refit_has_no_validation_loss_to_follow():
    with pytest.raises(UsageError, match="given refit=True with schedule='plateau'"):
        lab.train("mlp", refit=True, schedule="plateau")


def test_a_document_that_contradicts_itself_is_not_read():
    text = msgspec.json.encode(TrainingConfig()).replace(b'"momentum":null', b'"momentum":0.9')
    with pytest.raises(msgspec.ValidationError, match="optimizer adamw has no such setting"):
        msgspec.json.decode(text, type=TrainingConfig)


def test_classes_are_weighed_by_name_or_by_how_rare_they_are():
    names = ("T-shirt/top", "a, b", "c", "never")
    labels = np.array([0, 0, 0, 0, 1, 2, 2])
    assert parse_class_weights(" T-shirt/top = 2 ,a, b=.5") == {"T-shirt/top": 2, "a, b": 0.5}
    assert weigh_classes("equal", labels, names) is None
    assert weigh_classes("T-shirt/top=2,a, b=0.5", labels, names).tolist() == [2, 0.5, 1, 1]
    balanced = weigh_classes("balanced", labels, names)
    assert balanced == pytest.approx([7 / 3 / 4, 7 / 3 / 1, 7 / 3 / 2, 1])
    assert balanced[labels].mean() == pytest.approx(1)
    equal = np.repeat([0, 1, 2, 3], 500)
    sentence = "class_weights='balanced' changes nothing, as all classes have the same number of training images"
    assert on_class_weights("balanced", equal, names) == sentence
    assert "are given the same weight" in on_class_weights("c=1", equal, names)
    assert on_class_weights("equal", equal, names) is None
    assert "almost nothing, as all classes have almost the same" in on_class_weights("balanced", equal[1:], names)
    assert on_class_weights("balanced", labels, names) is None
    with pytest.raises(UsageError, match=r"class_weights: the data set has no class 'Shirt'; .*allowed: T-shirt/top, "):
        check_class_names("Shirt=2", names)


def test_the_mlps_older_spelling_of_its_normalization_is_understood():
    options = {"widths": [8], "batch_norm": False}
    assert ModelConfig("mlp", options).options == {"widths": (8,), "norm": "none"}
    assert ModelConfig("cnn", options).options["batch_norm"] is False
    assert Recipe.make("mlp", {"batch_norm": "true"}) == Recipe.make("mlp")
    plain = apply_change(Recipe.make("mlp", {"norm": "layer"}), {"batch_norm": "false"})
    assert plain == Recipe.make("mlp", {"norm": "none"})


def test_a_recipe_of_before_there_were_choices_reads_as_the_same_recipe():
    old = {
        "data": {"dataset": "fashion-mnist", "validation": 0.2, "limit": None},
        "model": {
            "name": "mlp",
            "options": {"widths": [384, 256, 128], "activation": "gelu", "batch_norm": True, "dropout": [0.3]},
        },
        "training": {
            "epochs": 24, "batch_size": 256, "early_stopping": True, "patience": 8, "learning_rate": 0.002,
            "schedule": "cosine", "warmup": 0.0, "weight_decay": 0.004, "label_smoothing": 0.0, "shift": 0, "flip": 0.0,
            "mixup": 0.0, "cutout": 0,
        },
        "seed": 0, "refit": 0,
    }  # fmt: skip
    assert msgspec.convert(old, Recipe) == Recipe.make("mlp", {"validation": 0.2})

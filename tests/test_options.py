"""Settings: one declaration serves options, files and error messages."""

import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

import fashionlab
from fashionlab.cli import cli
from fashionlab.errors import UsageError
from fashionlab.lab.execution import ExecutionOptions, as_settings
from fashionlab.options import COMMAND_LINE, Blank, command, fill, options_of, spelled, unknown_setting, wrong_choice


class Example(Struct, frozen=True):
    rate: Annotated[float, Meta(ge=0, lt=1, description="share of units dropped")] = 0.2
    rows: Annotated[int, Meta(ge=1)] = 64
    limit: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="rows")] = None
    kind: Literal["constant", "cosine"] = "cosine"
    on: bool = True
    widths: tuple[Annotated[int, Meta(ge=1)], ...] = (3, 2)


SETTINGS = options_of(Example)


@pytest.mark.parametrize(
    ("name", "given", "converted"),
    [
        ("rate", "0.5", 0.5),
        ("rate", ".5", 0.5),
        ("rows", "7", 7),
        ("limit", "none", None),
        ("limit", "5", 5),
        ("on", "false", False),
        ("kind", "constant", "constant"),
        ("widths", "512", (512,)),
        ("widths", "512, 256", (512, 256)),
        ("widths", [4, 5], (4, 5)),
        ("widths", 9, (9,)),
    ],
)
def test_text_and_python_values_are_converted(name, given, converted):
    assert SETTINGS[name].convert(given) == converted


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("rate", "1.5", "rate: given '1.5', expected a number from 0 to below 1"),
        ("rate", 1.0, "rate: given 1.0, expected a number from 0 to below 1"),
        ("rate", "nan", "rate: given 'nan', expected a number from 0 to below 1"),
        ("rows", "0", "rows: given '0', expected a whole number from 1 up"),
        ("rows", "3.5", "rows: given '3.5', expected a whole number from 1 up"),
        ("kind", "linear", "kind: given 'linear', expected one of constant, cosine"),
        ("on", "maybe", "on: given 'maybe', expected true or false"),
        (
            "widths",
            "8,0",
            "widths: given '8,0', expected a whole number from 1 up, or several of them separated by commas",
        ),
        ("limit", "-3", "limit: given '-3', expected a whole number from 1 up or none"),
    ],
)
def test_a_value_out_of_range_is_one_sentence_with_the_allowed_values(name, given, message):
    with pytest.raises(UsageError) as caught:
        SETTINGS[name].convert(given)
    assert str(caught.value) == message


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"the example has no setting 'rat'; did you mean rate\? allowed: rate, rows"):
        fill(SETTINGS, {"rat": 0.1}, "the example")


def test_settings_of_a_function_are_its_arguments_after_the_first_two():
    def build(image_shape, classes, *, depth: Annotated[int, Meta(ge=1, description="blocks")], bias=True, scale=0.5):
        """A model."""

    settings = options_of(build)
    assert list(settings) == ["depth", "bias", "scale"]
    assert list(options_of(lambda shape, classes, filters=8, *, rate=0.1, **more: None)) == ["filters", "rate"]
    assert settings["depth"].description == "blocks"
    assert fill(settings, {"depth": "2", "scale": "3"}, "model") == {"depth": 2, "bias": True, "scale": 3.0}
    with pytest.raises(UsageError, match="model needs depth, a whole number from 1 up"):
        fill(settings, {}, "model")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("lr", "did you mean learning_rate? allowed"),
        ("LR", "did you mean learning_rate? allowed"),
        ("hidden_sizes", "did you mean widths? allowed"),
        ("validation_split", "did you mean validation? allowed"),
        ("device", "the recipe has no setting 'device': a GPU is used automatically"),
        ("drpout", "did you mean dropout? allowed"),
    ],
)
def test_what_other_tools_call_a_setting_is_understood(given, sentence):
    known = ["learning_rate", "dropout", "widths", "validation"]
    assert sentence in unknown_setting(given, known, "the recipe")


def test_settings_are_spelled_for_where_the_user_is(monkeypatch):
    assert (spelled("resize", 28), spelled("stretch", True), spelled("origin")) == (
        "resize=28",
        "stretch=True",
        "origin",
    )
    monkeypatch.setenv(COMMAND_LINE, "1")
    assert (spelled("resize", 28), spelled("batch_size"), spelled("stretch", True), spelled("origin")) == (
        "--resize 28",
        "--batch-size",
        "--stretch",
        "--from",
    )
    sentence = (
        "the recipe has no setting --learning-rat; did you mean --learning-rate? allowed: --learning-rate, --seed"
    )
    assert unknown_setting("learning_rat", ["learning_rate", "seed"], "the recipe") == sentence
    assert "--workers is how many runs of a study" in unknown_setting("num_workers", [], "the recipe")
    with pytest.raises(UsageError, match=r"^--kind: given 'Cosin', expected one of .*; did you mean cosine\?$"):
        SETTINGS["kind"].convert("Cosin")
    assert wrong_choice("trainer", "fussed", ["fused", "fit"]).endswith(
        "expected one of fused, fit; did you mean fused?"
    )


def test_every_name_of_ours_in_that_table_is_a_setting():
    from fashionlab.models import REGISTRY, find_architecture
    from fashionlab.options import ELSEWHERE
    from fashionlab.recipe.config import common_options

    known = set()
    for name in REGISTRY:
        architecture = find_architecture(name)
        known |= {*architecture.options, *common_options(architecture.kind)}
    ours = {name for names in ELSEWHERE.values() if not isinstance(names, str) for name in names}
    assert ours <= known
    assert not known & ELSEWHERE.keys()


def test_commands_are_said_for_where_the_user_is(monkeypatch):
    def said():
        more = command("resume_study", "my study", seeds=Blank("N"), changes=["dropout=0"])
        return [command("train"), more, as_settings(ExecutionOptions(executor="ray", log="tensorboard"))]

    ray = "fashionlab.ExecutionOptions(executor='ray', log='tensorboard')"
    assert said() == [
        "fashionlab.train()",
        "fashionlab.resume_study('my study', seeds=N, changes=['dropout=0'])",
        {"execution": ray},
    ]
    assert spelled("execution", said()[2]["execution"]) == f"execution={ray}"
    monkeypatch.setenv(COMMAND_LINE, "1")
    assert said() == [
        "fashionlab train",
        "fashionlab study resume 'my study' --seeds N --change dropout=0",
        {"executor": "ray", "log": "tensorboard"},
    ]


def test_whatever_a_message_tells_to_do_is_a_verb_and_a_command(monkeypatch):
    texts = [path.read_text() for path in Path(fashionlab.__file__).parent.rglob("*.py")]
    asked = re.compile(r"(?<![.\w])command\(['\"](\w+)['\"]")
    verbs = {"open_search", *(verb for text in texts for verb in asked.findall(text))}
    assert len(verbs) > 8
    assert verbs <= {*fashionlab.__all__}
    monkeypatch.setenv(COMMAND_LINE, "1")
    for verb in verbs:
        words, place = command(verb).split()[1:], cli
        while words and not words[0].startswith("-"):
            place = place.get_command(None, words.pop(0))
        assert not words or any(word in words for parameter in place.params for word in parameter.opts)

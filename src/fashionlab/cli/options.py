"""Settings of the recipe on the command line: what `train`, `study` and `compare` share.

No setting is declared here: what a command does not know itself is a setting, `--name value`, which the recipe checks
by its types; the help is written from the same types.
"""

from difflib import get_close_matches
from typing import Any

import click

from fashionlab.errors import FashionlabError
from fashionlab.models import NETWORK, REGISTRY, find_architecture, kind_of
from fashionlab.models.registry import is_own_file
from fashionlab.options import Option, as_typed, flag_of, options_of
from fashionlab.recipe.config import SEED, DataConfig, TrainingConfig, common_options
from fashionlab.text import one_line

FIRST = ("epochs", "batch_size", "optimizer", "learning_rate", "early_stopping", "patience")
"""Settings that most people look for."""


_FLAGS = {name for kind in (DataConfig, TrainingConfig) for name, option in options_of(kind).items() if option.is_flag}
"""Settings that are true or false, and may be given without a value."""


class SettingsCommand(click.Command):
    """A command that takes settings. With a model among its words `--help` shows that model's own options, too."""

    def __init__(
        self, name: str, *, without: tuple[str, ...] = (), only: tuple[str, ...] | None = None, **more: Any
    ) -> None:
        """without: settings that the command has options of its own for; only: those that it takes, of a command that
        trains no model."""
        context = {"ignore_unknown_options": True, "help_option_names": ["-h", "--help"], "max_content_width": 110}
        super().__init__(name, context_settings=context, **more)
        self._without, self._only = without, only

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; notes the model for the help."""
        models = (word for word in args if word in REGISTRY or is_own_file(word))
        ctx.meta["model"] = next(models, None) if self._only is None else None
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The model's options, what this command takes, then the settings that all recipes have."""
        model = ctx.meta["model"]
        if model is not None:
            _write_model(formatter, model)
        with formatter.section("This command"):
            # The words have no help of their own: the usage line names them.
            records = [record for p in self.get_params(ctx) if (record := p.get_help_record(ctx)) and record[0]]
            formatter.write_dl(records)
        data = {**options_of(DataConfig), "seed": SEED}
        if self._only is not None:
            _write(formatter, "Data", {name: data[name] for name in self._only})
            return
        epochs = model is None or kind_of(model).epochs
        training = options_of(TrainingConfig) if epochs else {}
        first = {name: option for name, option in training.items() if name in FIRST}
        _write(formatter, "Training", first | training)
        _write(formatter, "Data", {name: option for name, option in data.items() if name not in self._without})
        if model is None:
            with formatter.section(f"Models; {ctx.command_path} MODEL --help shows the model's own options"):
                names = {name: find_architecture(name).description for name in REGISTRY}
                names["FILE.py:FUNCTION"] = "your own model: a function build(image_shape, classes)"
                formatter.write_dl(list(names.items()))


def split_arguments(arguments: tuple[str, ...]) -> tuple[list[str], dict[str, Any]]:
    """The plain words, and the settings by name, as `--name value` or `--name=value`; values stay text.

    What is true or false may be named alone: `--invert`.
    """
    words: list[str] = []
    settings: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            _refuse_misspelt(name)
            name = name.replace("-", "_")
            if not equals and name in _FLAGS and (not rest or rest[0].lower() not in ("true", "false", "1", "0")):
                settings[name] = "true"
                continue
            if not equals and (not rest or rest[0].startswith("--")):
                raise click.UsageError(f"{word} needs a value.")
            settings[name] = value if equals else rest.pop(0)
        elif word.startswith("-"):
            raise click.NoSuchOption(word)
        else:
            words.append(word)
    return words, settings


def _refuse_misspelt(name: str) -> None:
    """Raise NoSuchOption for what is no setting of any recipe, and nearly an option of the command itself."""
    command = click.get_current_context().command
    own = [flag[2:] for param in command.params for flag in param.opts if flag.startswith("--")]
    near = get_close_matches(name, own, cutoff=0.8)
    settings = {
        *common_options(NETWORK),
        *(option for model in REGISTRY for option in find_architecture(model).options),
    }
    if near and name.replace("-", "_") not in settings:
        raise click.NoSuchOption(f"--{name}", possibilities=[f"--{flag}" for flag in near])


def one_model(words: list[str], what: str = "model") -> str | None:
    """The one model (or whatever else they are to name) among the words, None if there is none."""
    if len(words) > 1:
        raise click.UsageError(f"given two {what}s, {words[0]!r} and {words[1]!r}, expected one.")
    return words[0] if words else None


def _write_model(formatter: click.HelpFormatter, model: str) -> None:
    """The model's own options. A user's own file, which a worker executes for it, may fail: the rest of the help
    stands without it."""
    from fashionlab.training.prepare import describe_model

    try:
        found = describe_model(model)
    except FashionlabError as error:
        with formatter.section(f"Model {one_line(model)}"):
            formatter.write_text(f"Its options cannot be shown: {error}")
        return
    title = f"Model {model}" + (f": {found.description.rstrip('.')}" if found.description else "")
    with formatter.section(one_line(title)):
        if found.options:
            formatter.write_dl(
                [
                    (
                        f"{flag_of(o.name)} VALUE",
                        one_line(_described(o.description, o.expected, o.default or "required")),
                    )
                    for o in found.options
                ]
            )
        else:
            formatter.write_text("It has no options of its own.")


def _write(formatter: click.HelpFormatter, title: str, options: dict[str, Option]) -> None:
    if options:
        with formatter.section(title):
            formatter.write_dl(
                [
                    (f"{option.flag} VALUE", _described(option.description, option.expected, as_typed(option.default)))
                    for option in options.values()
                ]
            )


def _described(description: str, expected: str, default: str) -> str:
    return f"{': '.join(filter(None, (description.strip().rstrip('.'), expected)))}  [{default}]"

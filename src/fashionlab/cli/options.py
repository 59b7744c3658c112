"""Settings of the recipe on the command line: what `train`, `study` and `compare` share.

No setting is declared here: what a command does not know itself is a setting, `--name value`, which the recipe checks
by its types; the help is written from the same types.
"""

from difflib import get_close_matches
from typing import Any

import click

from fashionlab.models import NETWORK, REGISTRY, find_architecture
from fashionlab.options import Option, options_of
from fashionlab.recipe.config import SEED, DataConfig, TrainingConfig, common_options

FIRST = ("epochs", "batch_size", "optimizer", "learning_rate", "early_stopping", "patience")
"""Settings that most people look for."""


_FLAGS = {name for kind in (DataConfig, TrainingConfig) for name, option in options_of(kind).items() if option.is_flag}
"""Settings that are true or false, and may be given without a value."""


class SettingsCommand(click.Command):
    """A command that takes settings. With a model among its words `--help` shows that model's own options, too."""

    def __init__(self, name: str, *, without: tuple[str, ...] = (), **more: Any) -> None:
        """without: settings that the command has options of its own for."""
        context = {"ignore_unknown_options": True, "help_option_names": ["-h", "--help"], "max_content_width": 110}
        super().__init__(name, context_settings=context, **more)
        self._without = without

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; notes the model for the help."""
        ctx.meta["model"] = next((word for word in args if word in REGISTRY), None)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The model's options, what this command takes, then the settings that all recipes have."""
        model = ctx.meta["model"]
        if model is not None:
            architecture = find_architecture(model)
            _write(formatter, f"Model {model}: {architecture.description}", architecture.options)
        with formatter.section("This command"):
            records = [record for p in self.get_params(ctx) if (record := p.get_help_record(ctx))]
            formatter.write_dl(records)
        epochs = model is None or find_architecture(model).kind.epochs
        training = options_of(TrainingConfig) if epochs else {}
        first = {name: option for name, option in training.items() if name in FIRST}
        _write(formatter, "Training", first | training)
        own = {name: o for name, o in {**options_of(DataConfig), "seed": SEED}.items() if name not in self._without}
        _write(formatter, "Data", own)
        if model is None:
            with formatter.section(f"Models; {ctx.command_path} MODEL --help shows the model's own options"):
                formatter.write_dl([(name, find_architecture(name).description) for name in REGISTRY])


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


def one_model(words: list[str]) -> str | None:
    """The one model among the words, None if there is none."""
    if len(words) > 1:
        raise click.UsageError(f"given two models, {words[0]!r} and {words[1]!r}, expected one.")
    return words[0] if words else None


def _write(formatter: click.HelpFormatter, title: str, options: dict[str, Option]) -> None:
    if options:
        with formatter.section(title):
            formatter.write_dl([(f"{option.flag} VALUE", _help(option)) for option in options.values()])


def _help(option: Option) -> str:
    default = option.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default).lower()
    return f"{option.description}: {option.expected}  [{shown}]"

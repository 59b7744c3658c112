"""The recipe's settings as options: what `train`, `study` and `compare` share."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from fashionlab.models import CATALOGUE, find_architecture
from fashionlab.options import Setting, settings_of
from fashionlab.recipe.recipe import SEED, Data, Fit, common_settings


class SettingsCommand(click.Command):
    """A command whose help lists the recipe's settings and each model's options in sections of their own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write them: first what is this command's own, then what all share."""
        own = {p.name for p in self.params}
        sections = {
            "Data": [*settings_of(Data).values(), SEED],
            "Training of networks": list(settings_of(Fit).values()),
        }
        for name in CATALOGUE:
            architecture = find_architecture(name)
            sections[f"Model {name}: {architecture.description}"] = list(architecture.settings.values())
        fields = {s.name for settings in sections.values() for s in settings}
        with formatter.section("This command"):
            records = [p.get_help_record(ctx) for p in self.get_params(ctx) if p.name not in fields]
            formatter.write_dl([record for record in records if record])
        for title, settings in sections.items():
            with formatter.section(title):
                formatter.write_dl([(f"{s.flag} VALUE", _help(s)) for s in settings if s.name in own])


def setting_options(without: Iterable[str] = ()) -> list[click.Parameter]:
    """An option for each setting of the recipe and of the catalogue's models; their values stay text."""
    settings = common_settings()
    for name in CATALOGUE:
        settings |= find_architecture(name).settings
    return [click.Option([s.flag], default=None, type=str) for s in settings.values() if s.name not in without]


def given_settings(settings: Mapping[str, str | None], own: Mapping[str, str]) -> dict[str, Any]:
    """The settings that were given, those of a user's own model among them."""
    return {**own, **{name: value for name, value in settings.items() if value is not None}}


def split_arguments(arguments: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """The plain words, and the options that only a user's own model can know, as `--name value` or `--name=value`."""
    words: list[str] = []
    own: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if not equals and (not rest or rest[0].startswith("--")):
                raise click.UsageError(f"{word} needs a value.")
            own[name.replace("-", "_")] = value if equals else rest.pop(0)
        elif word.startswith("-"):
            raise click.NoSuchOption(word)
        else:
            words.append(word)
    return words, own


def one_model(words: list[str]) -> str | None:
    """The one model among the words, None if there is none."""
    if len(words) > 1:
        raise click.UsageError(f"given two models, {words[0]!r} and {words[1]!r}, expected one.")
    return words[0] if words else None


def _help(setting: Setting) -> str:
    default = setting.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default).lower()
    return f"{setting.description}: {setting.expected}  [{shown}]"

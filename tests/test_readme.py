"""The README and the pages in docs/ say what the evidence says; their commands, settings, links and files exist."""

import re
import shlex
from pathlib import Path

import click
import pytest
from benchmarks import readme

from fashionlab.cli import cli
from fashionlab.cli.options import SettingsCommand
from fashionlab.models import REGISTRY, find_architecture
from fashionlab.options import options_of
from fashionlab.recipe.config import common_options

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_figures_in_the_pages_are_those_of_the_evidence():
    assert readme.main(["--check"]) == 0, "run python -m benchmarks.readme"


def commands():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for line in re.findall(r"^ {4}(fashionlab .*)$", text, re.M) + re.findall(r"`(fashionlab [a-z][^`]*)`", text):
            yield pytest.param(
                shlex.split(line.partition("  #")[0], comments=True), text, id=f"{page.name}: {line[:60]}"
            )


@pytest.mark.usefixtures("execute_model_files")
@pytest.mark.parametrize(("words", "text"), list(commands()))
def test_every_command_in_the_documentation_exists(words, text):
    command, rest = cli, words[1:]
    while isinstance(command, click.Group):
        context = click.Context(command)
        # `study` is short for `study run`.
        default = "run" if "run" in command.commands else None
        name = rest.pop(0) if rest and command.get_command(context, rest[0]) else default
        if not name and command.invoke_without_command:
            break
        assert name, f"{' '.join(words)}: no such command"
        command = command.get_command(context, name)
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    if isinstance(command, SettingsCommand):
        known |= settings_of(rest)
        # Of a model file that the page itself shows, the options stand there.
        for options in re.findall(r"^ *def build\(.*?\*, (.*)\)", text, re.M):
            known |= {f"--{name}" for name in re.findall(r"(\w+)=", options)}
    unknown = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
    assert not unknown, f"{' '.join(words)}: no option {unknown[0]}"


def settings_of(words):
    """The flags of the settings that models among the words have, and of those that all recipes have."""
    names = [word for word in words if word in REGISTRY or (".py:" in word and "=" not in word)]
    models = [find_architecture(name if name in REGISTRY else str(ROOT / name)) for name in names]
    own = [options_of(model.builder) for model in models]
    return {option.flag for options in [common_options(), *own] for option in options.values()}


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "docs" / "decisions").glob("*.md"))], ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_of_the_code_that_a_page_names_exist(page):
    for name in re.findall(
        r"`(?:src/fashionlab/)?([a-z_/]+/[a-z_]+\.(?:py|html|css|js))`", page.read_text(encoding="utf-8")
    ):
        places = (ROOT, ROOT / "src" / "fashionlab", page.parent)
        assert any((place / name).exists() for place in places), f"{page.name} names {name}"


@pytest.mark.parametrize("target", re.findall(r"^    make (\w+)", (ROOT / "README.md").read_text(), re.M))
def test_every_make_target_in_the_readme_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)

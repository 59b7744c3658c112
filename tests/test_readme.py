"""The README says what the evidence says, and its commands exist."""

import re
import shlex
from pathlib import Path

import click
import pytest
from benchmarks import readme

from fashionlab.cli import cli
from fashionlab.models import find_architecture
from fashionlab.options import settings_of

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_readmes_figures_are_those_of_the_evidence():
    assert readme.main(["--check"]) == 0, "run python -m benchmarks.readme"


def commands():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for line in re.findall(r"^ {4}(fashionlab .*)$", text, re.M) + re.findall(r"`(fashionlab [a-z][^`]*)`", text):
            yield pytest.param(shlex.split(line.partition("  #")[0], comments=True), id=f"{page.name}: {line[:60]}")


@pytest.mark.parametrize("words", list(commands()))
def test_every_command_in_the_documentation_exists(words):
    context = click.Context(cli)
    command = cli.get_command(context, words[1])
    assert command is not None, f"no command {words[1]}"
    rest = words[2:]
    if isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        command = command.get_command(context, rest.pop(0))
        assert command is not None
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in rest:
        if word.startswith("--"):
            models = [model for model in rest if ".py:" in model and "=" not in model]
            own = {setting.flag for model in models for setting in own_settings(model)}
            assert word.partition("=")[0] in known | own, f"{words[1]} has no option {word}"


def own_settings(model):
    return settings_of(find_architecture(str(ROOT / model)).builder).values()


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "docs" / "decisions").glob("*.md"))], ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("target", re.findall(r"^    make (\w+)", (ROOT / "README.md").read_text(), re.M))
def test_every_make_target_in_the_readme_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)

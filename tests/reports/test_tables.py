"""Lists of runs on a terminal: nothing is cut off, and they say what is common and which is best."""

import re

import pytest
from msgspec.structs import replace

from fashionlab.cli.common import print_table
from fashionlab.recipe.difference import from_default
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports.tables import groups_table, new_table, runs_table
from fashionlab.store.overview import RunLine, SetLine
from fashionlab.store.records import group_runs


def line(run, accuracy, half=0.03, **settings):
    recipe = Recipe.make("mlp", {"limit": 2000, **settings})
    found = SetLine(400, accuracy, accuracy - half, accuracy + half, 0.5)
    changes = from_default(recipe)
    return RunLine(
        run=run, path=f"runs/{run}", model="mlp", dataset="fashion-mnist", seed=recipe.seed, settings=recipe.settings,
        changes=changes, group=str(changes), complete=True, epochs=3, best_epoch=3, validation=found, test=found,
        size=1,
    )  # fmt: skip


LINES = [
    line("mlp-seed0-20261125-150042", 0.815),
    line("mlp-seed1-20261125-150055", 0.7675, seed=1),
    line("mlp-seed0-20261125-150122", 0.8125, optimizer="lion", learning_rate=0.001),
]


def printed(table, capfd):
    print_table(table)
    return re.sub(r"\x1b\[[0-9;]*m", "", capfd.readouterr().out)


@pytest.mark.parametrize("width", ["40", "120", "200"])
def test_a_narrow_terminal_cuts_nothing_off(width, monkeypatch, capfd):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", width)
    text = printed(runs_table(LINES), capfd)
    for each in LINES:
        assert each.run in text
    assert "81.50\u00a0% (78.5 to 84.5)" in text
    assert re.search(r"mlp\s+1\s+3/3", text)
    assert "learning_rate=0.001" in text
    assert "…" not in text


def test_a_list_says_what_all_have_and_whether_the_best_stands_out(capfd):
    text = printed(runs_table(LINES), capfd)
    assert "data set: fashion-mnist\nall of them with limit=2000\n" in text
    assert text.count("limit=2000") == 1
    assert (
        "highest validation accuracy: mlp-seed0-20261125-150042, 81.50\u00a0%; the 95 % intervals of 2 other runs"
        in text
    )
    sure = [replace(LINES[0], validation=SetLine(400, 0.9, 0.87, 0.93, 0.5)), *LINES[1:]]
    assert "the 95 % intervals of the others all lie below its interval" in printed(runs_table(sure), capfd)
    mixed = [replace(LINES[0], dataset="digits"), *LINES[1:]]
    text = printed(runs_table(mixed), capfd)
    assert "highest" not in text
    assert text.count("fashion-mnist") == 2
    assert "highest" not in printed(runs_table(LINES[:1]), capfd)


def test_a_group_of_one_seed_is_not_taken_for_sure(capfd):
    text = printed(groups_table(group_runs(LINES)), capfd)
    assert re.search(r"79\.1\d ± 3\.36", text)
    assert "of one seed there is no deviation" in text
    assert re.search(r"81\.25\s%\s+–", text)


def test_a_table_of_nothing_is_a_heading(capfd):
    assert "name" in printed(new_table(("name", "value"), [], text=(1,)), capfd)

"""A study's verdicts as a table for the terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fashionlab.reports.study import words
from fashionlab.reports.study.answer import state
from fashionlab.reports.study.named import said
from fashionlab.reports.tables import new_table, plain

if TYPE_CHECKING:
    from rich.table import Table


def study_table(summary: Mapping[str, Any]) -> "Table":
    """A line an arm: what it is, the verdict's word, effect with interval, seeds, and the second line in short.

    From about 100 columns on nothing wraps, unless names are long.
    """
    table = new_table("arm", "verdict", "effect in points", "seeds", "", title=plain(words.one_line(summary["title"])))
    for column in (table.columns[0], table.columns[1], table.columns[4]):
        column.no_wrap, column.overflow, column.justify, column.min_width = False, "fold", "left", 10
    for arm in summary["arms"]:
        verdict = arm["verdict"]
        effect = f"{words.effect(verdict)} ({words.interval(verdict)})" if verdict["n"] else "–"
        name = words.one_line(arm["name"]) + (" (added later)" if arm["added_later"] else "")
        word = said(verdict["word"], summary["kind"] == "compare")
        table.add_row(plain(name), word, effect, str(verdict["n"]), against_margin(verdict))
    table.caption, table.caption_justify = (
        plain(f"{state(summary)} The margin is ±{summary['margin']:g} points."),
        "left",
    )
    return table


def against_margin(verdict: Mapping[str, Any]) -> str:
    """The verdict's second line in a few words."""
    low, high, margin, needed = (verdict[key] for key in ("low", "high", "margin", "seeds_needed"))
    if verdict["word"] == "undecided":
        text = "too few seeds to tell" if needed is None else f"about {words.counted(needed, 'seed')} more"
        # The forecast looks no further than 1,000.
        text = "1,000 seeds more, or above" if needed is not None and needed >= 1000 else text
    elif verdict["exceeds_margin"]:
        text = "exceeds the margin"
    else:
        text = "smaller than the margin" if -margin < low and high < margin else "margin not settled"
    return text + (", with a caution" if verdict["contradicts"] else "")

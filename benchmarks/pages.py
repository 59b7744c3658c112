"""What the pages with measurements share: evidence as it lies on disk, numbers as they are shown, blocks in a page."""

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from benchmarks.common import ROOT
from fashionlab.recipe.spec import RESULTS_VERSION

EVIDENCE = ROOT / "evidence"

Blocks = Mapping[str, Callable[[], str]]
"""Name of a block, as its markers in a page have it -> what makes its text."""

BUSY = 0.3
"""Cores busy with other work, on average, above which a time is not shown: the accuracy stands, the time does not."""


_read: list[str] = []
"""Names of the evidence that was read, in order: what a page's figures come from."""


def read(name: str) -> dict[str, Any]:
    """One evidence document."""
    _read.append(name)
    document: dict[str, Any] = json.loads((EVIDENCE / f"{name}.json").read_text(encoding="utf-8"))
    return document


def has(name: str) -> bool:
    """Whether it has been measured; what has not is left out of the pages."""
    return (EVIDENCE / f"{name}.json").is_file()


def is_current(document: Mapping[str, Any]) -> bool:
    """Whether its numbers are those that this version of the code gives."""
    return document.get("results_version") == RESULTS_VERSION


def older_versions(names: Iterable[str], run_format: str) -> str:
    """The sentence that figures from this evidence must have beside them: which of it is not of the present results
    version; "" if all is. run_format: the link to the page that says what a results version is."""
    documents = {name: read(name) for name in sorted({*names})}
    older = {name: found for name, found in documents.items() if not is_current(found)}
    if not older:
        return ""
    versions = " or ".join(sorted({str(found.get("results_version", "unknown")) for found in older.values()}))
    which = "All figures on this page" if older == documents else f"The figures from {', '.join(older)}"
    return textwrap.fill(
        f"**{which} are of [results version]({run_format}) {versions}, not of {RESULTS_VERSION}, the present one**, "
        "which gives other numbers; `make evidence` measures them again.",
        120,
        break_on_hyphens=False,
    )


def quiet(document: Mapping[str, Any]) -> bool:
    """Whether its times were taken while the machine had little other work."""
    machine = document["machine"]
    if "cores_busy_with_other_work" in machine:
        return bool(machine["cores_busy_with_other_work"] <= BUSY)
    # Older evidence has the load at the start alone, in which the program before it still counts.
    return bool(machine["load_average_at_start"] <= 1.25 * machine["cores"])


def percent(fraction: float) -> str:
    """ "89.75 %"."""
    return f"{100 * fraction:.2f} %"


def with_range(spread: Mapping[str, float], digits: int = 1) -> str:
    """Median, least and greatest: "4.5 (4.3 to 4.6)"."""
    return f"{spread['median']:.{digits}f} ({spread['min']:.{digits}f} to {spread['max']:.{digits}f})"


def effect(verdict: Mapping[str, Any]) -> str:
    """ "+0.31 (+0.05 to +0.60)", in percentage points."""
    if verdict["low"] is None:
        return "–" if verdict["effect"] is None else f"{verdict['effect']:+.2f}"
    return f"{verdict['effect']:+.2f} ({verdict['low']:+.2f} to {verdict['high']:+.2f})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    first, *others = (f"| {' | '.join(row)} |" for row in (header, *rows))
    return "\n".join([first, "|" + "---|" * len(header), *others])


VERSIONS = "versions"
"""The block that every page with figures has: `older_versions` of what it was filled from."""


def fill(text: str, blocks: Blocks, run_format: str = "run-format.md") -> str:
    """A page's text with every block between its markers written anew. run_format: the link to that page from there.

    Raises ValueError if it lacks a block.
    """
    _read.clear()
    every: Blocks = {**blocks, VERSIONS: partial(older_versions, _read, run_format)}
    for name, make in every.items():
        marked = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        found = marked.search(text)
        if not found:
            raise ValueError(f"the page has no block {name!r}")
        text = text[: found.start()] + f"{found[1]}{make()}\n{found[2]}" + text[found.end() :]
    return text

"""What became of the original's claims: docs/claims.md, from the evidence of the studies in `recipes/studies/`.

    python -m benchmarks.readme            write the page's answers
    python -m benchmarks.claims            draw its figure

Both train nothing: `make evidence` does. Of evidence that is not of the present results version the page says no more
than its verdicts: the studies have changed since, too.
"""

import argparse
import sys
import tomllib
from typing import Any

from benchmarks.common import ROOT, announce
from benchmarks.pages import Blocks, effect, has, is_current, percent, read, table
from fashionlab.recipe.spec import RESULTS_VERSION

CLAIMS = ("depth", "stopping", "order", "activation", "optimizer", "activation-default", "optimizer-default")
"""The studies in `recipes/studies/`, of what the original notebook claimed."""

FIGURE = ROOT / "docs" / "images" / "claims.png"

NOT_MEASURED = f"Not measured yet with results version {RESULTS_VERSION}."


def measured() -> dict[str, dict[str, Any]]:
    """By claim: the evidence of its study, of those that have been made with the present results version."""
    found = {name: read(f"claim-{name}") for name in CLAIMS if has(f"claim-{name}")}
    return {name: document for name, document in found.items() if is_current(document)}


def described(name: str) -> str:
    """What a study compares: the last paragraph of the comment that its file opens with."""
    head = (ROOT / "recipes" / "studies" / f"{name}.toml").read_text(encoding="utf-8").partition("\n\n")[0]
    return "\n".join(line.removeprefix("#").strip() for line in head.rpartition("\n#\n")[2].splitlines())


def titled(name: str) -> str:
    """The title of a study, from its file."""
    file = tomllib.loads((ROOT / "recipes" / "studies" / f"{name}.toml").read_text(encoding="utf-8"))
    return str(file["study"]["title"])


def figure() -> str:
    """The link to the figure, where there is anything to draw."""
    if not measured():
        return ""
    return "![The effect of every change with its interval, one group for each question](images/claims.png)"


def answers() -> str:
    """A section for each claim: what was compared, and what was found."""
    sections, known = [], measured()
    for name in CLAIMS:
        head, of = (
            [f"## {titled(name)}", described(name)],
            f"[`recipes/studies/{name}.toml`](../recipes/studies/{name}.toml)",
        )
        if name not in known:
            sections.append("\n\n".join([*head, f"{NOT_MEASURED} {earlier(name)}To measure it: {of}."]))
            continue
        document = known[name]
        results = document["results"]
        rows = []
        for arm, accuracy in results["accuracy"].items():
            verdict, of_test = results["verdicts"].get(arm), results["test"]
            if verdict is None:
                found = ["", "", "", percent(of_test["arms"][arm]["mean"] / 100)]
            else:
                more = "" if verdict["seeds_needed"] is None else str(verdict["seeds_needed"])
                found = [effect(verdict), f"**{verdict['word']}**", more, f"{of_test['differences'][arm]['mean']:+.2f}"]
            rows.append([arm, f"{accuracy['mean']:.2f}", *found])
        header = ["network", "accuracy, %", "effect in points (interval)", "verdict", "more seeds needed", "test set"]
        cost = (
            f"{results['runs']['done']} runs, {document['n']} seeds, {results['seconds'] / 60:.0f} minutes on "
            f"{document['machine']['cores']} cores: {of}."
        )
        sections.append("\n\n".join([*head, table(header, rows), cost]))
    return "\n\n".join(sections)


def earlier(name: str) -> str:
    """What the evidence of an older results version said, in a sentence with a space behind it; "" if there is none."""
    if not has(f"claim-{name}"):
        return ""
    document = read(f"claim-{name}")
    return f"A study of version {document['results_version']}, at noisier settings, said: {_words(document)}. "


def _words(document: dict[str, Any]) -> str:
    return "; ".join(f"{arm}: {verdict['word']}" for arm, verdict in document["results"]["verdicts"].items())


def result(name: str) -> str:
    """The line in a study file's head that tells its result."""
    known = measured()
    if name not in known:
        return "# Result: not measured yet."
    version = known[name]["results_version"]
    return f"# Result: {_words(known[name])} (evidence/claim-{name}.json, results version {version})."


BLOCKS: Blocks = {"figure": figure, "answers": answers}


def draw() -> None:
    """A row for each arm: its effect with its interval, and the margin as a band."""
    from matplotlib.figure import Figure

    from fashionlab.reports.figures.canvas import DPI, styled
    from fashionlab.reports.figures.palette import MUTED, RULE, VERDICTS

    known = measured()
    rows: list[tuple[str, dict[str, Any] | None]] = []
    for document in known.values():
        rows.append((document["results"]["title"], None))
        rows += document["results"]["verdicts"].items()
    margin = next(iter(known.values()))["results"]["margin"]
    with styled():
        figure = Figure(figsize=(8.4, 0.6 + 0.36 * len(rows)), dpi=DPI, layout="constrained")
        axes = figure.subplots()
        axes.axvspan(-margin, margin, color=RULE, alpha=0.5, linewidth=0)
        axes.axvline(0, color=MUTED, linewidth=1)
        for row, (_, verdict) in enumerate(rows):
            if verdict is None:
                continue
            color = VERDICTS[verdict["word"]]
            axes.plot([verdict["low"], verdict["high"]], [row, row], color=color, linewidth=3, solid_capstyle="round")
            axes.scatter([verdict["effect"]], [row], color=color, s=48, zorder=3)
            axes.annotate(
                verdict["word"], (1, row), xycoords=("axes fraction", "data"), xytext=(6, 0),
                textcoords="offset points", va="center", color=color, fontsize="small",
            )  # fmt: skip
        axes.set_yticks(range(len(rows)), [label for label, _ in rows])
        for label, (_, verdict) in zip(axes.get_yticklabels(), rows, strict=True):
            label.set_fontweight("bold" if verdict is None else "normal")
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel(
            f"effect on accuracy in percentage points, with its interval\n(shaded: margin of ±{margin:g})",
            fontsize="small",
        )
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=RULE, linewidth=0.6)
        FIGURE.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(FIGURE, metadata={"Software": None})


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    if not measured():
        announce(f"nothing to draw: {NOT_MEASURED.lower()}")
        return 1
    draw()
    announce(f"{FIGURE.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What became of the original's claims: docs/claims.md, from the evidence of the studies in `recipes/studies/`.

    python -m benchmarks.readme            write the page's answers
    python -m benchmarks.claims            draw its figure

Both train nothing: `python -m benchmarks.evidence claim-depth claim-stopping claim-order claim-activation` does.
"""

import argparse
import sys
from typing import Any

from benchmarks.common import ROOT, announce
from benchmarks.pages import Blocks, effect, has, percent, read, table

CLAIMS = ("depth", "stopping", "order", "activation")
"""The studies in `recipes/studies/`, of what the original notebook claimed."""

FIGURE = ROOT / "docs" / "images" / "claims.png"


def measured() -> dict[str, dict[str, Any]]:
    """By claim: the evidence of its study, of those that have been made."""
    return {name: read(f"claim-{name}") for name in CLAIMS if has(f"claim-{name}")}


def described(name: str) -> str:
    """What a study compares: the last paragraph of the comment that its file opens with."""
    head = (ROOT / "recipes" / "studies" / f"{name}.toml").read_text(encoding="utf-8").partition("\n\n")[0]
    return "\n".join(line.removeprefix("#").strip() for line in head.rpartition("\n#\n")[2].splitlines())


def answers() -> str:
    """A section for each claim: what was compared, and what was found."""
    sections = []
    for name, document in measured().items():
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
            f"{document['machine']['cores']} cores: [`recipes/studies/{name}.toml`](../recipes/studies/{name}.toml)."
        )
        sections.append("\n\n".join([f"## {results['title']}", described(name), table(header, rows), cost]))
    return "\n\n".join(sections)


def result(name: str) -> str:
    """The line in a study file's head that tells its result."""
    document = read(f"claim-{name}")
    verdicts = document["results"]["verdicts"]
    found = "; ".join(f"{arm}: {verdict['word']}" for arm, verdict in verdicts.items())
    return f"# Result: {found} (evidence/claim-{name}.json, results version {document['results_version']})."


BLOCKS: Blocks = {"answers": answers}


def draw() -> None:
    """A row for each arm: its effect with its interval, and the margin as a band."""
    from matplotlib.figure import Figure

    from fashionlab.reports.figures.canvas import DPI, styled
    from fashionlab.reports.figures.palette import MUTED, RULE, VERDICTS

    rows: list[tuple[str, dict[str, Any] | None]] = []
    for document in measured().values():
        rows.append((document["results"]["title"], None))
        rows += document["results"]["verdicts"].items()
    margin = next(iter(measured().values()))["results"]["margin"]
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
    draw()
    announce(f"{FIGURE.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What convolution buys, class by class, and what it costs: docs/ann-against-cnn.md, from the recipes' evidence.

    python -m benchmarks.readme                     write the page's tables and sentences
    python -m benchmarks.ann_against_cnn            draw its figure

Both train nothing: `make evidence` has trained the recipes `dense` and `cnn` with several seeds each, and evaluated
the test set once per seed (evidence/recipe-dense.json, evidence/recipe-cnn.json).
"""

import argparse
import statistics
import sys
from typing import Any

import numpy as np

from benchmarks.common import ROOT, announce
from benchmarks.pages import Blocks, has, quiet, read, table, with_range

FIGURE = ROOT / "docs" / "images" / "ann-against-cnn.png"

DENSE, CNN = "recipe-dense", "recipe-cnn"


def by_class(name: str) -> dict[str, list[float]]:
    """Test recall (a fraction) of every class, a value a seed."""
    seeds = read(name)["results"]["seeds"]
    return {label: [seed["test_recall"][label] for seed in seeds] for label in seeds[0]["test_recall"]}


def errors(name: str) -> np.ndarray:
    """Mean confusion matrix of the test set over the seeds, its diagonal 0: float [k, k], rows are true classes."""
    matrix = np.mean([seed["test_confusion"] for seed in read(name)["results"]["seeds"]], axis=0)
    return np.asarray(matrix * ~np.eye(len(matrix), dtype=bool))


def costs() -> str:
    """A row for each network: what it costs, what it gives."""
    rows = []
    for name in (DENSE, CNN):
        results = read(name)["results"]
        summary = results["summary"]
        accuracy = summary["test_accuracy"]
        rows.append(
            [
                f"`{results['model']}`",
                str(len(results["seeds"])),
                f"{results['seeds'][0]['parameters']:,}",
                f"{summary['training_seconds']['mean']:.0f}" if quiet(read(name)) else "–",
                f"{100 * accuracy['mean']:.2f} ({100 * accuracy['standard_deviation']:.2f})",
                f"{summary['test_loss']['mean']:.4f}",
            ]
        )
    header = ["recipe", "seeds", "parameters", "training, s", "test accuracy, % (standard deviation)", "test loss"]
    return table(header, rows)


def classes() -> str:
    """A row for each class, the one that gains most first."""
    dense, cnn = by_class(DENSE), by_class(CNN)
    gains = {label: 100 * (statistics.mean(cnn[label]) - statistics.mean(dense[label])) for label in dense}
    rows = []
    for label in sorted(gains, key=lambda label: -gains[label]):
        missed = [f"{1000 * (1 - statistics.mean(of[label])):.0f}" for of in (dense, cnn)]
        error = 100 * sum(statistics.variance(of[label]) / len(of[label]) for of in (dense, cnn)) ** 0.5
        rows.append([label, *missed, f"{gains[label]:+.1f}", f"{error:.1f}"])
    return table(["class", "dense: errors of 1,000", "CNN: errors of 1,000", "points gained", "standard error"], rows)


def findings() -> str:
    """What the figures say, in sentences."""
    dense, cnn = errors(DENSE), errors(CNN)
    labels = list(by_class(DENSE))
    saved = (dense + dense.T) - (cnn + cnn.T)
    a, b = np.unravel_index(np.triu(saved).argmax(), saved.shape)
    gains = {x: statistics.mean(by_class(CNN)[x]) - statistics.mean(by_class(DENSE)[x]) for x in labels}
    most, least = max(gains, key=lambda x: gains[x]), min(gains, key=lambda x: gains[x])
    shares = [(of + of.T)[a, b] for of in (dense, cnn)]
    fewer = 100 * (1 - cnn.sum() / dense.sum())
    return (
        f"On the 10,000 test images the dense network makes {dense.sum():.0f} errors (mean over the seeds) and the CNN "
        f"{cnn.sum():.0f}:\n{fewer:.0f} % fewer. {most} gains most ({100 * gains[most]:+.1f} points), {least} least "
        f"({100 * gains[least]:+.1f}). The pair that gains most is {labels[a]} and {labels[b]}:\nthe dense network "
        f"confuses them with each other {shares[0]:.0f} times, the CNN {shares[1]:.0f} times."
    )


def speed() -> str:
    """An epoch of each."""
    if not has("epoch-cnn"):
        return "Not measured yet: `python -m benchmarks.epoch --network cnn`."
    dense, cnn = (with_range(read(name)["results"]["measured"]["ours"]["seconds"]) for name in ("epoch", "epoch-cnn"))
    return (
        f"An epoch of 48,000 images takes {dense} s for the reference network (batch 64) and {cnn} s for the CNN\n"
        "(batch 128), each with the trainer that is fastest for it ([benchmarks](benchmarks.md))."
    )


BLOCKS: Blocks = {"costs": costs, "findings": findings, "classes": classes, "speed": speed}


def draw() -> Any:
    """The errors of both networks, class by class: two dots for each class, joined, and every seed as a faint one."""
    from matplotlib.figure import Figure

    from fashionlab.reports.figures.canvas import DPI, styled
    from fashionlab.reports.figures.palette import MUTED, RULE, TRAINING, VALIDATION

    dense, cnn = by_class(DENSE), by_class(CNN)
    order = sorted(dense, key=lambda label: statistics.mean(dense[label]), reverse=True)
    with styled():
        figure = Figure(figsize=(8.4, 4.6), dpi=DPI, layout="constrained")
        axes = figure.subplots()
        for row, label in enumerate(order):
            means = [100 * (1 - statistics.mean(of[label])) for of in (dense, cnn)]
            axes.plot(means, [row, row], color=RULE, linewidth=2, zorder=1)
            for values, color in ((dense[label], VALIDATION), (cnn[label], TRAINING)):
                missed = [100 * (1 - value) for value in values]
                axes.scatter(missed, [row] * len(missed), color=color, s=14, alpha=0.35, linewidths=0, zorder=2)
                axes.scatter([statistics.mean(missed)], [row], color=color, s=56, zorder=3)
        axes.set_yticks(range(len(order)), order)
        axes.set_xlim(left=0)
        axes.set_xlabel("errors, % of the class's 1,000 test images (large: mean; faint: each seed)")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=RULE, linewidth=0.6)
        axes.scatter([], [], color=VALIDATION, s=56, label="dense network")
        axes.scatter([], [], color=TRAINING, s=56, label="CNN")
        axes.legend(loc="lower right", frameon=False, labelcolor=MUTED)
        axes.set_title("What convolution buys, class by class", loc="left")
        FIGURE.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(FIGURE, metadata={"Software": None})
    return figure


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    draw()
    announce(f"{FIGURE.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

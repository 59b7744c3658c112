"""What convolution buys, class by class, and what it costs: docs/ann-against-cnn.md, from the recipes' evidence.

    python -m benchmarks.ann_against_cnn            write the page's figures and its picture

It trains nothing: `make evidence` has trained the recipes `dense` and `cnn` with several seeds each and opened
the test part once a seed (evidence/recipe-dense.json, evidence/recipe-cnn.json).
"""

import argparse
import statistics
import sys
from typing import Any

import numpy as np

from benchmarks.common import ROOT, announce
from benchmarks.readme import fill_page, has, read

PAGE = ROOT / "docs" / "ann-against-cnn.md"
PICTURE = ROOT / "docs" / "images" / "ann-against-cnn"

DENSE, CNN = "recipe-dense", "recipe-cnn"


def by_class(name: str) -> dict[str, list[float]]:
    """Test recall (a fraction) of every class, a value a seed."""
    seeds = read(name)["results"]["seeds"]
    return {label: [seed["test_recall"][label] for seed in seeds] for label in seeds[0]["test_recall"]}


def errors(name: str) -> np.ndarray:
    """Mean confusion matrix of the test part over the seeds, its diagonal 0: float [k, k], rows are true classes."""
    matrix = np.mean([seed["test_confusion"] for seed in read(name)["results"]["seeds"]], axis=0)
    return np.asarray(matrix * ~np.eye(len(matrix), dtype=bool))


def costs() -> str:
    """A row a network: what it costs, what it gives."""
    lines = [
        "| recipe | seeds | parameters | training s | test accuracy % (standard deviation) | test loss |",
        "|---|---|---|---|---|---|",
    ]
    for name in (DENSE, CNN):
        results = read(name)["results"]
        summary = results["summary"]
        accuracy = summary["test_accuracy"]
        lines.append(
            f"| `{results['model']}` | {len(results['seeds'])} | {results['seeds'][0]['parameters']:,} "
            f"| {summary['training_seconds']['mean']:.0f} | {100 * accuracy['mean']:.2f} "
            f"({100 * accuracy['standard_deviation']:.2f}) | {summary['test_loss']['mean']:.4f} |"
        )
    return "\n".join(lines)


def classes() -> str:
    """A row a class, the one that gains most first."""
    dense, cnn = by_class(DENSE), by_class(CNN)
    gains = {label: 100 * (statistics.mean(cnn[label]) - statistics.mean(dense[label])) for label in dense}
    lines = [
        "| class | dense: errors of 1,000 | CNN: errors of 1,000 | points gained | standard error |",
        "|---|---|---|---|---|",
    ]
    for label in sorted(gains, key=lambda label: -gains[label]):
        missed = [1000 * (1 - statistics.mean(of[label])) for of in (dense, cnn)]
        error = 100 * sum(statistics.variance(of[label]) / len(of[label]) for of in (dense, cnn)) ** 0.5
        lines.append(f"| {label} | {missed[0]:.0f} | {missed[1]:.0f} | {gains[label]:+.1f} | {error:.1f} |")
    return "\n".join(lines)


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
        f"Where the dense network makes {dense.sum():.0f} errors on the 10,000 test pictures (mean of seeds), the "
        f"CNN makes {cnn.sum():.0f}:\n{fewer:.0f} % fewer. {most} gains most ({100 * gains[most]:+.1f} points), {least}"
        f" least ({100 * gains[least]:+.1f}). The pair that gains most is {labels[a]} and {labels[b]}:\ntaken for each "
        f"other {shares[0]:.0f} times by the dense network and {shares[1]:.0f} times by the CNN."
    )


def speed() -> str:
    """An epoch of either."""
    if not has("epoch-cnn"):
        return "How long an epoch takes, side by side with other libraries: `python -m benchmarks.epoch --network cnn`."
    cells = []
    for name in ("epoch", "epoch-cnn"):
        ours = read(name)["results"]["measured"]["ours"]["seconds"]
        cells.append(f"{ours['median']:.1f} s ({ours['min']:.1f} to {ours['max']:.1f})")
    return (
        f"An epoch of 48,000 pictures takes {cells[0]} for the reference network (batch 64) and {cells[1]} for the CNN "
        "(batch 128),\neach in the trainer that is fastest for it (`python -m benchmarks.epoch`)."
    )


BLOCKS = {"costs": costs, "findings": findings, "classes": classes, "speed": speed}


def draw() -> Any:
    """The errors of either network, class by class: two dots a class, joined, and every seed as a faint one."""
    from matplotlib.figure import Figure

    from fashionlab.reports.drawings.style import DPI, MUTED, RULE, TRAINING, VALIDATION, styled

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
        axes.set_xlabel("errors, % of the class's 1,000 test pictures (large: mean; faint: each seed)")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=RULE, linewidth=0.6)
        axes.scatter([], [], color=VALIDATION, s=56, label="dense network")
        axes.scatter([], [], color=TRAINING, s=56, label="CNN")
        axes.legend(loc="lower right", frameon=False, labelcolor=MUTED)
        axes.set_title("What convolution buys, class by class", loc="left")
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(PICTURE.with_suffix(".png"), metadata={"Software": None})
    return figure


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    fill_page(PAGE, BLOCKS)
    draw()
    announce(f"{PAGE.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)}.png written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

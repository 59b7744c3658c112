"""The pairs themselves: both accuracies of every seed."""

from collections.abc import Sequence

from fashionlab.reports.figures.canvas import NARROW, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.lines import Box, aims
from fashionlab.reports.figures.palette import MUTED, PAPER, VERDICTS
from fashionlab.reports.figures.scales import Scale, padded
from fashionlab.reports.figures.study.marks import draw_mark
from fashionlab.reports.figures.text import SMALL, fitted, text_width
from fashionlab.reports.wording import counted, percent, signed

_BOX = Box(52, 44, 318, 206)


def pairs(
    seeds: Sequence[int], baseline: Sequence[float], arm: Sequence[float], names: tuple[str, str], name: str = "pairs"
) -> Display:
    """Baseline and arm of every seed, joined by a line: both had the same images, initial weights and order.

    seeds, baseline, arm: [n], accuracies on the held-out judging set as fractions; names: of the baseline and of the
    arm; name: the figure's own among those of a page.
    """
    differences = [100 * (b - a) for a, b in zip(baseline, arm, strict=True)]

    def draw(_: bool) -> Canvas:
        return _draw(seeds, baseline, arm, differences, names)

    return Display(name, "Pairs by seed", _described(differences, names[1]), draw, note="both runs of every seed")


def _draw(
    seeds: Sequence[int], baseline: Sequence[float], arm: Sequence[float], differences: Sequence[float],
    names: tuple[str, str],
) -> Canvas:  # fmt: skip
    n = len(seeds)
    canvas = Canvas(NARROW, 296)
    step = max(1, -(-n // 12))
    own = [(float(i + 1), str(seed)) for i, seed in enumerate(seeds) if i % step == 0]
    x = Scale(0.5, max(n, 2) + 0.5, "seed", own=own)
    y = Scale(*padded([*baseline, *arm], 0.08), "accuracy on the held-out judging set", True, most=5)
    axes = canvas.panel(_BOX.left, _BOX.top, _BOX.width, _BOX.height, x, y)
    size = 13.0 if n <= 14 else 10.0 if n <= 30 else 6.5
    across, down = canvas.places(axes)
    for i, difference in enumerate(differences):
        word, place = _word(difference), across(i + 1)
        colour = VERDICTS[word]
        canvas.line([place] * 2, (down(baseline[i]), down(arm[i])), colour, 2.0, alpha=0.55, zorder=2)
        canvas.line(
            [place], [down(baseline[i])], MUTED, marker="o", markersize=0.75 * size, markerfacecolor=PAPER,
            markeredgewidth=1.6, zorder=3,
        )  # fmt: skip
        draw_mark(canvas, word, place, down(arm[i]), 0.9 * size)
    said = [
        f"seed {seed}: {names[0]} {percent(a, 2)}, {names[1]} {percent(b, 2)}, difference {signed(d)} points"
        for seed, a, b, d in zip(seeds, baseline, arm, differences, strict=True)
    ]
    aims(canvas, axes, _BOX, range(1, n + 1), [_BOX.width / max(n, 2)] * n, said, "pairs")
    _draw_key(canvas, names)
    return canvas


def _draw_key(canvas: Canvas, names: tuple[str, str]) -> None:
    first = fitted(names[0], 110, SMALL)
    second = _BOX.left + 42 + text_width(first, SMALL)
    canvas.line([_BOX.left + 4], [6], MUTED, marker="o", markersize=9, markerfacecolor=PAPER, markeredgewidth=1.6)
    canvas.text(_BOX.left + 14, 10, first, SMALL, MUTED)
    draw_mark(canvas, "helps", second, 6, 11)
    draw_mark(canvas, "hurts", second + 14, 6, 11)
    canvas.text(second + 25, 10, fitted(names[1], NARROW - second - 27, SMALL), SMALL, MUTED)


def _word(difference: float) -> str:
    return "helps" if difference > 0 else "hurts" if difference < 0 else "no practical difference"


def _described(differences: Sequence[float], arm: str) -> str:
    if not differences:
        return "No pair of runs is finished yet."
    better, worse = (sum(sign * difference > 0 for difference in differences) for sign in (1, -1))
    span = f"from {signed(min(differences))} to {signed(max(differences))} points"
    return (
        f"In {better} of {counted(len(differences), 'pair')} {arm} is ahead, in {worse} behind; differences go {span}."
    )

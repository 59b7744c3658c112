"""An arm seed by seed: the mean so far with its interval, and the pairs themselves."""

import math
from collections.abc import Sequence

import numpy as np

from fashionlab.reports.figures.canvas import NARROW, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.lines import Box, aims
from fashionlab.reports.figures.palette import INK, MUTED, PAPER, TRAINING, VERDICTS
from fashionlab.reports.figures.scales import Scale, floats, padded
from fashionlab.reports.figures.study.effects import draw_mark
from fashionlab.reports.figures.text import SMALL, fitted, text_width
from fashionlab.reports.wording import counted, percent, signed

_BOX = Box(52, 44, 318, 206)


def estimate_after_each_seed(
    mean: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
    margin: float,
    settled: tuple[int, str] | None = None,
    name: str = "trajectory",
) -> Display:
    """The mean so far and its interval by number of seeds, the line of no effect, and the margin's shade.

    mean, low, high: percentage points [n], after 1, 2, … seeds; low and high are None while there are not enough seeds
    for an interval, which is drawn as such. settled: seeds after which the verdict was given, and its word, or None;
    name: the figure's own among those of a page.
    """
    lows, highs = floats(low), floats(high)

    def draw(_: bool) -> Canvas:
        return _draw_estimates(floats(mean), lows, highs, margin, settled)

    return Display(
        name, "Estimate after each seed", _describe_estimates(mean, lows, highs, settled), draw,
        note="shade: where the true effect lies, at this confidence",
    )  # fmt: skip


def _draw_estimates(
    mean: np.ndarray, low: np.ndarray, high: np.ndarray, margin: float, settled: tuple[int, str] | None
) -> Canvas:
    n = len(mean)
    known = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    canvas, last = Canvas(NARROW, 296), max(n, 2)
    step = max(1, -(-last // 12))
    x = Scale(0.5, last + 0.5, "number of seeds", own=[(float(i), str(i)) for i in range(step, last + 1, step)])
    y = Scale(*_ends(mean, low, high, known, margin), "effect (percentage points)")
    axes = canvas.panel(_BOX.left, _BOX.top, _BOX.width, _BOX.height, x, y, clip=True, raised=20)
    axes.axhspan(-margin, margin, facecolor=MUTED, alpha=0.16, linewidth=0, zorder=0.6)
    axes.hlines(
        [-margin, margin], x.low, x.high, colors=MUTED, linewidth=1, linestyles=(0, (2, 3)), alpha=0.8, zorder=0.7
    )
    axes.hlines([0], x.low, x.high, colors=INK, linewidth=1.5, zorder=0.8)
    across, down = canvas.places(axes)
    if unknown := int(known[0]) if len(known) else n:
        first = [down(value) for value in mean[:unknown]]
        taken = [(min(first) - 8, max(first) + 8)] if len(first) else []
        _draw_unknown(canvas, across(unknown + 0.5) - _BOX.left, unknown, [*taken, (down(margin), down(-margin))])
    if len(known) == 1:
        axes.vlines(known + 1, low[known], high[known], color=TRAINING, alpha=0.4, linewidth=8, gid="band")
    elif len(known):
        axes.fill_between(known + 1, low[known], high[known], color=TRAINING, alpha=0.22, linewidth=0, gid="band")
    at = np.arange(1, n + 1)
    axes.plot(
        at,
        mean,
        color=TRAINING,
        linewidth=2,
        marker="o",
        markersize=6.5 if n <= 40 else 3.5,
        markeredgewidth=0,
        gid="mean",
    )
    if settled:
        place = across(settled[0])
        late = place > _BOX.left + 0.5 * _BOX.width
        canvas.line([place] * 2, (_BOX.top - 6, _BOX.top + _BOX.height), MUTED, 1.1, linestyle=(0, (3, 3)))
        text = fitted(f"“{settled[1]}” from here on", 200, SMALL)
        canvas.text(place + (4 if late else -4), _BOX.top - 9, text, SMALL, MUTED, "right" if late else "left")
    said = [_said(i, mean, low, high) for i in range(n)]
    aims(canvas, axes, _BOX, list(at), [_BOX.width / last] * n, said, "seeds")
    return canvas


def _draw_unknown(canvas: Canvas, width: float, seeds: int, taken: Sequence[tuple[float, float]]) -> None:
    """The seeds that are too few for an interval, with words where there is most room. taken: from where to where
    something else is drawn, points.
    """
    canvas.rectangle(_BOX.left, _BOX.top, width, _BOX.height, MUTED, 0.09, gid="unknown", zorder=0.55)
    canvas.hovers["unknown"] = f"After {counted(seeds, 'seed')}: not enough seeds for an interval"
    lines = ["not enough seeds for an interval"] if width > 200 else ["not enough", "seeds for", "an interval"]
    if width <= 70:
        return
    free, begin = [], _BOX.top
    for first, last in [*sorted(taken), (_BOX.top + _BOX.height, math.inf)]:
        free.append((first - begin, (begin + first) / 2))
        begin = max(begin, last)
    middle = max(free)[1]
    for number, line in enumerate(lines):
        canvas.text(
            _BOX.left + width / 2, middle + 4 + 14 * (number - (len(lines) - 1) / 2), line, SMALL, MUTED, "center"
        )


def _ends(mean: np.ndarray, low: np.ndarray, high: np.ndarray, known: np.ndarray, margin: float) -> tuple[float, float]:
    shown = [-1.3 * margin, 1.3 * margin, *mean.tolist()]
    if len(known):
        # The first intervals are several times wider than the last: they may leave the panel.
        width = max(high[known[-1]] - low[known[-1]], 2 * margin)
        shown += [end for i in known for end in (low[i], high[i]) if high[i] - low[i] <= 3 * width]
        shown += [low[known[-1]], high[known[-1]]]
    return padded([float(value) for value in shown])


def _describe_estimates(
    mean: Sequence[float], low: np.ndarray, high: np.ndarray, settled: tuple[int, str] | None
) -> str:
    if not len(mean):
        return "No pair of runs is finished yet."
    said = f"After {counted(len(mean), 'seed')} the mean effect is {signed(mean[-1])} points"
    known = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    if not len(known):
        return f"{said}; not enough seeds for an interval."
    first, last = (f"{signed(low[i])} to {signed(high[i])}" for i in (known[0], known[-1]))
    fell = f"; the verdict “{settled[1]}” was given after {counted(settled[0], 'seed')}" if settled else ""
    return f"{said}; the first interval, after {known[0] + 1} seeds, is {first}, the last {last}{fell}."


def _said(i: int, mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> str:
    bounded = math.isfinite(low[i]) and math.isfinite(high[i])
    bounds = f"interval {signed(low[i])} to {signed(high[i])}" if bounded else "not enough seeds for an interval"
    return f"after {counted(i + 1, 'seed')}: mean {signed(mean[i])}, {bounds}"


def pairs(
    seeds: Sequence[int], baseline: Sequence[float], arm: Sequence[float], names: tuple[str, str], name: str = "pairs",
    measure: str = "accuracy on the held-out judging set",
) -> Display:  # fmt: skip
    """Baseline and arm of every seed, joined by a line: both had the same images, initial weights and order.

    seeds, baseline, arm: [n], accuracies as fractions; names: of the baseline and of the arm; name: the figure's own
    among those of a page; measure: what the accuracies are.
    """
    differences = [100 * (b - a) for a, b in zip(baseline, arm, strict=True)]

    def draw(_: bool) -> Canvas:
        return _draw_pairs(seeds, baseline, arm, differences, names, measure)

    return Display(name, "Pairs by seed", _describe_pairs(differences, names[1]), draw, note="both runs of every seed")


def _draw_pairs(
    seeds: Sequence[int], baseline: Sequence[float], arm: Sequence[float], differences: Sequence[float],
    names: tuple[str, str], measure: str,
) -> Canvas:  # fmt: skip
    n = len(seeds)
    canvas = Canvas(NARROW, 296)
    step = max(1, -(-n // 12))
    own = [(float(i + 1), str(seed)) for i, seed in enumerate(seeds) if i % step == 0]
    x = Scale(0.5, max(n, 2) + 0.5, "seed", own=own)
    y = Scale(*padded([*baseline, *arm], 0.08), measure, True, most=5)
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


def _describe_pairs(differences: Sequence[float], arm: str) -> str:
    if not differences:
        return "No pair of runs is finished yet."
    better, worse = (sum(sign * difference > 0 for difference in differences) for sign in (1, -1))
    span = f"from {signed(min(differences))} to {signed(max(differences))} points"
    return (
        f"In {better} of {counted(len(differences), 'pair')} {arm} is ahead, in {worse} behind; differences go {span}."
    )

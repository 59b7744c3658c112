"""An arm's interval after every seed: what was known when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fashionlab.reports.charts.axes import Axis, Frame, label, number, padded, wrap
from fashionlab.reports.study import words


@dataclass(frozen=True)
class Shrinking:
    """The mean so far and its interval by number of seeds, the line of no effect, and the margin's shade.

    trajectory: lists of seed, mean, low and high; low and high are None while nothing can be said, which is drawn as
    such. margin: percentage points. settled: pairs after which the verdict was said, and its word, or None.
    """

    title: str
    trajectory: Mapping[str, Sequence[Any]]
    margin: float
    settled: tuple[int, str] | None = None

    def describe(self) -> str:
        """First bounds, last bounds, and when the verdict fell."""
        low, high, mean = (self.trajectory[key] for key in ("low", "high", "mean"))
        known = self._bounded()
        if not mean:
            return "No pair of runs is finished yet."
        said = f"After {words.counted(len(mean), 'seed')} the mean effect is {words.signed(mean[-1])} points"
        if not known:
            return f"{said}; too few seeds for an interval."
        first, last = (f"{words.signed(low[i])} to {words.signed(high[i])}" for i in (known[0], known[-1]))
        begin = f"; the first interval, after {known[0] + 1} seeds, is {first}, the last {last}"
        fell = f"; “{self.settled[1]}” was said after {words.counted(self.settled[0], 'seed')}" if self.settled else ""
        return f"{said}{begin}{fell}."

    def svg(self) -> str:
        """The chart; earlier, much wider intervals may run out of it."""
        n = len(self.trajectory["mean"])
        last = max(n, 2)
        counts = [(float(i), str(i)) for i in range(1, last + 1) if i % max(1, -(-last // 12)) == 0]
        seeds = Axis(0.5, last + 0.5, "number of seeds", own=counts)
        frame = Frame(seeds, self._scale(), left=62, top=22, width=346, height=205)
        known = self._bounded()
        inside = [*self._ground(frame), *self._unknown(frame, known[0] if known else n)]
        if known:
            inside.append(self._band(frame, known))
        inside.extend(self._mean(frame))
        parts = frame.draw()
        # A drawing within the drawing cuts off what runs out of the frame, without an identifier of its own.
        x, y, width, height = (number(v) for v in (frame.left, frame.top, frame.width, frame.height))
        box = f'x="{x}" y="{y}" width="{width}" height="{height}" viewBox="{x} {y} {width} {height}"'
        parts.append(f'<svg class="inner" aria-hidden="true" {box}>{"".join(inside)}</svg>')
        if self.settled:
            place, _ = frame.at(self.settled[0], frame.y.low)
            late = place > frame.left + frame.width * 0.6
            parts.append(
                f'<path class="mark" d="M{number(place)} {number(frame.top - 6)}V{number(frame.top + frame.height)}"/>'
            )
            text = f"“{self.settled[1]}” from here on"
            parts.append(label(place + (4 if late else -4), frame.top - 9, text, "note", "end" if late else "start"))
        return wrap(parts, 420, frame.top + frame.height + 44, self.title, self.describe())

    def _bounded(self) -> list[int]:
        ends = zip(self.trajectory["low"], self.trajectory["high"], strict=True)
        return [i for i, (low, high) in enumerate(ends) if low is not None and high is not None]

    def _scale(self) -> Axis:
        known, (low, high) = self._bounded(), (self.trajectory["low"], self.trajectory["high"])
        shown = [-1.3 * self.margin, 1.3 * self.margin, *self.trajectory["mean"]]
        if known:
            # The first intervals are several times wider than the last: they may leave the frame.
            width = max(high[known[-1]] - low[known[-1]], 2 * self.margin)
            shown += [end for i in known for end in (low[i], high[i]) if high[i] - low[i] <= 3 * width]
            shown += [low[known[-1]], high[known[-1]]]
        return Axis(*padded(shown), "effect (percentage points)")

    def _ground(self, frame: Frame) -> list[str]:
        left, right = frame.left, frame.left + frame.width
        _, top = frame.at(1, self.margin)
        _, bottom = frame.at(1, -self.margin)
        _, zero = frame.at(1, 0)
        return [
            f'<rect class="margin" x="{number(left)}" y="{number(top)}" width="{number(frame.width)}" '
            f'height="{number(bottom - top)}"/>',
            f'<path class="edge" d="M{number(left)} {number(top)}H{number(right)}M{number(left)} {number(bottom)}'
            f'H{number(right)}"/>',
            f'<path class="zero" d="M{number(left)} {number(zero)}H{number(right)}"/>',
        ]

    def _unknown(self, frame: Frame, seeds: int) -> list[str]:
        """The seeds that are too few to bound anything."""
        if not seeds:
            return []
        right, _ = frame.at(seeds + 0.5, 0)
        width = right - frame.left
        middle = frame.left + width / 2
        # Where the means are not.
        _, mean = frame.at(1, self.trajectory["mean"][0])
        low = mean < frame.top + frame.height / 2
        y = frame.top + (frame.height - 8 if low else 16)
        text = "no bound yet" if width > 80 else ""
        return [
            f'<rect class="unknown" x="{number(frame.left)}" y="{number(frame.top)}" width="{number(width)}" '
            f'height="{number(frame.height)}"><title>After {words.counted(seeds, "seed")}: too few to show how much '
            "is chance</title></rect>",
            label(middle, y, text, "note", "middle") if text else "",
        ]

    def _band(self, frame: Frame, known: Sequence[int]) -> str:
        low, high = self.trajectory["low"], self.trajectory["high"]
        there = [frame.at(i + 1, high[i]) for i in known]
        back = [frame.at(i + 1, low[i]) for i in reversed(known)]
        if len(known) == 1:
            (x, top), (_, bottom) = there[0], back[0]
            return f'<path class="span w-band" d="M{number(x)} {number(top)}V{number(bottom)}"/>'
        path = "L".join(f"{number(x)} {number(y)}" for x, y in [*there, *back])
        return f'<path class="interval" d="M{path}Z"/>'

    def _mean(self, frame: Frame) -> list[str]:
        means = self.trajectory["mean"]
        points = [frame.at(i + 1, mean) for i, mean in enumerate(means)]
        parts = []
        if len(points) > 1:
            path = "L".join(f"{number(x)} {number(y)}" for x, y in points)
            parts.append(f'<path class="line s-training" d="M{path}"/>')
        radius = 3.4 if len(points) <= 40 else 1.8
        column = frame.width / (frame.x.high - frame.x.low)
        for i, (x, y) in enumerate(points):
            parts.append(f'<circle class="dot s-training" cx="{number(x)}" cy="{number(y)}" r="{radius}"/>')
            parts.append(
                f'<rect class="aim" x="{number(x - column / 2)}" y="{number(frame.top)}" width="{number(column)}" '
                f'height="{number(frame.height)}"><title>{self._said(i)}</title></rect>'
            )
        return parts

    def _said(self, i: int) -> str:
        low, high = self.trajectory["low"][i], self.trajectory["high"][i]
        bounds = "no bound yet" if low is None or high is None else f"{words.signed(low)} to {words.signed(high)}"
        seeds = words.counted(i + 1, "seed")
        return f"after {seeds}: mean {words.signed(self.trajectory['mean'][i])}, interval {bounds}"

"""Confidence against accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fashionlab.reports.charts.axes import Axis, Frame, label, number, percent, wrap

FEW = 30
"""Predictions; the dot of a bin with fewer is hollow."""


@dataclass(frozen=True)
class ReliabilityDiagram:
    """How often predictions of some confidence are right; on the diagonal where confidence can be believed.

    curves: (name, bins, class of the colour), each bin with low, high, n, confidence and accuracy (both None where n
    is 0) and the ends of accuracy's 95 % interval, drawn as a whisker. The
    bars below are how many predictions of the first curve fall into each bin.
    """

    title: str
    curves: Sequence[tuple[str, Sequence[Mapping[str, Any]], str]]

    def describe(self) -> str:
        """The bins of each curve in words."""
        said = []
        for name, bins, _ in self.curves:
            filled = [b for b in bins if b["n"]]
            pairs = ", ".join(f"{percent(b['confidence'], 0)} sure: {percent(b['accuracy'], 0)} right" for b in filled)
            said.append(f"{name}: {pairs or 'no predictions'}")
        return "; ".join(said) + "."

    def svg(self) -> str:
        """The diagram above, the numbers of predictions below."""
        frame = Frame(
            Axis(0, 1, "confidence (probability of the predicted class)", True),
            Axis(0, 1, "accuracy (share that is right)", True),
            width=336, height=215,
        )  # fmt: skip
        parts = frame.draw()
        parts.append(self._line(frame, [(0, 0), (1, 1)], "diagonal"))
        parts.extend(self._counts(frame))
        most = max((b["n"] for b in self.curves[0][1]), default=0)
        parts.append(
            label(frame.left + frame.width - 30, frame.top + frame.height - 36, f"most: {most:,}", "note", "end")
        )
        for row, (name, bins, style) in enumerate(self.curves):
            points = [(b["confidence"], b["accuracy"]) for b in bins if b["n"]]
            parts.append(self._line(frame, points, f"line {style}"))
            for b in (b for b in bins if b["n"]):
                x, y = frame.at(b["confidence"], b["accuracy"])
                low, high = (frame.at(0, b[end])[1] for end in ("accuracy_low", "accuracy_high"))
                parts.append(f'<path class="whisker {style}" d="M{number(x)} {number(low)}V{number(high)}"/>')
                few = " few" if b["n"] < FEW else ""
                parts.append(
                    f'<circle class="dot {style}{few}" cx="{number(x)}" cy="{number(y)}" r="3.4"><title>{name}: '
                    f"{b['n']:,} predictions, {percent(b['confidence'])} sure on average, "
                    f"{percent(b['accuracy'])} right</title></circle>"
                )
            y = frame.top + 14 + 17 * row
            parts.append(f'<circle class="dot {style}" cx="{number(frame.left + 12)}" cy="{number(y - 4)}" r="4"/>')
            parts.append(label(frame.left + 21, y, name, f"series {style}"))
        return wrap(parts, 420, frame.top + frame.height + 44, self.title, self.describe())

    def _counts(self, frame: Frame) -> list[str]:
        bins = self.curves[0][1]
        most = max((b["n"] for b in bins), default=0) or 1
        parts = []
        for b in bins:
            left, bottom = frame.at(b["low"], 0)
            right, _ = frame.at(b["high"], 0)
            height = 46 * b["n"] / most
            parts.append(
                f'<rect class="count" x="{number(left + 1)}" y="{number(bottom - height)}" '
                f'width="{number(max(right - left - 2, 1))}" height="{number(height)}">'
                f"<title>{b['n']:,} predictions</title></rect>"
            )
        return parts

    @staticmethod
    def _line(frame: Frame, points: Sequence[tuple[float, float]], style: str) -> str:
        path = "L".join(f"{number(x)} {number(y)}" for x, y in (frame.at(*point) for point in points))
        return f'<path class="{style}" d="M{path}"/>' if path else ""

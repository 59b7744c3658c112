"""The pairs themselves: both accuracies of every seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from fashionlab.reports.charts.axes import Axis, Frame, label, number, padded, percent, short, wrap
from fashionlab.reports.study import words


@dataclass(frozen=True)
class Pairs:
    """Baseline and arm of every seed, joined by a line: both had the same pictures, weights to begin with, and order.

    pairs: seed, baseline and arm (accuracies on the judge half, fractions) and difference (percentage points) each;
    baseline, arm: their names.
    """

    title: str
    pairs: Sequence[Mapping[str, Any]]
    baseline: str
    arm: str

    def describe(self) -> str:
        """How many pairs, and in how many the arm is ahead."""
        if not self.pairs:
            return "No pair of runs is finished yet."
        better, worse = (sum(sign * p["difference"] > 0 for p in self.pairs) for sign in (1, -1))
        differences = [p["difference"] for p in self.pairs]
        span = f"from {words.signed(min(differences))} to {words.signed(max(differences))} points"
        return (
            f"In {better} of {words.counted(len(self.pairs), 'pair')} {self.arm} is ahead, in {worse} behind; "
            f"differences go {span}."
        )

    def svg(self) -> str:
        """A column a seed: ring for the baseline, filled mark for the arm, up or down."""
        n = len(self.pairs)
        values = [p[side] for p in self.pairs for side in ("baseline", "arm")]
        frame = Frame(
            Axis(0.5, max(n, 2) + 0.5, "seed", own=self._seeds()),
            Axis(*padded(values, 0.08), "accuracy on the judge half", True, most=5),
            left=80, top=22, width=328, height=205,
        )  # fmt: skip
        parts = frame.draw()
        size = 1.0 if n <= 14 else 0.75 if n <= 30 else 0.5
        column = frame.width / (frame.x.high - frame.x.low)
        for place, pair in enumerate(self.pairs, 1):
            x, before = frame.at(place, pair["baseline"])
            _, after = frame.at(place, pair["arm"])
            word = "helps" if pair["difference"] > 0 else "hurts" if pair["difference"] < 0 else "undecided"
            style = words.STYLES[word] if pair["difference"] else "w-same"
            parts.append(f'<path class="join {style}" d="M{number(x)} {number(before)}V{number(after)}"/>')
            parts.append(f'<circle class="ring" cx="{number(x)}" cy="{number(before)}" r="{number(5 * size)}"/>')
            parts.append(_mark(word, style, x, after, 0.85 * size))
            parts.append(
                f'<rect class="aim" x="{number(x - column / 2)}" y="{number(frame.top)}" width="{number(column)}" '
                f'height="{number(frame.height)}"><title>{escape(self._said(pair))}</title></rect>'
            )
        return wrap(
            [*parts, *self._legend(frame.left)], 420, frame.top + frame.height + 44, self.title, self.describe()
        )

    def _legend(self, left: float) -> list[str]:
        # As many letters as there is room for.
        first = short(self.baseline, 14)
        second = short(self.arm, 34 - len(first))
        at = left + 32 + 7.2 * len(first)
        return [
            f'<circle class="ring" cx="{number(left + 5)}" cy="9" r="5"/>',
            label(left + 15, 13, first, "note"),
            _mark("helps", "w-helps", at, 9, 0.8),
            _mark("hurts", "w-hurts", at + 14, 9, 0.8),
            label(at + 24, 13, second, "note"),
        ]

    def _seeds(self) -> list[tuple[float, str]]:
        """The seeds' own numbers below the columns, as many as there is room for."""
        step = max(1, -(-len(self.pairs) // 14))
        return [
            (float(place), str(pair["seed"])) for place, pair in enumerate(self.pairs, 1) if (place - 1) % step == 0
        ]

    def _said(self, pair: Mapping[str, Any]) -> str:
        both = f"{self.baseline} {percent(pair['baseline'], 2)}, {self.arm} {percent(pair['arm'], 2)}"
        return f"seed {pair['seed']}: {both}, difference {words.signed(pair['difference'])} points"


def _mark(word: str, style: str, x: float, y: float, size: float) -> str:
    place = f"translate({number(x)} {number(y)}) scale({size:g})"
    return f'<path class="solid {style}" transform="{place}" d="{words.SHAPES[word]}"/>'

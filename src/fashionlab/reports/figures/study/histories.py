"""Curves of several runs in one picture: loss and accuracy in training and validation, a colour for each name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fashionlab.reports.figures.canvas import NARROW, WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.lines import Box, Curve, Dash, described, draw_curves, steps
from fashionlab.reports.figures.palette import PAPER, SERIES
from fashionlab.reports.figures.run.curves import MEASURED
from fashionlab.reports.figures.scales import Scale, floats, padded, tick_text
from fashionlab.reports.figures.text import TEXT, fitted, text_width
from fashionlab.reports.wording import counted, percent
from fashionlab.text import one_line

FEW = 4
"""Runs of one name that are drawn one by one; of more than that the standard deviation says something."""

_PANELS = {
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
    "loss": "training loss",
    "accuracy": "training accuracy",
}
"""Columns of a history, in the order of their panels."""

_DASHES: tuple[Dash, ...] = ("-", (0, (6, 2)), (0, (6, 2, 1, 2)))
"""For the names that come after all colours have been used once, and twice."""

_ROW, _TALL = 262.0, 184.0
"""Points from one row of panels to the next, and of a panel."""

_NAME = 80.0
"""Points of a name beside the end of its line; the legend has it in full."""

_STRIP = 112.0
"""Points of the panel with the numbers of runs."""

_SAMPLE = 30.0
"""Points of a line in the legend."""

_LEGEND = 19.0
"""Points of a line of the legend."""


@dataclass(frozen=True)
class Learned:
    """The runs of one name. histories: of each run its columns (`loss`, `val_loss` in nats or what else the loss is in;
    `accuracy`, `val_accuracy`, fractions), a number for each epoch, NaN or None for none; a column may be lacking.
    short: what stands at the ends of its lines, where the name is too long for that; the legend has the name."""

    name: str
    histories: Sequence[Mapping[str, Sequence[float | None]]]
    short: str = ""


@dataclass(frozen=True)
class Averaged:
    """One column of the runs of one name, by epoch, as arrays [longest run].

    each: [runs, longest], NaN after a run's end; mean, deviation (n - 1 in its denominator, NaN below two values): of
    the runs still training; n: how many these are.
    """

    each: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    n: np.ndarray

    @property
    def whole(self) -> int | None:
        """The last place with a value of every run that has any, None if that is where all end."""
        known = np.flatnonzero(self.n)
        full = np.flatnonzero(self.n == self.n.max(initial=0))
        return int(full[-1]) if len(known) and full[-1] < known[-1] else None


def average(columns: Sequence[Sequence[float | None]], length: int) -> Averaged:
    """The mean of runs that may be of different lengths, at each epoch over those that have a value there.

    No run's end is filled in: where one has stopped, the mean is that of the others.
    """
    each = np.full((len(columns), length), np.nan)
    for row, column in zip(each, columns, strict=True):
        row[: len(column)] = floats(column)
    known = np.isfinite(each)
    n = known.sum(axis=0)
    total = np.where(known, each, 0.0).sum(axis=0)
    mean = np.divide(total, n, out=np.full(length, np.nan), where=n > 0)
    squares = np.where(known, (each - mean) ** 2, 0.0).sum(axis=0)
    deviation = np.sqrt(np.divide(squares, n - 1, out=np.full(length, np.nan), where=n > 1))
    return Averaged(np.where(known, each, np.nan), mean, deviation, n)


def histories(learned: Sequence[Learned], unit: str = "epoch", name: str = "histories", nats: bool = True) -> Display:
    """Loss and accuracy of validation and training by epoch, for each name the mean of its runs and their spread.

    Up to `FEW` runs of a name are drawn as thin lines, more as a band of one standard deviation to either side. Runs
    that ended early count as long as they trained: from the first end on the mean is dotted, and a panel says of how
    many runs it is. unit: what is counted, "epoch" or "round"; name: the figure's own among those of a page; nats:
    whether the losses are in nats. Columns that no run has are left out. Raises ValueError where there is no run with
    a history.
    """
    learned = [replace(each, name=one_line(each.name)) for each in learned]
    lengths = [[max(map(len, history.values()), default=0) for history in each.histories] for each in learned]
    longest = max((length for row in lengths for length in row), default=0)
    if not longest:
        raise ValueError("given no run that has a history, expected at least one")
    found = {
        column: [average([history.get(column, ()) for history in each.histories], longest) for each in learned]
        for column in _PANELS
    }
    shown = {column: parts for column, parts in found.items() if any(part.n.any() for part in parts)}
    ragged = any(len(set(row)) > 1 for row in lengths)
    training = [np.array([sum(length >= at for length in row) for at in range(1, longest + 1)]) for row in lengths]
    drawing = _Drawing(learned, shown, training if ragged else None, unit, nats)
    return Display(
        name, f"Training and validation by {unit}", drawing.in_words(), drawing.draw, note=drawing.note(), narrow=True
    )


@dataclass(frozen=True)
class _Drawing:
    """training: runs still training by epoch, for each name; None where all of a name end together."""

    learned: Sequence[Learned]
    shown: Mapping[str, Sequence[Averaged]]
    training: Sequence[np.ndarray] | None
    unit: str
    nats: bool

    def draw(self, narrow: bool) -> Canvas:
        width = NARROW if narrow else WIDE
        legend = self._legend(width)
        top = _LEGEND * (legend[-1][1] + 1) + 10 if legend else 0.0
        across = 1 if narrow else 2
        rows = -(-len(self.shown) // across)
        canvas = Canvas(width, top + _ROW * rows + (_STRIP if self.training else 0) - 5)
        for x, line, number, text in legend:
            y = _LEGEND * line + 9
            canvas.line((x, x + _SAMPLE), (y, y), _colour(number), 2.4, linestyle=_dash(number))
            canvas.text(x + _SAMPLE + 6, y + 4, text, TEXT, _colour(number), weight="bold")
        for place, column in enumerate(self.shown):
            left = (width - NARROW) * (place % across)
            self._panel(canvas, Box(left + 50, top + _ROW * (place // across) + 36, 252, _TALL), column)
        if self.training:
            self._count(canvas, Box(50, top + _ROW * rows + 30, width - 138, 38))
        return canvas

    def _panel(self, canvas: Canvas, box: Box, column: str) -> None:
        parts, say = self.shown[column], _say_of(column)
        at = list(range(1, len(parts[0].n) + 1))
        curves = self._curves(column)
        axes = draw_curves(
            canvas, box, at, curves, steps(at, self.unit), self._scale(column), column, say, raised=8,
            said=[self._said(column, i, say) for i in range(len(at))],
        )  # fmt: skip
        for number, part in enumerate(parts):
            colour, gid = _colour(number), f"{column}-{number}"
            best = self._best(number)
            if best is not None and column.startswith("val_") and np.isfinite(part.mean[best]):
                axes.plot(
                    at[best], part.mean[best], "o", color=colour, markersize=9, markeredgecolor=PAPER,
                    markeredgewidth=1.5, gid=f"best-{gid}", zorder=3,
                )  # fmt: skip
            if 1 < len(part.each) <= FEW:
                for run, values in enumerate(part.each):
                    axes.plot(at, values, color=colour, linewidth=0.9, alpha=0.5, gid=f"run-{gid}-{run}", zorder=1.5)
            elif len(part.each) > FEW and (part.n > 1).any():
                axes.fill_between(
                    at, part.mean - part.deviation, part.mean + part.deviation, color=colour, alpha=0.16, linewidth=0,
                    gid=f"band-{gid}", zorder=0.8,
                )  # fmt: skip

    def _best(self, number: int) -> int | None:
        """The place of the first lowest validation loss of a name that has a single run."""
        parts = self.shown.get("val_loss")
        if parts is None or len(parts[number].each) != 1 or not parts[number].n.any():
            return None
        return int(np.nanargmin(parts[number].mean))

    def _count(self, canvas: Canvas, box: Box) -> None:
        assert self.training is not None
        most = max(int(counts.max()) for counts in self.training)
        at = list(range(1, len(self.training[0]) + 1))
        y = Scale(0, most, "runs still training", own=[(0.0, "0"), (float(most), str(most))])
        curves = [
            Curve(each.name, np.where(counts > 0, counts, np.nan), _colour(number), dash=_dash(number))
            for number, (each, counts) in enumerate(zip(self.learned, self.training, strict=True))
        ]
        draw_curves(canvas, box, at, curves, steps(at, self.unit), y, "count", lambda n: f"{n:.0f}", names=False)

    def _curves(self, column: str) -> list[Curve]:
        return [
            Curve(
                fitted(each.short or each.name, _NAME, TEXT, "bold"), part.mean, _colour(number), dash=_dash(number),
                dotted_from=part.whole,
            )
            for number, (each, part) in enumerate(zip(self.learned, self.shown[column], strict=True))
        ]  # fmt: skip

    def _scale(self, column: str) -> Scale:
        values: list[float] = []
        for part in self.shown[column]:
            if len(part.each) > FEW:
                values += [*(part.mean - part.deviation).tolist(), *(part.mean + part.deviation).tolist()]
            values += (part.mean if len(part.each) > FEW else part.each.ravel()).tolist()
        low, high = padded(values)
        accuracy = column.endswith("accuracy")
        label = _PANELS[column] + (" (nats)" if self.nats and not accuracy else "")
        return Scale(low, min(high, 1.0) if accuracy else high, label, accuracy)

    def _said(self, column: str, i: int, say: Callable[[float], str]) -> str:
        said = []
        for each, part in zip(self.learned, self.shown[column], strict=True):
            if not part.n[i]:
                continue
            text = f"{each.name} {say(float(part.mean[i]))}"
            if part.n[i] > 1:
                text += f" ± {say(float(part.deviation[i]))}"
            if len(part.each) > 1:
                text += f" ({part.n[i]} of {len(part.each)} runs)"
            said.append(text)
        return f"{self.unit} {tick_text(i + 1, False)}: {', '.join(said) or 'no value'}"

    def _legend(self, width: float) -> list[tuple[float, int, int, str]]:
        """For each name its place, points, its line, its number and its text; none if the lines have the only name."""
        if len(self.learned) < 2 and not self.learned[0].short:
            return []
        found, x, line = [], 0.0, 0
        for number, each in enumerate(self.learned):
            many = f" ({counted(len(each.histories), 'run')})" if len(each.histories) != 1 else ""
            name = fitted(each.name, width - _SAMPLE - 10 - text_width(many, TEXT, "bold"), TEXT, "bold")
            wide = _SAMPLE + 6 + text_width(name + many, TEXT, "bold")
            if x and x + wide > width:
                x, line = 0.0, line + 1
            found.append((x, line, number, name + many))
            x += wide + 20
        return found

    def in_words(self) -> str:
        said = []
        for number, each in enumerate(self.learned):
            parts = [
                described([Curve(_PANELS[column], parts[number].mean, "")], _say_of(column))
                for column, parts in self.shown.items()
                if parts[number].n.any()
            ]
            many = f" (mean of {len(each.histories)} runs)" if len(each.histories) > 1 else ""
            said.append(f"{each.name}{many}: {', '.join(parts) or 'no values'}")
        return "; ".join(said) + "."

    def note(self) -> str:
        many = [len(each.histories) for each in self.learned]
        said = []
        if any(1 < n <= FEW for n in many):
            said.append("Thin lines are single runs, the thick one is their mean.")
        if any(n > FEW for n in many):
            said.append("A line is the mean of the runs, its band one standard deviation of a run to either side.")
        if self.training:
            said.append(
                f"Runs that stopped early count as long as they trained: where a line is dotted, some of its runs have "
                f"stopped and it is the mean of the others. The last panel says how many these are at each {self.unit}."
            )
        if any(self._best(number) is not None for number in range(len(many))):
            said.append(f"A large dot marks the {self.unit} of the lowest validation loss of a run.")
        return " ".join([*said, "Each panel has a scale of its own.", MEASURED[self.unit]])


def _say_of(column: str) -> Callable[[float], str]:
    return percent if column.endswith("accuracy") else lambda value: f"{value:.3f}"


def _colour(number: int) -> str:
    return SERIES[number % len(SERIES)]


def _dash(number: int) -> Dash:
    return _DASHES[number // len(SERIES) % len(_DASHES)]

"""What figures are drawn on: a matplotlib figure measured in points, with plain panels and text taken literally.

Panels are matplotlib axes, but their ticks, grid and names are drawn here, by far fewer artists: matplotlib's own take
three quarters of the time that a chart needs (28 of 36 ms as SVG), and a page has dozens of them.
"""

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from fashionlab.reports.figures import scripts
from fashionlab.reports.figures.palette import INK, MUTED, PAPER, RULE
from fashionlab.reports.figures.scales import Scale
from fashionlab.reports.figures.text import SMALL, TEXT, TITLE, shown, text_width, wrapped

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

NARROW, WIDE = 390.0, 820.0
"""Widths of figures, points: one column (a phone, half of a page), and the whole page."""

MARGIN = 12.0
"""Points around a figure that stands alone."""

DPI = 144
"""Device pixels an inch, of PNGs."""

_SETTINGS = {
    "font.family": scripts.OWN,  # which is wide: what fits in it fits in a page's own font
    "font.size": TEXT,
    "text.usetex": False,
    "text.parse_math": False,  # a class named $\alpha$ is shown as it is written
    "text.color": INK,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "savefig.bbox": "standard",
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",  # text stays text: it can be searched, read aloud and restyled
    "svg.hashsalt": "fashionlab",  # without it every SVG gets identifiers of its own
}

_drawing = threading.RLock()
_depth = 0


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib's defaults and our settings, whatever the user's own matplotlibrc says, restored afterwards.

    One thread at a time: these settings are matplotlib's for the whole process. May be nested, which costs nothing.
    """
    global _depth
    import matplotlib

    with _drawing:
        _depth += 1
        try:
            if _depth > 1:
                yield
                return
            # An SVG has names as text, whatever the fonts here lack, and a PNG has stand-ins. For good, because another
            # thread's `catch_warnings` would undo what stands in one here.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            with matplotlib.rc_context():
                given = matplotlib.rcParams
                given.update({name: value for name, value in _settings().items() if given[name] != value})
                yield
        finally:
            _depth -= 1


@cache
def _settings() -> dict[str, Any]:
    """All of matplotlib's settings as figures have them. Only those that differ are set: to set all takes 12 ms."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        return {name: value for name, value in matplotlib.rcParams.items() if not name.startswith("backend")}


class Canvas:
    """A drawing in the making. Places are points from the upper left corner, values are a panel's own.

    hovers: what is said when something is pointed at: by gid, one text, or one for each mark in it. lacking: characters
    that no font here has.
    """

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D

        self.width, self.height, self.header, self.margin = width, height, 0.0, 0.0
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=DPI)
        self.hovers: dict[str, str | Sequence[str]] = {}
        self.lacking = ""
        FigureCanvasAgg(self.figure)
        # From the lower edge up: a heading that is put on top later moves nothing; a margin shifts all.
        self._shift = Affine2D()
        inches = Affine2D().scale(1 / 72, -1 / 72).translate(0, height / 72)
        self.points = inches + self._shift + self.figure.dpi_scale_trans
        self._boxes: list[tuple[Axes, float, float, float, float]] = []
        self._clipping: list[Axes] = []
        self._pictures: Axes | None = None

    def text(
        self, x: float, y: float, text: str, size: float = TEXT, colour: str = INK, ha: str = "left", **font: Any
    ) -> None:
        """One line of text, taken literally, on a baseline."""
        text = shown(text)
        self.lacking += scripts.lacking(text)
        if len(fonts := scripts.families(text)) > 1:
            font["fontfamily"] = fonts
        self.figure.text(
            x, y, text, fontsize=size, color=colour, ha=ha, va="baseline", transform=self.points,
            **{"parse_math": False, "rotation_mode": "anchor", **font},
        )  # fmt: skip

    def line(
        self, xs: Sequence[float], ys: Sequence[float], colour: str = RULE, width: float = 1.0, **more: Any
    ) -> None:
        """A line through places, not values."""
        from matplotlib.lines import Line2D

        more = {"solid_capstyle": "butt", **more}
        self.figure.add_artist(Line2D(xs, ys, color=colour, linewidth=width, transform=self.points, **more))

    def rectangle(
        self, left: float, top: float, width: float, height: float, colour: str, alpha: float = 1.0, **more: Any
    ) -> None:
        """A filled rectangle without a border."""
        from matplotlib.colors import to_rgba
        from matplotlib.patches import Rectangle

        self.figure.add_artist(
            Rectangle(
                (left, top), width, height, facecolor=to_rgba(colour, alpha), linewidth=0, transform=self.points, **more
            )
        )

    def squares(self, corners: Sequence[tuple[float, float]], side: float, colour: str, alpha: float = 1.0) -> None:
        """Squares of one colour as one shape. corners: their upper left ones."""
        from matplotlib.colors import to_rgba
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        around = ((0, 0), (side, 0), (side, side), (0, side), (0, 0))
        vertices = [(x + dx, y + dy) for x, y in corners for dx, dy in around]
        codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(corners)
        shape = Path(vertices, codes)
        self.figure.add_artist(PathPatch(shape, facecolor=to_rgba(colour, alpha), linewidth=0, transform=self.points))

    def aim(self, gid: str, left: float, top: float, width: float, height: float, said: str) -> None:
        """An area that is seen only when it is pointed at, and says something then."""
        self.rectangle(left, top, width, height, MUTED, 0.0, gid=gid)
        self.hovers[gid] = said

    def bare(self, left: float, top: float, width: float, height: float) -> "Axes":
        """Axes without ticks, names or clipping, at a place."""
        axes = self.figure.add_axes(self._fractions(left, top, width, height), zorder=1)
        axes.set_axis_off()
        self._boxes.append((axes, left, top, width, height))
        return axes

    def panel(
        self, left: float, top: float, width: float, height: float, x: Scale, y: Scale, clip: bool = False,
        raised: float = 0.0,
    ) -> "Axes":  # fmt: skip
        """Axes with our own ticks, grid and names: that of y above its axis, that of x below.

        clip: cut off what runs out of it; raised: by how much the name of y is higher than usual.
        """
        axes = self.bare(left, top, width, height)
        self._clipping += [axes] if clip else []
        for scale, direction in ((x, "x"), (y, "y")):
            if scale.logarithmic:
                axes.set(**{f"{direction}scale": "log"})
            axes.set(**{f"{direction}lim": (scale.low, scale.high)})
        bottom, right = top + height, left + width
        across, down = self.places(axes)
        reach = left
        for value, text in y.ticks():
            place = down(value)
            if bottom - place > 2:  # the axis stands there
                self.line((left, right), (place, place), RULE, 0.9, zorder=0.5)
            self.text(left - 6, place + 4, text, SMALL, MUTED, "right")
            reach = min(reach, left - 6 - text_width(text, SMALL))
        for value, text in x.ticks():
            place = across(value)
            self.line((place, place), (bottom, bottom + 4), MUTED, 0.9)
            self.text(place, bottom + 16, text, SMALL, MUTED, "center")
        self.line((left, right), (bottom, bottom), MUTED, 0.9, zorder=0.6)
        self.text(max(0.0, reach), top - 12 - raised, y.label, SMALL, MUTED)
        self.text(left + width / 2, bottom + 33, x.label, SMALL, MUTED, "center")
        return axes

    def places(self, axes: "Axes") -> tuple[Any, Any]:
        """Functions that turn a panel's values of x, and of y, into places."""
        left, top, width, height = next(box for known, *box in self._boxes if known is axes)
        (low, high), (bottom, upper) = axes.get_xlim(), axes.get_ylim()
        x, y = axes.get_xaxis().get_transform(), axes.get_yaxis().get_transform()

        def across(value: float) -> float:
            first, last = x.transform([low, high])
            return float(left + width * (x.transform([value])[0] - first) / (last - first))

        def down(value: float) -> float:
            first, last = y.transform([bottom, upper])
            return float(top + height * (1 - (y.transform([value])[0] - first) / (last - first)))

        return across, down

    def head(self, title: str, note: str) -> None:
        """Put a title and a note above the drawing, and a margin around all, by which the figure grows.

        Lines are broken where they must be.
        """
        lines = [(text, TITLE, INK, "bold", 19.0) for text in wrapped(title, self.width - 4, TITLE, "bold")]
        lines += [(text, SMALL, MUTED, "normal", 15.0) for text in wrapped(note, self.width - 4, SMALL)]
        self.header = sum(step for *_, step in lines) + (12.0 if lines else 0.0)
        y = -self.header
        for text, size, colour, weight, step in lines:
            y += step
            self.text(2, y - 3, text, size, colour, weight=weight, gid=f"head-{y:.0f}")
        self.margin = MARGIN
        self._shift.translate(MARGIN / 72, MARGIN / 72)
        whole = self.height + self.header + 2 * MARGIN
        self.figure.set_size_inches((self.width + 2 * MARGIN) / 72, whole / 72)
        for axes, *box in self._boxes:
            axes.set_position(self._fractions(*box))

    def image(self, image: "np.ndarray", left: float, top: float, width: float, height: float) -> None:
        """An image, uint8 [height, width, 3 or 4], each of its pixels a sharp rectangle, moved to whole device pixels.

        All images share one set of axes, which are what takes time.
        """
        from matplotlib.image import AxesImage

        if self._pictures is None:
            self._pictures = self.bare(0, 0, self.width, self.height)
            self._pictures.set(xlim=(0, self.width), ylim=(self.height, 0))
        left, top = (round(place * DPI / 72) * 72 / DPI for place in (left, top))
        drawn = AxesImage(self._pictures, interpolation="none", extent=(left, left + width, top + height, top))
        drawn.set_data(image)
        self._pictures.add_image(drawn)

    def gids(self) -> set[str]:
        """The gids that the figure gave. (Not `findobj`, which makes ticks that nobody sees.)"""
        drawn = [*self.figure.get_children(), *(artist for axes, *_ in self._boxes for artist in axes.get_children())]
        return {artist.get_gid() for artist in drawn} - {None}

    def finish(self) -> None:
        """Let what stands at the edge of a panel be whole, unless the panel cuts off what runs out of it."""
        for axes, *_ in self._boxes:
            if axes not in self._clipping:
                for artist in axes.get_children():
                    artist.set_clip_on(False)

    def _fractions(self, left: float, top: float, width: float, height: float) -> tuple[float, float, float, float]:
        across, whole = self.width + 2 * self.margin, self.height + self.header + 2 * self.margin
        bottom = self.height - top - height
        return (left + self.margin) / across, (bottom + self.margin) / whole, width / across, height / whole

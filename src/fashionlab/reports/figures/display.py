"""Display objects: a figure that knows its name and its text alternative, and draws itself when asked.

Compute first, display second: whoever makes one hands over plain arrays. `plot()` draws and returns the display, `save`
writes PNG and SVG, `svg()` is what a page shows, and a notebook shows it by itself. All displays are this one class;
what differs is how they draw.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fashionlab.files import make_folder, write_atomically
from fashionlab.reports.figures.canvas import DPI, Canvas, styled
from fashionlab.reports.figures.scripts import stand_ins
from fashionlab.reports.figures.svg import to_svg
from fashionlab.text import one_line, tell

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@cache
def _say_once(what: str) -> None:
    tell(
        f"no font here has the characters of some names, so figures say {what}; install a font that has them (there is "
        "a Noto font for every script). The report page shows them with the fonts of the browser"
    )


@dataclass
class Display:
    """One figure.

    name: the files' stem, unique among the figures of a page; title, note: what stands above it, plain text;
    description: the text alternative, a sentence; draw: makes the drawing, for a phone if its argument is true; narrow:
    whether that makes a difference; names: of the classes, where the drawing has them.
    """

    name: str
    title: str
    description: str
    draw: Callable[[bool], Canvas] = field(repr=False)
    note: str = ""
    narrow: bool = False
    names: Sequence[str] = ()
    canvas: Canvas | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.title, self.note, self.description = map(one_line, (self.title, self.note, self.description))

    def plot(self) -> Self:
        """Draw (again) into a new matplotlib figure, `self.figure`; return self."""
        self.canvas = self._drawn(False)
        return self

    @property
    def figure(self) -> "Figure":
        """The matplotlib figure, drawn at its first use."""
        return self._canvas().figure

    def save(self, folder: str | Path) -> list[Path]:
        """Write `name`.png (144 dots an inch) and `name`.svg into the folder, made if missing; return the two paths.

        Each file is written whole or not at all. Neither holds a date or a version, so equal figures give equal bytes
        with one version of matplotlib. Raises StoreError (disk full, no permission).
        """
        with styled():
            contents = {"png": self._repr_png_(), "svg": self._svg(self._canvas(), page=False).encode()}
        make_folder(Path(folder))
        written = [Path(folder) / f"{self.name}.{kind}" for kind in contents]
        for path, content in zip(written, contents.values(), strict=True):
            write_atomically(path, content)
        return written

    def svg(self) -> str:
        """For a page: an `<svg>` element, or two, classes `wide` and `narrow`, of which the page shows one."""
        with styled():
            wide = self._svg(self._canvas(), page=True, style="wide" if self.narrow else "")
            if not self.narrow:
                return wide
            return wide + self._svg(self._drawn(True), page=True, style="narrow", suffix="-narrow")

    def _svg(self, canvas: Canvas, *, page: bool, style: str = "", suffix: str = "") -> str:
        return to_svg(canvas, self.name + suffix, self.title, self.description, page=page, style=style)

    def _canvas(self) -> Canvas:
        canvas = self.canvas or self.plot().canvas
        assert canvas is not None
        return canvas

    def _drawn(self, narrow: bool) -> Canvas:
        with styled():
            canvas = self.draw(narrow)
            if not narrow:  # that is for pages alone, which have the heading as text
                canvas.head(self.title, self.note)
            canvas.finish()
            return canvas

    def _pixels_of(self) -> Canvas:
        """What is drawn as pixels: names that no font here can show have a stand-in, of which is said once."""
        canvas = self._canvas()
        if not canvas.lacking:
            return canvas
        with stand_ins(self.names) as found:
            _say_once(", ".join(f"{short} for {name}" for name, short in found.items()) or canvas.lacking)
            return self._drawn(False)

    def _repr_png_(self) -> bytes:
        """What Jupyter shows."""
        content = io.BytesIO()
        with styled():
            self._pixels_of().figure.savefig(content, format="png", dpi=DPI, metadata={"Software": None})
        return content.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"image/png": self._repr_png_(), "text/plain": self.description}

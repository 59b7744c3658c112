"""The look of all figures, defined once: colours, sizes, and how text from users is put on a page.

Colours are Okabe and Ito's (jfly.uni-koeln.de/color), which people with any common colour blindness tell apart.
Training is always blue, validation always vermilion; right is blue, wrong is orange.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 144
"""Device pixels an inch, of PNGs and of the sizes that figures are laid out for."""

PAPER = "#ffffff"
INK = "#1f2430"
MUTED = "#667085"
RULE = "#d5d9e0"
QUIET = "#f4f5f7"

TRAINING = "#0072b2"
VALIDATION = "#d55e00"

TITLE_SIZE = 14.0
TEXT_SIZE = 10.5
SMALL_SIZE = 9.0
"""Font sizes, points."""

_SETTINGS = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that layouts measured here hold everywhere
    "text.usetex": False,
    "text.parse_math": False,  # a class named $\alpha$ is shown as it is written
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": RULE,
    "axes.labelsize": TEXT_SIZE,
    "xtick.labelsize": SMALL_SIZE,
    "ytick.labelsize": SMALL_SIZE,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "savefig.bbox": "standard",
    "svg.fonttype": "none",  # text stays text: it can be searched, read aloud and restyled
    "svg.hashsalt": "fashionlab",  # without it every SVG gets identifiers of its own
}


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib's defaults and our settings, whatever the user's own matplotlibrc says, restored afterwards."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # keeps the backend
        matplotlib.rcParams.update(_SETTINGS)
        yield


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of that many inches, with the canvas that PNGs are drawn on."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def axes_at(figure: "Figure", left: float, bottom: float, width: float, height: float) -> "Axes":
    """Axes at a place given in inches from the figure's lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def write(
    figure: "Figure", x: float, y: float, text: str, size: float = TEXT_SIZE, color: str = INK, **font: str
) -> None:
    """Put text, taken literally, at a place in inches from the figure's upper left corner (its first baseline)."""
    across, up = figure.get_size_inches()
    figure.text(x / across, 1 - y / up, text, fontsize=size, color=color, parse_math=False, **font)


def widest(figure: "Figure", texts: Sequence[str], size: float = TEXT_SIZE) -> float:
    """The width in inches of the widest of these texts as it will be drawn."""
    probe = figure.text(0, 0, "", fontsize=size, parse_math=False)
    width = 0.0
    for text in texts:
        probe.set_text(text)
        width = max(width, probe.get_window_extent().width)
    probe.remove()
    return width / figure.dpi


def label(text: str, longest: int = 24) -> str:
    """A name as one line of at most `longest` characters: control characters go, a long one loses its middle.

    Its middle, because names that differ usually differ at an end.
    """
    text = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[-end:]}"

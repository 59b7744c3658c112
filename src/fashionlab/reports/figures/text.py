"""Text in figures: its width, and how users' text is made to fit."""

from functools import cache
from typing import Any

from fashionlab.reports.figures.scripts import OWN, readable
from fashionlab.text import one_line

TITLE, TEXT, SMALL = 14.0, 12.0, 11.0
"""Font sizes, points."""


@cache
def _advance(character: str, bold: bool) -> float:
    """A character's width as a share of the font's size; one that the font lacks counts as square."""
    glyphs = _font(bold)
    if not glyphs.get_char_index(ord(character)):
        return 1.0
    # Fixed-point 16.16 points, at 100 points.
    return float(glyphs.load_char(ord(character), flags=_unhinted()).linearHoriAdvance / 65536 / 100)


@cache
def _font(bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(family=OWN, weight="bold" if bold else "normal")))
    # A copy: matplotlib hands out one object for each file and sets its size as it needs.
    copy = type(font)(font.fname)
    copy.set_size(100, 72)
    return copy


@cache
def _unhinted() -> Any:
    from matplotlib.ft2font import LoadFlags

    return LoadFlags.NO_HINTING


def text_width(text: str, size: float = TEXT, weight: str = "normal") -> float:
    """The width of a line of text, points."""
    return size * sum(_advance(character, weight == "bold") for character in readable(text))


def shown(text: str) -> str:
    """Users' text as it is drawn: one line, and in characters that a font here has."""
    return readable(one_line(text))


def fitted(text: str, width: float, size: float = TEXT, weight: str = "normal") -> str:
    """A name as one line of at most that many points: a long one loses its middle.

    Its middle, because names that differ usually differ at an end.
    """
    text = shown(text)
    if text_width(text, size, weight) <= width:
        return text
    room = width - text_width("…", size, weight)
    first = last = 0
    while first + last < len(text):
        room -= text_width(text[first if first <= last else len(text) - 1 - last], size, weight)
        if room < 0:
            break
        first, last = (first + 1, last) if first <= last else (first, last + 1)
    return f"{text[:first]}…{text[len(text) - last :]}"


def wrapped(text: str, width: float, size: float = TEXT, weight: str = "normal") -> list[str]:
    """Lines of at most that many points; a word that is wider loses its middle."""
    lines: list[str] = []
    for word in shown(text).split(" "):
        fits = fitted(word, width, size, weight)
        if lines and text_width(f"{lines[-1]} {fits}", size, weight) <= width:
            lines[-1] += f" {fits}"
        elif fits:
            lines.append(fits)
    return lines

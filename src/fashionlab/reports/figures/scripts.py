"""Names in any script: which font of this computer has their characters, and what stands for them where none has."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

OWN = "DejaVu Sans"
"""Comes with matplotlib, and has Latin, Greek, Cyrillic, Arabic, Hebrew and many symbols."""

_UNFIT = ("last resort", "emoji", "dejavu", "cmr", "cmb", "cmex", "cmmi", "cmss", "cmsy", "cmti", "cmtt")
"""Fonts that draw a box for everything, whose glyphs are bitmaps, or that have nothing that the own one lacks."""

_stand_ins: Mapping[str, str] | None = None


def families(text: str) -> list[str]:
    """The fonts that have the characters of a text: the own one, then those that are needed beside it."""
    found = {font: None for character in text if (font := _font_for(character)) not in (None, OWN)}
    return [OWN, *(str(name) for name in found)]


def lacking(text: str) -> str:
    """The characters of a text that no font here has."""
    return "".join(dict.fromkeys(character for character in text if _font_for(character) is None))


@contextmanager
def stand_ins(names: Sequence[str]) -> Iterator[dict[str, str]]:
    """While this lasts, `readable` puts "class 3" for a class name that no font here can show, and words or code points
    for what else cannot be shown. Gives what stands for each name. One thread at a time, as all drawing."""
    global _stand_ins
    found = {name: f"class {label}" for label, name in enumerate(names) if lacking(name)}
    before, _stand_ins = _stand_ins, dict(sorted(found.items(), key=lambda pair: -len(pair[0])))
    try:
        yield found
    finally:
        _stand_ins = before


def readable(text: str) -> str:
    """A text as it can be drawn."""
    if _stand_ins is None or not lacking(text):
        return text
    for name, short in _stand_ins.items():
        text = text.replace(name, short)
    return "".join(_in_words(character) if _font_for(character) is None else character for character in text)


def _in_words(character: str) -> str:
    """A symbol as its Unicode name, a letter as its sound, an ideograph as its code point."""
    name = unicodedata.name(character, "").lower()
    if not name or "ideograph" in name:
        return f"U+{ord(character):04X} "
    for kind in (" letter ", " syllable ", " character ", " vowel sign "):
        if kind in name:
            return name.rpartition(kind)[2]
    return f"{name} "


@cache
def _font_for(character: str) -> str | None:
    """The font that a character is drawn with; None where none here has it."""
    # Joiners and variation selectors are instructions, not glyphs; unassigned controls are never drawn.
    if not character.isprintable() or unicodedata.category(character) in ("Cf", "Mn") or _charmap_has(None, character):
        return OWN
    return next((name for name, path in _system_fonts() if _charmap_has(path, character)), None)


@cache
def _system_fonts() -> tuple[tuple[str, str], ...]:
    """Name and path of every upright regular font here, those without serifs first."""
    from matplotlib.font_manager import fontManager

    found = {
        entry.name: entry.fname
        for entry in fontManager.ttflist
        if entry.style == "normal"
        and entry.weight in (400, "normal", "regular", "book", "medium")
        and not entry.name.lower().startswith(_UNFIT)
        and "emoji" not in entry.name.lower()
    }
    return tuple(sorted(found.items(), key=lambda pair: ("sans" not in pair[0].lower(), pair[0])))


def _charmap_has(path: str | None, character: str) -> bool:
    font = _opened(path)
    return font is not None and bool(font.get_char_index(ord(character)))


@cache
def _opened(path: str | None) -> Any:
    """The font of a file, None where it cannot be read; without a path the own one."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        return get_font(path or findfont(FontProperties(family=OWN)))
    except (OSError, RuntimeError, ValueError):
        return None

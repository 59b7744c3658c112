"""Foreign text made fit for people: file names, model names, titles, class names, other programs' messages.

Whatever leaves for a terminal, a page, a figure or a file passes `one_line` there, at the exit, however it came in.
What comes after it is the exit's own affair: HTML is escaped by the template, Markdown by the model card.
"""

import json
import re
import sys
from collections.abc import Mapping
from html import escape
from typing import Any, TextIO

_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
"""Line breaks and tabs, all that Unicode knows: a terminal, an editor or a log reader may begin a new line at each."""

_ZERO_WIDTH = "\u200b\u200c\u200d"
"""Space, non-joiner and joiner of no width: Khmer and Thai words, Persian spelling and emoji of several parts need
them, and they act on their neighbours alone."""


def one_line(text: object) -> str:
    """Text of any origin as one line in which nothing acts: it can be read, and that is all.

    Line breaks and tabs become a space. What cannot be seen is shown as an escape, as in Python's source: control
    characters (ESC is ``\\x1b``), bytes of a file name that are no UTF-8 (``\\udce9``), code points without a
    character. So are all of Unicode's bidi controls, also those that are balanced: an override within a name shows its
    letters in another order than they have, and the reader's software orders right-to-left letters without any. Letters
    of all scripts, emoji, and the spaces and joiners that they need stay. Cleaning twice is cleaning once.
    """
    text = str(text)
    if text.isprintable():
        return text
    first, *others = _BREAKS.split(text)
    line = " ".join([first, *filter(None, (part.strip(" ") for part in others))])
    return "".join(c if _is_seen(c) else ascii(c)[1:-1] for c in line)


def _is_seen(character: str) -> bool:
    within_a_line = character.isspace() and not _BREAKS.match(character)  # of no break, ideographic and the like
    return character.isprintable() or within_a_line or character in _ZERO_WIDTH


def readable_json(document: Any, **options: Any) -> str:
    """JSON of plain data for people and programs: strings as `one_line` would have them, in JSON's own escapes, so that
    the value is the same. NaN and infinity are not JSON and raise ValueError. options: of `json.dumps`.

    Bytes of a file name that are no UTF-8 are left as they are: a file with their escapes is not read by every program,
    so to encode it fails.
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, **options)
    # Of the control characters only the line breaks of the layout are left, those in strings are escaped already.
    return re.sub(
        "[^\n -~\ud800-\udfff]", lambda found: found[0] if _is_seen(found[0]) else json.dumps(found[0])[1:-1], text
    )


def html_table(title: str, rows: Mapping[str, object]) -> str:
    """A table of names and values as HTML, for a notebook: everything cleaned and escaped."""

    def cell(text: object) -> str:
        return escape(one_line(text), quote=True)

    left = 'style="text-align:left"'
    lines = (
        f'<tr><th scope="row" {left}>{cell(name)}</th><td {left}>{cell(value)}</td></tr>'
        for name, value in rows.items()
    )
    return f"<table><caption {left}>{cell(title)}</caption>{''.join(lines)}</table>"


def tell(message: object, stream: TextIO | None = None) -> None:
    """Print one line for a person, on standard error unless another stream is given."""
    print(one_line(message), file=stream or sys.stderr, flush=True)

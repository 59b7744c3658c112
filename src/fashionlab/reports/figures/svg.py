"""Matplotlib's SVG made fit for a page: colours by role, identifiers of its own, words for who cannot see it."""

import io
import re
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from fashionlab.reports.figures.canvas import Canvas
from fashionlab.reports.figures.palette import LIGHT
from fashionlab.text import one_line

SVG = "http://www.w3.org/2000/svg"
_TAG = f"{{{SVG}}}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_ROLES = {colour: role for role, colour in LIGHT.items()}


def to_svg(canvas: Canvas, name: str, title: str, description: str, *, page: bool, style: str = "") -> str:
    """The drawing as one `<svg>` element, the same bytes for the same drawing.

    name: begins every identifier, so it must be unique in a page; style: added to the element's class. page: colours
    become CSS variables, fonts are inherited, the size is the page's affair, and the heading and the paper behind the
    drawing are left out; otherwise the element stands alone, and its colours are as drawn. What has a gid keeps it as
    its identifier, after the name, and gets the gid up to its first hyphen as its class. Raises ValueError for a colour
    that has no role.
    """
    content = io.BytesIO()
    canvas.figure.patch.set_visible(not page)
    try:
        canvas.figure.savefig(content, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    finally:
        canvas.figure.patch.set_visible(True)
    root = ElementTree.fromstring(content.getvalue())
    for element in root.findall(f"{_TAG}metadata"):
        root.remove(element)
    _clean(root, _Names(name, root, canvas.gids()), page)
    hovers = {f"{name}-{gid}": said for gid, said in canvas.hovers.items()}
    for element in root.iter():
        if element.get("id") in hovers:
            _say(element, hovers[str(element.get("id"))])
    if page:
        box = (canvas.margin, canvas.margin + canvas.header, canvas.width, canvas.height)
        size = {}
    else:
        width, height = canvas.width + 2 * canvas.margin, canvas.height + canvas.header + 2 * canvas.margin
        box, size = (0.0, 0.0, width, height), {"width": f"{width:g}pt", "height": f"{height:g}pt"}
    root.attrib.clear()
    root.attrib |= {"class": f"figure {style}".rstrip(), "viewBox": " ".join(f"{v:g}" for v in box), **size}
    root.set("role", "img")
    if page:
        # A title element of the whole would be shown over every part of it that says nothing itself.
        root.set("aria-label", f"{title}. {description}")
        root.set("style", f"--width:{canvas.width:g}")
    else:
        root.set("style", "stroke-linejoin:round;stroke-linecap:butt")
        for tag, text in (("desc", description), ("title", title)):
            element = Element(f"{_TAG}{tag}")
            element.text = text
            root.insert(0, element)
    ElementTree.register_namespace("", SVG)
    text = ElementTree.tostring(root, encoding="unicode")
    return text if page else f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


class _Names:
    """What becomes of identifiers: gids and what is referred to get the figure's name, the others go."""

    def __init__(self, name: str, root: Element, gids: set[str]) -> None:
        self.name, self._needed = name, gids
        for element in root.iter():
            for value in (element.get(_LINK), element.get("clip-path")):
                if value and "#" in value:
                    self._needed.add(value.partition("#")[2].rstrip(")"))

    def keep(self, identifier: str) -> str | None:
        return f"{self.name}-{identifier}" if identifier in self._needed else None

    def refer(self, value: str) -> str:
        return value if value.startswith("data:") else value.replace("#", f"#{self.name}-")


def _clean(element: Element, names: _Names, page: bool) -> None:
    for child in list(element):
        if page and child.get("id", "").startswith("head-"):
            element.remove(child)
            continue
        if child.tag == f"{_TAG}style":
            element.remove(child)  # it would hold for the whole page
            continue
        _clean(child, names, page)
        _clean_attributes(child, names, page)
        unused = element.tag == f"{_TAG}defs" and "id" not in child.attrib
        if unused or (not len(child) and child.tag in (f"{_TAG}defs", f"{_TAG}g")):
            element.remove(child)
        elif child.tag == f"{_TAG}g" and not child.attrib:
            place = list(element).index(child)
            element.remove(child)
            for inner in reversed(list(child)):
                element.insert(place, inner)
        child.tail = None
        if child.tag != f"{_TAG}text":
            child.text = None
    element.tail = None
    if element.tag != f"{_TAG}text":
        element.text = None


def _clean_attributes(element: Element, names: _Names, page: bool) -> None:
    attributes = element.attrib
    identifier = attributes.pop("id", None)
    kept = names.keep(identifier) if identifier else None
    if kept and identifier:
        attributes["id"] = kept
        if element.tag == f"{_TAG}g":
            attributes["class"] = identifier.partition("-")[0]
    if _LINK in attributes:
        attributes["href"] = names.refer(attributes.pop(_LINK))
    if "clip-path" in attributes:
        attributes["clip-path"] = names.refer(attributes["clip-path"])
    for key in ("d", "x", "y"):
        if key in attributes:
            attributes[key] = _rounded(attributes[key])
    if re.fullmatch(r"rotate\(-?0( .*)?\)", attributes.get("transform", "")):
        del attributes["transform"]
    if "style" in attributes:
        attributes["style"] = _restyled(attributes["style"], page)


def _rounded(numbers: str) -> str:
    """Coordinates to a hundredth of a point."""
    short = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), numbers)
    return re.sub(r" ?\n", "", short.strip())


def _restyled(style: str, page: bool) -> str:
    declared = [part.strip().partition(":") for part in style.split(";") if part.strip()]
    kept = []
    for name, _, value in declared:
        value = value.strip()
        if value.startswith("#"):
            if value not in _ROLES:
                raise ValueError(f"given a figure with the colour {value}, expected one of the palette")
            value = f"var(--{_ROLES[value]})" if page else value
        if name == "font-family":
            if page:
                continue
            value += ", sans-serif"
        kept.append(f"{name}:{value}")
    return ";".join(kept)


def _say(element: Element, said: str | Sequence[str]) -> None:
    """Give an element a text that is shown where it is pointed at, or every mark in it its own."""
    marks = [element] if isinstance(said, str) else [*element.iter(f"{_TAG}use")] or [*element.iter(f"{_TAG}path")]
    for mark, text in zip(marks, [said] if isinstance(said, str) else said, strict=False):
        title = Element(f"{_TAG}title")
        title.text = one_line(text)
        mark.insert(0, title)

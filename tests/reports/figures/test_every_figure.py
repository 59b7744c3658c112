"""The contract that every figure satisfies, for the page, as a file and in a notebook."""

import re
import tempfile
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest
from figure_samples import FIGURES, NASTY

from fashionlab.errors import StoreError
from fashionlab.reports.figures import palette, style_sheet
from fashionlab.reports.figures.canvas import styled
from fashionlab.reports.figures.text import wrapped
from fashionlab.text import one_line

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=FIGURES)
def display(request):
    return FIGURES[request.param]()


@pytest.fixture(params=FIGURES)
def page(request):
    """What a page shows of a figure: the display, the text, and its root elements (one, or wide and narrow)."""
    return on_page(request.param)


@cache
def on_page(name):
    display = FIGURES[name]()
    text = display.svg()
    return display, text, list(ElementTree.fromstring(f"<page>{text}</page>"))


@cache
def as_files(name):
    """What `save` writes of the same display: by name the content of its files, in their order."""
    with tempfile.TemporaryDirectory() as place:
        written = on_page(name)[0].save(Path(place) / "new" / "folder")
        return {path.name: path.read_bytes() for path in written}


def drawings(display):
    """The drawing for wide screens and the one for phones, without their heading."""
    with styled():
        return [display.draw(narrow) for narrow in ((False, True) if display.narrow else (False,))]


def texts(root):
    return [element.text for element in root.iter(f"{SVG}text")]


def test_it_has_a_name_a_text_alternative_and_nothing_drawn_before_it_is_asked(display):
    assert re.fullmatch(r"[a-z0-9-]+", display.name)
    assert len(display.description) > 5
    assert "nan" not in display.description
    assert "None" not in display.description
    assert display.canvas is None
    assert display.plot() is display
    first = display.figure
    assert display.plot().figure is not first


def test_on_a_page_every_colour_is_a_role(page):
    _, text, roots = page
    declared = re.findall(r"(?:fill|stroke):([^;\"]+)", text)
    assert {value for value in declared if value != "none" and not value.startswith("var(--")} == set()
    assert {value[6:-1] for value in declared if value != "none"} <= set(palette.LIGHT)
    for root in roots:
        for shape in root.iter():
            if shape.tag in (f"{SVG}path", f"{SVG}text", f"{SVG}use"):
                inherits = shape.get("id") and shape.tag == f"{SVG}path"  # a mark's shape: its uses have the colour
                assert inherits or re.search("(fill|stroke):", shape.get("style", "")), "it would be black"


def test_on_a_page_it_scales_and_names_itself(page):
    display, _, roots = page
    for root in roots:
        assert root.tag == f"{SVG}svg"
        assert root.get("role") == "img"
        assert root.get("aria-label") == f"{display.title}. {display.description}"
        assert not {"width", "height"} & set(root.attrib)
        assert len(root.get("viewBox").split()) == 4
        assert "figure" in root.get("class").split()
        assert not list(root.iter(f"{SVG}style")), "it would hold for the whole page"


def test_identifiers_are_its_own_and_every_reference_is_kept(page):
    display, text, roots = page
    names = {display.name, f"{display.name}-narrow"}
    found = [element.get("id") for root in roots for element in root.iter() if element.get("id")]
    assert len(set(found)) == len(found)
    assert all(any(identifier.startswith(f"{name}-") for name in names) for identifier in found)
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= set(found)
    assert 'href="http' not in text


def test_everything_that_is_pointed_at_is_there(page):
    display, _, roots = page
    for canvas, root in zip(drawings(display), roots, strict=True):
        by_id = {element.get("id"): element for element in root.iter()}
        name = display.name + ("-narrow" if "narrow" in root.get("class") else "")
        for gid, said in canvas.hovers.items():
            found = [title.text for title in by_id[f"{name}-{gid}"].iter(f"{SVG}title")]
            assert found == ([said] if isinstance(said, str) else list(said))


def test_texts_stay_inside_the_drawing(display):
    for canvas in [*drawings(display), display.plot().canvas]:
        canvas.figure.draw_without_rendering()
        page = canvas.figure.bbox.padded(3)
        for text in canvas.figure.texts:
            box = text.get_window_extent()
            assert page.x0 <= box.x0 <= box.x1 <= page.x1, text.get_text()
            assert page.y0 <= box.y0 <= box.y1 <= page.y1, text.get_text()


def test_texts_are_neither_mathematics_nor_markup(page):
    display, text, roots = page
    assert not any(text.get_parse_math() for text in display.figure.texts)
    assert "<script" not in text
    assert "<img" not in text
    assert all(one_line(line) == line for line in text.split("\n"))
    for root in roots:
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg", "g", "path", "use", "defs", "text", "title", "image", "clipPath", "rect"
        }  # fmt: skip
        assert not any("nan" in (element.get("d") or "") for element in root.iter())


@pytest.mark.parametrize("name", FIGURES)
def test_saving_writes_a_png_and_an_svg_and_a_notebook_shows_the_same_bytes(name):
    display, _, _ = on_page(name)
    written = as_files(name)
    assert list(written) == [f"{display.name}.png", f"{display.name}.svg"]
    png, svg = written.values()
    assert png.startswith(b"\x89PNG")
    again = display.plot()._repr_mimebundle_()
    assert again["image/png"] == png
    assert again["text/plain"] == display.description
    root = ElementTree.fromstring(svg)
    assert root.findtext(f"{SVG}title") == display.title
    assert root.findtext(f"{SVG}desc") == display.description
    assert {"width", "height"} <= set(root.attrib)
    assert b"var(--" not in svg
    assert not re.search(rb"<dc:date>|matplotlib v|20\d\d-\d\d-\d\d", svg.lower())


@pytest.mark.parametrize("name", FIGURES)
def test_the_page_shows_the_same_texts_as_the_file_but_for_the_heading(name):
    display, _, roots = on_page(name)
    _, svg = as_files(name).values()
    in_file, shown = texts(ElementTree.fromstring(svg)), texts(roots[0])
    heading = in_file[len(shown) :]
    assert in_file[: len(shown)] == shown
    assert " ".join(heading) == " ".join(wrapped(display.title, 1e9) + wrapped(display.note, 1e9))


@pytest.mark.parametrize("name", ["learning curves", "confusion", "map", "samples", "forest", "pairs of hostile names"])
def test_drawn_again_after_it_was_saved_it_is_the_same_on_a_page(name):
    display, text, _ = on_page(name)
    as_files(name)
    assert display.plot().svg() == text


@pytest.mark.parametrize(
    "name", ["confusion of two classes", "samples", "mistakes", "pairs of hostile names", "forest of hostile names"]
)
def test_names_are_shown_as_they_are_written(name):
    shown = " ".join(texts(on_page(name)[2][0]))
    first = NASTY[0]
    assert first in shown or first[:5] in shown
    assert "<script>" in shown or "<scr" in shown


def test_a_colour_without_a_role_is_refused():
    display = FIGURES["coverage"]()
    display.plot().figure.text(0, 0, "red", color="red")
    with pytest.raises(ValueError, match="#ff0000, expected one of the palette"):
        display.svg()


def test_every_role_has_one_colour_of_its_own_in_light_and_one_in_dark():
    assert len(set(palette.LIGHT.values())) == len(palette.LIGHT)
    assert set(palette.DARK) == set(palette.LIGHT)
    sheet = style_sheet()
    for colours in (palette.LIGHT, palette.DARK):
        assert all(f"--{role}: {colour};" in sheet for role, colour in colours.items())
    assert sheet.index(palette.LIGHT["ink"]) < sheet.index("@media screen") < sheet.index(palette.DARK["ink"])


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(colours):
    for role in ("ink", "muted", "training", "validation", "third", "fourth", "fifth", "sixth"):
        assert contrast(colours[role], colours["paper"]) >= 4.5, role
    for role in ("correct", "wrong", "paper"):  # cells are these, laid over the paper more or less strongly
        assert contrast(colours["cell-ink"], colours[role]) >= 4.5, role


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=re.escape(str(tmp_path / "file"))):
        FIGURES["coverage"]().save(tmp_path / "file")


def test_the_user_s_own_matplotlib_settings_neither_show_nor_are_lost():
    own = {"font.size": 31.0, "axes.facecolor": "red", "figure.constrained_layout.use": True}
    expected = FIGURES["learning curves"]()._repr_png_()
    with matplotlib.rc_context(own):
        display = FIGURES["learning curves"]()
        assert display._repr_png_() == expected
        assert display.figure.get_layout_engine() is None
        assert {name: matplotlib.rcParams[name] for name in own} == own


def test_a_name_in_a_script_that_the_font_lacks_is_drawn_without_a_warning(recwarn, tmp_path):
    from fashionlab.reports.figures.run.confusion import confusion_matrix

    display = confusion_matrix([[3, 1], [0, 2]], ["靴", "シャツ"], "test")
    display.save(tmp_path)
    assert "靴" in display.svg()
    assert not [w for w in recwarn if "Glyph" in str(w.message)]

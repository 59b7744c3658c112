"""The page of a study in a real browser: widths, colours, keyboard, paper."""

import pytest
from contrast import CONTRAST
from study_samples import CASES

WIDE = """(width) => [...document.querySelectorAll("main *, header *")]
    .filter((e) => {
        const box = e.getBoundingClientRect();
        return box.width && (box.right > width + 1 || box.left < -1);
    })
    .filter((e) => !e.closest(".scroll, svg") && !(e.checkVisibility && !e.checkVisibility()))
    .map((e) => e.outerHTML.slice(0, 90))"""

OUTSIDE = """() => [...document.querySelectorAll("svg.figure text")].filter((e) => {
    const own = e.getBoundingClientRect(), box = e.ownerSVGElement.getBoundingClientRect();
    const beyond = Math.max(box.left - own.left, own.right - box.right, box.top - own.top, own.bottom - box.bottom);
    return own.width && beyond > 3;
}).map((e) => `${innerWidth}: ${e.textContent}`)"""


SEEN = "all => all.filter(e => e.checkVisibility()).map(e => e.classList[1])"


@pytest.mark.parametrize("name", CASES)
def test_nothing_sticks_out_at_any_width(open_study, name):
    page = open_study(name, height=800)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    for width in (360, 390, 768, 1400):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(WIDE, width) == []
        assert page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["study", "many seeds", "comparison", "few seeds", "lesson"])
def test_text_has_the_contrast_of_wcag_aa(open_study, name, scheme):
    page = open_study(name, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.evaluate(CONTRAST) == []


def test_names_that_would_be_markup_do_nothing_and_are_read_as_they_are(open_study, pages):
    report = pages("hostile study").report
    page = open_study("hostile study")
    assert page.inner_text("h1") == report.title
    assert page.locator("main b:text-is('field'), img[src=x]").count() == 0
    assert page.locator("script").count() == 1
    assert report.arms[1].name in page.inner_text("#t-1")


def test_the_answer_is_what_one_sees_first(open_study):
    page = open_study("one arm", width=390, height=844)
    for selector in (".card h3", ".card .badge", ".card .effect", ".card .how-sure"):
        box = page.locator(selector).first.bounding_box()
        assert box["y"] + box["height"] <= 844
    assert page.inner_text(".card .badge").strip() == "hurts"


def test_verdicts_differ_in_shape_and_word_not_only_in_colour(open_study):
    page = open_study("study")
    shapes = page.eval_on_selector_all(
        ".card .badge", "all => all.map(b => [b.textContent.trim(), b.querySelector('path').getAttribute('d')])"
    )
    assert len({word for word, _ in shapes}) == len({shape for _, shape in shapes}) == 3


def test_the_keyboard_goes_from_the_answer_to_the_seeds(open_study):
    page = open_study("study")
    page.focus(".card a")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#seeds-0"
    page.focus("#seeds-0 summary")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.is_visible("#seeds-0 table.numbers")
    assert page.locator("#seeds-0 table.numbers tbody tr").count() == 10


def test_only_one_forest_is_seen_at_a_time(open_study):
    page = open_study("comparison")
    for width, shown in ((390, "narrow"), (1400, "wide")):
        page.set_viewport_size({"width": width, "height": 800})
        for section in ("forest", "models"):
            assert page.eval_on_selector_all(f"#{section} svg.figure", SEEN) == [shown]


def test_it_prints_with_everything_open(open_study, tmp_path):
    page = open_study("study")
    page.pdf(path=tmp_path / "study.pdf", format="A4")
    assert (tmp_path / "study.pdf").stat().st_size > 30_000
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert page.evaluate("[...document.querySelectorAll('details')].every(d => d.open)")

"""The page of a lesson: predict, then see."""

import pytest
from study_samples import CASES, NASTY, make_histories, make_lesson

from fashionlab.reports.study import produce_study_page

SECTIONS = ("#reveal", "nav", "#answer", "#seeds", "#covers", ".checks", "#lesson figure", ".closing")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The page of a lesson for which nothing was predicted."""
    histories = make_histories(("mlp", "without dropout"), 3)
    return produce_study_page(tmp_path_factory.mktemp("lesson"), CASES["lesson"](), None, histories, make_lesson(None))


def visible(page):
    return {selector for selector in SECTIONS if page.locator(selector).first.is_visible()}


@pytest.mark.parametrize(
    ("downs", "said"), [(0, "You predicted something else."), (1, "You predicted what is expected.")]
)
def test_the_keyboard_chooses_and_then_the_results_are_shown(open_page, path, downs, said):
    page = open_page(path)
    assert visible(page) == set()
    assert page.is_disabled(".lesson button")
    page.focus(".lesson input")
    page.keyboard.press("Space")
    for _ in range(downs):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert visible(page) == set(SECTIONS)
    assert page.evaluate("document.activeElement.id") == "reveal"
    assert page.inner_text(".yours") == said
    assert page.locator(".lesson button").count() == 0


def test_paper_has_everything(open_page, path):
    page = open_page(path)
    page.emulate_media(media="print")
    assert visible(page) == set(SECTIONS) - {"nav"}
    assert not page.is_visible(".lesson button")


def test_without_a_script_everything_is_shown(open_page, path):
    page = open_page(path, java_script_enabled=False)
    assert visible(page) == set(SECTIONS)
    assert not page.is_visible(".lesson button")


def test_who_has_predicted_on_the_terminal_is_not_asked_again(open_study):
    page = open_study("lesson")
    assert visible(page) == set(SECTIONS)
    assert page.is_checked(".lesson input >> nth=0")
    assert page.inner_text(".yours") == "You predicted something else."


def test_it_says_what_was_measured_and_what_holds(open_study):
    page = open_study("lesson")
    words = page.eval_on_selector_all(".checks .badge", "all => all.map(b => b.textContent.trim())")
    assert words == ["holds", "does not hold", "not measured"]
    assert NASTY[0] in page.inner_text(".checks")
    assert page.locator("#lesson img").count() == 0
    assert page.inner_text(".robust tbody tr >> nth=3").split() == ["shift", "4", "30.0", "%", "30.0", "%"]

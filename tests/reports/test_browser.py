"""The page in a real browser: what a click shows, what the keyboard reaches, and what it never does."""

import pytest
from contrast import CONTRAST

from fashionlab.reports.run.glossary import GLOSSARY


def rows_in(page, selector):
    return [int(row) for row in page.eval_on_selector_all(f"{selector} .pic", "all => all.map(p => p.dataset.row)")]


def expected_rows(run, t, p, most=None):
    """The rows of a cell straight from the predictions, most confident first, or on the diagonal the least."""
    import numpy as np

    predictions = run.predictions.test
    logits = predictions.logits.astype(np.float64)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    confidence = (shifted / shifted.sum(axis=1, keepdims=True)).max(axis=1)
    rows = np.flatnonzero((predictions.labels == t) & (logits.argmax(axis=1) == p))
    order = np.argsort(confidence[rows] * (1 if t == p else -1), kind="stable")
    return rows[order][:most].tolist()


def pixels(page, selector):
    """The image that the browser draws for an element, as the grey values of its cell in the sprite."""
    return page.evaluate(
        """async (selector) => {
            const style = getComputedStyle(document.querySelector(selector));
            const image = new Image();
            image.src = style.backgroundImage.slice(5, -2);
            await image.decode();
            const size = parseFloat(style.width), [x, y] = style.backgroundPosition.split(" ").map(parseFloat);
            const scale = image.width / parseFloat(style.backgroundSize);
            const canvas = document.createElement("canvas"), side = Math.round(size * scale);
            canvas.width = canvas.height = side;
            const context = canvas.getContext("2d");
            context.drawImage(image, Math.round(x * scale), Math.round(y * scale));
            const data = context.getImageData(0, 0, side, side).data;
            return Array.from(data).filter((_, i) => i % 4 === 0);
        }""",
        selector,
    )


def test_a_clicked_cell_shows_exactly_its_images(open_page, real, fashion):
    run, report = real
    page = open_page(report.path)
    for t, p in ((6, 0), (4, 2), (8, 8)):
        page.click(f'#matrix .cell[data-t="{t}"][data-p="{p}"]')
        rows = expected_rows(run, t, p, 30 if t == p else None)
        assert rows
        assert rows_in(page, "#gallery") == rows
        names = report.summary.class_names
        assert names[t] in page.inner_text("#gallery h4")
        assert f"{report.summary.errors.confusion[t][p]:,}" in page.inner_text("#gallery p")
        # Not only the number of the image: the very pixels.
        images, _ = fashion.test.open(lambda *_: None)
        assert pixels(page, "#gallery li:nth-child(2) .pic") == images[rows[1]].ravel().tolist()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (1280, 800), (390, 844)])
def test_the_images_of_a_cell_are_in_sight_beside_the_matrix(open_page, real, width, height):
    page = open_page(real[1].path, width=width, height=height)
    # However far the page is scrolled when a cell is chosen.
    for t, p in ((0, 6), (9, 7)):
        cell = page.locator(f'#matrix .cell[data-t="{t}"][data-p="{p}"]:visible')
        cell.scroll_into_view_if_needed()
        cell.click()
        for shown in (cell, page.locator("#gallery li >> nth=0")):
            box = shown.bounding_box()
            assert 0 <= box["x"] <= width - box["width"]
            assert 0 <= box["y"] + box["height"] / 2 <= height


def test_on_a_phone_all_columns_of_the_matrix_fit_and_fingers_hit_its_cells(open_page, real):
    page = open_page(real[1].path, width=390, height=844)
    boxes = page.eval_on_selector_all(
        "#matrix .cell", "all => all.map(c => c.getBoundingClientRect().toJSON()).filter(b => b.width)"
    )
    assert len(boxes) == 100
    assert all(box["left"] >= 0 and box["right"] <= 390 and box["width"] >= 24 for box in boxes)
    # A class's row of "By class" is as wide as the page too, with every number in sight.
    table = page.locator(".byclass")
    assert table.evaluate("e => e.scrollWidth <= e.clientWidth && e.closest('.scroll').scrollWidth <= 390")


def test_an_empty_cell_says_so(open_page, real):
    _, report = real
    confusion = report.summary.errors.confusion
    t, p = next((t, p) for t in range(10) for p in range(10) if not confusion[t][p])
    page = open_page(report.path)
    page.click(f'#matrix .cell[data-t="{t}"][data-p="{p}"]')
    assert page.inner_text("#gallery p") == "No image."
    assert rows_in(page, "#gallery") == []


def test_the_keyboard_reaches_a_cell_its_images_and_their_probabilities(open_page, real):
    run, report = real
    page = open_page(report.path)
    page.focus("input[name=matrix]")
    focused = "document.activeElement.dataset"
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.matches('.term')"):  # what is explained takes the focus, too
        page.keyboard.press("Tab")
    assert page.evaluate(f"[{focused}.t, {focused}.p]") == ["0", "0"]
    for key in ["ArrowDown"] * 6 + ["End", "Home", "ArrowRight", "ArrowLeft", "ArrowLeft"]:
        page.keyboard.press(key)
    assert page.evaluate(f"[{focused}.t, {focused}.p]") == ["6", "0"]
    page.keyboard.press("Enter")
    assert rows_in(page, "#gallery") == expected_rows(run, 6, 0)
    page.keyboard.press("Tab")
    while page.evaluate(f"{focused}.i === undefined"):  # Chromium lets a scrolling list take the focus first
        page.keyboard.press("Tab")
    card = page.inner_text("#card")
    assert "true: Shirt" in card
    assert "predicted: T-shirt/top" in card
    assert card.count("%") == 10
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Escape")
    assert page.is_hidden("#card")


def test_hover_shows_true_and_predicted_class_and_probabilities(open_page, real):
    _, report = real
    page = open_page(report.path)
    page.hover(".mistakes .pic >> nth=0")
    summary = report.summary
    worst = summary.images[summary.errors.confident[0]]
    card = page.inner_text("#card")
    assert f"true: {summary.class_names[worst.label]}" in card
    assert f"predicted: {summary.class_names[worst.predicted]}" in card
    page.mouse.move(2, 2)
    assert page.is_hidden("#card")


def test_counts_and_rates_change_places(open_page, real):
    _, report = real
    page = open_page(report.path)
    errors = report.summary.errors
    cell = "#confusion-test-count-8-8 text"
    count = f"{errors.confusion[8][8]:,}"
    assert page.text_content(cell) == count
    page.check("input[value=rates]")
    assert page.text_content(cell) == f"{100 * errors.rates[8][8]:.1f}"
    page.check("input[value=counts]")
    assert page.text_content(cell) == count


def test_the_map_answers_to_pointer_and_arrow_keys(open_page, real):
    page = open_page(real[1].path)
    box = page.locator(".mapbox").first
    box.focus()
    first = page.inner_text("#card")
    assert "validation image" in first
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#card") != first
    page.keyboard.press("Tab")
    assert page.is_hidden("#card")
    page.hover(".mapbox .points use >> nth=700", force=True)
    assert "validation image" in page.inner_text("#card")
    page.click(".legend button >> nth=8")
    shown = page.eval_on_selector_all(".points use:not(.off)", "all => new Set(all.map(c => c.style.fill)).size")
    assert shown == 1


def test_curves_say_their_values_to_pointer_finger_and_keyboard(open_page, real):
    history = real[0].history
    page = open_page(real[1].path, has_touch=True)
    column = page.locator("#learning svg.wide .aims use >> nth=1")
    said = f"epoch 2: training {history['loss'][1]:.3f}, validation {history['val_loss'][1]:.3f}"
    column.hover()
    assert page.inner_text("#tip") == said
    page.mouse.move(2, 2)
    assert page.is_hidden("#tip")
    column.tap()
    assert page.inner_text("#tip") == said
    page.touchscreen.tap(2, 200)
    assert page.is_hidden("#tip")
    page.locator("#learning svg.wide").first.focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.inner_text("#tip") == said
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#tip").startswith("epoch 2: training ")
    assert "%" in page.inner_text("#tip")
    page.keyboard.press("Escape")
    assert page.is_hidden("#tip")


def test_terms_are_explained_on_hover_and_focus_and_type_grows(open_page, real):
    page = open_page(real[1].path)
    term = page.locator("#confidence .term", has_text="logits")
    term.hover()
    assert page.inner_text("#tip") == GLOSSARY["logits?"]
    page.mouse.move(2, 2)
    page.keyboard.press("Tab")  # from now on what has the focus is seen
    page.locator("#confidence .term", has_text="temperature").focus()
    assert page.inner_text("#tip") == GLOSSARY["temperature"]
    before = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.said p')).fontSize)")
    page.click("#larger")
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.said p')).fontSize)") >= 1.4 * before
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_the_slider_shows_what_the_network_was_like_after_an_epoch(open_page, real):
    run, report = real
    page = open_page(report.path)
    found, history = run.snapshots, run.history
    assert f"after epoch {found.epochs[-1]} of {found.epochs[-1]}" in page.inner_text("#time output")
    page.locator("#time input").focus()
    page.keyboard.press("Home")
    said = page.inner_text("#time output")
    assert said.startswith("after epoch 1 of ")
    assert f"{100 * history['val_accuracy'][0]:.1f}" in said
    page.hover("#time tr:nth-child(7) td:nth-of-type(7)")
    assert page.inner_text("#tip").startswith(f"true Shirt, predicted Shirt: {found.confusion[0][6, 6]} (")
    first = page.eval_on_selector("#time .frames", "e => getComputedStyle(e).backgroundPosition")
    page.click("#time button")
    assert page.inner_text("#time button") == "Stop"
    page.locator("#time button:text-is('Play')").wait_for()
    assert page.eval_on_selector("#time .frames", "e => getComputedStyle(e).backgroundPosition") != first
    assert page.input_value("#time input") == str(len(found.epochs) - 1)


def test_names_that_would_be_scripts_do_nothing_and_are_read_as_they_are(open_page, hostile):
    _, report = hostile
    page = open_page(report.path)
    labels = page.eval_on_selector_all("#matrix .cell", "all => all.map(c => c.getAttribute('aria-label'))")
    assert all(any(label.startswith(f"true {name}, ") for label in labels) for name in report.summary.class_names)
    for cell in report.summary.errors.cells:
        page.click(f'#matrix .cell[data-t="{cell.true}"][data-p="{cell.predicted}"]')
        assert len(rows_in(page, "#gallery")) == len(cell.images)
    page.hover("#gallery .pic >> nth=0")
    assert "true: " in page.inner_text("#card")
    assert page.locator("b:text-is('bold'), img[src=x]").count() == 0
    assert page.locator("script").count() == 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 768, 1400])
def test_nothing_sticks_out(open_page, real, hostile, width, scheme):
    for _, report in (real, hostile):
        page = open_page(report.path, width=width, height=800, color_scheme=scheme)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        page.click('#matrix .cell[data-t="0"][data-p="0"]:visible')
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # What is wider than the page must lie in something that scrolls.
        wide = page.evaluate(
            """(width) => [...document.querySelectorAll("main *")]
                .filter((e) => e.getBoundingClientRect().right > width + 1 && !e.closest(".scroll, .pics, svg"))
                .map((e) => e.outerHTML.slice(0, 90))""",
            width,
        )
        assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(open_page, real, scheme):
    page = open_page(real[1].path, color_scheme=scheme)
    page.click('#matrix .cell[data-t="6"][data-p="0"]')
    page.hover("#gallery .pic >> nth=0")
    assert page.evaluate(CONTRAST) == []


def test_it_prints_on_a_few_pages_with_everything_open(open_page, real, tmp_path):
    page = open_page(real[1].path)
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 50_000
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert page.evaluate("[...document.querySelectorAll('details')].every(d => d.open)")
    # How it was made begins a page of its own, and no row of it is left for another.
    page.set_viewport_size({"width": int(182 / 25.4 * 96), "height": 900})
    assert page.evaluate("document.querySelector('#made').getBoundingClientRect().height") < 265 / 25.4 * 96

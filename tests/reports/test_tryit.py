"""The section to try the network in: what the page computes, and what pointer, keyboard, files and clipboard do."""

import base64
import io
import re

import msgspec
import numpy as np
import pytest
from PIL import Image

import fashionlab
from fashionlab.evaluation import Insight, Missing, open_images
from fashionlab.evaluation.calibration import fit_temperature
from fashionlab.models.registry import registered
from fashionlab.portable import PORTABLE, Network, describe, forward, pack
from fashionlab.reports.run.scripts import page_text
from fashionlab.reports.run.sections import tryit
from fashionlab.reports.run.summary import summarise_report
from fashionlab.training.softmax import softmax

TOLERANCE = 2e-3
"""Of a probability: weights in half precision."""

SCRIPT = """([given, numbers, images, side]) => {
    const arrays = fashionlabNetwork.unpack(given.arrays, numbers), size = side * side;
    const model = fashionlabNetwork.open(given.network, arrays);
    const bytes = Uint8Array.from(atob(images), (c) => c.charCodeAt(0));
    return Array.from({ length: bytes.length / size }, (_, k) => {
        const found = model.run(bytes.subarray(k * size, (k + 1) * size), side);
        return [Array.from(found.logits), Array.from(found.features)];
    });
}"""
"""Logits and last hidden layer of images, as the script computes them."""


def text_of(content):
    return base64.b64encode(content).decode()


def drawn(operations, side, widths):
    """Arrays for the operations, at random. widths: of each kernel, in turn."""
    rng, arrays, width, widths = np.random.default_rng(0), {}, side * side, iter(widths)
    for operation in operations:
        if operation.kind == "channel":
            width = 1
        for name in operation.arrays:
            if name.endswith("kernel"):
                before, width = width, next(widths)
                shape = (3, 3, before, width) if operation.kind == "convolution" else (before, width)
                arrays[name] = rng.normal(size=shape).astype(np.float32) / np.float32(before**0.5)
            else:
                arrays[name] = rng.uniform(0.3, 1.5, width).astype(np.float32)
    return arrays


@pytest.fixture(scope="session")
def blank(browser):
    """A page with the script of the network alone."""
    page = browser.new_page()
    page.add_script_tag(content=page_text("tryit/network.js"))
    yield page
    page.close()


@pytest.mark.parametrize(
    ("name", "options", "widths", "side"),
    [
        *(
            ("mlp", {"norm": "layer", "widths": (9, 7), "activation": activation}, (9, 7, 3), 5)
            for activation in ("gelu", "relu", "silu", "tanh", "selu", "elu", "leaky_relu")
        ),
        ("mlp", {"norm": "batch", "widths": (9, 7)}, (9, 7, 3), 5),
        ("cnn", {"filters": (4, 6), "depth": (1, 2)}, (4, 6, 6, 3), 11),
        ("cnn", {"filters": (4,), "depth": (2,), "batch_norm": False, "activation": "gelu"}, (4, 4, 3), 6),
    ],
)
def test_the_script_computes_what_numpy_computes(blank, name, options, widths, side):
    operations = tuple(PORTABLE[name](registered(name).fill(options)))
    network = Network(operations, drawn(operations, side, widths))
    images = np.random.default_rng(1).integers(0, 256, (3, side, side), dtype=np.uint8)
    packed = pack(network.arrays)
    given = msgspec.to_builtins({"network": describe(network), "arrays": packed.places})
    found = blank.evaluate(SCRIPT, [given, text_of(packed.content), text_of(images.tobytes()), side])
    expected = forward(network, images)
    for (logits, features), row, last in zip(found, expected.logits, expected.features, strict=True):
        assert logits == pytest.approx(row, rel=1e-4, abs=1e-5)
        assert features == pytest.approx(last, rel=1e-4, abs=1e-5)


PAGE = f"""(images) => {{
    const [given, numbers] = ["network", "numbers"].map((id) => document.getElementById(id).textContent);
    const network = JSON.parse(given);
    return ({SCRIPT})([network, numbers, images, network.side])
        .map(([logits]) => fashionlabNetwork.softmax(logits, network.temperature));
}}"""
"""Probabilities of images, by what is in the page."""


@pytest.mark.parametrize(("which", "most"), [("real", 1000), ("convolved", 100)])
def test_the_page_computes_what_the_run_computed(open_page, request, which, most):
    run, report = request.getfixturevalue(which)
    validation, images = run.predictions.validation, open_images(run, "validation")[:most]
    assert len(images) == most
    expected = softmax(validation.logits[:most] / fit_temperature(validation.logits, validation.labels))
    page = open_page(report.path)
    found = np.array(page.evaluate(PAGE, text_of(images.tobytes())))
    assert np.abs(found - expected).max() < TOLERANCE


def checked(page):
    """The page after its check of itself, and the difference that this found."""
    page.wait_for_selector("#try-check:has-text('Checked on')")
    return float(re.search(r"probability (\d\.\d+)", page.inner_text("#try-check"))[1])


def test_the_page_checks_itself_and_answers_at_once(open_page, real, convolved):
    for _, report in (real, convolved):
        page = open_page(report.path)
        assert checked(page) < TOLERANCE
        assert page.locator("#try-bars li").count() == 10
        assert page.locator("#try-nearest li").count() == 8
        assert page.locator("#try-layers canvas:not(.peek)").count() == 2
        section = report.summary.tryit
        assert f"among {section.nearest:,} training images" in page.inner_text("#try")
        first = section.picks[0]
        assert page.inner_text("#try-bars .top .name") == report.summary.class_names[np.argmax(first.probabilities)]


def test_images_to_begin_with_are_the_first_of_each_class(open_page, real):
    run, report = real
    labels = run.predictions.validation.labels
    shown = [report.summary.images[pick.image] for pick in report.summary.tryit.picks]
    assert len(shown) == 100
    for label in range(10):
        assert [each.row for each in shown if each.label == label] == np.flatnonzero(labels == label)[:10].tolist()
    page = open_page(report.path)
    page.click("#try-picks [data-pick='6']")
    assert page.inner_text("#try-source").endswith("Shirt")
    images = open_images(run, "validation")
    assert seen(page) == images[shown[6].row].ravel().tolist()


def seen(page):
    """What the square shows, grey values."""
    return page.evaluate(
        """async () => {
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const canvas = document.getElementById("try-canvas");
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return Array.from(data).filter((_, i) => i % 4 === 0);
        }"""
    )


def answer(page):
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.inner_text("#try-answer")


def test_one_draws_with_pointer_and_finger(open_page, real):
    page = open_page(real[1].path)
    checked(page)
    page.click("#try-clear")
    assert not any(seen(page))
    box = page.locator("#try-canvas").bounding_box()
    assert (box["width"], box["height"]) == (280, 280)
    page.mouse.move(box["x"] + 95, box["y"] + 45)
    page.mouse.down()
    page.mouse.move(box["x"] + 95, box["y"] + 245, steps=4)
    page.mouse.up()
    image = np.reshape(seen(page), (28, 28))
    assert (image[5:24, 9] == 255).all()
    assert not image[:, 13:].any()
    before = answer(page)
    page.check("input[name=try-tone][value='0']")
    page.click("#try-canvas", position={"x": 95, "y": 145})
    assert np.reshape(seen(page), (28, 28))[14, 9] == 0
    assert answer(page) != before
    page.click("[data-pick='8']")
    image, before = seen(page), answer(page)
    page.click("#try-canvas", position={"x": 5, "y": 5})
    assert page.inner_text("#try-source").endswith("Bag, drawn on")
    page.click("#try-reset")
    assert (seen(page), answer(page)) == (image, before)
    phone = open_page(real[1].path, width=390, height=844, has_touch=True)
    phone.tap("#try-clear")
    phone.tap("#try-canvas", position={"x": 145, "y": 145})
    assert np.reshape(seen(phone), (28, 28))[14, 14] == 255


def test_the_keyboard_picks_shifts_and_switches_off(open_page, real):
    page = open_page(real[1].path)
    checked(page)
    page.focus("[data-pick='0']")
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert page.get_attribute("[data-pick='1']", "aria-pressed") == "true"
    image = np.reshape(seen(page), (28, 28))
    page.focus("#try-canvas")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    moved = np.reshape(seen(page), (28, 28))
    assert (moved[2:, 1:] == image[:-2, :-1]).all()
    assert not moved[:2].any()
    assert "Without your changes" in page.inner_text("#try-before")
    page.focus("#try-noise")
    page.keyboard.press("ArrowRight")
    assert seen(page) != moved.ravel().tolist()
    page.focus("#try-layers canvas:not(.peek) >> nth=1")
    for key in ("Home", "Enter", "ArrowRight", " "):
        page.keyboard.press(key)
    answer(page)
    assert page.inner_text("#try-layers output >> nth=1").startswith("2 switched off.")
    changed = answer(page)
    page.focus("#try-reset")
    page.keyboard.press("Enter")
    assert np.reshape(seen(page), (28, 28)).tolist() == image.tolist()
    assert page.inner_text("#try-before") == ""
    assert answer(page) != changed


def test_a_clicked_unit_is_off_and_on_again_and_the_first_layer_shows_its_weights(open_page, real):
    page = open_page(real[1].path)
    checked(page)
    before = page.inner_text("#try-bars")
    for _ in range(3):
        for x in range(8, 8 + 15 * 17, 17):
            page.click("#try-layers canvas:not(.peek) >> nth=0", position={"x": x, "y": 8})
        page.mouse.move(0, 0)
        answer(page)
    assert page.inner_text("#try-layers output >> nth=0") == "15 switched off."
    assert page.inner_text("#try-bars") != before
    page.hover("#try-layers canvas:not(.peek) >> nth=0", position={"x": 8, "y": 8})
    assert page.locator(".peek:visible").count() == 1


GIVE = """async ([kind, name, content]) => {
    const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0)), data = new DataTransfer();
    data.items.add(new File([bytes], name, { type: "image/png" }));
    const event = kind === "drop" ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
        : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    const source = document.getElementById("try-source"), said = document.getElementById("try-remarks");
    document.getElementById("try-clear").click();
    const before = source.textContent;
    document.getElementById("try").dispatchEvent(event);
    while (source.textContent === before && !said.textContent) await new Promise((done) => setTimeout(done, 1));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}"""
"""A file that is dropped or pasted, until it is answered."""


def photograph():
    """A dark shirt on a light ground, 600 x 700, as a PNG."""
    image = np.full((700, 600, 3), 235, np.uint8)
    image[120:600, 180:420] = image[120:240, 80:520] = (60, 40, 90)
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_a_photograph_that_is_dropped_or_pasted_is_answered_within_a_third_of_a_second(open_page, real):
    page = open_page(real[1].path)
    checked(page)
    expected = fashionlab.open_run(real[0].path).predict(Image.open(io.BytesIO(photograph())))
    client = page.context.new_cdp_session(page)
    # Of the page's own thread: the question is what the page needs, not what else the machine is doing.
    client.send("Performance.enable", {"timeDomain": "threadTicks"})

    def computed():
        metrics = client.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    for kind in ("drop", "paste"):
        before = computed()
        page.evaluate(GIVE, [kind, "shirt.png", text_of(photograph())])
        assert 0 < computed() - before < 0.3
        assert page.inner_text("#try-source") == "shirt.png"
        assert page.inner_text("#try-answer strong") == expected.class_name
        assert np.abs(np.array(seen(page)) - expected.image.ravel()).max() <= 2
        # The first one is the photograph, on which a part can be chosen.
        assert page.locator("#try-steps li").count() == len(expected.steps) - 1


def test_a_box_on_the_photograph_is_a_part_of_it(open_page, real):
    page = open_page(real[1].path)
    checked(page)
    page.set_input_files("#try-file", {"name": "shirt.png", "mimeType": "image/png", "buffer": photograph()})
    frame = page.locator(".frame")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    whole = seen(page)
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 2, steps=3)
    page.mouse.up()
    assert page.inner_text("#try-source") == "part of shirt.png"
    assert seen(page) != whole
    page.keyboard.press("Escape")
    assert seen(page) == whole


def test_a_file_name_does_nothing(open_page, real):
    page = open_page(real[1].path)
    checked(page)
    for name in ("<img src=x onerror=alert(1)>.png", "</script><b>x</b>.png", "a\u202egnp.png"):
        page.evaluate(GIVE, ["drop", name, text_of(photograph())])
        assert page.text_content("#try-source") == name.replace("\u202e", "\ufffd")
        page.evaluate(GIVE, ["drop", name, text_of(b"no image")])
        assert "is not an image" in page.text_content("#try-remarks")
    assert page.locator("#try img, #try b:text-is('x')").count() == 0


def test_networks_that_are_too_much_for_a_page_are_not_carried_and_it_says_why(real, monkeypatch):
    run, _ = real
    nothing = Insight(Missing("not looked at"))
    assert isinstance(summarise_report(run, nothing).tryit, tryit.TryItSection)
    monkeypatch.setattr(tryit, "MOST_WEIGHTS", 1000)
    found = summarise_report(run, nothing)
    assert "and a page carries up to 1,000" in found.tryit.reason
    assert found.missing["try it"] == found.tryit.reason
    monkeypatch.setattr(tryit, "PORTABLE", {})
    assert "this model answers with fashionlab predict" in summarise_report(run, nothing).tryit.reason

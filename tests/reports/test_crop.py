"""The box on a photograph: with pointer and keyboard, within the photograph, in its pixels."""

import pytest

from fashionlab.reports.run.scripts import photo_script

PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; }} #frame {{ position: relative; left: 50px; top: 40px; width: 400px; height: 300px; }}
#frame i {{ position: absolute; pointer-events: none; outline: 2px solid; }}
</style><div id="frame"></div><script>{script}
const chosen = [];
const crop = fashionlabPhotos.crop(document.getElementById("frame"), {{
  width: 2000, height: 1500, choose: (box) => chosen.push(box ? [box.x, box.y, box.width, box.height] : null),
}});
</script>"""
"""The photograph has five pixels for each of the screen."""


@pytest.fixture
def page(open_page, tmp_path):
    (tmp_path / "page.html").write_text(PAGE.format(script=photo_script()))
    return open_page(tmp_path / "page.html")


def drag(page, *places):
    """From the first place to the others, in pixels of the frame."""
    first, *others = [(50 + x, 40 + y) for x, y in places]
    page.mouse.move(*first)
    page.mouse.down()
    for each in others:
        page.mouse.move(*each)
    page.mouse.up()


def chosen(page):
    """What `choose` got last, when the next frame of the screen has been drawn."""
    return page.evaluate("new Promise((done) => requestAnimationFrame(() => done(chosen.at(-1))))")


def test_a_box_is_dragged_moved_and_resized_in_the_photographs_pixels(page):
    drag(page, (300, 200), (200, 150), (100, 50))  # backwards
    assert chosen(page) == [500, 250, 1000, 750]
    drag(page, (200, 100), (220, 110))
    assert chosen(page) == [600, 300, 1000, 750]
    drag(page, (200, 100), (900, 900))  # not beyond the photograph
    assert chosen(page) == [1000, 750, 1000, 750]
    drag(page, (200, 150), (100, 250))  # its upper left corner
    assert chosen(page) == [500, 1250, 1500, 250]
    drag(page, (20, 20), (30, 30), (21, 21))  # of a small one the least size
    assert chosen(page) == [100, 100, 8, 8]
    count = page.evaluate("chosen.length")
    drag(page, (200, 200), (201, 201))
    assert chosen(page) == [100, 100, 8, 8]
    assert page.evaluate("chosen.length") == count  # a click is no box
    assert page.evaluate("document.querySelector('#frame i').style.left") == "5%"
    page.evaluate("crop.set(null)")
    assert page.evaluate("[chosen.length, document.querySelector('#frame i').hidden]") == [count, True]


def test_the_keyboard_does_all_of_it_and_says_where_the_box_is(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "frame"
    steps = [
        ("ArrowRight", [200, 150, 1600, 1200]),  # without a box one begins
        ("ArrowRight", [240, 150, 1600, 1200]),
        ("Control+ArrowUp", [240, 149, 1600, 1200]),
        ("Shift+ArrowLeft", [240, 149, 1560, 1200]),
        ("Shift+ArrowDown", [240, 149, 1560, 1240]),
        ("-", [280, 189, 1480, 1160]),
        ("+", [240, 149, 1560, 1240]),
        ("Escape", None),
    ]
    for key, box in steps:
        page.keyboard.press(key)
        assert chosen(page) == box, key
    for _ in range(40):
        page.keyboard.press("-")
    assert all(side >= 8 for side in chosen(page)[2:])
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    x, _, width, _ = chosen(page)
    assert x + width == 2000
    assert f"from {x}, " in page.get_attribute("#frame", "aria-label")


def test_a_drag_that_is_cancelled_leaves_what_was(page):
    drag(page, (100, 100), (200, 200))
    page.mouse.move(300, 100)
    page.mouse.down()
    page.mouse.move(400, 300)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert chosen(page) == [500, 500, 500, 500]
    assert page.evaluate("chosen.length") == 1
    page.evaluate("crop.remove()")
    drag(page, (10, 10), (90, 90))
    assert page.evaluate("[chosen.length, document.querySelectorAll('#frame i').length]") == [1, 0]

"""The steps from a photograph to what the network sees, in the page's script and in Python: the same values.

A sample of `benchmarks.page_photos`, whose code this runs; thousands of photographs and their times are evidence.
"""

import base64
import io

import numpy as np
import pytest
from benchmarks.hostile_pictures import FORMATS, many_scans, saved
from benchmarks.hostile_pictures import png as png_of
from benchmarks.page_photos import CLASSES, PICTURES, Given, compare, in_page, in_python, write_page
from benchmarks.photos import GROUNDS, TURNS, photograph
from PIL import Image

from fashionlab.images import PixelFacts
from fashionlab.photos.reading import Box
from fashionlab.photos.see import PhotoFacts

FASHION = PhotoFacts("garment", 28, "black")


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def page(open_page, tmp_path):
    write_page(tmp_path / "page.html")
    return open_page(tmp_path / "page.html")


def linear(sample):
    """[785, 10]: a classifier of the sample by least squares, which answers the images it has seen."""
    pixels = np.c_[sample.images.reshape(len(sample.images), -1) / 255.0, np.ones(len(sample.images))]
    normal = pixels.T @ pixels + 10 * np.eye(pixels.shape[1])
    return np.linalg.solve(normal, pixels.T @ np.eye(10)[sample.labels])


def test_photographs_on_all_grounds_become_the_same_images_and_classes(page, sample):
    given = [
        Given(photograph(sample.images[row], ground, np.random.default_rng(row), ("PNG",), (60, 300)), FASHION)
        for row, ground in enumerate(GROUNDS * 10)
    ]
    python, script = [in_python(each) for each in given], in_page(page, given)
    for ground, photo, answer in zip(GROUNDS * 10, python, script, strict=True):
        assert answer["plain"] == photo.plain
        assert len(answer["remarks"]) == len(photo.remarks)
        assert [step[0] for step in answer["steps"]] == [step.name for step in photo.steps]
        assert [step[2:0:-1] for step in answer["steps"]] == [list(step.image.shape[:2]) for step in photo.steps]
        # A canvas keeps colours times their opacity, in whole numbers.
        assert ground == "transparent" or (answer["image"] == photo.image).all(), ground
        assert ground == "transparent" or np.array_equal(answer["others"], photo.others), ground
    ours, others = np.stack([photo.image for photo in python]), np.stack([answer["image"] for answer in script])
    assert compare(ours, others)["near"] >= PICTURES
    weights = linear(sample)
    classes = [(np.c_[each.reshape(60, -1) / 255.0, np.ones(60)] @ weights).argmax(axis=1) for each in (ours, others)]
    assert (classes[0] == classes[1]).mean() >= CLASSES


def odd_photographs(sample):
    """Name -> what is given: every way through the steps that photographs on plain grounds do not take."""
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (90, 120, 3))
    shirt = 255 - np.kron(sample.images[0], np.ones((5, 5)))
    rim = np.kron(np.where(sample.images[1] > 0, 200, 12), np.ones((9, 9)))
    simple = [
        PhotoFacts("simple", 8, "black"),
        PhotoFacts("simple", 300, "white", False, PixelFacts(0, 255, 255)),
        PhotoFacts("simple", 31, "other", True),
        PhotoFacts("simple", 31, "unknown", True, PixelFacts(10, 133.7, 0)),
    ]
    clear = np.dstack([noise, rng.integers(0, 256, (90, 120)) * (noise[..., 0] > 40)])
    given = {f"simple {number}": Given(png(clear), facts) for number, facts in enumerate(simple)}
    given |= {f"simple, opaque {number}": Given(png(noise), facts) for number, facts in enumerate(simple)}
    for name, pixels in {
        "noise": noise,
        "pale noise": 200 + noise // 5,
        "empty": np.full((60, 50), 240),
        "one pixel": np.zeros((1, 1)),
        "a line": np.full((1, 700), 200),
        "of no opacity": np.zeros((40, 30, 4)),
        "of its size": sample.images[0],
        "of its size, on white": 255 - sample.images[0],
        "cut out of white, on black": rim,
        "even": np.pad(np.full((80, 60), 200), 60, constant_values=15),
        "half plain": np.vstack([shirt, rng.integers(0, 256, shirt.shape)]),
    }.items():
        given[name] = Given(png(pixels), FASHION)
    given["cropped"] = Given(png(np.pad(shirt, 40, mode="reflect")), FASHION, Box(41, 38, 140, 139))
    given["cropped to its size"] = Given(png(np.pad(sample.images[0], 9)), FASHION, Box(9, 9, 28, 28))
    return given


def test_odd_photographs_take_the_same_way(page, sample):
    given = odd_photographs(sample)
    for (name, each), answer in zip(given.items(), in_page(page, list(given.values())), strict=True):
        photo = in_python(each)
        away = np.abs(np.stack([photo.image, *photo.others]).astype(int) - [answer["image"], *answer["others"]])
        # What is transparent in parts: see above.
        assert away.max() <= (1 if name.startswith("simple") and "opaque" not in name else 0), name
        assert [step[0] for step in answer["steps"]] == [step.name for step in photo.steps], name
        assert (answer["plain"], len(answer["remarks"])) == (photo.plain, len(photo.remarks)), name


def test_a_photograph_is_upright_and_what_is_none_gets_a_sentence(page, sample):
    upright, contents = Image.fromarray(255 - np.kron(sample.images[0], np.ones((3, 4), np.uint8))), []
    for form in ("PNG", "WEBP"):
        for orientation in range(1, 9):
            exif, file = Image.Exif(), io.BytesIO()
            exif[0x0112] = orientation
            turned = upright.transpose(Image.Transpose(TURNS[orientation])) if orientation > 1 else upright
            turned.save(file, form, exif=exif, lossless=True)
            contents.append(Given(file.getvalue(), FASHION))
    expected = in_python(contents[0]).image
    for number, answer in enumerate(in_page(page, contents)):
        assert (answer["image"] == expected).all(), number
    headers = """async (content) => {
        const { formatOf, sizeOf } = fashionlabPhotos.headers;
        const file = new DataView(Uint8Array.from(atob(content), (each) => each.charCodeAt(0)).buffer);
        return [formatOf(file), ...sizeOf(file, formatOf(file))];
    }"""
    for form, options in (
        *((form, {}) for form in FORMATS),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"progressive": 1}),
    ):
        content = saved(form, (307, 41), **options)
        assert page.evaluate(headers, base64.b64encode(content).decode()) == [form, 307, 41]
        for length in range(16, 60, 7):
            assert page.evaluate(headers, base64.b64encode(content[:length]).decode())[0] == form
    refused = """async ([content, box]) => {
        const facts = { rule: "garment", side: 28 };
        try {
            const { rgba, width, height } = await fashionlabPhotos.read(new File([content], "<img onerror>.png"));
            fashionlabPhotos.see(rgba, width, height, facts, box);
        } catch (error) { return error.message; }
    }"""
    assert "is not an image in one of the formats PNG" in page.evaluate(refused, ["nothing", None])
    assert "cannot be decoded" in page.evaluate(refused, ["GIF89a", None])
    bomb = "new File([Uint8Array.from(atob(content), (each) => each.charCodeAt(0))], 'bomb')"
    for content, said in (
        (png_of(30_000, 30_000, b""), "bomb has 30000 x 30000 pixels; at most 16,777,216 pixels are allowed"),
        (many_scans(100, 64), "bomb has more than 64 scans, which no camera or program writes; save it anew"),
    ):
        code = f"(content) => fashionlabPhotos.read({bomb}).catch((error) => error.message)"
        assert page.evaluate(code, base64.b64encode(content).decode()) == said
    outside = """() => {
        try { fashionlabPhotos.see(new Uint8ClampedArray(16), 2, 2, {}, { x: 1, y: 0, width: 2, height: 1 }); }
        catch (error) { return error.message; }
    }"""
    assert page.evaluate(outside) == "the box 1,0,2,1 is not within the image, which has 2 x 2 pixels"

"""From a photograph to what the network sees: grounds, polarity, sizes, rotations, and the definitions of the steps."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from fashionlab.errors import DataInvalid, UsageError
from fashionlab.images import PLAIN
from fashionlab.photos import arrays
from fashionlab.photos.garment import USUAL, prepare_garment
from fashionlab.photos.reading import WORKING_SIDE, Box, read_picture
from fashionlab.photos.simple import prepare_simple
from pictures import photograph, shirt_mask


def seen(pixels, crop=None):
    return prepare_garment(read_picture(pixels, crop))


def expected():
    """The shirt as the network should see it: its mask, trimmed, on 28 x 28."""
    return seen(photograph(noise=0, garment=(0, 0, 0))).image > 100


GROUNDS = {
    "white": {},
    "off-white": {"ground": (236, 232, 224)},
    "softly uneven": {"ground": (240, 240, 236), "light": 0.35},
    "red": {"ground": (190, 40, 50), "garment": (30, 30, 60)},
    "black": {"ground": (8, 8, 8), "garment": (200, 180, 170)},
    "dark blue": {"ground": (20, 25, 60), "garment": (210, 210, 200), "light": 0.2},
    "white on off-white": {"ground": (222, 221, 218), "garment": (243, 243, 243)},
    "pale on white": {"ground": (254, 254, 254), "garment": (226, 228, 230), "noise": 1},
    "portrait": {"width": 220, "height": 500},
    "landscape": {"width": 700, "height": 260, "ground": (210, 215, 220)},
    "small": {"width": 60, "height": 60, "inset": 0.1},
}


@pytest.mark.parametrize("name", GROUNDS)
def test_the_garment_is_found_and_bright_on_black(name):
    photo = seen(photograph(**GROUNDS[name]))
    assert photo.plain, photo.remarks
    assert not photo.remarks
    assert (photo.image.shape, photo.image.dtype) == ((28, 28), np.uint8)
    ours, wanted = photo.image > 60, expected()
    assert (ours == wanted).mean() > 0.95
    assert np.percentile(photo.image[wanted], 30) > 110
    assert photo.image[0].max() < 60 or photo.image[:, 0].max() < 60


def test_transparency_is_ground_and_keeps_the_authors_polarity():
    mask = shirt_mask()
    for grey in (30, 200, 250):
        channels = np.dstack([np.where(mask, grey, 255)] * 3 + [mask * 255]).astype(np.uint8)
        image = seen(channels).image
        assert ((image > 60) == expected()).mean() > 0.95


def test_a_dark_garment_is_brighter_than_a_pale_one():
    dark, pale = (seen(photograph(garment=(grey,) * 3)).image for grey in (20, 80))
    assert np.median(dark[dark > 60]) > np.median(pale[pale > 60])


def test_without_a_plain_ground_it_says_so_and_a_crop_box_helps():
    busy = np.random.default_rng(1).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    busy[60:340, 60:340] = photograph(width=280, height=280)
    photo = seen(busy)
    assert not photo.plain
    assert "crop=(x, y, w, h)" in photo.remarks[0]
    assert photo.image.shape == (28, 28)
    cropped = seen(busy, Box(60, 60, 280, 280))
    assert cropped.plain
    assert ((cropped.image > 60) == expected()).mean() > 0.95


def test_an_empty_ground_is_said():
    assert "nothing but a plain ground" in seen(np.full((100, 100, 3), 240, np.uint8)).remarks[0]
    assert seen(np.zeros((1, 1, 3), np.uint8)).image.shape == (28, 28)
    clear = seen(np.zeros((50, 60, 4), np.uint8))
    assert "transparent everywhere" in clear.remarks[0]
    assert not clear.image.any()


@pytest.mark.parametrize("box", [Box(0, 0, 301, 10), Box(-1, 0, 5, 5), Box(0, 0, 0, 5)])
def test_a_crop_box_outside_of_the_image_is_refused(box):
    with pytest.raises(UsageError, match="crop: "):
        read_picture(photograph(), box)


def test_the_hook_of_a_hanger_is_left_out():
    pixels = photograph()
    rows = np.flatnonzero((pixels < 128).all(axis=2).any(axis=1))
    pixels[rows[0] - 20 : rows[0] + 20, 148:152] = 90
    assert ((seen(pixels).image > 60) == expected()).mean() > 0.95


def test_the_eight_exif_rotations_give_one_answer(tmp_path):
    upright = Image.fromarray(photograph(width=160, height=120))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    images = []
    for orientation in range(1, 9):
        turned = upright.transpose(Image.Transpose(back[orientation])) if orientation > 1 else upright
        exif = Image.Exif()
        exif[0x0112] = orientation
        turned.save(tmp_path / f"{orientation}.png", exif=exif)
        with Image.open(tmp_path / f"{orientation}.png") as again:
            assert ImageOps.exif_transpose(again).tobytes() == upright.tobytes()
        images.append(seen(tmp_path / f"{orientation}.png").image)
    assert all((image == images[0]).all() for image in images)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_format_gives_nearly_the_same(form, tmp_path):
    path = tmp_path / "photo.dat"  # what a file is decides its content
    Image.fromarray(photograph()).save(path, form)
    found, original = seen(path).image, seen(photograph()).image
    # What JPEG and WebP lose may move the edges by a part of a pixel.
    assert ((found > 60) == (original > 60)).mean() > 0.95
    assert form != "PNG" or (found == original).all()


def test_what_is_large_is_averaged_over_whole_blocks():
    large = np.random.default_rng(0).integers(0, 256, (WORKING_SIDE * 2 + 1, 5, 4), dtype=np.uint8)
    picture = read_picture(large)
    assert picture.cover.shape == (-(-len(large) // 3), 2)
    block = large[:3, :3].astype(int)
    weight = block[..., 3].sum()
    for channel in range(3):
        total = (block[..., channel] * block[..., 3]).sum()
        assert picture.colours[0, 0, channel] == (2 * total + weight) // (2 * weight)
    assert picture.cover[0, 0] == (2 * weight + 9) // 18
    file = io.BytesIO()
    Image.fromarray(large).save(file, "PNG")
    assert (read_picture(Image.open(file)).colours == picture.colours).all()


def test_a_large_jpeg_is_decoded_smaller_and_the_crop_box_still_fits(tmp_path):
    large = Image.fromarray(photograph()[..., 0]).resize((4100, 4100), Image.Resampling.NEAREST)
    turned = Image.Exif()
    turned[0x0112] = 8
    large.transpose(Image.Transpose.ROTATE_270).save(tmp_path / "large.jpg", exif=turned)
    with pytest.raises(UsageError, match="4100 x 4100"):
        read_picture(tmp_path / "large.jpg", Box(0, 0, 4101, 10))
    for box in (None, Box(300, 300, 3500, 3600)):
        found, wanted = seen(tmp_path / "large.jpg", box).image, expected() * 255
        assert ((found > 60) == (wanted > 60)).mean() > 0.95
    large.save(tmp_path / "large.png", compress_level=1)
    large.save(tmp_path / "progressive.jpg", progressive=True)
    for name in ("large.png", "progressive.jpg"):
        with pytest.raises(
            DataInvalid, match="at most 16,777,216 pixels are allowed, in a JPEG that is not progressive"
        ):
            read_picture(tmp_path / name)


def test_the_steps_are_named_and_end_with_what_the_network_sees():
    steps = seen(photograph()).steps
    assert [step.name for step in steps] == [
        "the photograph", "the ground that was found", "garment (white) and ground (black)",
        "grey, negated, ground black", "trimmed", "longest edge 28, areas averaged", "sharpened", "centred on 28 x 28",
        "the same, wider and narrower",
    ]  # fmt: skip
    assert all(step.image.dtype == np.uint8 for step in steps)


def test_a_dim_garment_is_brightened_to_the_usual_median():
    dim = seen(photograph(ground=(255, 255, 255), garment=(205, 205, 205), noise=0))
    assert "brightened" in [step.name for step in dim.steps]
    assert abs(int(np.median(dim.image[dim.image > 0])) - USUAL) < 25
    assert "brightened" not in [step.name for step in seen(photograph(noise=0)).steps]


def test_it_is_shown_wider_and_narrower_as_well():
    photo = seen(photograph(noise=0))
    own, *others = ((image > 0).any(axis=0).sum() for image in (photo.image, *photo.others))
    heights = [(image > 0).any(axis=1).sum() for image in photo.others]
    assert own == 28
    assert others == [28, 28, 25]
    assert heights[0] < heights[1] <= heights[2] == 28


def test_a_shadow_below_is_not_the_garment():
    pixels = photograph(height=420)
    rows = np.flatnonzero((pixels < 128).all(axis=2).any(axis=1))
    pixels[rows[-1] + 20 : rows[-1] + 45, 60:240] = 215
    assert ((seen(pixels).image > 60) == expected()).mean() > 0.95
    cover = np.where((pixels < 128).all(axis=2), 255, 0)
    cover[rows[-1] + 20 : rows[-1] + 45, 60:240] = 70
    clear = np.dstack([np.where(cover[..., None] == 255, pixels, 0), cover]).astype(np.uint8)
    assert ((seen(clear).image > 60) == expected()).mean() > 0.95


def test_on_a_dark_ground_a_bright_colour_is_bright():
    images = [seen(photograph(ground=(8, 8, 8), garment=colour)).image for colour in ((230, 20, 30), (230, 230, 230))]
    assert abs(int(np.median(images[0][images[0] > 60])) - int(np.median(images[1][images[1] > 60]))) < 20


def test_area_averages_are_means_over_areas():
    values = np.arange(12.0).reshape(3, 4)
    assert arrays.area_average(values, 1, 1) == pytest.approx(values.mean())
    assert arrays.area_average(values, 3, 4) == pytest.approx(values)
    # Of three rows two: the middle one belongs to both by halves.
    assert arrays.area_average(values, 2, 4)[0] == pytest.approx((values[0] + values[1] / 2) / 1.5)
    assert arrays.area_average(values, 6, 8) == pytest.approx(np.kron(values, np.ones((2, 2))))


def test_sharpening_keeps_flat_parts_and_raises_edges():
    image = np.zeros((8, 8), np.uint8)
    image[2:7, 2:7] = 100
    sharp = arrays.sharpen(image)
    assert sharp[4, 4] == 100
    assert sharp[2, 4] == (48 * 100 - 1200 + 16) // 32
    assert sharp[2, 2] == (48 * 100 - 900 + 16) // 32


def test_floods_and_components_are_those_of_the_plain_definition():
    rng = np.random.default_rng(2)
    for _ in range(20):
        allowed = rng.random((rng.integers(1, 12), rng.integers(1, 12))) < 0.6
        reached, numbers = np.zeros_like(allowed), np.zeros(allowed.shape, int)
        for y, x in np.argwhere(allowed):
            part, todo = set(), [(int(y), int(x))]
            while todo:
                at = todo.pop()
                inside = 0 <= at[0] < allowed.shape[0] and 0 <= at[1] < allowed.shape[1]
                if at not in part and inside and allowed[at]:
                    part.add(at)
                    todo += [(at[0] + 1, at[1]), (at[0] - 1, at[1]), (at[0], at[1] + 1), (at[0], at[1] - 1)]
            numbers[y, x] = max(r * allowed.shape[1] + c for r, c in part) + 1
            reached[y, x] = any(r in (0, allowed.shape[0] - 1) or c in (0, allowed.shape[1] - 1) for r, c in part)
        assert (arrays.flood(allowed) == reached).all()
        assert (arrays.components(allowed) == numbers).all()


@pytest.mark.parametrize(("ground", "border"), [("black", 0), ("white", 255)])
def test_other_data_get_size_ground_and_polarity_of_their_training_images(ground, border):
    pixels = photograph(garment=(0, 0, 0), noise=0, width=400, height=400)
    photo = prepare_simple(read_picture(pixels), 8, ground, False, PLAIN)
    assert photo.image.shape == (8, 8)
    assert photo.image[0, 0] == border
    assert abs(int(photo.image[4, 4]) - (255 - border)) < 60


def test_on_a_dark_ground_a_pale_rim_tells_a_garment_that_was_cut_out():
    pixels = photograph(ground=(10, 10, 10), garment=(90, 90, 90))
    assert "grey, ground black" in [step.name for step in seen(pixels).steps]
    rim = shirt_mask() & ~shirt_mask(inset=0.18)
    pixels[rim] = 230
    assert "grey, negated, ground black" in [step.name for step in seen(pixels).steps]

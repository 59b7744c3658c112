"""From a photograph of a garment to an image as those of Fashion-MNIST, by the way that its authors took.

H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST", arXiv 1708.07747, section 2: photographs on a light ground; trimmed;
the longest edge brought to 28; sharpened; centred on 28 x 28; negated; grey. So a dark garment is bright on black, and
a pale one dim. Photographs from elsewhere have other grounds, so the ground is found first, and becomes black whatever
it was. Every step is a plain operation on an array (`arrays`), defined to the grey level.
"""

from dataclasses import dataclass, field

import numpy as np

from fashionlab.options import Blank, on_command_line, spelled
from fashionlab.photos.arrays import area_average, components, grey_of, percentile, rounded, sharpen
from fashionlab.photos.ground import LEAST_GARMENT, find_ground
from fashionlab.photos.reading import Picture

SIDE = 28

PALE, DARK = 180, 95
"""Grey of the ground: from PALE up it is taken for white paper in less light and becomes white, from DARK down it
becomes black; between them the garment's own grey counts."""

USUAL = 120
"""What the median of a garment's values is raised to where it is lower: three of four training images of Fashion-MNIST
reach it."""

WIDTHS = (11, 9, 8)
"""Tenths of its width in which a garment is shown to the network as well: the sleeves of one that somebody has spread
out reach further than those of the data set's, which hang down."""

COLOUR = 0.4
"""Of the largest difference between a garment and its ground in red, green or blue: the least value it gets. A garment
may be as bright as its ground and yet be seen by its colour."""

SEEN = 0.2
"""Of that percentile: what is dimmer (a shadow, a soft edge) does not decide where the garment ends."""

COVERED = 128
"""Of 255: what covers less than half is no garment but its shadow or its soft edge."""

SPECK = 0.05
"""Of the largest part: smaller parts are not the garment."""

SHADOW = 6
"""Tenths of the garment's 95th percentile: a part below the garment that is dimmer is its shadow."""

HOOK = 0.08
"""Of the garment's width: rows at its top that are narrower are the hook of a hanger."""


@dataclass(frozen=True, eq=False)
class Step:
    """name: what was done, in a few words; image: uint8 [h, w] or [h, w, 3], what it looked like then."""

    name: str
    image: np.ndarray


@dataclass(eq=False)
class Photo:
    """What the network sees, and how it came about.

    image: uint8 [side, side]; plain: whether a plain ground was found (True as well where nothing was looked for);
    steps: in their order; remarks: what the user should know, in sentences; others: uint8 [side, side] each, the same
    in other widths, which the network is asked about as well.
    """

    image: np.ndarray
    plain: bool = True
    steps: list[Step] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    others: list[np.ndarray] = field(default_factory=list)


NOTHING_ON_GROUND = "nothing but a plain ground was found in the image"

NOTHING_OPAQUE = "the image is transparent everywhere, so there is nothing to see in it"


def prepare_garment(picture: Picture) -> Photo:
    """The image that a network of Fashion-MNIST sees, uint8 [28, 28], with its steps."""
    steps = [Step("the photograph", picture.colours)]
    values, mask, plain, remarks = _on_black(picture, steps)
    if not mask.all():
        values = _trimmed(values, mask, steps)
    values = _brightened(values, steps)
    small = _fitted(values)
    steps.append(Step(f"longest edge {SIDE}, areas averaged", small))
    sharp = sharpen(small)
    steps.append(Step("sharpened", sharp))
    image = centred(sharp)
    steps.append(Step(f"centred on {SIDE} x {SIDE}", image))
    others = [centred(sharpen(_fitted(values, width))) for width in WIDTHS]
    steps.append(Step("the same, wider and narrower", np.concatenate(others, axis=1)))
    return Photo(image, plain, steps, remarks, others)


def _on_black(picture: Picture, steps: list[Step]) -> tuple[np.ndarray, np.ndarray, bool, list[str]]:
    """The garment's values on black, uint8 [h, w], its mask, whether the ground is plain, and what is to be said."""
    colours, cover = picture.colours, picture.cover
    if (cover < 128).mean() > 0.02:
        values, mask = _transparent(colours, cover, steps)
        return (values, mask, True, []) if mask.any() else (values, ~mask, False, [NOTHING_OPAQUE])
    alpha = cover[..., None].astype(np.float64) / 255
    colours = rounded(colours * alpha + 255 * (1 - alpha))
    ground = find_ground(colours)
    grey = grey_of(colours)
    if ground is None:
        values = _without_ground(grey, steps)
        return values, np.ones(values.shape, bool), False, [_no_ground()]
    said = [] if ground.plain else [_half_plain()]
    if ground.garment.mean() < LEAST_GARMENT:
        values = _without_ground(grey, steps)
        return values, np.ones(values.shape, bool), False, [NOTHING_ON_GROUND]
    steps.append(Step("the ground that was found", ground.surface))
    mask = _without_specks(ground.garment)
    steps.append(Step("garment (white) and ground (black)", mask.astype(np.uint8) * 255))
    values, negated = contrast(colours, ground.surface, mask, ground.alike)
    away = np.abs(colours.astype(np.int32) - ground.surface).max(axis=2)
    values = np.where(mask, np.maximum(values, rounded(COLOUR * away)), 0).astype(np.uint8)
    steps.append(Step("grey, negated, ground black" if negated else "grey, ground black", values))
    return values, mask, ground.plain, said


def _no_ground() -> str:
    return (
        "no plain ground was found, so the whole image is used as it is; photograph the garment on a plain ground, or "
        f"give a box around it with {_crop()}"
    )


def _half_plain() -> str:
    steps = "--explain" if on_command_line() else "the steps"
    return (
        f"no plain ground was found beyond doubt, so this may not be the garment; see {steps}, or give a box around it "
        f"with {_crop()}"
    )


def _crop() -> str:
    return spelled("crop", tuple(map(Blank, "xywh")))


def contrast(colours: np.ndarray, surface: np.ndarray, mask: np.ndarray, alike: np.ndarray) -> tuple[np.ndarray, bool]:
    """Values on black, uint8 [h, w], and whether they are negated, of a garment and its ground, uint8 [h, w, 3].

    A garment that is darker than its ground, in the sum over its pixels: 255 (1 - g / w), with w the grey of the
    ground, at least PALE. A brighter one: 255 (m - b) / (255 - b), with m the brightest of red, green and blue, because
    grey makes a bright red dark, and b that of the ground, at most DARK. But if a pale rim surrounds it, it was cut out
    of a light ground and put on this one: 255 - g, and 0 where it is like the ground, as within the handle of a bag.
    """
    grey, ground = grey_of(colours), grey_of(surface)
    g, under = grey.astype(np.float64), ground.astype(np.float64)
    negated = True
    if int(grey[mask].sum(dtype=np.int64)) <= int(ground[mask].sum(dtype=np.int64)):
        values = 255 * (1 - g / np.maximum(under, PALE))
    elif _has_pale_rim(grey, mask):
        values = np.where(alike, 0, 255 - g)
    else:
        black = np.minimum(surface.max(axis=2), DARK).astype(np.float64)
        values, negated = 255 * (colours.max(axis=2) - black) / (255 - black), False
    return np.where(mask, rounded(values), 0).astype(np.uint8), negated


def _has_pale_rim(grey: np.ndarray, mask: np.ndarray) -> bool:
    """Whether, at the size that the network sees, the garment becomes brighter towards its outline, and not darker.

    With o, s and c the mean grey, of whole levels, of its outermost pixels, of the second ring and of the core within:
    5 (o - c) > 6 (s - c). The factors tell 99 of 100 images of Fashion-MNIST from their negatives.
    """
    top, bottom, left, right = _bounds(mask)
    part = mask[top:bottom, left:right]
    height, width = _new_size(*part.shape)
    share = area_average(part, height, width)
    tone = area_average(np.where(part, grey[top:bottom, left:right], 0), height, width)
    outer = share > 0.5
    tone = rounded(tone / np.maximum(share, 0.5))
    inner = _eroded(outer)
    core = _eroded(inner)
    if core.sum() < 10:
        return False
    rim, second, middle = (float(tone[ring].mean()) for ring in (outer & ~inner, inner & ~core, core))
    return 5 * (rim - middle) > 6 * (second - middle)


def _eroded(mask: np.ndarray) -> np.ndarray:
    """Without the pixels that have a neighbour, at one of the four sides, outside the mask or the image."""
    padded = np.pad(mask, 1)
    return mask & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]


def _bounds(mask: np.ndarray) -> tuple[int, int, int, int]:
    """First row, last row + 1, first column, last column + 1."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _new_size(height: int, width: int, tenths: int = 10) -> tuple[int, int]:
    """With the longest edge SIDE, when the width has become tenths / 10 of what it is."""
    height, width = 10 * height, tenths * width
    longest = max(height, width)
    new = [max(1, (2 * SIDE * side + longest) // (2 * longest)) for side in (height, width)]
    return new[0], new[1]


def _transparent(colours: np.ndarray, cover: np.ndarray, steps: list[Step]) -> tuple[np.ndarray, np.ndarray]:
    """On white and negated, as the authors' were; what is white itself is taken as it is, bright on black."""
    grey, mask = grey_of(colours), _without_specks(cover >= COVERED)
    steps.append(Step("cover: what is not transparent", cover))
    values = rounded((255 - grey.astype(np.float64)) * cover / 255)
    name = "grey, negated, ground black"
    if percentile(values[mask], 0.95) < 24:
        values, name = rounded(grey.astype(np.float64) * cover / 255), "grey, ground black"
    values = np.where(mask, values, 0).astype(np.uint8)
    steps.append(Step(name, values))
    return values, mask


def _without_ground(grey: np.ndarray, steps: list[Step]) -> np.ndarray:
    """Grey, negated where the border is brighter than the middle grey."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if percentile(border, 0.5) < 128:
        steps.append(Step("grey", grey))
        return grey
    values = 255 - grey
    steps.append(Step("grey, negated", values))
    return values


def _without_specks(mask: np.ndarray) -> np.ndarray:
    """The largest connected part, and those that are not far smaller: a pair of shoes is two."""
    numbers = components(mask)
    sizes = np.bincount(numbers.reshape(-1))
    sizes[0] = 0
    kept = sizes >= max(1, SPECK * sizes.max())
    kept[0] = False
    found: np.ndarray = kept[numbers]
    return found


def _without_shadow(mask: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Without the parts that lie wholly below the largest and are dim beside it: the shadow of what hangs or floats."""
    numbers = components(mask)
    sizes = np.bincount(numbers.reshape(-1))
    sizes[0] = 0
    largest = numbers == sizes.argmax()
    end, bright = _bounds(largest)[1], percentile(values[largest], 0.95)
    kept = mask.copy()
    for number in np.flatnonzero(sizes):
        part = numbers == number
        if _bounds(part)[0] >= end and 10 * percentile(values[part], 0.95) < SHADOW * bright:
            kept[part] = False
    return kept


def _brightened(values: np.ndarray, steps: list[Step]) -> np.ndarray:
    """A dim garment, made as bright as is usual: by the factor that the median of all that is not 0 needs."""
    median = percentile(values[values > 0], 0.5)
    if not 0 < median < USUAL:
        return values
    values = rounded(values.astype(np.float64) * (USUAL / median))
    steps.append(Step("brightened", values))
    return values


def _trimmed(values: np.ndarray, mask: np.ndarray, steps: list[Step]) -> np.ndarray:
    """Cut to the garment, without the hook of a hanger."""
    high = percentile(values[mask], 0.95)
    seen = _without_shadow(_without_specks(mask & (values > SEEN * high)), values) if high else mask
    top, bottom, left, right = _bounds(seen)
    first = seen[top:bottom].argmax(axis=1)
    last = seen.shape[1] - seen[top:bottom, ::-1].argmax(axis=1)
    wide = last - first >= HOOK * (right - left)
    hook = int(wide.argmax())
    # A hook is short beside the garment, and more than the garment's own tip.
    if 0.03 * (bottom - top) < hook < 0.25 * (bottom - top):
        seen[: top + hook] = False
        top, bottom, left, right = _bounds(seen)
    cut = values[top:bottom, left:right]
    steps.append(Step("trimmed", cut))
    return cut


def _fitted(values: np.ndarray, tenths: int = 10) -> np.ndarray:
    """The longest edge brought to 28, when the width has become tenths / 10 of what it is."""
    height, width = _new_size(values.shape[0], values.shape[1], tenths)
    return rounded(area_average(values, height, width))


def centred(image: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The image in the middle of a black square; where it cannot be, half a pixel further down or right, as it is in
    Fashion-MNIST."""
    top, left = (side - image.shape[0] + 1) // 2, (side - image.shape[1] + 1) // 2
    result = np.zeros((side, side), np.uint8)
    result[top : top + image.shape[0], left : left + image.shape[1]] = image
    return result

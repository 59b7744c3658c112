"""From images as they were found to what the network sees: of one size, on a ground, 0 to 255, uint8.

One way for all of them: files are decoded, arrays are cut into blocks, and both are collected into a `Stack`
(`collect`, `stack_array`). What must be the same for every image, and can only be known when the training images are
there, is found once (`find_facts`), and `finish` makes the images from both. So a later image, or a set that is loaded
again, gets the same treatment.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from fashionlab.errors import DataInvalid
from fashionlab.images.pixels import Pixels, pixels_of
from fashionlab.options import spelled

CONTENT_LIMIT = 4 * 2**30
"""Bytes that the images of one set may take: far beyond what the lab is for."""

_BLOCK = 2**22
"""Values of an array that are converted at once: what they take beside the result stays small."""

_SAMPLE, _VALUES = 4096, 2**23
"""Images and values of them that are looked at, evenly spread, for the range of values that a set uses."""

Fit = Literal["pad", "crop", "fit"]


class Preparation(Struct, frozen=True, forbid_unknown_fields=True):
    """What the user asks to have done to images. resize: side in pixels, None leaves them as they are; resize_how: pad
    keeps the whole image and its proportions, crop its middle, fit the whole without its proportions; stretch: spread
    the values that the training images use over 0 to 255; invert: exchange dark and bright."""

    resize: int | None = None
    resize_how: Fit = "pad"
    stretch: bool = False
    invert: bool = False


class PixelFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """What the training images decide for all images. low, high: the values that become 0 and 255; ground: the value
    that transparent images are put on."""

    low: float = 0.0
    high: float = 255.0
    ground: Annotated[int, Meta(ge=0, le=255)] = 0


AS_FOUND = Preparation()
"""Nothing is asked for."""

PLAIN = PixelFacts()
"""0 to 255, on black."""


@dataclass(eq=False)
class Stack:
    """Images of one size, square. grey, cover: as of `Pixels`; the counts are of images, for what is said."""

    grey: np.ndarray
    cover: np.ndarray | None = None
    coloured: int = 0
    covered: int = 0
    animated: int = 0
    deep: int = 0
    resized: int = 0
    remarks: list[str] = field(default_factory=list)


def collect(
    blocks: Iterable[tuple[str, Pixels]], count: int, preparation: Preparation, side: int | None = None
) -> Stack:
    """Images, block by block, each with what it is called, brought to the size that is asked for, or all of one size.

    count: images in all; side: the size that they must have where none is asked for, None for the first one's. Raises
    DataInvalid for an image of another size.
    """
    stack: Stack | None = None
    side, row = preparation.resize or side, 0
    for name, block in blocks:
        height, width = block.grey.shape[1:]
        if side is None:
            if height != width:
                raise DataInvalid(
                    f"{name} is {width} x {height} pixels; expected square images, or {spelled('resize', 28)}"
                )
            side = height
        if stack is None:
            if count * side * side * block.grey.itemsize > CONTENT_LIMIT:
                raise DataInvalid(f"{name}: {count:,} images of {side} x {side} are beyond {CONTENT_LIMIT:,} bytes")
            stack = Stack(np.empty((count, side, side), block.grey.dtype))
        if (height, width) != (side, side):
            if preparation.resize is None:
                raise DataInvalid(
                    f"{name} is {width} x {height} pixels, others are {side} x {side}; expected one size, or "
                    f"{spelled('resize', 28)} to bring all of them to it"
                )
            stack.resized += len(block.grey)
            block = _resized(block, side, preparation.resize_how)
        _put(stack, row, block)
        row += len(block.grey)
    assert stack is not None
    return stack


def stack_array(images: np.ndarray, name: str, preparation: Preparation, side: int | None = None) -> Stack:
    """Images of an array: [n, height, width], with a channel axis (last or first), or [n, pixels] of square images.

    Values are whole numbers or floats from 0 to 255, floats from 0 to 1, true or false; others only with
    `preparation.stretch`. Raises DataInvalid, a sentence that begins with `name`.
    """
    remarks: list[str] = []
    if not images.size:
        raise DataInvalid(f"{name} have shape {list(images.shape)}; expected at least one image")
    images = _with_channels(images, name, remarks)
    scale = _scale(images, name, preparation, remarks)
    height, width, channels = images.shape[1:]
    wanted = preparation.resize or side or (height if height == width else None)
    if scale is None and channels == 1 and (height, width) == (wanted, wanted):
        return Stack(np.ascontiguousarray(images[..., 0]), remarks=remarks)

    def blocks() -> Iterator[tuple[str, Pixels]]:
        rows = max(1, _BLOCK // images[0].size)
        for start in range(0, len(images), rows):
            block = images[start : start + rows]
            if scale is not None:
                block = block.astype(np.float32)
                block *= np.float32(scale)
            yield f"{name}: an image", pixels_of(block)

    stack = collect(blocks(), len(images), preparation, side)
    stack.remarks = remarks
    return stack


def find_facts(stack: Stack, preparation: Preparation, name: str) -> PixelFacts:
    """What the training images decide for all. Raises DataInvalid if there is nothing to stretch."""
    facts = PixelFacts(ground=_ground(stack))
    if not preparation.stretch:
        return facts
    low, high = used_range(_composed(stack, facts))
    if high <= low:
        raise DataInvalid(
            f"{name} all have one value, {low:g}: there is nothing that {spelled('stretch', True)} could spread"
        )
    return PixelFacts(low, high, facts.ground)


def finish(stack: Stack, facts: PixelFacts, preparation: Preparation) -> np.ndarray:
    """What the network sees: uint8 [n, side, side]."""
    grey = _composed(stack, facts)
    if grey.dtype == np.uint8 and (facts.low, facts.high) == (0, 255):
        return np.ascontiguousarray(255 - grey if preparation.invert else grey)
    result = np.empty(grey.shape, np.uint8)
    rows = max(1, _BLOCK // grey[0].size)
    for start in range(0, len(grey), rows):
        block = grey[start : start + rows].astype(np.float32)
        block = np.clip((block - facts.low) * (255 / (facts.high - facts.low)), 0, 255)
        result[start : start + rows] = np.rint(255 - block if preparation.invert else block)
    return result


def used_range(images: np.ndarray) -> tuple[float, float]:
    """The values between which all but a thousandth at either end lie; of images that are almost all of one value, the
    lowest and the highest. Of many images or pixels a part is looked at, evenly spread."""
    sample = images[:: max(1, len(images) // _SAMPLE)]
    sample = sample.reshape(-1)[:: max(1, sample.size // _VALUES)]
    low, high = (float(value) for value in np.quantile(sample, (0.001, 0.999), method="nearest"))
    return (low, high) if high - low > 1e-6 else (float(sample.min()), float(sample.max()))


def steps(stacks: list[Stack], facts: PixelFacts, preparation: Preparation) -> list[str]:
    """What was done to the images, a sentence each; nothing for what was taken as it is."""
    coloured, covered, animated, deep, resized, n = (
        sum(each)
        for each in zip(
            *((s.coloured, s.covered, s.animated, s.deep, s.resized, len(s.grey)) for s in stacks), strict=True
        )
    )
    said = list(dict.fromkeys(remark for stack in stacks for remark in stack.remarks))
    if animated:
        said.append(f"of {animated:,} of {n:,} images, which are animated, only the first frame is used")
    if coloured:
        said.append(f"{coloured:,} of {n:,} images have colour; they were made grey by their luminance")
    if covered:
        ground, why = ("black", "bright") if facts.ground == 0 else ("white", "dark")
        said.append(
            f"{covered:,} of {n:,} images are transparent in places; as what they show is {why}, they were put on "
            f"{ground}"
            + (
                ""
                if facts.ground == 0 or preparation.invert
                else f"; {spelled('invert', True)} makes that bright on black"
            )
        )
    if deep and not preparation.stretch:
        said.append(f"{deep:,} of {n:,} images have 16 bits a pixel, of which the upper 8 are used")
    if resized:
        side = stacks[0].grey.shape[1]
        how = {
            "pad": "whole, with the colour of their border around them",
            "crop": "cut to their middle square",
            "fit": "without keeping their proportions",
        }[preparation.resize_how]
        said.append(f"{resized:,} of {n:,} images were brought to {side} x {side} pixels, {how}")
    if preparation.stretch:
        said.append(f"the values {facts.low:.4g} to {facts.high:.4g} of the training images were stretched to 0 to 255")
    if preparation.invert:
        said.append("dark and bright were exchanged")
    return said


def _put(stack: Stack, row: int, block: Pixels) -> None:
    """Put a block into its place, and count what was special about it."""
    if block.grey.dtype != np.uint8 and stack.grey.dtype == np.uint8:
        stack.grey = stack.grey.astype(np.float32)
    rows = slice(row, row + len(block.grey))
    stack.grey[rows] = block.grey
    if block.cover is not None:
        if stack.cover is None:
            stack.cover = np.full(stack.grey.shape, 255, np.uint8)
        stack.cover[rows] = block.cover
        stack.covered += int((block.cover < 255).reshape(len(block.cover), -1).any(axis=1).sum())
    stack.coloured += block.coloured
    stack.animated += block.animated
    stack.deep += block.deep


def _with_channels(images: np.ndarray, name: str, remarks: list[str]) -> np.ndarray:
    """An array as [n, height, width, channels]."""
    if images.ndim == 2:
        side = round(images.shape[1] ** 0.5)
        if side * side != images.shape[1]:
            raise DataInvalid(
                f"{name} are rows of {images.shape[1]:,} numbers, which is not a square number; expected [n, "
                "height, width]"
            )
        remarks.append(f"rows of {images.shape[1]:,} numbers were read as images of {side} x {side}")
        return images.reshape(len(images), side, side, 1)
    if images.ndim == 3:
        return images[..., None]
    if images.ndim == 4 and images.shape[3] in (1, 2, 3, 4):
        return images
    if images.ndim == 4 and images.shape[1] in (1, 3, 4):
        remarks.append(f"the axis of length {images.shape[1]} before height and width was read as the colour channels")
        return np.moveaxis(images, 1, 3)
    raise DataInvalid(
        f"{name} have shape {list(images.shape)}; expected [n, height, width], or with 1, 3 or 4 channels as a last "
        "axis"
    )


def _scale(images: np.ndarray, name: str, preparation: Preparation, remarks: list[str]) -> float | None:
    """The factor by which values come to lie between 0 and 255; None for uint8, which are taken as they are."""
    kind = images.dtype.kind
    if images.dtype == np.uint8:
        return None
    if kind == "b":
        remarks.append("true and false became 255 and 0")
        return 255.0
    if kind not in "iuf":
        raise DataInvalid(f"{name} are {images.dtype}; expected numbers, 0 to 255 or 0 to 1")
    low, high = float(images.min()), float(images.max())
    if not np.isfinite(low + high):
        raise DataInvalid(f"{name} contain values that are NaN or infinite; expected numbers, 0 to 255 or 0 to 1")
    if kind == "f" and low >= 0 and high <= 1:
        remarks.append("values from 0 to 1 became 0 to 255")
        return 255.0
    if low >= 0 and high <= 255:
        return 1.0
    if not preparation.stretch:
        raise DataInvalid(
            f"{name} are {images.dtype} from {low:g} to {high:g}; expected 0 to 255 or 0 to 1, or "
            f"{spelled('stretch', True)} to spread what they use over 0 to 255"
        )
    return 1.0


def _ground(stack: Stack) -> int:
    """Black under what is bright, white under what is dark: whatever leaves contrast."""
    if stack.cover is None:
        return 0
    # What is partly transparent counts by its part; opaque images beside have a ground of their own.
    clear = (stack.cover < 255).reshape(len(stack.cover), -1).any(axis=1)
    weight = float(stack.cover[clear].sum(dtype=np.int64)) / 255
    if weight == 0:
        return 0
    return 255 if float(stack.grey[clear].sum(dtype=np.float64)) / weight < 128 else 0


def _composed(stack: Stack, facts: PixelFacts) -> np.ndarray:
    """The images on their ground."""
    if stack.cover is None or facts.ground == 0:
        return stack.grey
    grey = stack.grey + (255 - stack.cover).astype(stack.grey.dtype) * (facts.ground / 255)
    return np.rint(np.minimum(grey, 255)).astype(stack.grey.dtype)


def _resized(block: Pixels, side: int, how: Fit) -> Pixels:
    grey = np.stack([_resize(image, side, how, block.cover is None) for image in block.grey])
    cover = None if block.cover is None else np.stack([_resize(image, side, how, False) for image in block.cover])
    return Pixels(grey, cover, block.coloured, block.animated, block.deep)


def _resize(image: np.ndarray, side: int, how: Fit, opaque: bool) -> np.ndarray:
    """One image [height, width] as [side, side]: averaged over areas where it shrinks, interpolated where it grows."""
    from PIL import Image

    height, width = image.shape
    picture = Image.fromarray(np.ascontiguousarray(image))
    smooth = Image.Resampling.BOX if max(image.shape) >= side else Image.Resampling.BILINEAR
    if how == "fit":
        return np.asarray(picture.resize((side, side), smooth))
    if how == "crop":
        least = min(height, width)
        left, top = (width - least) / 2, (height - least) / 2
        return np.asarray(picture.resize((side, side), smooth, (left, top, left + least, top + least)))
    across, down = (max(1, round(length * side / max(height, width))) for length in (width, height))
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    result = np.full((side, side), np.median(border) if opaque else 0).astype(image.dtype)
    left, top = (side - across) // 2, (side - down) // 2
    result[top : top + down, left : left + across] = np.asarray(picture.resize((across, down), smooth))
    return result

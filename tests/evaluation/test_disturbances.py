"""Images made worse on purpose."""

import numpy as np
import pytest

from fashionlab.evaluation.disturbances import UNITS, disturb

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 12, 10), dtype=np.uint8)


@pytest.mark.parametrize("kind", UNITS)
def test_shape_and_type_stay_and_the_seed_decides(kind):
    strength = 2 if kind == "shift" else 0.5
    before = IMAGES.copy()
    changed = disturb(IMAGES, kind, strength, 3)
    assert (changed.shape, changed.dtype) == (IMAGES.shape, np.uint8)
    assert (changed == disturb(IMAGES, kind, strength, 3)).all()
    assert (changed != IMAGES).any()
    assert (before == IMAGES).all()


def test_noise_has_the_deviation_that_was_asked_for():
    grey = np.full((50, 28, 28), 128, np.uint8)
    assert disturb(grey, "noise", 0.1, 0).std() == pytest.approx(25.5, rel=0.02)


def test_blur_keeps_the_light_and_spreads_a_point_as_a_gaussian():
    point = np.zeros((1, 21, 21), np.uint8)
    point[0, 10, 10] = 255
    spread = disturb(point, "blur", 2.0, 0)[0].astype(float)
    assert (spread == spread.T).all()
    assert spread[10, 10] == pytest.approx(255 / (2 * np.pi * 4), abs=1)
    flat = np.full((1, 9, 9), 77, np.uint8)
    assert (disturb(flat, "blur", 1.5, 0) == flat).all()


def test_less_light():
    assert disturb(np.full((1, 2, 2), 200, np.uint8), "brightness", 0.75, 0).tolist() == [[[50, 50], [50, 50]]]


def test_a_shift_moves_each_image_one_way_and_brings_in_black():
    moved = disturb(IMAGES, "shift", 3, 1)
    ways = {
        "right": (IMAGES[:, :, :-3], moved[:, :, 3:], moved[:, :, :3]),
        "left": (IMAGES[:, :, 3:], moved[:, :, :-3], moved[:, :, -3:]),
        "down": (IMAGES[:, :-3], moved[:, 3:], moved[:, :3]),
        "up": (IMAGES[:, 3:], moved[:, :-3], moved[:, -3:]),
    }
    fits = np.array([[(a[i] == b[i]).all() and not c[i].any() for a, b, c in ways.values()] for i in range(40)])
    assert (fits.sum(axis=1) == 1).all()
    assert fits.any(axis=0).all()


def test_it_agrees_with_scipy():
    from scipy.ndimage import gaussian_filter1d

    expected = IMAGES.astype(np.float64)
    for axis in (1, 2):
        expected = gaussian_filter1d(expected, 1.0, axis=axis, mode="nearest", radius=3)
    assert np.abs(disturb(IMAGES, "blur", 1.0, 0) - expected).max() < 0.51

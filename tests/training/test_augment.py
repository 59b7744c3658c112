"""Augmentation against a plain reference, one picture at a time."""

import numpy as np
import pytest

from fashionlab.recipe.recipe import Fit
from fashionlab.training import rng as draws
from fashionlab.training.augment import augment

N, SIDE, CLASSES = 33, 12, 4


@pytest.fixture
def batch():
    random = np.random.default_rng(0)
    pictures = random.integers(1, 256, size=(N, SIDE, SIDE), dtype=np.uint8)
    return pictures, np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, N)]


def changed(fit, batch):
    drawn = vars(draws.augmentation(fit, N, SIDE, 0, 1))
    pictures, targets = augment(fit, *batch, {name: value for name, value in drawn.items() if len(value)})
    assert pictures.dtype == np.uint8
    assert pictures.shape == (N, SIDE, SIDE)
    return np.asarray(pictures), np.asarray(targets), drawn


def moved(picture, down, right):
    result = np.zeros_like(picture)
    for row in range(SIDE):
        for column in range(SIDE):
            if 0 <= row - down < SIDE and 0 <= column - right < SIDE:
                result[row, column] = picture[row - down, column - right]
    return result


def test_without_augmentation_nothing_changes(batch):
    pictures, targets, _ = changed(Fit(), batch)
    assert (pictures == batch[0]).all()
    assert (targets == batch[1]).all()


def test_shift_moves_each_picture_by_its_own_offset(batch):
    pictures, targets, drawn = changed(Fit(shift=2), batch)
    expected = [moved(p, *offset) for p, offset in zip(batch[0], drawn["shift"], strict=True)]
    assert (pictures == expected).all()
    assert (targets == batch[1]).all()


def test_flip_mirrors_the_chosen_pictures(batch):
    pictures, _, drawn = changed(Fit(flip=0.5), batch)
    assert 0 < drawn["flip"].sum() < N
    for before, after, flipped in zip(batch[0], pictures, drawn["flip"], strict=True):
        assert (after == (before[:, ::-1] if flipped else before)).all()


def test_cutout_blackens_a_square_and_nothing_else(batch):
    pictures, _, drawn = changed(Fit(cutout=5), batch)
    for before, after, (top, left) in zip(batch[0], pictures, drawn["cutout"], strict=True):
        expected = before.copy()
        expected[max(top, 0) : max(top + 5, 0), max(left, 0) : max(left + 5, 0)] = 0
        assert (after == expected).all()


def test_mixup_blends_pictures_and_targets_alike(batch):
    pictures, targets, drawn = changed(Fit(mixup=0.4), batch)
    weight = drawn["mixup"][:, None]
    own = batch[0].astype(np.float32)
    blended = weight[:, :, None] * own + (1 - weight[:, :, None]) * own[::-1]
    assert np.abs(pictures - blended).max() <= 0.5 + 1e-4
    assert targets == pytest.approx(weight * batch[1] + (1 - weight) * batch[1][::-1], abs=1e-6)
    assert targets.sum(axis=1) == pytest.approx(1, abs=1e-6)

"""Augmentation against a plain reference, one image at a time."""

import numpy as np
import pytest

from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners.augment import augment, draw_augmentation

N, SIDE, CLASSES = 33, 12, 4


@pytest.fixture
def batch():
    random = np.random.default_rng(0)
    images = random.integers(1, 256, size=(N, SIDE, SIDE), dtype=np.uint8)
    return images, np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, N)]


def changed(fit, batch):
    drawn = draw_augmentation(fit, N, SIDE, 0, 1)
    images, targets = augment(fit, *batch, drawn)
    assert images.dtype == np.uint8
    assert images.shape == (N, SIDE, SIDE)
    return np.asarray(images), np.asarray(targets), drawn


def moved(image, down, right):
    result = np.zeros_like(image)
    for row in range(SIDE):
        for column in range(SIDE):
            if 0 <= row - down < SIDE and 0 <= column - right < SIDE:
                result[row, column] = image[row - down, column - right]
    return result


def test_without_augmentation_nothing_changes(batch):
    images, targets, _ = changed(TrainingConfig(), batch)
    assert (images == batch[0]).all()
    assert (targets == batch[1]).all()


def test_shift_moves_each_image_by_its_own_offset(batch):
    images, targets, drawn = changed(TrainingConfig(shift=2), batch)
    expected = [moved(p, *offset) for p, offset in zip(batch[0], drawn["shift"], strict=True)]
    assert (images == expected).all()
    assert (targets == batch[1]).all()


def test_flip_mirrors_the_chosen_images(batch):
    images, _, drawn = changed(TrainingConfig(flip=0.5), batch)
    assert 0 < drawn["flip"].sum() < N
    for before, after, flipped in zip(batch[0], images, drawn["flip"], strict=True):
        assert (after == (before[:, ::-1] if flipped else before)).all()


def test_cutout_blackens_a_square_and_nothing_else(batch):
    images, _, drawn = changed(TrainingConfig(cutout=5), batch)
    for before, after, (top, left) in zip(batch[0], images, drawn["cutout"], strict=True):
        expected = before.copy()
        expected[max(top, 0) : max(top + 5, 0), max(left, 0) : max(left + 5, 0)] = 0
        assert (after == expected).all()


def test_mixup_blends_images_and_targets_alike(batch):
    images, targets, drawn = changed(TrainingConfig(mixup=0.4), batch)
    weight = drawn["mixup"][:, None]
    own = batch[0].astype(np.float32)
    blended = weight[:, :, None] * own + (1 - weight[:, :, None]) * own[::-1]
    assert np.abs(images - blended).max() <= 0.5 + 1e-4
    assert targets == pytest.approx(weight * batch[1] + (1 - weight) * batch[1][::-1], abs=1e-6)
    assert targets.sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_numbers_are_drawn_within_their_bounds_and_only_where_asked_for():
    assert draw_augmentation(TrainingConfig(), 100, 28, 0, 1) == {}
    drawn = draw_augmentation(TrainingConfig(shift=2, flip=0.25, mixup=0.4, cutout=6), 20_000, 28, 0, 1)
    assert set(np.unique(drawn["shift"])) == {-2, -1, 0, 1, 2}
    assert drawn["flip"].mean() == pytest.approx(0.25, abs=0.02)
    assert drawn["mixup"].min() >= 0.5
    assert drawn["mixup"].max() <= 1
    assert drawn["cutout"].min() == -5
    assert drawn["cutout"].max() == 27

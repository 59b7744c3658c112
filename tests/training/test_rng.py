"""Random choices are functions of (seed, epoch)."""

import numpy as np
import pytest

from fashionlab.recipe.recipe import Fit
from fashionlab.training import rng as draws


def test_an_order_uses_every_row_once_and_fills_the_last_batch_from_the_start():
    order = draws.order(rows=103, batch_size=10, seed=0, epoch=1)
    assert order.dtype == np.int32
    assert len(order) == 110
    assert sorted(order[:103]) == list(range(103))
    assert (order[103:] == order[:7]).all()


def test_order_dropout_and_augmentation_depend_on_seed_and_epoch_alone():
    fit = Fit(shift=1, flip=0.5, mixup=0.3, cutout=4)

    def everything(seed, epoch):
        drawn = draws.augmentation(fit, 64, 28, seed, epoch)
        return [draws.order(50, 8, seed, epoch), draws.dropout_keys(3, seed, epoch), *vars(drawn).values()]

    for a, b in zip(everything(3, 2), everything(3, 2), strict=True):
        assert a.tobytes() == b.tobytes()
    for other in (everything(3, 3), everything(4, 2)):
        for a, b in zip(everything(3, 2), other, strict=True):
            assert a.tobytes() != b.tobytes()


def test_augmentation_is_drawn_within_its_bounds_and_only_where_asked_for():
    nothing = draws.augmentation(Fit(), 100, 28, 0, 1)
    assert all(len(array) == 0 for array in vars(nothing).values())
    drawn = draws.augmentation(Fit(shift=2, flip=0.25, mixup=0.4, cutout=6), 20_000, 28, 0, 1)
    assert set(np.unique(drawn.shift)) == {-2, -1, 0, 1, 2}
    assert drawn.flip.mean() == pytest.approx(0.25, abs=0.02)
    assert drawn.mixup.min() >= 0.5
    assert drawn.mixup.max() <= 1
    assert drawn.cutout.min() == -5
    assert drawn.cutout.max() == 27

"""Random choices are functions of (seed, epoch)."""

import numpy as np

from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners import rng
from fashionlab.training.runners.augment import draw_augmentation


def test_an_order_uses_every_row_once_and_fills_the_last_batch_from_the_start():
    order = rng.order(rows=103, batch_size=10, seed=0, epoch=1)
    assert order.dtype == np.int32
    assert len(order) == 110
    assert sorted(order[:103]) == list(range(103))
    assert (order[103:] == order[:7]).all()


def test_order_dropout_and_augmentation_depend_on_seed_and_epoch_alone():
    fit = TrainingConfig(shift=1, flip=0.5, mixup=0.3, cutout=4)

    def everything(seed, epoch):
        drawn = draw_augmentation(fit, 64, 28, seed, epoch)
        return [rng.order(50, 8, seed, epoch), rng.dropout_keys(3, seed, epoch), *drawn.values()]

    for a, b in zip(everything(3, 2), everything(3, 2), strict=True):
        assert a.tobytes() == b.tobytes()
    for other in (everything(3, 3), everything(4, 2)):
        for a, b in zip(everything(3, 2), other, strict=True):
            assert a.tobytes() != b.tobytes()

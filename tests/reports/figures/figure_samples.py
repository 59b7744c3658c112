"""Every figure with data that suit it, and with data that could break it."""

import math

import numpy as np

from fashionlab.evaluation.calibration import Bin
from fashionlab.reports.figures.run.calibration import coverage, reliability
from fashionlab.reports.figures.run.confusion import confusion_matrix
from fashionlab.reports.figures.run.confusion_difference import confusion_difference
from fashionlab.reports.figures.run.curves import learning_curves, learning_rate, update_norms, weight_norms
from fashionlab.reports.figures.run.images import mistakes, sample_grid
from fashionlab.reports.figures.run.inside import activations, first_layer, pixel_weights, point_map
from fashionlab.reports.figures.run.references import Reference, references
from fashionlab.reports.figures.study.cost import Cost, Mean, accuracy_against_time
from fashionlab.reports.figures.study.effects import Effect, forest, reach_of, strip
from fashionlab.reports.figures.study.histories import Learned, histories
from fashionlab.reports.figures.study.robustness import Worsened, robustness
from fashionlab.reports.figures.study.seeds import estimate_after_each_seed, pairs

RANDOM = np.random.default_rng(0)
NASTY = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "$\\alpha$ & {{ 7 * 7 }}\x00\x1b[31m\n\u202e")
CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
LONG = "a-very-long-name-that-somebody-gave-without-thinking-of-phones-" + "x" * 60
IMAGES = RANDOM.integers(0, 256, (60, 12, 12), dtype=np.uint8)
LABELS = np.arange(60) % 3


def curves(epochs=12, validation=True):
    at = np.arange(1, epochs + 1)
    loss = 0.25 + 0.55 / at
    val = 0.33 + 0.3 / at + 0.06 * np.log(np.maximum(1, at - 6)) if validation else np.full(epochs, math.nan)
    return list(at), list(loss), list(0.92 - 0.18 / at), list(val), list(1.02 - val / 2.6)


def confusion(k=10, n=1000):
    counts = np.zeros((k, k), int)
    for t in range(k):
        counts[t, t] = int(n * RANDOM.uniform(0.7, 0.98))
        for p in RANDOM.choice(k, min(k, 4), replace=False):
            counts[t, p] += int((n - counts[t, t]) * RANDOM.uniform(0, 0.5))
    return counts


def bins(shift=0.0):
    found = []
    for low in np.arange(0, 1, 0.1):
        n = int(20 + 4000 * low**6)
        accuracy = min(1.0, max(0.0, low + 0.05 - shift))
        found.append(Bin(low, low + 0.1, n, low + 0.06, accuracy, max(0, accuracy - 0.06), min(1, accuracy + 0.05)))
    return found[1:]


PUBLISHED = [
    Reference("majority class", 0.1, 0.1), Reference("people", 0.82, 0.835), Reference("random forest", 0.873, 0.873),
    Reference("dense 256-128, BN, dropout", 0.8929, 0.8929), Reference("dense, 9 layers", 0.9011, 0.9011),
]  # fmt: skip


def effect(name, word, value, low, high, said=None):
    text = "no pair yet" if value is None else f"{value:+.2f} ({low} to {high})" if low and high else f"{value:+.2f}"
    return Effect(name, word, said or word, value, low, high, text)


EFFECTS = [
    effect("Removing dropout", "hurts", -0.55, -0.72, -0.38),
    effect("Adding label smoothing", "no practical difference", 0.03, -0.1, 0.15),
    effect("Adding flip", "helps", 0.7, 0.5, 0.9),
    effect("Changing batch size", "undecided", -0.16, -0.9, 0.4),
    effect("Changing widths", "undecided", 0.2, None, None),
    effect("Not begun", "undecided", None, None, None),
]


def gaussians(n=600, k=10):
    labels = np.arange(n) % k
    centres = RANDOM.normal(0, 4, (k, 2))
    return centres[labels] + RANDOM.normal(0, 1, (n, 2)), labels.tolist()


def trajectory(n=10):
    mean = [0.5 - 0.3 / (i + 1) for i in range(n)]
    low = [None if i < 3 else m - 2.2 / (i - 1.5) for i, m in enumerate(mean)]
    high = [None if i < 3 else m + 2.2 / (i - 1.5) for i, m in enumerate(mean)]
    return mean, low, high


def pair_values(n=10):
    base = np.round(RANDOM.normal(0.905, 0.0025, n), 4)
    return list(range(n)), base.tolist(), (base + np.round(RANDOM.normal(0.001, 0.002, n), 3)).tolist()


def costs(names=("mlp", "logistic", "forest", "cnn", "resnet")):
    numbers = ((14.0, 90.5), (48.0, 84.4), (31.0, 87.6), (310.0, 92.9), (1260.0, 93.6))
    return [
        Cost(name, Mean(s, 0.8 * s, 1.2 * s), Mean(a, a - 0.4, a + 0.4))
        for name, (s, a) in zip(names, numbers, strict=False)
    ]


def layers(*units):
    return [(f"hidden_{k}", np.maximum(0, RANDOM.normal(0, 1, (10, n)))) for k, n in enumerate(units, 1)]


def learned(name, *lengths):
    """Runs of so many epochs under one name."""
    columns = ("loss", "accuracy", "val_loss", "val_accuracy")
    return Learned(name, [dict(zip(columns, curves(n)[1:], strict=True)) for n in lengths])


def norms(n=12, count=3):
    return {f"dense_{k}": [10 + k + e**0.5 for e in range(n)] for k in range(count)}


FIGURES = {
    "learning curves": lambda: learning_curves(*curves()),
    "learning curves of rounds": lambda: learning_curves(*curves(200), unit="round"),
    "learning curves of one epoch": lambda: learning_curves(*curves(1)),
    "learning curves of two epochs": lambda: learning_curves(*curves(2)),
    "learning curves without validation": lambda: learning_curves(*curves(validation=False)),
    "learning curves with gaps": lambda: learning_curves(
        [1, 2, 3], [2.0, None, 1.0], [0.2, None, 0.4], [math.nan, 1.5, 1.4], [None, 0.3, 0.35]
    ),
    "learning rate": lambda: learning_rate(range(1, 13), [0.001 * 0.9**e for e in range(12)]),
    "weight norms": lambda: weight_norms(range(1, 13), norms()),
    "norms of many layers": lambda: update_norms(range(1, 13), norms(count=30)),
    "no norms": lambda: update_norms([1], {NASTY[0]: [None]}),
    "histories": lambda: histories([learned("mlp", *[12] * 5, 9), learned("without dropout", 12, 7)]),
    "histories of hostile names": lambda: histories([learned(NASTY[0], 1), learned(LONG, 2), learned(NASTY[2], 3, 1)]),
    "confusion": lambda: confusion_matrix(confusion(), CLASSES, "test"),
    "confusion of two classes": lambda: confusion_matrix([[9, 1], [2, 8]], NASTY[:2], "validation"),
    "confusion difference": lambda: confusion_difference(
        [[9, 1, 0], [2, 8, 3], [0, 0, 0]], [[7, 1, 2], [1, 12, 0], [0, 0, 0]], [*NASTY[:2], "c"], ("A <b>", "B")
    ),
    "confusion of long names": lambda: confusion_matrix(confusion(3), [LONG + str(i) for i in range(3)], "test"),
    "confusion of many classes": lambda: confusion_matrix(confusion(26), [f"class {i}" for i in range(26)], "test"),
    "confusion without names": lambda: confusion_matrix(confusion(60), [f"class {i}" for i in range(60)], "test"),
    "confusion of some classes": lambda: confusion_matrix(confusion(), CLASSES, "test", [0, 2, 6]),
    "confusion of nothing": lambda: confusion_matrix(np.zeros((2, 2), int), ["a", "b"], "test"),
    "reliability": lambda: reliability([("as trained", bins(0.07)), ("at temperature 1.31", bins())]),
    "reliability of nothing": lambda: reliability([("as trained", [])]),
    "coverage": lambda: coverage(np.linspace(1, 0.05, 20), np.linspace(0.9, 0.995, 20)),
    "coverage of one answer": lambda: coverage([1.0], [1.0]),
    "references": lambda: references(0.9049, 0.8990, 0.9105, PUBLISHED, "on the same test images"),
    "one reference": lambda: references(0.9, 0.89, 0.91, [Reference(NASTY[0], 0.1, 0.1)]),
    "no reference": lambda: references(0.9, 0.89, 0.91, []),
    "map": lambda: point_map("pca", "Principal components", *gaussians(), CLASSES, ("first", "second")),
    "map of one point": lambda: point_map("one", NASTY[0], [[1.0, 2.0]], [0], NASTY, ("first", "second")),
    "map of nothing": lambda: point_map("none", "Neighbours", [], [], [], ("no unit", "no unit")),
    "activations": lambda: activations(layers(256, 128, 64), CLASSES),
    "activations of one wide layer": lambda: activations(
        [(NASTY[1], RANDOM.normal(size=(3, 2000)))], [NASTY[0], NASTY[2], LONG]
    ),
    "first layer": lambda: first_layer(RANDOM.normal(size=(30, 28, 28)), range(30), [1.0] * 30, "hidden_1"),
    "first layer of small filters": lambda: first_layer(RANDOM.normal(size=(32, 3, 3)), range(32), [1.0] * 32, "conv"),
    "one unit": lambda: first_layer(np.zeros((1, 5, 5)), [0], [0.0], NASTY[0]),
    "pixels": lambda: pixel_weights(RANDOM.normal(size=(10, 28, 28)), CLASSES, True, "Weights"),
    "importance of pixels": lambda: pixel_weights(RANDOM.random((1, 28, 28)), [NASTY[0]], False, "Questions"),
    "samples": lambda: sample_grid(IMAGES, LABELS, NASTY, per_class=4),
    "samples of nothing": lambda: sample_grid(IMAGES[:0], LABELS[:0], ["a", "b"]),
    "mistakes": lambda: mistakes(IMAGES[:8], LABELS[:8], (LABELS[:8] + 1) % 3, np.linspace(0.99999, 0.6, 8), NASTY),
    "no mistakes": lambda: mistakes(IMAGES[:0], LABELS[:0], LABELS[:0], np.empty(0), NASTY),
    "forest": lambda: forest(EFFECTS, 0.2),
    "forest of hostile names": lambda: forest([effect(NASTY[0], "helps", 5.0, 4.0, 6.0), *EFFECTS[3:4]], 0.2),
    "forest of a long name": lambda: forest([effect(LONG, "hurts", -0.004, -0.5, None, NASTY[1])], 0.2),
    "no forest": lambda: forest([], 0.2),
    "strip": lambda: strip(EFFECTS[0], reach_of(EFFECTS, 0.2), "strip-0"),
    "strip without an interval": lambda: strip(EFFECTS[4], reach_of(EFFECTS[:2], 0.2), "strip-1"),
    "strip without a pair": lambda: strip(EFFECTS[5], reach_of(EFFECTS, 0.2)),
    "trajectory": lambda: estimate_after_each_seed(*trajectory(), 0.2, (8, "helps")),
    "trajectory with one interval": lambda: estimate_after_each_seed(*trajectory(4), 0.2, (1, NASTY[0])),
    "trajectory without an interval": lambda: estimate_after_each_seed(*trajectory(2), 0.2),
    "trajectory of many seeds": lambda: estimate_after_each_seed(*trajectory(90), 0.2),
    "no trajectory": lambda: estimate_after_each_seed([], [], [], 0.2),
    "pairs": lambda: pairs(*pair_values(), ("mlp", "without dropout")),
    "pairs of hostile names": lambda: pairs([3, 4], [0.9, 0.9], [0.91, 0.9], NASTY[:2]),
    "many pairs": lambda: pairs(*pair_values(80), ("mlp", LONG)),
    "no pair": lambda: pairs([], [], [], ("a", "b")),
    "accuracy against time": lambda: accuracy_against_time(costs()),
    "accuracy against time, close": lambda: accuracy_against_time(
        [Cost(NASTY[0], Mean(9.0, -1.0, 19.0), Mean(90.0, 89.0, 101.0)), Cost(LONG, *[Mean(9.1, None, None)] * 2)]
    ),
    "robustness": lambda: robustness(
        [Worsened(way, "pixels", (0, 1, 2, 4), {"baseline": (0.9, 0.8, 0.7, 0.4), "cnn": (0.92, 0.9, 0.5, 0.1)})
         for way in ("noise", "blur", "shift")]
    ),
    "robustness of hostile names": lambda: robustness(
        [Worsened("shift", "pixels", (0, 9), {NASTY[0]: (0.5, 0.5), LONG: (0.5, 0.5)})]
    ),
    "no cost": lambda: accuracy_against_time([Cost("c", Mean(0.0, None, None), Mean(4.0, None, None))]),
}  # fmt: skip
"""By what is special about them; each call makes a new display."""

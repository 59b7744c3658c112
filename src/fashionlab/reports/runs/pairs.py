"""Two runs on the same images: who is right where, McNemar's test, and the images that one alone has right."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from fashionlab.errors import RunCorrupt
from fashionlab.evaluation import Missing, Section, confusion_matrix
from fashionlab.reports.wording import counted, p_value, plain, signed
from fashionlab.store import Predictions, Run
from fashionlab.store.format import REMEDY
from fashionlab.studies.stats.mcnemar import McNemar, PairedDifference, mcnemar, paired_difference
from fashionlab.training.softmax import softmax

_SAMPLE = 12
"""Images shown, at most, of those that one of two runs alone has right; half as many of each pair of more runs."""

SetName = Literal["validation", "test"]

SETS: tuple[SetName, ...] = ("validation", "test")


class SideAnswer(Struct, frozen=True):
    """What a run says of an image: the class, and its probability, a fraction."""

    predicted: int
    probability: float


class SideImage(Struct, frozen=True):
    """An image that one run of a pair alone classifies correctly. row: of the training set where validation judges, of
    the test set where that does; position: among the first run's predictions; a, b: what the pair's runs say."""

    row: int
    position: int
    label: int
    a: SideAnswer
    b: SideAnswer


class Confusions(Struct, frozen=True):
    """Of the first run (a) and another one (b), on the images that judge them both.

    before, after: the confusion matrices, counts [classes][classes], row = true class; sample_only_a, sample_only_b: a
    random sample of the images that one alone has right.
    """

    before: tuple[tuple[int, ...], ...]
    after: tuple[tuple[int, ...], ...]
    sample_only_a: tuple[SideImage, ...]
    sample_only_b: tuple[SideImage, ...]


class PairResult(Section, frozen=True, kw_only=True):
    """Two runs on the same images. a, b: letters; n: images; accuracy_a, accuracy_b: fractions of these; difference: b
    minus a, points, with its 95 % interval; test: McNemar's; rows_only_a, rows_only_b: all images that one alone has
    right, as `SideImage.row`; sentence: all that in words; confusions: of pairs with the first run, otherwise None."""

    a: str
    b: str
    n: int
    accuracy_a: float
    accuracy_b: float
    difference: PairedDifference
    test: McNemar
    rows_only_a: tuple[int, ...]
    rows_only_b: tuple[int, ...]
    sentence: str
    confusions: Confusions | None


class PairMissing(Missing, frozen=True, kw_only=True):
    """Two runs, by their letters, that no images judge both."""

    a: str
    b: str


def sample_size(runs: int) -> int:
    """Images shown of those that one run of a pair alone has right."""
    return _SAMPLE if runs == 2 else _SAMPLE // 2


def compare_pair(
    runs: Sequence[Run], predictions: Sequence[Predictions], places: tuple[int, int], letters: tuple[str, str],
    chosen: SetName,
) -> PairResult | PairMissing:  # fmt: skip
    """The runs at two places, on the rows of the chosen set that both predicted; or why there are none."""
    (i, j), (a, b) = places, letters
    before, after = (predictions[place].of(chosen) for place in places)
    if before is None or after is None:
        lacks = a if before is None else b
        why = "was trained on the validation images too" if chosen == "validation" else "was not evaluated on them"
        return PairMissing(f"{lacks} has no {chosen} set: it {why}.", a=a, b=b)
    if before.rows is None or after.rows is None:
        rows = at_a = at_b = np.arange(len(before.labels))
    elif runs[i].spec.recipe.data.limit != runs[j].spec.recipe.data.limit:
        return PairMissing(
            f"{a} and {b} were given parts of the data of different size (limit), and which validation images they "
            "share is not on record.", a=a, b=b,
        )  # fmt: skip
    else:
        rows, at_a, at_b = np.intersect1d(before.rows, after.rows, return_indices=True)
    if not len(rows):
        return PairMissing(f"no validation image was held out by both {a} and {b}.", a=a, b=b)
    labels = before.labels[at_a].astype(np.int64)
    if len(after.labels) <= at_b.max() or not np.array_equal(labels, after.labels[at_b]):
        raise RunCorrupt(
            f"{runs[j].path / 'predictions.npz'} is damaged (its labels are not those of run {runs[i].name}); {REMEDY}"
        )
    said = (_Said(before.logits[at_a]), _Said(after.logits[at_b]))
    correct = [each.predicted == labels for each in said]
    test = mcnemar(correct[0], correct[1])
    moved = paired_difference(test.only_a, test.only_b, len(rows))
    confusions = None
    if i == 0:
        classes = len(runs[0].spec.data.class_names)
        before_, after_ = (confusion_matrix(labels, each.predicted, classes).tolist() for each in said)
        samples = [
            _sample(rows, at_a, labels, said, mine & ~other, sample_size(len(runs)))
            for mine, other in (correct, correct[::-1])
        ]
        confusions = Confusions(tuple(map(tuple, before_)), tuple(map(tuple, after_)), samples[0], samples[1])
    return PairResult(
        a=a, b=b, n=len(rows), accuracy_a=float(correct[0].mean()), accuracy_b=float(correct[1].mean()),
        difference=moved, test=test, rows_only_a=tuple(rows[correct[0] & ~correct[1]].tolist()),
        rows_only_b=tuple(rows[correct[1] & ~correct[0]].tolist()), sentence=_sentence(a, b, len(rows), moved, test),
        confusions=confusions,
    )  # fmt: skip


class _Said:
    """What a run says of n images: classes [n], and their probabilities [n]."""

    def __init__(self, logits: np.ndarray) -> None:
        self.predicted = logits.argmax(axis=1)
        self.probability = softmax(logits).max(axis=1)

    def of(self, place: int) -> SideAnswer:
        return SideAnswer(int(self.predicted[place]), float(self.probability[place]))


def _sample(
    rows: np.ndarray,
    positions: np.ndarray,
    labels: np.ndarray,
    said: tuple[_Said, _Said],
    which: np.ndarray,
    most: int,
) -> tuple[SideImage, ...]:
    found = np.flatnonzero(which)
    if len(found) > most:  # a fixed seed: the same runs give the same page
        found = np.sort(np.random.default_rng(0).choice(found, most, replace=False))
    return tuple(
        SideImage(int(rows[k]), int(positions[k]), int(labels[k]), said[0].of(k), said[1].of(k)) for k in found.tolist()
    )


def _sentence(a: str, b: str, n: int, moved: PairedDifference, test: McNemar) -> str:
    interval = f"95 % interval {signed(moved.low)} to {signed(moved.high)}"
    p = p_value(test.exact_p_value)
    more = "more" if moved.difference > 0 else "less"
    far = (
        f"{b} and {a} are equally accurate" if moved.difference == 0
        else f"{b} is {plain(abs(moved.difference))} points {more} accurate than {a}"
    )  # fmt: skip
    return (
        f"{far} on {counted(n, 'image')} ({interval}): {counted(test.only_b, 'image')} only {b} has right, "
        f"{counted(test.only_a, 'image')} only {a}; McNemar’s exact test: p {p if p.startswith('<') else f'= {p}'}."
    )

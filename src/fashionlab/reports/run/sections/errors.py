"""Where it makes mistakes: the confusion matrix with the images behind each cell, pairs, worst mistakes, classes."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from fashionlab.evaluation import Section, cells, mistakes, pairs
from fashionlab.evaluation.confusions import Pair
from fashionlab.recipe.spec import DataFacts
from fashionlab.reports.run.shown import PredictedSet, ShownImages
from fashionlab.reports.wording import percent
from fashionlab.store import ClassFigures, SetMetrics

DIAGONAL = 30
"""Correctly classified images shown per class, the least certain ones."""

MOST_IMAGES = 4000
"""Errors shown at 28 x 28 pixels; larger images take more room, and fewer fit into a page that can be mailed."""

MATRIX_CLASSES = 40
"""Classes that the confusion matrix of a page shows; of more, those with most errors."""

PAIRS, EXAMPLES, MISTAKES = 6, 6, 14
"""Most confused pairs, images of each, and most confident mistakes."""


class CellImages(Struct, frozen=True):
    """A cell of the confusion matrix that is not empty. total: its images; images: those shown, by their number."""

    true: int
    predicted: int
    total: int
    images: tuple[int, ...]


class PairImages(Struct, frozen=True):
    """A confused pair, and some of its images by their number."""

    pair: Pair
    images: tuple[int, ...]


class Confused(Struct, frozen=True):
    """The class that another is most often predicted as, and how often."""

    name: str
    count: int


class ClassRow(Struct, frozen=True):
    """A class. confused_with: None where it is always classified correctly."""

    figures: ClassFigures
    confused_with: Confused | None


class ErrorsSection(Section, frozen=True, kw_only=True):
    """set: "test" or "validation"; sentence: what the matrix shows; confusion, rates: counts, and shares of the true
    class, [classes][classes], row = true class; shown: the classes in the matrix.

    cells: off the diagonal all errors, the most confident first, on it the `diagonal` least certain; reduced: there
    were more errors than a page can hold, and each cell shows its share of them; confident: the most confident
    mistakes, images by their number; per_class: in the order of the logits.
    """

    set: str
    sentence: str
    confusion: tuple[tuple[int, ...], ...]
    rates: tuple[tuple[float, ...], ...]
    shown: tuple[int, ...]
    diagonal: int
    reduced: bool
    cells: tuple[CellImages, ...]
    pairs: tuple[PairImages, ...]
    confident: tuple[int, ...]
    per_class: tuple[ClassRow, ...]


def errors(data: DataFacts, figures: SetMetrics, predicted: PredictedSet, images: ShownImages) -> ErrorsSection:
    """What a model gets wrong on a set. figures, predicted: of the set; images: gets those that are shown."""
    counts = np.asarray(figures.confusion)
    wrong = counts * ~np.eye(len(counts), dtype=bool)
    totals = counts.sum(axis=1, keepdims=True)
    rates = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0).round(6)
    room = MOST_IMAGES * min(1.0, (28 / data.side) ** 2)
    share = min(1.0, room / max(1, int(wrong.sum())))
    filled = _cells(predicted, images, share)
    examples = {(cell.true, cell.predicted): cell.images[:EXAMPLES] for cell in filled}
    most = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")[:MATRIX_CLASSES]
    worst = mistakes(predicted.logits, predicted.labels, MISTAKES).row
    return ErrorsSection(
        set=predicted.name,
        sentence=finding(counts, data.class_names),
        confusion=figures.confusion,
        rates=tuple(map(tuple, rates.tolist())),
        shown=tuple(sorted(most.tolist())),
        diagonal=DIAGONAL,
        reduced=share < 1,
        cells=filled,
        pairs=tuple(PairImages(pair, examples[pair.true, pair.predicted]) for pair in pairs(counts, PAIRS)),
        confident=tuple(images.add(predicted, row) for row in worst),
        per_class=tuple(
            ClassRow(row, _confused(wrong[i], data.class_names)) for i, row in enumerate(figures.per_class)
        ),
    )


def _cells(predicted: PredictedSet, images: ShownImages, share: float) -> tuple[CellImages, ...]:
    found = []
    for true, line in enumerate(cells(predicted.logits, predicted.labels, DIAGONAL)):
        for guess, cell in enumerate(line):
            if cell.total:
                rows = cell.rows if true == guess else cell.rows[: max(1, round(share * cell.total))]
                numbers = tuple(images.add(predicted, row) for row in rows)
                found.append(CellImages(true, guess, cell.total, numbers))
    return tuple(found)


def finding(counts: np.ndarray, names: Sequence[str]) -> str:
    """What a confusion matrix shows, in a sentence or two."""
    wrong = counts * ~np.eye(len(counts), dtype=bool)
    errors, n = int(wrong.sum()), int(counts.sum())
    if not errors:
        return f"All {n:,} images are classified correctly."
    both = wrong + wrong.T
    a, b = sorted(int(i) for i in np.unravel_index(both.argmax(), both.shape))
    hardest = int(wrong.sum(axis=1).argmax())
    return (
        f"{errors:,} of {n:,} images are misclassified. {names[a]} and {names[b]}, confused with each other, are "
        f"{both[a, b]:,} of them ({percent(both[a, b] / errors, 0)}). The class most often misclassified is "
        f"{names[hardest]}: {wrong[hardest].sum():,} of {counts[hardest].sum():,}."
    )


def _confused(row: np.ndarray, names: Sequence[str]) -> Confused | None:
    return Confused(names[int(row.argmax())], int(row.max())) if row.any() else None

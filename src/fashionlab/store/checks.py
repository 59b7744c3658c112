"""What the documents of a run say, held against the run that they belong to: one function for each kind of document.

A checksum says that a file is the one that was sealed, not that it makes sense: whoever fits the checksum to another
file gets the same sentence here as for a damaged one.
"""

import numpy as np

from fashionlab.recipe.spec import DataFacts
from fashionlab.store.predictions import Predictions
from fashionlab.store.results import Metrics, SetMetrics


def check_metrics(metrics: Metrics, data: DataFacts) -> None:
    """Raise ValueError unless the metrics are of these classes and agree with themselves."""
    if metrics.best_epoch > metrics.epochs:
        raise ValueError(f"its best_epoch is {metrics.best_epoch}, expected at most epochs, {metrics.epochs}")
    for name, found in metrics.sets.items():
        _check_set(name, found, data.class_names)
    shared = metrics.shared_test
    if shared and (metrics.test is None or shared.shared + shared.n != metrics.test.n or not shared.shared):
        raise ValueError(f"its shared_test does not count the {metrics.test.n if metrics.test else 0:,} test images")
    if shared and (shared.n == 0) != (shared.accuracy is None):
        raise ValueError(f"its shared_test has the accuracy {shared.accuracy} of {shared.n:,} images")


def check_history(history: dict[str, list[float]], epochs: int | None) -> None:
    """Raise ValueError unless the rows are the epochs 1, 2, …; epochs: how many, None where nobody knows yet."""
    found = history["epoch"]
    if found != list(range(1, len(found) + 1)):
        raise ValueError(f"its epochs are not 1 to {len(found)} in order")
    if epochs is not None and len(found) != epochs:
        raise ValueError(f"it has {len(found)} rows, metrics.json says {epochs}")


def check_predictions(predictions: Predictions, metrics: Metrics) -> None:
    """Raise ValueError unless the sets are those of the metrics, row for row."""
    for name in ("validation", "test"):
        found, figures = predictions.of(name), metrics.of(name)
        have, said = (len(found.labels) if found else 0), (figures.n if figures else 0)
        if have != said:
            raise ValueError(f"it has {have:,} rows of {name}, metrics.json says {said:,}")
        if found is None or figures is None:
            continue
        classes = len(figures.confusion)
        cells = found.labels.astype(np.int64) * classes + found.logits.argmax(axis=1)
        counts = np.bincount(cells, minlength=classes * classes).reshape(classes, classes)
        if counts.tolist() != [list(row) for row in figures.confusion]:
            raise ValueError(f"its answers on {name} are not those that metrics.json counts")
    shared = None if predictions.test is None else predictions.test.shared
    said = metrics.shared_test.shared if metrics.shared_test else 0
    if (0 if shared is None else len(shared)) != said:
        raise ValueError(f"it has other test images that are in the training set than metrics.json says, {said:,}")


def _check_set(name: str, found: SetMetrics, class_names: tuple[str, ...]) -> None:
    classes = len(class_names)
    if tuple(each.name for each in found.per_class) != class_names:
        raise ValueError(f"per_class of {name} is not of the run's {classes} classes")
    if len(found.confusion) != classes or any(len(row) != classes for row in found.confusion):
        raise ValueError(f"the confusion matrix of {name} is not {classes} by {classes}")
    if sum(map(sum, found.confusion)) != found.n:
        raise ValueError(f"the confusion matrix of {name} does not add up to its {found.n:,} rows")
    if tuple(each.n for each in found.per_class) != tuple(map(sum, found.confusion)):
        raise ValueError(f"per_class of {name} does not count the rows that the confusion matrix counts")

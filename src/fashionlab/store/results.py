"""What a run came to, as its files hold it: metrics, environment, and a row of its history."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Fraction = Annotated[float, Meta(ge=0, le=1)]

Count = Annotated[int, Meta(ge=0)]
"""Of things."""

Amount = Annotated[float, Meta(ge=0)]
"""Seconds, nats, megabytes."""


class HistoryRow(Struct, frozen=True):
    """An epoch (or a round of a boosted model) in `history.csv`; None, an empty cell, where there is no validation set.

    seconds: of the epoch, validation included; loss: cross-entropy, nats, with label smoothing in training and without
    in validation; accuracy: fractions; learning_rate: of the epoch's first step.
    """

    epoch: int
    seconds: float
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float


class NormsRow(Struct, frozen=True):
    """A layer after an epoch in `norms.csv`: Euclidean norms of its trained weights, and of their change."""

    epoch: int
    layer: str
    weight_norm: float
    update_norm: float


class ClassFigures(Struct, frozen=True):
    """One class. n: rows that are of it; the others None where there is nothing to divide by."""

    name: str
    n: Count
    precision: Fraction | None
    recall: Fraction | None
    f1: Fraction | None


class MacroFigures(Struct, frozen=True):
    """Means over the classes that occur as label or prediction, None counted as 0."""

    precision: Fraction
    recall: Fraction
    f1: Fraction


class SetMetrics(Struct, frozen=True):
    """All figures of one set, validation or test.

    n: rows; accuracy: fraction, with its 95 % Wilson interval; loss: mean cross-entropy, nats, without label smoothing;
    confusion: counts [classes][classes], row = true class; per_class: in the order of the logits.
    """

    n: Count
    accuracy: Fraction
    accuracy_low: Fraction
    accuracy_high: Fraction
    loss: Amount
    confusion: tuple[tuple[Count, ...], ...]
    per_class: tuple[ClassFigures, ...]
    macro: MacroFigures

    @property
    def balanced_accuracy(self) -> float:
        """The mean of the recall over the classes that occur as labels, a fraction: the accuracy if each of them had as
        many rows as any other. As scikit-learn's `balanced_accuracy_score`."""
        recalls = [figures.recall for figures in self.per_class if figures.recall is not None]
        return sum(recalls) / max(1, len(recalls))


class SharedTest(Struct, frozen=True):
    """Test images that are, pixel for pixel, in the training set too. shared: how many; n: the other test images;
    accuracy: on these, a fraction, with its 95 % Wilson interval; None where all are shared."""

    shared: Count
    n: Count
    accuracy: Fraction | None
    accuracy_low: Fraction | None
    accuracy_high: Fraction | None


class Gap(Struct, frozen=True):
    """At the best epoch, how much better training is than validation: loss in nats, accuracy as a fraction."""

    loss: float
    accuracy: float


class Seconds(Struct, frozen=True):
    """Wall time: of the training alone, and of the whole job."""

    training: Amount
    total: Amount


Unit = Literal["epoch", "round"]
"""What a row of a run's history is."""


class TrainingEnd(Struct, frozen=True):
    """How a training ended.

    stopped: "epochs" (all done), "patience", or "" for a model that has neither; best_epoch: the one that was kept,
    from 1, 0 for none; seconds: of the training; unit: what a row of the history is, "epoch" or "round".
    """

    stopped: str
    best_epoch: int
    seconds: float
    unit: Unit = "epoch"


class Metrics(Struct, frozen=True, kw_only=True):
    """`metrics.json`: what a run is worth.

    validation, test: None where that set was not predicted (validation in a refit, test when it is not evaluated);
    epochs: rows of the history; unit: what such a row is; peak_memory_mb: of a study's run, the most that its process
    held, otherwise None; shared_test: None where no test image is in the training set too.
    """

    validation: SetMetrics | None
    test: SetMetrics | None
    best_epoch: Count
    epochs: Count
    unit: Unit
    stopped: str
    generalization_gap: Gap | None
    seconds: Seconds
    peak_memory_mb: Amount | None = None
    shared_test: SharedTest | None = None

    @property
    def sets(self) -> dict[str, SetMetrics]:
        """The sets that were predicted, by name."""
        return {name: found for name in ("validation", "test") if (found := self.of(name))}

    def of(self, name: str) -> SetMetrics | None:
        """The figures of "validation" or "test"."""
        return self.validation if name == "validation" else self.test


class Environment(Struct, frozen=True, kw_only=True):
    """`environment.json`: where a run was trained.

    device: what it was trained on, in words; packages: versions of what its numbers come from; parameters: the numbers
    that it consists of, None where the word means nothing; trainable: those that training could change, None where they
    are all or it was not written down; size: of an estimator, what it is made of, in words; remark: how its fit
    ended, in words.
    """

    python: str
    platform: str
    processor: str
    cores: Count
    device: str
    packages: dict[str, str]
    parameters: Count | None
    byte_order: str
    size: str | None = None
    remark: str | None = None
    trainable: Count | None = None

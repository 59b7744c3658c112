"""How it learned: curves, gap, norms, and what they show."""

import math
from collections.abc import Sequence

from msgspec import Struct

from fashionlab.evaluation import Finding, Missing, Section, diagnose
from fashionlab.reports.run.findings import sentence
from fashionlab.store import Gap, Run

NO_EPOCHS = "this model has no epochs, so there is no curve to show"


class Curves(Struct, frozen=True):
    """`history.csv` by column: fractions and nats; None where there is no such number, as in a refit's validation."""

    epoch: tuple[int, ...]
    loss: tuple[float | None, ...]
    accuracy: tuple[float | None, ...]
    val_loss: tuple[float | None, ...]
    val_accuracy: tuple[float | None, ...]
    learning_rate: tuple[float | None, ...]


class LayerNorms(Struct, frozen=True):
    """Euclidean norms of a layer's trained weights after each epoch, and of their change in it."""

    layer: str
    weight_norm: tuple[float | None, ...]
    update_norm: tuple[float | None, ...]


class LearningSection(Section, frozen=True, kw_only=True):
    """unit: what a row of the curves is, "epoch" or "round"; sentences: of the findings; best_epoch: 0 for none; gap:
    at the best epoch; norms: by layer, none of an estimator."""

    unit: str
    findings: tuple[Finding, ...]
    sentences: tuple[str, ...]
    best_epoch: int
    gap: Gap | None
    curves: Curves
    norms: tuple[LayerNorms, ...]


def learning(run: Run) -> LearningSection | Missing:
    """How a finished run's model learned; Missing for a model that has neither epochs nor rounds."""
    history, metrics = run.history, run.metrics
    if not history["epoch"]:
        remark = run.environment.remark
        return Missing(f"{NO_EPOCHS}." + (f" About its fit: {remark}." if remark else ""))
    findings = diagnose(history, metrics.stopped, metrics.best_epoch)
    return LearningSection(
        unit=metrics.unit,
        findings=findings,
        sentences=tuple(sentence(finding, metrics.unit) for finding in findings),
        best_epoch=metrics.best_epoch,
        gap=metrics.generalization_gap,
        curves=Curves(
            tuple(map(int, history["epoch"])),
            *(_finite(history[column]) for column in Curves.__struct_fields__[1:]),
        ),
        norms=_norms(run),
    )


def _norms(run: Run) -> tuple[LayerNorms, ...]:
    norms = run.norms
    epochs = sorted(set(norms["epoch"]))
    keys = list(zip(norms["layer"], norms["epoch"], strict=True))

    def by_epoch(layer: str, column: str) -> tuple[float | None, ...]:
        given = dict(zip(keys, norms[column], strict=True))
        return _finite([given[layer, epoch] for epoch in epochs])

    layers = dict.fromkeys(norms["layer"])
    return tuple(LayerNorms(layer, by_epoch(layer, "weight_norm"), by_epoch(layer, "update_norm")) for layer in layers)


def _finite(values: Sequence[float]) -> tuple[float | None, ...]:
    return tuple(value if math.isfinite(value) else None for value in values)

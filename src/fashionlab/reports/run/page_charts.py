"""The charts of a report's page, by name, from its summary."""

from collections.abc import Mapping
from typing import Any

from fashionlab.reports.charts import Chart, Lines, PointMap, ReferenceDots, ReliabilityDiagram, Series


def draw_charts(summary: Mapping[str, Any]) -> dict[str, Chart]:
    """Those charts that the summary has numbers for."""
    charts: dict[str, Chart] = {}
    answer = summary["answer"]
    if len(answer["references"]) > 1:
        charts["references"], charts["references_narrow"] = _references(answer)
    if "missing" not in summary["learning"]:
        charts |= _learning(summary["learning"])
    if "missing" not in summary["confidence"]:
        charts |= _confidence(summary["confidence"])
    if "layers" in summary["inside"]:
        charts |= _inside(summary["inside"], summary["class_names"])
    return charts


def _references(answer: Mapping[str, Any]) -> tuple[Chart, Chart]:
    own = {
        "name": "this run", "own": True,
        "low": answer["accuracy_low"], "high": answer["accuracy_high"], "middle": answer["accuracy"],
    }  # fmt: skip
    rows = [own, *({**row, "own": False} for row in answer["references"])]
    return ReferenceDots("Accuracy beside others", rows), ReferenceDots("Accuracy beside others", rows, narrow=True)


def _learning(learning: Mapping[str, Any]) -> dict[str, Chart]:
    history, norms, best, pace = (learning[key] for key in ("history", "norms", "best_epoch", "pace"))
    epochs = history["epoch"]
    mark = (best, f"kept: {pace} {best}") if best else None

    def pair(title: str, column: str, label: str, percent: bool) -> Chart:
        curves = [Series("training", history[column], "s-training")]
        if any(v is not None for v in history[f"val_{column}"]):
            curves.append(Series("validation", history[f"val_{column}"], "s-validation"))
        return Lines(title, epochs, curves, pace, label, y_percent=percent, mark=mark, between="gap")

    def layers(title: str, values: Mapping[str, Any], label: str) -> Chart:
        curves = [Series(layer, norm, f"s-{k % 6}") for k, (layer, norm) in enumerate(values.items())]
        return Lines(title, norms["epoch"], curves, "epoch", label, zero=True)

    both = {
        "loss": pair(f"Loss by {pace}", "loss", "cross-entropy (nats)", False),
        "accuracy": pair(f"Accuracy by {pace}", "accuracy", "accuracy", True),
    }
    # Only a network has layers, and a rate that changes.
    return both if not norms["epoch"] else {
        **both,
        "learning_rate": Lines(
            "Learning rate by epoch", epochs, [Series("learning rate", history["learning_rate"], "s-2")],
            "epoch", "learning rate (per step)", zero=True,
        ),
        "weight_norm": layers("Norm of the weights by epoch", norms["weight_norm"], "Euclidean norm of the weights"),
        "update_norm": layers("Norm of the updates by epoch", norms["update_norm"], "norm of an epoch’s change"),
    }  # fmt: skip


def _confidence(confidence: Mapping[str, Any]) -> dict[str, Chart]:
    before, after = confidence["before"], confidence["after"]
    curves = [("as trained", before["reliability"]["bins"], "s-training")]
    series = [Series("as trained", before["coverage"]["accuracy"], "s-training")]
    if after:
        curves.append((f"at temperature {confidence['temperature']:.2f}", after["reliability"]["bins"], "s-validation"))
    return {
        "reliability": ReliabilityDiagram("Reliability diagram", curves),
        "coverage": Lines(
            "Accuracy against coverage", before["coverage"]["coverage"], series,
            "coverage: share of pictures answered", "accuracy of the answers", x_percent=True, y_percent=True,
        ),
    }  # fmt: skip


def _inside(inside: Mapping[str, Any], names: list[str]) -> dict[str, Chart]:
    plane = inside["map"]
    if plane["reason"] is not None:
        return {}
    first, second = (f"{100 * share:.0f} % of the variance" for share in plane["pca_share"])
    charts: dict[str, Chart] = {
        "pca": PointMap(
            "Principal components", plane["pca"], plane["labels"], names,
            f"first principal component ({first})", f"second principal component ({second})",
        )
    }  # fmt: skip
    if "neighbour_points" in plane:
        points = plane["neighbour_points"]
        charts["neighbours"] = PointMap("Neighbours", points, plane["labels"], names, "no unit", "no unit")
    return charts

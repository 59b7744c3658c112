"""For a comparison of models: what each costs, how far they agree, and the pictures that all get wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from fashionlab.reports.run.render import duration
from fashionlab.reports.study import words
from fashionlab.reports.study.effects import bounds

MOST_PICTURES = 120
"""Pictures shown that all models get wrong."""


def models(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """Rows of the table, the agreement matrix and the pictures; None for a study that is no comparison."""
    compare = summary["compare"]
    if compare is None:
        return None
    n = len(compare["models"])
    return {
        "rows": [_row(model, model["name"] == summary["baseline"]["name"]) for model in compare["models"]],
        # A model without a finished run has no answers to compare.
        "names": [m["name"] for m in compare["models"] if len(compare["agreement"]) == n or m["accuracy"]["n"]],
        "seed": compare.get("seed"),
        "agreement": [
            [{"share": share, "shade": _shade(share, compare["agreement"])} for share in row]
            for row in compare["agreement"]
        ],
        "wrong": [
            {"label": _class(each["label"], summary), "row": each["row"],
             "predicted": [(name, _class(answer, summary)) for name, answer in each["predicted"].items()]}
            for each in compare["all_wrong"][:MOST_PICTURES]
        ],
        "wrong_total": compare["all_wrong_total"],
    }  # fmt: skip


def _row(model: Mapping[str, Any], own: bool) -> dict[str, Any]:
    accuracy, seconds = model["accuracy"], model["seconds"]
    return {
        "name": model["name"],
        "own": own,
        "accuracy": words.plain(accuracy["mean"]),
        "interval": bounds(accuracy, words.plain),
        "parameters": "–" if model["parameters"] is None else f"{model['parameters']:,}",
        "bytes": size(model["bytes"]),
        "seconds": "–" if seconds["mean"] is None else duration(seconds["mean"]),
        "peak": "–" if model["peak_mb"] is None else f"{model['peak_mb']:,.0f}{words.SPACE}MB",
        "one": milliseconds(model["predict_ms_1"]),
        "thousand": milliseconds(model["predict_ms_1000"]),
    }


def size(n: int | None) -> str:
    """Bytes for people: "412 kB", "3.4 MB"."""
    if n is None:
        return "–"
    return f"{n / 1e3:,.0f}{words.SPACE}kB" if n < 1e6 else f"{n / 1e6:,.1f}{words.SPACE}MB"


def milliseconds(value: float | None) -> str:
    """A prediction's time: "0.42 ms", "38 ms", "1.2 s"."""
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value / 1000:.1f}{words.SPACE}s"
    return f"{value:.2g}{words.SPACE}ms" if value < 10 else f"{value:.0f}{words.SPACE}ms"


def _shade(share: float, agreement: Sequence[Sequence[float]]) -> str:
    """How strong a cell's colour is, from the least agreement to all."""
    least = min(value for row in agreement for value in row)
    return f"{(share - least) / (1 - least) if least < 1 else 1.0:.2f}"


def _class(value: Any, summary: Mapping[str, Any]) -> str:
    """A class's name; engines may give its index."""
    return str(summary["dataset"]["class_names"][value]) if isinstance(value, int) else str(value)

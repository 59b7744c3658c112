"""For a comparison of models: what each costs, how far they agree, and the images that all get wrong."""

from typing import Any

from fashionlab.reports.study.effects import bounds
from fashionlab.reports.study.report import StudyReport
from fashionlab.reports.wording import NONE, SPACE, duration, milliseconds, plain, size
from fashionlab.studies.summary import Answers, ModelSummary

MOST_IMAGES = 120
"""Images shown that all models get wrong."""


def models(report: StudyReport) -> dict[str, Any] | None:
    """Rows of the table, and what the models answer; None for a study that is no comparison."""
    if report.compare is None:
        return None
    answers = report.compare.answers
    return {
        "rows": [_row(model, model.name == report.baseline.name) for model in report.compare.models],
        "answers": answers and _answers(answers, report.data.class_names),
    }


def _row(model: ModelSummary, own: bool) -> dict[str, Any]:
    return {
        "name": model.name,
        "own": own,
        "accuracy": plain(model.accuracy.mean),
        "interval": bounds(model.accuracy, plain),
        "parameters": NONE if model.parameters is None else f"{model.parameters:,}",
        "bytes": size(model.bytes),
        "seconds": duration(model.seconds.mean),
        "peak": NONE if model.peak_memory_mb is None else f"{model.peak_memory_mb:,.0f}{SPACE}MB",
        "one": milliseconds(model.prediction.one if model.prediction else None),
        "thousand": milliseconds(model.prediction.thousand if model.prediction else None),
    }


def _answers(answers: Answers, class_names: tuple[str, ...]) -> dict[str, Any]:
    least = min(share for row in answers.agreement for share in row)
    return {
        "seed": answers.seed,
        "names": answers.models,
        "agreement": [[{"share": share, "shade": _shade(share, least)} for share in row] for row in answers.agreement],
        "wrong": [
            {
                "label": class_names[each.label],
                "row": each.row,
                "predicted": [(name, class_names[found]) for name, found in each.predicted.items()],
            }
            for each in answers.all_wrong[:MOST_IMAGES]
        ],
        "wrong_total": answers.all_wrong_total,
    }


def _shade(share: float, least: float) -> str:
    """How strong a cell's colour is, from the least agreement to all."""
    return f"{(share - least) / (1 - least) if least < 1 else 1.0:.2f}"

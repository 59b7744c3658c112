"""One run as plain data: everything that its report shows, composed once for the page, the terminal and `--json`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fashionlab.reports.run.picture_book import Part, PictureBook
from fashionlab.reports.run.sections.answer import answer
from fashionlab.reports.run.sections.confidence import confidence
from fashionlab.reports.run.sections.errors import errors
from fashionlab.reports.run.sections.inside import inside
from fashionlab.reports.run.sections.learning import learning
from fashionlab.reports.run.sections.made import made
from fashionlab.store import Run


def summarise_report(
    run: Run, insight: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None
) -> dict[str, Any]:
    """All that the report of a finished run says, ready for JSON.

    insight, arrays: of `evaluation.find_insight`, or {"available": False, "reason": why}. Keys: format, run, title,
    class_names; the sections answer, learning, errors, confidence, inside and made, in the page's order, each as its
    function in `reports.run.sections` says, or {"missing": why}; and pictures, a line for every picture shown: part,
    row, label, predicted, classes and probabilities (the highest first, in units of 0.0001).
    """
    recipe, predictions = run.request["recipe"], run.predictions
    parts = {name: Part(name, predictions) for name in ("test", "validation") if run.metrics[name]}
    judged = next(iter(parts.values()), None)
    unjudged = {"missing": "no part was predicted: a refit has no validation part, and its test part was left closed."}
    book = PictureBook()
    return {
        "format": 1,
        "run": run.name,
        "title": f"{recipe['model']['name']}, seed {recipe['seed']}" + (" (refit)" if recipe["refit"] else ""),
        "class_names": list(run.request["data"]["class_names"]),
        "answer": answer(run) | ({} if judged else unjudged),
        "learning": learning(run),
        "errors": errors(run, judged, book) if judged else unjudged,
        "confidence": confidence(run, judged.name) if judged else unjudged,
        "inside": inside(insight, arrays or {}, parts.get("validation"), book),
        "made": made(run),
        "pictures": book.entries,
    }

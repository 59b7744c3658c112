"""What a trained model is worth and what goes on inside it: plain numbers and arrays, no display.

Conventions. A *part* is "test" or "validation". `predictions` is `Run.predictions`: `{part}_logits` float32 [n, k],
`{part}_labels` int32 [n], and `validation_rows` int64 [n] (rows of `Dataset.images`). A *row* of a part is a position
in these arrays, 0 to n-1, and in what `open_pictures` gives. Classes are indices in the order of the logits, rates are
fractions, losses nats. Everything is ready for JSON (None where there is nothing to say) but what is called an array.

From logits and labels alone, no framework, milliseconds:

    metrics     evaluate, confusion_matrix, wilson_interval
    calibration calibration(predictions, "test") -> {
                    "evaluated": "test", "n": int, "temperature": float | None (fitted on validation),
                    "temperature_reason": str | None (why there is none), "temperature_n": int | None,
                    "before": SCORES, "after": SCORES | None}
                SCORES = {"reliability": RELIABILITY, "brier": float, "nll": float (nats),
                    "mean_confidence": float, "accuracy": float, "coverage": COVERAGE}
                RELIABILITY = {"binning": str, "bins": [{"low", "high", "n", "confidence", "accuracy",
                    "accuracy_low", "accuracy_high"}, …] (the last four None where n is 0), "ece": float}
                COVERAGE = {"coverage": [float] (ascending, ends at 1.0), "accuracy": [float], "threshold": [float]
                    (the least confidence that is still answered), "n": [int]}
                also: reliability, brier, negative_log_likelihood, fit_temperature, coverage_curve
    confusions  mistakes(logits, labels) -> dict of ARRAYS, the most confident first: {"row", "true", "predicted"
                    int64 [m], "confidence" float64 [m], "probabilities" float64 [m, k]}
                most_confident_mistakes(logits, labels, n=24) -> the same, the first n
                pairs(confusion, most=10) -> [{"true", "predicted", "count", "share" (of the true class's rows),
                    "reverse_count"}, …], most frequent first, none with count 0
                cells(logits, labels, diagonal=30) -> [k][k] of {"total": int, "rows": [int]}: off the diagonal all
                    rows, most confident first; on it the 30 least certain, least certain first
    diagnosis   diagnose(history, stopped, best_epoch) -> {"findings": [{"kind": str, "epoch": int | None,
                    "sentence": str}, …], "text": str}; kinds: diagnosis.KINDS

With pictures, from the data set:

    pictures    open_pictures(run, part, data_dir=None) -> ARRAY uint8 [n, side, side], row by row as the predictions.
                    For "test" it adds a line to the ledger, unless the run's own is there already.

With the network, in a worker process, kept in `derived/insight.json` and `derived/insight.npz`:

    insight     find_insight(run, data_dir=None, trust=None, worker=None) -> Insight(document, arrays): read from the
                    run if it is up to date, else computed (some seconds) and written. Never trains, never opens the
                    test part: all of it is about validation pictures. Its docstring has the keys.
"""

from fashionlab.evaluation.calibration import calibration
from fashionlab.evaluation.confusions import cells, mistakes, most_confident_mistakes, pairs
from fashionlab.evaluation.diagnosis import diagnose
from fashionlab.evaluation.images import open_pictures
from fashionlab.evaluation.insight.find import Insight, find_insight
from fashionlab.evaluation.metrics import confusion_matrix, evaluate, wilson_interval

__all__ = [
    "Insight",
    "calibration",
    "cells",
    "confusion_matrix",
    "diagnose",
    "evaluate",
    "find_insight",
    "mistakes",
    "most_confident_mistakes",
    "open_pictures",
    "pairs",
    "wilson_interval",
]

"""What a trained model is worth and what goes on inside it: plain numbers and arrays, no display.

A set is "test" or "validation". A row of a set is a position in the run's predictions (`Run.predictions`), 0 to n-1,
and in what `open_images` gives. Classes are indices in the order of the logits, rates are fractions, losses nats. What
is computed comes as frozen structs, ready for JSON (None where there is nothing to say), and arrays beside them.

From logits and labels alone, without a framework, in milliseconds:

    metrics      accuracy with its interval, loss, confusion matrix, figures by class
    calibration  how far confidence agrees with accuracy, before and after temperature scaling
    confusions   mistakes, confused pairs, the rows behind each cell of the confusion matrix
    diagnosis    what the learning curves show

With images, from the data set:

    images       the images of a set, row by row as the predictions

With the model, some of it in a worker process, kept in the run's `derived/`:

    insight      activations, feature maps, first-layer weights, a map of the last hidden layer, saliency, occlusion
"""

from fashionlab.evaluation.calibration import Calibration, calibration
from fashionlab.evaluation.confusions import Mistakes, cells, mistakes, pairs
from fashionlab.evaluation.diagnosis import Finding, diagnose
from fashionlab.evaluation.images import open_images
from fashionlab.evaluation.insight.find import Insight, find_insight
from fashionlab.evaluation.metrics import confusion_matrix, evaluate, wilson_interval
from fashionlab.evaluation.section import Missing, Section

__all__ = [
    "Calibration",
    "Finding",
    "Insight",
    "Missing",
    "Mistakes",
    "Section",
    "calibration",
    "cells",
    "confusion_matrix",
    "diagnose",
    "evaluate",
    "find_insight",
    "mistakes",
    "open_images",
    "pairs",
    "wilson_interval",
]

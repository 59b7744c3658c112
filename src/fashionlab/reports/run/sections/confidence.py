"""How far its confidence can be trusted: calibration before and after temperature scaling, and abstaining."""

from fashionlab.evaluation import Calibration, Section, calibration
from fashionlab.evaluation.calibration import Coverage
from fashionlab.reports.wording import percent, plain
from fashionlab.store import Predictions

ABSTAINED = 0.2
"""The share of the least certain images that a sentence speaks of."""


class ConfidenceSection(Section, frozen=True):
    """sentences: what the figures mean."""

    calibration: Calibration
    sentences: tuple[str, ...]


def confidence(predictions: Predictions, name: str) -> ConfidenceSection:
    """Calibration of the predictions of one set, "test" or "validation"."""
    found = calibration(predictions, name)
    return ConfidenceSection(found, (_before(found), after_scaling(found), _abstaining(found.before.coverage)))


def _before(found: Calibration) -> str:
    sure, accuracy = found.before.mean_confidence, found.before.accuracy
    if abs(sure - accuracy) < 0.005:
        how = "about as confident as it should be"
    else:
        how = f"{'over' if sure > accuracy else 'under'}confident by {plain(100 * abs(sure - accuracy), 1)} points"
    return (
        f"On average its confidence is {percent(sure)} and its accuracy {percent(accuracy)}, so it is {how}; its "
        f"confidence is off by {plain(100 * found.before.reliability.ece, 2)} points on average (expected calibration "
        f"error). A perfectly calibrated model would show about {plain(100 * found.before.reliability.floor, 2)} "
        "points on as many images, by chance alone."
    )


def after_scaling(found: Calibration) -> str:
    """What the temperature makes of the confidence, in a sentence: also where that is worse."""
    scaling = found.scaling
    if scaling is None:
        return (
            "There is no temperature scaling: the temperature is fitted on validation images, and a refit was trained "
            "on those too."
        )
    before, after = found.before, scaling.after
    errors = [100 * scores.reliability.ece for scores in (before, after)]
    # As two decimals tell them apart, which is what is read.
    worse = [round(errors[1], 2) > round(errors[0], 2), round(after.nll, 4) > round(before.nll, 4)]
    how = (
        f"Dividing the logits by a temperature of {scaling.temperature:.2f}, fitted on {scaling.n:,} validation images,"
    )
    loss = f"the loss from {plain(before.nll, 4)} to {plain(after.nll, 4)} nats"
    if all(worse):
        return (
            f"{how} makes its confidence worse here: that error rises to {plain(errors[1], 2)} points, and {loss}. Its "
            "confidence is better left as trained. The predicted classes stay the same."
        )
    if worse[0]:
        return (
            f"{how} makes that {plain(errors[1], 2)} points, which is worse, though it brings {loss}. The predicted "
            "classes stay the same."
        )
    more = f", but raises {loss}" if worse[1] else ""
    return f"{how} makes that {plain(errors[1], 2)} points{more}; the predicted classes stay the same."


def _abstaining(curve: Coverage) -> str:
    at = min(range(len(curve.coverage)), key=lambda i: abs(curve.coverage[i] - (1 - ABSTAINED)))
    return (
        f"If it may abstain from the {percent(1 - curve.coverage[at], 0)} of the images that it is least certain of, "
        f"{percent(curve.accuracy[at])} of its answers are correct instead of {percent(curve.accuracy[-1])}."
    )

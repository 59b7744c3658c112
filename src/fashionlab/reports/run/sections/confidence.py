"""Can its confidence be believed: calibration before and after temperature scaling, and what refusing brings."""

from collections.abc import Mapping
from typing import Any

from fashionlab.evaluation import calibration
from fashionlab.store import Run

REFUSED = 0.2
"""The share of the least certain pictures whose refusal a sentence speaks of."""


def confidence(run: Run, part: str) -> dict[str, Any]:
    """All of `evaluation.calibration` of the part, and `sentences` that say what it means."""
    figures = calibration(run.predictions, part)
    return {**figures, "part": part, "sentences": _sentences(figures)}


def _sentences(figures: Mapping[str, Any]) -> list[str]:
    before, after = figures["before"], figures["after"]
    sure, right, ece = before["mean_confidence"], before["accuracy"], before["reliability"]["ece"]
    how = "too sure of itself" if sure > right else "too modest"
    said = f"On average it is {100 * sure:.1f} % sure and {100 * right:.1f} % right, so it is "
    said += (
        f"{100 * abs(sure - right):.1f} points {how}" if abs(sure - right) >= 0.005 else "about as sure as it should be"
    )
    said += f"; its confidence is off by {100 * ece:.1f} points on average (expected calibration error)."
    sentences = [said]
    if after:
        sentences.append(
            f"Dividing the logits by a temperature of {figures['temperature']:.2f}, fitted on "
            f"{figures['temperature_n']:,} validation pictures, makes it "
            f"{100 * after['reliability']['ece']:.1f} points; the answers stay the same."
        )
    else:
        sentences.append(f"{figures['temperature_reason']}.".capitalize())
    curve = before["coverage"]
    at = min(range(len(curve["coverage"])), key=lambda i: abs(curve["coverage"][i] - (1 - REFUSED)))
    sentences.append(
        f"If it may refuse the {100 * (1 - curve['coverage'][at]):.0f} % of which it is least certain, "
        f"{100 * curve['accuracy'][at]:.1f} % of its answers are right instead of {100 * right:.1f} %."
    )
    return sentences

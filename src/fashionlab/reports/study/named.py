"""What the page calls things: every arm by what was changed, every verdict by a word that suits a change or a model."""

from collections.abc import Mapping
from typing import Any

from fashionlab.reports.study import words

OF_MODELS = {"helps": "better", "hurts": "worse"}
"""A change helps or hurts; a model is better or worse than another."""


def named(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The summary with a `title` for arms and baseline, `said` (the word shown) in verdicts, and `what` the arms are.

    title: "Removing dropout" for a change, the model's name in a comparison; what: "change" or "model".
    """
    compared = summary["kind"] == "compare"
    arms = [
        {**arm, "title": str(arm["name"]) if compared else words.what_changed(arm["changes"], str(arm["name"])),
         "verdict": {**arm["verdict"], "said": said(arm["verdict"]["word"], compared)}}
        for arm in summary["arms"]
    ]  # fmt: skip
    _tell_apart(arms)
    baseline = summary["baseline"]
    own, model = str(baseline["name"]), baseline["model"]
    title = f"{own} (the baseline)" if own != "baseline" else f"baseline ({model})"
    return {
        **summary,
        "arms": arms,
        "what": "model" if compared else "change",
        "baseline": {**baseline, "title": title},
    }


def said(word: str, compared: bool) -> str:
    """The word shown for a verdict's word."""
    return OF_MODELS.get(word, word) if compared else word


def _tell_apart(arms: list[dict[str, Any]]) -> None:
    """Add to a title that several arms share what differs: the values, or else the arms' own names."""
    for title in {arm["title"] for arm in arms}:
        alike = [arm for arm in arms if arm["title"] == title]
        values = [words.values(arm["changes"]) for arm in alike]
        if len(alike) > 1:
            more = values if len(set(values)) == len(alike) else [str(arm["name"]) for arm in alike]
            for arm, text in zip(alike, more, strict=True):
                arm["title"] = title if text == title else f"{title} ({text})"

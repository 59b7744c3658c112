"""What the verdicts cover, at which levels, and how the study was made."""

import shlex
from collections.abc import Mapping
from typing import Any

from fashionlab.reports.run.reproduce import setting_text, value_text
from fashionlab.reports.study import words
from fashionlab.reports.study.confirmation import p_text


def guarantee(summary: Mapping[str, Any]) -> dict[str, Any]:
    """covers (sentences), method, levels (a line an arm), and made: command, settings, machine, data."""
    arms = summary["arms"]
    return {
        "covers": covers(summary),
        "methods": sorted({arm["verdict"]["method"] for arm in arms}),
        "levels": [
            {
                "name": arm["title"],
                "when": "later" if arm["added_later"] else "at the start",
                "level": f"{arm['verdict']['level']:.4g}",
                "confidence": words.confidence(arm["verdict"]["level"]),
                "p": p_text(arm["verdict"]["p_value"]),
                "n": arm["verdict"]["n"],
                "deviation": words.plain(arm["verdict"]["deviation"]),
            }
            for arm in arms
        ],
        "spent": spent(summary),
        "command": summary.get("command"),
        "more": f"fashionlab study --continue {shlex.quote(str(summary['name']))} --seeds N"
        if any(arm["verdict"]["word"] == "undecided" for arm in arms)
        else None,
        "settings": flat(summary["baseline"]["settings"]),
        "machine": flat(summary["machine"]),
        "data": [
            ("data set", str(summary["dataset"]["name"])),
            ("SHA-256", str(summary["dataset"]["sha256"])),
            ("classes", f"{len(summary['dataset']['class_names']):,}"),
        ],
        "created": str(summary["created"]),
        "baseline_parameters": summary["baseline"]["parameters"],
    }


def spent(summary: Mapping[str, Any]) -> str:
    """How the permitted error is divided."""
    arms, alpha = summary["arms"], summary["alpha"]
    total = sum(arm["verdict"]["level"] for arm in arms)
    given = f"{total:.4g} of {alpha:g} is given out"
    if summary["declared"] > len(arms):
        return (
            f"It is divided among all {summary['declared']:,} pairs, as any of them may become the baseline; {given}."
        )
    return f"Together {given}; the rest is kept for arms added later." if alpha - total > 1e-9 else f"Together {given}."


def covers(summary: Mapping[str, Any]) -> list[str]:
    """What the guarantee is about, and what it is not about, in plain words."""
    data = summary["dataset"]["name"]
    # Only the real data set has this name and this number of pictures to resplit.
    pictures = "these 60,000 pictures" if data == "fashion-mnist" else f"these pictures ({data})"
    return [
        f"It covers repeating everything on {pictures}: other random splits, other initial weights, other orders of "
        "the pictures. The true effect is the mean over all of these.",
        "It does not cover other pictures: whether the same change helps on another data set, on photographs, or with "
        "another recipe around it, this study cannot tell.",
        "It takes the paired differences to be normally distributed; a change that does nothing under most seeds and "
        "much under a few is not, and may be missed. All verdicts together are wrong about any "
        f"{summary['what']} with probability {summary['alpha']:g} at most, however often one looks: the levels below "
        "never add up to more.",
    ]


def flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Settings or facts, nested or not, as names and texts."""
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines += flat(value, f"{prefix}{setting_text(str(name))} ")
        else:
            lines.append((prefix + setting_text(str(name)), value_text(value)))
    return lines

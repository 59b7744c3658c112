"""What the verdicts cover, at which levels, and how the study was made."""

import shlex
from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from fashionlab.reports.study.report import StudyReport
from fashionlab.reports.wording import confidence, p_value, plain, setting_text, times, value_text

SHARED_JUDGES = (
    "The data bring their own validation set, so all seeds are judged on the same images: the verdicts do not cover "
    "another choice of these."
)


def guarantee(report: StudyReport) -> dict[str, Any]:
    """covers (sentences), methods, alphas (a line an arm), and made: how to go on, settings, machine, data."""
    arms = report.arms
    return {
        "covers": covers(report),
        "methods": sorted({arm.verdict.method for arm in arms}),
        "alphas": [
            {
                "name": arm.title,
                "when": "later" if arm.added_later else "at the start",
                "alpha": f"{arm.verdict.alpha:.4g}",
                "confidence": confidence(arm.verdict.alpha),
                "p": p_value(arm.verdict.p_value),
                "n": arm.verdict.n,
                "deviation": plain(arm.verdict.deviation),
            }
            for arm in arms
        ],
        "spent": spent(report),
        "more": f"fashionlab study resume {shlex.quote(report.name)} --seeds N"
        if any(arm.verdict.word == "undecided" for arm in arms)
        else None,
        "settings": flat(report.baseline.settings),
        "machine": flat(asdict(report.machine)),
        "data": [
            ("data set", report.data.name),
            ("SHA-256", report.data.sha256),
            ("classes", f"{len(report.data.class_names):,}"),
        ],
        "created": report.created,
        "baseline_parameters": report.baseline.parameters,
    }


def spent(report: StudyReport) -> str:
    """How the permitted error is divided."""
    total = sum(arm.verdict.alpha for arm in report.arms)
    given = f"{total:.4g} of {report.alpha:g} is given out"
    if report.declared > len(report.arms):
        return f"It is divided among all {report.declared:,} pairs, as any of them may become the baseline; {given}."
    rest = report.alpha - total > 1e-9
    return f"Together {given}; the rest is kept for arms added later." if rest else f"Together {given}."


def covers(report: StudyReport) -> list[str]:
    """What the guarantee is about, and what it is not about, in plain words."""
    data = report.data.name
    # Only the real data set has this name and this number of images to resplit.
    images = "these 60,000 images" if data == "fashion-mnist" else f"these images ({data})"
    own = report.data.given_validation > 0
    return [
        f"It covers repeating everything on {images}: {'' if own else 'other random splits, '}other initial weights, "
        "other orders of the images. The true effect is the mean over all of these.",
        *([SHARED_JUDGES] if own else []),
        *alike(report),
        "It does not cover other images: whether the same change helps on another data set, on photographs, or with "
        "another recipe around it, this study cannot tell.",
        "It takes the paired differences to be normally distributed; a change that does nothing under most seeds and "
        "much under a few is not, and may be missed. All verdicts together are wrong about any "
        f"{report.what} with probability {report.alpha:g} at most, however often one looks: the shares below "
        "never add up to more.",
    ]


def alike(report: StudyReport) -> list[str]:
    """A sentence for each arm whose seeds are no repetitions, as nothing in it depends on them."""
    return [
        f"All {each.accuracy.n:,} seeds of {each.name} gave exactly the same predictions: they are one run, made "
        f"{times(each.accuracy.n)}, and say nothing about chance."
        for each in report.everyone
        if each.alike
    ]


def not_tested(report: StudyReport) -> list[str]:
    """A sentence for each arm that has runs and no figures of the test set."""
    found = {arm.name: arm.accuracy.n for arm in report.test.arms} if report.test else {}
    return [
        f"{each.name} is not evaluated on the test set: its runs kept their predictions, and not their models."
        for each in report.everyone
        if each.accuracy.n and found.get(each.name) == 0
    ]


def flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Settings or facts, nested or not, as names and texts."""
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines += flat(value, f"{prefix}{setting_text(name)} ")
        else:
            lines.append((prefix + setting_text(name), value_text(value)))
    return lines

"""What the verdicts cover, at which levels, and how the study was made."""

import shlex
from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from fashionlab.reports.study.report import StudyReport
from fashionlab.reports.wording import confidence, counted, p_value, plain, setting_text, start_text, times, value_text
from fashionlab.studies.design.imported import Imported
from fashionlab.studies.stats.bounded import largest_for

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
        "more": f"fashionlab study resume {shlex.quote(report.name)} --seeds N" if report.wants_seeds else None,
        "settings": flat(report.baseline.settings),
        # Of imported runs nobody knows where they were made.
        "machine": flat(asdict(report.machine)) if report.imported is None else [],
        "data": [
            ("data set" if report.imported is None else "file", report.data.name),
            ("SHA-256", report.data.sha256),
            *([("classes", f"{len(report.data.class_names):,}")] if report.imported is None else []),
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
    repeating = (
        f"It covers repeating everything on {images}: {'' if own else 'other random splits, '}other initial weights, "
        "other orders of the images. The true effect is the mean over all of these."
    )
    if report.imported is not None:
        repeating = (
            "It covers what varied from seed to seed when these runs were made, and nothing else: if all seeds had the "
            "same split, another split is not covered. It holds if the file has every seed that was run: a seed left "
            "out for its result makes it void."
        )
    return [
        repeating,
        *([SHARED_JUDGES] if own else []),
        *starts(report),
        *alike(report),
        "It does not cover other images: whether the same change helps on another data set, on photographs, or with "
        "another recipe around it, this study cannot tell.",
        "It takes the paired differences to be normally distributed. A seed in many with a very different result is "
        "not that, and before one has come no method can know of it. Once one has, a verdict is withheld until it "
        "holds both with and without it.",
        f"Where most seeds differ by at most half the margin of {report.margin:g} points, as of a change that rarely "
        "acts, “no practical difference” takes no distribution: it is wrong with the same probability at "
        f"most, as long as no seed moves more than {largest_for(report.margin):g} points. A larger loss is outside "
        "of this.",
        _declared(report),
        "All verdicts together are wrong about any "
        f"{report.what} with probability {report.alpha:g} at most, however often one looks: the shares below "
        "never add up to more.",
    ]


def _declared(report: StudyReport) -> str:
    """What the intervals owe to a number of seeds that was known beforehand."""
    seeds = sorted({arm.verdict.declared_seeds for arm in report.arms if arm.verdict.declared_seeds})
    if not seeds:
        return (
            "No number of seeds counts as declared beforehand, so the intervals allow for any number of them, and are "
            "wider for it."
        )
    number = " or ".join(f"{each:,}" for each in seeds)
    return (
        f"It makes use of the number of seeds that was declared before the first one, {number}: an interval is wide at "
        f"the beginning, and after {number} seeds hardly wider than if nobody had looked before. Seven tenths of the "
        "permitted error are spent so; a fifth is kept for going on beyond that number, where the intervals hold too, "
        "but shrink slowly; a tenth is not spent, as skewed differences mislead more often than normal ones."
    )


UNPAIRED_SHOWN = 8
"""Seeds without a partner that are named."""


def import_sentences(facts: Imported) -> list[str]:
    """What was taken from a table of results, what was left out of it, and what was assumed."""
    left_out = f"; left out: {', '.join(facts.left_out)}" if facts.left_out else ""
    lines = [f"{counted(facts.rows, 'row')}, of which the columns {', '.join(facts.columns)} were used{left_out}."]
    if facts.scale == "fractions":
        lines.append("The scores are taken as fractions, because none is above 1.")
    elif facts.scale == "percent":
        lines.append("The scores are taken as per cent, because none but 0 is 1 or below.")
    if facts.images is None:
        lines.append(
            "How many images a score was measured on is not known (--images says it): differences are taken to come in "
            f"steps of {facts.step:g} points."
        )
    if facts.unpaired:
        some = [f"{each.seed} (without {', '.join(each.lacking)})" for each in facts.unpaired[:UNPAIRED_SHOWN]]
        more = len(facts.unpaired) - len(some)
        lines.append(
            f"Seeds without a partner, left out where it is lacking: {', '.join(some)}"
            + (f" and {more:,} more." if more else ".")
        )
    return lines


def origin_sentences(facts: Imported) -> list[str]:
    """What is not known of imported runs."""
    same = (
        "Under each seed all arms have results for the same images, by name; whether they trained on the same ones"
        if facts.per_image
        else "They are paired by the number of the seed alone: whether the runs of one seed had the same data"
    )
    return [
        "These runs were imported: nothing is known about how they were made.",
        f"{same} is not known.",
        "Seeds count in ascending order, all of them.",
    ]


def starts(report: StudyReport) -> list[str]:
    """Where the runs start, if not from weights drawn anew."""
    if report.origins is None:
        return []
    text = start_text(report.origins.study, report.origins.arm)
    return [f"{text[0].upper()}{text[1:]}: all arms of a seed go on from the same weights."]


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

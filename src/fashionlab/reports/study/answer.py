"""The answer first: for every change what it does, how much, how sure that is, and whether it matters."""

from typing import Any

from fashionlab.reports.study import verdicts
from fashionlab.reports.study.report import JUDGING_SET, ArmReport, StudyReport, chosen_reference, from_to
from fashionlab.reports.wording import confidence, counted, odds
from fashionlab.studies.stats.verdict import Verdict

ORDER = ("helps", "hurts", "no practical difference", "undecided")


def answer(report: StudyReport) -> dict[str, Any]:
    """What the first section shows: state (a sentence), tally (what they do, how many), cards, and reading."""
    compared = report.compared
    found = [arm.verdict.word for arm in report.arms]
    return {
        "state": state(report),
        "tally": [
            {"style": verdicts.STYLES[word], "shape": verdicts.SHAPES[word], "count": found.count(word),
             "do": verdicts.said(word, compared) if compared or found.count(word) == 1
             else verdicts.PLURALS.get(word, word)}
            for word in ORDER if word in found
        ],
        "cards": [card(arm, report) for arm in report.arms],
        "reading": reading(report),
    }  # fmt: skip


def state(report: StudyReport) -> str:
    """Where the study stands, what may be believed of it now, and, where nobody has named a reference, which it is."""
    return " ".join(filter(None, [_state(report), chosen_reference(report.baseline)]))


def _state(report: StudyReport) -> str:
    complete, runs, total = report.seeds.complete, report.runs, len(report.arms)
    done = counted(len(complete), "seed" if complete else "complete seed")
    undecided = sum(arm.verdict.word == "undecided" for arm in report.arms)
    are = "is" if undecided == 1 else "are"
    rest = f" {undecided} of {counted(total, report.what)} {are} undecided." if undecided else ""
    if report.imported is not None:
        both = f"{counted(len(complete), 'seed')} with all {total + 1:,} arms"
        return f"Imported from {report.data.name}: {counted(report.runs.done, 'result')}, {both}.{rest}"
    if report.state == "running":
        part = f"{runs.done:,} of {runs.planned:,} runs are done"
        return f"Still running: {part}. What stands here holds already; looking early costs nothing."
    if report.state == "decided":
        return f"Finished early, after {done}: {'the' if total == 1 else 'every'} {report.what} is decided."
    if report.state == "seeds":
        planned = counted(len(complete), "planned seed")
        return f"Finished: {'all ' if len(complete) > 1 else ''}{planned}.{rest}"
    if report.state == "minutes":
        return f"Finished after {done}, when its time was up.{rest}"
    return f"It was stopped after {done}. What stands here holds, and it may be continued.{rest}"


def card(arm: ArmReport, report: StudyReport) -> dict[str, Any]:
    """One arm's answer in plain words: what was changed, the verdict, how much, how sure, whether it matters."""
    verdict, compared = arm.verdict, report.compared
    values = from_to(arm.changes)
    return {
        "title": arm.title,
        "sub": f"compared with {report.baseline.name}" if compared else values,
        "name": arm.name if not compared and arm.name not in (arm.title, values) else None,
        "later": arm.added_later,
        "withdrawn": arm.withdrawn,
        "word": verdict.word,
        "said": verdict.said,
        "style": verdicts.STYLES[verdict.word],
        "shape": verdicts.SHAPES[verdict.word],
        "effect": verdicts.effect(verdict),
        "pairs": verdict.n,
        "images": in_images(verdict, report.judge_rows),
        "sure": verdicts.short_answer(verdict),
        "why": verdicts.why(verdict),
        "ask": "Does it matter?" if verdict.word != "undecided" else "How long will it take?",
        "second": verdict.second,
        "seeds": seeds(arm),
        "sentence": verdict.sentence,
    }


def in_images(verdict: Verdict, n: int | None) -> str:
    """The effect as a number of images: what a percentage point is; nothing where their number is not known."""
    if verdict.effect is None or n is None:
        return ""
    images = round(abs(verdict.effect) * n / 100)
    if not images:
        return f"as many of the {n:,} images correct as before"
    return f"{images:,} {'more' if verdict.effect > 0 else 'fewer'} of {n:,} images correct"


def seeds(arm: ArmReport) -> str:
    """How many pairs, when the word fell, and what is missing."""
    text = counted(arm.verdict.n, "seed")
    equal = sum(pair.difference == 0 for pair in arm.pairs)
    if equal:
        text += f", {equal:,} of them with exactly the same accuracy"
    if arm.verdict.settled_at:
        text += f", decided after {arm.verdict.settled_at:,}"
    if arm.withdrawn:
        text += "; no seeds were added since it was withdrawn"
    if arm.left_out:
        text += f"; {counted(len(arm.left_out), 'pair')} left out"
    if arm.failures:
        text += f"; {counted(len(arm.failures), 'run')} failed"
    return text


def reading(report: StudyReport) -> list[str]:
    """How to read a card: the pairs, the point, the confidence."""
    alphas = sorted({arm.verdict.alpha for arm in report.arms})
    what = report.what
    texts = [_imported_pairs(report) if report.imported is not None else _own_pairs(report)]
    if alphas:
        each = f"{confidence(alphas[0])} confidence"
        if len(alphas) > 1:
            each = f"Confidence of {confidence(alphas[-1])} to {confidence(alphas[0])}"
        wrong = odds(alphas[-1])
        texts.append(
            f"{each} means: of many studies made like this one, at most {wrong} would ever, at any number of seeds, "
            f"be wrong about where a {what}’s true effect lies, and at most {odds(report.alpha)} about any "
            "of them. So one may look at any time, and stop when one has seen enough."
        )
    return texts


def _own_pairs(report: StudyReport) -> str:
    return (
        f"Every {report.what} was trained beside the baseline, pair by pair: under one seed both saw the same images "
        "in the same order and began with the same weights where their shapes allow. From seed to seed all of this is "
        "drawn anew. The effect is the mean difference in accuracy over the pairs. One percentage point is one image "
        f"in a hundred, counted on the {JUDGING_SET}: {report.judge_rows or 0:,} images that neither trained "
        "a network nor decided when to stop its training."
    )


def _imported_pairs(report: StudyReport) -> str:
    return (
        "Results under one seed are a pair. The effect is the mean difference in accuracy (here: the score) over the "
        f"pairs. One percentage point is one image in a hundred, {report.judged}. These runs were not made by this "
        "lab: that the halves of a pair differ in nothing but what is named is for those who made them to know."
    )

"""The answer first: for every change what it does, how much, how sure that is, and whether it matters."""

from collections.abc import Mapping
from typing import Any

from fashionlab.reports.study import words
from fashionlab.reports.study.named import said

ORDER = ("helps", "hurts", "no practical difference", "undecided")


def answer(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What the first section shows: state (a sentence), tally (what they do, how many), cards, and reading.

    summary: of `named`, as for every section.
    """
    compared = summary["what"] == "model"
    found = [arm["verdict"]["word"] for arm in summary["arms"]]
    return {
        "state": state(summary),
        "tally": [
            {"style": words.STYLES[word], "shape": words.SHAPES[word], "count": found.count(word),
             "do": said(word, compared) if compared or found.count(word) == 1 else words.PLURALS.get(word, word)}
            for word in ORDER if word in found
        ],
        "cards": [card(arm, summary) for arm in summary["arms"]],
        "reading": reading(summary),
    }  # fmt: skip


def state(summary: Mapping[str, Any]) -> str:
    """Where the study stands, and what may be believed of it now."""
    seeds, runs = summary["seeds"], summary["runs"]
    done = words.counted(len(seeds["complete"]), "seed" if seeds["complete"] else "complete seed")
    undecided = sum(arm["verdict"]["word"] == "undecided" for arm in summary["arms"])
    what, total = "model" if summary["kind"] == "compare" else "change", len(summary["arms"])
    are = "is" if undecided == 1 else "are"
    rest = f" {undecided} of {words.counted(total, what)} {are} undecided." if undecided else ""
    if summary["state"] == "running":
        part = f"{runs['done']:,} of {runs['planned']:,} runs are done"
        return f"Still running: {part}. What stands here holds already; looking early costs nothing."
    if summary["state"] == "decided":
        return f"It ended by itself after {done}: {'the' if total == 1 else 'every'} {what} is decided."
    if summary["state"] == "seeds":
        return f"It ended after {done}, as many as were planned.{rest}"
    if summary["state"] == "minutes":
        return f"It ended after {done}, when its time was up.{rest}"
    return f"It was stopped after {done}. What stands here holds, and it may be continued.{rest}"


def card(arm: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
    """One arm's answer in plain words: what was changed, the verdict, how much, how sure, whether it matters."""
    verdict, compared = arm["verdict"], summary["what"] == "model"
    values = words.from_to(arm["changes"])
    baseline = summary["baseline"]["name"]
    return {
        "title": arm["title"],
        "sub": f"compared with {baseline}" if compared else values,
        "name": arm["name"] if not compared and arm["name"] not in (arm["title"], values) else None,
        "later": arm["added_later"],
        "withdrawn": arm.get("withdrawn"),
        "word": verdict["word"],
        "said": verdict["said"],
        "style": words.STYLES[verdict["word"]],
        "shape": words.SHAPES[verdict["word"]],
        "effect": words.effect(verdict),
        "pictures": in_pictures(verdict, summary["part"]["n"]),
        "sure": sure(verdict),
        "why": why(verdict),
        "ask": "Does it matter?" if verdict["word"] != "undecided" else "How long will it take?",
        "second": verdict["second"],
        "seeds": seeds(arm),
        "sentence": in_a_sentence(verdict, baseline) if compared else words.with_minus(verdict["sentence"]),
    }


def in_a_sentence(verdict: Mapping[str, Any], baseline: str) -> str:
    """A model's answer; the verdict's own sentence speaks of changes."""
    if verdict["effect"] is None:
        return f"{sure(verdict)} {why(verdict)}"
    than = f"{words.effect(verdict)} points against {baseline}, the mean of {words.counted(verdict['n'], 'seed')}"
    return f"{than}. {sure(verdict)} {why(verdict)}"


def in_pictures(verdict: Mapping[str, Any], n: int) -> str:
    """The effect as a number of pictures: what a percentage point is."""
    effect = verdict["effect"]
    if effect is None:
        return ""
    pictures = round(abs(effect) * n / 100)
    if not pictures:
        return f"as many of the {n:,} pictures right as before"
    return f"{pictures:,} {'more' if effect > 0 else 'fewer'} of {n:,} pictures right"


def sure(verdict: Mapping[str, Any]) -> str:
    """How sure the verdict is, for a reader without statistics: the short answer."""
    if verdict["effect"] is None:
        return "Nothing is known yet."
    if verdict["low"] is None or verdict["high"] is None:
        return "Not at all yet."
    if verdict["word"] == "undecided":
        return "Not sure enough: chance alone could explain it."
    return f"{words.confidence(verdict['level'])} confidence that the {true_effect(verdict)}."


def why(verdict: Mapping[str, Any]) -> str:
    """What the short answer means."""
    level = verdict["level"]
    if verdict["effect"] is None:
        return "No pair of runs is finished."
    if verdict["low"] is None or verdict["high"] is None:
        few = "One seed cannot" if verdict["n"] == 1 else f"{words.counted(verdict['n'], 'seed')} are too few to"
        return f"{few} show how much of it is chance."
    if verdict["word"] == "undecided":
        return f"At {words.confidence(level)} confidence the {true_effect(verdict)}."
    return f"At most {words.odds(level)} studies made like this one would be wrong about it."


def true_effect(verdict: Mapping[str, Any]) -> str:
    """Where it lies: "true loss is between 0.41 and 0.75 points"."""
    low, high, digits = verdict["low"], verdict["high"], words.digits_of(verdict)
    if verdict["word"] in ("helps", "hurts"):
        least, most = sorted((abs(low), abs(high)))
        what = "gain" if verdict["word"] == "helps" else "loss"
        return f"true {what} is between {least:.{digits}f} and {most:.{digits}f} points"
    return f"true effect is between {words.signed(low, digits)} and {words.signed(high, digits)} points"


def seeds(arm: Mapping[str, Any]) -> str:
    """How many pairs, when the word fell, and what is missing."""
    verdict = arm["verdict"]
    text = words.counted(verdict["n"], "seed")
    equal = sum(pair["difference"] == 0 for pair in arm["pairs"])
    if equal:
        text += f", {equal:,} of them with exactly the same accuracy"
    if verdict["settled_at"]:
        text += f", decided after {verdict['settled_at']:,}"
    if arm.get("withdrawn"):
        text += "; no seeds were added since it was withdrawn"
    if arm["left_out"]:
        text += f"; {words.counted(len(arm['left_out']), 'pair')} left out"
    if arm["failures"]:
        text += f"; {words.counted(len(arm['failures']), 'run')} failed"
    return text


def reading(summary: Mapping[str, Any]) -> list[str]:
    """How to read a card: the pairs, the point, the confidence."""
    levels = sorted({arm["verdict"]["level"] for arm in summary["arms"]})
    what = summary["what"]
    texts = [
        f"Every {what} was trained beside the baseline, pair by pair: under one seed both saw the same pictures in the "
        "same order and began with the same weights where their shapes allow. From seed to seed all of this is drawn "
        "anew. The effect is the mean difference in accuracy over the pairs. One percentage point is one picture in a "
        f"hundred, counted on the {summary['part']['name']}: {summary['part']['n']:,} pictures that neither trained "
        "a network nor decided when to stop its training."
    ]
    if levels:
        each = f"{words.confidence(levels[0])} confidence"
        if len(levels) > 1:
            each = f"Confidence of {words.confidence(levels[-1])} to {words.confidence(levels[0])}"
        wrong = words.odds(levels[-1])
        texts.append(
            f"{each} means: of many studies made like this one, at most {wrong} would ever, at any number of seeds, "
            f"be wrong about where a {what}’s true effect lies, and at most {words.odds(summary['alpha'])} about any "
            "of them. So one may look at any time, and stop when one has seen enough."
        )
    return texts

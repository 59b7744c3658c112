"""A verdict in words, for a reader without a course in statistics: what cards, charts, tables and sentences say."""

import math

from fashionlab.reports.wording import confidence, counted, digits_beside, odds, signed
from fashionlab.studies.stats.bounded import largest_for, share_below
from fashionlab.studies.stats.forecast import LEAST, MOST
from fashionlab.studies.stats.rare import FAR
from fashionlab.studies.stats.verdict import Verdict

STYLES = {"helps": "w-helps", "hurts": "w-hurts", "no practical difference": "w-same", "undecided": "w-open"}
"""The class of the style sheet for every word of a verdict."""

SHAPES = {
    "helps": "M0 -7L7 5.5H-7Z",
    "hurts": "M0 7L7 -5.5H-7Z",
    "no practical difference": "M-6.5 -5H6.5V-1.2H-6.5ZM-6.5 1.2H6.5V5H-6.5Z",
    "undecided": "M0 -5.5a5.5 5.5 0 1 0 .01 0Z",
}
"""A mark for every word, 14 wide about the origin: up, down, an equals sign, a ring; told apart without colour."""

PLURALS = {"helps": "help", "hurts": "hurt", "no practical difference": "make no practical difference"}
"""What several changes do."""

OF_MODELS = {"helps": "better", "hurts": "worse"}
"""A change helps or hurts; a model is better or worse than another."""

NOTHING = 1e-4
"""Effects below, in points, are none: sums that should cancel leave 1e-17."""


def said(word: str, compared: bool) -> str:
    """The word shown for a verdict's word. compared: the arms are models."""
    return OF_MODELS.get(word, word) if compared else word


def effect(verdict: Verdict) -> str:
    """The effect with its sign; a dash without pairs."""
    return signed(verdict.effect, _digits_of_effect(verdict.effect or 0.0))


def interval(verdict: Verdict) -> str:
    """The interval, "−0.64 to −0.40", or that there are not enough seeds for one."""
    if verdict.low is None or verdict.high is None:
        return "not enough seeds for an interval"
    digits = _digits_of_ends(verdict.low, verdict.high, verdict.margin)
    return f"{signed(verdict.low, digits)} to {signed(verdict.high, digits)}"


def true_effect(verdict: Verdict) -> str:
    """Where it lies: "true loss is between 0.41 and 0.75 points"; of a verdict that has an interval."""
    assert verdict.low is not None
    assert verdict.high is not None
    digits = _digits_of_ends(verdict.low, verdict.high, verdict.margin)
    if verdict.word in ("helps", "hurts"):
        least, most = sorted((abs(verdict.low), abs(verdict.high)))
        what = "gain" if verdict.word == "helps" else "loss"
        return f"true {what} is between {least:.{digits}f} and {most:.{digits}f} points"
    return f"true effect is between {signed(verdict.low, digits)} and {signed(verdict.high, digits)} points"


def sentence(verdict: Verdict, subject: str) -> str:
    """What was found and how sure that is, in one or two sentences. subject: what the change is called."""
    v = verdict
    if v.effect is None:
        return f"{subject}: undecided. No pair of runs is finished yet."
    so_far = (
        f"{_change(v.effect)}, averaged over {counted(v.n, 'seed')}" if v.n > 1 else f"{_change(v.effect)} on one seed"
    )
    if v.low is None or v.high is None:
        few = "one cannot show" if v.n == 1 else "too few to show"
        return f"{subject}: undecided. So far {so_far}: {few} how much of it is chance."
    sure = f"at {confidence(v.alpha)} confidence the {true_effect(v)}"
    if v.word == "undecided":
        return f"{subject}: undecided. So far {so_far}; {sure}."
    if v.word == "no practical difference":
        return f"{subject} makes no practical difference: {sure}, inside the margin of ±{v.margin:g}."
    return f"{subject} {v.word}: {so_far}; {sure}."


def sentence_of_model(verdict: Verdict, model: str, baseline: str) -> str:
    """The same of a model that is compared with another."""
    if verdict.effect is None:
        return f"{model}: {short_answer(verdict)} {why(verdict)}"
    than = f"{effect(verdict)} points against {baseline}, the mean of {counted(verdict.n, 'seed')}"
    return f"{model}: {than}. {short_answer(verdict)} {why(verdict)}"


def second_line(verdict: Verdict, left_out: int = 0) -> str:
    """Beyond the margin or not, or how many seeds more; with a warning where one is due. left_out: seeds whose pair
    does not count, because it lacks a half."""
    v = verdict
    margin = f"the margin of {v.margin:g} points"
    low, high = v.low or 0.0, v.high or 0.0
    what = "gain" if low > 0 else "loss" if high < 0 else None
    if v.word == "undecided":
        line = _undecided(v)
    elif what is None:
        line = f"If there is an effect at all, it is, at this confidence, smaller than {margin}."
    elif v.exceeds_margin:
        line = f"The {what} exceeds {margin}: it matters in practice."
    elif -v.margin < low and high < v.margin:
        line = f"There is a {what}, but one smaller than {margin}."
    else:
        line = f"Whether the {what} exceeds {margin} is not settled."
    if v.settled_at is not None and v.word in ("helps", "hurts") and v.n < 2 * v.settled_at:
        line += (
            " An effect seen when the verdict falls is on average too far from 0, as a large one decides sooner; the "
            "interval allows for that."
        )
    if left_out:
        line += (
            f" {counted(left_out, 'seed')} {'is' if left_out == 1 else 'are'} left out, where a run failed or is "
            "lacking: the verdict is about the seeds that have both runs."
        )
    if v.rare and not v.hangs:
        holds = "the verdict waits until it holds" if v.word == "undecided" else "the verdict holds"
        some = _rare(v)
        line += f" {some[0].upper()}{some[1:]}: {holds} with and without {'it' if v.rare == 1 else 'them'}."
    if v.hangs and v.word != "undecided":
        line += f" Caution: since this was said, {_rare(v)}; by all seeds so far it would not be said now."
    if v.contradicts:
        line += (
            " Caution: later seeds moved the mean out of what earlier seeds had allowed; "
            "this is rare, unless runs fail on some seeds or something changed in between."
        )
    return line


def short_second_line(verdict: Verdict) -> str:
    """The same in a few words."""
    needed = verdict.seeds_needed
    if verdict.word == "undecided":
        # The forecast looks no further than MOST.
        more = f"{MOST:,} more seeds, or above" if needed == MOST else f"about {counted(needed or 0, 'more seed')}"
        text = "too few seeds to tell" if needed is None else more
        if 2 * verdict.equal > verdict.n:
            text = f"equal in {verdict.equal} of {counted(verdict.n, 'seed')}"
        if verdict.hangs:
            text = f"hangs on {counted(verdict.rare, 'seed')}"
    elif verdict.exceeds_margin:
        text = "exceeds the margin"
    else:
        inside = -verdict.margin < (verdict.low or 0.0) and (verdict.high or 0.0) < verdict.margin
        text = "smaller than the margin" if inside else "margin not settled"
    return text + (", with a caution" if verdict.contradicts or (verdict.hangs and verdict.settled_at) else "")


def short_answer(verdict: Verdict) -> str:
    """How sure the verdict is, for a reader without statistics."""
    if verdict.effect is None:
        return "Nothing is known yet."
    if verdict.low is None or verdict.high is None:
        return "No verdict yet."
    if verdict.word == "undecided":
        return f"Not decided, but an effect, if any, is smaller than {_excluded(verdict)} points, either way."
    return f"{confidence(verdict.alpha)} confidence that the {true_effect(verdict)}."


def why(verdict: Verdict) -> str:
    """What the short answer means."""
    if verdict.effect is None:
        return "No pair of runs is finished."
    if verdict.low is None or verdict.high is None:
        few = "One seed cannot" if verdict.n == 1 else f"{counted(verdict.n, 'seed')} are too few to"
        return f"{few} show how much of it is chance."
    if verdict.word == "undecided":
        return f"At {confidence(verdict.alpha)} confidence the {true_effect(verdict)}."
    return f"At most {odds(verdict.alpha)} studies made like this one would be wrong about it."


def _change(effect: float) -> str:
    """An effect without its sign: "accuracy is about 0.52 percentage points higher than the baseline's"."""
    if abs(effect) < NOTHING:
        return "accuracy is the same as the baseline's"
    size = f"{abs(effect):.{_digits_of_effect(effect)}f}"
    return f"accuracy is about {size} percentage points {'higher' if effect > 0 else 'lower'} than the baseline's"


def _undecided(verdict: Verdict) -> str:
    """Why nothing is said yet, and how many seeds more."""
    more = _more_seeds(verdict.seeds_needed)
    if verdict.hangs:
        seed = "that seed" if verdict.rare == 1 else "those seeds"
        return f"The verdict is withheld: {_rare(verdict)}, and what the interval says does not hold without {seed}."
    if 2 * verdict.equal > verdict.n:
        return f"The results are exactly equal in {_idle(verdict, verdict.equal)} {more}"
    if verdict.hidden:
        return f"The results differ by at most half the margin in {_idle(verdict, verdict.idle)} {more}"
    return more


def _idle(verdict: Verdict, idle: int) -> str:
    """In how many seeds a change does nothing, and what that leaves open."""
    n, share = verdict.n, math.ceil(100 * share_below(verdict.n - idle, verdict.n, verdict.alpha))
    seeds = f"all {counted(n, 'seed')}" if idle == n > 1 else f"{idle:,} of {counted(n, 'seed')}"
    few = (
        f"it acts in fewer than {share} % of all seeds, at {confidence(verdict.alpha)} confidence"
        if share < 100
        else ""
    )
    largest = f"{largest_for(verdict.margin):g} points"
    return f"{seeds}{f', so {few}' if few else ''}. Where it acts, up to {largest} are reckoned with."


def _rare(verdict: Verdict) -> str:
    """That some seeds are far from the others."""
    some = "one seed lies" if verdict.rare == 1 else f"{verdict.rare} seeds lie"
    return f"{some} more than {FAR:g} median deviations from the others"


def _excluded(verdict: Verdict) -> str:
    """A round number of points that no end of the interval reaches."""
    assert verdict.low is not None
    assert verdict.high is not None
    most = max(abs(verdict.low), abs(verdict.high))
    digits = 1 if most > 0.1 else 2
    return f"{math.floor(most * 10**digits + 1) / 10**digits:g}"


def _more_seeds(needed: int | None) -> str:
    if needed is None:
        return f"How many more seeds it needs can be estimated from {LEAST} seeds on."
    if needed >= MOST:
        return f"If it goes on like this, even {MOST:,} more seeds may not decide it."
    more = "one more seed" if needed == 1 else f"{needed:,} more seeds"
    return f"If it goes on like this, very roughly {more} could decide it."


def _digits_of_effect(value: float) -> int:
    """Decimals with which 0.004 does not look like nothing, nor 1e-17 like something."""
    return 2 if abs(value) < NOTHING else digits_beside([value], [0.0])


def _digits_of_ends(low: float, high: float, margin: float) -> int:
    """Decimals with which no end of an interval that lies beyond 0 or the margin looks as if on it."""
    return digits_beside([low, high], [0.0, margin, -margin])

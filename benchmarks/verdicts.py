"""How often are a study's verdicts wrong, and how soon are they given? Simulated studies, watched at every seed.

    python -m benchmarks.verdicts --json evidence/verdicts.json
    python -m benchmarks.verdicts --studies 500                       a first look, in seconds

Differences are drawn, rounded to the steps of 6,000 images, and judged by the core that `judge` calls
(`studies.stats.verdict.follow`), after every seed up to 100, which is far beyond the seeds that were declared. Where
none were, as in older and imported studies, the case says "open". Three tables:

- false effects: no arm does anything; how often does a study say of any that it helps or hurts? Promised: at most 5 %.
  The arms share a baseline, which correlates their differences by one half. Some are skewed as the differences of runs
  can be, some are equal in 90 % of the seeds, some come later and spend from the reserve.
- false equivalence: an effect as large as the margin, or larger; how often is it said to make no practical difference?
  Promised where most seeds are idle and none loses more than the largest difference that is reckoned with: at most the
  arm's alpha. The rows that are not promised say so.
- power: how soon is a true effect, or its absence, found?

A share p of n studies has the Monte Carlo error sqrt(p (1 - p) / n), given beside it. With --json it may be killed and
started again: finished cases are kept in the file beside it.

Cost: about 10 minutes on one core for 10,000 studies each.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common import Evidence, announce, print_table
from fashionlab.studies.stats.alpha_spending import AlphaSpending
from fashionlab.studies.stats.boundary import Boundary
from fashionlab.studies.stats.bounded import LARGEST
from fashionlab.studies.stats.verdict import MARGIN, WORDS, follow

STEP = 100 / 6000
DEVIATION = 0.25
SEEDS = 100
DECLARED = 20
BATCH = 500

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
"""Values of a shape, in percentage points."""


class Case(NamedTuple):
    """draw: differences of one arm, or where arms share a baseline runs; arms: (declared, later); promised: the largest
    share that may be wrong, None where nothing is promised; declared: seeds, None for an open study."""

    table: str
    name: str
    draw: Draw
    arms: tuple[int, int] = (1, 0)
    margin: float = MARGIN
    promised: float | None = None
    seeds: int = SEEDS
    declared: int | None = DECLARED


def normal(effect: float, deviation: float) -> Draw:
    """Normally distributed differences."""
    return lambda random, shape: random.normal(effect, deviation, shape)


def skewed(sign: int) -> Draw:
    """Mean 0, deviation DEVIATION, skewness 1 (a gamma distribution of shape 4)."""
    return lambda random, shape: sign * DEVIATION * (random.gamma(4, 1, shape) - 4) / 2


def acting(share: float, size: float, deviation: float = 0.0, rest: float = 0.0) -> Draw:
    """`size` under a share of the seeds, otherwise `rest`, with normally distributed noise."""

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        base = np.where(random.random(shape) < share, size, rest)
        return base + (random.normal(0, deviation, shape) if deviation else 0.0)

    return draw


def tied(share: float) -> Draw:
    """Equal under a share of the seeds, otherwise normally distributed about 0 with a deviation of one point."""
    return lambda random, shape: np.where(random.random(shape) < share, 0.0, random.normal(0, 1, shape))


SHAPES: tuple[tuple[str, Draw], ...] = (
    ("normal", normal(0, DEVIATION)),
    ("skewness +1", skewed(1)),
    ("skewness -1", skewed(-1)),
    ("equal in 90 %", tied(0.9)),
)
"""Differences without an effect."""


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _false_effects()
    alpha = AlphaSpending(1).of(0)
    for margin in (MARGIN, 1.0):
        for size in (0.5, 1.0, 2.0, LARGEST):
            if size > margin:
                name = f"margin {margin:g}: {size:g} lost in {margin / size:.1%} of the seeds, equal in the others"
                yield Case("false equivalence", name, acting(margin / size, -size), margin=margin, promised=alpha)
    for share, size, deviation in ((0.1, LARGEST, 0.0), (0.3, 1.0, 0.0), (0.1, LARGEST, 0.02), (0.1, LARGEST, 0.05)):
        name = f"{size:g} lost in {share:.0%}, deviation {deviation:g} in the others"
        yield Case("false equivalence", name, acting(share, -size, deviation), promised=alpha)
    for deviation in (0.1, DEVIATION):
        name = f"normal, effect at the margin, deviation {deviation:g}"
        yield Case("false equivalence", name, normal(MARGIN, deviation), promised=alpha)
    for name, draw in (
        ("beyond the largest: 6 lost in 5 %", acting(0.05, -6)),
        ("3 lost in 10 %, deviation 0.1 in the others", acting(0.1, -LARGEST, 0.1)),
        ("3 lost in 10 %, deviation 0.25 in the others", acting(0.1, -LARGEST, DEVIATION)),
    ):
        yield Case("false equivalence", f"not promised: {name}", draw)
    rare = acting(0.05, 0.15 - LARGEST, DEVIATION, 0.15)
    for seeds in (20, 50, 100):
        yield Case("false effects", f"not promised: 3 lost in 5 %, mean 0, by {seeds} seeds", rare, seeds=seeds)
    for effect, deviation in (
        (0.5, 0.63), (0.2, 0.23), (0.3, 0.3), (0.5, 0.25), (1.0, 0.63), (0.0, 0.0), (0.0, 0.05), (0.0, 0.25),
    ):  # fmt: skip
        for declared in (DECLARED, None):
            name = f"{_said(declared)}, effect {effect:g}, deviation {deviation:g}"
            yield Case("power", name, normal(effect, deviation), declared=declared)


def _false_effects() -> Iterator[Case]:
    for declared, arms, shapes in (
        (DECLARED, ((1, 0), (4, 0), (8, 0), (1, 7)), SHAPES),
        (5, ((1, 0), (4, 0)), SHAPES),
        (10, ((1, 0), (4, 0)), SHAPES),
        (50, ((4, 0),), SHAPES),
        (None, ((1, 0), (4, 0), (8, 0)), SHAPES[:2]),
    ):
        for first, later in arms:
            many = f"{first} arms" if first > 1 else "1 arm"
            many += f" and {later} added later" if later else ""
            for name, draw in shapes:
                case = f"{_said(declared)}, {many}, {name}"
                yield Case("false effects", case, draw, (first, later), promised=0.05, declared=declared)


def _said(declared: int | None) -> str:
    return "open" if declared is None else f"{declared} seeds declared"


def simulate(case: Case, studies: int) -> dict[str, Any]:
    """Counts of studies: `effect`, `same` (ever said, of any arm), `effect_by_declared` (by the declared seeds, or by
    DECLARED), and by 10, 20, 50 and 100 seeds how often the first arm was decided."""
    random = np.random.default_rng([len(case.name), *case.name.encode()])
    declared, later = case.arms
    arms, alphas = declared + later, AlphaSpending(declared)
    found = {"effect": 0, "effect_by_declared": 0, "same": 0}
    by = min(case.declared or DECLARED, case.seeds)
    decided: list[np.ndarray] = []
    for start in range(0, studies, BATCH):
        shape = (min(BATCH, studies - start), arms, case.seeds)
        differences = case.draw(random, shape)
        if arms > 1:
            # An idle seed is idle for all; otherwise a shared baseline makes up half of the variance.
            shared = case.draw(random, (shape[0], 1, shape[2]))
            differences = np.where(differences == 0, 0.0, (differences + shared) / math.sqrt(2))
        differences = np.round(differences / STEP) * STEP
        words = np.stack(
            [
                follow(
                    differences[:, arm],
                    boundary=Boundary(alphas.of(arm), case.declared),
                    resolution=STEP,
                    margin=case.margin,
                ).words
                for arm in range(arms)
            ],
            axis=1,
        )
        last = words[..., -1]
        found["effect"] += int(np.isin(last, (1, 2)).any(axis=1).sum())
        found["effect_by_declared"] += int(np.isin(words[..., by - 1], (1, 2)).any(axis=1).sum())
        found["same"] += int((last == WORDS.index("no practical difference")).any(axis=1).sum())
        decided.append(np.where(words[:, 0].any(axis=-1), (words[:, 0] > 0).argmax(axis=-1) + 1, case.seeds + 1))
    seeds = np.concatenate(decided)
    return {
        **found,
        "decided_by": {str(n): int((seeds <= n).sum()) for n in (10, 20, 50, 100) if n <= case.seeds},
        "median_seeds": None if (median := float(np.median(seeds))) > case.seeds else median,
    }


def row_of(case: Case, found: dict[str, Any], studies: int) -> dict[str, Any]:
    """The counts as shares, with the error of the one that is wrong."""
    wrong = {"false effects": found["effect"], "false equivalence": found["same"], "power": 0}[case.table] / studies
    return {
        "table": case.table, "case": case.name, "wrong": wrong, "error": math.sqrt(wrong * (1 - wrong) / studies),
        "promised": case.promised, "effect": found["effect"] / studies,
        "effect_by_declared": found["effect_by_declared"] / studies, "same": found["same"] / studies,
        "decided_by": {n: count / studies for n, count in found["decided_by"].items()},
        "median_seeds": found["median_seeds"],
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=10_000, help="of each case [10000]")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases with this text in their names [all]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args(arguments)
    if given.studies < 1:
        parser.error(f"given {given.studies} studies, expected at least 1")
    evidence = Evidence("verdicts")
    part = given.json.with_suffix(".part") if given.json else None
    known: dict[str, Any] = json.loads(part.read_text(encoding="utf-8")) if part and part.exists() else {}
    rows = []
    for case in cases():
        if given.only not in f"{case.table}: {case.name}":
            continue
        key = f"{given.studies} {case.table}: {case.name}"
        if key not in known:
            known[key] = simulate(case, given.studies)
            if part:
                part.parent.mkdir(parents=True, exist_ok=True)
                part.write_text(json.dumps(known), encoding="utf-8")
            announce(key)
        rows.append(row_of(case, known[key], given.studies))
    table = [["case", "wrong", "promised", "helps or hurts", "by declared", "same", "by 20 seeds", "median"]]
    table += [
        [
            f"{row['table']}: {row['case']}",
            "" if row["table"] == "power" else f"{row['wrong']:.3f} ± {row['error']:.3f}",
            "" if row["promised"] is None else f"{row['promised']:.2f}",
            f"{row['effect']:.3f}", f"{row['effect_by_declared']:.3f}", f"{row['same']:.3f}",
            f"{row['decided_by'].get('20', 0):.2f}",
            "" if row["median_seeds"] is None else f"{row['median_seeds']:.0f}",
        ]
        for row in rows
    ]  # fmt: skip
    print_table(table)
    broken = [row for row in rows if row["promised"] is not None and row["wrong"] - 3 * row["error"] > row["promised"]]
    for row in broken:
        print(f"promised {row['promised']:.2f}, found {row['wrong']:.3f}: {row['case']}")
    evidence.write(given.json, given.studies, {"seeds": SEEDS, "cases": rows})
    if part:
        part.unlink(missing_ok=True)
    return len(broken)


if __name__ == "__main__":
    sys.exit(main())

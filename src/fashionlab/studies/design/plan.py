"""The design of a study: a baseline, the arms beside it, and what was agreed before the first run.

Under one seed every arm has the same split, the same data order and, where names and shapes of the weights allow, the
same initial weights; all of these vary from seed to seed (X. Bouthillier et al., "Accounting for variance in machine
learning benchmarks", MLSys 2021).
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fashionlab.data import Dataset
from fashionlab.errors import UsageError
from fashionlab.recipe.recipe import Recipe
from fashionlab.studies.design.changes import Changes, apply_change, difference, read_change, shown, take_away
from fashionlab.studies.stats.levels import ALPHA, RESERVE, Levels
from fashionlab.studies.stats.verdict import MARGIN
from fashionlab.training.partition import rows_of
from fashionlab.training.prepare import make_request, prepare

Change = str | Mapping[str, Any]
"""A change as typed, or its settings as a mapping: see `changes.read_change`."""

SEEDS = 10
"""Seeds of a study at most, unless told otherwise: effects of a point show after five, a lack of effect after 25."""

COMPARE_SEEDS = 5
"""Seeds of a comparison, unless told otherwise."""


@dataclass(frozen=True)
class Arm:
    """One way to train, whose runs differ in the seed alone.

    name: for people, unique in the study; subject: what sentences call it; changes: beside the baseline; request: that
    of its runs, with seed 0 (`training.request`); model_source: the text of the user's own model file, or None;
    added_later: it was not among the declared arms and spends from the reserve.
    """

    name: str
    subject: str
    changes: Changes
    request: dict[str, Any]
    model_source: bytes | None = None
    added_later: bool = False

    @property
    def recipe(self) -> Recipe:
        """The recipe, with seed 0."""
        return Recipe.from_json(self.request["recipe"])

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.request["recipe"]["model"]["name"])

    def request_for(self, seed: int) -> dict[str, Any]:
        """The request of this arm's run under a seed."""
        request = copy.deepcopy(self.request)
        request["recipe"]["seed"] = seed
        return request


@dataclass(frozen=True)
class Plan:
    """What a study is: written down before its first run, and only ever added to.

    name: of its folder; kind: "study" or "compare"; title: for people; created: ISO time. arms: the baseline first, in
    a comparison without a named baseline simply all models. baseline: its name, None for "the best on validation".
    declared: comparisons among which the declared arms' error is divided. margin: percentage points; alpha, reserve:
    see `Levels`. seeds: how many at most, from `first_seed` on. all_seeds: go on to the last of them even if every arm
    is decided. test: predict the test part at the end. judge_rows: pictures of the judge half. data: name, sha256,
    class_names.
    """

    name: str
    kind: str
    title: str
    created: str
    arms: tuple[Arm, ...]
    baseline: str | None
    declared: int
    seeds: int
    judge_rows: int
    data: dict[str, Any]
    margin: float = MARGIN
    alpha: float = ALPHA
    reserve: float = RESERVE
    first_seed: int = 0
    all_seeds: bool = False
    test: bool = True

    @property
    def all_seed_numbers(self) -> range:
        """The seeds, in order."""
        return range(self.first_seed, self.first_seed + self.seeds)

    @property
    def levels(self) -> Levels:
        """Which share of the permitted error each arm may spend."""
        return Levels(self.declared, self.alpha, self.reserve)

    def level_of(self, arm: Arm) -> float:
        """The level of an arm beside the baseline.

        Where the best model is the baseline, it is chosen by the same figures that judge: so the error is divided
        among all pairs of models, any of which may turn out to be the one in question, and all have the same share.
        """
        if self.baseline is None:
            return self.levels.of(0)
        return self.levels.of(self.arms.index(arm) - 1)

    def arm(self, name: str) -> Arm:
        """The arm of a name."""
        return next(arm for arm in self.arms if arm.name == name)


@dataclass(frozen=True)
class Setting:
    """What all arms share: the data, how they are trained, where the seeds begin."""

    dataset: Dataset
    trainer: str = "auto"
    backend: str = "auto"
    first_seed: int = 0
    advice: list[str] = field(default_factory=list)
    """Sentences for the user, gathered on the way."""

    def make_arm(self, name: str, subject: str, recipe: Recipe, later: bool = False) -> Arm:
        """An arm of a recipe, its request made. `changes` are filled in by who knows the baseline."""
        prepared = prepare(recipe, self.dataset, self.trainer, self.backend)
        if prepared.advice and prepared.advice not in self.advice:
            self.advice.append(prepared.advice)
        # The seed is the study's to give: two recipes that differ in it alone are one arm.
        plain = replace(prepared.recipe, seed=0)
        request = make_request(plain, prepared.architecture, self.dataset, prepared.engine, test=False, judge=True)
        # As it will be read back: JSON has lists where Python has tuples, and requests are compared.
        return Arm(name, subject, {}, json.loads(json.dumps(request)), prepared.architecture.source, later)

    def judge_rows(self, recipe: Recipe) -> int:
        """How many pictures judge. Raises DataInvalid, UsageError if the data are too few for that."""
        limit = recipe.data.limit
        dataset = self.dataset.limited(limit) if limit else self.dataset
        document = replace(recipe, seed=self.first_seed).to_json()
        return len(rows_of({"recipe": document, "judge": True}, dataset).grade)


def arms_of_changes(
    baseline: Arm, changes: Sequence[Change], taking_away: bool, setting: Setting, later: bool = False
) -> list[Arm]:
    """An arm for each change (as `read_change` takes it), then one for each regularizer taken away if asked for.

    Raises UsageError for a change that changes nothing or is another one's double.
    """
    wanted = [read_change(change) for change in changes]
    named = [(name or _describe(given), name or _describe(given), given) for name, given in wanted]
    if taking_away:
        for name, given in take_away(baseline.recipe):
            named.append((name, f"Taking away {name.removeprefix('without ')}", given))
    arms: list[Arm] = []
    for name, subject, given in named:
        arm = setting.make_arm(name, subject, apply_change(baseline.recipe, given), later)
        if arm.model == baseline.model and arm.request["model_sha256"] != baseline.request["model_sha256"]:
            raise UsageError(f"the model file {arm.model} has changed since the study began; put the old one back")
        if arm.request == baseline.request:
            values = ", ".join(f"{field} is {shown(value)}" for field, value in given.items())
            raise UsageError(f"--change: {name!r} changes nothing, the baseline is like that already ({values})")
        arms.append(replace(arm, changes=difference(baseline.recipe, arm.recipe)))
    return arms


def check_arms(arms: Sequence[Arm]) -> None:
    """Raise UsageError where two arms have one name, or are one and the same."""
    for number, arm in enumerate(arms):
        for other in arms[:number]:
            if arm.request == other.request:
                raise UsageError(f"given {arm.name!r} and {other.name!r}, which are the same; leave out one of them")
            if arm.name == other.name:
                raise UsageError(
                    f'given two changes called {arm.name!r}; name them apart: --change "another name: ..."'
                )


def _describe(given: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={shown(value)}" for name, value in given.items())

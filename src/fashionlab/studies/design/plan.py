"""The design of a study: a baseline, the arms compared with it, and what was agreed before the first run.

Under one seed every arm has the same split, the same data order and, where names and shapes of the weights allow, the
same initial weights; all of these vary from seed to seed (X. Bouthillier et al., "Accounting for variance in machine
learning benchmarks", MLSys 2021).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

from msgspec import Meta, Struct
from msgspec.structs import replace

from fashionlab.data import Dataset
from fashionlab.errors import UsageError
from fashionlab.models import Architecture
from fashionlab.models.own.source import OwnSource
from fashionlab.models.registry import own_architecture
from fashionlab.options import as_typed, spelled
from fashionlab.recipe.config import OptionValue
from fashionlab.recipe.difference import Changes, difference
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import RunSpec
from fashionlab.studies.design.changes import (
    ablate,
    apply_change,
    describe_settings,
    read_change,
)
from fashionlab.studies.design.origins import StudyOrigins
from fashionlab.studies.stats.alpha_spending import ALPHA, RESERVE, AlphaSpending
from fashionlab.studies.stats.boundary import Boundary
from fashionlab.studies.stats.verdict import MARGIN
from fashionlab.training.partition import divide
from fashionlab.training.prepare import LACKING, make_spec, prepare

FORMAT = 5
"""Of `study.json` and `summary.json`; raised when a reader of the old ones could not read the new ones."""

READABLE = range(2, FORMAT + 1)
"""What this version reads, as of a run."""

Change = str | Mapping[str, Any]
"""A change as typed, or its settings as a mapping: see `changes.read_change`."""

SeedCount = Annotated[int, Meta(ge=1, le=1000)]
"""How many seeds a study may have."""

Seed = Annotated[int, Meta(ge=0, le=2**32 - 1)]

FirstSeed = Annotated[int, Meta(ge=0, le=2**32 - 1001)]

Margin = Annotated[float, Meta(gt=0, le=100)]
"""Percentage points that matter."""

Part = Annotated[float, Meta(gt=0, lt=1)]

AtLeastOne = Annotated[int, Meta(ge=1)]

SEEDS = 10
"""Seeds of a study at most, and declared by it, unless told otherwise: effects of a point show after five, a lack of
effect after 25."""

FIRST_SEED = 100
"""Of a study, unless told otherwise. Below are the seeds to choose by: those of single runs and of searches, which
begin at 0. The searches that chose the defaults and the recipes used 0 to 4. What was chosen by a seed's images and
luck is not judged by them."""

COMPARE_SEEDS = 5
"""Seeds of a comparison, unless told otherwise."""


class JudgedArm(Protocol):
    """What the statistics and the page know of an arm, trained here or imported.

    model, settings: what it is, for people; for the rest see `Arm`.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def changes(self) -> Changes: ...  # noqa: D102

    @property
    def added_later(self) -> bool: ...  # noqa: D102

    @property
    def declared_seeds(self) -> int | None: ...  # noqa: D102

    @property
    def model(self) -> str: ...  # noqa: D102

    @property
    def settings(self) -> dict[str, OptionValue]: ...  # noqa: D102


class Arm(Struct, frozen=True):
    """One way to train, whose runs differ in the seed alone.

    name: for people, unique in the study; changes: to the baseline; spec: of its runs, with seed 0; model_source:
    of the user's own model, or None; added_later: it was not among the declared arms and spends from the reserve;
    declared_seeds: of the study, when the arm was declared (see `stats.boundary`); None: not known, as in older plans.
    """

    name: str
    changes: Changes
    spec: RunSpec
    model_source: OwnSource | None = None
    added_later: bool = False
    declared_seeds: SeedCount | None = None

    @property
    def recipe(self) -> Recipe:
        """The recipe, with seed 0."""
        return self.spec.recipe

    @property
    def model(self) -> str:
        """The model's name."""
        return self.recipe.model.name

    @property
    def settings(self) -> dict[str, OptionValue]:
        """The settings of the recipe, by flat name."""
        return self.recipe.settings

    @property
    def own_architecture(self) -> Architecture | None:
        """The user's own model, of the file that was declared; None for a model of the registry."""
        return None if self.model_source is None else own_architecture(self.model, self.model_source, self.spec.found)


class StudyData(Struct, frozen=True):
    """The data set of a study. name: what `data.load` was given; sha256: of all its content; class_names: in the order
    of the logits; given_validation: images of the validation set that the data bring, 0 where it is carved anew by each
    seed."""

    name: str
    sha256: str
    class_names: tuple[str, ...]
    given_validation: int = 0


class Design(Struct, frozen=True, kw_only=True):
    """What the verdicts of a study rest on, whether its runs are made here (`Plan`) or were made elsewhere
    (`imported.ImportedPlan`).

    name: of its folder; title: for people; created: ISO time. arms: the baseline first, in a comparison without a named
    baseline simply all models. baseline: its name, None for "the best on validation". declared: comparisons among which
    the declared arms' error is divided. margin: percentage points; alpha, reserve: see `AlphaSpending`. seeds: how many
    at most, from `first_seed` on. all_seeds: go on to the last of them even if every arm is decided. test: evaluate the
    test set at the end. judge_rows: images of the judging set, on which the arms are compared; None where that is not
    known. origins: where its runs start, None for weights drawn anew.
    """

    format: int = FORMAT
    name: str = ""
    kind: Literal["study", "compare"] = "study"
    title: str
    created: str
    arms: Sequence[JudgedArm]
    baseline: str | None
    declared: AtLeastOne
    seeds: SeedCount
    judge_rows: AtLeastOne | None
    data: StudyData
    margin: Margin = MARGIN
    alpha: Part = ALPHA
    reserve: Part = RESERVE
    first_seed: FirstSeed = 0
    all_seeds: bool = False
    test: bool = True
    origins: StudyOrigins | None = None

    def __post_init__(self) -> None:
        # What is read from a file must hold together as what was declared does.
        names = [arm.name for arm in self.arms]
        if len(names) < 2 or len(set(names)) < len(names) or (self.baseline or names[0]) not in names:
            raise ValueError(f"its arms are {names}, its baseline {self.baseline!r}")
        if self.origins and [*self.origins.seeds] != [*self.all_seed_numbers]:
            raise ValueError(f"its origins are of the seeds {[*self.origins.seeds]}")

    @property
    def all_seed_numbers(self) -> Sequence[int]:
        """The seeds, in order."""
        return range(self.first_seed, self.first_seed + self.seeds)

    @property
    def resolution(self) -> float:
        """The step between possible accuracies, percentage points."""
        assert self.judge_rows is not None, "who does not know the images overrides this"
        return 100 / self.judge_rows

    def alpha_of(self, arm: JudgedArm) -> float:
        """The alpha of an arm that is not the baseline: its share of the study's.

        Where the best model is the baseline, it is chosen by the same figures that judge: so the error is divided
        among all pairs of models, any of which may turn out to be the one in question, and all have the same share.
        """
        spending = AlphaSpending(self.declared, self.alpha, self.reserve)
        return spending.of(0 if self.baseline is None else self.arms.index(arm) - 1)

    def boundary_of(self, arm: JudgedArm) -> Boundary:
        """How the interval of an arm that is not the baseline follows from its differences."""
        return Boundary(self.alpha_of(arm), arm.declared_seeds)


class Plan(Design, frozen=True, kw_only=True):
    """`study.json`, what a study is: written down before its first run, and only ever added to. Its arms can train."""

    arms: tuple[Arm, ...]
    judge_rows: AtLeastOne

    def __post_init__(self) -> None:
        super().__post_init__()
        facts = {(arm.spec.data.sha256, arm.spec.data.class_names) for arm in self.arms}
        if facts != {(self.data.sha256, self.data.class_names)}:
            raise ValueError("its arms are of other data than it is")
        if len({arm.spec.bfloat16 for arm in self.arms} - {None}) > 1:
            raise ValueError("one of its arms uses bfloat16, and another that asks for it does not")

    @property
    def bfloat16(self) -> bool | None:
        """Whether its arms use bfloat16 where they ask for it, on whatever machine they are trained; None where none
        does."""
        return next((arm.spec.bfloat16 for arm in self.arms if arm.spec.bfloat16 is not None), None)

    def arm(self, name: str) -> Arm:
        """The arm of a name."""
        return next(arm for arm in self.arms if arm.name == name)

    def spec_for(self, arm: Arm, seed: int) -> RunSpec:
        """The spec of an arm's run under a seed."""
        spec = arm.spec.with_seed(seed)
        return spec if self.origins is None else replace(spec, origins=self.origins.of(seed))


@dataclass(frozen=True)
class StudyContext:
    """What all arms share: the data, how they are trained, where the seeds begin.

    bfloat16: whether it is used where an arm asks for it, None for "if this processor has it"; own: users' own models
    that are not to be looked for by their names, by these.
    """

    dataset: Dataset
    trainer: str = "auto"
    backend: str = "auto"
    first_seed: int = 0
    bfloat16: bool | None = None
    own: Mapping[str, Architecture] = field(default_factory=dict)
    advice: list[str] = field(default_factory=list)
    """Sentences for the user, gathered on the way."""

    def make_arm(
        self,
        name: str,
        recipe: Recipe,
        later: bool = False,
        own: Architecture | None = None,
        shared: bool = False,
    ) -> Arm:
        """An arm of a recipe, its spec made. `changes` are filled in by who knows the baseline. own: its model, where
        that is a user's own whose file is not to be looked for. shared: see `prepare`."""
        own = own or self.own.get(recipe.model.name)
        prepared = prepare(recipe, self.dataset, self.trainer, self.backend, own, self.bfloat16, shared)
        # Of a user's own model each note says which one it is about: there may be several.
        about = f"{recipe.model.name}: " if prepared.architecture.source else ""
        notes = [about + note for note in prepared.notes]
        self.advice.extend(note for note in notes if note not in self.advice)
        # The seed is the study's to give: two recipes that differ in it alone are one arm.
        spec = make_spec(prepared, self.dataset, test=False, in_study=True).with_seed(0)
        return Arm(name, {}, spec, prepared.architecture.source, later)

    def judge_rows(self, recipe: Recipe, halved: bool = True) -> int:
        """How many images judge; halved: see `divide`. Raises DataInvalid, UsageError if the data are too few."""
        limit = recipe.data.limit
        dataset = self.dataset.limited(limit) if limit else self.dataset
        return len(divide(recipe, self.first_seed, halved, dataset).judging)


def arms_of_changes(
    baseline: Arm, changes: Sequence[Change], ablation: bool, context: StudyContext, later: bool = False
) -> list[Arm]:
    """An arm for each change (as `read_change` takes it), then for an ablation one without each regularizer.

    Raises UsageError for a change that changes nothing or is another one's double.
    """
    wanted = [read_change(change) for change in changes]
    named = [(name or describe_settings(given), given) for name, given in wanted]
    arms: list[Arm] = []
    for name, given in [*named, *(ablate(baseline.recipe) if ablation else [])]:
        model = str(given.get("model", baseline.model))
        # The file that was declared counts, whatever lies at its path by now.
        same = model == baseline.model
        own = baseline.own_architecture if same else context.own.get(model)
        changed = apply_change(baseline.recipe, given, own)
        # Another model goes on with the baseline's training, if it has one.
        arm = context.make_arm(name, changed, later, own, shared=not same)
        if _same_numbers(arm.spec, baseline.spec):
            if arm.spec != baseline.spec:
                raise UsageError(f"--change: {name!r} changes nothing: {LACKING}")
            values = ", ".join(f"{setting} is {as_typed(value)}" for setting, value in given.items())
            raise UsageError(
                f"{spelled('changes')}: {name!r} changes nothing, the baseline is like that already ({values})"
            )
        arms.append(replace(arm, changes=difference(baseline.recipe, arm.recipe)))
    return arms


def with_seeds(arms: Sequence[Arm], seeds: int) -> tuple[Arm, ...]:
    """The same arms, declared for so many seeds."""
    return tuple(replace(arm, declared_seeds=seeds) for arm in arms)


def _same_numbers(one: RunSpec, other: RunSpec) -> bool:
    """Whether two specs give the same numbers: a precision that is asked for and not used changes none."""

    def used(spec: RunSpec) -> RunSpec:
        recipe, training = spec.recipe, spec.recipe.training
        if training is None:
            return spec
        return replace(spec, recipe=replace(recipe, training=replace(training, precision=spec.precision)))

    return used(one) == used(other)


def judged_by_all(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """The same arms, judged by the whole validation set: for arms of which none chooses anything on it."""
    return tuple(replace(arm, spec=replace(arm.spec, undivided=True)) for arm in arms)


def check_arms(arms: Sequence[Arm]) -> None:
    """Raise UsageError where two arms have one name, or are one and the same."""
    for number, arm in enumerate(arms):
        for other in arms[:number]:
            if _same_numbers(arm.spec, other.spec):
                raise UsageError(f"given {arm.name!r} and {other.name!r}, which are the same; leave out one of them")
            if arm.name == other.name:
                raise UsageError(
                    f'given two changes called {arm.name!r}; name them apart: --change "another name: ..."'
                )

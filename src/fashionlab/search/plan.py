"""What a search asks, written down before its first trial; and its terms, for files and the command line alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from fashionlab.errors import UsageError
from fashionlab.options import Option, options_of, unknown_setting
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import RunSpec
from fashionlab.recipe.toml import DEFAULT_MODEL, flatten, read_toml
from fashionlab.search.space import Field
from fashionlab.studies.design.plan import SEEDS, AtLeastOne, Margin, SeedCount, StudyData
from fashionlab.studies.stats.verdict import MARGIN

FORMAT = 1
"""Of `search.json` and its `summary.json`."""

READABLE = range(1, FORMAT + 1)
"""What this version reads."""

TRIALS = 20
"""Trials of a search, unless its minutes or the user say otherwise."""

TrialCount = Annotated[int, Meta(ge=1, le=10_000)]

Minutes = Annotated[float, Meta(gt=0)]

Objective = Literal["accuracy", "loss"]


class SearchTerms(Struct, frozen=True):
    """What is agreed about a search besides its fields.

    trials: at most, None for as many as the minutes allow, or TRIALS; minutes: of trials and confirmation together;
    objective: what is best, on the judging set; prune: stop a trial whose validation curve is below the median of the
    others; seeds, margin: of the confirmation.
    """

    title: str | None = None
    trials: TrialCount | None = None
    minutes: Minutes | None = None
    objective: Objective = "accuracy"
    prune: bool = True
    seeds: SeedCount = SEEDS
    margin: Margin = MARGIN


TERMS: dict[str, Option] = options_of(SearchTerms)


def fill_terms(*given: Mapping[str, Any]) -> SearchTerms:
    """All terms, of several sources, where the later one's word counts; None counts as not given. Raises UsageError."""
    merged = {name: value for source in given for name, value in source.items() if value is not None}
    return SearchTerms(**{name: term.convert(merged.get(name, term.default)) for name, term in TERMS.items()})


@dataclass(frozen=True)
class SearchFile:
    """model and settings: of the recipe; terms: those that the file sets; vary: by field."""

    model: str
    settings: dict[str, Any]
    terms: dict[str, Any] = field(default_factory=dict)
    vary: dict[str, Any] = field(default_factory=dict)


def read_search_file(path: Path) -> SearchFile:
    """Read a search's file: a recipe with a table [search] for the terms and [vary] for the fields, each of which may
    be left out. Raises UsageError."""
    document = read_toml(path)
    tables = {name: document.pop(name, {}) for name in ("search", "vary")}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise UsageError(f"{path}: {name} is given as {table!r}, expected a table [{name}]")
    unknown = [name for name in tables["search"] if name not in TERMS]
    if unknown:
        raise UsageError(unknown_setting(unknown[0], TERMS, f"[search] of {path}", in_file=True))
    settings, named = flatten(document, path)
    model = named or DEFAULT_MODEL
    return SearchFile(model, settings, tables["search"], tables["vary"])


class SearchPlan(Struct, frozen=True, kw_only=True):
    """`search.json`, what a search is.

    name: of its folder; created: ISO time; base: of the default recipe's run, under the seed that all trials share;
    fields: what is varied, those that others belong to first; trials: at most, None for no limit but time;
    minutes: of trials and confirmation, all sessions together, None for no limit; objective, prune, seeds, margin: see
    `SearchTerms`; judge_rows: images of the judging set, on which trials are scored.
    """

    format: int = FORMAT
    name: str = ""
    title: str
    created: str
    base: RunSpec
    fields: tuple[Field, ...]
    trials: TrialCount | None
    minutes: Minutes | None
    objective: Objective
    prune: bool
    seeds: SeedCount
    margin: Margin
    judge_rows: AtLeastOne
    data: StudyData

    def __post_init__(self) -> None:
        # What is read from a file must hold together as what was declared does.
        names = [each.name for each in self.fields]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"its fields are {names}")
        if (self.base.data.sha256, self.base.data.class_names) != (self.data.sha256, self.data.class_names):
            raise ValueError("its recipe is of other data than it is")
        if not self.base.in_study or self.base.model_sha256 is not None:
            raise ValueError("its recipe is not one of a search")

    @property
    def recipe(self) -> Recipe:
        """The default recipe."""
        return self.base.recipe

    @property
    def seed(self) -> int:
        """The seed of all trials."""
        return self.base.recipe.seed

"""A study in a file: a recipe with a [study] table and a [[change]] for each arm.

# fashionlab study recipes/deeper.toml
[study]
title = "Does regularization beat a deeper network?"
seeds = 20              # also: margin, minutes, first_seed, ablate, all_seeds, from
[model]
name = "mlp"
[training]
epochs = 12
[[change]]
name = "deeper, without regularization"
widths = [384, 256, 256, 128, 128]
dropout = 0
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from fashionlab.errors import UsageError
from fashionlab.options import FLAGS, Option, command, options_of, unknown_setting
from fashionlab.recipe.toml import DEFAULT_MODEL, flatten, read_toml
from fashionlab.studies.design.plan import FIRST_SEED, SEEDS, FirstSeed, Margin, SeedCount
from fashionlab.studies.stats.verdict import MARGIN


class Terms(Struct, frozen=True):
    """What is agreed about a study besides its arms, each with its range: for files and the command line alike.

    minutes: no run begins after so many; ablate: an arm without each regularizer; origin: the earlier study whose runs
    these start from, "STUDY" or "STUDY:ARM", called `from` in a file; the others: see `Plan`.
    """

    title: str | None = None
    seeds: SeedCount = SEEDS
    first_seed: FirstSeed = FIRST_SEED
    margin: Margin = MARGIN
    minutes: Annotated[float, Meta(gt=0)] | None = None
    ablate: bool = False
    all_seeds: bool = False
    origin: str | None = None


TERMS: dict[str, Option] = options_of(Terms)
"""By name."""

IN_FILE = {FLAGS.get(name, name): name for name in TERMS}
"""Their names, by those that they have in a file."""


@dataclass(frozen=True)
class StudyFile:
    """named and settings: of the baseline's recipe, its model's name as it was given, None where it was not; terms:
    those that the file sets; changes: one for each arm."""

    named: str | None
    settings: dict[str, Any]
    terms: dict[str, Any] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def model(self) -> str:
        """The name of the baseline's model."""
        return self.named or DEFAULT_MODEL


def read_study_file(path: Path) -> StudyFile:
    """Read a study's file; a plain recipe is one without terms and changes. Raises UsageError."""
    document = read_toml(path)
    if "lesson" in document:
        raise UsageError(f"{path} is a lesson; run it with: {command('lesson', path)}")
    return study_file(document, path)


def study_file(document: dict[str, Any], path: Path) -> StudyFile:
    """A study's file from its content; `path` is for messages. Raises UsageError."""
    terms, changes = document.pop("study", {}), document.pop("change", [])
    if not isinstance(terms, dict):
        raise UsageError(f"{path}: study is given as {terms!r}, expected a table [study]")
    if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
        raise UsageError(f"{path}: change is given as one table, expected [[change]], in two pairs of brackets")
    unknown = [name for name in terms if name not in IN_FILE]
    if unknown:
        raise UsageError(unknown_setting(unknown[0], IN_FILE, f"[study] of {path}", in_file=True))
    settings, model = flatten(document, path)
    return StudyFile(model, settings, {IN_FILE[name]: value for name, value in terms.items()}, changes)


def fill_terms(*given: dict[str, Any]) -> Terms:
    """All terms: of several sources, where the later one's word counts; None counts as not given. Raises UsageError."""
    merged = {name: value for source in given for name, value in source.items() if value is not None}
    return Terms(**{name: term.convert(merged.get(name, term.default)) for name, term in TERMS.items()})

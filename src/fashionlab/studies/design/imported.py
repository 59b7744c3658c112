"""A study of runs that were made elsewhere, with any tool: all that is known of them is their table of results."""

from typing import Literal

from msgspec import Struct

from fashionlab.recipe.config import OptionValue
from fashionlab.recipe.difference import Changes
from fashionlab.store.results import Count
from fashionlab.studies.design.plan import AtLeastOne, Design, Seed
from fashionlab.studies.stats.mcnemar import McNemar
from fashionlab.studies.stats.verdict import Points

LEAST_STEP = 0.01
"""Percentage points: the step between scores on 10,000 images. Where the number of images is not known, the decimals of
the scores tell the step, but not one below this: scores with 16 decimals would make chance look like certainty."""


class Unpaired(Struct, frozen=True):
    """A seed without a partner: arms in the table that have no run under it."""

    seed: Seed
    lacking: tuple[str, ...]


class ImageTest(McNemar, frozen=True, kw_only=True):
    """McNemar's test of the baseline (a) and an arm (b) under the arm's first seed, on the images of the table."""

    arm: str
    seed: Seed


class Imported(Struct, frozen=True, kw_only=True):
    """How results came in. columns: those that were used; left_out: the others of the table; rows: of the table.

    scale: how the scores were written; None where each image's correctness was given. images: the fewest and the most
    of a run, None where not known. step: percentage points between possible scores. unpaired: seeds without a partner.
    """

    columns: tuple[str, ...]
    left_out: tuple[str, ...]
    rows: AtLeastOne
    scale: Literal["fractions", "percent"] | None
    images: tuple[AtLeastOne, AtLeastOne] | None
    step: Points
    unpaired: tuple[Unpaired, ...]
    mcnemar: tuple[ImageTest, ...] = ()

    @property
    def per_image(self) -> bool:
        """Whether the table says of each image whether it was classified correctly."""
        return self.scale is None


class ImportedArm(Struct, frozen=True):
    """An arm of which the name alone is known."""

    name: str

    @property
    def model(self) -> str:
        """Its name, for want of another."""
        return self.name

    @property
    def changes(self) -> Changes:
        """None is known."""
        return {}

    @property
    def settings(self) -> dict[str, OptionValue]:
        """None is known."""
        return {}

    @property
    def added_later(self) -> bool:
        """A table is one declaration."""
        return False

    @property
    def declared_seeds(self) -> None:
        """Not known: how many seeds a table has may have been decided by looking at them."""
        return None


class ImportedPlan(Design, frozen=True, kw_only=True):
    """`study.json` of a study that was imported: it has no recipes. seed_numbers: those of the table, ascending."""

    arms: tuple[ImportedArm, ...]
    seed_numbers: tuple[Seed, ...]
    imported: Imported

    def __post_init__(self) -> None:
        super().__post_init__()
        found = [*self.seed_numbers]
        if sorted({*found}) != found or (len(found), found[0]) != (self.seeds, self.first_seed):
            raise ValueError(f"its seeds are {found}")

    @property
    def all_seed_numbers(self) -> tuple[int, ...]:
        """The seeds, in order."""
        return self.seed_numbers

    @property
    def resolution(self) -> float:
        """The step between possible scores, percentage points."""
        return self.imported.step


class Results(Struct, frozen=True, kw_only=True):
    """A table of results, read and checked.

    scores: fraction by (arm, seed), arms in the order of the table. correct: where it is known of each image, by image
    the 0 or 1, for each (arm, seed); all arms of a seed have the same images.
    """

    arms: tuple[str, ...]
    seeds: tuple[Count, ...]
    scores: dict[tuple[str, int], float]
    correct: dict[tuple[str, int], dict[str, int]] | None
    facts: Imported
    sha256: str

"""All that decides a run's numbers, as `recipe.json` holds it: two equal specs give equal numbers."""

import hashlib
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from fashionlab.images import PLAIN, PixelFacts
from fashionlab.models.own.source import Found
from fashionlab.models.registry import is_own_file
from fashionlab.recipe.config import Precision
from fashionlab.recipe.recipe import Recipe

FORMAT_VERSION = 3
"""Of a run's files; raised when a reader of the old format could not read the new one."""

READABLE_VERSIONS = range(2, FORMAT_VERSION + 1)
"""What this version reads: what a document of format 2 lacks has the value that it had then."""

RESULTS_VERSION = 3
"""Raised when a change of the code changes the numbers that a recipe gives, so that old runs no longer stand for it."""


BFLOAT16_BACKENDS = ("tensorflow",)
"""On which training steps can compute in bfloat16 (docs/decisions/0022)."""


class DataFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """The data set of a run. sha256: of all its content; class_names: in the order of the logits; side: pixels; pixels:
    what its training images decided for all images, later ones too."""

    sha256: str
    class_names: tuple[str, ...]
    side: Annotated[int, Meta(ge=1, le=65_535)]
    pixels: PixelFacts = PLAIN


class Origin(Struct, frozen=True, forbid_unknown_fields=True):
    """A finished run from whose weights another one goes on. run: its folder's name, for people: it decides nothing;
    identity: of its spec; weights_sha256: of its arrays, in the model's order; seed: of its recipe; epochs: for which
    it had trained these weights."""

    run: str
    identity: str
    weights_sha256: str
    seed: int
    epochs: Annotated[int, Meta(ge=0)]


Chain = Annotated[tuple[Origin, ...], Meta(min_length=1)]
"""The runs that a run comes from, each of which started from the weights of the one before."""


class RunSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A recipe and what else decides a run's numbers.

    model_sha256: of the user's own model file and all that it needs from its folder (`OwnSource.sha256`), None for a
    model of the registry; found: what such a model is; trainer,
    backend: see `training.engines`; precision: in which training steps compute, which is what the recipe asks for where
    the processor has it; test: whether the test set is evaluated at the end; in_study: the run belongs to a study, and
    its validation set is cut in two halves, one that stops the training and one that judges; undivided: it is not cut,
    as nothing is chosen on it, and all of it judges; origins: where the run starts from the weights of another one,
    that run, last, and before it those from which that one came, the first of which drew the split for all.
    """

    format: int = FORMAT_VERSION
    recipe: Recipe
    data: DataFacts
    model_sha256: str | None
    found: Found | UnsetType = UNSET
    trainer: str
    backend: str
    precision: Precision = "float32"
    test: bool = True
    in_study: bool = False
    undivided: bool | UnsetType = UNSET
    results_version: int = RESULTS_VERSION
    origins: Chain | UnsetType = UNSET

    def __post_init__(self) -> None:
        # A document that names a model file and gives no hash of it would have whatever lies there executed.
        if is_own_file(self.recipe.model.name) != (self.model_sha256 is not None):
            raise ValueError(f"the model {self.recipe.model.name!r} and model_sha256 do not go together")
        if self.model_sha256 and (self.recipe.training is None) != bool(self.found and self.found.estimator):
            raise ValueError(f"the model {self.recipe.model.name!r} and what was found do not go together")
        if (self.trainer == "none") != (self.recipe.training is None):
            raise ValueError(
                f"the model {self.recipe.model.name!r} and the trainer {self.trainer!r} do not go together"
            )
        if self.origins and self.recipe.training is None:
            raise ValueError("origins do not go together with an estimator")
        if self.in_study and self.split_seed != self.recipe.seed:
            # Else seeds that are taken for independent would share a split.
            raise ValueError("the origins of a run of a study are of another seed than it is")
        if self.undivided and (not self.in_study or self.recipe.chooses_on_validation):
            raise ValueError("undivided goes together with a study whose runs choose nothing on their validation set")

        asked = self.recipe.training.precision if self.recipe.training else "float32"
        if self.precision not in ("float32", asked):
            raise ValueError(f"the precision {self.precision} is not what the recipe asks for, {asked}")
        if self.precision == "bfloat16" and self.backend not in BFLOAT16_BACKENDS:
            raise ValueError(f"the backend {self.backend!r} has no precision bfloat16")

    @property
    def bfloat16(self) -> bool | None:
        """Whether bfloat16 is used, None where the recipe does not ask for it."""
        asks = self.recipe.training is not None and self.recipe.training.precision == "bfloat16"
        return self.precision == "bfloat16" if asks else None

    @property
    def identity(self) -> str:
        """SHA-256 of the spec: equal specs give equal numbers."""
        # What a folder is called decides nothing, nor on what the model does not run.
        nameless = replace(
            self,
            origins=tuple(replace(each, run="") for each in self.origins or ()) or UNSET,
            found=replace(self.found, only=UNSET) if self.found else UNSET,
        )
        return hashlib.sha256(msgspec.json.encode(nameless, order="sorted")).hexdigest()

    @property
    def split_seed(self) -> int:
        """The seed by which the data are divided: the recipe's own, or that of the run with which its chain began."""
        return self.origins[0].seed if self.origins else self.recipe.seed

    def with_seed(self, seed: int) -> "RunSpec":
        """The spec of the same training under another seed."""
        return replace(self, recipe=replace(self.recipe, seed=seed))

"""Where the runs of a study start, if not from weights drawn anew: from those of an earlier study, seed by seed.

One origin for all seeds would give them one split and one set of weights: they would be no repetitions.
"""

from typing import Annotated

from msgspec import Meta, Struct

from fashionlab.recipe.spec import Chain, Origin


class StudyOrigins(Struct, frozen=True):
    """An arm of an earlier study: every run with a seed starts from the weights of its run with that seed.

    study, arm: names, for people; chains: one for each seed, that run last (see `RunSpec.origins`).
    """

    study: str
    arm: str
    chains: Annotated[tuple[Chain, ...], Meta(min_length=1)]

    @property
    def seeds(self) -> list[int]:
        """The seeds that have an origin, in order."""
        return [chain[-1].seed for chain in self.chains]

    def of(self, seed: int) -> tuple[Origin, ...]:
        """The origins of the runs with a seed, which must be one of `seeds`."""
        return next(chain for chain in self.chains if chain[-1].seed == seed)

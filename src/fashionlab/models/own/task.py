"""What a user's function is asked for, and calling it."""

from collections.abc import Callable
from dataclasses import dataclass

from fashionlab.errors import UsageError
from fashionlab.models.drawing import seeded
from fashionlab.models.own.sentences import explained

Make = Callable[[], object]


@dataclass(frozen=True)
class Task:
    """What a user's function is asked for. make: calls it with its options; name: of the model, for messages."""

    make: Make
    image_shape: tuple[int, int]
    classes: int
    name: str

    def call(self, seed: int) -> object:
        """What the function returns, under a seed of the process's random numbers.

        Raises ModelFailure where it fails, UsageError where it returns nothing.
        """
        with seeded(seed), explained(f"model {self.name!r} cannot be built"):
            model = self.make()
        if model is None:
            raise UsageError(f"model {self.name!r} returned nothing: its function needs a return with the model")
        return model

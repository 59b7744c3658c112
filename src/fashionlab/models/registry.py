"""Find an architecture by name: one of the registry, or `path/to/file.py:function` of the user's own.

A network is a function `build(image_shape, classes, *, options) -> keras.Model` that maps images (uint8
[n, height, width]) to logits (float [n, classes]). An estimator is a function `build(classes, seed, *, options)`
that gives an estimator to fit (`models.estimator` says what it must offer). Keyword-only arguments are the options, the
docstring's first line is the description; there is nothing to register or to inherit from.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType

from fashionlab.errors import UsageError
from fashionlab.files import near_path, read_capped
from fashionlab.models.drawing import draw_weights, seeded, without_compiling
from fashionlab.models.kinds import ESTIMATOR, NETWORK, ModelKind
from fashionlab.models.memory import require_memory
from fashionlab.models.own.source import LARGEST_MODEL_FILE, Found, OwnSource
from fashionlab.options import Option, fill, options_of, spelled, unknown_name

if TYPE_CHECKING:
    import keras

    from fashionlab.models.own.place import Place
    from fashionlab.models.own.task import Task

NETWORKS: dict[str, str] = {
    "mlp": "fashionlab.models.networks.mlp",
    "cnn": "fashionlab.models.networks.cnn",
    "resnet": "fashionlab.models.networks.resnet",
}
"""Name -> module with a `build` function. Importing such a module loads no framework."""

ESTIMATORS: dict[str, str] = {
    "logistic": "fashionlab.models.estimators.logistic",
    "forest": "fashionlab.models.estimators.forest",
    "boosting": "fashionlab.models.estimators.boosting",
}
"""The same for models of other libraries, which have no epochs."""

REGISTRY = NETWORKS | ESTIMATORS

CONVOLUTIONAL = frozenset({"cnn", "resnet"})
"""The networks that convolve, by which the engine is chosen; a test holds it against what they are made of."""

STOPPED_EARLY = frozenset({"boosting"})
"""The estimators that look at the validation set while they are fitted; a test holds it against their fits."""


_may_execute = False


def permit_execution() -> None:
    """Let this process execute users' own model files: for worker processes, and for who asks for such a model here."""
    global _may_execute
    _may_execute = True


@dataclass(frozen=True)
class Architecture:
    """A named build function. Of a user's own file: `source` is its content, with all that it needs from its folder as
    soon as that is known, `found` what it is; at_home: it is executed in its own folder, to find that out.
    """

    name: str
    source: OwnSource | None = None
    found: Found | None = None
    at_home: bool = False

    @cached_property
    def builder(self) -> Callable[..., "keras.Model"]:
        """The build function. For a user's own file this executes the file, in a worker process alone."""
        if self.source is None:
            builder: Callable[..., keras.Model] = importlib.import_module(REGISTRY[self.name]).build
            return builder
        return self.place.load(self.name.partition(":")[2] or "build")

    @cached_property
    def place(self) -> "Place":
        """Where a user's own file is executed. This is the one door to that."""
        from fashionlab.models.own.place import Place

        path = self.name.partition(":")[0]
        if not _may_execute:
            raise RuntimeError(f"{path} would be executed outside of a worker process")
        assert self.source is not None
        left_out = (self.found and self.found.left_out) or {}
        return Place(Path(path), self.source, left_out, self.at_home)

    @property
    def description(self) -> str:
        """First line of the build function's docstring."""
        return (self.builder.__doc__ or "").strip().split("\n")[0]

    @property
    def kind(self) -> ModelKind:
        """The kind of model that it builds; a user's own counts as a network until it has been examined."""
        return ESTIMATOR if self.found and self.found.estimator else kind_of(self.name)

    @property
    def options(self) -> dict[str, Option]:
        """The options it takes."""
        return options_of(self.builder)

    @property
    def source_sha256(self) -> str | None:
        """Hash of the user's own files; None for the registry's, whose changes raise the results version."""
        return None if self.source is None else self.source.sha256

    def fill(self, options: Mapping[str, Any], others: Iterable[str] = ()) -> dict[str, Any]:
        """All options: those given, checked, and the defaults of the others. others: see `options.fill`. Raises
        UsageError."""
        return fill(self.options, options, f"model {self.name!r}", others)

    def build(
        self,
        image_shape: tuple[int, int],
        classes: int,
        options: Mapping[str, Any],
        seed: int,
        *,
        to_train: bool = True,
    ) -> "keras.Model":
        """The Keras model, checked against the contract; initial weights are a function of (seed, name, shape).

        So two variants of a network, with and without dropout for one, start from the same weights under one seed
        (see `drawing.draw_weights`). Raises UsageError for a user's own that does not lead from images of
        `image_shape` to `classes` logits, and unless `to_train` is False for one that brings other weights than when it
        was examined.
        """
        import keras

        if self.source is not None:
            from fashionlab.models.own.build import build_found

            found = self.found or self.examine(image_shape, classes, options)[0]
            task = self._task(image_shape, classes, options)
            with self.place.entered():
                return build_found(task, seed, found, to_train)
        with seeded(seed), without_compiling():
            model = self.builder(image_shape, classes, **self.fill(options))
        model(keras.KerasTensor((None, *image_shape), dtype="uint8"))
        draw_weights(model, seed)
        return model

    def make(self, image_shape: tuple[int, int], classes: int, options: Mapping[str, Any], seed: int) -> object:
        """What a user's own function returns, not looked at any further. Raises UsageError."""
        task = self._task(image_shape, classes, options)
        with self.place.entered():
            return task.call(seed)

    def examine(
        self, image_shape: tuple[int, int], classes: int, options: Mapping[str, Any]
    ) -> tuple[Found, tuple[str, ...]]:
        """What a user's own model is, and a sentence for each thing that is changed about it or not used.

        Raises UsageError.
        """
        from fashionlab.models.own.build import examine

        task = self._task(image_shape, classes, options)
        with self.place.entered():
            with seeded(0):
                require_memory(task.make, f"the model {self.name!r}", 1)
            return examine(task)

    def _task(self, image_shape: tuple[int, int], classes: int, options: Mapping[str, Any]) -> "Task":
        from fashionlab.models.own.task import Task

        builder, filled = self.builder, self.fill(options)
        return Task(lambda: builder(image_shape, classes, **filled), image_shape, classes, self.name)


def kind_of(name: str) -> ModelKind:
    """The kind of a model by its name; one that the registry does not know, such as a user's own before it has been
    examined, counts as a network."""
    return ESTIMATOR if name in ESTIMATORS else NETWORK


def is_own_file(name: str) -> bool:
    """Whether a model's name says `file.py:function`, or `file.py` alone for its function `build`."""
    return name.partition(":")[0].endswith(".py")


def registered(name: str) -> Architecture:
    """The architecture of the registry called `name`, for names found in a document: none of them opens a file.

    Raises UsageError.
    """
    if name not in REGISTRY:
        raise UsageError(unknown_name("model", name, [*REGISTRY, "path/to/file.py:build"], "the registry"))
    return Architecture(name)


def find_architecture(name: str) -> Architecture:
    """The architecture called `name`, or the one in the user's own file when `name` is `file.py:function`.

    For names that the user has typed: reads the file but does not execute it. Raises UsageError.
    """
    if not is_own_file(name):
        if name not in REGISTRY and Path(name).exists():
            raise UsageError(f"given {name!r} as the model; for the images there say {spelled('dataset', name)}")
        return registered(name)
    file, _, function = name.partition(":")
    path = Path(file)
    try:
        source = OwnSource(read_capped(path, LARGEST_MODEL_FILE, follow_links=True))
    except OSError as error:
        near = near_path(path, ".py") if isinstance(error, FileNotFoundError) else []
        hint = f"; did you mean {near[0]}?" if near else ""
        if path.stem == function and isinstance(error, FileNotFoundError):
            # As `own.function.file_of_function` calls it.
            hint += (
                f"; if it was trained from a Python function, there never was one, and each of its runs keeps the "
                f"text: say RUN/model.py:{function} with the path of a run, or give the function itself in Python"
            )
        raise UsageError(f"cannot read the model file {path}: {error.strerror or error}{hint}") from None
    source.require_text(name)
    return Architecture(name, source, at_home=True)


def function_architecture(function: object) -> Architecture:
    """The architecture of a Python function of the user's own, kept as its text; it is not called here.

    Raises UsageError for what is no function, or one whose text cannot be had.
    """
    from fashionlab.models.own.function import file_of_function, text_of_function

    name = file_of_function(function)
    assert isinstance(function, FunctionType)
    return Architecture(name, OwnSource(text_of_function(function).encode()), at_home=True)


def own_architecture(name: str, source: OwnSource, found: Found | UnsetType = UNSET) -> Architecture:
    """The architecture `file.py:function` of this content, for which somebody has vouched. found: what was found when
    it was examined, without which it is examined once more.

    It is executed when the builder is asked for, in a worker process alone, and what lies at its path is not looked at
    again but for files that were too large to be kept (`Found.left_out`).
    """
    return Architecture(name, source, found or None)

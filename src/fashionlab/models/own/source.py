"""What a user's own model consists of on disk: its file, and the files that it needs from its own folder."""

import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from fashionlab.errors import UsageError
from fashionlab.files import make_folder, read_capped, write_atomically

LARGEST_MODEL_FILE = 2**20
"""Bytes of a user's own model file; a larger one is refused unread."""

LARGEST_KEPT = 32 * 2**20
"""Bytes of all files together that are kept with a run beside the model file."""

LARGEST_ESTIMATOR = 512 * 2**20
"""Bytes of a fitted estimator as a file."""

MOST_KEPT = 256
"""How many files are kept beside the model file."""


class OwnSource(Struct, frozen=True):
    """The content of the model file, and by name ("blocks.py", "weights/body.npz") that of the files it needs from its
    folder: modules that it imports, weights that it reads."""

    main: bytes
    files: dict[str, bytes] = {}

    def __post_init__(self) -> None:
        for name in self.files:
            path = PurePosixPath(name)
            if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
                raise ValueError(f"{name!r} is no name of a file in a folder")

    @property
    def sha256(self) -> str:
        """Of all that would be executed or read: of the model file where it stands alone, else of a list of its files
        as `sha256sum` prints it, the model file first and the others by name."""
        main = hashlib.sha256(self.main).hexdigest()
        if not self.files:
            return main
        lines = [f"{main}  model.py\n"]
        lines += [f"{hashlib.sha256(self.files[name]).hexdigest()}  {name}\n" for name in sorted(self.files)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def require_text(self, name: str) -> None:
        """Raise UsageError if the model file is not UTF-8."""
        try:
            self.main.decode()
        except UnicodeDecodeError:
            raise UsageError(f"the model file of {name} is not UTF-8 text") from None

    def write_files(self, folder: Path) -> None:
        """Write the other files into a folder, which is made if there are any."""
        for name, content in self.files.items():
            path = folder / name
            make_folder(path.parent)
            write_atomically(path, content)

    @staticmethod
    def read(main: bytes, folder: Path) -> "OwnSource":
        """The source whose other files lie in `folder`, all that is in it; a folder that is not there has none.

        Raises OSError, with a sentence, for links, too many files, or too large ones.
        """
        files: dict[str, bytes] = {}
        left = LARGEST_KEPT
        for place, _, names in os.walk(folder):
            for name in names:
                path = Path(place, name)
                content = read_capped(path, left)
                left -= len(content)
                files[path.relative_to(folder).as_posix()] = content
                if len(files) > MOST_KEPT:
                    raise OSError(None, f"it holds more than {MOST_KEPT} files", str(folder))
        return OwnSource(main, files)


class Form(Struct, frozen=True, forbid_unknown_fields=True):
    """How images are given to a model. shape: of one image, None for [height, width]; as_float: in float32, unscaled;
    copies: equal channels."""

    shape: tuple[Annotated[int, Meta(ge=1)], ...] | None = None
    as_float: bool = False
    copies: Annotated[int, Meta(ge=1, le=4)] = 1

    @property
    def said(self) -> list[str]:
        """What the user is told about it, in no sentence or one."""
        ways = []
        if self.shape:
            shape = (*self.shape[:-1], self.copies) if self.copies > 1 else self.shape
            ways.append(f"in the shape {shape}" + (", the grey values in each channel" if self.copies > 1 else ""))
        if self.as_float:
            ways.append("as float32, 0 to 255")
        return [f"the model is given the images {' and '.join(ways)}"] if ways else []


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """How a model's outputs become logits. gives: they are "logits"; they are when its last operation is left out
    ("shortened"), or the "activation" of its layer with the number `layer`; or their logarithms are ("probabilities").
    """

    gives: Literal["logits", "shortened", "activation", "probabilities"] = "logits"
    layer: Annotated[int, Meta(ge=0)] = 0

    @property
    def said(self) -> list[str]:
        """What the user is told about it, in no sentence or one."""
        if self.gives == "logits":
            return []
        if self.gives == "probabilities":
            return ["the model gives probabilities: the loss works on their logarithms, kept above ln 1e-7"]
        return ["the model ends with softmax, which is taken off: the loss contains it"]


class EstimatorFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of an estimator before it is fitted. gives: what it answers with, "probabilities"
    (`predict_proba`) or "scores" (`decision_function` alone), which have to be calibrated; seeded: the names of its
    parameters `random_state` that are set from the seed, as `get_params` has them."""

    gives: Literal["probabilities", "scores"]
    seeded: tuple[str, ...] = ()


class Found(Struct, frozen=True, forbid_unknown_fields=True):
    """What a user's own model is, as it was found when it was examined: with its files, all that its run needs to know.

    Of a network: form, head: how images get in and logits out; drawn: the numbers of the weights that depend on the
    seed; brought_sha256: of the weights that it brings along. estimator: where it is no network but an estimator.
    left_out: files of its folder that it reads and that are too large to be kept, with their SHA-256; only: the
    backend on which it was trained because it did not run on the other one, which decides nothing.
    """

    form: Form = Form()
    head: Head = Head()
    drawn: tuple[Annotated[int, Meta(ge=0)], ...] = ()
    brought_sha256: str | UnsetType = UNSET
    left_out: dict[str, str] | UnsetType = UNSET
    estimator: EstimatorFacts | UnsetType = UNSET
    only: Literal["jax", "tensorflow"] | UnsetType = UNSET

"""What a user's own model consists of on disk: its file, and the files that it needs from its own folder."""

import hashlib
import os
from pathlib import Path, PurePosixPath

from msgspec import UNSET, Struct, UnsetType

from fashionlab.errors import UsageError
from fashionlab.files import make_folder, read_capped, write_atomically

LARGEST_MODEL_FILE = 2**20
"""Bytes of a user's own model file; a larger one is refused unread."""

LARGEST_KEPT = 32 * 2**20
"""Bytes of all files together that are kept with a run beside the model file."""

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


class OwnFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """What else decides the numbers of a user's own model, in a run's spec. brought_sha256: of the weights that it
    brings along; left_out: files of its folder that it reads and that are too large to be kept, with their SHA-256."""

    brought_sha256: str | UnsetType = UNSET
    left_out: dict[str, str] | UnsetType = UNSET


NOTHING_ELSE = OwnFacts()

"""Which model files this user has had executed on this machine: opening what came of them asks for no trust again.

The record lies outside of every run and data set, in the user's own folder for such state, and only training adds to
it: nothing that a run holds, wherever the run is from, can vouch for itself.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from fashionlab.errors import StoreError
from fashionlab.files import append_line, make_folder, read_capped
from fashionlab.recipe.spec import RunSpec

LARGEST = 2**24
"""Bytes of the record that are read: a quarter of a million lines."""


def record_path() -> Path:
    """`executed` in `$XDG_STATE_HOME/fashionlab`, else in `~/.local/state/fashionlab`; it may not exist yet."""
    shared = os.environ.get("XDG_STATE_HOME", "")
    base = Path(shared) if shared and Path(shared).is_absolute() else Path.home() / ".local" / "state"
    return base / "fashionlab" / "executed"


def remember_executed(spec: RunSpec) -> None:
    """Write down that the user has had the spec's own model built here; nothing for a model of the registry.

    Where the record cannot be written, the next who opens the run is asked for trust.
    """
    if spec.model_sha256 is not None and not was_executed(spec):
        path = record_path()
        with suppress(StoreError):
            make_folder(path.parent)
            append_line(path, _digest(spec).encode())


def was_executed(spec: RunSpec) -> bool:
    """Whether this user has had the same model built here before."""
    try:
        return _digest(spec).encode() in read_capped(record_path(), LARGEST).split()
    except OSError:
        return False


def _digest(spec: RunSpec) -> str:
    """SHA-256 of what decides what is executed: the files, those too large to be kept, where these lie, the options.

    The options too: a file that is harmless with its user's own may read, or import, what others name.
    """
    model, left_out = spec.recipe.model, (spec.found and spec.found.left_out) or {}
    parts = [spec.model_sha256, left_out, str(Path(model.name).absolute()) if left_out else "", model.options]
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()

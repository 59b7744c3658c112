"""The folder in which fashionlab keeps what it can fetch or make again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$FASHIONLAB_CACHE`, else `$XDG_CACHE_HOME/fashionlab`, else `~/.cache/fashionlab`; it may not exist yet.

    An empty variable counts as unset, and a relative `$XDG_CACHE_HOME` is ignored, as the XDG specification asks.
    """
    own = os.environ.get("FASHIONLAB_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(shared) if shared and Path(shared).is_absolute() else Path.home() / ".cache"
    return base / "fashionlab"

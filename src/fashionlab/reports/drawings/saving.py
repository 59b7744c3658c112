"""Writing a figure to disk, the same bytes for the same picture."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from fashionlab.files import make_folder, write_atomically
from fashionlab.reports.drawings import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save(figure: "Figure", folder: Path, name: str) -> list[Path]:
    """Write `name`.png (144 dots an inch) and `name`.svg into `folder`, made if missing; return the two paths.

    Each file is written whole or not at all. Neither holds a date or a version, so equal figures give equal bytes with
    one version of matplotlib. Raises StoreError (disk full, no permission).
    """
    make_folder(folder)
    written = []
    for kind, nobody in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
        content = io.BytesIO()
        with style.styled():
            figure.savefig(content, format=kind, dpi=style.DPI, metadata=nobody)
        path = folder / f"{name}.{kind}"
        write_atomically(path, content.getvalue())
        written.append(path)
    return written

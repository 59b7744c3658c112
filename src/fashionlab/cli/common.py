"""Options and output that several commands share."""

import json
from pathlib import Path
from typing import Any

import click

RUNS = click.Option(
    ["--runs"],
    default=Path("runs"),
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the runs.  [runs]",
    metavar="DIR",
)
DATA_DIR = click.Option(
    ["--data-dir"],
    default=None,
    type=click.Path(path_type=Path),
    help="Folder with the four Fashion-MNIST files; nothing else is then tried.  [$FASHIONLAB_DATA]",
    metavar="DIR",
)
TRUST = click.Option(
    ["--trust"],
    default=None,
    help="Vouch for the run's own model file by the start of its SHA-256; it will be executed.",
    metavar="SHA256",
)
JSON = click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document instead of tables.")


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def print_table(renderable: Any) -> None:
    """A rich table or text on standard output, plain where that is not a terminal."""
    from rich.console import Console

    # A pipe has no width: keep long paths and names whole instead of folding them at 80 columns.
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(renderable, soft_wrap=True)


def decimal_size(size: int) -> str:
    """A number of bytes in words: "3.2 MB"."""
    return f"{size / 1e6:,.1f} MB"

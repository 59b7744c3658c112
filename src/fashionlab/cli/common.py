"""Options and output that several commands share."""

import os
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fashionlab.text import readable_json, tell
from fashionlab.training.engines import BACKENDS, TRAINERS

if TYPE_CHECKING:
    from fashionlab.lab import SearchResult, StudyResult

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
    help="Vouch for the own model file of a run from elsewhere, by the start of its SHA-256; it will be executed.",
    metavar="SHA256",
)
TRAINER = click.Option(
    ["--trainer"],
    default=TRAINERS[0],
    metavar="NAME",
    help="How epochs are run: fused (JAX), tape (a tf.GradientTape loop), fit (Keras' own), or auto, the fastest for "
    "the model here.  [auto]",
)
BACKEND = click.Option(
    ["--backend"], default=BACKENDS[0], metavar="NAME", help=f"What it runs on: {', '.join(BACKENDS)}.  [auto]"
)
NO_TEST = click.Option(["--no-test"], is_flag=True, help="Do not evaluate the test set: for choosing between settings.")


def _refuse_both(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    """Note whether --open, or --no-report, is given; whichever is read second finds the other."""
    ctx.meta[f"fashionlab.{param.name}"] = value
    if all(ctx.meta.get(f"fashionlab.{name}") for name in ("open", "no_report")):
        raise click.UsageError("--open shows the page that --no-report does not make; leave one of them out.")
    return value


NO_REPORT = click.Option(["--no-report"], is_flag=True, callback=_refuse_both, help="Make no HTML page at the end.")
OPEN = click.Option(
    ["--open"], is_flag=True, expose_value=False, callback=_refuse_both, help="Then show the page in the browser."
)
LOG = click.Option(
    ["--log"],
    default=None,
    metavar="NAME",
    help="Also log for tensorboard, in RUNS/tensorboard; changes no number. Needs the extra of that name.",
)
JSON = click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document instead of tables.")


def print_json(document: Any) -> None:
    """One JSON document on standard output: structs, paths and plain data."""
    import msgspec

    print_text(readable_json(msgspec.to_builtins(document), indent=2))


def print_text(text: str) -> None:
    """Text that is clean already, on standard output."""
    # A byte of a file name that is no UTF-8 becomes \udce9, which JSON knows.
    click.echo(text.encode(errors="backslashreplace").decode(), nl=not text.endswith("\n"))


def print_line(line: object) -> None:
    """One line on standard output."""
    tell(line, sys.stdout)


def print_table(renderable: Any) -> None:
    """A rich table or text on standard output, plain where that is not a terminal.

    Names and numbers are never cut off: a terminal that is too narrow for them breaks the lines.
    """
    from rich.console import Console
    from rich.measure import Measurement

    # A pipe has no width: a long name is kept whole, and takes no room from the numbers beside it.
    console = Console()
    wide = Console(width=10_000)
    if not console.is_terminal:
        console = wide
    console.width = max(console.width, Measurement.get(wide, wide.options, renderable).minimum)
    with console.capture() as printed:
        console.print(renderable, soft_wrap=True)
    print_text("\n".join(line.rstrip() for line in printed.get().split("\n")))


def show_result(result: "StudyResult | SearchResult", as_json: bool) -> None:
    """Print what a study or a search found, and show its page where that was asked for."""
    if as_json:
        print_json(result.summary)
    else:
        print_table(result.table())
        for line in result.lines():
            print_line(line)
        print_line(result.page or result.path)
    open_if_asked(result.page)


def open_if_asked(page: Path | None) -> None:
    """With --open, show a page in the browser, or say in a sentence why that cannot be. Changes no exit status."""
    if not click.get_current_context().meta.get("fashionlab.open"):
        return
    if page is None:
        tell("--open: no page was made, so there is none to show")
        return
    sys.stdout.flush()
    with _stdout_kept():
        opened = _has_browser() and _opened(page.resolve().as_uri())
    if not opened:
        tell(f"--open: no browser can be opened here; the page is {page.resolve()}")


def _has_browser() -> bool:
    """Whether a browser has a screen to open on, or the user names one: without a screen Python would take a browser
    for terminals, which shows nothing of a page."""
    screens = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return os.name != "posix" or sys.platform == "darwin" or any(map(os.environ.get, screens))


def _opened(address: str) -> bool:
    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False


@contextmanager
def _stdout_kept() -> Iterator[None]:
    """What a browser says about itself goes to standard error: our output may be a JSON document."""
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def decimal_size(size: int) -> str:
    """A number of bytes in words: "3.2 MB"."""
    return f"{size / 1e6:,.1f} MB"

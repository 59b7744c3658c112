"""The command line: one thin file a command. It parses, calls the lab, prints; it decides nothing."""

import os
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper
from types import FrameType
from typing import Any, TextIO

import click

from fashionlab.cli.words import Words
from fashionlab.errors import FashionlabError, Interrupted, UsageError
from fashionlab.options import COMMAND_LINE
from fashionlab.text import tell

COMMANDS = {
    "data": ("fashionlab.cli.data", "Get the data set, check it, and show what is in it."),
    "train": ("fashionlab.cli.train", "Train a model, evaluate it, and keep it as a run."),
    "study": ("fashionlab.cli.study", "Find out whether a change really helps, seed by seed."),
    "lesson": ("fashionlab.cli.lesson", "Learn how networks learn: predict, train, check."),
    "search": ("fashionlab.cli.search", "Search for better settings, and confirm the best on fresh seeds."),
    "compare": ("fashionlab.cli.compare", "Compare models, seed by seed on the same images."),
    "predict": ("fashionlab.cli.predict", "Say what is on photographs, with a trained model."),
    "report": ("fashionlab.cli.report", "Show what a run learned, or several side by side, as one HTML page."),
    "runs": ("fashionlab.cli.runs", "List, show, delete and measure the runs on disk."),
}
"""Verb -> module with a click command of the same name, and its line in the help: no module is imported for that."""


class _ReaderGone(Exception):
    """Whoever read our output has gone; click would make status 1 of a BrokenPipeError, and not say that it did."""


class _Commands(Words):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGone from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from importlib import import_module

        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: fashionlab train. Results go to standard output, progress to standard error. "
    "Add --debug to any command to see the traceback of an error.",
)
@click.version_option(package_name="fashionlab")
def cli() -> None:
    """Train, regularize, compare and explain image classifiers on Fashion-MNIST.

    Every number comes with its uncertainty, and every run can be made again from its recipe.
    """


def main() -> None:
    """Run the command line and exit: 0 done, 1 the work failed, 2 the command was wrong, 130 interrupted."""
    _open_streams()
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    signal.signal(signal.SIGTERM, _interrupt)
    # A notebook's own, or one that is not installed here, would end a run when its figures are drawn.
    os.environ.pop("MPLBACKEND", None)
    os.environ[COMMAND_LINE] = "1"
    try:
        for argument in arguments:
            argument.encode()  # a recipe, which is JSON, could not hold a name that is no UTF-8
        status = cli.main(arguments, prog_name="fashionlab", standalone_mode=False) or 0
        sys.stdout.flush()
    except (FashionlabError, click.ClickException, click.Abort, KeyboardInterrupt, BrokenPipeError) as error:
        if debug and not isinstance(error, (click.Abort, BrokenPipeError)):
            raise
        status = _report(error)
    except _ReaderGone:
        status = _report(BrokenPipeError())
    except SystemExit as error:
        # Rich ends with status 1 where the reader has gone: `| head` is no failure.
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        status = _report(error.__context__)
    except UnicodeEncodeError as error:  # an argument, or a name found on disk
        if debug:
            raise
        given = error.object[max(0, error.start - 60) : error.end + 60]
        tell(f"fashionlab: given {given!a}, expected UTF-8 text; rename the file or folder")
        status = UsageError.exit_status
    except OSError as error:
        if debug:
            raise
        tell(f"fashionlab: the system refused: {error}")
        status = 1
    except Exception as error:  # nobody is shown a traceback unasked; the sentence says whose fault it is
        if debug:
            raise
        tell(
            f"fashionlab: {type(error).__name__}: {error}; this is a fault of fashionlab itself, "
            "run it again with --debug and report what it prints"
        )
        status = 1
    sys.exit(status)


def _open_streams() -> None:
    """Have the three standard streams, and a standard error that cannot end the work: it carries progress alone."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number: a file opened later would have got it, and been written to as the stream.
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w"))
    if isinstance(sys.stdout, TextIOWrapper):
        # What the stream's encoding lacks is no reason to lose a result.
        sys.stdout.reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, _Forgiving):
        sys.stderr = _Forgiving(sys.stderr)


class _Forgiving:
    """A stream whose reader may have gone (`2>&1 | true`), or whose disk may be full: what is written is then lost."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As of any stream."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """As of any stream."""
        with suppress(OSError):
            self._stream.flush()


def _report(error: BaseException) -> int:
    """Print one sentence for an error; return its exit status."""
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has gone (`| head`): nothing is left to say, and Python must not try at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "fashionlab"
        tell(f"{command}: {error.format_message()} See: {command} --help")
        return UsageError.exit_status
    if isinstance(error, click.ClickException):
        tell(f"fashionlab: {error.format_message()}")
        return error.exit_code
    if isinstance(error, FashionlabError):
        for line in f"fashionlab: {error}".split("\n"):
            tell(line)
        return error.exit_status
    tell("fashionlab: stopped")
    return Interrupted.exit_status


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    """A SIGTERM is treated like Ctrl-C: whatever is under way comes to a resumable end."""
    raise KeyboardInterrupt

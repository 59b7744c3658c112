"""What a library says over many lines, in one sentence."""

import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fashionlab.errors import FashionlabError, ModelFailure

LONGEST = 300
"""Characters of somebody else's message that a sentence of ours quotes."""

ENOUGH = 160
"""Characters after which no further sentence of it is quoted: a library's first says what is wrong, the next ones give
advice for every case."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_WHERE = re.compile(r"Exception encountered when calling [^\n]*?\(\)\.?\s*\n")
_LISTING = re.compile(r"\n\s*\n?Arguments received by .*|\n\s*```.*", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`'\"])")

_OURS = tuple(str(Path(place)) + os.sep for place in (sys.prefix, sys.base_prefix, str(Path(__file__).parents[3])))
"""Where Python, the libraries and this package lie: lines of code there are not the user's."""


def in_one_sentence(error: BaseException) -> str:
    """The kind of an error and what it says, without Keras' colours, its listing of arguments and line breaks."""
    text = _COLOURS.sub("", str(error))
    if "_error_repr" in text:
        # JAX stumbles over its own message where a value is asked for that is known only when the program runs.
        text = "a function that is not JAX's asks for values while JAX reads the program"
    text = _WHERE.sub("", _LISTING.sub("", text))
    text = _few_sentences(" ".join(text.split())).rstrip(".")
    if len(text) > LONGEST:
        text = text[:LONGEST].rsplit(" ", 1)[0] + " …"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _few_sentences(text: str) -> str:
    first, *others = _SENTENCE.split(text)
    for sentence in others:
        if len(first) + len(sentence) >= ENOUGH:
            break
        first += f" {sentence}"
    return first


def place_in_own_code(error: BaseException) -> str:
    """Where in the user's own files an error came from, "net.py, line 12"; empty where none of its lines is theirs."""
    trace: list[traceback.FrameSummary] = list(traceback.extract_tb(error.__traceback__))
    for frame in reversed(trace):
        path = Path(frame.filename)
        if path.is_absolute() and not frame.filename.startswith(_OURS) and not path.name.startswith("__autograph"):
            return f"{path.name}, line {frame.lineno}"
    return ""


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Make of whatever a user's own model raises a ModelFailure in one sentence: `what`, then the reason."""
    try:
        yield
    except FashionlabError:
        raise
    except (Exception, SystemExit) as error:
        hint = ""
        if isinstance(error, FileNotFoundError):
            hint = "; files are looked for in the folder of the model file"
        elif isinstance(error, ModuleNotFoundError) and error.name in ("torch", "torchvision"):
            hint = "; models are Keras' or scikit-learn's, not PyTorch's"
        place = place_in_own_code(error)
        raise ModelFailure(f"{what}{f' ({place})' if place else ''}: {in_one_sentence(error)}{hint}") from error

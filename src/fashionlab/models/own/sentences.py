"""What a library says over many lines, in one sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from fashionlab.errors import FashionlabError, ModelFailure

LONGEST = 300
"""Characters of somebody else's message that a sentence of ours quotes."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_WHERE = re.compile(r"Exception encountered when calling [^\n]*?\(\)\.?\s*\n")
_LISTING = re.compile(r"\n\s*\n?Arguments received by .*", re.DOTALL)


def in_one_sentence(error: BaseException) -> str:
    """The kind of an error and what it says, without Keras' colours, its listing of arguments and line breaks."""
    text = _COLOURS.sub("", str(error))
    if "_error_repr" in text:
        # JAX stumbles over its own message where a value is asked for that is known only when the program runs.
        text = "a function that is not JAX's asks for values while JAX reads the program"
    text = _WHERE.sub("", _LISTING.sub("", text))
    text = " ".join(text.split()).rstrip(".")
    if len(text) > LONGEST:
        text = text[:LONGEST].rsplit(" ", 1)[0] + " …"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


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
        raise ModelFailure(f"{what}: {in_one_sentence(error)}{hint}") from error

"""Every error that fashionlab raises on purpose.

    FashionlabError                 exit status 1: the work failed
    ├── UsageError                  exit status 2: the request was wrong (unknown name, value out of range, no such run)
    │   └── ModelFailure            a user's own model raised an error of its own
    ├── DataError                   the data could not be had, or are not what they claim to be
    │   ├── DataUnavailable         no source could supply the data set
    │   └── DataInvalid             a file is truncated, altered, or of another format than its name says
    ├── StoreError                  a run could not be written or read
    │   ├── RunIncomplete           the run was never sealed; resume it or delete it
    │   ├── RunCorrupt              a sealed file does not match its checksum
    │   └── UntrustedModel          opening the run would execute a model file that nobody has vouched for
    ├── TrainingError               training cannot go on
    │   └── NonFiniteLoss           the loss became NaN or infinite
    ├── LibraryFault                an installed library computes wrongly here
    ├── WorkerError                 a worker process died or broke its protocol
    └── Interrupted                 exit status 130: stopped on request; the run can be resumed

The message of each is one sentence, or a list where several things were tried: what was given, what was expected, and
how to mend it.
"""

from fashionlab.text import one_line


class FashionlabError(Exception):
    """Base of all errors; `exit_status` is what the command line returns for it.

    lines: of the message, usually one. Names in it come from anywhere, so each is cleaned (`text.one_line`): whoever
    shows the message, a terminal or a notebook, shows text alone.
    """

    exit_status = 1

    def __init__(self, *lines: object) -> None:
        super().__init__(*map(one_line, lines))

    def __str__(self) -> str:
        return "\n".join(self.args)

    def add_note(self, note: str, /) -> None:
        """As of any exception; what a worker's libraries printed is cleaned line by line."""
        super().add_note("\n".join(map(one_line, note.split("\n"))))


class UsageError(FashionlabError):
    """The request itself was wrong; the message names the allowed values."""

    exit_status = 2


class ModelFailure(UsageError):
    """A user's own model raised an error of its own when it was built or called."""


class DataError(FashionlabError):
    """The data could not be had, or are not what they claim to be."""


class DataUnavailable(DataError):
    """No source could supply the data set; the message lists every source tried and why it failed."""


class DataInvalid(DataError):
    """A file is truncated, altered, or of another format than its name says."""


class StoreError(FashionlabError):
    """A run could not be written or read."""


class RunIncomplete(StoreError):
    """The run was never sealed; resume it or delete it."""


class RunCorrupt(StoreError):
    """A sealed file does not match its checksum."""


class UntrustedModel(StoreError):
    """Opening the run would execute a model file that nobody has vouched for."""


class TrainingError(FashionlabError):
    """Training cannot go on."""


class NonFiniteLoss(TrainingError):
    """The loss became NaN or infinite; the last good state is on disk."""


class LibraryFault(FashionlabError):
    """An installed library computes wrongly here; the message names the version to install."""


class WorkerError(FashionlabError):
    """A worker process died or broke its protocol."""


class Interrupted(FashionlabError):
    """Stopped on request; the run can be resumed."""

    exit_status = 130

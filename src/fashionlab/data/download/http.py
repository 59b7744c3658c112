"""Files from public web servers, within bounds of time and size; the caller checks the content."""

import os
import threading
import time
from dataclasses import dataclass

from fashionlab.data.progress import shown_if_slow
from fashionlab.errors import DataUnavailable


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds: for a connection, for the next bytes, and for all downloads together."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 600.0


def configured_mirrors(default: tuple[str, ...]) -> tuple[str, ...]:
    """The base addresses in `$FASHIONLAB_MIRRORS`, separated by spaces (empty: none); if unset, `default`."""
    given = os.environ.get("FASHIONLAB_MIRRORS")
    return default if given is None else tuple(given.split())


def download(address: str, limit: int, patience: Patience, deadline: float) -> bytes:
    """The bytes at an http or https address, at most `limit` of them, before `deadline` (of `time.monotonic`).

    Raises DataUnavailable with the reason in a few words.
    """
    # In a thread of its own, because a server can keep every single wait short and still never end: byte by
    # byte, or in its headers, where no timeout of the HTTP library bounds the whole.
    transfer = _Transfer(address, limit, patience, deadline)
    thread = threading.Thread(target=transfer.run, daemon=True)
    with shown_if_slow(f"downloading {address}", lambda: (len(transfer.content), transfer.total)):
        thread.start()
        thread.join(max(0.0, deadline - time.monotonic()))
    if thread.is_alive():
        transfer.abandoned = True
        raise DataUnavailable(f"not finished when the {patience.total:g} s for all downloads were over")
    if transfer.failure:
        raise DataUnavailable(transfer.failure)
    return bytes(transfer.content)


class _Transfer:
    """One download: the file that pooch writes to, and the progress object that it reports to."""

    def __init__(self, address: str, limit: int, patience: Patience, deadline: float) -> None:
        self.address, self.limit, self.patience, self.deadline = address, limit, patience, deadline
        self.content = bytearray()
        self.total: int | None = None
        self.failure = ""
        self.abandoned = False

    def run(self) -> None:
        from pooch import HTTPDownloader

        fetch = HTTPDownloader(
            progressbar=self,
            chunk_size=2**16,
            timeout=(self.patience.connect, self.patience.read),
            # The content has a compression of its own; one more would only be a way around the limit.
            headers={"Accept-Encoding": "identity", "User-Agent": "fashionlab"},
        )
        try:
            fetch(self.address, self, None)
        except Exception as error:  # whatever it is, it is this mirror's failure, and the next source's turn
            self.failure = _in_words(error, self.patience)

    def write(self, chunk: bytes) -> None:
        if self.abandoned or time.monotonic() > self.deadline:
            raise DataUnavailable(f"not finished when the {self.patience.total:g} s for all downloads were over")
        if len(self.content) + len(chunk) > self.limit:
            raise DataUnavailable(f"sends more than the {self.limit:,} bytes that the file can have")
        self.content += chunk

    def flush(self) -> None:
        """Nothing is buffered."""

    def update(self, count: int) -> None:
        """Ignored: pooch counts whole chunks, `content` knows better."""

    def reset(self) -> None:
        """Ignored, as `update` is."""

    def close(self) -> None:
        """Ignored, as `update` is."""


def _in_words(error: Exception, patience: Patience) -> str:
    """The reason of a failed download in a few words: the HTTP library's own fill a screen."""
    import requests

    if isinstance(error, DataUnavailable):
        return str(error)
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answers HTTP {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {patience.connect:g} s"
    if isinstance(error, requests.ReadTimeout) or "Read timed out" in str(error):
        return f"sent nothing for {patience.read:g} s"
    text = str(error)
    if "NameResolution" in text or "getaddrinfo" in text:
        return "its name cannot be resolved (no network?)"
    if "Connection refused" in text:
        return "refuses the connection"
    if "IncompleteRead" in text or "Connection broken" in text:
        return "closed the connection before the end"
    return f"{type(error).__name__}: {text.splitlines()[0][:160] if text else 'no reason given'}"

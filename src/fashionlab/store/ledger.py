"""The ledger of test evaluations: a line each time that somebody looked at a test set.

A test set watched while tuning is no test set any more. Reports show how often it has been evaluated, by data hash.
"""

import os
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from fashionlab.errors import StoreError
from fashionlab.files import explain_write_failure


class LedgerLine(Struct, frozen=True):
    """One evaluation. data_sha256: of the data set; rows: test images; by: the run's name, or a purpose."""

    time: str | None
    data_sha256: str
    rows: int | None
    by: str


class Ledger:
    """`ledger.jsonl` in the folder of the runs; lines are only ever added."""

    def __init__(self, runs: Path) -> None:
        self.path = runs / "ledger.jsonl"

    def record(self, data_sha256: str, rows: int, by: str) -> None:
        """Add a line, durably, before the test set is handed out. `by` is the run's name, or a purpose."""
        line = msgspec.json.encode(LedgerLine(time.strftime("%Y-%m-%dT%H:%M:%S%z"), data_sha256, rows, by))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # One write in append mode: lines of processes that evaluate at the same moment do not mix.
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(descriptor, line + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StoreError(explain_write_failure(self.path, error)) from error

    def lines(self, data_sha256: str) -> list[LedgerLine]:
        """The lines so far of one data set. A line cut off by a power cut still counts, for every data set."""
        if not self.path.is_file():
            return []
        unreadable = LedgerLine(None, data_sha256, None, "unreadable")
        found = []
        for text in self.path.read_bytes().splitlines():
            try:
                found.append(msgspec.json.decode(text, type=LedgerLine))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                found.append(unreadable)
        return [line for line in found if line.data_sha256 == data_sha256]

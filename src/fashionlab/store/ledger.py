"""The ledger of test evaluations: a line each time that somebody looked at a test set.

A test set watched while tuning is no test set any more. Reports show how often it has been evaluated, by data hash.
"""

import time
from pathlib import Path

import msgspec
from msgspec import Struct

from fashionlab.files import append_line, make_folder
from fashionlab.store.format import read_file
from fashionlab.text import readable_json


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
        line = LedgerLine(time.strftime("%Y-%m-%dT%H:%M:%S%z"), data_sha256, rows, by)
        make_folder(self.path.parent)
        append_line(self.path, readable_json(msgspec.to_builtins(line)).encode())

    def lines(self, data_sha256: str) -> list[LedgerLine]:
        """The lines so far of one data set. A line cut off by a power cut still counts, for every data set."""
        try:
            content = read_file(self.path, "move it away")
        except FileNotFoundError:
            return []
        unreadable = LedgerLine(None, data_sha256, None, "unreadable")
        found = []
        for text in content.splitlines():
            try:
                found.append(msgspec.json.decode(text, type=LedgerLine))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                found.append(unreadable)
        return [line for line in found if line.data_sha256 == data_sha256]

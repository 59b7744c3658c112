"""The ledger of test openings: a line each time that somebody looked at a test part.

A test set watched while tuning is no test set any more. Reports show how often it has been opened, by data hash.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from fashionlab.errors import StoreError
from fashionlab.files import explain_write_failure


class Ledger:
    """`ledger.jsonl` in the folder of the runs; lines are only ever added."""

    def __init__(self, runs: Path) -> None:
        self.path = runs / "ledger.jsonl"

    def record(self, data_sha256: str, rows: int, by: str) -> None:
        """Add a line, durably, before the test part is handed out. `by` is the run's name, or a purpose."""
        line = json.dumps(
            {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "data_sha256": data_sha256, "rows": rows, "by": by}
        )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # One write in append mode: lines of processes that open at the same moment do not mix.
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(descriptor, (line + "\n").encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StoreError(explain_write_failure(self.path, error)) from error

    def openings(self, data_sha256: str | None = None) -> list[dict[str, Any]]:
        """The lines so far, of one data set or of all. A line cut off by a power cut still counts as an opening."""
        if not self.path.is_file():
            return []
        lines = []
        for text in self.path.read_text(encoding="utf-8").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            known = isinstance(line, dict) and {"data_sha256", "by"} <= line.keys()
            lines.append(
                line if known else {"time": None, "data_sha256": data_sha256, "rows": None, "by": "unreadable"}
            )
        return [line for line in lines if data_sha256 in (None, line["data_sha256"])]

"""Cases that are done, a line each, so that a long program which was stopped goes on behind them.

A journal lies in `runs/evidence/`, which git ignores. It is of one state of the code (of SOURCES, so that evidence
and pages may be committed meanwhile) and one set of arguments: under others, or with changes to them that are not
committed, it begins anew. It goes when the evidence has been written.
"""

import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, announce, git
from fashionlab.reports.wording import countdown

FOLDER = ROOT / "runs" / "evidence"

SOURCES = ("src", "benchmarks", "recipes")
"""What may change a case."""


class Journal:
    """What is known of each case, by its name: plain JSON."""

    def __init__(self, target: Path | None, cases: int | None = None) -> None:
        """target: where the evidence will be written; None for a program that leaves none, and so no journal. cases:
        how many there will be, which `once` tells."""
        self.found: dict[str, Any] = {}
        self._cases, self._took = cases, list[float]()
        self._path = FOLDER / f"{target.stem}.jsonl" if target else None
        self.folder = FOLDER / target.stem if target else None
        """For what is no line of JSON: whole runs. It may not exist; it goes when the journal goes or begins anew."""
        if self._path is None or self.folder is None:
            return
        trees = git("rev-parse", *(f"HEAD:{name}" for name in SOURCES))
        clean = git("status", "--porcelain", "--", *SOURCES) == ""
        head = json.dumps({"code": trees, "arguments": sys.argv[1:]})
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.is_file() else []
        if lines and lines[0] == head and clean:
            # The last line may be cut off, by whatever ended the program.
            for line in lines[1:]:
                try:
                    name, result = json.loads(line)
                except ValueError:
                    break
                self.found[name] = result
            announce(f"{len(self.found)} cases are known from before")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = [head, *(json.dumps(pair) for pair in self.found.items())]
        self._path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What a case came to: known from before, or made now and noted, with a line that says how far the program is
        and about how long it will take."""
        if name not in self.found:
            number, start = len(self.found), time.monotonic()
            left = ""
            if self._cases and self._took:
                left = f", {countdown(statistics.mean(self._took) * (self._cases - number))} left"
            announce(f"--- {number + 1}{f' of {self._cases}' if self._cases else ''}: {name}{left}")
            self.add(name, make())
            self._took.append(time.monotonic() - start)
        return self.found[name]

    def add(self, name: str, result: Any) -> None:
        """Note a case."""
        self.found[name] = result
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([name, result]) + "\n")

    def close(self) -> None:
        """The evidence is written: nothing is left to go on with."""
        if self._path:
            self._path.unlink(missing_ok=True)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

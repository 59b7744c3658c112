"""Reading a table of results: seed, arm and score in each row, or seed, arm, image and correct."""

import csv
import hashlib
import io
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

from fashionlab.errors import DataInvalid
from fashionlab.files import read_capped
from fashionlab.options import spelled
from fashionlab.studies.design.imported import LEAST_STEP, Imported, Results, Unpaired

LARGEST = 64 * 1024**2
"""Bytes of a table: 100 runs on 20,000 images, a row for each."""

MOST_ROWS = 3_000_000

MOST_ARMS = 50

MOST_SEEDS = 1000

LARGEST_SEED = 2**32 - 1001

LONGEST_NAME = 200
"""Characters of an arm's or an image's name."""

SCORES = ("seed", "arm", "score")
IMAGES = ("seed", "arm", "image", "correct")

_EXPECTED = f"{', '.join(SCORES)}, or {', '.join(IMAGES)}"

Run = tuple[str, int]
"""Arm and seed."""


class _Row(NamedTuple):
    line: int
    cells: dict[str, str]


class _Cell(NamedTuple):
    """A score as it is written. line: where; value; decimals: behind its point, an exponent counted."""

    line: int
    value: float
    decimals: int


def read_results(path: Path, images: int | None = None) -> Results:
    """The results in a table (CSV, with commas, semicolons or tabs), whole and checked.

    images: how many each score was measured on, where the user knows. Raises DataInvalid with the line.
    """
    content = _read(path)
    table = _Table(path, content)
    per_image = "correct" in table.columns and "image" in table.columns
    if per_image and "score" in table.columns:
        raise DataInvalid(f"{path} has the columns score and correct; expected one of them: {_EXPECTED}")
    wanted = IMAGES if per_image else SCORES
    table.require(wanted)
    if per_image:
        if images is not None:
            raise DataInvalid(f"{path} has a row for each image, so {spelled('images')} is not needed; leave it out")
        correct = _read_images(table)
        scores = {run: sum(found.values()) / len(found) for run, found in correct.items()}
        counts = [len(found) for found in correct.values()]
        scale, step = None, 100 / min(counts)
        known: tuple[int, int] | None = (min(counts), max(counts))
    else:
        correct = None
        scores, scale, step = _read_scores(table, images)
        known = None if images is None else (images, images)
    arms = tuple(dict.fromkeys(arm for arm, _ in scores))
    seeds = tuple(sorted({seed for _, seed in scores}))
    _check_size(path, arms, seeds, scores)
    return Results(
        arms=arms,
        seeds=seeds,
        scores=scores,
        correct=correct,
        facts=Imported(
            columns=wanted,
            left_out=tuple(name for name in table.columns if name not in wanted),
            rows=table.rows,
            scale=scale,
            images=known,
            step=step,
            unpaired=tuple(
                Unpaired(seed, lacking)
                for seed in seeds
                if (lacking := tuple(a for a in arms if (a, seed) not in scores))
            ),
        ),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _read(path: Path) -> bytes:
    try:
        return read_capped(path, LARGEST, follow_links=True)
    except OSError as error:
        raise DataInvalid(f"{path} cannot be read: {error.strerror or error}") from None


class _Table:
    """A table's header and rows, checked one by one while they are read."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path, self.rows = path, 0
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise DataInvalid(f"{path}, line {line}: it is not UTF-8 text; save it as CSV in UTF-8") from None
        first = text.partition("\n")[0]
        separator = max(",;\t", key=first.count)
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        header = self._next() or []
        self.columns = [cell.strip().lower() for cell in header]

    def require(self, wanted: tuple[str, ...]) -> None:
        """Raise DataInvalid unless each of these columns is there, once."""
        shown = ", ".join(name[:40] for name in self.columns[:12]) or "none"
        if any(self.columns.count(name) != 1 for name in wanted):
            raise DataInvalid(f"{self.path}, line 1: its columns are {shown}; expected {_EXPECTED}, each once")

    def __iter__(self) -> Iterator[_Row]:
        while (cells := self._next()) is not None:
            line = self._reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(self.columns):
                self.refuse(line, f"it has {len(cells)} cells, the header has {len(self.columns)}")
            self.rows += 1
            if self.rows > MOST_ROWS:
                self.refuse(line, f"there are more than {MOST_ROWS:,} rows")
            yield _Row(line, {name: cell.strip() for name, cell in zip(self.columns, cells, strict=True)})
        if not self.rows:
            raise DataInvalid(f"{self.path} has no rows below its header; expected {_EXPECTED}")

    def run_of(self, row: _Row) -> Run:
        """Arm and seed of a row."""
        arm, seed = row.cells["arm"], row.cells["seed"]
        if not 1 <= len(arm) <= LONGEST_NAME:
            self.refuse(row.line, f"given an arm's name of {len(arm)} characters, expected 1 to {LONGEST_NAME}")
        # Python's int() would also take "1_0" and other scripts' digits.
        if not (seed.isascii() and seed.isdigit() and len(seed) <= 10 and int(seed) <= LARGEST_SEED):
            self.refuse(row.line, f"given the seed {seed[:40]!r}, expected a whole number from 0 to {LARGEST_SEED}")
        return arm, int(seed)

    def refuse(self, line: int, reason: str) -> NoReturn:
        """Raise DataInvalid."""
        raise DataInvalid(f"{self.path}, line {line}: {reason}")

    def _next(self) -> list[str] | None:
        try:
            return next(self._reader, None)
        except csv.Error as error:
            self.refuse(self._reader.line_num, f"it is not CSV ({error})")


def _read_scores(table: _Table, images: int | None) -> tuple[dict[Run, float], Literal["fractions", "percent"], float]:
    """Fractions by run, how they were written, and the step between them in percentage points."""
    found: dict[Run, _Cell] = {}
    for row in table:
        run = table.run_of(row)
        if run in found:
            table.refuse(
                row.line,
                f"arm {run[0]!r} has a score under seed {run[1]} already, in line {found[run].line}; keep one of them",
            )
        found[run] = _score(table, row)
    scale = _scale(table, list(found.values()))
    factor = 1 if scale == "fractions" else 100
    scores = {run: cell.value / factor for run, cell in found.items()}
    decimals = max(cell.decimals for cell in found.values())
    written = 100 / factor * 10.0**-decimals
    if images is None:
        return scores, scale, max(LEAST_STEP, min(written, 100.0))
    for run, cell in found.items():
        # Written to its last decimal, a score may be off by half of that.
        correct = scores[run] * images
        if abs(correct - round(correct)) > images * 0.5 * 10.0**-cell.decimals / factor + 1e-6:
            table.refuse(
                cell.line,
                f"a score of {cell.value:g} is not one of {images:,} images ({correct:.2f} correct); give the "
                f"{spelled('images')} that each score was measured on, or leave it out",
            )
    return scores, scale, 100 / images


def _score(table: _Table, row: _Row) -> _Cell:
    text = row.cells["score"]
    try:
        value = float(text) if len(text) <= 40 and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not 0 <= value <= 100:
        table.refuse(
            row.line, f"given the score {text[:40]!r}, expected a number from 0 to 1, or from 0 to 100 for per cent"
        )
    digits, _, exponent = text.lower().partition("e")
    return _Cell(row.line, value, min(40, max(0, len(digits.partition(".")[2]) - int(exponent or 0))))


def _scale(table: _Table, cells: list[_Cell]) -> Literal["fractions", "percent"]:
    """Fractions if no score is above 1, per cent if none (but 0) is 1 or below. Raises DataInvalid for a mixture."""
    small = next((cell for cell in cells if 0 < cell.value <= 1), None)
    large = next((cell for cell in cells if cell.value > 1), None)
    if small and large:
        table.refuse(
            max(small.line, large.line),
            f"scores are fractions or per cent, all alike: line {small.line} has {small.value:g}, line {large.line} "
            f"has {large.value:g}",
        )
    return "percent" if large else "fractions"


def _read_images(table: _Table) -> dict[Run, dict[str, int]]:
    """Of each run, by image, whether it was classified correctly."""
    found: dict[Run, dict[str, int]] = {}
    for row in table:
        run, image, correct = table.run_of(row), row.cells["image"], row.cells["correct"]
        if not 1 <= len(image) <= LONGEST_NAME:
            table.refuse(row.line, f"given an image's name of {len(image)} characters, expected 1 to {LONGEST_NAME}")
        if correct not in ("0", "1"):
            table.refuse(row.line, f"given correct as {correct[:40]!r}, expected 0 or 1")
        images = found.setdefault(run, {})
        if image in images:
            table.refuse(row.line, f"image {image!r} stands twice under arm {run[0]!r} and seed {run[1]}")
        images[image] = int(correct)
    first: dict[int, Run] = {}
    for run in found:
        other = first.setdefault(run[1], run)
        if found[run].keys() != found[other].keys():
            odd = sorted(found[run].keys() ^ found[other].keys())[0]
            raise DataInvalid(
                f"{table.path}: under seed {run[1]} the arms {other[0]!r} and {run[0]!r} have other images (image "
                f"{odd!r} has one of them only); arms are compared on the same ones"
            )
    return found


def _check_size(path: Path, arms: tuple[str, ...], seeds: tuple[int, ...], scores: Mapping[Run, float]) -> None:
    if not 2 <= len(arms) <= MOST_ARMS:
        raise DataInvalid(f"{path} has {len(arms):,} names in the column arm; expected 2 to {MOST_ARMS}")
    if len(seeds) > MOST_SEEDS:
        raise DataInvalid(f"{path} has {len(seeds):,} seeds; expected {MOST_SEEDS:,} at most")
    if len(scores) == len(seeds):
        raise DataInvalid(f"{path} has no seed with two arms, so there is no pair to compare")

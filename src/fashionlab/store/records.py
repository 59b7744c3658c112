"""The lines of a list of runs as flat records, one after another, and together by everything but the seed."""

import statistics
from collections.abc import Container, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from fashionlab.errors import UsageError
from fashionlab.options import as_typed, near_names
from fashionlab.recipe.difference import Changes, implied
from fashionlab.store.overview import RunLine, SetLine

Record = dict[str, Any]
"""Names and plain values: a row for pandas or a spreadsheet."""


class Spread(Struct, frozen=True):
    """Accuracies (fractions) of n seeds. deviation: the sample standard deviation, of one seed, None for n = 1."""

    n: int
    mean: float
    deviation: float | None
    best: float


class RunGroup(Struct, frozen=True, kw_only=True):
    """Finished runs that differ in the seed alone, each seed counted once.

    best_run: of the highest accuracy on the validation set, on the test set only where there is none.
    """

    model: str
    dataset: str
    refit: bool
    origin: str | None
    settings: dict[str, Any]
    changes: Changes
    group: str
    seeds: tuple[int, ...]
    validation: Spread | None
    test: Spread | None
    best_run: str
    runs: tuple[str, ...]


Row = TypeVar("Row", RunLine, RunGroup)


def record_of(line: RunLine | RunGroup) -> Record:
    """A run or a group by name, without inner structs. Settings have their own names; one of a user's own model that is
    called like a result is `option_NAME`. `precision` is the one in which a run computed."""
    record: Record = _run_record(line) if isinstance(line, RunLine) else _group_record(line)
    for name, value in line.settings.items():
        if name != "dataset" and not (name == "precision" and name in record):
            record[f"option_{name}" if name in record else name] = value
    return record


def group_runs(lines: Sequence[RunLine]) -> list[RunGroup]:
    """The finished runs, those that differ in the seed alone together, in the order of their first."""
    together: dict[str, list[RunLine]] = {}
    for line in lines:
        if line.complete and line.group is not None:
            together.setdefault(line.group, []).append(line)
    return [_group_of(members) for members in together.values()]


def sort_lines(lines: Sequence[Row], field: str) -> list[Row]:
    """The lines by a field of their records, the lowest first; "-FIELD": the highest. Those that have none come last.

    Raises UsageError for a field that no line has.
    """
    sign, name = ("-", field[1:]) if field[:1] == "-" else ("", field)
    records = [record_of(line) for line in lines]
    known = list(dict.fromkeys(known for record in records for known in record))
    if lines and name not in known:
        near = " or ".join(sign + each for each in near_names(name, known))
        hint = f"did you mean {near}? " if near else ""
        raise UsageError(f"the list of runs has no field {name!r}; {hint}the list as CSV has a column for each")
    pairs = list(zip((record.get(name) for record in records), lines, strict=True))
    having = sorted(
        (pair for pair in pairs if pair[0] is not None), key=lambda pair: _rank(pair[0]), reverse=bool(sign)
    )
    return [line for _, line in having] + [line for value, line in pairs if value is None]


def changes_text(changes: Changes, left_out: Container[str] = ()) -> str:
    """Settings as one types them, and in brackets what comes with a choice: "dropout=0.2 optimizer=sgd
    (learning_rate=0.05 momentum=0.9)".

    changes: all of a run's; left_out: those that are not written.
    """
    coming, said = implied(changes), []
    for name, change in changes.items():
        if name not in left_out:
            brought = " ".join(f"{own}={as_typed(value)}" for own, value in coming.get(name, {}).items())
            said.append(f"{name}={as_typed(change.after)}" + (f" ({brought})" if brought else ""))
    return " ".join(said)


def _rank(value: Any) -> tuple[bool, float, str]:
    number = isinstance(value, (int, float))
    return (not number, value if number else 0, "" if number else as_typed(value))


def _group_of(members: list[RunLine]) -> RunGroup:
    first = members[0]
    by_seed: dict[int, RunLine] = {}
    for line in members:
        known = by_seed.get(line.seed or 0)
        if known is None or (known.test is None and line.test is not None):
            by_seed[line.seed or 0] = line
    lines = [by_seed[seed] for seed in sorted(by_seed)]
    judged = [(line.validation or line.test, line.run) for line in lines]
    best = max(judged, key=lambda pair: pair[0].accuracy if pair[0] else -1.0)
    return RunGroup(
        model=str(first.model),
        dataset=str(first.dataset),
        refit=first.refit,
        origin=first.origin,
        settings=first.settings,
        changes=first.changes,
        group=str(first.group),
        seeds=tuple(sorted(by_seed)),
        validation=_spread([line.validation for line in lines]),
        test=_spread([line.test for line in lines]),
        best_run=best[1],
        runs=tuple(line.run for line in lines),
    )


def _spread(sets: Sequence[SetLine | None]) -> Spread | None:
    values = [each.accuracy for each in sets if each is not None]
    if not values:
        return None
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(len(values), statistics.fmean(values), deviation, max(values))


def _run_record(line: RunLine) -> Record:
    state = "damaged" if line.damaged else "complete" if line.complete else "unfinished"
    record = {
        "run": line.run, "model": line.model, "dataset": line.dataset, "seed": line.seed, "refit": line.refit,
        "origin": line.origin, "differs": changes_text(line.changes), "state": state, "epochs_trained": line.epochs,
        "best_epoch": line.best_epoch, **_flat("validation", line.validation, SetLine, "images"),
        **_flat("test", line.test, SetLine, "images"), "seconds": line.seconds, "size": line.size, "path": line.path,
        "group": line.group, "damage": line.damaged,
    }  # fmt: skip
    return record | line.facts


def _group_record(group: RunGroup) -> Record:
    return {
        "model": group.model, "dataset": group.dataset, "refit": group.refit,
        "origin": group.origin, "differs": changes_text(group.changes),
        "n": len(group.seeds), "seeds": group.seeds, **_flat("validation", group.validation, Spread, "runs"),
        **_flat("test", group.test, Spread, "runs"), "best_run": group.best_run, "group": group.group,
    }  # fmt: skip


def _flat(prefix: str, struct: Struct | None, kind: type[Struct], counted: str) -> Record:
    values = asdict(struct) if struct else dict.fromkeys(kind.__struct_fields__)
    return {f"{prefix}_{counted if name == 'n' else name}": value for name, value in values.items()}

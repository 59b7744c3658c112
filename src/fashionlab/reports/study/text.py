"""A study in a few lines for a terminal, beside the table of its verdicts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fashionlab.reports.progress.training import duration
from fashionlab.reports.study.answer import in_a_sentence
from fashionlab.reports.tables import new_table, plain

if TYPE_CHECKING:
    from rich.table import Table


def summary_lines(summary: Mapping[str, Any]) -> list[str]:
    """Each verdict as a sentence, the test part, failures, and how to go on."""
    lines = [f"{_sentence(arm, summary)} {arm['verdict']['second']}" for arm in summary["arms"]]
    test = summary["test"]
    if test:
        accuracies = ", ".join(f"{name} {_spread(figures)}" for name, figures in test["arms"].items())
        lines.append(
            f"On the test part ({test['n']:,} pictures, for confirmation, opened {_times(test['openings'])} here): "
            f"{accuracies}"
        )
    for name, failures in [
        (summary["baseline"]["name"], summary["failures"]),
        *((arm["name"], arm["failures"]) for arm in summary["arms"]),
    ]:
        lines += [f"failed: {name}, seed {f['seed']}, {f['attempts']} attempts: {f['reason']}" for f in failures]
    done = f"{summary['runs']['done']} runs in {duration(summary['seconds'])} on {summary['workers']} workers"
    undecided = any(arm["verdict"]["word"] == "undecided" for arm in summary["arms"])
    more = f"; for more: fashionlab study --continue {summary['name']} --seeds N" if undecided else ""
    return [*lines, done + more]


def studies_table(rows: Sequence[Mapping[str, Any]]) -> "Table":
    """The list of studies."""
    table = new_table("study", "question", "state", "runs", "verdicts")
    table.columns[1].justify = table.columns[4].justify = "left"
    for row in rows:
        verdicts = ", ".join(f"{name}: {word}" for name, word in row["verdicts"].items())
        done = f"{row['runs']['done']}/{row['runs']['planned']}" if row["runs"] else "–"
        table.add_row(plain(row["study"]), plain(row["title"]), row["state"], done, plain(verdicts))
    return table


def _sentence(arm: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    verdict = arm["verdict"]
    if summary["kind"] != "compare":
        return str(verdict["sentence"])
    return f"{arm['name']}: {in_a_sentence(verdict, summary['baseline']['name'])}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _spread(figures: Mapping[str, Any]) -> str:
    if figures["mean"] is None:
        return "–"
    deviation = "" if figures["deviation"] is None else f" ± {figures['deviation']:.2f}"
    return f"{figures['mean']:.2f}{deviation} %"

"""`fashionlab runs`."""

from pathlib import Path
from typing import Any

import click

from fashionlab.cli.common import (
    JSON,
    RUNS,
    decimal_size,
    print_json,
    print_line,
    print_table,
    print_text,
    show_result,
)
from fashionlab.cli.words import Words
from fashionlab.reports.wording import counted
from fashionlab.text import one_line

LISTING = [
    RUNS,
    click.Option(["--sort"], metavar="FIELD", help="Order by a column of --csv; -FIELD: the highest first."),
    click.Option(["--group"], is_flag=True, help="Runs that differ in the seed alone together: mean and deviation."),
    click.Option(["--csv", "as_csv"], is_flag=True, help="Print CSV, with a column for every result and setting."),
    JSON,
]


@click.group(cls=Words, invoke_without_command=True, params=LISTING)
@click.pass_context
def runs(ctx: click.Context, /, **options: Any) -> None:
    """List, compare, show, delete and measure the runs on disk.

    Without a further word: list. A run is named by its folder's name, its path, or "last".

    \b
    fashionlab runs --sort -validation_accuracy     # the best first
    fashionlab runs --group                         # mean and deviation over the seeds
    fashionlab runs --csv > runs.csv                # every result and setting
    """
    if ctx.invoked_subcommand is None:
        _list(**options)
        return
    given = {name for name in options if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT}
    if "runs" in given:
        ctx.default_map = {word: {"runs": options["runs"]} for word in runs.commands}
    if given - {"runs"}:
        raise click.UsageError(f"options come after the word: fashionlab runs {ctx.invoked_subcommand} ...")


@runs.command("list", params=LISTING)
def list_(**options: Any) -> None:
    """List the runs, oldest first: what differs from the default, accuracies with 95 % intervals."""
    _list(**options)


def _list(runs: Path, sort: str | None, group: bool, as_csv: bool, as_json: bool) -> None:
    from fashionlab import lab
    from fashionlab.reports.tables import csv_text, groups_table, runs_table

    if as_csv and as_json:
        raise click.UsageError("given --csv and --json, expected one of them")
    if as_csv:
        print_text(csv_text(lab.runs(runs=runs, sort=sort, group=group)))
        return
    rows: Any = lab.list_groups(runs=runs, sort=sort) if group else lab.list_runs(runs=runs, sort=sort)
    if as_json:
        print_json(rows)
    elif rows:
        print_table(groups_table(rows) if group else runs_table(rows))
    else:
        none = "finished run" if group else "runs"
        print_line(f"no {none} in {runs} yet; make one with: fashionlab train")


@runs.command("show", params=[click.Argument(["run"]), RUNS, JSON])
def show(run: str, runs: Path, as_json: bool) -> None:
    """Show a run: recipe, environment and results; or what a study or a search has found."""
    from fashionlab import lab
    from fashionlab.reports.tables import result_table, run_table

    if lab.is_study(run, runs=runs):
        show_result(lab.open_study(run, runs=runs), as_json)
        return
    if lab.is_search(run, runs=runs):
        show_result(lab.open_search(run, runs=runs), as_json)
        return
    details = lab.show_run(run, runs=runs)
    if as_json:
        print_json(details)
        return
    print_table(run_table(details))
    if details.metrics:
        print_table(result_table(details.metrics))
    for figure in details.figures:
        print_line(figure)


@runs.command("delete", params=[click.Argument(["names"], nargs=-1, required=True, metavar="RUN..."), RUNS])
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(names: tuple[str, ...], runs: Path, yes: bool) -> None:
    """Delete runs and everything made from them, or whole studies and searches. The ledger of test sets stays."""
    from fashionlab import lab

    found = lab.find_runs(names, runs=runs)
    if not yes:
        click.confirm(one_line(f"Delete {', '.join(map(str, found))}?"), abort=True, err=True)
    for name, size in lab.delete_runs(names, runs=runs).items():
        print_line(f"deleted {name}, {decimal_size(size)}")


@runs.command("size", params=[RUNS, JSON])
def size(runs: Path, as_json: bool) -> None:
    """Show how much disk each run takes, and each study and search with its runs."""
    from fashionlab import lab

    found = {line.run: line.size for line in lab.list_runs(runs=runs)}
    studies = {line.study: line.size for line in lab.list_studies(runs=runs)}
    searches = lab.search_sizes(runs=runs)
    total = sum([*found.values(), *studies.values(), *searches.values()])
    if as_json:
        print_json({"runs": found, "studies": studies, "searches": searches, "bytes": total})
        return
    for name, size in sorted({**found, **studies, **searches}.items(), key=lambda item: -item[1]):
        print_line(f"{decimal_size(size):>12}  {name}")
    more = f" and {counted(len(studies), 'study', 'studies')}" if studies else ""
    more += f" and {counted(len(searches), 'search', 'searches')}" if searches else ""
    print_line(f"{decimal_size(total):>12}  in {counted(len(found), 'run')}{more}")

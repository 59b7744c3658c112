"""`fashionlab runs`."""

from pathlib import Path

import click

from fashionlab.cli.common import JSON, RUNS, decimal_size, print_json, print_line, print_table, show_result
from fashionlab.cli.words import Words
from fashionlab.reports.wording import counted
from fashionlab.text import one_line


@click.group(cls=Words, invoke_without_command=True, params=[RUNS, JSON])
@click.pass_context
def runs(ctx: click.Context, runs: Path, as_json: bool) -> None:
    """List, show, delete and measure the runs on disk.

    Without a further word: list. A run is named by its folder's name, its path, or "last".
    """
    if ctx.invoked_subcommand is None:
        _list(runs, as_json)
    elif as_json or ctx.get_parameter_source("runs") is not click.core.ParameterSource.DEFAULT:
        raise click.UsageError(f"--runs and --json come after the word: fashionlab runs {ctx.invoked_subcommand} ...")


@runs.command("list", params=[RUNS, JSON])
def list_(runs: Path, as_json: bool) -> None:
    """List the runs, oldest first, with their accuracies and 95 % intervals."""
    _list(runs, as_json)


def _list(runs: Path, as_json: bool) -> None:
    from fashionlab import lab
    from fashionlab.reports.tables import runs_table

    rows = lab.list_runs(runs=runs)
    if as_json:
        print_json(rows)
    elif rows:
        print_table(runs_table(rows))
    else:
        print_line(f"no runs in {runs} yet; make one with: fashionlab train")


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

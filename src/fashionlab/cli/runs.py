"""`fashionlab runs`."""

from pathlib import Path

import click

from fashionlab.cli.common import JSON, RUNS, decimal_size, print_json, print_table


@click.group(invoke_without_command=True, params=[RUNS, JSON])
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
        click.echo(f"no runs in {runs} yet; make one with: fashionlab train")


@runs.command("show", params=[click.Argument(["run"]), RUNS, JSON])
def show(run: str, runs: Path, as_json: bool) -> None:
    """Show a run: recipe, environment and results."""
    from fashionlab import lab
    from fashionlab.reports.tables import result_table, run_table

    document = lab.show_run(run, runs=runs)
    if as_json:
        print_json(document)
        return
    print_table(run_table(document))
    if document["metrics"]:
        print_table(result_table(document["metrics"]))
    for figure in document["figures"]:
        click.echo(figure)


@runs.command("delete", params=[click.Argument(["names"], nargs=-1, required=True, metavar="RUN..."), RUNS])
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(names: tuple[str, ...], runs: Path, yes: bool) -> None:
    """Delete runs and everything made from them. The ledger of test openings stays."""
    from fashionlab import lab

    found = lab.find_runs(names, runs=runs)
    if not yes:
        click.confirm(f"Delete {', '.join(path.name for path in found)}?", abort=True, err=True)
    for name, size in lab.delete_runs(names, runs=runs).items():
        click.echo(f"deleted {name}, {decimal_size(size)}")


@runs.command("size", params=[RUNS, JSON])
def size(runs: Path, as_json: bool) -> None:
    """Show how much disk each run takes."""
    from fashionlab import lab

    rows = [{"run": row["run"], "bytes": row["bytes"]} for row in lab.list_runs(runs=runs)]
    total = sum(row["bytes"] for row in rows)
    if as_json:
        print_json({"runs": rows, "bytes": total})
        return
    for row in sorted(rows, key=lambda row: -row["bytes"]):
        click.echo(f"{decimal_size(row['bytes']):>12}  {row['run']}")
    click.echo(f"{decimal_size(total):>12}  in {len(rows)} runs")

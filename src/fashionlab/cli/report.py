"""`fashionlab report`."""

from pathlib import Path

import click

from fashionlab.cli.common import DATA_DIR, JSON, RUNS, TRUST, print_json


@click.command(params=[click.Argument(["run"]), RUNS, DATA_DIR, TRUST, JSON])
def report(run: str, runs: Path, data_dir: Path | None, trust: str | None, as_json: bool) -> None:
    """Make a run's report: one HTML page that needs no network, and a model card beside it.

    RUN is a folder's name, a path, or "last". The page says how good the model is, how sure that is, where it errs,
    what happens inside and how it was made; --json prints the same as plain data.

    \b
    fashionlab report last
    """
    from fashionlab import lab
    from fashionlab.reports.run.text import report_lines

    summary = lab.report(run, runs=runs, data_dir=data_dir, trust=trust)
    if as_json:
        print_json(summary)
        return
    for line in report_lines(summary):
        click.echo(line)

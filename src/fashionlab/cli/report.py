"""`fashionlab report`."""

from pathlib import Path

import click

from fashionlab.cli.common import DATA_DIR, JSON, RUNS, TRUST, print_json, print_line


@click.command(params=[click.Argument(["run"]), RUNS, DATA_DIR, TRUST, JSON])
def report(run: str, runs: Path, data_dir: Path | None, trust: str | None, as_json: bool) -> None:
    """Make a run's report: one HTML page that needs no network, and a model card next to it.

    RUN is a folder's name, a path, or "last". The page says how good the model is, how sure that is, where it makes
    mistakes, what happens inside and how it was made; --json prints the same as plain data.

    \b
    fashionlab report last
    """
    from fashionlab import lab
    from fashionlab.reports.run.text import report_lines

    made = lab.report(run, runs=runs, trust=trust, execution=lab.ExecutionOptions(data_dir=data_dir))
    if as_json:
        print_json({"page": str(made.path), "card": str(made.card), "report": made.summary})
        return
    for line in report_lines(made.summary):
        print_line(line)
    print_line(made.path)

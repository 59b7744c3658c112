"""`fashionlab report`."""

from pathlib import Path

import click

from fashionlab.cli.common import DATA_DIR, JSON, RUNS, TRUST, print_json, print_line, show_result


@click.command(params=[click.Argument(["run"]), RUNS, DATA_DIR, TRUST, JSON])
def report(run: str, runs: Path, data_dir: Path | None, trust: str | None, as_json: bool) -> None:
    """Make the report of a run or a study: one HTML page that needs no network; of a run, a model card next to it.

    RUN is a folder's name, a path, or "last", the newest run. A run's page says how good the model is, how sure
    that is, where it makes mistakes, what happens inside and how it was made; --json prints the same as plain data.

    \b
    fashionlab report last
    """
    from fashionlab import lab
    from fashionlab.reports.run.text import report_lines

    if lab.is_study(run, runs=runs):
        show_result(lab.report_study(run, runs=runs, execution=lab.ExecutionOptions(data_dir=data_dir)), as_json)
        return
    made = lab.report(run, runs=runs, trust=trust, execution=lab.ExecutionOptions(data_dir=data_dir))
    if as_json:
        print_json({"page": str(made.path), "card": str(made.card), "report": made.summary})
        return
    for line in report_lines(made.summary):
        print_line(line)
    print_line(made.path)

"""`fashionlab report`."""

from pathlib import Path

import click

from fashionlab.cli.common import (
    DATA_DIR,
    JSON,
    OPEN,
    RUNS,
    TRUST,
    open_if_asked,
    print_json,
    print_line,
    print_table,
    show_result,
)

ON = click.Option(
    ["--on"],
    default=None,
    metavar="SET",
    help="Of several runs: compare them on validation images, or on those of the test set.  [validation]",
)


@click.command(
    params=[click.Argument(["names"], nargs=-1, required=True, metavar="RUN..."), ON, OPEN, RUNS, DATA_DIR, TRUST, JSON]
)
def report(
    names: tuple[str, ...], on: str | None, runs: Path, data_dir: Path | None, trust: str | None, as_json: bool
) -> None:
    """Make the report of a run or a study, or of several runs side by side: one HTML page that needs no network.

    RUN is a folder's name, a path, or "last", the newest run. A run's page, with a model card next to it, says how good
    the model is, how sure that is, where it makes mistakes, what happens inside and how it was made.

    The page of several runs says in what they differ, shows their curves in one picture, and compares them pair by pair
    on the images that judge both: the difference with its interval, McNemar's exact test, the confusions, and images
    that one has right and the other wrong. One run of each says nothing about the recipes: for that, use fashionlab
    study. --json prints what a page shows as plain data.

    \b
    fashionlab report last
    fashionlab report mlp-seed0-20260101-101500 cnn-seed0-20260101-103000
    fashionlab report RUN RUN RUN --on test
    """
    from fashionlab import lab
    from fashionlab.reports.run.text import report_lines
    from fashionlab.reports.runs.text import side_by_side_lines
    from fashionlab.reports.tables import runs_table

    run, *others = names
    execution = lab.ExecutionOptions(data_dir=data_dir)
    if others:
        several = lab.report(run, *others, runs=runs, on=on, trust=trust, execution=execution)
        if as_json:
            print_json({"page": str(several.path), "report": several.summary})
        else:
            shared = list(filter(None, [several.summary.shared]))
            print_table(runs_table([each.line for each in several.summary.runs], shared))
            for line in side_by_side_lines(several.summary):
                print_line(line)
            print_line(several.path)
        open_if_asked(several.path)
        return
    if lab.is_study(run, runs=runs) and on is None:
        show_result(lab.report_study(run, runs=runs, execution=execution), as_json)
        return
    made = lab.report(run, runs=runs, on=on, trust=trust, execution=execution)
    if as_json:
        print_json({"page": str(made.path), "card": str(made.card), "report": made.summary})
    else:
        for line in report_lines(made.summary):
            print_line(line)
        print_line(made.path)
    open_if_asked(made.path)

"""`fashionlab data`."""

from pathlib import Path
from typing import Any

import click

from fashionlab.cli.common import DATA_DIR, JSON, RUNS, print_json, print_line, print_table


def _run(dataset: str, seed: int, runs: Path, data_dir: Path | None, as_json: bool, **preparation: Any) -> None:
    from fashionlab import lab

    found = lab.describe_data(dataset, data_dir=data_dir, seed=seed, folder=runs / "data", **preparation)
    if as_json:
        print_json({"data": found.description, "figures": [str(path) for path in found.figures]})
        return
    from fashionlab.reports.tables import data_table

    print_table(data_table(found.description))
    for figure in found.figures:
        print_line(figure)


data = click.Command(
    "data",
    callback=_run,
    params=[
        click.Argument(["dataset"], default="fashion-mnist", required=False),
        click.Option(["--seed"], default=0, type=click.IntRange(0, 2**32 - 1), help="Seed of the split.  [0]"),
        click.Option(["--resize"], default=None, metavar="SIDE", help="Bring images to this many pixels a side."),
        click.Option(
            ["--resize-how"], default="pad", metavar="pad|crop|fit", help="How, where proportions differ.  [pad]"
        ),
        click.Option(["--stretch"], is_flag=True, help="Spread the grey values that are used over 0 to 255."),
        click.Option(["--invert"], is_flag=True, help="Exchange dark and bright."),
        RUNS,
        DATA_DIR,
        JSON,
    ],
    help="""Get the data set, check it, and show what is in it.

    DATASET is fashion-mnist (the default), digits, or the path of your own: a folder of image folders, an .npz, a .csv
    or a folder of IDX files. Prints where the data came from, counts, pixel statistics and the split, and writes a
    figure of samples, as the network will see them, into the folder of the runs. The test set is counted, not used.
    """,
)

"""`fashionlab data`."""

from pathlib import Path

import click

from fashionlab.cli.common import DATA_DIR, JSON, RUNS, print_json, print_line, print_table


def _run(dataset: str, seed: int, runs: Path, data_dir: Path | None, as_json: bool) -> None:
    from fashionlab import lab

    found = lab.describe_data(dataset, data_dir=data_dir, seed=seed, folder=runs / "data")
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
        RUNS,
        DATA_DIR,
        JSON,
    ],
    help="""Get the data set, check it, and show what is in it.

    DATASET is fashion-mnist (the default), digits, or the path of your own: a folder of IDX files, an .npz, or a folder
    of image folders. Prints where the data came from, counts, pixel statistics and the split, and writes a figure of
    samples into the folder of the runs. The test set is counted, not used.
    """,
)

"""`fashionlab data`."""

from pathlib import Path

import click
from msgspec.structs import asdict

from fashionlab.cli.common import DATA_DIR, JSON, RUNS, print_json, print_line, print_table
from fashionlab.cli.options import SettingsCommand, one_model, split_arguments
from fashionlab.images import AS_FOUND
from fashionlab.recipe.config import SEED


def _run(arguments: tuple[str, ...], runs: Path, data_dir: Path | None, as_json: bool) -> None:
    from fashionlab import lab

    words, settings = split_arguments(arguments)
    dataset = one_model(words, "data set") or "fashion-mnist"
    seed = SEED.convert(settings.pop("seed", SEED.default))
    found = lab.describe_data(dataset, data_dir=data_dir, seed=seed, folder=runs / "data", **settings)
    if as_json:
        print_json({"data": found.description, "figures": [str(path) for path in found.figures]})
        return
    from fashionlab.reports.tables import data_table

    print_table(data_table(found.description))
    for figure in found.figures:
        print_line(figure)


data = SettingsCommand(
    "data",
    only=(*asdict(AS_FOUND), "seed"),
    callback=_run,
    options_metavar="[DATASET] [--SETTING VALUE ...]",
    params=[
        click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED, metavar=""),
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

"""`fashionlab compare`."""

from pathlib import Path
from typing import Any

import click

from fashionlab.cli.common import DATA_DIR, JSON, RUNS
from fashionlab.cli.settings import SettingsCommand, given_settings, setting_options, split_arguments
from fashionlab.cli.study import TERMS, show, term_options


def _run(
    arguments: tuple[str, ...],
    baseline: str | None,
    dry_run: bool,
    no_test: bool,
    no_report: bool,
    runs: Path,
    data_dir: Path | None,
    as_json: bool,
    **others: Any,
) -> None:
    from fashionlab import lab

    models, own = split_arguments(arguments)
    terms = {name: others.pop(name) for name in TERMS}
    result = lab.compare(
        *models, baseline=baseline, runs=runs, data_dir=data_dir, report=not no_report, dry_run=dry_run,
        test=not no_test, **terms, **given_settings(others, own),
    )  # fmt: skip
    show(result, as_json)


compare = SettingsCommand(
    "compare",
    callback=_run,
    context_settings={"ignore_unknown_options": True},
    options_metavar="MODEL MODEL ... [--FIELD VALUE ...]",
    params=[
        click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED, metavar=""),
        click.Option(
            ["--baseline"],
            default=None,
            metavar="MODEL",
            help="Beside which the others are judged.  [the best on the judge half]",
        ),
        *term_options(5),
        RUNS,
        DATA_DIR,
        JSON,
        *setting_options(without=("seed",)),
    ],
    help="""Which model is better? Train each with the same seeds on the same pictures, and judge.

    MODEL is a name of the catalogue, path/to/file.py:build, or a recipe file *.toml. A setting applies to the models
    that have it. All seeds are used. Also shown: size, training time, memory, prediction time, how far the models
    agree, and the pictures that all get wrong. A comparison is continued with fashionlab study --continue.

    \b
    fashionlab compare logistic forest mlp cnn --seeds 5
    fashionlab compare mlp cnn --baseline mlp --epochs 12
    """,
)

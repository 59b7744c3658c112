"""`fashionlab compare`."""

from typing import Any

import click

from fashionlab.cli.common import JSON, RUNS, show_result
from fashionlab.cli.options import SettingsCommand, split_arguments
from fashionlab.cli.study import WHERE, execution_of, question, show_plan


def _run(arguments: tuple[str, ...], plan: bool, as_json: bool, **options: Any) -> None:
    from fashionlab import lab

    models, settings = split_arguments(arguments)
    execution, no_test = execution_of(options), options.pop("no_test")
    asked = {"execution": execution, "test": not no_test, **options, **settings}
    if plan:
        show_plan(lab.plan_comparison(*models, **asked), as_json)
    else:
        show_result(lab.compare(*models, **asked), as_json)


compare = SettingsCommand(
    "compare",
    without=("seed",),
    callback=_run,
    options_metavar="MODEL MODEL ... [--SETTING VALUE ...]",
    params=[
        click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED, metavar=""),
        click.Option(
            ["--baseline"],
            default=None,
            metavar="MODEL",
            help="The reference for the others.  [the best on the held-out judging set]",
        ),
        *question(5),
        click.Option(["--plan"], is_flag=True, help="Check everything, print the plan, and run nothing."),
        *WHERE,
        RUNS,
        JSON,
    ],
    help="""Which model is better? Train each with the same seeds on the same images, and judge.

    MODEL is a name of the registry, path/to/file.py:build, or a recipe file *.toml. A setting applies to the models
    that have it. All seeds are used. Also shown: size, training time, memory, prediction time, how far the models
    agree, and the images that all misclassify. fashionlab study resume goes on with a comparison.

    \b
    fashionlab compare logistic forest mlp cnn --seeds 5
    fashionlab compare mlp cnn --baseline mlp --epochs 12
    """,
)

"""`fashionlab search`, in groups: run (which may be left out), resume, show."""

from pathlib import Path
from typing import Any

import click

from fashionlab.cli.common import BACKEND, JSON, OPEN, RUNS, TRAINER, show_result
from fashionlab.cli.options import SettingsCommand, one_model, split_arguments
from fashionlab.cli.study import WHERE, execution_of
from fashionlab.cli.words import RunWords

EXAMPLES = """
    \b
    fashionlab search mlp --vary learning_rate=0.0003..0.01:log --vary dropout=0..0.5 --trials 20
    fashionlab search mlp --vary optimizer=adamw/sgd --vary learning_rate=0.0003..0.3:log --vary momentum=0..0.95
    fashionlab search mlp --vary widths=256,128/512,256/512 --vary batch_size=32..256:32 --minutes 10
    fashionlab search my-search.toml
    fashionlab search resume last --trials 40
"""


def _run(arguments: tuple[str, ...], as_json: bool, **options: Any) -> None:
    from fashionlab import lab

    words, settings = split_arguments(arguments)
    execution = execution_of(options)
    prune = False if options.pop("no_prune") else None
    found = lab.search(one_model(words) or "mlp", execution=execution, prune=prune, **options, **settings)
    show_result(found, as_json)


_TRIALS = click.Option(
    ["--trials"], default=None, type=int, metavar="N", help="How many trials, at most.  [20, or as --minutes allow]"
)
_SEEDS = click.Option(
    ["--seeds"], default=None, type=int, metavar="N", help="Seeds of the confirmation, at most.  [10]"
)

run = SettingsCommand(
    "run",
    callback=_run,
    options_metavar="[MODEL | FILE.toml] --vary NAME=RANGE ... [--SETTING VALUE ...]",
    params=[
        click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED, metavar=""),
        click.Option(
            ["--vary"],
            multiple=True,
            metavar="NAME=RANGE",
            help="A setting to search over: NAME=LOW..HIGH, with :log for a uniform logarithm or :STEP, or choices as "
            "NAME=ONE/ANOTHER. May be repeated.",
        ),
        _TRIALS,
        click.Option(["--objective"], default=None, metavar="NAME", help="What is best: accuracy or loss.  [accuracy]"),
        click.Option(["--no-prune"], is_flag=True, help="Make every trial to its end, however poor its curve."),
        _SEEDS,
        click.Option(["--margin"], default=None, type=float, metavar="POINTS", help="What matters in practice.  [0.2]"),
        click.Option(["--title"], default=None, metavar="TEXT", help="What the question is, for the page."),
        TRAINER,
        BACKEND,
        *WHERE,
        RUNS,
        JSON,
    ],
    help=f"""Search for better settings, then find out whether the best are really better than the default.

    The first trial is the default (where the ranges hold it), the others are proposed by Optuna's TPE; poor ones
    are stopped by their validation curve. All have one seed. Half of the validation set stops the training, the other
    half scores. As the best of many trials flatters itself, it is then compared with the default in an ordinary study,
    on seeds that no trial has used. No trial begins in the last four tenths of --minutes, which are for that study.
    The test set is not evaluated. May be stopped, or killed, and resumed at any time.
{EXAMPLES}""",
)


@click.command(params=[click.Argument(["search"], default="last"), _TRIALS, _SEEDS, *WHERE, RUNS, JSON])
def resume(search: str, as_json: bool, **options: Any) -> None:
    """Go on with a search that was stopped or killed, or that is to have more trials.

    SEARCH is its name, its path, or last. Finished trials count as they are. Where another one is the best by then, it
    is confirmed anew.
    """
    from fashionlab import lab

    execution = execution_of(options)
    show_result(lab.resume_search(search, execution=execution, **options), as_json)


@click.command(params=[click.Argument(["search"], default="last"), OPEN, RUNS, JSON])
def show(search: str, runs: Path, as_json: bool) -> None:
    """Show what a search has found so far, finished or not."""
    from fashionlab import lab

    show_result(lab.open_search(search, runs=runs), as_json)


search = RunWords(
    "search",
    commands=[run, resume, show],
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    subcommand_metavar="[run] | resume | show",
    help=f"""Search for better settings, and confirm the best on fresh seeds. `run` may be left out:
{EXAMPLES}
    fashionlab search run --help explains how a search is made and lists the settings.
    """,
)

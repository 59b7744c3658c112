"""`fashionlab study`, in groups: run (which may be left out), plan, resume, import, list, show."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fashionlab.cli.common import (
    BACKEND,
    DATA_DIR,
    JSON,
    LOG,
    NO_REPORT,
    NO_TEST,
    OPEN,
    RUNS,
    TRAINER,
    open_if_asked,
    print_json,
    print_line,
    print_table,
    show_result,
)
from fashionlab.cli.options import SettingsCommand, one_model, split_arguments
from fashionlab.cli.words import RunWords

if TYPE_CHECKING:
    from fashionlab.lab import ExecutionOptions
    from fashionlab.studies.overview import PlanOverview

CHANGES = click.Option(
    ["--change", "changes"],
    multiple=True,
    metavar="'NAME=VALUE ...'",
    help="An arm of the study: the baseline with this changed, any setting or the model. Several settings in one arm "
    "are separated by spaces; NAME: in front names the arm. May be repeated.",
)
ABLATE = click.Option(["--ablate"], is_flag=True, help="An arm for each regularizer that is on, with it turned off.")
ORIGIN = click.Option(
    ["--from", "origin"],
    default=None,
    metavar="STUDY[:ARM]",
    help="Go on from the runs of an earlier study, its baseline or ARM: each run from the weights and the split of the "
    "run with its seed. What is not given is taken over from that arm's recipe.",
)
ALL_SEEDS = click.Option(["--all-seeds"], is_flag=True, help="Go on to the last seed even if every arm is decided.")

WHERE = [
    click.Option(["--minutes"], default=None, type=float, metavar="N", help="No run begins after so many minutes."),
    click.Option(["--workers"], default=None, type=int, metavar="N", help="Runs at a time.  [one a core]"),
    click.Option(
        ["--executor"],
        default="local",
        metavar="NAME",
        help="What executes the runs: local (processes here) or ray (a cluster).  [local]",
    ),
    click.Option(
        ["--address"],
        default=None,
        metavar="ADDRESS",
        help="The Ray cluster: auto, HOST:PORT or ray://HOST:PORT.  [one on this machine alone]",
    ),
    NO_REPORT,
    OPEN,
    LOG,
    DATA_DIR,
]
"""How the runs are executed, which changes no verdict."""


def question(seeds: int) -> list[click.Parameter]:
    """What studies and comparisons ask for; seeds: the default number."""
    return [
        click.Option(
            ["--seeds"],
            default=None,
            type=int,
            metavar="N",
            help=f"How many seeds, at most. Intervals are made for this number, so say at the start how many you are "
            f"ready to run.  [{seeds}]",
        ),
        click.Option(
            ["--first-seed"],
            default=None,
            type=int,
            metavar="N",
            help="The first of them.  [100: searches use lower ones]",
        ),
        click.Option(["--margin"], default=None, type=float, metavar="POINTS", help="What matters in practice.  [0.2]"),
        click.Option(["--title"], default=None, metavar="TEXT", help="What the question is, for the page."),
        TRAINER,
        BACKEND,
        NO_TEST,
    ]


def execution_of(options: dict[str, Any]) -> "ExecutionOptions":
    """Take the options of WHERE out of a command's."""
    from fashionlab.lab import ExecutionOptions

    names = ("minutes", "workers", "executor", "address", "log", "data_dir")
    return ExecutionOptions(report=not options.pop("no_report"), **{name: options.pop(name) for name in names})


def _asked(arguments: tuple[str, ...], options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `lab.study` and `lab.plan_study`."""
    words, settings = split_arguments(arguments)
    execution, no_test = execution_of(options), options.pop("no_test")
    return {"model": one_model(words), "execution": execution, "test": not no_test, **options, **settings}


def _run(arguments: tuple[str, ...], as_json: bool, **options: Any) -> None:
    from fashionlab import lab

    show_result(lab.study(**_asked(arguments, options)), as_json)


def _plan(arguments: tuple[str, ...], as_json: bool, **options: Any) -> None:
    from fashionlab import lab

    show_plan(lab.plan_study(**_asked(arguments, options)), as_json)


def show_plan(plan: "PlanOverview", as_json: bool) -> None:
    """Print what a study or comparison would do."""
    from fashionlab.reports.progress.study import plan_lines

    if as_json:
        print_json(plan)
    else:
        for line in plan_lines(plan):
            print_line(line)
    open_if_asked(None)


EXAMPLES = """
    \b
    fashionlab study mlp --change dropout=0 --change norm=none
    fashionlab study mlp --epochs 12 --change "wide: widths=512,256 dropout=0.4"
    fashionlab study mlp --change model=cnn
    fashionlab study mlp --ablate --epochs 12 --seeds 10
    fashionlab study my-study.toml --minutes 30
    fashionlab study --from last --change learning_rate=0.0001
    fashionlab study resume last --seeds 30 --change label_smoothing=0.1
"""

_WORDS = click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED, metavar="")

run = SettingsCommand(
    "run",
    without=("seed",),
    callback=_run,
    options_metavar="[MODEL | FILE.toml] --change 'NAME=VALUE ...' [--SETTING VALUE ...]",
    params=[_WORDS, CHANGES, ABLATE, ORIGIN, *question(10), ALL_SEEDS, *WHERE, RUNS, JSON],
    help=f"""Does this change really help? Train each change next to the baseline, seed by seed, and judge.

    The baseline is a MODEL (as for train) with any of the settings below, or a FILE.toml. Under one seed all arms have
    the same split, order and initial weights. Half of the validation set stops the training, the other half judges.
    Each change is found to help, to hurt, to make no practical difference (less than the margin), or is undecided; the
    study ends by itself when all are decided, and may be watched, stopped and resumed at any time without harm to what
    the verdicts promise. The test set is evaluated once, at the end, with the same runs: a check on other images, not
    on other trainings.
{EXAMPLES}""",
)

plan = SettingsCommand(
    "plan",
    without=("seed",),
    callback=_plan,
    options_metavar="[MODEL | FILE.toml] --change 'NAME=VALUE ...' [--SETTING VALUE ...]",
    params=[_WORDS, CHANGES, ABLATE, ORIGIN, *question(10), ALL_SEEDS, *WHERE, RUNS, JSON],
    help="""Check everything that a study needs, print its plan and its estimated time, and run nothing.

    Takes what fashionlab study run takes.
    """,
)


@click.command(params=[click.Argument(["study"], default="last"), CHANGES, ALL_SEEDS, *WHERE, NO_TEST, RUNS, JSON])
@click.option("--seeds", default=None, type=int, metavar="N", help="How many seeds, at most, from now on.")
@click.option(
    "--trust", multiple=True, metavar="SHA256",
    help="Vouch for the own model file of a study from elsewhere, by the start of its SHA-256; it will be executed. "
    "May be repeated.",
)  # fmt: skip
def resume(study: str, as_json: bool, **options: Any) -> None:
    """Go on with a study that was stopped, or of which one wants to know more.

    STUDY is its name, its path, or last. Finished runs count as they are; changes added now are judged a little more
    strictly than those that were declared at the start.
    """
    from fashionlab import lab

    execution, no_test = execution_of(options), options.pop("no_test")
    all_seeds = options.pop("all_seeds") or None
    test = False if no_test else None
    result = lab.resume_study(study, execution=execution, all_seeds=all_seeds, test=test, **options)
    show_result(result, as_json)


@click.command(
    "import", params=[click.Argument(["file"], type=click.Path(path_type=Path)), NO_REPORT, OPEN, RUNS, JSON]
)
@click.option("--baseline", default=None, metavar="ARM", help="The reference for the others.  [baseline, or the best]")
@click.option("--images", default=None, type=int, metavar="N", help="How many images each score was measured on.")
@click.option("--margin", default=None, type=float, metavar="POINTS", help="What matters in practice.  [0.2]")
@click.option("--title", default=None, metavar="TEXT", help="What the question is, for the page.")
def import_(file: Path, as_json: bool, no_report: bool, **options: Any) -> None:
    """Judge runs that were made with any tool, from a table of their results.

    FILE is a CSV file with the columns seed, arm, score: accuracies, all as fractions or all as per cent. Or it has the
    columns seed, arm, image, correct, with a row for each image of each run, and correct 0 or 1. The runs of one seed
    are a pair; a seed of which an arm is lacking is left out of that arm's verdict, and named.

    \b
    fashionlab study import results.csv
    fashionlab study import results.csv --baseline adamw --images 10000
    """
    from fashionlab import lab

    show_result(lab.import_study(file, report=not no_report, **options), as_json)


@click.command("list", params=[RUNS, JSON])
def list_(runs: Path, as_json: bool) -> None:
    """List the studies, oldest first, with their verdicts."""
    from fashionlab import lab
    from fashionlab.reports.study.text import studies_table

    lines = lab.list_studies(runs=runs)
    if as_json:
        print_json(lines)
    elif lines:
        print_table(studies_table(lines))
    else:
        print_line(f"no studies in {runs} yet; make one with: fashionlab study mlp --change dropout=0")


@click.command(params=[click.Argument(["study"], default="last"), OPEN, RUNS, JSON])
def show(study: str, runs: Path, as_json: bool) -> None:
    """Show what a study has found so far, finished or not."""
    from fashionlab import lab

    show_result(lab.open_study(study, runs=runs), as_json)


study = RunWords(
    "study",
    commands=[run, plan, resume, import_, list_, show],
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    subcommand_metavar="[run] | plan | resume | import | list | show",
    help=f"""Find out whether a change really helps, seed by seed. `run` may be left out:
{EXAMPLES}
    fashionlab study run --help explains how a study is made and lists the settings.
    """,
)

"""`fashionlab study`."""

from pathlib import Path
from typing import Any

import click

from fashionlab.cli.common import DATA_DIR, JSON, RUNS, print_json, print_table
from fashionlab.cli.settings import SettingsCommand, given_settings, one_model, setting_options, split_arguments


def _run(
    arguments: tuple[str, ...],
    change: tuple[str, ...],
    take_away: bool,
    continued: str | None,
    as_list: bool,
    all_seeds: bool,
    dry_run: bool,
    no_test: bool,
    no_report: bool,
    trust: tuple[str, ...],
    runs: Path,
    data_dir: Path | None,
    as_json: bool,
    **others: Any,
) -> None:
    from fashionlab import lab

    words, own = split_arguments(arguments)
    model = one_model(words)
    terms = {name: others.pop(name) for name in TERMS}
    given = given_settings(others, own)
    common: dict[str, Any] = {"runs": runs, "data_dir": data_dir, "report": not no_report, "changes": change}
    if as_list:
        _list(lab.list_studies(runs=runs), runs, as_json)
        return
    if continued is None:
        if trust:
            raise click.UsageError("--trust goes with --continue; a file that you name yourself needs none.")
        result = lab.study(
            model or "mlp", **common, **terms, **given,
            take_away=take_away, all_seeds=all_seeds, dry_run=dry_run, test=not no_test,
        )  # fmt: skip
    else:
        fixed = {name: terms.pop(name) for name in ("first_seed", "margin", "title", "trainer", "backend")}
        if model or given or take_away or dry_run or any(value not in (None, "auto") for value in fixed.values()):
            raise click.UsageError(
                "--continue goes on with the study's own plan; beside it go --change, --seeds, --all-seeds, "
                "--minutes, --workers, --engine, --address and --no-test."
            )
        options: dict[str, Any] = {"all_seeds": all_seeds or None, "test": False if no_test else None, "trust": trust}
        result = lab.continue_study(continued, **common, **terms, **options)
    show(result, as_json)


def show(result: Any, as_json: bool) -> None:
    """Print what a study found, or the plan of a dry run."""
    if isinstance(result, dict):
        from fashionlab.reports.progress.study import plan_lines

        if as_json:
            print_json(result)
        else:
            click.echo("\n".join(plan_lines(result)))
        return
    if as_json:
        print_json(result.summary)
        return
    from fashionlab.reports.study.text import summary_lines

    print_table(result.table())
    for line in summary_lines(result.summary):
        click.echo(line)
    click.echo(result.page or result.path)


def _list(rows: list[dict[str, Any]], runs: Path, as_json: bool) -> None:
    if as_json:
        print_json(rows)
    elif rows:
        from fashionlab.reports.study.text import studies_table

        print_table(studies_table(rows))
    else:
        click.echo(f"no studies in {runs} yet; make one with: fashionlab study mlp --change dropout=0")


TERMS = ("seeds", "first_seed", "margin", "minutes", "title", "workers", "engine", "address", "trainer", "backend")


def term_options(seeds: int) -> list[click.Parameter]:
    """The options that studies and comparisons share; seeds: the default number."""
    return [
        click.Option(["--seeds"], default=None, metavar="N", help=f"How many seeds, at most.  [{seeds}]"),
        click.Option(["--first-seed"], default=None, metavar="N", help="The first of them.  [0]"),
        click.Option(["--margin"], default=None, metavar="POINTS", help="What matters in practice.  [0.2]"),
        click.Option(["--minutes"], default=None, metavar="N", help="No run begins after so many minutes."),
        click.Option(["--workers"], default=None, type=int, metavar="N", help="Runs at a time.  [one a core]"),
        click.Option(
            ["--engine"],
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
        click.Option(["--title"], default=None, metavar="TEXT", help="What the question is, for the page."),
        click.Option(["--trainer"], default="auto", metavar="NAME", help="As for train.  [auto]"),
        click.Option(["--backend"], default="auto", metavar="NAME", help="As for train.  [auto]"),
        click.Option(["--dry-run"], is_flag=True, help="Check everything, print the plan, and run nothing."),
        click.Option(["--no-test"], is_flag=True, help="Leave the test part closed at the end."),
        click.Option(["--no-report"], is_flag=True, help="Make no page at the end."),
    ]


study = SettingsCommand(
    "study",
    callback=_run,
    context_settings={"ignore_unknown_options": True},
    options_metavar="[MODEL | FILE.toml] --change 'NAME=VALUE ...' [--FIELD VALUE ...]",
    params=[
        click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED, metavar=""),
        click.Option(
            ["--change"],
            multiple=True,
            metavar="'NAME=VALUE ...'",
            help="An arm of the study: the baseline with this changed, any setting or the model. Several settings in "
            "one arm stand apart by spaces; NAME: in front gives it a name. May be said several times.",
        ),
        click.Option(
            ["--take-away"], is_flag=True, help="An arm for each regularizer that is on, without it: the ablation."
        ),
        click.Option(
            ["--continue", "continued"], default=None, metavar="STUDY", help="Go on with a study: name, path, or last."
        ),
        click.Option(["--list", "as_list"], is_flag=True, help="List the studies."),
        *term_options(10),
        click.Option(["--all-seeds"], is_flag=True, help="Go on to the last seed even if every arm is decided."),
        click.Option(
            ["--trust"], multiple=True, metavar="SHA256",
            help="With --continue: vouch for the study's own model file by the start of its SHA-256.",
        ),
        RUNS,
        DATA_DIR,
        JSON,
        *setting_options(without=("seed",)),
    ],
    help="""Does this change really help? Train each change beside the baseline, seed by seed, and judge.

    The baseline is a MODEL (as for train) with any of the settings below, or a FILE.toml. Under one seed all arms have
    the same split, order and initial weights. Half of the validation part stops the training, the other half judges.
    Each change is found to help, to hurt, to make no practical difference (less than the margin), or is undecided; the
    study ends by itself when all are decided, and may be watched, stopped and continued at any time without harm to
    what the verdicts promise. The test part is opened once, at the end, for confirmation.

    \b
    fashionlab study mlp --change dropout=0 --change batch_norm=false
    fashionlab study mlp --epochs 12 --change "wide: widths=512,256 dropout=0.4"
    fashionlab study mlp --change model=cnn
    fashionlab study mlp --take-away --epochs 12 --seeds 10
    fashionlab study my-study.toml --minutes 30
    fashionlab study --continue last --seeds 30 --change label_smoothing=0.1
    """,
)  # fmt: skip

"""`fashionlab train`."""

from pathlib import Path
from typing import Any

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
    TRUST,
    open_if_asked,
    print_json,
    print_line,
    print_table,
)
from fashionlab.cli.options import SettingsCommand, one_model, split_arguments


def _run(
    arguments: tuple[str, ...],
    trainer: str,
    backend: str,
    resume: str | None,
    origin: str | None,
    no_test: bool,
    no_report: bool,
    no_snapshots: bool,
    data_dir: Path | None,
    log: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    from fashionlab import lab

    words, settings = split_arguments(arguments)
    model = one_model(words)
    execution = lab.ExecutionOptions(data_dir=data_dir, report=not no_report, log=log, snapshots=not no_snapshots)
    again, refit, runs, trust = (options[name] for name in ("again", "refit", "runs", "trust"))
    if trust and resume is None and origin is None:
        raise click.UsageError("--trust goes with --resume and --from; a file that you name yourself needs none.")
    if resume is None:
        trained = lab.train(
            model, origin=origin, trainer=trainer, backend=backend, test=not no_test, execution=execution, **options,
            **settings,
        )  # fmt: skip
    elif model or settings or origin or again or refit or no_test or (trainer, backend) != ("auto", "auto"):
        raise click.UsageError("--resume goes on with the run's own recipe; give it no model and no settings.")
    else:
        trained = lab.resume(resume, runs=runs, trust=trust, execution=execution)
    if as_json:
        print_json({"run": str(trained.path), "metrics": trained.metrics})
    else:
        from fashionlab.reports.tables import result_table

        print_table(result_table(trained.metrics))
        if figures := trained.figures:
            print_line(f"{len(figures)} figures in {figures[0].parent}")
        # Last and alone on its line: it is what one goes on with.
        print_line(trained.page or trained.path)
    open_if_asked(trained.page)


train = SettingsCommand(
    "train",
    callback=_run,
    options_metavar="[MODEL] [--SETTING VALUE ...]",
    params=[
        click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED, metavar=""),
        click.Option(["--resume"], default=None, metavar="RUN", help="Finish a stopped run: name, path, or last."),
        click.Option(
            ["--from", "origin"],
            default=None,
            metavar="RUN",
            help="Go on from the weights of a finished run: name, path, or last. What is not given is taken over from "
            "its recipe, the seed and the epochs too; the split is its split. The optimizer starts anew.",
        ),
        click.Option(["--again"], is_flag=True, help="Train even if an identical run exists."),
        click.Option(
            ["--refit"],
            is_flag=True,
            help="Then train on training and validation rows together, for the epochs that validation chose.",
        ),
        NO_TEST,
        TRAINER,
        BACKEND,
        NO_REPORT,
        OPEN,
        click.Option(
            ["--no-snapshots"], is_flag=True, help="Keep nothing for the page to show how the network changed."
        ),
        LOG,
        RUNS,
        DATA_DIR,
        TRUST,
        JSON,
    ],
    help="""Train a model, evaluate it, and keep it as a run.

    MODEL is a name of the registry (the default is mlp, the reference network), your own model as
    path/to/file.py:build, or a recipe file *.toml. Any setting of the recipe and any option of the model can be set.
    Ctrl-C leaves a run that can be resumed; a model that is not a neural network starts over.

    \b
    fashionlab train
    fashionlab train mlp --dropout 0.2 --epochs 12 --seed 3
    fashionlab train forest --n-estimators 50
    fashionlab train --dataset digits
    fashionlab train --resume last
    fashionlab train --from last --epochs 12 --learning-rate 0.0005
    """,
)

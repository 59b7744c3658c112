"""`fashionlab train`."""

from pathlib import Path

import click

from fashionlab.cli.common import DATA_DIR, JSON, RUNS, TRUST, print_json, print_table
from fashionlab.cli.settings import SettingsCommand, given_settings, one_model, setting_options, split_arguments


def _run(
    arguments: tuple[str, ...],
    trainer: str,
    backend: str,
    resume: str | None,
    again: bool,
    refit: bool,
    no_test: bool,
    no_report: bool,
    runs: Path,
    data_dir: Path | None,
    trust: str | None,
    as_json: bool,
    **settings: str | None,
) -> None:
    from fashionlab import lab

    words, own = split_arguments(arguments)
    model, given = one_model(words), given_settings(settings, own)
    if trust and resume is None:
        raise click.UsageError("--trust goes with --resume; a file that you name yourself needs none.")
    if resume is None:
        trained = lab.train(
            model or "mlp",
            runs=runs,
            data_dir=data_dir,
            trainer=trainer,
            backend=backend,
            again=again,
            refit=refit,
            test=not no_test,
            report=not no_report,
            **given,
        )
    elif model or given or again or refit or no_test or (trainer, backend) != ("auto", "auto"):
        raise click.UsageError("--resume goes on with the run's own recipe; give it no model and no settings.")
    else:
        trained = lab.resume(resume, runs=runs, data_dir=data_dir, trust=trust, report=not no_report)
    if as_json:
        print_json({"run": str(trained.path), "metrics": trained.metrics})
        return
    from fashionlab.reports.tables import result_table

    print_table(result_table(trained.metrics))
    for path in [*trained.figures, trained.page]:
        if path:
            click.echo(path)


train = SettingsCommand(
    "train",
    callback=_run,
    context_settings={"ignore_unknown_options": True},
    options_metavar="[MODEL] [--FIELD VALUE ...]",
    params=[
        click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED, metavar=""),
        *setting_options(),
        click.Option(
            ["--trainer"],
            default="auto",
            metavar="NAME",
            help="How epochs are run: fused (JAX), tape (a tf.GradientTape loop), fit (Keras' own), or auto, the "
            "fastest for the model here.  [auto]",
        ),
        click.Option(
            ["--backend"], default="auto", metavar="NAME", help="What fit runs on: jax or tensorflow.  [auto]"
        ),
        click.Option(["--resume"], default=None, metavar="RUN", help="Finish a stopped run: name, path, or last."),
        click.Option(["--again"], is_flag=True, help="Train even if an equal run is there already."),
        click.Option(
            ["--refit"],
            is_flag=True,
            help="Then train on training and validation rows together, for the epochs that validation chose.",
        ),
        click.Option(["--no-test"], is_flag=True, help="Leave the test part closed: for choosing between settings."),
        click.Option(["--no-report"], is_flag=True, help="Make no page at the end; fashionlab report makes it later."),
        RUNS,
        DATA_DIR,
        TRUST,
        JSON,
    ],
    help="""Train a model, evaluate it, and keep it as a run.

    MODEL is a name of the catalogue (the default is mlp, the reference network), your own model as
    path/to/file.py:build, or a recipe file *.toml. Any field of the recipe can be set. Ctrl-C leaves a run that can
    be resumed; a model that is no network starts over.

    \b
    fashionlab train
    fashionlab train mlp --dropout 0.2 --epochs 12 --seed 3
    fashionlab train forest --n-estimators 50
    fashionlab train --dataset digits
    fashionlab train --resume last
    """,
)

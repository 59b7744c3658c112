"""`fashionlab train`."""

from pathlib import Path
from typing import Any

import click

from fashionlab.cli.common import DATA_DIR, JSON, RUNS, TRUST, print_json, print_table
from fashionlab.models import CATALOGUE, find_architecture
from fashionlab.settings import Setting, settings_of
from fashionlab.training.recipe import SEED, Data, Fit, common_settings


class _TrainCommand(click.Command):
    """A command whose help lists the recipe's settings and each model's options in sections of their own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections = {
            "Data": [*settings_of(Data).values(), SEED],
            "Training": list(settings_of(Fit).values()),
        }
        for name in CATALOGUE:
            architecture = find_architecture(name)
            sections[f"Model {name}: {architecture.description}"] = list(architecture.settings.values())
        for title, settings in sections.items():
            with formatter.section(title):
                formatter.write_dl([(f"{s.flag} VALUE", _help(s)) for s in settings])
        fields = {s.name for settings in sections.values() for s in settings}
        with formatter.section("This command"):
            records = [p.get_help_record(ctx) for p in self.get_params(ctx) if p.name not in fields]
            formatter.write_dl([record for record in records if record])


def _help(setting: Setting) -> str:
    default = setting.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default).lower()
    return f"{setting.description}: {setting.expected}  [{shown}]"


def _setting_options() -> list[click.Parameter]:
    settings = common_settings()
    for name in CATALOGUE:
        settings |= find_architecture(name).settings
    return [click.Option([s.flag], default=None, type=str) for s in settings.values()]


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

    model, own = _split(arguments)
    given: dict[str, Any] = {**own, **{name: value for name, value in settings.items() if value is not None}}
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


def _split(arguments: tuple[str, ...]) -> tuple[str | None, dict[str, str]]:
    """The model's name, and the options that only a user's own model can know, as `--name value` or `--name=value`."""
    model: str | None = None
    own: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if not equals and (not rest or rest[0].startswith("--")):
                raise click.UsageError(f"{word} needs a value.")
            own[name.replace("-", "_")] = value if equals else rest.pop(0)
        elif word.startswith("-"):
            raise click.NoSuchOption(word)
        elif model is None:
            model = word
        else:
            raise click.UsageError(f"given two models, {model!r} and {word!r}, expected one.")
    return model, own


train = _TrainCommand(
    "train",
    callback=_run,
    context_settings={"ignore_unknown_options": True},
    options_metavar="[MODEL] [--FIELD VALUE ...]",
    params=[
        click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED, metavar=""),
        *_setting_options(),
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
    be resumed.

    \b
    fashionlab train
    fashionlab train mlp --dropout 0.2 --epochs 12 --seed 3
    fashionlab train --dataset digits
    fashionlab train --resume last
    """,
)

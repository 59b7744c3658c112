"""Runs at a glance: a line for a list, and all about one."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from fashionlab.errors import StoreError
from fashionlab.recipe.difference import Changed, Changes, from_default
from fashionlab.recipe.spec import RunSpec
from fashionlab.store.ledger import Ledger
from fashionlab.store.results import Environment, Metrics, SetMetrics
from fashionlab.store.run import Run


class SetLine(Struct, frozen=True):
    """The accuracy (fraction, with its 95 % interval) and the loss (nats) on one set of n images."""

    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    loss: float


class RunLine(Struct, frozen=True, kw_only=True):
    """A run in a list. model, seed and all below are None or empty where the run is damaged, of which `damaged` is the
    reason; results are None while it is unfinished.

    path: its folder; origin: the run from whose weights it starts, None for none; settings: all, by name, but the
    seed; changes: those that are not the model's default (see `tell_apart`); facts: what else decides its numbers;
    group: the same for runs that differ in the seed alone; epochs: trained; seconds: of training; size: bytes on disk.
    """

    run: str
    path: str
    model: str | None = None
    dataset: str | None = None
    seed: int | None = None
    refit: bool = False
    origin: str | None = None
    settings: dict[str, Any] = {}
    changes: Changes = {}
    facts: dict[str, Any] = {}
    group: str | None = None
    complete: bool
    damaged: str | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    validation: SetLine | None = None
    test: SetLine | None = None
    seconds: float | None = None
    size: int


class RunDetails(Struct, frozen=True, kw_only=True):
    """All about one run. environment, metrics: None while it is unfinished; test_evaluations: how often the test set of
    its data has been evaluated in its folder of runs; figures: paths of its PNGs."""

    run: str
    complete: bool
    spec: RunSpec
    environment: Environment | None
    metrics: Metrics | None
    test_evaluations: int
    figures: tuple[str, ...]


def line_of(run: Run) -> RunLine:
    """The run's line; a damaged run is a line that says so, not the end of the list."""
    path = str(run.path)
    try:
        spec, origins = run.spec, run.spec.origins
        metrics = run.metrics if run.complete else None
    except StoreError as error:
        return RunLine(run=run.name, path=path, complete=run.complete, damaged=str(error), size=run.size)
    recipe = spec.recipe
    return RunLine(
        run=run.name,
        path=path,
        model=recipe.model.name,
        dataset=recipe.data.dataset,
        seed=recipe.seed,
        refit=bool(recipe.refit),
        origin=origins[-1].run if origins else None,
        settings=recipe.settings,
        changes={name: change for name, change in from_default(recipe).items() if name != "dataset"},
        facts=_facts(spec),
        group=_group(spec),
        complete=run.complete,
        epochs=metrics.epochs if metrics else None,
        best_epoch=metrics.best_epoch if metrics else None,
        validation=_line(metrics.validation if metrics else None),
        test=_line(metrics.test if metrics else None),
        seconds=metrics.seconds.training if metrics else None,
        size=run.size,
    )


def tell_apart(lines: Sequence[RunLine]) -> list[RunLine]:
    """The lines, with more changes where two of them would look alike that were not trained alike: the data have other
    content under the same name, another trainer, another version of the results."""
    alike = defaultdict(list)
    for line in lines:
        alike[line.model, line.dataset, line.refit, str(line.changes)].append(line.facts)
    found = []
    for line in lines:
        others = alike[line.model, line.dataset, line.refit, str(line.changes)]
        telling = {
            name: Changed(None, value)
            for name, value in line.facts.items()
            if any(name in facts and facts[name] != value for facts in others)
        }
        found.append(replace(line, changes=line.changes | telling) if telling else line)
    return found


def _facts(spec: RunSpec) -> dict[str, Any]:
    return {
        "data_sha256": spec.data.sha256[:12],
        "origin_sha256": spec.origins[-1].weights_sha256[:12] if spec.origins else None,
        "model_sha256": spec.model_sha256 and spec.model_sha256[:12],
        "trainer": spec.trainer,
        "backend": spec.backend,
        "precision": spec.precision,
        "in_study": spec.in_study,
        "results_version": spec.results_version,
    }


def _group(spec: RunSpec) -> str:
    # How long a refit lasts is chosen seed by seed, and whether the test set is evaluated changes no training.
    recipe = replace(spec.recipe, seed=0, refit=min(1, spec.recipe.refit))
    return replace(spec, recipe=recipe, test=True).identity[:12]


def details_of(run: Run) -> RunDetails:
    """All about a run. Raises StoreError if it is damaged."""
    figures = sorted((run.derived / "figures").glob("*.png"))
    return RunDetails(
        run=str(run.path),
        complete=run.complete,
        spec=run.spec,
        environment=run.environment if run.complete else None,
        metrics=run.metrics if run.complete else None,
        test_evaluations=len(Ledger(run.path.parent).lines(run.spec.data.sha256)),
        figures=tuple(map(str, figures)),
    )


def _line(figures: SetMetrics | None) -> SetLine | None:
    if figures is None:
        return None
    return SetLine(figures.n, figures.accuracy, figures.accuracy_low, figures.accuracy_high, figures.loss)

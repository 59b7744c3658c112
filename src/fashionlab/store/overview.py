"""Runs at a glance: a line for a list, and all about one."""

from msgspec import Struct

from fashionlab.errors import StoreError
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
    """A run in a list. model, seed and all below are None where the run is damaged, of which `damaged` is the reason;
    results are None while it is unfinished; origin: the run from whose weights it starts, None for none; size: bytes on
    disk."""

    run: str
    model: str | None = None
    dataset: str | None = None
    seed: int | None = None
    refit: bool = False
    origin: str | None = None
    complete: bool
    damaged: str | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    validation: SetLine | None = None
    test: SetLine | None = None
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
    try:
        recipe, origins = run.spec.recipe, run.spec.origins
        metrics = run.metrics if run.complete else None
    except StoreError as error:
        return RunLine(run=run.name, complete=run.complete, damaged=str(error), size=run.size)
    return RunLine(
        run=run.name,
        model=recipe.model.name,
        dataset=recipe.data.dataset,
        seed=recipe.seed,
        refit=bool(recipe.refit),
        origin=origins[-1].run if origins else None,
        complete=run.complete,
        epochs=metrics.epochs if metrics else None,
        best_epoch=metrics.best_epoch if metrics else None,
        validation=_line(metrics.validation if metrics else None),
        test=_line(metrics.test if metrics else None),
        size=run.size,
    )


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

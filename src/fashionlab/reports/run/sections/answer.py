"""The answer first: how good the model is, how sure that is, compared with what, and at what cost."""

from msgspec import Struct

from fashionlab.evaluation import Missing, Section
from fashionlab.reports.measures import Measured, measure
from fashionlab.reports.run.references import Reference, reference_points
from fashionlab.reports.run.reproduce import recipe_line
from fashionlab.store import Ledger, Run, Seconds, SetMetrics

NOTHING_PREDICTED = "no set was predicted: a refit has no validation set, and its test set was not used."


class SetResult(Section, frozen=True):
    """The result on one set, "test" or "validation". n: images; accuracy: fraction, with its 95 % Wilson interval;
    measures: what the page shows of it."""

    name: str
    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    measures: tuple[Measured, ...]


class AnswerSection(Struct, frozen=True, kw_only=True):
    """judged: on the test set, or on validation where the test set was not used; other: on validation next to the test
    set; references: to compare `judged` with; recipe: in a line; unit: "epoch" or "round", of which `best_epoch` of
    `epochs` was kept (both 0 for a model that has neither); stopped: "epochs", "patience" or ""; parameters: None where
    the word means nothing; size: of an estimator, what it is made of, in words, otherwise None; test_evaluations: how
    often the test set of these data has been evaluated in this folder of runs.
    """

    judged: SetResult | Missing
    other: SetResult | Missing
    references: tuple[Reference, ...]
    recipe: str
    seconds: Seconds
    unit: str
    best_epoch: int
    epochs: int
    stopped: str
    parameters: int | None
    size: str | None
    seed: int
    test_evaluations: int

    @property
    def results(self) -> tuple[SetResult, ...]:
        """What was measured, the set that judges first."""
        return tuple(found for found in (self.judged, self.other) if isinstance(found, SetResult))


def answer(run: Run) -> AnswerSection:
    """How good a finished run's model is."""
    metrics, spec, environment = run.metrics, run.spec, run.environment
    figures = metrics.test or metrics.validation
    return AnswerSection(
        judged=_result("test" if metrics.test else "validation", figures) if figures else Missing(NOTHING_PREDICTED),
        other=_result("validation", metrics.validation) if metrics.test and metrics.validation else _alone(run),
        references=reference_points(spec.data.sha256, figures) if figures else (),
        recipe=recipe_line(spec.recipe),
        seconds=metrics.seconds,
        unit=metrics.unit,
        best_epoch=metrics.best_epoch,
        epochs=metrics.epochs,
        stopped=metrics.stopped,
        parameters=environment.parameters,
        size=environment.size,
        seed=spec.recipe.seed,
        test_evaluations=len(Ledger(run.path.parent).lines(spec.data.sha256)),
    )


def _result(name: str, figures: SetMetrics) -> SetResult:
    return SetResult(name, figures.n, figures.accuracy, figures.accuracy_low, figures.accuracy_high, measure(figures))


def _alone(run: Run) -> Missing:
    """Why there is no second set next to the one that judges."""
    if run.metrics.validation is None:
        return Missing("trained on all rows, so there is no validation set")
    if run.spec.in_study:
        return Missing("a run of a study, judged on half of the validation set; the other half stopped its training")
    return Missing("the test set was not used by this run")

"""The answer first: how good the model is, how sure that is, compared with what, and at what cost."""

from msgspec import Struct

from fashionlab.data.checks import sha256_of
from fashionlab.data.dataset import FASHION_CLASSES
from fashionlab.data.download.sources import FASHION_MNIST
from fashionlab.data.user.arrays import IDX_NAMES
from fashionlab.evaluation import Missing, Section
from fashionlab.recipe.config import DataConfig
from fashionlab.reports.measures import Measured, measure, shared_line
from fashionlab.reports.run.sections.made import recipe_line, subset_text
from fashionlab.store import Ledger, Run, Seconds, SetMetrics

_ZALANDO = "https://github.com/zalandoresearch/fashion-mnist"
_PAPER = "https://arxiv.org/abs/1708.07747"


class Reference(Struct, frozen=True):
    """An accuracy to compare with. low, high: fractions, equal for a single figure; what: how it was reached."""

    name: str
    low: float
    high: float
    what: str
    source: str


FASHION_REFERENCES = (
    Reference(
        "people", 0.820, 0.835,
        "majority votes: 66.7 labels per image on all 10,000 (82.0 %), 3 labels per image on 1,000 (83.5 %)",
        f"https://github.com/takashiishida/irreducible and {_ZALANDO}",
    ),
    Reference("logistic regression", 0.841, 0.842, "L2 and L1 penalty", _PAPER),
    Reference("random forest", 0.873, 0.873, "100 trees", _PAPER),
    Reference(
        "dense 256-128-100", 0.8833, 0.8833, "the best of 30 runs; the 30: 87.89 % +- 0.25",
        f"{_ZALANDO} and heitorrapela/fashion-mnist-mlp",
    ),
    Reference(
        "dense 256-128, BN, dropout", 0.8929, 0.8929, "Adam", "https://github.com/Oren1984/module2-deep-learning-nlp"
    ),
    Reference(
        "dense 1024", 0.8946, 0.8946, "814,000 parameters; the epoch was chosen on the test set",
        "https://github.com/yu-rp/KANbeFair",
    ),
    Reference(
        "dense, 9 layers", 0.9011, 0.9011, "BN, light dropout, shift and flip, 400 epochs",
        "https://github.com/SuiseiSaika/TF2G_Fashion_MNIST",
    ),
)  # fmt: skip
"""Published accuracies on the 10,000 test images, the sources' own; those that choose the best of several runs, or the
epoch on the test set, say so."""


def is_fashion_mnist(data_sha256: str) -> bool:
    """Whether a data set's hash is that of the real Fashion-MNIST, in whatever form the bytes came."""
    files = {file.name.removesuffix(".gz"): file.sha256 for file in FASHION_MNIST.files}
    return data_sha256 == sha256_of([files[name] for name in IDX_NAMES.values()], FASHION_CLASSES)


def reference_points(data_sha256: str, figures: SetMetrics) -> tuple[Reference, ...]:
    """What to compare an accuracy with: always the majority class of the set, and for Fashion-MNIST what was published.

    figures: of the set that the accuracy is of.
    """
    most = max(figures.per_class, key=lambda row: row.n)
    share = most.n / figures.n
    majority = Reference("majority class", share, share, f"always answering {most.name}", "counted on the same images")
    return (majority, *FASHION_REFERENCES) if is_fashion_mnist(data_sha256) else (majority,)


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
    `epochs` was kept (both 0 for a model that has neither); stopped: "epochs", "patience" or "";
    parameters, trainable: None where the word means nothing; size: of an estimator, what it is made of, in words,
    otherwise None; test_evaluations: how
    often the test set of these data has been evaluated in this folder of runs; shared: a sentence on test images that
    are in the training set too, None for none; subset: a sentence on how much of the data set was used, None for all.
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
    shared: str | None = None
    trainable: int | None = None
    subset: str | None = None

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
        recipe=recipe_line(spec),
        seconds=metrics.seconds,
        unit=metrics.unit,
        best_epoch=metrics.best_epoch,
        epochs=metrics.epochs,
        stopped=metrics.stopped,
        parameters=environment.parameters,
        size=environment.size,
        seed=spec.recipe.seed,
        test_evaluations=len(Ledger(run.path.parent).lines(spec.data.sha256)),
        shared=shared_line(metrics),
        trainable=environment.trainable,
        subset=_subset(spec.recipe.data),
    )


def _subset(data: DataConfig) -> str | None:
    used = subset_text(data.dataset, data.limit)
    return used and f"Only a subset was used: {used}, for training and validation together (the setting limit)."


def _result(name: str, figures: SetMetrics) -> SetResult:
    return SetResult(name, figures.n, figures.accuracy, figures.accuracy_low, figures.accuracy_high, measure(figures))


def _alone(run: Run) -> Missing:
    """Why there is no second set next to the one that judges."""
    if run.metrics.validation is None:
        return Missing("trained on all rows, so there is no validation set")
    if run.spec.undivided:
        return Missing("a run of a study, judged on the whole validation set, on which nothing was chosen")
    if run.spec.in_study:
        return Missing("a run of a study, judged on half of the validation set; the other half stopped its training")
    return Missing("the test set was not used by this run")

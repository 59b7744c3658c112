"""The ways to train, and which one a request gets: the measured fastest, unless the user says otherwise.

Keras fixes its backend when it is imported, so an engine is a trainer and a backend, and a worker process has one.
"""

from dataclasses import dataclass
from importlib.util import find_spec

from fashionlab.errors import UsageError
from fashionlab.machine import has_gpu
from fashionlab.models import ModelKind
from fashionlab.options import spelled, wrong_choice
from fashionlab.recipe.spec import RunSpec


@dataclass(frozen=True)
class Engine:
    """trainer: "fused", "tape", "fit"; backend: what Keras runs on; both "none" for an estimator.

    runner: `module:class` of its `runner.Runner`.
    """

    trainer: str
    backend: str
    runner: str

    @property
    def module(self) -> str:
        """What a worker may import ahead."""
        return self.runner.partition(":")[0]


FUSED = Engine("fused", "jax", "fashionlab.training.runners.fused:FusedRunner")
TAPE = Engine("tape", "tensorflow", "fashionlab.training.runners.tape:TapeRunner")
FIT = Engine("fit", "jax", "fashionlab.training.runners.fit:FitRunner")
FIT_ON_TENSORFLOW = Engine("fit", "tensorflow", "fashionlab.training.runners.fit:FitRunner")
NO_ENGINE = Engine("none", "none", "fashionlab.training.estimators:MODELS")

ENGINES = (FUSED, TAPE, FIT, FIT_ON_TENSORFLOW, NO_ENGINE)

TRAINERS = ("auto", "fused", "tape", "fit")
BACKENDS = ("auto", "jax", "tensorflow")
BACKEND_TITLES = {"jax": "JAX", "tensorflow": "TensorFlow"}


def choose_engine(trainer: str, backend: str, *, kind: ModelKind, convolutional: bool) -> tuple[Engine, str | None]:
    """The engine for a model, and a sentence where the user could have a faster one.

    trainer: of TRAINERS; backend: of BACKENDS. On a processor, convolutions are fastest on TensorFlow's oneDNN kernels
    and dense networks in the fused trainer (docs/decisions/0009 has the figures); a GPU gets the fused one.
    Raises UsageError for a combination that does not exist or needs what is not installed.
    """
    if trainer not in TRAINERS:
        raise UsageError(wrong_choice("trainer", trainer, TRAINERS))
    if backend not in BACKENDS:
        raise UsageError(wrong_choice("backend", backend, BACKENDS))
    if not kind.epochs:
        if (trainer, backend) != ("auto", "auto"):
            raise UsageError(
                f"an estimator has no epochs to run: leave out {spelled('trainer')} and {spelled('backend')}"
            )
        return NO_ENGINE, None
    if trainer == "auto":
        wanted, advice = _fastest(convolutional)
        fits = wanted.backend == backend or backend == "auto"
        return (wanted, advice) if fits else (TAPE if backend == "tensorflow" else FUSED, None)
    found = [e for e in ENGINES if e.trainer == trainer and backend in ("auto", e.backend)]
    if not found:
        only = next(e.backend for e in ENGINES if e.trainer == trainer)
        raise UsageError(
            f"trainer {trainer!r} runs on {only} alone: leave out {spelled('backend')}, or say "
            f"{spelled('trainer', 'fit')}"
        )
    return _installed(found[0]), None


def find_engine(spec: RunSpec) -> Engine:
    """The engine that a run's spec names. Raises UsageError if there is none such, or not here."""
    for engine in ENGINES:
        if (engine.trainer, engine.backend) == (spec.trainer, spec.backend):
            return _installed(engine)
    raise UsageError(
        f"this fashionlab has no trainer {spec.trainer!r} on {spec.backend!r}; use the version that made the run"
    )


def _fastest(convolutional: bool) -> tuple[Engine, str | None]:
    if not convolutional or has_gpu():
        return FUSED, None
    if find_spec("tensorflow"):
        return TAPE, None
    return FUSED, (
        "convolutions train about twice as fast on TensorFlow, which is not installed: pip install "
        "'fashionlab[tensorflow]'"
    )


def _installed(engine: Engine) -> Engine:
    if engine.backend == "tensorflow" and not find_spec("tensorflow"):
        raise UsageError(
            f"trainer {engine.trainer!r} needs TensorFlow, which is not installed: pip install 'fashionlab[tensorflow]'"
        )
    return engine

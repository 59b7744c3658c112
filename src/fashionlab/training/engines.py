"""The ways to train, and which one a request gets: the measured fastest, unless the user says otherwise.

Keras fixes its backend when it is imported, so an engine is a trainer and a backend, and a worker process has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fashionlab.errors import UsageError


@dataclass(frozen=True)
class Engine:
    """trainer: "fused", "tape", "fit" or "classic"; backend: what Keras runs on, "none" for a classic model.

    runner: `module:class` of its `runner.Runner`.
    """

    trainer: str
    backend: str
    runner: str


FUSED = Engine("fused", "jax", "fashionlab.training.fused:FusedRunner")
TAPE = Engine("tape", "tensorflow", "fashionlab.training.tape:TapeRunner")
FIT = Engine("fit", "jax", "fashionlab.training.fit:FitRunner")
FIT_ON_TENSORFLOW = Engine("fit", "tensorflow", "fashionlab.training.fit:FitRunner")
CLASSIC = Engine("classic", "none", "")

ENGINES = (FUSED, TAPE, FIT, FIT_ON_TENSORFLOW, CLASSIC)

TRAINERS = ("auto", "fused", "tape", "fit")
BACKENDS = ("auto", "jax", "tensorflow")


def choose_engine(trainer: str, backend: str, *, classic: bool, convolutional: bool) -> tuple[Engine, str | None]:
    """The engine for a model, and a sentence where the user could have a faster one.

    trainer: of TRAINERS; backend: of BACKENDS. On a processor, convolutions are fastest on TensorFlow's oneDNN kernels
    and dense networks in the fused trainer (docs/decisions/0009 has the figures); a GPU gets the fused one.
    Raises UsageError for a combination that does not exist or needs what is not installed.
    """
    if trainer not in TRAINERS:
        raise UsageError(f"given trainer {trainer!r}, expected one of: {', '.join(TRAINERS)}")
    if backend not in BACKENDS:
        raise UsageError(f"given backend {backend!r}, expected one of: {', '.join(BACKENDS)}")
    if classic:
        if (trainer, backend) != ("auto", "auto"):
            raise UsageError("a classic model has no epochs to run: leave out --trainer and --backend")
        return CLASSIC, None
    if trainer == "auto":
        wanted, advice = _fastest(convolutional)
        fits = wanted.backend == backend or backend == "auto"
        return (wanted, advice) if fits else (TAPE if backend == "tensorflow" else FUSED, None)
    found = [e for e in ENGINES if e.trainer == trainer and backend in ("auto", e.backend)]
    if not found:
        only = next(e.backend for e in ENGINES if e.trainer == trainer)
        raise UsageError(f"trainer {trainer!r} runs on {only} alone: leave out --backend, or say --trainer fit")
    return _installed(found[0]), None


def find_engine(request: Mapping[str, Any]) -> Engine:
    """The engine that a run's `recipe.json` names. Raises UsageError if there is none such, or not here."""
    # Runs of before there was a choice name no backend: all were trained on JAX.
    trainer, backend = request["trainer"], request.get("backend", "jax")
    for engine in ENGINES:
        if (engine.trainer, engine.backend) == (trainer, backend):
            return _installed(engine)
    raise UsageError(f"this fashionlab has no trainer {trainer!r} on {backend!r}; use the version that made the run")


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


def has_gpu() -> bool:
    """Whether JAX will find an NVIDIA GPU here: asked without importing JAX, which takes a second."""
    return Path("/dev/nvidia0").exists() and any(find_spec(f"jax_cuda{version}_plugin") for version in (12, 13))

"""The architecture of a run, what fits it, and the one door to executing a model file that somebody else wrote."""

from collections.abc import Sequence

from fashionlab.errors import RunCorrupt, UntrustedModel, UsageError
from fashionlab.models import REGISTRY, Architecture
from fashionlab.models.registry import is_own_file, own_architecture, registered
from fashionlab.options import as_typed, spelled
from fashionlab.recipe.config import ModelConfig
from fashionlab.recipe.spec import RunSpec
from fashionlab.store import Run, was_executed
from fashionlab.store.format import REMEDY

TRUST_DIGITS = 12
"""How much of the SHA-256 of a model file a user must give to vouch for it."""


def architecture_of(run: Run, trust: str | None = None) -> Architecture:
    """The run's architecture: of the registry, or from the copy of the user's file that the run holds.

    A user's file is executed when the model is built, so it must be vouched for: by having trained it here before, or
    by `trust`, the beginning of its SHA-256, at least 12 digits. Raises UntrustedModel otherwise, UsageError for a
    model that the registry lacks, RunCorrupt for options that the model does not take.
    """
    recipe = run.spec.recipe
    source = run.model_source
    if source is None:
        # Never fall back to whatever lies at that path now: nobody has vouched for it.
        if run.spec.model_sha256 is not None:
            raise RunCorrupt(f"run {run.name} was made with a model file of its own, and its copy model.py is missing")
        if recipe.model.name not in REGISTRY:
            raise UsageError(
                f"run {run.name} was made with the model {recipe.model.name!r}, which this fashionlab does not "
                f"have; expected one of {', '.join(REGISTRY)}"
            )
        architecture = registered(recipe.model.name)
        try:
            architecture.fill(recipe.model.options)
        except UsageError as error:
            raise RunCorrupt(f"run {run.name}: its recipe does not fit its model ({error}); {REMEDY}") from None
        return architecture
    architecture = own_architecture(recipe.model.name, source, run.spec.found)
    digest = architecture.source_sha256 or ""
    if digest != run.spec.model_sha256:
        raise RunCorrupt(
            f"run {run.name}: model.py, with what lies in its folder model, is not what the run was trained with"
        )
    if not is_vouched_for(run.spec, () if trust is None else (trust,)):
        beside = f" and {run.path / 'model'} beside it" if source.files else ""
        raise UntrustedModel(
            f"run {run.name} would execute its own model file {run.path / 'model.py'}{beside}; read it, and if you "
            f"trust it say so with {spelled('trust', digest[:TRUST_DIGITS])}"
        )
    return architecture


def require_same_model(ours: str, theirs: str, whose: str) -> None:
    """Raise UsageError if weights of the model `theirs` cannot go on in `ours`, by their names. whose: is of `theirs`.

    Two model files of a user's own may be of one architecture: a worker finds out whether the weights fit.
    """
    if ours != theirs and not (is_own_file(ours) and is_own_file(theirs)):
        raise UsageError(
            f"{spelled('origin')}: given the model {ours!r}, but {whose} is of {theirs!r}, and weights go on in the "
            "architecture that they were trained in; leave the model out"
        )


def require_same_options(ours: ModelConfig, theirs: ModelConfig, whose: str) -> None:
    """Raise UsageError if options of a model of the registry differ from those that the weights were trained with.

    What only regularizes may differ, as far as the weights still fit.
    """
    if is_own_file(ours.name):
        return
    for name, option in registered(ours.name).options.items():
        given, expected = ours.options.get(name), theirs.options.get(name)
        if option.off is None and given != expected:
            raise UsageError(
                f"{spelled(name)}: given {as_typed(given)}, but {whose} has {as_typed(expected)}, and weights go on in "
                "the architecture that they were trained in; leave the option out"
            )


def is_vouched_for(spec: RunSpec, trust: Sequence[str]) -> bool:
    """Whether the user stands by a spec's own model file: by having trained it on this machine before, or by one of
    these beginnings of its SHA-256."""
    digest = spec.model_sha256 or ""
    named = any(len(given) >= TRUST_DIGITS and digest.startswith(given.lower()) for given in trust)
    return named or was_executed(spec)

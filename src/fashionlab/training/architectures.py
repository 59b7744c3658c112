"""The architecture of a run, and the one door to executing a model file that somebody else wrote."""

from collections.abc import Sequence

from fashionlab.errors import RunCorrupt, UntrustedModel, UsageError
from fashionlab.models import REGISTRY, Architecture
from fashionlab.models.registry import own_architecture, registered
from fashionlab.options import spelled
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


def is_vouched_for(spec: RunSpec, trust: Sequence[str]) -> bool:
    """Whether the user stands by a spec's own model file: by having trained it on this machine before, or by one of
    these beginnings of its SHA-256."""
    digest = spec.model_sha256 or ""
    named = any(len(given) >= TRUST_DIGITS and digest.startswith(given.lower()) for given in trust)
    return named or was_executed(spec)

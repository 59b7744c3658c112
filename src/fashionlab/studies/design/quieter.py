"""What would make the runs of a study differ less by luck: proposed in a sentence, never chosen by the plan."""

from collections.abc import Sequence

from fashionlab.options import spelled
from fashionlab.recipe.difference import difference
from fashionlab.recipe.recipe import Recipe

STOPPING = {"early_stopping", "patience"}
"""Settings that decide when a run stops: a study that changes one asks about that."""

FALLS = ("cosine", "one-cycle")
"""Schedules whose learning rate falls to 0, so that the last epoch's weights do not jump about."""


def quieter(recipes: Sequence[Recipe], judging: int, whole: int) -> str | None:
    """A sentence on what would make the runs quieter, and why; None where nothing would, or stopping is what is asked.

    recipes: of all arms, the baseline's first; judging, whole: images that judge, and those of the whole validation
    set.
    """
    baseline = recipes[0]
    if not any(recipe.training and recipe.training.early_stopping for recipe in recipes):
        return None
    for recipe in recipes:
        # Of what stops early by itself no setting makes the whole validation set judge.
        if recipe.training is None and recipe.chooses_on_validation:
            return None
        if STOPPING & difference(baseline, recipe).keys():
            return None
    schedules = {recipe.training.schedule for recipe in recipes if recipe.training}
    unaveraged = any(recipe.training.average == 0 for recipe in recipes if recipe.training)
    settings = [spelled("early_stopping", False)]
    if "plateau" in schedules:
        settings.insert(0, spelled("schedule", "cosine"))
        why = "as a schedule that follows the validation loss would see the judging images"
    elif schedules <= {*FALLS}:
        why = "and as the learning rate falls to 0, the last epoch is seldom worse than the best"
    elif unaveraged:
        settings.append(spelled("average", 1))
        why = "and averaged weights do not jump about, as others do at a learning rate that does not fall to 0"
    else:
        why = "and averaged weights do not jump about from epoch to epoch"
    return (
        f"runs stop early by half of the validation set, so {judging:,} images judge; unless stopping is part of your "
        f"question, {' '.join(settings)} lets fewer seeds decide: all {whole:,} images judge, {why}"
    )

"""A lesson in a file: a study with a question that is asked before it, and with checks of what it shows.

# fashionlab lesson recipes/lessons/overfit.toml
[lesson]
question = "What happens to the validation loss of a network that trains for too long?"
choices = ["It keeps falling.", "It falls, then rises."]
answer = 2              # of the choices, from 1: what is expected
explanation = "Why that is expected."
closing = "A question to think about."
minutes = 2             # on 2 cores
[[check]]
say = "the validation loss rises again"
measure = "rise"        # of MEASURES
arm = "baseline"        # also: than, another arm: then the difference to it
at_least = 10           # or at_most, or both
[robustness]            # may be left out: strengths of changes to the judging images, and how many of these
shift = [1, 2, 4]       # also: noise, blur, brightness; a check has under = "shift 4"
images = 1000
[study]                 # and the rest of a study's file
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fashionlab.errors import UsageError
from fashionlab.evaluation.disturbances import Disturbance
from fashionlab.options import command
from fashionlab.recipe.toml import read_toml
from fashionlab.studies.design.file import StudyFile, study_file
from fashionlab.studies.design.plan import Design

Measure = Literal[
    "accuracy",
    "loss",
    "training accuracy",
    "training loss",
    "validation accuracy",
    "validation loss",
    "accuracy gap",
    "loss gap",
    "rise",
    "best epoch",
    "epochs",
    "parameters",
    "accuracy lost",
]

MEASURES: dict[Measure, tuple[str, str]] = {
    "accuracy": ("accuracy of the weights that were kept, on the judging set", "%"),
    "loss": ("loss of the weights that were kept, on the judging set", "nats"),
    "training accuracy": ("training accuracy in the last epoch", "%"),
    "training loss": ("training loss in the last epoch", "nats"),
    "validation accuracy": ("validation accuracy after the last epoch", "%"),
    "validation loss": ("validation loss after the last epoch", "nats"),
    "accuracy gap": ("training minus validation accuracy in the last epoch", "points"),
    "loss gap": ("validation minus training loss in the last epoch", "nats"),
    "rise": ("rise of the validation loss from its lowest epoch to the last", "%"),
    "best epoch": ("epoch of the lowest validation loss", ""),
    "epochs": ("epochs trained", ""),
    "parameters": ("trained parameters", ""),
    "accuracy lost": ("accuracy on judging images as they are, minus that on the same images changed", "points"),
}
"""What a check may measure of a run: what it is, and its unit. Of an arm it is the mean over its runs."""

Text = Annotated[str, Meta(min_length=1, max_length=2000)]


Strengths = Annotated[tuple[Annotated[float, Meta(gt=0, le=28)], ...], Meta(max_length=6)]


class Robustness(Struct, frozen=True, forbid_unknown_fields=True):
    """Changes to the judging images under which the arms are measured, too: of each kind the strengths, in the units of
    `evaluation.disturbances`. images: of the judging set, at most."""

    noise: Strengths = ()
    blur: Strengths = ()
    brightness: Annotated[tuple[Annotated[float, Meta(gt=0, le=1)], ...], Meta(max_length=6)] = ()
    shift: Strengths = ()
    images: Annotated[int, Meta(ge=1, le=10_000)] = 1000

    def __post_init__(self) -> None:
        if not self.conditions:
            raise ValueError("robustness has no strength of noise, blur, brightness or shift")

    @property
    def kinds(self) -> dict[Disturbance, tuple[float, ...]]:
        """The strengths of each kind that has some."""
        found: dict[Disturbance, tuple[float, ...]] = {
            "noise": self.noise, "blur": self.blur, "brightness": self.brightness, "shift": self.shift,
        }  # fmt: skip
        return {kind: strengths for kind, strengths in found.items() if strengths}

    @property
    def conditions(self) -> list[tuple[Disturbance, float]]:
        """Kind and strength, kind by kind."""
        return [(kind, strength) for kind, strengths in self.kinds.items() for strength in strengths]

    @property
    def names(self) -> list[str]:
        """Of the conditions, as a check says them: "shift 4"."""
        return [f"{kind} {strength:g}" for kind, strength in self.conditions]


class Check(Struct, frozen=True, forbid_unknown_fields=True):
    """What a run of the lesson should show.

    say: that, in words; measure: of the arm, or, with `than`, the arm's minus the other's, seed by seed; under: the
    condition, "shift 4", of what is measured on changed images; at_least, at_most: in the unit of the measure
    (differences of % in points).
    """

    say: Text
    measure: Measure
    arm: Text
    than: Text | None = None
    under: Text | None = None
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"the check {self.say!r} has neither at_least nor at_most")
        if self.than == self.arm:
            raise ValueError(f"the check {self.say!r} compares {self.arm!r} with itself")
        if (self.measure == "accuracy lost") != (self.under is not None):
            raise ValueError(f"the check {self.say!r} needs `under` with accuracy lost, and with nothing else")


class Lesson(Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a lesson, and its checks.

    name: of its file; choices: to predict from, of which `answer` (from 1) is expected; explanation: why; closing: a
    question to think about; minutes: it takes, on 2 cores; robustness: what else is measured, or None.
    """

    question: Text
    choices: Annotated[tuple[Text, ...], Meta(min_length=2, max_length=6)]
    answer: Annotated[int, Meta(ge=1)]
    explanation: Text
    closing: Text
    minutes: Annotated[float, Meta(gt=0)]
    checks: Annotated[tuple[Check, ...], Meta(min_length=1, max_length=12)]
    robustness: Robustness | None = None
    name: str = ""

    def __post_init__(self) -> None:
        known = self.robustness.names if self.robustness else []
        for check in self.checks:
            if check.under is not None and check.under not in known:
                raise ValueError(f"the check {check.say!r} is under {check.under!r}, expected of: {', '.join(known)}")
        if self.answer > len(self.choices):
            raise ValueError(f"the answer is choice {self.answer}, and there are {len(self.choices)}")

    @property
    def arms(self) -> list[str]:
        """The arms that the checks are about."""
        return list(dict.fromkeys(name for check in self.checks for name in (check.arm, check.than) if name))

    def require_choice(self, number: int) -> int:
        """The number of a choice, from 1. Raises UsageError if there is none of that number."""
        if not 1 <= number <= len(self.choices):
            raise UsageError(f"--predict: given {number}, expected 1 to {len(self.choices)}, a choice of {self.name}")
        return number


class StartedLesson(Struct, frozen=True):
    """`lesson.json` in a study's folder: the lesson, and what was predicted, a choice from 1, or None."""

    lesson: Lesson
    predicted: int | None = None

    def __post_init__(self) -> None:
        if self.predicted is not None and not 1 <= self.predicted <= len(self.lesson.choices):
            raise ValueError(f"choice {self.predicted} was predicted, and there are {len(self.lesson.choices)}")


def check_lesson_arms(lesson: Lesson, plan: Design) -> None:
    """Raise ValueError where a check is about an arm that the study has not."""
    names = [arm.name for arm in plan.arms]
    if unknown := [name for name in lesson.arms if name not in names]:
        raise ValueError(f"a check of the lesson is about {unknown[0]!r}, the arms are {', '.join(names)}")


def read_lesson_file(path: Path) -> tuple[Lesson, StudyFile]:
    """A lesson, and the study that it is made of. Raises UsageError."""
    document = read_toml(path)
    words = document.pop("lesson", None)
    if not isinstance(words, dict):
        raise UsageError(f"{path} has no table [lesson], expected the words of a lesson; is it a study? Then run it "
                         f"with: {command('study', path)}")  # fmt: skip
    try:
        lesson = msgspec.convert(_lesson_of(words, document, path), Lesson)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path} is not a lesson: {error}; see the top of any file in recipes/lessons") from None
    return lesson, study_file(document, path)


def _lesson_of(words: dict[str, Any], document: dict[str, Any], path: Path) -> dict[str, Any]:
    """The tables of a lesson, taken out of its document."""
    more = {"checks": document.pop("check", []), "robustness": document.pop("robustness", None)}
    return {**words, **more, "name": path.stem}

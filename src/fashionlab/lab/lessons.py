"""The public verbs about lessons: studies with a question that is asked first, and checks of what they show."""

import sysconfig
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fashionlab
from fashionlab.errors import UsageError
from fashionlab.lab.execution import DEFAULT, ExecutionOptions
from fashionlab.lab.studies import Declared, declare_from, run_declared
from fashionlab.lab.study_results import StudyResult
from fashionlab.options import unknown_name
from fashionlab.studies.design.lesson import Lesson, StartedLesson, check_lesson_arms, read_lesson_file


def lesson(
    name: str,
    *,
    predict: int | None = None,
    seeds: int | None = None,
    first_seed: int | None = None,
    runs: str | Path = "runs",
    execution: ExecutionOptions = DEFAULT,
) -> StudyResult:
    """Carry out a lesson: a small study with a question, and with checks of what it should show (`.lesson`).

    name: of a lesson (`lab.list_lessons`), or the path of a file of one's own. predict: a choice of the lesson, from 1;
    None leaves the prediction to the reader of the page. seeds, first_seed: as of `study`, in place of the lesson's.
    The test set is not evaluated. Raises as `study` does; `resume_study` goes on with an interrupted one.
    """
    return begin_lesson(name, lambda _: predict, seeds=seeds, first_seed=first_seed, runs=runs, execution=execution)


def begin_lesson(
    name: str,
    ask: Callable[[Lesson], int | None],
    *,
    seeds: int | None = None,
    first_seed: int | None = None,
    runs: str | Path = "runs",
    execution: ExecutionOptions = DEFAULT,
) -> StudyResult:
    """`lesson`, with the prediction asked for when everything is checked and nothing has run. ask: gives the choice."""
    asked, declared = declare_lesson(name, seeds=seeds, first_seed=first_seed, runs=runs, execution=execution)
    predicted = ask(asked)
    if predicted is not None:
        asked.require_choice(predicted)
    return run_declared(declared, runs, StartedLesson(asked, predicted))


def declare_lesson(
    name: str,
    *,
    seeds: int | None = None,
    first_seed: int | None = None,
    runs: str | Path = "runs",
    execution: ExecutionOptions = DEFAULT,
) -> tuple[Lesson, Declared]:
    """A lesson and the plan of its study; nothing is run. Raises UsageError."""
    path = lesson_path(name)
    found, file = read_lesson_file(path)
    terms = {"seeds": seeds, "first_seed": first_seed, "test": False}
    declared = declare_from(str(path), terms, execution, Path(runs), file)
    try:
        check_lesson_arms(found, declared.plan)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    return found, replace(declared, label=f"lesson-{found.name}")


def find_lesson(name: str) -> Lesson:
    """The words and checks of a lesson. Raises UsageError."""
    return read_lesson_file(lesson_path(name))[0]


def list_lessons() -> list[Lesson]:
    """The lessons that come with the package, in the order in which they build on each other."""
    return [read_lesson_file(path)[0] for path in _files().values()]


def lesson_path(name: str) -> Path:
    """The file of a lesson, by its name or path. Raises UsageError if there is none."""
    if name.endswith(".toml"):
        return Path(name)
    known = _files()
    if name not in known:
        raise UsageError(unknown_name("lesson", name, known, "this installation"))
    return known[name]


ORDER = ("underfit", "overfit", "early-stopping", "smaller-network", "l2-and-dropout", "depth-against-width")
"""In which lessons build on each other; those that are not named come after these."""


def _files() -> dict[str, Path]:
    """By name: from the checkout, or where the distribution has put them (`data-files` in pyproject.toml)."""
    checkout = Path(fashionlab.__file__).parents[2] / "recipes" / "lessons"
    installed = Path(sysconfig.get_path("data")) / "share" / "fashionlab" / "lessons"
    found = {path.stem: path for path in sorted((checkout if checkout.is_dir() else installed).glob("*.toml"))}
    return dict(sorted(found.items(), key=lambda item: ORDER.index(item[0]) if item[0] in ORDER else len(ORDER)))

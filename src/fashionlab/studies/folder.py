"""A study on disk: its plan, its finished runs, what failed, and the summary.

runs/NAME/
  study.json        the plan; only ever added to
  models/           the files of users' own models: 02.py of an arm, and in 02/ what it needs beside it
  runs/             finished runs, sealed: 02-without-dropout-seed7
  origins/          the weights that the runs start from, where those are an earlier study's: seed7.safetensors
  work/             what is under way; whatever lies here when a driver starts is swept away
  failures.jsonl    a line for each attempt that failed
  evaluated.json    for which runs the test set has been evaluated
  test.npz          predictions of the test set, made once at the end
  test.json         what they are worth, and which runs they are of
  summary.json      everything a reader wants to know, written anew after every run
  lesson.json       of a lesson: its words and checks, and what was predicted
  robustness.json   of a lesson that asks for it: accuracies on changed images
  lock              held by the driver
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fashionlab.errors import RunCorrupt, StoreError, UsageError
from fashionlab.files import (
    append_line,
    make_folder,
    new_stamped_folder,
    write_atomically,
)
from fashionlab.models.own.source import OwnSource
from fashionlab.options import command
from fashionlab.store import Run, read_document, to_json
from fashionlab.store.collection import Collection
from fashionlab.store.format import from_json, read_file, read_versioned
from fashionlab.store.listing import folders_with
from fashionlab.studies.design.imported import ImportedPlan
from fashionlab.studies.design.lesson import StartedLesson, check_lesson_arms
from fashionlab.studies.design.plan import READABLE, Arm, Plan
from fashionlab.studies.summary import StudySummary, check_summary
from fashionlab.text import readable_json

REMEDY = "delete it, resuming the study makes it again"

Document = TypeVar("Document")


class Failure(Struct, frozen=True):
    """One attempt at a run that came to nothing. final: it will not be tried again."""

    arm: str
    seed: int
    attempt: int
    reason: str
    final: bool


class _Created(Struct, frozen=True):
    """As much of a plan as its place in a list needs."""

    created: str


class _Origin(Struct, frozen=True):
    """As much of a plan as tells whether the study was imported."""

    imported: dict[str, object] | None = None


class StudyFolder(Collection):
    """A study's folder."""

    KIND = "study"
    PLAN = "study.json"

    @staticmethod
    def create(
        runs: Path, label: str, plan: Plan | ImportedPlan, origins: Mapping[int, Run] | None = None
    ) -> "StudyFolder":
        """A new folder in `runs`, named after the label and the time, with the plan in it.

        origins: the runs from whose weights its runs start, by seed; the weights are kept in the folder.
        """
        with new_stamped_folder(runs, label) as (folder, path):
            for name in ("runs", "work", "models", *(["origins"] if origins else [])):
                make_folder(folder / name)
            for seed, run in (origins or {}).items():
                write_atomically(_origin_file(folder, seed), run.read("weights.safetensors"))
            StudyFolder(folder).save_plan(replace(plan, name=path.name))
        return StudyFolder(path)

    @property
    def plan(self) -> Plan:
        """The plan, of which runs can be made. Raises as `design` does, and UsageError for an imported study."""
        if isinstance(self.design, ImportedPlan):
            raise UsageError(
                f"study {self.name} was imported from {self.design.data.name}: it has no recipes to go on with; add "
                "seeds to that file and import it again"
            )
        return self.design

    @cached_property
    def design(self) -> Plan | ImportedPlan:
        """What its verdicts rest on. Raises RunCorrupt if it cannot be read, or is of another format."""
        path, remedy = self.path / "study.json", "restore it from a copy"
        try:
            content = read_file(path, remedy)
        except FileNotFoundError:
            raise RunCorrupt(f"study {self.name} has lost study.json; {remedy}") from None
        if from_json(content, _Origin, path, remedy).imported is not None:
            return read_versioned(content, ImportedPlan, path, READABLE, remedy)
        plan = read_versioned(content, Plan, path, READABLE, remedy)
        arms = [replace(arm, model_source=self._source(number)) for number, arm in enumerate(plan.arms)]
        return replace(plan, arms=tuple(arms))

    def save_plan(self, plan: Plan | ImportedPlan) -> None:
        """Write the plan, the model files first. Raises StoreError if it takes back what was declared."""
        if isinstance(plan, ImportedPlan):
            write_atomically(self.path / "study.json", to_json(plan))
            return
        if (self.path / "study.json").exists() and plan.arms[: len(self.plan.arms)] != self.plan.arms:
            raise StoreError(f"study {self.name}: its arms are declared; more can be added, none changed")
        for number, arm in enumerate(plan.arms):
            if arm.model_source is not None and self._source(number) is None:
                arm.model_source.write_files(self._model_file(number).with_suffix(""))
                write_atomically(self._model_file(number), arm.model_source.main)
        # The model files stand in `models/`, where a person can read them.
        arms = tuple(replace(arm, model_source=None) for arm in plan.arms)
        write_atomically(self.path / "study.json", to_json(replace(plan, arms=arms)))
        self.__dict__.pop("design", None)

    def run_of(self, arm: Arm, seed: int) -> Run:
        """The place of a finished run; it may not be there yet."""
        number = self.plan.arms.index(arm)
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", arm.name).strip("-.")[:40]
        return Run(self.path / "runs" / f"{number:02}-{slug}-seed{seed}")

    def finished(self, arm: Arm, seed: int) -> Run | None:
        """The finished run of an arm and a seed, or None. Raises RunCorrupt if something else lies in its place."""
        return self._finished(self.run_of(arm, seed), self.plan.spec_for(arm, seed), f"{arm.name!r} with seed {seed}")

    def adopt(self, folder: Path, arm: Arm, seed: int) -> Run:
        """Move a finished run out of `work` to its place: from here on it counts. Raises RunCorrupt if it is not it."""
        return self._adopt(
            folder, self.run_of(arm, seed), self.plan.spec_for(arm, seed), f"{arm.name!r} with seed {seed}"
        )

    def origin(self, seed: int) -> bytes | None:
        """The weights that the runs with a seed start from, as a file; None where they are drawn anew."""
        if self.plan.origins is None:
            return None
        path, remedy = _origin_file(self.path, seed), "restore it from a copy"
        try:
            return read_file(path, remedy)
        except FileNotFoundError:
            raise RunCorrupt(f"study {self.name} has lost {path.relative_to(self.path)}; {remedy}") from None

    def failures(self) -> list[Failure]:
        """All attempts that failed, in order. A line cut off by a power cut is left out: it is tried again."""
        path, found = self.path / "failures.jsonl", list[Failure]()
        try:
            content = read_file(path, "remove it")
        except FileNotFoundError:
            return []
        for line in content.splitlines():
            with suppress(msgspec.MsgspecError, UnicodeDecodeError):
                found.append(msgspec.json.decode(line, type=Failure))
        return found

    def record(self, failure: Failure) -> None:
        """Add a line to the failures."""
        append_line(self.path / "failures.jsonl", readable_json(msgspec.to_builtins(failure)).encode())

    def read(self, name: str, kind: type[Document]) -> Document | None:
        """A JSON file of the study, None if it is not there. Raises RunCorrupt."""
        try:
            return read_document(self.path / name, kind, REMEDY)
        except FileNotFoundError:
            return None

    @property
    def summary(self) -> StudySummary | None:
        """The summary, None before the first run. Raises RunCorrupt if it cannot be read, or is of another format."""
        path = self.path / "summary.json"
        try:
            summary = read_versioned(read_file(path, REMEDY), StudySummary, path, READABLE, REMEDY)
        except FileNotFoundError:
            return None
        with self.sound("summary.json"):
            check_summary(summary, self.design)
        return summary

    @property
    def lesson(self) -> StartedLesson | None:
        """The lesson that it is, None of any other study. Raises RunCorrupt."""
        started = self.read("lesson.json", StartedLesson)
        if started is not None:
            with self.sound("lesson.json"):
                check_lesson_arms(started.lesson, self.plan)
        return started

    @contextmanager
    def sound(self, name: str) -> Iterator[None]:
        """Turn the ValueError of a check into RunCorrupt, with the file and the remedy."""
        try:
            yield
        except ValueError as error:
            raise RunCorrupt(f"{self.path / name} is damaged ({error}); {REMEDY}") from None

    def _model_file(self, number: int) -> Path:
        return self.path / "models" / f"{number:02}.py"

    def _source(self, number: int) -> OwnSource | None:
        path, remedy = self._model_file(number), "restore it from a copy"
        try:
            return OwnSource.read(read_file(path, remedy), path.with_suffix(""))
        except FileNotFoundError:
            return None
        except OSError as error:
            where = error.filename or path.with_suffix("")
            raise RunCorrupt(f"{where} cannot be read: {error.strerror or error}; {remedy}") from None


def _origin_file(study: Path, seed: int) -> Path:
    return study / "origins" / f"seed{seed}.safetensors"


STUDY_MARKS = {"study.json": frozenset({"format", "arms", "judge_rows"})}
"""As `store.listing.RUN_MARKS`, of a study."""


def list_studies(runs: Path) -> list[StudyFolder]:
    """Every study in the folder, oldest first."""
    return [StudyFolder(path) for path in sorted(folders_with(runs, "study.json"), key=_created)]


def find_study(runs: Path, name: str) -> StudyFolder:
    """The study called `name` in `runs`, at the path `name`, or the newest for "last". Raises UsageError."""
    return StudyFolder.find(runs, name, list_studies(runs), command("study", "mlp", changes=["dropout=0"]))


def _created(path: Path) -> tuple[str, str]:
    try:
        return read_document(path / "study.json", _Created).created, path.name
    except (OSError, StoreError):
        return "", path.name

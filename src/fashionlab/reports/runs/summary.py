"""Runs side by side as plain data: all that their page shows, composed once for page, terminal and `--json`."""

import shlex
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from fashionlab.errors import UsageError
from fashionlab.models.registry import is_own_file
from fashionlab.options import as_typed
from fashionlab.recipe.difference import Changes, difference, from_default
from fashionlab.reports.run.sections.made import commands
from fashionlab.reports.runs.curves import RunHistory
from fashionlab.reports.runs.pairs import SETS, PairMissing, PairResult, SetName, compare_pair
from fashionlab.reports.tables import shared_changes
from fashionlab.reports.wording import SPACE
from fashionlab.store import Run, RunLine, line_of, tell_apart
from fashionlab.store.records import changes_text

FORMAT_VERSION = 2

MOST_RUNS = 12
"""Runs on a page: of twelve there are 66 pairs already."""

_IN_VERDICT = 3
"""Pairs that the verdict names, and sentences of pairs that it has."""

_IN_TITLE = 3
"""Differing settings that a run's title names."""


class SideRun(Struct, frozen=True, kw_only=True):
    """One of the runs. letter: A, B, … in the order in which they were given; title: the model and some of the settings
    in which the runs differ, first those that few others have; line: as `fashionlab runs` lists it; command: trains an
    equal run; history: None for a model without epochs."""

    letter: str
    title: str
    line: RunLine
    command: str
    history: RunHistory | None


class SettingRow(Struct, frozen=True):
    """A setting in which the runs differ, and its value in each, None where it has none."""

    name: str
    values: tuple[Any, ...]


class SideBySide(Struct, frozen=True, kw_only=True):
    """verdict: which runs the images tell apart, in sentences; shared: what all runs have in common, a sentence, empty
    for nothing; set: which images judge, "validation" or "test"; judged: that in words; caveats: what the tests do not
    say; differs: the settings in which the runs differ; pairs: of the runs, in their order."""

    format: int = FORMAT_VERSION
    title: str
    dataset: str
    data_sha256: str
    class_names: tuple[str, ...]
    verdict: tuple[str, ...]
    shared: str
    set: SetName
    judged: str
    caveats: tuple[str, ...]
    study: str | None
    runs: tuple[SideRun, ...]
    differs: tuple[SettingRow, ...]
    pairs: tuple[PairResult | PairMissing, ...]

    @property
    def against_first(self) -> "list[PairResult]":
        """The pairs with the first run that were compared."""
        return [pair for pair in self.pairs if isinstance(pair, PairResult) and pair.confusions]


def check_runs(runs: Sequence[Run]) -> None:
    """Raise UsageError, RunIncomplete unless these are different, finished runs on the same data."""
    if len(runs) > MOST_RUNS:
        raise UsageError(f"given {len(runs)} runs, expected at most {MOST_RUNS}; the list of runs has groups")
    seen = set()
    for run in runs:
        if (path := run.path.resolve()) in seen:
            raise UsageError(f"given the run {run.name} twice, expected different ones")
        seen.add(path)
        run.require_complete()
    first = runs[0].spec
    for run in runs[1:]:
        if run.spec.data.sha256 != first.data.sha256:
            names = [f"{spec.recipe.data.dataset} (SHA-256 {spec.data.sha256[:12]}…)" for spec in (first, run.spec)]
            raise UsageError(
                f"given runs of different data sets: {runs[0].name} of {names[0]}, {run.name} of {names[1]}; runs are "
                "compared on the same images"
            )


def compare_runs(runs: Sequence[Run], on: SetName | None = None) -> SideBySide:
    """The runs side by side.

    on: which images judge; by default validation, or the test set where a run has no validation set and all have been
    evaluated on the test set. Two runs are compared on the validation images that both held out. Raises UsageError,
    RunIncomplete, RunCorrupt.
    """
    check_runs(runs)
    predictions = [run.predictions for run in runs]
    lacking = {name: [r for r, p in zip(runs, predictions, strict=True) if p.of(name) is None] for name in SETS}
    chosen = on or ("test" if lacking["validation"] and not lacking["test"] else "validation")
    if on == "test" and lacking["test"]:
        raise UsageError(f"--on test: run {lacking['test'][0].name} was not evaluated on the test set")
    lines = tell_apart([line_of(run) for run in runs])
    differs = _differences(runs, lines)
    letters = [chr(ord("A") + number) for number in range(len(runs))]
    pairs = [
        compare_pair(runs, predictions, (i, j), (letters[i], letters[j]), chosen)
        for i, j in combinations(range(len(runs)), 2)
    ]
    titles = _titles(runs, lines, differs)
    spec, study = runs[0].spec, _study(runs)
    return SideBySide(
        title=f"{titles[0]} against {titles[1]}" if len(runs) == 2 else f"{len(runs)} runs side by side",
        dataset=spec.recipe.data.dataset,
        data_sha256=spec.data.sha256,
        class_names=spec.data.class_names,
        verdict=_verdict(pairs),
        shared=_shared(runs, lines),
        set=chosen,
        judged=_judged(chosen, on, pairs, runs),
        caveats=_caveats(runs, len(pairs)),
        study=study,
        runs=tuple(
            SideRun(
                letter=letter, title=title, line=line, command=commands(run.spec).short,
                history=RunHistory.of(run),
            )
            for letter, title, run, line in zip(letters, titles, runs, lines, strict=True)
        ),
        differs=tuple(differs),
        pairs=tuple(pairs),
    )  # fmt: skip


def _verdict(pairs: Sequence[PairResult | PairMissing]) -> tuple[str, ...]:
    """Which pairs these images tell apart, and, of few pairs, how far each is from that."""
    compared = [pair for pair in pairs if isinstance(pair, PairResult)]
    if not compared:
        return ()
    sizes = sorted({pair.n for pair in compared})
    images = f"these {sizes[0]:,} images" if len(sizes) == 1 else f"the {_range(sizes)} images that judge both"
    # Bonferroni's share of 5 %: among 66 pairs of equal runs three would be told apart otherwise.
    apart = [pair for pair in compared if pair.test.exact_p_value < 0.05 / len(compared)]
    said = [
        f"{better} is more accurate than {worse}"
        for pair in apart
        for worse, better in [(pair.a, pair.b) if pair.difference.difference > 0 else (pair.b, pair.a)]
    ]
    how = f"McNemar’s exact test, 5{SPACE}%"
    if len(compared) == 1:
        alone = compared[0]
        first = said[0] if said else f"{alone.a} and {alone.b} cannot be told apart"
        return (f"{first} on {images} ({how}).", alone.sentence)
    how += f" divided among {len(compared)} pairs"
    if not apart:
        first = f"No pair can be told apart on {images} ({how})."
    else:
        more = f", and {len(said) - _IN_VERDICT} more" if len(said) > _IN_VERDICT else ""
        first = (
            f"{len(apart)} of {len(compared)} pairs can be told apart on {images}: "
            f"{', '.join(said[:_IN_VERDICT])}{more} ({how})."
        )
    return (first, *(pair.sentence for pair in compared if len(compared) <= _IN_VERDICT))


def _shared(runs: Sequence[Run], lines: Sequence[RunLine]) -> str:
    """What all runs have in common: settings that are not the default, how many images they learned from, the seed."""
    said = [changes_text(shared_changes(lines))]
    images = {_training_images(run) for run in runs}
    if len(images) == 1 and (n := images.pop()):
        said.append(f"{n:,} training images")
    if len({line.seed for line in lines}) == 1:
        said.append(f"seed {lines[0].seed}")
    return f"All of them: {', '.join(filter(None, said))}." if any(said) else ""


def _training_images(run: Run) -> int | None:
    """From how many images it learned; None where what is kept of a run does not tell."""
    data, held = run.spec.recipe.data, run.metrics.validation
    total = data.limit or (60_000 if data.dataset == "fashion-mnist" else None)
    if total is None or data.validation is None or held is None or (run.spec.in_study and not run.spec.undivided):
        return None
    # Of fewer images than the limit asks for, fewer are held out.
    return total - held.n if abs(held.n - data.validation * total) < 1 else None


def _range(sizes: Sequence[int]) -> str:
    return f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"


def _judged(chosen: SetName, on: SetName | None, pairs: Sequence[PairResult | PairMissing], runs: Sequence[Run]) -> str:
    sizes = sorted({pair.n for pair in pairs if isinstance(pair, PairResult)})
    if not sizes:
        return "No two of these runs are judged by the same images, so none are compared image by image."
    many = _range(sizes)
    if chosen == "test":
        why = "" if on else " A run here has no validation set, so the test set takes its place."
        return (
            f"Compared on the {many} test images, on which all of these runs had been evaluated before.{why} Whoever "
            "chooses a run by this has used the test set to choose."
        )
    also = "; the same images stopped the training or chose the epoch where the recipe does so"
    if all(run.spec.in_study for run in runs):
        also = ", and which stopped the training of neither"
    tested = all(run.metrics.test for run in runs)
    more = " For all test images instead: --on test." if tested else ""
    return f"Compared on the validation images that both runs of a pair held out, {many} of them{also}.{more}"


def _caveats(runs: Sequence[Run], pairs: int) -> tuple[str, ...]:
    recipes = {str(replace(run.spec.recipe, seed=0)) for run in runs}
    about = "These runs have one recipe: what is between them is the luck of the seed."
    if len(recipes) > 1:
        pair = "One seed each" if len(recipes) == len(runs) else "A pair of runs"
        about = (
            f"{pair} says nothing about the recipes: with other seeds they give other models, which may differ the "
            "other way round. Whether a recipe is better is a question for a study."
        )
    said = [
        "The interval and McNemar’s test are about these trained models and other images from the same source.",
        about,
    ]
    if pairs > 1:
        said.append(f"{pairs} pairs are tested. The p-values are not corrected for that; the verdict is.")
    return tuple(said)


def _study(runs: Sequence[Run]) -> str | None:
    """The command of a study that asks of the recipes what these runs cannot tell; None where there is none."""
    specs = [run.spec for run in runs]
    first, others = specs[0].recipe, [spec.recipe for spec in specs[1:]]
    if any(spec.origins or spec.recipe.refit or is_own_file(spec.recipe.model.name) for spec in specs):
        return None
    arms = [changes for other in others if (changes := difference(first, other))]
    if not arms or any(changed in asdict(first.data) for arm in arms for changed in arm):
        return None
    words = ["fashionlab", "study", first.model.name]
    for name, change in from_default(first).items():
        words += ["--" + name.replace("_", "-"), as_typed(change.after)]
    for arm in dict.fromkeys(_typed(arm) for arm in arms):
        words += ["--change", arm]
    return shlex.join(words)


def _typed(changes: Changes) -> str:
    return " ".join(f"{name}={as_typed(change.after)}" for name, change in changes.items())


def _differences(runs: Sequence[Run], lines: Sequence[RunLine]) -> list[SettingRow]:
    """The settings, the model first, and then the other facts in which the runs differ."""
    recipes = [run.spec.recipe for run in runs]
    names: dict[str, None] = {}
    for other in recipes[1:]:
        names |= dict.fromkeys(difference(recipes[0], other))
        if other.model.name != recipes[0].model.name:
            names |= dict.fromkeys(difference(other, recipes[0]))
    facts = [{name: _fact(line, name) for name in (*_FACTS, *line.facts)} for line in lines]
    values = [
        {"model": line.model, **line.settings, **own} for line, own in zip(lines, facts, strict=True)
    ]  # fmt: skip
    names |= {name: None for name in facts[0] if len({own[name] for own in facts} - {None}) > 1}
    ordered = sorted(names, key=lambda name: name != "model")
    return [SettingRow(name, tuple(each.get(name) for each in values)) for name in ordered]


_FACTS = ("seed", "refit", "origin")


def _fact(line: RunLine, name: str) -> Any:
    """What decides a run's numbers besides its settings; None for what it has not, as an estimator no trainer."""
    value = getattr(line, name) if name in _FACTS else line.facts[name]
    return None if value == "none" else value


def _titles(runs: Sequence[Run], lines: Sequence[RunLine], differs: Sequence[SettingRow]) -> list[str]:
    facts = {"model", *lines[0].facts}
    rows = [row for row in differs if row.name not in facts]
    found = []
    for number, run in enumerate(runs):
        # First what few of the others have, so that titles differ.
        own = sorted(rows, key=lambda row: row.values.count(row.values[number]))
        known = [(row.name, row.values[number]) for row in own if row.values[number] is not None]
        said = [f"{name}={as_typed(value)}" for name, value in known]
        found.append(" ".join([run.spec.recipe.model.name, *said[:_IN_TITLE]]))
    return found

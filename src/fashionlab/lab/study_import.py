"""Verdicts for runs that were made elsewhere: from a table of results to a study's verdicts and page."""

import time
from pathlib import Path

import numpy as np
from msgspec.structs import asdict, replace

from fashionlab.errors import DataInvalid, UsageError
from fashionlab.lab.study_job import make_page
from fashionlab.lab.study_results import StudyResult
from fashionlab.machine import describe_machine
from fashionlab.options import spelled, unknown_name
from fashionlab.reports.study.guarantee import import_sentences
from fashionlab.store import to_json
from fashionlab.studies.design.file import fill_terms
from fashionlab.studies.design.imported import ImageTest, ImportedArm, ImportedPlan, Results
from fashionlab.studies.design.plan import StudyData
from fashionlab.studies.design.results_file import read_results
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.outcomes import Outcome, RunResults
from fashionlab.studies.stats.mcnemar import mcnemar
from fashionlab.studies.summarise import summarise_study
from fashionlab.studies.summary import StudySummary
from fashionlab.text import tell

BASELINE = "baseline"
"""An arm of this name is the baseline without being named."""


def import_study(
    path: str | Path,
    *,
    baseline: str | None = None,
    images: int | None = None,
    margin: float | None = None,
    title: str | None = None,
    report: bool = True,
    runs: str | Path = "runs",
) -> StudyResult:
    """Judge runs that were made with any tool, by the statistics of `study`, from a table of their results.

    path: a CSV file with the columns seed, arm, score (accuracies, fractions or per cent), or seed, arm, image, correct
    (0 or 1) with a row for each image of each run. Other columns are left out. Seeds are taken in ascending order;
    those of which an arm is lacking are left out of that arm's verdict. baseline: one of the arms; without it the arm
    called "baseline", else the best one, which costs a little precision (see `compare`). images: how many each score
    was measured on. margin, title: as for `study`. report: make the page.

    The study cannot be resumed: add seeds to the file and import it again. Raises DataInvalid for a wrong file, with
    the line, UsageError, StoreError.
    """
    if images is not None and not 1 <= images <= 10**9:
        raise UsageError(f"{spelled('images')}: given {images}, expected a whole number from 1 to 1,000,000,000")
    path = Path(path)
    terms = fill_terms({"margin": margin, "title": title})
    results = read_results(path, images)
    named = baseline if baseline is not None else BASELINE if BASELINE in results.arms else None
    if named is not None and named not in results.arms:
        raise UsageError(unknown_name("arm", named, list(results.arms), str(path)))
    arms = sorted(results.arms, key=lambda name: name != named)
    facts = results.facts
    plan = ImportedPlan(
        kind="compare" if named is None else "study",
        title=terms.title or f"Results imported from {path.name}",
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        arms=tuple(map(ImportedArm, arms)),
        baseline=named,
        declared=len(arms) - 1 if named is not None else len(arms) * (len(arms) - 1) // 2,
        seeds=len(results.seeds),
        first_seed=results.seeds[0],
        seed_numbers=results.seeds,
        # Someone else decided how many seeds there are: all of them count.
        all_seeds=True,
        margin=terms.margin,
        judge_rows=facts.images[0] if facts.images and facts.images[0] == facts.images[1] else None,
        data=StudyData(path.name, results.sha256, ()),
        test=False,
        imported=facts,
    )
    summary = _summarise(plan, results)
    for sentence in import_sentences(facts):
        tell(sentence)
    folder = StudyFolder.create(Path(runs), f"{path.stem}-imported", plan)
    folder.write("summary.json", to_json(replace(summary, name=folder.name)))
    if report:
        make_page(folder)
    return StudyResult(folder)


def _summarise(plan: ImportedPlan, results: Results) -> StudySummary:
    """By the same functions as any study's. Raises DataInvalid where there is no pair."""
    facts = plan.imported
    found = RunResults(
        outcomes={run: Outcome(accuracy=score) for run, score in results.scores.items()},
        absent={(arm, each.seed): "no result in the file" for each in facts.unpaired for arm in each.lacking},
    )
    summary = summarise_study(
        plan, found, state="seeds", seconds=0.0, workers=0, machine=describe_machine(), imported=facts
    )
    base, pairs = summary.baseline.name, [(arm.name, arm.pairs[0].seed) for arm in summary.arms if arm.pairs]
    if not pairs:
        raise DataInvalid(f"{plan.data.name}: no arm has a seed in common with {base!r}, so there is nothing to judge")
    if results.correct is None:
        return summary
    tests = []
    for arm, seed in pairs:
        before, after = results.correct[base, seed], results.correct[arm, seed]
        both = np.array([(before[image], after[image]) for image in before], bool)
        tests.append(ImageTest(**asdict(mcnemar(both[:, 0], both[:, 1])), arm=arm, seed=seed))
    return replace(summary, imported=replace(facts, mcnemar=tuple(tests)))

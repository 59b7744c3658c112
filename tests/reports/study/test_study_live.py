"""Progress of a study: the plan, a line a run, a display that says what is under way."""

import io

from msgspec.structs import replace
from study_samples import make_summary

from fashionlab.recipe.difference import Changed
from fashionlab.reports.progress.display import LiveDisplay, LogDisplay
from fashionlab.reports.progress.study import StudyStatus, plan_lines
from fashionlab.reports.study import report_of
from fashionlab.reports.study.answer import state
from fashionlab.studies.events import (
    RunDone,
    RunFailed,
    RunLost,
    RunsUnderWay,
    RunTested,
    RunUnderWay,
    StudyEnded,
    SummaryWritten,
)
from fashionlab.studies.overview import Needed, PlannedArm, PlanOverview, Power

WIDE = {"widths": Changed((8, 8), (16,)), "batch_norm": Changed(True, False), "depth": Changed(None, 1)}

PLAN = PlanOverview(
    title="Wider?", kind="study", baseline="baseline", seeds=10, first_seed=0, runs=20, margin=0.2, judge_rows=6000,
    workers=2, minutes=5.0, test=True, seconds=130.0, done=4,
    arms=(PlannedArm("baseline", "mlp", {}, None, False), PlannedArm("wide", "mlp", WIDE, 0.04, True)),
)  # fmt: skip


def events():
    """Those of a study whose arm "wide" turns out to help."""
    before, after = (make_summary([("wide", WIDE, 1.5)], seeds=seeds, state="running") for seeds in (2, 6))
    under_way = (RunUnderWay("wide", 2, 3, 12, "epoch"),)
    yield SummaryWritten(before)
    yield RunsUnderWay(under_way, None)
    yield RunDone("baseline", 2, 0.8912, 9.5)
    yield RunFailed("wide", 2, 1, 3, "it died", False)
    yield RunLost("wide", 3, "the worker on node x ended")
    yield RunsUnderWay(under_way, 65.0)
    yield SummaryWritten(after)
    yield StudyEnded("seeds")
    yield RunTested(3, 12)


def test_the_plan_says_arms_runs_and_time():
    text = "\n".join(plan_lines(PLAN)).replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "Wider?",
        "mlp, the reference for the others",
        "widths 8-8 → 16, batch norm on → off, depth none → 1, at 96 % confidence, added later",
        "at most 20 runs, 4 of them done: 2 arms, seeds 0 to 9, on 2 workers",
        "judged on 6,000 images each, margin 0.2 points",
        "about 2 min 10 s if all seeds are needed, by earlier studies here; no run begins after 5 minutes",
    ):
        assert words in text
    assert "known after a pilot with --seeds 4" in text
    assert "unknown until the first runs are done" in "\n".join(plan_lines(replace(PLAN, seconds=None)))
    assert "on the cluster's workers" in "\n".join(plan_lines(replace(PLAN, workers=None)))
    assert plan_lines(replace(PLAN, test=False))[-1] == "the test set is not evaluated"


def test_without_a_terminal_a_line_a_run_a_failure_and_a_new_verdict(capsys):
    log = LogDisplay(StudyStatus())
    for event in events():
        log.take(event)
    *lines, verdict = capsys.readouterr().err.splitlines()
    assert lines == [
        "run   4/20  seed 2, baseline: 89.12% in 9.5 s  time left: unknown until a run of each arm is done",
        "seed 2, wide: failed (attempt 1 of 3, trying again): it died",
        "seed 3, wide: lost, to be made elsewhere: the worker on node x ended",
    ]
    assert verdict.startswith("after 6 seeds: wide helps: accuracy is about 1.")


def test_on_a_terminal_one_display():
    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=True, width=140)
    with LiveDisplay(console, StudyStatus()) as display:
        for event in events():
            display.take(event)
        text = "\n".join([str(display._status.headline), display._status.left, *display._status.lines])
    text += console.file.getvalue()
    for words in ("12 of at most 20 runs done, 0 running", "helps", "6 seeds", "evaluating the test set: 3 of 12 runs"):
        assert words in text


def test_what_is_under_way_and_what_more_is_needed():
    status = StudyStatus()
    for event in list(events())[:6]:
        status.take(event)
    text = "\n".join([status.headline, status.left, *status.lines])
    for words in (
        "4 of at most 20 runs done, 1 running",
        "seed 2, wide: epoch 3/12",
        "undecided",
        "failed (attempt 1 of 3",
        "about 1 min 0",
    ):
        assert words in text


def test_the_plan_says_what_it_can_find():
    needed = (Needed(0.2, 1000, None), Needed(0.5, 41, 725.0), Needed(1.0, 9, 60.0))
    power = Power(deviation=0.6312, comparisons=3, needed=needed, smallest=0.9123)
    text = "\n".join(plan_lines(replace(PLAN, power=power))).replace("\N{NO-BREAK SPACE}", " ")
    assert (
        "at a deviation of 0.63 points (by 3 earlier comparisons here), takes about 1,000 seeds or more for 0.2 "
        "points, 41 seeds for 0.5 points (12 min 05 s), 9 seeds for 1 point (1 min 00 s)"
    ) in text
    assert "declares" not in text
    declared = "\n".join(plan_lines(replace(PLAN, power=replace(power, declared=10))))
    assert "(1 min 00 s), in a study that declares them with seeds" in declared.replace("\N{NO-BREAK SPACE}", " ")
    assert "with the 10 seeds of this plan: a difference below about 0.91 points is likely to stay undecided" in text
    few = replace(PLAN, power=replace(power, smallest=None))
    assert "too few for any interval" in "\n".join(plan_lines(few))


def test_a_reference_that_nobody_named_is_said_and_said_again_when_it_changes():
    named = make_summary([("wide", WIDE, 1.5)], seeds=6, state="running")
    status, told = StudyStatus(), []
    for name in ("cnn", "cnn", "mlp"):
        chosen = replace(named, baseline=replace(named.baseline, name=name, chosen=True))
        told.append(list(status.take(SummaryWritten(chosen))))
    sentence = "No baseline was named, so the others are compared with the most accurate so far, cnn."
    assert told[0][0] == sentence
    assert told[1] == []
    # A verdict against another reference is another verdict.
    assert told[2] == [sentence.replace("cnn", "mlp"), told[0][1]]
    assert not any("reference" in line for line in StudyStatus().take(SummaryWritten(named)))
    assert sentence in state(report_of(replace(chosen, baseline=replace(chosen.baseline, name="cnn"))))
    assert "the reference will be the most accurate" in "\n".join(plan_lines(replace(PLAN, baseline=None)))

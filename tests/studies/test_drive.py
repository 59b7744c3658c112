"""The driver: order, retries, hangs, kills, continuation; with runs that are made up."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import fakes
import pytest
from msgspec.structs import replace

from fashionlab.errors import Interrupted, RunCorrupt, StoreError, WorkerError
from fashionlab.lab import list_studies as list_lines
from fashionlab.models.own.source import OwnSource
from fashionlab.reports.study import report_of
from fashionlab.store import to_json
from fashionlab.studies.events import RunDone, RunFailed, SummaryWritten
from fashionlab.studies.execution.estimate import seconds_left
from fashionlab.studies.folder import Failure, StudyFolder, find_study, list_studies
from fashionlab.studies.stats.alpha_spending import AlphaSpending
from fashionlab.studies.summary import FailedRun, RunCounts
from fashionlab.workers.events import RunTold


@pytest.fixture(autouse=True)
def faults(tmp_path, monkeypatch):
    """The folder in which misbehaviour is ordered, and where workers note what they began."""
    folder = tmp_path / "faults"
    folder.mkdir()
    monkeypatch.setenv("FAKES", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return folder


def begin(tmp_path, *dropouts, **terms):
    return StudyFolder.create(tmp_path / "runs", "study", fakes.make_plan(dropouts or (0.0, 0.1), **terms))


def findings(summary):
    """What a study says, without what depends on the hour and the machine."""
    keys = ("name", "verdict", "pairs", "left_out", "changes")
    return [{key: getattr(arm, key) for key in keys} for arm in summary.arms], summary.seeds


def test_a_study_ends_by_itself_when_every_arm_is_decided(tmp_path):
    folder = begin(tmp_path, 0.0, seeds=30)
    summary = fakes.drive(folder)
    assert summary.state == "decided"
    (arm,) = summary.arms
    assert arm.verdict.word == "hurts"
    last = summary.seeds.last
    assert summary.seeds.complete == tuple(range(last + 1))
    assert [pair.seed for pair in arm.pairs] == list(range(last + 1))
    assert arm.verdict.settled_at == last + 1 < 10
    for number, pair in enumerate(arm.pairs, 1):
        assert pair.difference == pytest.approx(100 * (pair.arm - pair.baseline))
        assert pair.mean == pytest.approx(sum(each.difference for each in arm.pairs[:number]) / number)
    assert (arm.pairs[0].low, arm.pairs[-1].low) == (None, arm.verdict.low)
    assert (arm.secondary.seconds.n, arm.secondary.seconds.mean) == (last + 1, 0)
    assert report_of(folder.summary) == summary
    assert not list(folder.work.iterdir())
    assert summary.runs.done < 60


def test_all_seeds_are_made_if_wanted_and_a_limit_of_minutes_is_kept(tmp_path):
    summary = fakes.drive(begin(tmp_path, 0.0, seeds=9, all_seeds=True))
    assert (summary.state, summary.runs.done, summary.seeds.last) == ("seeds", 18, None)
    summary = fakes.drive(begin(tmp_path, 0.1, seeds=300, all_seeds=True), minutes=0.02)
    assert summary.state == "minutes"
    assert 0 < summary.runs.done < 600


def test_verdicts_do_not_depend_on_which_run_came_first(tmp_path, faults):
    calm = fakes.drive(begin(tmp_path, 0.0, 0.1, seeds=7), workers=1)
    for arm, seed in ((0.3, 0), (0.0, 2), (0.1, 5)):
        (faults / f"slow {arm} {seed}").write_text("1")
    seen = []

    def watch(event):
        if isinstance(event, SummaryWritten):
            seen.append({arm.name: [pair.seed for pair in arm.pairs] for arm in event.summary.arms})

    hurried = fakes.drive(begin(tmp_path, 0.0, 0.1, seeds=7), watch, workers=4)
    assert findings(hurried) == findings(calm)
    # At every moment what counts is a beginning of the seeds: no seed was ever put in before another.
    for pairs in seen:
        assert all(seeds == list(range(len(seeds))) for seeds in pairs.values())


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("raise", "RuntimeError: made to fail"), ("kill", "was killed by signal 9"), ("hang", "hung: no sign of life")],
)
def test_a_run_that_fails_is_tried_twice_more_and_then_reported(tmp_path, faults, fault, reason):
    (faults / f"{fault} 0.0 1").write_text("1")
    (faults / f"{fault} 0.1 2").write_text("9")
    events = []
    summary = fakes.drive(begin(tmp_path, seeds=4, all_seeds=True), events.append, silence=2)
    patient, poor = summary.arms
    assert [pair.seed for pair in patient.pairs] == [0, 1, 2, 3]
    assert patient.failures == patient.left_out == ()
    assert [pair.seed for pair in poor.pairs] == [0, 1, 3]
    assert [(failure.seed, failure.attempts) for failure in poor.failures] == [(2, 3)]
    assert reason in poor.failures[0].reason
    assert reason in poor.left_out[0].reason
    assert "resumed" not in poor.failures[0].reason
    assert summary.runs == RunCounts(done=11, failed=1, planned=12, retried=3)
    assert [event.final for event in events if isinstance(event, RunFailed)].count(True) == 1


def test_what_would_happen_again_is_not_tried_again(tmp_path, faults):
    (faults / "refuse 0.0 1").write_text("9")
    summary = fakes.drive(begin(tmp_path, 0.0, seeds=3, all_seeds=True))
    assert summary.arms[0].failures == (FailedRun(1, "made to diverge", 1),)


def test_an_arm_that_always_fails_is_withdrawn_and_does_not_stop_the_study(tmp_path, faults):
    for seed in range(9):
        (faults / f"refuse 0.1 {seed}").write_text("9")
    summary = fakes.drive(begin(tmp_path, 0.0, 0.1, seeds=9))
    good, bad = summary.arms
    assert summary.state == "decided"
    assert good.verdict.word == "hurts"
    assert bad.withdrawn == "made to diverge"
    assert len(bad.failures) == 3
    assert bad.verdict.n == 0
    for seed in range(9):
        (faults / f"refuse 0.3 {seed}").write_text("9")
    with pytest.raises(WorkerError, match="the baseline baseline failed with each of its first seeds"):
        fakes.drive(begin(tmp_path, 0.0, seeds=9))


def test_a_study_of_few_seeds_in_which_nothing_can_be_compared_is_an_error(tmp_path, faults):
    for seed in range(2):
        (faults / f"refuse 0.3 {seed}").write_text("9")
    folder = begin(tmp_path, 0.1, seeds=2)
    with pytest.raises(WorkerError, match="there is nothing to compare, the first one so: made to diverge"):
        fakes.drive(folder)
    assert folder.summary.runs.done == 2


def test_a_killed_study_goes_on_to_the_verdicts_of_a_calm_one_and_counts_nothing_twice(tmp_path, faults):
    calm = fakes.drive(begin(tmp_path, 0.0, 0.1, seeds=7))
    (faults / "begun").unlink()
    folder = begin(tmp_path, 0.0, 0.1, seeds=7)
    kills = 0
    for seed in range(7):
        (faults / f"slow 0.0 {seed}").write_text("1")
        (faults / f"slow 0.3 {seed}").write_text("1")
    for done in (2, 7):
        child = subprocess.Popen([sys.executable, fakes.__file__, str(folder.path)])
        deadline = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < deadline:
            if len(list((folder.path / "runs").iterdir())) >= done:
                child.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.02)
        child.wait()
    assert kills == 2
    summary = fakes.drive(folder)
    assert findings(summary) == findings(calm)
    assert summary.runs.failed == summary.runs.retried == 0
    begun = Counter((faults / "begun").read_text().splitlines())
    # Lost are the runs that were in flight: at most one a worker and kill.
    assert sum(begun.values()) - len(begun) <= 2 * kills
    assert not list(folder.work.iterdir())


def test_ctrl_c_leaves_a_study_that_goes_on(tmp_path):
    folder = begin(tmp_path, 0.0, seeds=7)

    def press(event):
        if isinstance(event, RunDone) and event.seed == 1:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(Interrupted, match=rf"go on with: fashionlab\.resume_study\('{folder.path}'\)"):
            fakes.drive(folder, press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert folder.summary.state == "stopped"
    assert 2 <= folder.summary.runs.done < 14
    assert fakes.drive(folder).state == "decided"


def test_its_runs_are_logged_also_those_that_were_finished_before(tmp_path):
    pytest.importorskip("tensorboardX")
    folder, told, log = begin(tmp_path, 0.0, seeds=2), [], tmp_path / "runs" / "tensorboard"
    fakes.drive(folder)
    assert not log.exists()
    folder.save_plan(replace(folder.plan, seeds=3))
    fakes.drive(folder, told.append, log="tensorboard")
    logged = {str(path.parents[1].relative_to(log)) for path in log.rglob("train/*tfevents*")}
    assert len(logged) == 6
    assert logged == {f"{folder.name}/runs/{path.name}" for path in (folder.path / "runs").iterdir()}
    events = {}
    for event in told:
        if isinstance(event, RunTold):
            events.setdefault(event.run, []).append(type(event.told).__name__)
    assert len(events) == 2
    assert all(names == ["RunStarted", "TrainingStarted", "RunFinished"] for names in events.values())


def test_a_study_has_one_driver(tmp_path):
    folder = begin(tmp_path)
    with folder.lock(), pytest.raises(StoreError, match="is being run by another process"):
        fakes.drive(folder)


def test_what_is_half_written_is_swept_and_what_is_not_the_run_is_refused(tmp_path):
    folder = begin(tmp_path, 0.0, seeds=2, all_seeds=True)
    (folder.work / "00-baseline-seed0-1").mkdir()
    (folder.work / "00-baseline-seed0-1" / "recipe.json").write_text("{")
    fakes.drive(folder)
    assert not list(folder.work.iterdir())
    run = folder.finished(folder.plan.arms[0], 0)
    (run.path / "complete.json").unlink()
    with pytest.raises(RunCorrupt, match="is not the finished run of 'baseline' with seed 0; delete it"):
        fakes.drive(folder)


def test_arms_added_later_spend_from_the_reserve_and_no_alpha_changes(tmp_path):
    folder = begin(tmp_path, 0.0, seeds=6)
    first = fakes.drive(folder)
    plan = folder.plan
    folder.save_plan(replace(plan, arms=(*plan.arms, fakes.make_arm(0.9, later=True)), all_seeds=True))
    second = fakes.drive(folder)
    shares = AlphaSpending(1)
    assert [arm.verdict.alpha for arm in second.arms] == [shares.of(0), shares.of(1)]
    assert [arm.added_later for arm in second.arms] == [False, True]
    assert second.arms[1].verdict.word == "helps"
    seen = len(first.arms[0].pairs)
    assert second.arms[0].pairs[:seen] == first.arms[0].pairs
    assert second.seconds > first.seconds
    with pytest.raises(StoreError, match="its arms are declared; more can be added, none changed"):
        folder.save_plan(replace(plan, arms=(plan.arms[0], fakes.make_arm(0.1))))


def test_a_plan_reads_back_as_it_was_and_studies_are_found_by_name(tmp_path):
    plan = fakes.make_plan(seeds=4, margin=0.5)
    folder = StudyFolder.create(tmp_path / "runs", "study", plan)
    assert StudyFolder(folder.path).plan == replace(plan, name=folder.name)
    assert [found.name for found in list_studies(tmp_path / "runs")] == [folder.name]
    for name in ("last", folder.name, str(folder.path)):
        assert find_study(tmp_path / "runs", name).path.resolve() == folder.path.resolve()
    assert folder.run_of(folder.plan.arms[0], 0).path == folder.path / "runs" / "00-baseline-seed0"


def test_a_model_file_of_ones_own_stands_where_a_person_can_read_it(tmp_path):
    plan = fakes.make_plan((0.0,), seeds=4)
    arm = replace(plan.arms[1], model_source=OwnSource(b"import keras\n", {"parts/block.py": b"x = 1\n"}))
    folder = StudyFolder.create(tmp_path / "runs", "study", replace(plan, arms=(plan.arms[0], arm)))
    assert (folder.path / "models" / "01.py").read_bytes() == b"import keras\n"
    assert (folder.path / "models" / "01" / "parts" / "block.py").read_bytes() == b"x = 1\n"
    assert b"keras" not in (folder.path / "study.json").read_bytes()
    assert [arm.model_source for arm in StudyFolder(folder.path).plan.arms] == [None, arm.model_source]


@pytest.mark.parametrize("name", ["study.json", "summary.json"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"format": 1, "name": "old"}', "has format version 1, this fashionlab reads 2 to 5; "),
        (b'{"format": 2, "name": "x"}', "is damaged (Object missing required field "),
        (b'{"format": 2', "is damaged ("),
        (b"[1]", "is damaged ("),
        (b"[" * 100_000, "is damaged ("),
        (None, "cannot be read: "),
    ],
)  # fmt: skip
def test_a_study_in_an_old_format_or_damaged_gets_one_sentence(tmp_path, name, content, words):
    folder = StudyFolder.create(tmp_path / "runs", "study", fakes.make_plan((0.0,), seeds=4))
    path = folder.path / name
    if content is None:
        other = tmp_path / "elsewhere"
        other.write_bytes(to_json(folder.plan))
        path.unlink(missing_ok=True)
        path.symlink_to(other)
    else:
        path.write_bytes(content)
    damaged = StudyFolder(folder.path)
    with pytest.raises(RunCorrupt) as caught:
        _ = damaged.plan if name == "study.json" else damaged.summary
    assert str(caught.value).startswith(f"{path} {words}")
    assert "\n" not in str(caught.value)
    # One damaged study is a line of the list, not its end.
    (line,) = list_lines(runs=tmp_path / "runs")
    assert line.damaged == str(caught.value)


def test_a_line_of_the_failures_that_was_cut_off_is_left_out(tmp_path):
    folder = StudyFolder.create(tmp_path / "runs", "study", fakes.make_plan((0.0,), seeds=4))
    whole = Failure("dropout=0.0", 1, 1, "it died", False)
    folder.record(whole)
    with (folder.path / "failures.jsonl").open("ab") as file:
        file.write(b'{"arm": "dropout=0.0", "se\n\xff\n{"arm": 1}\n')
    folder.record(whole)
    assert folder.failures() == [whole, whole]


CHANGES = (
    ("study.json", lambda found: found.update(baseline="another")),
    ("study.json", lambda found: found.update(seeds=2**40)),
    ("study.json", lambda found: found["arms"].append(found["arms"][0])),
    ("study.json", lambda found: found["data"].update(class_names=["a", "b"])),
    ("summary.json", lambda found: found["arms"][0].update(name="another")),
    ("summary.json", lambda found: found["arms"][0]["pairs"].pop()),
    ("summary.json", lambda found: found["arms"][0]["pairs"][0].update(seed=9)),
    ("summary.json", lambda found: found["seeds"].update(planned=500)),
    ("summary.json", lambda found: found["data"].update(sha256="another")),
)  # fmt: skip


def test_a_plan_holds_together_and_a_summary_is_of_its_plan(tmp_path):
    folder = StudyFolder.create(tmp_path / "runs", "study", fakes.make_plan((0.1,), seeds=2))
    fakes.drive(folder)
    for name, change in CHANGES:
        sound = (folder.path / name).read_bytes()
        document = json.loads(sound)
        change(document)
        (folder.path / name).write_text(json.dumps(document))
        with pytest.raises(RunCorrupt, match=f"{name} is damaged"):
            _ = StudyFolder(folder.path).summary
        (folder.path / name).write_bytes(sound)
    assert StudyFolder(folder.path).summary


def test_the_time_left_is_told_arm_by_arm():
    durations = {"mlp": [9.0, 2.0, 2.0], "cnn": [200.0]}
    assert seconds_left(["mlp", "mlp", "cnn"], [("mlp", 0.5)], durations, 1) == 205
    assert seconds_left(["mlp", "mlp"], [("cnn", 0.25)], durations, 4) == 50  # one run is not divided
    assert seconds_left(["mlp", "other"], [], durations, 2) is None
    assert seconds_left([], [], durations, 2) == 0

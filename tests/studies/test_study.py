"""Studies as people run them: really trained, on 600 images, by command and from Python."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest
from benchmarks.study import pairs_of, recompute

import fashionlab
from fashionlab import lab
from fashionlab.errors import StoreError, UsageError
from fashionlab.evaluation import open_images
from fashionlab.lab.studies import declare_from
from fashionlab.reports.study import StudyReport
from fashionlab.store import Ledger
from fashionlab.studies.final import read_test_logits
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.stats.verdict import Verdict, judge
from fashionlab.studies.summary import RunCounts, StudySummary
from fashionlab.training.partition import partition

SMALL = ("--widths", "16,8", "--epochs", "2", "--batch-size", "64")
ARMS = ("--change", "dropout=0", "--change", "wide: widths=32,16 dropout=0.1")

SEEDS = (100, 101)
"""Those of a study of two seeds: the lower ones are for searches."""


def run(*arguments, cwd, status=0):
    answer = subprocess.run(
        [sys.executable, "-m", "fashionlab", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=300
    )  # fmt: skip
    assert answer.returncode == status, answer.stdout + answer.stderr
    return answer


@pytest.fixture
def say(ask):
    """What a command prints that is run in this process: one of its own costs a second."""

    def answer(*arguments, cwd):
        status, out, err = ask(*arguments, cwd=cwd)
        assert status == 0, out + err
        return out

    return answer


@pytest.fixture(scope="module")
def place(tmp_path_factory, sample_path):
    """A folder in which a study has been run to its last seed."""
    folder = tmp_path_factory.mktemp("place")
    terms = ("--seeds", 2, "--workers", 1, "--json")
    answer = run("study", "mlp", "--dataset", sample_path, *SMALL, *ARMS, *terms, cwd=folder)
    (folder / "answer.json").write_text(answer.stdout)
    (folder / "progress.txt").write_text(answer.stderr)
    return folder


@pytest.fixture
def summary(place):
    """What `--json` printed: the summary, with words that it leaves out here."""
    return msgspec.json.decode((place / "answer.json").read_bytes(), type=StudySummary)


@pytest.fixture
def study(place):
    return StudyFolder(next((place / "runs").glob("mlp-study-*")))


def test_evidence_of_a_study_holds_what_its_verdicts_follow_from(place, study):
    report = msgspec.json.decode((place / "answer.json").read_bytes(), type=StudyReport)
    content = {"verdicts": {arm.name: arm.verdict for arm in report.arms}, "pairs": pairs_of(report, study)}
    results = json.loads(msgspec.json.encode(content))
    for arm in report.arms:
        assert recompute(results, arm.name) == msgspec.convert(results["verdicts"][arm.name], Verdict)
        assert [pair["seed"] for pair in results["pairs"][arm.name]] == [pair.seed for pair in arm.pairs]
        for pair in results["pairs"][arm.name]:
            # Two runs differ in accuracy by no more than the share of images to which they give different classes.
            assert abs(pair["arm"] - pair["baseline"]) <= pair["disagree"] + 1e-9


def test_the_summary_is_what_the_runs_say(summary, study):
    assert study.summary == summary
    assert (summary.state, summary.seeds.complete) == ("seeds", SEEDS)
    assert summary.runs == RunCounts(done=6, failed=0, planned=6, retried=0)
    assert summary.judge_rows == 60
    accuracies = {}
    for arm in study.plan.arms:
        for seed in SEEDS:
            predictions = study.finished(arm, seed).predictions.validation
            accuracies[arm.name, seed] = (predictions.logits.argmax(axis=1) == predictions.labels).mean()
    for arm in summary.arms:
        differences = [100 * (accuracies[arm.name, s] - accuracies["baseline", s]) for s in SEEDS]
        assert [pair.difference for pair in arm.pairs] == pytest.approx(differences)
        assert arm.verdict.alpha == pytest.approx(0.02)
        assert arm.verdict == judge(differences, alpha=arm.verdict.alpha, resolution=100 / 60)
        assert all(getattr(arm.secondary, name).n == 2 for name in arm.secondary.__struct_fields__)
    assert [arm.name for arm in summary.arms] == ["dropout=0", "wide"]
    assert summary.baseline.accuracy.n == 2
    assert summary.baseline.settings["widths"] == [16, 8]
    assert summary.machine.packages["keras"]


def test_json_has_the_sentences_too(place):
    for arm in json.loads((place / "answer.json").read_text())["arms"]:
        assert arm["verdict"]["sentence"].startswith(f"{arm['title']}: undecided. So far accuracy is ")
        assert arm["verdict"]["second"].startswith("How many more seeds it needs")


def test_a_run_of_a_study_is_stopped_by_one_half_and_judged_by_the_other_and_never_sees_the_test_set(study, sample):
    for arm in study.plan.arms:
        finished = study.finished(arm, SEEDS[1])
        rows = partition(finished.spec, sample)
        assert finished.spec.in_study
        assert (finished.predictions.validation.rows == rows.judging).all()
        assert finished.metrics.validation.n == 60
        assert finished.metrics.test is finished.predictions.test is None
        # The learning curve's accuracies are those of the stopping set: sixtieths, whatever the judging set says.
        assert np.asarray(finished.history["val_accuracy"]) * 60 == pytest.approx(
            np.round(np.asarray(finished.history["val_accuracy"]) * 60), abs=1e-4
        )
        assert (open_images(finished, "validation") == sample.images[rows.judging]).all()
        assert finished.environment.cores == 1
        assert finished.metrics.peak_memory_mb > 100
        assert not finished.checkpoint.exists()


def test_the_test_set_is_evaluated_once_for_all_runs(summary, study, place, sample):
    (line,) = Ledger(place / "runs").lines(sample.sha256)
    assert (line.by, line.rows) == (study.name, 200)
    logits = read_test_logits(study)
    assert len(logits) == 1 + 6
    right = {key: scores.argmax(axis=1) == logits["labels"] for key, scores in logits.items() if key != "labels"}
    test = summary.test
    assert (test.n, test.evaluations) == (200, 1)
    wide = next(arm for arm in test.arms if arm.name == "wide")
    assert wide.accuracy.mean == pytest.approx(50 * (right["wide/100"].mean() + right["wide/101"].mean()))
    assert wide.difference.n == 2
    assert wide.mcnemar.seed == SEEDS[0]
    assert wide.mcnemar.only_b == (right["wide/100"] & ~right["baseline/100"]).sum()


def test_the_plan_is_printed_before_it_runs_and_a_line_a_run(place, study):
    lines = (place / "progress.txt").read_text().splitlines()
    assert "6 runs: 3 arms, seeds 100 to 101" in "".join(lines[:9])
    assert any("widths 16-8 → 32-16" in line for line in lines[:6])
    assert any("unknown until the first runs are done" in line for line in lines[:8])
    assert sum(line.startswith("run ") for line in lines) == 6
    assert study.name in "".join(lines[:12])
    assert (study.path / "report" / "index.html").stat().st_size > 10_000


def test_studies_are_listed_apart_from_runs(place, study, say):
    assert lab.list_runs(runs=place / "runs") == []
    assert "no runs" in say("runs", cwd=place)
    (line,) = json.loads(say("study", "list", "--json", cwd=place))
    assert (line["study"], line["state"]) == (study.name, "seeds")
    assert set(line["verdicts"]) == {"dropout=0", "wide"}
    assert f"runs/{study.name}" in say("study", "list", cwd=place)
    # Whoever has a study's name need not know which command shows it.
    shown = json.loads(say("runs", "show", study.name, "--json", cwd=place))
    assert shown == json.loads(say("study", "show", study.name, "--json", cwd=place))
    page = study.path / "report" / "index.html"
    assert 'id="curves-epoch-run-val_loss-2-1"' in page.read_text(encoding="utf-8"), "the second run of the third arm"
    before = page.stat().st_mtime_ns
    assert say("report", f"runs/{study.name}", cwd=place).endswith(f"runs/{study.name}/report/index.html\n")
    assert page.stat().st_mtime_ns > before
    result = fashionlab.open_study("last", runs=place / "runs")
    assert result.verdicts["wide"].n == 2
    assert "wide: undecided" in repr(result)


def test_a_study_is_measured_and_deleted_with_its_runs(study, tmp_path, say):
    copy = tmp_path / "runs" / study.name
    shutil.copytree(study.path, copy)
    sizes = json.loads(say("runs", "size", "--json", cwd=tmp_path))
    assert sizes["studies"] == {study.name: sizes["bytes"]}
    assert sizes["bytes"] > 100_000
    with StudyFolder(copy).lock(), pytest.raises(StoreError, match="is being run by another process"):
        lab.delete_runs([study.name], runs=tmp_path / "runs")
    assert study.name in say("runs", "delete", study.name, "--yes", cwd=tmp_path)
    assert not copy.exists()


def test_going_on_adds_seeds_and_arms_and_evaluates_the_test_set_once_more(place, study, summary, sample, tmp_path):
    copy, ledger = tmp_path / "runs" / study.name, Ledger(tmp_path / "runs")
    shutil.copytree(study.path, copy)
    lean = fashionlab.ExecutionOptions(report=False, workers=1)
    result = fashionlab.resume_study(
        "last", runs=tmp_path / "runs", seeds=3, changes=["label_smoothing=0.1"], execution=lean
    )
    found = result.summary
    assert found.seeds.complete == (100, 101, 102)
    assert [arm.verdict.alpha for arm in found.arms] == pytest.approx([0.02, 0.02, 0.005])
    # Who declares two or three seeds has no interval before the fourth, and declares nothing.
    assert [arm.declared_seeds for arm in study.plan.arms] == [2, 2, 2]
    assert [arm.declared_seeds for arm in StudyFolder(copy).plan.arms] == [2, 2, 2, 3]
    for old, new in zip(summary.arms, found.arms, strict=False):
        assert new.pairs[:2] == old.pairs
    assert found.runs.done == 12
    assert [arm.difference.n for arm in found.test.arms[1:]] == [3, 3, 3]
    assert len(ledger.lines(sample.sha256)) == 1
    # Nothing left to do: nothing is made, nothing evaluated.
    again = fashionlab.resume_study("last", runs=tmp_path / "runs", execution=lean).summary
    assert again.test == found.test
    assert again.runs == found.runs
    assert len(ledger.lines(sample.sha256)) == 1


def test_a_study_goes_on_from_an_earlier_one_seed_by_seed(study, sample, tmp_path, monkeypatch, ask):
    runs, lean = tmp_path / "runs", fashionlab.ExecutionOptions(report=False, workers=1)
    shutil.copytree(study.path, runs / study.name)
    asked = {"changes": ["learning_rate=1e-9"], "test": False}
    declared = declare_from(None, {"origin": f"{study.name}:wide", "epochs": 1, **asked}, lean, runs)
    folder = StudyFolder.create(runs, declared.label, declared.plan, declared.origins)
    shutil.rmtree(runs / study.name)
    # What it needs is its own by now, also to be resumed.
    result = fashionlab.resume_study(folder.path, execution=lean)
    plan, wide = folder.plan, study.plan.arm("wide")
    assert (plan.seeds, result.summary.runs.done) == (2, 4)
    assert plan.arms[0].settings == {**wide.settings, "epochs": 1}
    assert "each run starts from the weights of the run of 'wide' with its seed" in " ".join(result.lines()).lower()
    for seed in plan.all_seed_numbers:
        origin = study.finished(wide, seed)
        still = folder.finished(plan.arms[1], seed)
        names = [name for name in origin.weights if "moving" not in name]
        assert all(still.weights[name] == pytest.approx(origin.weights[name], abs=1e-6) for name in names)
        assert [each.run for each in still.spec.origins] == [f"{study.name}/runs/{origin.name}"]
    # A third one, from the second: along the whole chain no row that judges, or has picked weights, was trained on.
    monkeypatch.setattr("fashionlab.studies.declare.check_models", lambda arms: None)
    third = declare_from(None, {"origin": "last", "early_stopping": False, **asked}, lean, runs).plan
    for seed in third.all_seed_numbers:
        origins = study.finished(wide, seed), folder.finished(plan.arms[0], seed)
        specs = [*(run.spec for run in origins), *(third.spec_for(arm, seed) for arm in third.arms)]
        assert [len(spec.origins or ()) for spec in specs] == [0, 1, 2, 2]
        rows = [partition(spec, sample) for spec in specs]
        for one in rows:
            assert all(np.array_equal(*pair) for pair in zip(one, rows[0], strict=True))
            assert not np.intersect1d(one.train, [*one.judging, *one.stopping]).size
        # Nothing is chosen any more, but by the origin on its stopping set: that does not judge.
        assert all(np.array_equal(run.predictions.validation.rows, rows[-1].judging) for run in origins)
    status, _, err = ask("study", "resume", "last", "--seeds", "3")
    assert (status, err.count("\n")) == (2, 1)
    assert f"start from those of study {study.name}, of which it keeps 2, from seed 100 on" in err


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"seeds": 3},
            r"seed 102 has no origin: arm 'baseline' of study .* has finished runs with the seeds 100 to 101; ",
        ),
        ({"first_seed": 7}, r"seed 7 has no origin"),
        ({"of": ":wode"}, r"has no arm 'wode'; did you mean wide\?"),
        (
            {"of": "/runs/00-baseline-seed100"},
            r"is a single run, and all seeds .* would share its split and its weights",
        ),
        ({"of": "x"}, r"has no study"),
        ({"validation": 0.3}, r"validation: given 0.3, but run .* has 0.2, and an origin fixes the split"),
        ({"models": ["cnn"]}, r"given the model 'cnn', but arm 'baseline' of study .* is of 'mlp'"),
        ({"changes": ["model=cnn"]}, r"given the model 'cnn', but the baseline is of 'mlp'"),
        ({"changes": ["widths=9"]}, r"widths: given 9, but the baseline has 16,8, and weights go on in the architec"),
        ({"models": ["mlp", "cnn"]}, r"models are compared from weights drawn anew"),
    ],
)
def test_what_no_study_can_start_from_is_refused(study, monkeypatch, asked, words):
    monkeypatch.setattr("fashionlab.studies.declare.check_models", lambda arms: None)
    asked = {"changes": ["dropout=0"], **asked}
    models, origin = asked.pop("models", [None]), study.name + asked.pop("of", "")
    verb = fashionlab.compare if len(models) > 1 else fashionlab.study
    with pytest.raises(UsageError, match=words):
        verb(*models, origin=origin, runs=study.path.parent, **asked)
    assert list(study.path.parent.glob("*continued*")) == []


def test_a_killed_command_goes_on_to_the_same_runs(summary, study, sample_path, tmp_path):
    command = ["study", "mlp", "--dataset", sample_path, *SMALL, *ARMS[:2], "--seeds", 1, "--workers", 1, "--no-test"]
    child = subprocess.Popen(
        [sys.executable, "-m", "fashionlab", *map(str, command)], cwd=tmp_path, stderr=subprocess.DEVNULL
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("runs/*/runs/*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    lean = fashionlab.ExecutionOptions(report=False, workers=1)
    result = fashionlab.resume_study("last", runs=tmp_path / "runs", execution=lean)
    found = result.summary
    assert found.arms[0].pairs == summary.arms[0].pairs[:1]
    assert found.runs == RunCounts(done=2, failed=0, planned=2, retried=0)
    assert found.test is None
    assert not (tmp_path / "runs" / "ledger.jsonl").exists()
    made = StudyFolder(result.path)
    for arm in made.plan.arms:
        weights = made.finished(arm, SEEDS[0]).read("weights.safetensors")
        assert weights == study.finished(study.plan.arm(arm.name), SEEDS[0]).read("weights.safetensors")


def test_a_comparison_of_models_shows_what_each_costs_and_where_they_agree(sample_path, tmp_path):
    settings = {"widths": (16, 8), "epochs": 2, "n_estimators": 5}
    result = fashionlab.compare(
        "mlp", "forest", "logistic", seeds=2, dataset=str(sample_path), runs=tmp_path / "runs",
        execution=fashionlab.ExecutionOptions(workers=1), **settings,
    )  # fmt: skip
    found = result.summary
    assert (found.kind, found.state, found.declared) == ("compare", "seeds", 3)
    best = max(found.everyone, key=lambda each: each.accuracy.mean)
    assert found.baseline is best
    assert {arm.name for arm in found.arms} == {"mlp", "forest", "logistic"} - {best.name}
    assert {round(arm.verdict.alpha, 6) for arm in found.arms} == {round(0.04 / 3, 6)}
    models = {model.name: model for model in found.compare.models}
    for model in models.values():
        assert model.bytes > 1000
        assert model.peak_memory_mb > 50
        assert 0 < model.prediction.one < 5000
        assert model.seconds.n == model.accuracy.n == 2
    assert models["mlp"].parameters > 12_000
    answers = found.compare.answers
    agreement = np.asarray(answers.agreement)
    assert (agreement == agreement.T).all()
    assert (np.diag(agreement) == 1).all()
    folder = StudyFolder(result.path)
    runs = {
        name: folder.finished(folder.plan.arm(name), answers.seed).predictions.validation for name in answers.models
    }
    wrong = np.logical_and.reduce([each.logits.argmax(axis=1) != each.labels for each in runs.values()])
    assert answers.all_wrong_total == wrong.sum() == len(answers.all_wrong)
    assert found.test.n == 200
    assert result.page is not None


def test_planning_prints_the_plan_and_leaves_nothing(sample_path, tmp_path, say):
    plan = say("study", "plan", "--dataset", sample_path, *SMALL, "--ablate", cwd=tmp_path)
    assert "without dropout" in plan
    assert "at most 50 runs: 5 arms" in plan
    assert "known after a pilot with --seeds 4" in plan
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("study", "--change", "dropout"), "expected settings as NAME=VALUE"),
        (("study", "mlp", "--seed", "3", "--change", "dropout=0"), "a study varies it: say --first-seed and --seeds"),
        (("study", "resume", "last", "--epochs", "3"), "No such option '--epochs'"),
        (("study", "--trust", "0" * 12, "--change", "dropout=0"), "trust"),
        (("compare", "mlp"), "given 1 model to compare"),
    ],
)
def test_a_wrong_command_gets_one_sentence_and_status_2(ask, tmp_path, arguments, words):
    status, _, err = ask(*arguments)
    assert status == 2
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_help_teaches(tmp_path, say):
    text = " ".join(say("study", "run", "--help", cwd=tmp_path).split())
    for words in (
        "--change 'NAME=VALUE ...'",
        "--ablate",
        "--label-smoothing VALUE",
        "Half of the validation set",
        "--minutes N",
    ):
        assert words in text
    assert "--baseline MODEL" in say("compare", "--help", cwd=tmp_path)

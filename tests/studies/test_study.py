"""Studies as people run them: really trained, on 600 pictures, by command and from Python."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import fashionlab
from fashionlab import lab
from fashionlab.errors import StoreError
from fashionlab.evaluation import open_pictures
from fashionlab.store import Ledger, Run
from fashionlab.studies.final import read_test_logits
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.stats.verdict import judge
from fashionlab.training.partition import rows_of

SMALL = ("--widths", "16,8", "--epochs", "2", "--batch-size", "64")
ARMS = ("--change", "dropout=0", "--change", "wide: widths=32,16 dropout=0.1")


def run(*arguments, cwd, status=0):
    answer = subprocess.run(
        [sys.executable, "-m", "fashionlab", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=300
    )  # fmt: skip
    assert answer.returncode == status, answer.stdout + answer.stderr
    return answer


@pytest.fixture(scope="module")
def place(tmp_path_factory, sample_path):
    """A folder in which a study has been run to its last seed."""
    folder = tmp_path_factory.mktemp("place")
    answer = run("study", "mlp", "--dataset", sample_path, *SMALL, *ARMS, "--seeds", 2, "--json", cwd=folder)
    (folder / "answer.json").write_text(answer.stdout)
    (folder / "progress.txt").write_text(answer.stderr)
    return folder


@pytest.fixture
def summary(place):
    return json.loads((place / "answer.json").read_text())


@pytest.fixture
def study(place):
    return StudyFolder(next((place / "runs").glob("mlp-study-*")))


def test_the_summary_is_what_the_runs_say(summary, study):
    assert (summary["state"], summary["seeds"]["complete"]) == ("seeds", [0, 1])
    assert summary["runs"] == {"done": 6, "failed": 0, "planned": 6, "retried": 0}
    assert summary["part"] == {"name": "judge half of validation", "n": 60}
    accuracies = {}
    for arm in study.plan.arms:
        for seed in (0, 1):
            predictions = study.finished(arm, seed).predictions
            right = predictions["validation_logits"].argmax(axis=1) == predictions["validation_labels"]
            accuracies[arm.name, seed] = right.mean()
    for arm in summary["arms"]:
        differences = [100 * (accuracies[arm["name"], s] - accuracies["baseline", s]) for s in (0, 1)]
        assert [pair["difference"] for pair in arm["pairs"]] == pytest.approx(differences)
        level = pytest.approx(0.02)
        assert arm["level"] == arm["verdict"]["level"] == level
        again = judge(differences, level=arm["level"], resolution=100 / 60, subject=arm["name"])
        assert arm["verdict"] == again.to_json()
        assert set(arm["secondary"]) == {"loss", "calibration_error", "gap", "epochs_to_best", "seconds"}
        assert all(effect["n"] == 2 and effect["unit"] for effect in arm["secondary"].values())
    assert [arm["name"] for arm in summary["arms"]] == ["dropout=0", "wide"]
    assert summary["accuracy"]["baseline"]["n"] == 2
    assert summary["baseline"]["settings"]["widths"] == [16, 8]
    assert summary["machine"]["packages"]["keras"]


def test_a_run_of_a_study_is_stopped_by_one_half_graded_by_the_other_and_never_sees_the_test_part(study, sample):
    for arm in study.plan.arms:
        finished = study.finished(arm, 1)
        rows = rows_of(finished.request, sample)
        assert (finished.predictions["validation_rows"] == rows.grade).all()
        assert finished.metrics["validation"]["n"] == 60
        assert finished.metrics["test"] is None
        assert not any(name.startswith("test") for name in finished.predictions)
        # The learning curve's accuracies are those of the stop half: sixtieths, whatever the judge half says.
        assert np.asarray(finished.history["val_accuracy"]) * 60 == pytest.approx(
            np.round(np.asarray(finished.history["val_accuracy"]) * 60), abs=1e-4
        )
        assert (open_pictures(finished, "validation") == sample.images[rows.grade]).all()
        assert finished.environment["cores"] == 1
        assert finished.metrics["peak_memory_mb"] > 100
        assert not finished.checkpoint.exists()


def test_the_test_part_is_opened_once_for_all_runs(summary, study, place):
    (line,) = Ledger(place / "runs").openings()
    assert (line["by"], line["rows"]) == (study.name, 200)
    logits = read_test_logits(study)
    assert len(logits) == 1 + 6
    right = {key: scores.argmax(axis=1) == logits["labels"] for key, scores in logits.items() if key != "labels"}
    test = summary["test"]
    assert (test["n"], test["openings"]) == (200, 1)
    assert test["arms"]["wide"]["mean"] == pytest.approx(50 * (right["wide/0"].mean() + right["wide/1"].mean()))
    assert test["differences"]["wide"]["n"] == 2
    found = test["mcnemar"]["wide"]
    assert (found["seed"], found["only_b"]) == (0, int((right["wide/0"] & ~right["baseline/0"]).sum()))


def test_the_plan_is_printed_before_it_runs_and_a_line_a_run(place, study):
    lines = (place / "progress.txt").read_text().splitlines()
    assert "6 runs: 3 arms, seeds 0 to 1" in "".join(lines[:8])
    assert any("widths 16,8 -> 32,16" in line for line in lines[:5])
    assert any("unknown until the first runs are done" in line for line in lines[:8])
    assert sum(line.startswith("run ") for line in lines) == 6
    assert study.name in "".join(lines[:9])
    assert (study.path / "report" / "index.html").stat().st_size > 10_000


def test_studies_are_listed_apart_from_runs(place, study):
    assert lab.list_runs(runs=place / "runs") == []
    assert "no runs" in run("runs", cwd=place).stdout
    (line,) = json.loads(run("study", "--list", "--json", cwd=place).stdout)
    assert (line["study"], line["state"]) == (study.name, "seeds")
    assert set(line["verdicts"]) == {"dropout=0", "wide"}
    assert study.name in run("study", "--list", cwd=place).stdout
    result = fashionlab.open_study("last", runs=place / "runs")
    assert result.verdicts["wide"]["n"] == 2
    assert "wide: undecided" in repr(result)


def test_a_study_is_measured_and_deleted_with_its_runs(study, tmp_path):
    copy = tmp_path / "runs" / study.name
    shutil.copytree(study.path, copy)
    sizes = json.loads(run("runs", "size", "--json", cwd=tmp_path).stdout)
    assert sizes["studies"] == [{"study": study.name, "bytes": sizes["bytes"]}]
    assert sizes["bytes"] > 100_000
    with StudyFolder(copy).lock(), pytest.raises(StoreError, match="is being run by another process"):
        lab.delete_runs([study.name], runs=tmp_path / "runs")
    assert study.name in run("runs", "delete", study.name, "--yes", cwd=tmp_path).stdout
    assert not copy.exists()


def test_going_on_adds_seeds_and_arms_and_opens_the_test_part_once_more(place, study, summary, tmp_path):
    copy = tmp_path / "runs" / study.name
    shutil.copytree(study.path, copy)
    result = fashionlab.continue_study("last", runs=tmp_path / "runs", seeds=3, changes=["label_smoothing=0.1"])
    found = result.summary
    assert found["seeds"]["complete"] == [0, 1, 2]
    assert [arm["level"] for arm in found["arms"]] == pytest.approx([0.02, 0.02, 0.005])
    for old, new in zip(summary["arms"], found["arms"], strict=False):
        assert new["pairs"][:2] == old["pairs"]
    assert found["runs"]["done"] == 12
    assert found["test"]["differences"]["label_smoothing=0.1"]["n"] == 3
    assert len(Ledger(tmp_path / "runs").openings()) == 1
    # Nothing left to do: nothing is made, nothing opened.
    again = fashionlab.continue_study("last", runs=tmp_path / "runs", report=False).summary
    assert again["test"] == found["test"]
    assert again["runs"] == found["runs"]
    assert len(Ledger(tmp_path / "runs").openings()) == 1


def test_a_killed_command_goes_on_to_the_same_verdicts(summary, sample_path, tmp_path):
    command = ["study", "mlp", "--dataset", sample_path, *SMALL, *ARMS, "--seeds", 2, "--no-test", "--no-report"]
    child = subprocess.Popen(
        [sys.executable, "-m", "fashionlab", *map(str, command)], cwd=tmp_path, stderr=subprocess.DEVNULL
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob("runs/*/runs/*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    before = {path.name: Run(path).read("weights.safetensors") for path in tmp_path.glob("runs/*/runs/*")}
    answer = run("study", "--continue", "last", "--json", "--no-report", cwd=tmp_path)
    found = json.loads(answer.stdout)
    assert [arm["verdict"] for arm in found["arms"]] == [arm["verdict"] for arm in summary["arms"]]
    assert [arm["pairs"] for arm in found["arms"]] == [arm["pairs"] for arm in summary["arms"]]
    assert found["runs"] == summary["runs"]
    assert found["test"] is None
    assert not (tmp_path / "runs" / "ledger.jsonl").exists()
    for name, weights in before.items():
        (path,) = tmp_path.glob(f"runs/*/runs/{name}")
        assert Run(path).read("weights.safetensors") == weights


def test_a_comparison_of_models_shows_what_each_costs_and_where_they_agree(sample_path, tmp_path):
    settings = {"widths": (16, 8), "epochs": 2, "n_estimators": 5}
    result = fashionlab.compare(
        "mlp", "forest", "logistic", seeds=2, dataset=str(sample_path), runs=tmp_path / "runs", **settings
    )  # fmt: skip
    found = result.summary
    assert (found["kind"], found["state"], found["declared"]) == ("compare", "seeds", 3)
    best = max(found["accuracy"], key=lambda name: found["accuracy"][name]["mean"])
    assert found["baseline"]["name"] == best
    assert {arm["name"] for arm in found["arms"]} == {"mlp", "forest", "logistic"} - {best}
    assert {round(arm["level"], 6) for arm in found["arms"]} == {round(0.04 / 3, 6)}
    models = {model["name"]: model for model in found["compare"]["models"]}
    for model in models.values():
        assert model["bytes"] > 1000
        assert model["peak_mb"] > 50
        assert 0 < model["predict_ms_1"] < 5000
        assert model["seconds"]["n"] == model["accuracy"]["n"] == 2
    assert models["mlp"]["parameters"] > 12_000
    agreement = np.asarray(found["compare"]["agreement"])
    assert (agreement == agreement.T).all()
    assert (np.diag(agreement) == 1).all()
    folder = StudyFolder(result.path)
    predicted = {
        name: folder.finished(folder.plan.arm(name), 0).predictions["validation_logits"].argmax(axis=1)
        for name in models
    }
    labels = folder.finished(folder.plan.arms[0], 0).predictions["validation_labels"]
    wrong = np.logical_and.reduce([classes != labels for classes in predicted.values()])
    assert found["compare"]["all_wrong_total"] == wrong.sum() == len(found["compare"]["all_wrong"])
    assert found["test"]["n"] == 200
    assert result.page is not None


def test_a_dry_run_prints_the_plan_and_leaves_nothing(sample_path, tmp_path):
    answer = run("study", "--dataset", sample_path, *SMALL, "--take-away", "--dry-run", cwd=tmp_path)
    assert "without dropout" in answer.stdout
    assert "at most 50 runs: 5 arms" in answer.stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("study", "--change", "dropout"), "expected settings as NAME=VALUE"),
        (("study", "mlp", "--seed", "3", "--change", "dropout=0"), "a study varies it: say first_seed (--first-seed)"),
        (("study", "--continue", "last", "--epochs", "3"), "--continue goes on with the study's own plan"),
        (("study", "--trust", "0" * 12, "--change", "dropout=0"), "--trust goes with --continue"),
        (("compare", "mlp"), "given 1 models to compare"),
    ],
)
def test_a_wrong_command_gets_one_sentence_and_status_2(tmp_path, arguments, words):
    answer = run(*arguments, cwd=tmp_path, status=2)
    assert words in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_help_teaches(tmp_path):
    text = " ".join(run("study", "--help", cwd=tmp_path).stdout.split())
    for words in ("--change 'NAME=VALUE ...'", "--take-away", "--label-smoothing VALUE", "one half", "--minutes N"):
        assert words in text.replace("Half of the validation part", "one half")
    assert "--baseline MODEL" in run("compare", "--help", cwd=tmp_path).stdout

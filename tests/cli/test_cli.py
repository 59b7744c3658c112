"""The command as people type it: results, errors and exit statuses.

In a process of its own where that makes a difference (`run`), else in this one (`say`): a process costs a second.
"""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import hasty
import pytest

from fashionlab.store import Ledger, Run, list_runs, load_checkpoint
from fashionlab.training.loop import Progress

SMALL = ("--widths", "16,8", "--epochs", "3", "--batch-size", "64")


def run(*arguments, cwd, status=0, **environment):
    answer = subprocess.run(
        [sys.executable, "-m", "fashionlab", *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300,
    )  # fmt: skip
    assert answer.returncode == status, answer.stdout + answer.stderr
    return answer


@pytest.fixture
def say(ask):
    """The same in this process."""

    def answer(*arguments, cwd, status=0):
        found, out, err = ask(*arguments, cwd=cwd)
        assert found == status, out + err
        return SimpleNamespace(stdout=out, stderr=err)

    return answer


@pytest.fixture(scope="module")
def place(tmp_path_factory, sample_path):
    """A folder in which one run has been trained."""
    folder = tmp_path_factory.mktemp("place")
    answer = run("train", "mlp", "--dataset", sample_path, *SMALL, "--json", cwd=folder)
    (folder / "answer.json").write_text(answer.stdout)
    (folder / "progress.txt").write_text(answer.stderr)
    return folder


def test_train_prints_one_json_document_and_progress_elsewhere(place):
    document = json.loads((place / "answer.json").read_text())
    path = place / document["run"]
    assert document["metrics"] == json.loads((path / "metrics.json").read_text())
    for name, n in (("validation", 120), ("test", 200)):
        figures = document["metrics"][name]
        assert figures["n"] == n
        assert 0 <= figures["accuracy_low"] < figures["accuracy"] < figures["accuracy_high"] <= 1
        assert sum(map(sum, figures["confusion"])) == n
    lines = (place / "progress.txt").read_text().splitlines()
    assert sum(line.startswith("epoch") for line in lines) == 3
    assert any("left" in line for line in lines if line.startswith("epoch"))


def test_a_run_has_all_its_files(place):
    run_ = list_runs(place / "runs")[0]
    assert run_.complete
    assert not run_.checkpoint.exists()
    assert list(run_.history) == ["epoch", "seconds", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
    assert run_.history["epoch"] == [1, 2, 3]
    assert set(run_.norms["layer"]) == {"hidden_1", "norm_1", "hidden_2", "logits"}
    names = {path.name for path in (run_.derived / "figures").iterdir()}
    for figure in ("samples", "learning-curves", "confusion-test", "confusion-validation"):
        assert {f"{figure}.png", f"{figure}.svg"} <= names
    assert len(Ledger(place / "runs").lines(run_.spec.data.sha256)) == 1


def test_the_same_train_twice_shows_the_first_and_again_trains_anew(place, sample_path, say):
    command = ("train", "mlp", "--dataset", sample_path, *SMALL)
    answer = say(*command, cwd=place)
    assert "an identical run exists: runs/mlp-seed0-" in answer.stderr
    assert "epoch" not in answer.stderr
    assert "95 % interval" in answer.stdout
    assert answer.stdout.splitlines()[-1].endswith("/report/index.html")
    before = list_runs(place / "runs")
    run(*command, "--again", "--no-report", cwd=place)
    after = list_runs(place / "runs")
    assert len(after) == len(before) + 1
    # The same seed in a fresh process: the same bits.
    assert after[-1].read("weights.safetensors") == after[0].read("weights.safetensors")
    assert after[-1].read("predictions.npz") == after[0].read("predictions.npz")
    assert after[-1].read("norms.csv") == after[0].read("norms.csv")
    assert after[-1].read("snapshots.npz") == after[0].read("snapshots.npz")
    assert {**after[-1].history, "seconds": 0} == {**after[0].history, "seconds": 0}


def test_runs_are_listed_shown_measured_and_deleted(place, sample_path, say):
    flags = ("--no-test", "--no-report", "--no-snapshots")
    say("train", "--dataset", sample_path, *SMALL, "--seed", 7, *flags, cwd=place)
    assert list_runs(place / "runs")[-1].snapshots is None
    rows = json.loads(say("runs", "--json", cwd=place).stdout)
    assert rows[-1]["seed"] == 7
    assert rows[-1]["test"] is None
    assert rows[-1]["validation"]["n"] == 120
    name = rows[-1]["run"]
    assert name in say("runs", cwd=place).stdout
    shown = json.loads(say("runs", "show", name, "--json", cwd=place).stdout)
    assert shown["spec"]["recipe"]["model"]["options"]["widths"] == [16, 8]
    assert shown["environment"]["packages"]["keras"]
    assert "SHA-256" in say("runs", "show", "last", cwd=place).stdout
    sizes = json.loads(say("runs", "size", "--json", cwd=place).stdout)
    assert sizes["bytes"] == sum(sizes["runs"].values()) > 10_000
    assert "Delete" in run("runs", "delete", name, cwd=place, status=130).stderr
    say("runs", "delete", name, "--yes", cwd=place)
    assert name not in say("runs", cwd=place).stdout


def test_the_digits_need_no_network(tmp_path, say):
    out = run("data", "digits", "--json", cwd=tmp_path, FASHIONLAB_MIRRORS="", FASHIONLAB_CACHE=tmp_path / "cache")
    document = json.loads(out.stdout)
    assert sum(document["data"]["sizes"].values()) == 1797
    assert all((tmp_path / path).exists() for path in document["figures"])
    table = say("data", "digits", cwd=tmp_path).stdout
    assert "training" in table
    assert "standard deviation" in table
    assert "test set: 359 images, not used" in table
    assert document["data"]["sha256"] in table
    assert "samples.png" in table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "--dropout", "1.5"), "--dropout: given '1.5', expected a number from 0 to below 1, or several"),
        (("train", "nomodel"), "the registry has no model 'nomodel'; allowed: mlp"),
        (("train", "--droput", "0.1"), "has no setting --droput; did you mean --dropout?"),
        (("train", "--epoch", "3"), "model 'mlp' has no setting --epoch; did you mean --epochs"),
        (("train", "--learning-rate", "inf"), "--learning-rate: given 'inf', expected a number above 0"),
        (("train", "--trust", "abc"), "--trust goes with --resume"),
        (("runs", "--json", "size"), "options come after the word"),
        (("train", "--epochs"), "--epochs needs a value"),
        (("trian",), "fashionlab has no command 'trian'; did you mean train?"),
        (("runs", "shwo", "last"), "fashionlab runs has no command 'shwo'; did you mean show?"),
        (("study", "lsit"), "fashionlab study has no command 'lsit'; did you mean list?"),
        (("study", "--chnage", "dropout=0"), "No such option '--chnage'. Did you mean '--change'?"),
        (("train", "--no-reprot", "mlp"), "No such option '--no-reprot'. Did you mean '--no-report'?"),
        (("train", "--lr", "0.1"), "model 'mlp' has no setting --lr; did you mean --learning-rate?"),
        (("train", "--device", "cuda"), "model 'mlp' has no setting --device: a GPU is used automatically"),
        (("train", "mlp", "cnn"), "given two models"),
        (("train", "--resume", "nothing"), "there is no run 'nothing'"),
        (("train", "--resume", "last", "--epochs", "3"), "--resume goes on with the run's own recipe"),
        (("train", "--dataset", "nodata"), "there is no data set 'nodata'; expected fashion-mnist, digits, or"),
        (("train", "--seed", "-1"), "--seed: given '-1', expected a whole number from 0 to"),
        (("runs", "show", "nothing"), "there is no run 'nothing'"),
        (("runs", "delete", "nothing"), "there is no run 'nothing'"),
        (("nosuchverb",), "fashionlab has no command 'nosuchverb'"),
        # Its worker finds out.
        (("train", "--widths", "8,8", "--dropout", ".1,.1,.1", "--dataset", "digits"), "given 3 rates for 2 hidden"),
    ],
)  # fmt: skip
def test_a_wrong_command_gets_one_sentence_and_status_2(ask, tmp_path, arguments, words):
    check_that_it_was_wrong(*ask(*arguments), words, tmp_path)


def test_and_so_it_is_in_a_process_of_its_own(tmp_path):
    answer = run("train", "--batch-size", "0", cwd=tmp_path, status=2)
    words = "--batch-size: given '0', expected a whole number from 1 up"
    check_that_it_was_wrong(answer.returncode, answer.stdout, answer.stderr, words, tmp_path)


def check_that_it_was_wrong(status, out, err, words, place):
    assert status == 2
    assert words in err
    assert len([line for line in err.strip().splitlines() if not line.startswith("the test set is ")]) == 1
    assert "Traceback" not in err
    assert out == ""
    assert not list_runs(place / "runs"), "a wrong command leaves no run behind"


def test_a_traceback_is_shown_with_debug_alone(tmp_path):
    assert "Traceback" in run("train", "nomodel", "--debug", cwd=tmp_path, status=1).stderr


def test_the_help_of_train_teaches_every_setting(tmp_path, say):
    text = " ".join(say("train", "--help", cwd=tmp_path).stdout.split())
    for words in (
        "--batch-size VALUE rows per step",
        "--resume RUN",
        "mlp",
        "boosting",
    ):
        assert words in text
    assert "--dropout VALUE" not in text
    text = " ".join(say("train", "mlp", "--help", cwd=tmp_path).stdout.split())
    for words in ("--dropout VALUE share of units dropped", "--batch-size VALUE rows per step"):
        assert words in text


@pytest.fixture(scope="module")
def long(sample_path):
    """A command that trains for long enough to be interrupted."""
    settings = ("--widths", "16,8", "--epochs", "60", "--patience", "60", "--batch-size", "4", "--no-report")
    return ("train", "mlp", "--dataset", sample_path, *settings)


@pytest.fixture(scope="module")
def unbroken(long, tmp_path_factory):
    """The run of that command, never interrupted."""
    folder = tmp_path_factory.mktemp("unbroken")
    return Run(folder / json.loads(run(*long, "--json", cwd=folder).stdout)["run"])


def interrupted(command, folder, number):
    """The unfinished run that a signal leaves in a folder, sent in the third epoch that the command trains."""
    child = subprocess.Popen(
        [sys.executable, "-m", "fashionlab", *map(str, command)], cwd=folder, stderr=subprocess.PIPE, text=True,
        # A test run in the background inherits an ignored SIGINT; a command that somebody types does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    epochs = (line for line in child.stderr if line.startswith("epoch "))
    next(epochs)
    next(epochs)
    child.send_signal(number)
    rest = child.stderr.read()
    assert child.wait(timeout=60) == 130
    assert "go on with: fashionlab train --resume runs/mlp-seed0-" in rest
    (stopped,) = list_runs(folder / "runs")
    assert not stopped.complete
    return stopped, load_checkpoint(stopped, Progress)[0].epoch


def test_a_run_that_a_sigterm_and_then_ctrl_c_interrupted_is_resumed_to_the_same_weights(long, unbroken, tmp_path, say):
    _, epoch = interrupted(long, tmp_path, signal.SIGTERM)
    assert epoch >= 2
    assert "unfinished" in say("runs", cwd=tmp_path).stdout
    assert "unfinished" in say("runs", "show", "last", cwd=tmp_path).stdout
    resume = ("train", "--resume", "last", "--no-report")
    stopped, later = interrupted(resume, tmp_path, signal.SIGINT)
    assert later >= epoch + 2
    say(*resume, cwd=tmp_path)
    resumed = Run(stopped.path)
    assert resumed.read("weights.safetensors") == unbroken.read("weights.safetensors")
    assert resumed.read("norms.csv") == unbroken.read("norms.csv")
    a, b = resumed.history, unbroken.history
    assert {**a, "seconds": 0} == {**b, "seconds": 0}
    assert "is complete already" in say("train", "--resume", stopped.path, cwd=tmp_path).stderr


def test_a_loss_that_is_not_finite_is_said_and_the_last_good_state_is_kept(sample_path, tmp_path, say):
    answer = say(
        "train", "--dataset", sample_path, *SMALL, "--learning-rate", "1e30", "--batch-norm", "false",
        cwd=tmp_path, status=1,
    )  # fmt: skip
    assert "became NaN or infinite in epoch 1" in answer.stderr
    assert "try a lower --learning-rate" in answer.stderr
    progress, _ = load_checkpoint(list_runs(tmp_path / "runs")[0], Progress)
    assert progress.best_epoch == 0


def test_output_into_a_closed_pipe_is_no_error(place):
    command = f"{sys.executable} -m fashionlab runs | head -c 1"
    answer = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=place, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""


def test_a_worker_whose_parent_is_killed_leaves_and_the_run_goes_on_from_its_checkpoint(sample_path, tmp_path):
    command = [*hasty.COMMAND, "train", "--dataset", str(sample_path), "--epochs", "5000", "--patience", "5000",
               "--widths", "16"]  # fmt: skip
    parent = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    for line in parent.stderr:
        if line.startswith("epoch   2/"):
            break
    (run_,) = list_runs(tmp_path / "runs")
    deadline = time.monotonic() + 60
    while load_checkpoint(run_, Progress)[0].epoch < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    start = time.monotonic()
    with run_.hold(), run_.lock(wait=15):
        waited = time.monotonic() - start
    assert waited < 2
    assert load_checkpoint(run_, Progress)[0].epoch >= 2

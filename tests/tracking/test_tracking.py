"""The log for TensorBoard, read back: it says what the run's own files say, each thing once. Then the page on trackers:
its list of events, and its examples, executed with stand-ins for the trackers' functions."""

import re
import shutil
import struct
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import get_args

import numpy as np
import pytest
from msgspec import Struct

pytest.importorskip("tensorboardX")

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData
from tensorboardX.record_writer import masked_crc32c

import fashionlab
from fashionlab import ExecutionOptions, lab, tracking
from fashionlab.errors import Interrupted, StoreError, UsageError
from fashionlab.search.events import SearchEvent
from fashionlab.store import HistoryRow, Run
from fashionlab.studies.events import StudyEvent
from fashionlab.tracking import EpochDone, RunStarted, TrainingStarted, logged
from fashionlab.workers.events import RunEvent

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "trackers.md").read_text(encoding="utf-8")

SETTINGS = {"widths": 8, "epochs": 4, "batch_size": 32, "dropout": 0.2}


def read(folder):
    """All summary values of one folder: (step, value), in the order of the files and in them."""
    found = []
    for path in sorted(folder.glob("*tfevents*")):
        content, place, first = path.read_bytes(), 0, True
        while place < len(content):
            length, checksum = struct.unpack_from("<QI", content, place)
            data = content[place + 12 : place + 12 + length]
            if len(data) < length:
                break  # cut off, where every reader stops
            assert masked_crc32c(content[place : place + 8]) == checksum
            assert masked_crc32c(data) == struct.unpack_from("<I", content, place + 12 + length)[0]
            event = Event.FromString(data)
            assert (event.file_version == "brain.Event:2") is first
            found += [(event.step, value) for value in event.summary.value]
            place, first = place + 16 + length, False
    return found


def curve(folder, tag):
    return [(step, value.simple_value) for step, value in read(folder) if value.tag == f"curves/{tag}"]


def expected(history, column):
    return [
        (int(step), float(np.float32(value))) for step, value in zip(history["epoch"], history[column], strict=True)
    ]


def assert_logged(log, history):
    """Every epoch's value is there once, equal to the history as float32."""
    for name in ("loss", "accuracy", "learning_rate"):
        assert curve(log / "train", name) == expected(history, name)
    for name in ("loss", "accuracy"):
        assert curve(log / "validation", name) == expected(history, f"val_{name}")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, sample_path):
    """A run that was stopped in its second epoch and resumed, its events and its log."""
    runs, events = tmp_path_factory.mktemp("runs"), []

    def stop(event):
        events.append(event)
        if isinstance(event, EpochDone) and event.row.epoch == 2:
            raise KeyboardInterrupt

    # The first part has no log: what goes on has all of it.
    first = ExecutionOptions(report=False, on_event=stop, checkpoint_seconds=0)
    with pytest.raises(Interrupted, match=r"fashionlab\.resume\("):
        fashionlab.train("mlp", dataset=str(sample_path), runs=runs, execution=first, **SETTINGS)
    second = ExecutionOptions(report=False, on_event=events.append, log="tensorboard")
    model = lab.resume("last", runs=runs, execution=second)
    return model, events, runs / "tensorboard" / model.path.name


def test_the_curves_are_those_of_the_history(trained):
    model, events, log = trained
    assert len(model.history["epoch"]) == 4
    started = [event for event in events if isinstance(event, TrainingStarted)]
    assert [event.epoch for event in started] == [len(event.history) for event in started]
    assert 1 <= started[1].epoch <= 2
    assert_logged(log, model.history)


def test_results_stand_with_their_intervals_beside_hyperparameters_and_figures(trained):
    model, _, log = trained
    values, metrics = read(log), model.metrics
    final = {value.tag: value.simple_value for step, value in values if value.tag.startswith("final/")}
    for name, found in metrics.sets.items():
        for figure in ("accuracy", "accuracy_low", "accuracy_high", "loss"):
            assert final[f"final/{name}_{figure}"] == np.float32(getattr(found, figure))
    plugins = {
        value.tag: HParamsPluginData.FromString(value.metadata.plugin_data.content)
        for _, value in values
        if value.metadata.plugin_data.plugin_name == "hparams"
    }
    settings = plugins["_hparams_/session_start_info"].session_start_info.hparams
    assert settings["model"].string_value == "mlp"
    assert settings["dropout"].number_value == pytest.approx(0.2)
    assert settings["early_stopping"].bool_value is True
    assert settings["seed"].number_value == 0
    assert plugins["_hparams_/session_end_info"].HasField("session_end_info")
    images = {value.tag: value.image for _, value in values if value.HasField("image")}
    assert {"images/samples", "images/confusion-test", "images/confusion-validation"} == images.keys()
    assert images["images/samples"].encoded_image_string.startswith(b"\x89PNG")
    assert images["images/samples"].width > 100


def test_a_finished_run_is_logged_from_its_files_and_only_once(trained, sample_path):
    model, _, log = trained
    before = {path: path.read_bytes() for path in log.rglob("*tfevents*")}
    again = {"dataset": str(sample_path), "runs": log.parents[1], "execution": ExecutionOptions(report=False)}
    assert fashionlab.train("mlp", log="tensorboard", **again, **SETTINGS).path == model.path
    assert {path: path.read_bytes() for path in log.rglob("*tfevents*")} == before
    shutil.rmtree(log)
    fashionlab.train("mlp", log="tensorboard", **again, **SETTINGS)
    assert_logged(log, model.history)


def test_a_log_changes_no_number_and_goes_with_its_run(trained, tmp_path):
    model, _, log = trained
    shutil.copytree(log.parents[1], tmp_path / "runs")
    assert [run.run for run in lab.list_runs(runs=tmp_path / "runs")] == [model.path.name]
    assert "log" not in (model.path / "recipe.json").read_text()
    size = Run(model.path).size
    assert lab.delete_runs(["last"], runs=tmp_path / "runs")[model.path.name] > size
    assert not list((tmp_path / "runs" / "tensorboard").iterdir())


ROWS = [HistoryRow(n, 1.0, 1 / n, 0.5, 1.5 / n, 0.25, 0.1) for n in range(1, 5)]


@pytest.fixture
def tell(trained, tmp_path):
    """Takes the events of a made-up run that goes on after `history`; each call is a process of its own."""
    spec = Run(trained[0].path).spec

    def run(history=(), rows=()):
        take = logged(lambda event: None, "tensorboard", tmp_path)
        take(RunStarted(str(tmp_path / "run"), spec))
        take(TrainingStarted(480, 2, len(history), 4, 7, "CPU", "fused", tuple(history)))
        for row in rows:
            take(EpochDone(row, 4, None, False, ""))

    return run


@pytest.fixture
def log(tmp_path):
    return tmp_path / "tensorboard" / "run"


def steps(log):
    return [[step for step, _ in curve(log / part, "loss")] for part in ("train", "validation")]


def test_epochs_that_are_made_again_after_a_power_cut_stand_there_once(tell, log):
    tell(rows=ROWS[:3])
    tell(history=ROWS[:1], rows=ROWS[1:])  # the checkpoint is of the first epoch
    assert steps(log) == [[1, 2, 3, 4]] * 2
    assert len(list(log.rglob("*tfevents*"))) == 3


def test_a_file_that_was_cut_off_stays_readable_and_another_one_goes_on(tell, log):
    tell(rows=ROWS[:2])
    for path in log.rglob("*tfevents*"):
        path.write_bytes(b"" if path.parent == log else path.read_bytes()[:-5])
    assert steps(log) == [[1]] * 2
    tell(history=ROWS[:2], rows=ROWS[2:])
    assert steps(log) == [[1, 2, 3, 4]] * 2
    assert len(list(log.rglob("*tfevents*"))) == 6


def test_a_run_that_fails_before_its_first_epoch_leaves_no_log(tell, log):
    tell()
    assert not log.exists()


def test_a_refit_has_no_validation_curve(tell, log):
    tell(rows=[HistoryRow(1, 1.0, 0.5, 0.5, None, None, 0.1)])
    assert [path.name for path in log.iterdir() if path.is_dir()] == ["train"]


def test_a_log_that_cannot_be_written_costs_one_sentence(tell, log, monkeypatch, capfd):
    def full(path, content):
        raise StoreError(f"cannot write {path}: the disk is full")

    monkeypatch.setattr("fashionlab.tracking.tensorboard.append", full)
    tell(rows=ROWS)
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("the log for tensorboard ends here: cannot write ")


def test_nothing_is_written_through_a_link(tell, log, tmp_path, capfd):
    (tmp_path / "other").mkdir()
    log.parent.mkdir()
    log.symlink_to(tmp_path / "other")
    tell(rows=ROWS[:1])
    assert f"cannot write {log}: it is a link" in capfd.readouterr().err
    assert not list((tmp_path / "other").iterdir())
    log.unlink()
    tell(rows=ROWS[:1])
    (path,) = (log / "train").iterdir()
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"mine")
    tell(rows=ROWS[1:])
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"
    assert "the log for tensorboard ends here" in capfd.readouterr().err


def test_what_is_missing_is_told_before_anything_is_trained(ask, monkeypatch):
    status, _, err = ask("train", "--log", "wandb")
    assert (status, err.strip()) == (2, "fashionlab: --log: given 'wandb', expected tensorboard")
    monkeypatch.setattr("fashionlab.tracking.tracker.find_spec", lambda name: None)
    for command in (["train"], ["study", "mlp", "--change", "dropout=0"], ["compare", "mlp", "forest"]):
        status, _, err = ask(*command, "--log", "tensorboard")
        assert status == 2
        assert "needs tensorboardX, which is not installed: pip install 'fashionlab[tensorboard]'" in err
        assert err.count("\n") == 1
    with pytest.raises(UsageError, match="not installed"):
        fashionlab.study("mlp", changes=["dropout=0"], log="tensorboard")
    assert not Path("runs").exists()


def test_the_page_names_every_event_and_all_of_its_fields():
    lines = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `")}
    events = {name: found for name in tracking.__all__ if isinstance(found := getattr(tracking, name), type)}
    assert set(events.values()) == {*get_args(RunEvent | StudyEvent | SearchEvent)}
    assert set(events) - set(lines) == {"RunPredicted"}
    assert set(lines) <= set(events)
    for name, line in lines.items():
        assert issubclass(events[name], Struct)
        for field in events[name].__struct_fields__:
            assert re.search(rf"`{field}[`.]", line), f"{name}.{field}"


@pytest.fixture
def second_part(trained):
    """The events of a run that goes on after it was stopped."""
    events = trained[1]
    last = max(place for place, event in enumerate(events) if isinstance(event, RunStarted))
    return events[last:]


def stand_in(monkeypatch, name, names):
    """A module whose functions note how they were called."""
    calls, module = [], ModuleType(name)
    for each in names:
        setattr(module, each, lambda *given, _name=each, **named: calls.append((_name, *given, *named.values())))
    monkeypatch.setitem(sys.modules, name, module)
    return module, calls


def test_the_example_for_mlflow(trained, second_part, monkeypatch):
    model = trained[0]
    _, calls = stand_in(monkeypatch, "mlflow", ["start_run", "log_params", "log_metrics", "log_artifacts", "end_run"])
    example = {"__name__": "example"}
    exec((DOCS / "examples" / "log_to_mlflow.py").read_text(), example)
    for event in second_part:
        example["to_mlflow"](event)
    (start, params), *metrics, results, more, artifacts, end = calls[:2], *calls[2:]
    assert start == ("start_run", model.path.name)
    assert (params[1]["model"], params[1]["batch_size"], params[1]["seed"]) == ("mlp", 32, 0)
    assert [step for _, _, step in metrics] == model.history["epoch"]
    assert [values["val_loss"] for _, values, _ in metrics] == model.history["val_loss"]
    assert results[1]["validation_accuracy_low"] == model.metrics.validation.accuracy_low
    assert more[1]["test_accuracy"] == model.metrics.test.accuracy
    assert Path(artifacts[1]).is_dir()
    assert end == ("end_run",)


def test_the_example_for_weights_and_biases(trained, second_part, monkeypatch):
    model, logged, summary = trained[0], [], {}
    module, _ = stand_in(monkeypatch, "wandb", [])
    run = SimpleNamespace(log=lambda values, step: logged.append((step, values)), summary=summary, finish=logged.clear)

    def init(*, project, id, name, config, resume):
        assert (id, config["model"], resume) == (model.path.name, "mlp", "allow")
        return run

    module.init = init
    example = {"__name__": "example"}
    exec(re.search(r"```python\n(.*?wandb.*?)```", PAGE, re.S)[1], example)
    *events, last = second_part
    for event in events:
        example["to_wandb"](event)
    assert [step for step, _ in logged] == model.history["epoch"][-len(logged) :]
    example["to_wandb"](last)
    assert summary["test_accuracy_high"] == model.metrics.test.accuracy_high
    assert not logged

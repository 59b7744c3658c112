"""Progress: what people see while a run is being trained."""

import io

from rich.console import Console

from fashionlab.reports.progress import training as live

START = {
    "event": "start",
    "rows": 480,
    "steps": 10,
    "epoch": 0,
    "epochs": 4,
    "parameters": 1234,
    "device": "CPU, 2 cores",
}
ROW = {
    "loss": 0.5,
    "accuracy": 0.8,
    "val_loss": 0.4,
    "val_accuracy": 0.85,
    "improved": True,
    "epochs": 4,
    "stopped": "",
}


def events():
    yield START
    for epoch in (1, 2, 3, 4):
        for step in (1, 10):
            yield {"event": "chunk", "epoch": epoch, "step": step, "steps": 10, "loss": 0.6, "accuracy": 0.7,
                   "images_per_second": 81234.0}  # fmt: skip
        stopped = "epochs" if epoch == 4 else ""
        yield {"event": "epoch", "epoch": epoch, "best_epoch": epoch, **ROW, "stopped": stopped}


def test_without_a_terminal_progress_is_one_line_an_epoch(capsys, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with live.show_progress({}, None) as take:
        for event in events():
            take(event)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "1,234 parameters, 480 pictures, 10 steps an epoch, on CPU, 2 cores"
    assert len(lines) == 5
    assert lines[1].startswith("epoch   1/4  loss 0.5000  accuracy 80.00%  val_loss 0.4000  val_accuracy 85.00%  best")
    assert "left" in lines[1]
    assert "left" not in lines[4]


def test_on_a_terminal_the_display_has_epoch_time_left_speed_and_the_best_so_far():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    with live.LiveDisplay(console, live._Status()) as display:
        for event in events():
            display.take(event)
            display._live.refresh()
    text = out.getvalue()
    for words in ("epoch 3/4", "at most", "81,234 images/s", "loss 0.6000", "val_accuracy 85.00%", "best at epoch 4"):
        assert words in text


def test_a_refit_has_no_validation_figures():
    refit = {"improved": False, "val_loss": None, "val_accuracy": None, "best_epoch": None}
    assert "val_" not in live._row({**ROW, "epoch": 1, **refit})


def test_without_early_stopping_no_epoch_is_called_the_best():
    assert live._row({**ROW, "improved": False, "best_epoch": None}).endswith("val_accuracy 85.00%")


def test_who_takes_the_events_gets_no_display(capsys):
    taken = []
    with live.show_progress({}, taken.append) as take:
        take(START)
    assert taken == [START]
    assert capsys.readouterr().err == ""


def test_durations_are_words():
    assert [live.duration(s) for s in (0.4, 59, 61, 3_700)] == ["0 s", "59 s", "1 min 01 s", "1 h 01 min"]

"""Progress: what people see while a run is being trained, on a terminal, in a notebook and in a log."""

import io
import re

import pytest
from rich.console import Console

from fashionlab.reports.progress.display import LiveDisplay, NotebookDisplay, show
from fashionlab.reports.progress.run import RunStatus
from fashionlab.reports.wording import SPACE
from fashionlab.store import HistoryRow
from fashionlab.workers.events import ChunkDone, EpochDone, FitDone, FitProgress, FitStarted, TrainingStarted

START = TrainingStarted(480, 10, 0, 4, 1234, "CPU, 2 cores", "fused")
FIT = FitStarted("forest", 480, "tree", 100, "CPU, 2 cores")
FITTED = FitDone(25.0, "trees of 9 to 15 levels")


def row(epoch, **changes):
    figures = {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.4, "val_accuracy": 0.85, **changes}
    return HistoryRow(epoch=epoch, seconds=1.0, learning_rate=0.1, **figures)


def epoch_done(epoch, improved=True, best_epoch=None, stopped="", **changes):
    return EpochDone(row(epoch, **changes), 4, best_epoch, improved, stopped)


def step(done, seconds, unit="tree", total=100, row=None):
    return FitProgress(done, total, unit, seconds, row)


def events():
    yield START
    for epoch in (1, 2, 3, 4):
        for done in (1, 10):
            yield ChunkDone(epoch, done, 10, 0.6, 0.7, 81234.0)
        yield epoch_done(epoch, best_epoch=epoch, stopped="epochs" if epoch == 4 else "")


def log(events, capsys):
    with show(RunStatus(), None) as take:
        for event in events:
            take(event)
    return capsys.readouterr().err.replace(SPACE, " ").splitlines()


def on_terminal(events):
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    with LiveDisplay(console, RunStatus()) as display:
        for event in events:
            display.take(event)
            display._live.refresh()
    return out.getvalue().replace(SPACE, " ")


def test_nothing_in_a_name_drives_what_shows_the_progress(capsys):
    bad = FitStarted("[red]forest[/red]\x1b[31m\r\n\x9b\u202e", 480, "tree:smile:\x1b[31m", 100, "CPU\x1b[31m\n2 cores")
    (line,) = log([bad], capsys)
    shown = on_terminal([bad, step(3, 1.0, unit=bad.unit)])
    for text in (line, shown):
        assert "\x1b[31m" not in text
        assert "\x9b" not in text
    assert "[red]forest[/red]\\x1b[31m \\x9b\\u202e" in line + shown
    assert "tree:smile:\\x1b[31m" in shown


def test_a_log_has_one_line_per_epoch(capsys, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    lines = log(events(), capsys)
    assert lines[0] == "1,234 parameters, 480 images, 10 steps per epoch, on CPU, 2 cores"
    assert len(lines) == 5
    assert lines[1].startswith(
        "epoch   1/4  loss 0.5000  accuracy 80.00 %  val_loss 0.4000  val_accuracy 85.00 %  best  about"
    )
    assert "left" in lines[1]
    assert "left" not in lines[4]


def test_on_a_terminal_the_display_has_epoch_time_left_speed_and_the_best_so_far():
    text = on_terminal(events())
    for words in ("epoch 3/4", "about", "81,234 images/s", "loss 0.6000", "val_accuracy 85.00 %", "best at epoch 4"):
        assert words in text


def stays(count):
    """What has been printed above the bar after so many epochs."""
    text = re.sub(
        r"\x1b\[[0-9;?]*[A-Za-z]",
        "",
        on_terminal(EpochDone(row(e), count, e, True, "epochs" if e == count else "") for e in range(1, count + 1)),
    )
    return [line for line in dict.fromkeys(map(str.strip, text.splitlines())) if line.startswith("epoch ")]


def test_on_a_terminal_the_rows_of_the_epochs_stay_and_a_long_run_is_folded():
    short = stays(4)
    assert [line.split()[1] for line in short] == ["1/4", "2/4", "3/4", "4/4"]
    assert "left" not in "".join(short)
    long = stays(100)
    assert [line.split()[1] for line in long[:3]] == ["1/100", "4/100", "8/100"]
    assert long[2].endswith("(+ 3 epochs before)")
    assert long[-1].split()[1] == "100/100"
    assert len(long) == 26


def test_a_refit_has_no_validation_figures(capsys):
    (line,) = log([epoch_done(1, improved=False, val_loss=None, val_accuracy=None, stopped="epochs")], capsys)
    assert line == "epoch   1/4  loss 0.5000  accuracy 80.00 %"


def test_without_early_stopping_no_epoch_is_called_the_best(capsys):
    (line,) = log([epoch_done(1, improved=False, stopped="epochs")], capsys)
    assert line.endswith("val_accuracy 85.00 %")


def test_an_epoch_that_is_not_the_best_names_the_best(capsys):
    (line,) = log([epoch_done(3, improved=False, best_epoch=2, stopped="patience")], capsys)
    assert line.endswith("(best: 2)")


def test_a_run_that_goes_on_says_after_which_epoch(capsys):
    (line,) = log([TrainingStarted(480, 1, 2, 4, 1234, "CPU, 2 cores", "fused")], capsys)
    assert line == "1,234 parameters, 480 images, 1 step per epoch, on CPU, 2 cores, continuing after epoch 2"


def test_who_takes_the_events_gets_no_display(capsys):
    taken = []
    with show(RunStatus(), taken.append) as take:
        take(START)
    assert taken == [START]
    assert capsys.readouterr().err == ""


def test_a_fit_has_a_line_every_few_seconds_and_the_time_left(capsys):
    lines = log([FIT, *(step(n, n / 4) for n in range(4, 101, 4)), FITTED], capsys)
    assert lines[0] == "forest, 480 images, on CPU, 2 cores"
    assert lines[1] == "tree 20/100  about 20 s left"
    assert lines[-2] == "tree 100/100  about 0 s left"
    assert lines[-1] == "fitted in 25.0 s: trees of 9 to 15 levels"
    assert len(lines) == 7


def test_where_nothing_can_be_counted_the_time_spent_is_said_and_none_foretold(capsys):
    start = FitStarted("logistic", 480, None, None, "CPU, 2 cores")
    lines = log([start, *(step(0, seconds, None, None) for seconds in range(1, 12)), FITTED], capsys)
    assert lines[0].startswith("logistic, 480 images")
    assert lines[1:3] == ["fitting …  5 s so far", "fitting …  10 s so far"]
    assert len(lines) == 4


@pytest.mark.parametrize("refit", [False, True])
def test_rounds_show_their_losses_and_may_end_early(capsys, refit):
    latest = row(10, **({"val_loss": None, "val_accuracy": None} if refit else {}))
    start = FitStarted("boosting", 480, "round", 100, "CPU, 2 cores")
    lines = log([start, step(10, 5, "round", row=latest), FITTED], capsys)
    validation = "" if refit else "  val_loss 0.4000  val_accuracy 85.00 %"
    assert lines[1] == f"round 10/100  loss 0.5000  accuracy 80.00 %{validation}  about 45 s left"


def test_on_a_terminal_a_bar_shows_what_a_fit_counts():
    text = on_terminal([FIT, step(24, 6), FITTED])
    for words in ("forest, 480 images", "tree 24/100", "about 19 s left", "trained", "fitted in 25.0 s"):
        assert words in text


def test_a_notebook_shows_the_same_in_one_output_that_is_replaced(monkeypatch):
    shown = []

    class Handle:
        def update(self, bundle, raw):
            shown.append(bundle["text/plain"])

    monkeypatch.setattr(
        "IPython.display.display", lambda bundle, raw, display_id: shown.append(bundle["text/plain"]) or Handle()
    )
    notebook = NotebookDisplay(RunStatus())
    for event in (FIT, step(50, 6), FITTED):
        notebook.take(event)
    assert shown[1].startswith("tree 50/100  ███████████████░")
    assert shown[2].startswith("trained")
    assert "fitted in 25.0 s" in shown[2]

"""Progress of a fit that has no epochs: on a terminal, in a notebook and in a log."""

import io

from rich.console import Console

from fashionlab.reports.progress import training as live

START = {"event": "fit", "model": "forest", "rows": 480, "unit": "tree", "total": 100, "device": "CPU, 2 cores"}
ROW = {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.4, "val_accuracy": 0.85}


def step(done, seconds, **changes):
    return {"event": "step", "done": done, "total": 100, "unit": "tree", "seconds": seconds, "figures": None, **changes}


def fitted(seconds):
    return {"event": "fitted", "seconds": seconds, "remark": "trees of 9 to 15 levels"}


def log(events, capsys):
    with live.show_progress({}, None) as take:
        for event in events:
            take(event)
    return capsys.readouterr().err.splitlines()


def test_a_log_has_a_line_every_few_seconds_and_the_time_left(capsys):
    events = [START, *(step(n, n / 4) for n in range(4, 101, 4)), fitted(25)]
    lines = log(events, capsys)
    assert lines[0] == "forest, 480 pictures, on CPU, 2 cores"
    assert lines[1] == "tree 20/100  about 20 s left"
    assert lines[-2] == "tree 100/100  about 0 s left"
    assert lines[-1] == "evaluating  fitted in 25 s: trees of 9 to 15 levels"
    assert len(lines) == 7


def test_where_nothing_can_be_counted_the_time_spent_is_said_and_none_foretold(capsys):
    start = {**START, "model": "logistic", "unit": None, "total": None}
    steps = [step(0, seconds, unit=None, total=None) for seconds in range(1, 12)]
    lines = log([start, *steps, fitted(11)], capsys)
    assert lines[0].startswith("logistic, 480 pictures")
    assert lines[1:3] == ["fitting …  5 s so far", "fitting …  10 s so far"]
    assert len(lines) == 4


def test_rounds_show_their_losses_and_may_end_early(capsys):
    start = {**START, "model": "boosting", "unit": "round"}
    lines = log([start, step(10, 5, unit="round", figures=ROW), fitted(6)], capsys)
    figures = "loss 0.5000  accuracy 80.00%  val_loss 0.4000  val_accuracy 85.00%"
    assert lines[1] == f"round 10/100  {figures}  at most 45 s left"
    refit = {**ROW, "val_loss": None, "val_accuracy": None}
    lines = log([start, step(10, 5, unit="round", figures=refit)], capsys)
    assert "val_loss" not in lines[1]


def test_on_a_terminal_a_bar_shows_what_is_counted():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    with live.LiveDisplay(console, live._Status()) as display:
        for event in (START, step(24, 6), fitted(25)):
            display.take(event)
            display._live.refresh()
    text = out.getvalue()
    for words in ("forest, 480 pictures", "tree 24/100", "about 19 s left", "evaluating", "fitted in 25 s"):
        assert words in text


def test_a_notebook_shows_the_same_and_says_when_it_is_done():
    shown = []
    notebook = live.NotebookDisplay.__new__(live.NotebookDisplay)
    notebook._status, notebook._handle = live._Status(), None

    class Handle:
        def update(self, bundle, raw):
            shown.append(bundle["text/plain"])

    notebook._show = lambda bundle, raw, display_id: shown.append(bundle["text/plain"]) or Handle()
    for event in (START, step(50, 6), fitted(25)):
        notebook.take(event)
    assert shown[1].startswith("tree 50/100  ███████████████░")
    assert shown[2].startswith("done")
    assert "fitted in 25 s" in shown[2]

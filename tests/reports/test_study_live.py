"""Progress of a study: the plan, a line a run, a display that says what is under way."""

import io

from fashionlab.reports.progress.study import _Lines, _Status, plan_lines
from fashionlab.reports.progress.training import LiveDisplay

VERDICT = {
    "word": "undecided", "effect": 0.21, "low": None, "high": None, "n": 2, "seeds_needed": 9, "sentence": "Wide: …",
}  # fmt: skip
PLAN = {
    "title": "Wider?", "kind": "study", "baseline": "baseline", "seeds": 10, "first_seed": 0, "runs": 20, "margin": 0.2,
    "judge_rows": 6000, "workers": 2, "minutes": 5.0, "test": True, "seconds": 130.0, "done": 4,
    "arms": [
        {"name": "baseline", "model": "mlp", "changes": {}, "level": None, "added_later": False},
        {"name": "wide", "model": "mlp", "changes": {"widths": [[8, 8], [16]], "batch_norm": [True, False],
         "depth": [None, 1]}, "level": 0.04, "added_later": True},
    ],
}  # fmt: skip


def events():
    def summary(word, done):
        arm = {"name": "wide", "verdict": {**VERDICT, "word": word}}
        return {"event": "summary", "summary": {"runs": {"done": done, "planned": 20, "failed": 0}, "arms": [arm]}}

    flying = [{"arm": "wide", "seed": 2, "done": 3, "of": 12, "unit": "epoch"}]
    yield summary("undecided", 3)
    yield {"event": "running", "running": flying, "seconds_left": None}
    yield summary("undecided", 4)
    yield {"event": "run", "arm": "baseline", "seed": 2, "accuracy": 0.8912, "seconds": 9.5}
    yield {"event": "failure", "arm": "wide", "seed": 2, "attempt": 1, "of": 3, "final": False, "reason": "it died"}
    yield {"event": "running", "running": flying, "seconds_left": 65.0}
    yield summary("helps", 5)


def test_the_plan_says_arms_runs_and_time():
    text = "\n".join(plan_lines(PLAN)).replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "Wider?",
        "widths 8,8 -> 16, batch_norm true -> false, depth default -> 1, at 96 % confidence, added later",
        "at most 20 runs, 4 of them done: 2 arms, seeds 0 to 9, on 2 workers",
        "judged on 6,000 pictures each, margin 0.2 points",
        "at most 2 min 10 s, by earlier studies here; no run begins after 5 minutes",
    ):
        assert words in text
    assert "unknown until the first runs are done" in "\n".join(plan_lines({**PLAN, "seconds": None}))
    assert "stays closed" in plan_lines({**PLAN, "test": False})[-1]


def test_without_a_terminal_a_line_a_run_a_failure_and_a_new_verdict(capsys):
    lines = _Lines()
    for event in events():
        lines.take(event)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "run   4/20  seed 2, baseline: 89.12% in 9.5 s  time left: unknown until the first runs are done",
        "seed 2, wide: failed (attempt 1 of 3, trying again): it died",
        "after 2 seeds: Wide: …",
    ]


def test_on_a_terminal_one_display():
    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with LiveDisplay(console, _Status()) as display:
        for event in events():
            display.take(event)
    text = console.file.getvalue()
    for words in (
        "5 of at most 20 runs done, 1 running",
        "seed 2, wide: epoch 3/12",
        "helps",
        "about 9 more seeds",
        "left",
    ):
        assert words in text

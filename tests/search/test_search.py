"""A search with made-up runs: what it finds, and what becomes of it when it is killed."""

import itertools
import shutil
import sqlite3

import pytest

pytest.importorskip("optuna")
pytest.importorskip("tensorboardX")

from sqlalchemy import Engine, event
from tests.search.fake_trials import EPOCHS, SAMPLE, FakeExecutor, images_right, make_plan

from fashionlab import lab
from fashionlab.data import load
from fashionlab.errors import Interrupted, RunCorrupt, StoreError, UsageError, WorkerError
from fashionlab.lab import ExecutionOptions
from fashionlab.lab import searches as searches_module
from fashionlab.lab.searches import run_search
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports.progress.search import SearchStatus, plan_lines
from fashionlab.search.folder import SearchFolder


@pytest.fixture(autouse=True)
def no_network_is_built(monkeypatch):
    """What a declaration checks in a worker takes seconds, and is tested where studies are."""
    monkeypatch.setattr("fashionlab.studies.declare.check_models", lambda arms: None)
    monkeypatch.setattr("fashionlab.search.declare.check_models", lambda arms: None)


@pytest.fixture(scope="module", autouse=True)
def nothing_waits_for_the_disk():
    """That a database outlives a power cut is SQLite's promise, and most of the time of a search that is made up."""

    def hurry(connection, record):
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", hurry)
    yield
    event.remove(Engine, "connect", hurry)


TRIALS = 10

MOMENTS = (0, 12, 13, 60)
"""Pieces of news before which a copy is made: the first trial begun, about to be sealed, ended, and later."""


def make(runs, **terms):
    return SearchFolder.create(runs, "made-up", make_plan(**terms))


def search(folder, on_event=lambda event: None, report=False, log=None, **fake):
    """Run a search; returns its summary and the executor of its trials."""
    made = []

    def executor(work):
        made.append(FakeExecutor(work, **(fake if not made else {})))
        return made[-1]

    run_search(folder, load(SAMPLE), ExecutionOptions(report=report, on_event=on_event, log=log), executor)
    return folder.summary, made[0]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A search of 10 trials, with its page and its log, and copies of its folder on the way."""
    place = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fashionlab.studies.declare.check_models", lambda arms: None)
        folder, copies, looks = make(place, prune=False), [], itertools.count()

        def copy():
            if (look := next(looks)) in MOMENTS:
                copies.append(place / f"copy-{look}" / folder.name)
                shutil.copytree(folder.path, copies[-1])

        summary, executor = search(folder, look=copy, report=True, log="tensorboard")
    return folder, summary, executor, copies


def facts(summary):
    return [(t.number, t.state, t.values, t.accuracy) for t in summary.trials]


def test_a_search_ends_with_a_verdict_on_fresh_seeds(whole):
    folder, summary, executor, _ = whole
    assert summary.state == "trials"
    assert [trial.number for trial in summary.trials] == list(range(TRIALS))
    assert summary.trials[0].default
    assert summary.trials[0].values == {"dropout": 0.3}
    best = summary.trials[summary.best]
    assert best.accuracy == max(trial.accuracy for trial in summary.trials)
    assert len(executor.made) == TRIALS
    (study,) = folder.confirmations
    assert list(study.plan.all_seed_numbers) == [100, 101]
    assert not study.plan.test
    confirmed = summary.confirmed
    assert confirmed.trial == best.number
    assert confirmed.seeds == (100, 101)
    specs = [arm.spec.with_seed(seed) for arm in study.plan.arms for seed in confirmed.seeds]
    means = [sum(map(images_right, part)) / 2 / 20 for part in (specs[:2], specs[2:])]
    assert confirmed.default.mean == pytest.approx(means[0])
    assert confirmed.best.mean == pytest.approx(means[1])
    assert confirmed.flattery == pytest.approx(100 * best.accuracy - means[1])
    assert confirmed.claimed - confirmed.verdict.effect == pytest.approx(
        confirmed.flattery - confirmed.default_flattery
    )


def test_its_recipe_file_is_the_best_trials(whole):
    folder, summary, *_ = whole
    recipe = Recipe.make(str(folder.recipe_file))
    assert recipe.model.options["dropout"] == (summary.trials[summary.best].values["dropout"],)
    assert recipe.seed == 7


def test_its_page_and_its_lines_say_what_was_found(whole):
    folder, summary, *_ = whole
    result = lab.open_search(folder.path)
    page = result.page.read_text()
    for part in ("History", "Importance", "slice-dropout", "flattery", "fashionlab train best.toml"):
        assert part in page
    assert "on 2 fresh seeds" in "\n".join(result.lines())
    assert summary.importance == {"dropout": 1.0}
    assert result.table().row_count == 10
    assert str(summary.confirmed.verdict.word) in repr(result)


def test_the_runs_of_its_trials_and_of_the_confirmation_are_logged(whole):
    folder = whole[0]
    log = folder.path.parent / "tensorboard" / folder.name
    logged = {str(path.parents[1].relative_to(log)) for path in log.rglob("train/*tfevents*")}
    assert {f"runs/{path.name}" for path in (folder.path / "runs").iterdir()} <= logged
    (study,) = (folder.path / "confirmation").iterdir()
    made = {f"confirmation/{study.name}/runs/{path.name}" for path in (study / "runs").iterdir()}
    assert made
    assert made <= logged


def test_killed_at_any_moment_nothing_is_lost_or_counted_twice(whole):
    """The copies are what a power cut leaves: with one worker the search then goes on just as the unbroken one did."""
    _, unbroken, _, copies = whole
    assert len(copies) == len(MOMENTS)
    for copy in copies:
        folder = SearchFolder(copy)
        kept = {path.name for path in (copy / "runs").iterdir()}
        summary, executor = search(folder)
        assert facts(summary) == facts(unbroken)
        assert summary.confirmed.verdict == unbroken.confirmed.verdict
        assert {path.name for path in (copy / "runs").iterdir()} == {f"trial-{n:04}" for n in range(TRIALS)}
        # What was finished is not made again.
        assert len(executor.made) == TRIALS - len(kept)


def test_a_run_that_was_sealed_before_the_kill_only_gets_its_end_written(tmp_path, whole):
    folder, unbroken, *_ = whole
    shutil.copytree(folder.path, tmp_path / "copy")
    copy = SearchFolder(tmp_path / "copy")
    shutil.rmtree(copy.path / "confirmation")
    with sqlite3.connect(copy.database) as database:
        database.execute("UPDATE trials SET state = 'RUNNING', datetime_complete = NULL WHERE number = 9")
        database.execute("DELETE FROM trial_values WHERE trial_id = 10")
    summary, executor = search(copy)
    assert facts(summary) == facts(unbroken)
    assert executor.made == []


def test_a_trial_like_an_earlier_one_shares_its_run(tmp_path):
    summary, executor = search(make(tmp_path, vary=["norm=batch/layer"], trials=8))
    shared = [trial for trial in summary.trials if trial.same_as is not None]
    assert len(executor.made) == 2
    assert len(shared) == 6
    for trial in shared:
        assert trial.accuracy == summary.trials[trial.same_as].accuracy


def test_progress_says_what_is_done_and_what_a_trial_came_to(tmp_path):
    status, lines = SearchStatus(), []
    folder = make(tmp_path, vary=["dropout=0.1..0.2"], trials=2)
    assert "the default is outside of these ranges, so it is not among the trials" in plan_lines(folder.plan, 6)
    search(
        folder,
        on_event=lambda event: (
            lines.extend(status.take(event))
            if "Trial" in type(event).__name__ or "Search" in type(event).__name__
            else None
        ),
    )
    assert status.headline == "2 of 2 trials ended, 0 running"
    assert status.lines[-1].startswith("  best   trial")
    assert len(lines) == 2
    assert "the best so far" in lines[0]


def test_poor_trials_are_stopped_by_their_curve(tmp_path):
    summary, _ = search(make(tmp_path, trials=14), slots=2)
    pruned = [trial for trial in summary.trials if trial.state == "pruned"]
    assert pruned
    assert all(5 <= trial.epochs <= 0.75 * EPOCHS for trial in pruned)
    assert all(trial.accuracy is None for trial in pruned)
    assert summary.best not in [trial.number for trial in pruned]


def test_a_trial_that_fails_is_told_and_a_lost_one_is_made_again(tmp_path):
    diverged = {"reason": "the loss is not finite", "hopeless": True}
    lost = {"reason": "the node is gone", "lost": True}
    fails = {"trial-0001-": diverged, "trial-0002-1-0": lost, "trial-0003-1-": {"reason": "a slip"}}
    summary, executor = search(make(tmp_path, trials=5), fails=fails)
    assert [trial.state for trial in summary.trials] == ["finished", "failed", *["finished"] * 3]
    assert summary.trials[1].reason == "the loss is not finite"
    assert {"trial-0002-1-1", "trial-0003-2-0"} <= {*executor.made}


def test_a_search_whose_first_trials_all_fail_is_given_up(tmp_path):
    with pytest.raises(WorkerError, match="first 5 trials all failed, the last one so: no"):
        search(make(tmp_path), fails={"trial-": {"reason": "no", "hopeless": True}})


def test_where_the_default_is_best_there_is_nothing_to_confirm(tmp_path):
    folder = make(tmp_path, vary=["dropout=0.1..0.8"], dropout=0.1, trials=3)
    summary, _ = search(folder, report=True)
    assert summary.best == 0
    assert summary.confirmed is None
    assert not folder.confirmations
    assert "nothing to confirm" in "\n".join(lab.open_search(folder.path).lines())


def test_another_best_is_confirmed_anew_on_seeds_that_nothing_has_used(tmp_path, monkeypatch):
    folder = make(tmp_path, vary=["dropout=0.2..0.9"], trials=2)
    search(folder)
    first = folder.summary.best
    monkeypatch.setattr(
        searches_module,
        "run_search",
        lambda folder, dataset, execution: run_search(folder, dataset, execution, FakeExecutor),
    )
    execution = ExecutionOptions(report=False, on_event=lambda event: None)
    lab.resume_search(folder.path, trials=12, execution=execution)
    assert folder.summary.best != first
    assert [list(study.plan.all_seed_numbers) for study in folder.confirmations[-2:]][-1][0] in (100, 103)
    assert folder.summary.confirmed.trial == folder.summary.best
    with pytest.raises(UsageError, match="expected 2 or more"):
        lab.resume_search(folder.path, seeds=1, execution=execution)


def test_a_search_that_is_stopped_says_how_to_go_on(tmp_path):
    def stop():
        raise KeyboardInterrupt

    folder = make(tmp_path)
    with pytest.raises(Interrupted, match=rf"fashionlab\.resume_search\('{folder.path}'"):
        search(folder, look=stop)
    assert folder.summary.state == "stopped"


def test_only_one_process_makes_the_trials(tmp_path):
    folder = make(tmp_path)
    with folder.lock(), pytest.raises(StoreError, match="is being run by another process"):
        search(SearchFolder(folder.path))


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\x00" + bytes(200)])
def test_a_damaged_database_is_one_sentence(tmp_path, content):
    folder = make(tmp_path)
    folder.database.write_bytes(content)
    with pytest.raises(RunCorrupt, match=r"trials.sqlite3 cannot be used"):
        search(folder)


def test_a_search_is_measured_and_deleted_like_a_run(tmp_path):
    folder = make(tmp_path)
    assert lab.search_sizes(runs=tmp_path) == {folder.name: folder.size}
    assert lab.find_runs([folder.name], runs=tmp_path) == [folder.path]
    assert lab.delete_runs([folder.name], runs=tmp_path).keys() == {folder.name}
    assert not folder.path.exists()


def test_a_file_says_what_the_command_line_can_say(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(searches_module, "run_search", lambda folder, *rest: made.append(folder.plan))
    (tmp_path / "a.toml").write_text(
        f'[search]\ntrials = 5\nseeds = 4\nobjective = "loss"\nprune = false\n'
        f'[vary]\ndropout = "0..0.5"\nnorm = ["batch", "none"]\n[data]\ndataset = "{SAMPLE}"\n[training]\nepochs = 3\n'
    )
    file = {"vary": ["dropout=0.1..0.4"], "trials": 6, "runs": tmp_path}
    lab.search(str(tmp_path / "a.toml"), **file)
    lab.search(
        "mlp", vary={"dropout": "0.1..0.4", "norm": ["batch", "none"]}, trials=6, seeds=4, objective="loss",
        prune=False, dataset=SAMPLE, epochs=3, runs=tmp_path,
    )  # fmt: skip
    one, other = made
    assert (one.fields, one.base, one.trials, one.seeds, one.objective, one.prune) == (
        other.fields, other.base, other.trials, other.seeds, other.objective, other.prune,
    )  # fmt: skip
    (tmp_path / "b.toml").write_text("[search]\ntrial = 5\n")
    with pytest.raises(UsageError, match="did you mean trials"):
        lab.search(str(tmp_path / "b.toml"))


def test_without_optuna_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(searches_module, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'fashionlab\[search\]'"):
        lab.search("mlp", vary=["dropout=0..0.5"])

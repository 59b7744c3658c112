"""What does not belong in a folder of runs: links, pipes, huge files, what others have made, damaged neighbours."""

import io
import json
import os
import resource
import shutil
import sys
from pathlib import Path

import pytest

from fashionlab import lab
from fashionlab.errors import RunCorrupt, StoreError, UsageError
from fashionlab.store import Run
from fashionlab.store.format import from_json

SETTINGS = {"widths": (16,), "epochs": 1, "batch_size": 64}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, sample_path):
    quiet = lab.ExecutionOptions(report=False)
    runs = tmp_path_factory.mktemp("runs")
    return lab.train("mlp", dataset=str(sample_path), runs=runs, execution=quiet, **SETTINGS).path


@pytest.fixture
def runs(finished, tmp_path):
    """A folder with a finished run "whole", and one that was stopped, "half"."""
    shutil.copytree(finished, tmp_path / "runs" / "whole")
    half = tmp_path / "runs" / "half"
    shutil.copytree(finished, half)
    (half / "complete.json").unlink()
    return tmp_path / "runs"


def test_runs_delete_takes_only_what_the_lab_has_made(runs, tmp_path):
    cake = runs / "cake"
    cake.mkdir()
    (cake / "recipe.json").write_text(json.dumps({"flour": 500, "eggs": 3}))
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(runs / "whole", elsewhere)
    (runs / "linked").symlink_to(elsewhere)
    inside = runs / "whole" / "inner"
    shutil.copytree(elsewhere, inside)
    for name in ("cake", str(elsewhere), "linked", "whole/inner", "", ".", "..", str(runs)):
        with pytest.raises(UsageError):
            lab.delete_runs([name], runs=runs)
    assert cake.exists()
    assert elsewhere.exists()
    assert inside.exists()
    with pytest.raises(UsageError, match="nothing in it says that fashionlab has made it"):
        lab.delete_runs(["whole", "cake"], runs=runs)
    assert (runs / "whole").exists()
    assert lab.find_runs(["half"], runs=runs) == [runs / "half"]
    # A run whose recipe is damaged is known by its seal.
    (runs / "whole" / "recipe.json").write_text("{")
    shutil.rmtree(inside)
    lab.delete_runs(["whole", "half"], runs=runs)
    assert not (runs / "whole").exists()


def test_the_question_before_deleting_shows_the_whole_path(ask, runs, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    status, _, said = ask("runs", "delete", "whole", "--runs", str(runs))
    assert (status, f"Delete {runs / 'whole'}?" in said) == (130, True)


@pytest.mark.parametrize("place", ["checkpoint/lock", "checkpoint", "derived", "recipe.json", "derived/report"])
def test_nothing_is_written_or_read_through_a_link(runs, tmp_path, place):
    target = tmp_path / "target"
    outside = tmp_path / "outside"
    if place.endswith((".json", "lock")):
        target.write_text("precious")
    else:
        target.mkdir()
        (target / "file").write_text("precious")
    path = runs / "half" / place
    path.parent.mkdir(exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    quiet = lab.ExecutionOptions(report=False)
    with pytest.raises((StoreError, UsageError), match=r"link|no run 'half'"):
        lab.resume("half" if place == "recipe.json" else runs / "half", runs=runs, execution=quiet)
    with pytest.raises(StoreError, match="link"), Run(runs / "half").lock():
        pass
    assert (target if target.is_file() else target / "file").read_text() == "precious"
    assert target.is_file() or len(list(target.iterdir())) == 1
    assert not outside.exists()


def test_a_pipe_or_a_device_is_refused_and_not_waited_for(runs):
    for name in ("history.csv", "complete.json", "recipe.json"):
        path = runs / "whole" / name
        path.unlink()
        os.mkfifo(path)
        lab.list_runs(runs=runs)
        with pytest.raises((StoreError, UsageError)):
            lab.open_run("whole", runs=runs)


@pytest.mark.parametrize(
    "name", ["complete.json", "recipe.json", "metrics.json", "weights.safetensors", "predictions.npz"]
)
def test_a_huge_file_is_refused_unread(runs, name):
    with (runs / "whole" / name).open("ab") as file:
        file.truncate(3 * 2**30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = {line.run: line for line in lab.list_runs(runs=runs)}
    run = Run(runs / "whole")
    with pytest.raises(RunCorrupt, match=r"3,221,225,472 bytes|not the file that was sealed"):
        run.read(name)
    assert lines["half"].damaged is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024


@pytest.mark.parametrize("name", ["weights.safetensors", "predictions.npz"])
def test_arrays_are_looked_at_before_they_are_read(runs, name):
    path = runs / "whole" / name
    for content in (b"", path.read_bytes() + b"more" * 5000, b"\xff" * 4096):
        path.write_bytes(content)
        with path.open("ab") as file:
            file.truncate(2**30)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(RunCorrupt, match=f"{name} cannot be read: it"):
            Run(runs / "whole").read(name)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("recipe.json", '{"format": 2, "recipe": NaN}'),
        ("recipe.json", "[" * 10_000),
        ("recipe.json", "\ud800".encode("utf-8", "surrogatepass")),
        ("metrics.json", '{"validation": 7, "test": [], "best_epoch": "x"}'),
        ("complete.json", ""),
        ("study.json", ""),
        ("study.json", "[" * 100_000),
    ],
)
def test_a_damaged_neighbour_is_one_line_and_stops_nothing(runs, sample_path, name, content):
    (runs / "damaged").mkdir()
    for each in (runs / "whole").iterdir():
        if each.is_file():
            shutil.copy(each, runs / "damaged")
    (runs / "damaged" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    if name == "study.json":
        (line,) = lab.list_studies(runs=runs)
        assert "study.json is damaged" in line.damaged
    else:
        lines = {line.run: line for line in lab.list_runs(runs=runs)}
        assert "is damaged" in lines["damaged"].damaged or "is not the file that was sealed" in lines["damaged"].damaged
        assert lines["whole"].damaged is None
    quiet = lab.ExecutionOptions(report=False)
    # The neighbours do not stand in the way of an equal run that is found, either.
    again = lab.train("mlp", dataset=str(sample_path), runs=runs, execution=quiet, **SETTINGS)
    assert again.path.name in ("whole", "damaged")


@pytest.mark.parametrize("number", ["1e300", "-1e41", "9007199254740993", "1" + "0" * 30])
def test_a_number_beyond_all_that_is_measured_is_one_sentence_wherever_it_stands(number):
    content = f'{{"a": [{{"b": {number}}}]}}'.encode()
    with pytest.raises(RunCorrupt, match=r"holds the number .* beyond all that is measured"):
        from_json(content, dict, Path("x.json"))

"""A run is sealed whole or not at all, and read only if it is what was sealed."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from fashionlab.errors import RunCorrupt, RunIncomplete, StoreError, UsageError
from fashionlab.store import CORE, Ledger, Run, delete_run, find_run, find_same, list_runs
from fashionlab.store.checkpoint import load_checkpoint, save_checkpoint
from fashionlab.store.format import from_csv, from_npz, from_tensors, to_csv, to_npz, to_tensors

REQUEST = {"recipe": {"seed": 0}, "data": {"sha256": "ab"}}


def sealed(runs, request=REQUEST):
    run = Run.create(runs, "mlp", request)
    for name in CORE:
        if name != "recipe.json":
            run.write(name, b"{}" if name.endswith(".json") else b"x")
    with run.lock():
        run.seal()
    return run


def test_a_sealed_run_no_longer_changes_and_has_no_checkpoint(tmp_path):
    run = sealed(tmp_path)
    assert run.complete
    assert not run.checkpoint.exists()
    with pytest.raises(StoreError, match="is sealed"):
        run.write("metrics.json", b"{}")


def test_a_run_with_a_part_missing_is_not_sealed(tmp_path):
    run = Run.create(tmp_path, "mlp", REQUEST)
    with pytest.raises(StoreError, match=r"cannot be sealed: environment\.json is missing"):
        run.seal()
    assert not run.complete
    with pytest.raises(RunIncomplete, match="--resume"):
        run.read("metrics.json")


@pytest.mark.parametrize("name", CORE)
def test_a_changed_or_lost_file_is_noticed(tmp_path, name):
    run = sealed(tmp_path)
    path = run.path / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(RunCorrupt, match="SHA-256 differs"):
        Run(run.path).read(name)
    path.unlink()
    with pytest.raises(RunCorrupt, match="has lost"):
        Run(run.path).read(name)


def test_a_run_of_another_format_is_refused(tmp_path):
    run = sealed(tmp_path)
    seal = json.loads((run.path / "complete.json").read_bytes())
    (run.path / "complete.json").write_text(json.dumps({**seal, "format_version": 99}))
    with pytest.raises(RunCorrupt, match="format version 99"):
        _ = Run(run.path).metrics


def test_two_runs_made_in_the_same_second_have_different_folders(tmp_path):
    assert len({Run.create(tmp_path, "mlp", REQUEST).path for _ in range(5)}) == 5


def test_an_equal_request_finds_the_first_finished_run(tmp_path):
    unfinished = Run.create(tmp_path, "mlp", REQUEST)
    first = sealed(tmp_path)
    sealed(tmp_path)
    sealed(tmp_path, {"recipe": {"seed": 1}, "data": {"sha256": "ab"}})
    finished, open_one = find_same(tmp_path, REQUEST)
    assert finished.path == first.path
    assert open_one.path == unfinished.path
    assert find_same(tmp_path, {"recipe": {"seed": 2}}) == (None, None)


def test_a_run_named_by_a_dot_knows_its_name(tmp_path, monkeypatch):
    run = sealed(tmp_path)
    monkeypatch.chdir(run.path)
    assert find_run(tmp_path, ".").name == run.name


def test_runs_are_found_by_name_path_and_last(tmp_path):
    with pytest.raises(UsageError, match="no run in"):
        find_run(tmp_path, "last")
    run = sealed(tmp_path)
    for name in (run.name, str(run.path), "last"):
        assert find_run(tmp_path, name).path == run.path
    with pytest.raises(UsageError, match=rf"has no run 'nope'; allowed: {run.name}"):
        find_run(tmp_path, "nope")


def test_a_run_in_training_is_locked_for_others_and_cannot_be_deleted(tmp_path):
    run = Run.create(tmp_path, "mlp", REQUEST)
    hold = "import sys\nfrom pathlib import Path\nfrom fashionlab.store import Run\nwith Run(Path(sys.argv[1])).lock():"
    child = subprocess.Popen(
        [sys.executable, "-c", hold + "\n print('held', flush=True)\n sys.stdin.read()", run.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(StoreError, match="being trained by another process"), run.lock(wait=0):
        pass
    with pytest.raises(StoreError, match="being trained"):
        delete_run(run)
    child.kill()
    child.wait()
    with run.lock(wait=5):
        pass
    assert delete_run(run) > 0
    assert list_runs(tmp_path) == []


def test_a_checkpoint_reads_back_to_the_bit_and_damage_is_noticed(tmp_path):
    run = Run.create(tmp_path, "mlp", REQUEST)
    with pytest.raises(RunIncomplete, match="before its first checkpoint"):
        load_checkpoint(run)
    tensors = {"a": np.float32([[1, np.pi]]), "scalar": np.array(7, np.int32), "keys": np.uint32([1, 2])}
    save_checkpoint(run, {"epoch": 3, "loss": 0.1}, tensors)
    progress, read = load_checkpoint(run)
    assert progress == {"epoch": 3, "loss": 0.1}
    assert read.keys() == tensors.keys()
    for name, array in tensors.items():
        assert read[name].dtype == array.dtype
        assert read[name].shape == array.shape
        assert read[name].tobytes() == array.tobytes()
    path = run.checkpoint / "state.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunCorrupt, match="checksum differs"):
        load_checkpoint(run)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(RunCorrupt, match="not a whole safetensors file"):
        load_checkpoint(run)


def test_tables_read_back_to_the_bit():
    rows = [
        {"epoch": 1, "loss": 0.1 + 0.2, "val_loss": math.nan},
        {"epoch": 2, "loss": 1e-300, "val_loss": 0.5},
    ]
    table = from_csv(to_csv(("epoch", "loss", "val_loss"), rows))
    assert table["epoch"] == [1, 2]
    assert table["loss"] == [0.1 + 0.2, 1e-300]
    assert math.isnan(table["val_loss"][0])
    assert from_csv(to_csv(("epoch",), [])) == {"epoch": []}


def test_arrays_read_back_and_nothing_is_unpickled():
    arrays = {"x": np.arange(6).reshape(2, 3)}
    assert (from_npz(to_npz(arrays))["x"] == arrays["x"]).all()
    with pytest.raises(ValueError, match="allow_pickle"):
        from_npz(to_npz({"x": np.array([object()])}))
    with pytest.raises(RunCorrupt):
        from_tensors(b"\xff" * 100, "file")
    assert from_tensors(to_tensors({"x": np.float32(3)}, {"k": "v"}), "f")[1] == {"k": "v"}


def test_the_ledger_only_grows(tmp_path):
    ledger = Ledger(tmp_path / "runs")
    assert ledger.openings() == []
    ledger.record("aa", 10_000, "run-1")
    ledger.record("bb", 10, "run-2")
    ledger.record("aa", 10_000, "run-3")
    assert [line["by"] for line in ledger.openings("aa")] == ["run-1", "run-3"]
    with ledger.path.open("a") as file:
        file.write('{"time": "2026')
    assert len(ledger.openings("aa")) == 3

"""A run is sealed whole or not at all, and read only if it is what was sealed."""

import io
import json
import math
import os
import subprocess
import sys
import zipfile

import msgspec
import numpy as np
import pytest

from fashionlab.errors import RunCorrupt, RunIncomplete, StoreError, UsageError
from fashionlab.files import read_capped
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import DataFacts, RunSpec
from fashionlab.store import (
    CORE,
    HistoryRow,
    Ledger,
    NormsRow,
    Predictions,
    Run,
    SetPredictions,
    delete_run,
    find_run,
    find_same,
    list_runs,
)
from fashionlab.store.checkpoint import load_checkpoint, save_checkpoint
from fashionlab.store.format import from_csv, from_npz, from_tensors, to_csv, to_npz, to_tensors


def spec_of(seed):
    return RunSpec(
        recipe=Recipe.make("mlp", {"seed": seed}),
        data=DataFacts("ab" * 32, ("shoe", "bag"), 28),
        model_sha256=None,
        trainer="fused",
        backend="jax",
    )


SPEC = spec_of(0)


CONTENTS = {
    "json": b"{}",
    "safetensors": to_tensors({"0/w": np.zeros(1)}),
    "npz": to_npz({"labels": np.zeros(1)}),
}


def sealed(runs, spec=SPEC):
    run = Run.create(runs, "mlp", spec)
    for name in CORE:
        if name != "recipe.json":
            run.write(name, CONTENTS.get(name.rpartition(".")[2], b"x"))
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
    run = Run.create(tmp_path, "mlp", SPEC)
    with pytest.raises(StoreError, match=r"cannot be sealed: environment\.json is missing"):
        run.seal()
    assert not run.complete
    with pytest.raises(RunIncomplete, match=r"fashionlab\.resume\("):
        run.read("metrics.json")


@pytest.mark.parametrize("name", CORE)
def test_a_changed_or_lost_file_is_noticed(tmp_path, name):
    run = sealed(tmp_path)
    path = run.path / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(RunCorrupt, match=r"SHA-256 differs|is not a whole"):
        Run(run.path).read(name)
    path.unlink()
    with pytest.raises(RunCorrupt, match="has lost"):
        Run(run.path).read(name)


def test_a_run_of_another_format_is_refused(tmp_path):
    run = sealed(tmp_path)
    for name in ("complete.json", "recipe.json"):
        document = json.loads((run.path / name).read_bytes())
        (run.path / name).write_text(json.dumps({**document, "format": 99}))
        with pytest.raises(RunCorrupt, match="has format version 99, this fashionlab reads 2 to 3"):
            _ = Run(run.path).spec
    # The first format had no such field in either file, and other fields.
    (run.path / "recipe.json").write_text(json.dumps({"recipe": {"fit": {"epochs": 3}, "seed": 0}, "judge": True}))
    with pytest.raises(RunCorrupt, match="has format version 1, this fashionlab reads 2 to 3"):
        _ = Run(run.path).spec


def test_a_spec_reads_back_equal_and_another_seed_is_another_identity(tmp_path):
    run = Run.create(tmp_path, "mlp", SPEC)
    assert Run(run.path).spec == SPEC
    assert Run(run.path).spec.identity == SPEC.identity
    assert SPEC.with_seed(3) == spec_of(3)
    assert spec_of(3).identity != SPEC.identity


HOSTILE = {
    "empty": b"",
    "cut off": b'{"format": 2, "recipe"',
    "no object": b"[1, 2]",
    "not text": b"\xff\xfe{}",
    "nested": b"[" * 100_000,
    "another type": b'{"format": "two"}',
    "a field lacking": b'{"format": 2}',
    "out of range": msgspec.json.encode(SPEC).replace(b'"batch_size":256', b'"batch_size":-1'),
    "an unknown field": msgspec.json.encode(SPEC).replace(b'"seed":0', b'"seed":0,"sneaky":1'),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_recipe_is_one_error_of_ours(tmp_path, kind):
    run = Run.create(tmp_path, "mlp", SPEC)
    (run.path / "recipe.json").write_bytes(HOSTILE[kind])
    with pytest.raises(RunCorrupt, match=r"recipe\.json .*"):
        _ = Run(run.path).spec


def test_what_is_no_regular_file_or_too_large_is_not_read(tmp_path, monkeypatch):
    run = Run.create(tmp_path, "mlp", SPEC)
    path = run.path / "metrics.json"
    path.symlink_to(run.path / "recipe.json")
    with pytest.raises(RunCorrupt, match=r"metrics\.json cannot be read"):
        run.read("metrics.json")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RunCorrupt, match="not a regular file"):
        run.read("metrics.json")
    monkeypatch.setattr("fashionlab.store.format.LARGEST_FILE", 10)
    with pytest.raises(OSError, match="at most 10 are allowed"):
        read_capped(run.path / "recipe.json", 10)


def test_predictions_read_back_and_odd_ones_are_refused(tmp_path):
    logits, labels = np.zeros((3, 2), np.float32), np.array([0, 1, 0], np.int32)
    whole = Predictions(SetPredictions(logits, labels, np.arange(3)), None)
    path = tmp_path / "predictions.npz"
    again = Predictions.from_bytes(whole.to_bytes(), 2, path)
    assert again.test is None
    assert (again.validation.rows == [0, 1, 2]).all()
    for odd in (
        SetPredictions(logits.astype(np.float64), labels),
        SetPredictions(logits, labels[:2]),
        SetPredictions(logits, labels + 1),
        SetPredictions(logits[:, :1], labels),
    ):
        with pytest.raises(RunCorrupt, match="is damaged"):
            Predictions.from_bytes(Predictions(odd, None).to_bytes(), 2, path)


def test_two_runs_made_in_the_same_second_have_different_folders(tmp_path):
    assert len({Run.create(tmp_path, "mlp", SPEC).path for _ in range(5)}) == 5


def test_an_equal_spec_finds_the_first_finished_run(tmp_path):
    unfinished = Run.create(tmp_path, "mlp", SPEC)
    first = sealed(tmp_path)
    sealed(tmp_path)
    sealed(tmp_path, spec_of(1))
    finished, open_one = find_same(tmp_path, SPEC)
    assert finished.path == first.path
    assert open_one.path == unfinished.path
    assert find_same(tmp_path, spec_of(2)) == (None, None)


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
    run = Run.create(tmp_path, "mlp", SPEC)
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


class Counter(msgspec.Struct):
    epoch: int
    loss: float


def test_a_checkpoint_reads_back_to_the_bit_and_damage_is_noticed(tmp_path):
    run = Run.create(tmp_path, "mlp", SPEC)
    with pytest.raises(RunIncomplete, match="before its first checkpoint"):
        load_checkpoint(run, Counter)
    tensors = {"a": np.float32([[1, np.pi]]), "scalar": np.array(7, np.int32), "keys": np.uint32([1, 2])}
    save_checkpoint(run, Counter(3, 0.1), tensors)
    progress, read = load_checkpoint(run, Counter)
    assert progress == Counter(3, 0.1)
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
        load_checkpoint(run, Counter)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(RunCorrupt, match="not a whole safetensors file"):
        load_checkpoint(run, Counter)


def test_tables_read_back_to_the_bit(tmp_path):
    path = tmp_path / "history.csv"
    rows = [HistoryRow(1, 2.0, 0.1 + 0.2, 0.5, None, None, 1e-3), HistoryRow(2, 2.0, 1e-300, 0.5, 0.5, 0.7, 1e-3)]
    table = from_csv(to_csv(HistoryRow, rows), HistoryRow, path)
    assert table["epoch"] == [1, 2]
    assert table["loss"] == [0.1 + 0.2, 1e-300]
    assert math.isnan(table["val_loss"][0])
    assert from_csv(to_csv(NormsRow, []), NormsRow, path) == {
        "epoch": [], "layer": [], "weight_norm": [], "update_norm": []
    }  # fmt: skip
    for odd in (b"epoch,loss\n1,2\n", to_csv(HistoryRow, rows).replace(b"0.7", b"much"), b"\xff", b""):
        with pytest.raises(RunCorrupt, match=r"history\.csv is damaged"):
            from_csv(odd, HistoryRow, path)


def test_arrays_read_back_and_nothing_is_unpickled(tmp_path):
    path = tmp_path / "file"
    arrays = {"x": np.arange(6).reshape(2, 3)}
    assert (from_npz(to_npz(arrays), path)["x"] == arrays["x"]).all()
    with pytest.raises(RunCorrupt, match="allow_pickle"):
        from_npz(to_npz({"x": np.array([object()])}), path)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"\0" * 10_000_000)
    for odd in (b"", b"PK\x03\x04", to_npz(arrays)[:-30], bomb.getvalue()):
        with pytest.raises(RunCorrupt, match="not a whole NumPy archive"):
            from_npz(odd, path)
    with pytest.raises(RunCorrupt):
        from_tensors(b"\xff" * 100, path)
    assert from_tensors(to_tensors({"x": np.float32(3)}, {"k": "v"}), path)[1] == {"k": "v"}


def test_the_ledger_only_grows(tmp_path):
    ledger = Ledger(tmp_path / "runs")
    assert ledger.lines("aa") == []
    ledger.record("aa", 10_000, "run-1")
    ledger.record("bb", 10, "run-2")
    ledger.record("aa", 10_000, "run-3")
    assert [line.by for line in ledger.lines("aa")] == ["run-1", "run-3"]
    with ledger.path.open("a") as file:
        file.write('{"time": "2026')
    assert len(ledger.lines("aa")) == 3

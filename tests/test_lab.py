"""The lab from Python: train, refit, open, predict, and a model and data of one's own."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fashionlab
from fashionlab import ExecutionOptions, lab
from fashionlab.errors import RunCorrupt, RunIncomplete, UntrustedModel, UsageError
from fashionlab.store import Ledger, Run, list_runs
from fashionlab.tracking import TrainingStarted

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "small_cnn.py"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def trained(runs, sample_path):
    return fashionlab.train("mlp", dataset=str(sample_path), runs=runs, widths=(64, 32), epochs=12, batch_size=32)


def rows_trained(events):
    (started,) = (event for event in events if isinstance(event, TrainingStarted))
    return started.rows


def test_a_trained_model_tells_how_it_came_about(trained):
    assert trained.recipe.training.epochs == 12
    assert trained.class_names[0] == "T-shirt/top"
    assert len(trained.history["val_loss"]) == trained.metrics.epochs
    best = trained.metrics.best_epoch
    assert trained.history["val_loss"][best - 1] == min(trained.history["val_loss"])
    assert trained.metrics.validation.loss == pytest.approx(min(trained.history["val_loss"]))
    assert trained.metrics.test.accuracy > 0.6
    assert "accuracy" in repr(trained)
    assert {path.name for path in trained.figures} >= {"samples.png", "learning-curves.png", "confusion-test.png"}


def test_predictions_are_probabilities_and_those_of_the_run(trained, sample):
    rows = Run(trained.path).predictions.validation.rows
    probabilities = trained.predict(sample.images[rows])
    assert probabilities.shape == (120, 10)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    accuracy = (probabilities.argmax(axis=1) == sample.labels[rows]).mean()
    assert accuracy == pytest.approx(trained.metrics.validation.accuracy)
    assert trained.predict(sample.images[:0]).shape == (0, 10)
    assert trained.predict(sample.images[rows, :, :, None] / 255) == pytest.approx(probabilities)
    with pytest.raises(UsageError, match=r"given images of type float64 and shape \(1, 27, 27\), expected \[n, 28, 28"):
        trained.predict(np.zeros((1, 27, 27)))
    one = trained.predict(sample.images[rows[0]])
    assert one.class_name == trained.class_names[probabilities[0].argmax()]
    assert (one.image == sample.images[rows[0]]).all()


def test_the_keras_model_gives_the_same_logits(trained, sample, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    model = trained.keras_model()
    predictions = Run(trained.path).predictions.validation
    logits = model.predict(sample.images[predictions.rows], verbose=0)
    assert logits == pytest.approx(predictions.logits, abs=1e-4)


def test_opening_a_run(trained, runs, tmp_path):
    assert fashionlab.open_run(trained.path).metrics == trained.metrics
    assert fashionlab.open_run("last", runs=runs).path == trained.path
    with pytest.raises(UsageError, match="there is no run"):
        fashionlab.open_run("nothing", runs=tmp_path)
    unfinished = Run.create(tmp_path, "mlp", Run(trained.path).spec)
    unfinished.write("metrics.json", b"{}")  # as if it had been killed before it was sealed
    with pytest.raises(RunIncomplete, match=r"fashionlab\.resume\("):
        fashionlab.open_run(unfinished.path)


def test_a_damaged_run_is_a_line_in_the_list(trained, tmp_path):
    for name in ("good", "bad", "worse"):
        shutil.copytree(trained.path, tmp_path / name)
    (tmp_path / "bad" / "recipe.json").write_text("{")
    (tmp_path / "worse" / "metrics.json").write_text("{}")
    rows = {row.run: row for row in lab.list_runs(runs=tmp_path)}
    assert rows["good"].damaged is None
    assert "recipe.json is damaged" in rows["bad"].damaged
    assert "not the file that was sealed" in rows["worse"].damaged
    lab.delete_runs(["bad", "worse"], runs=tmp_path)
    assert [row.run for row in lab.list_runs(runs=tmp_path)] == ["good"]


def test_a_refit_uses_validation_rows_too_and_is_a_run_of_its_own_kind(trained, runs, sample_path):
    events = []
    refit = fashionlab.train(
        "mlp", dataset=str(sample_path), runs=runs, widths=(64, 32), epochs=12, batch_size=32, refit=True,
        execution=ExecutionOptions(on_event=events.append),
    )  # fmt: skip
    assert refit.path.name.startswith("mlp-refit-seed0")
    assert refit.recipe.refit == trained.metrics.best_epoch == refit.metrics.epochs
    assert refit.metrics.validation is None
    assert refit.metrics.test.n == 200
    assert rows_trained(events) == 600, "all rows of the training set"
    assert np.isnan(refit.history["val_loss"]).all()
    assert "confusion-validation.png" not in {path.name for path in refit.figures}


def test_without_test_the_test_part_stays_closed(sample_path, tmp_path):
    model = fashionlab.train(
        "mlp", dataset=str(sample_path), runs=tmp_path, widths=8, epochs=1, test=False,
        execution=ExecutionOptions(report=False),
    )  # fmt: skip
    assert model.metrics.test is None
    assert Run(model.path).predictions.test is None
    assert not Ledger(tmp_path).path.exists()


def test_a_limit_uses_so_many_rows(sample_path, tmp_path):
    events = []
    fashionlab.train(
        "mlp", dataset=str(sample_path), runs=tmp_path, widths=8, epochs=1, limit=100,
        execution=ExecutionOptions(report=False, on_event=events.append),
    )  # fmt: skip
    assert rows_trained(events) == 80


def test_a_model_and_data_of_ones_own(tmp_path, as_another_user):
    """The how-to pages' example: a folder of images, and a network from a file."""
    from PIL import Image

    random = np.random.default_rng(0)
    for name, rows in (("light", slice(0, 6)), ("dark <b>", slice(6, 12))):
        for number in range(30):
            image = random.integers(0, 80, (12, 12), dtype=np.uint8)
            image[rows] += 120
            (tmp_path / "images" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(tmp_path / "images" / name / f"{number}.png")
    model = fashionlab.train(
        f"{EXAMPLE}:build", dataset=str(tmp_path / "images"), runs=tmp_path / "runs", filters="4", epochs=15,
        batch_size=8, learning_rate=0.01,
    )  # fmt: skip
    assert model.class_names == ["dark <b>", "light"]
    assert model.recipe.model.options == {"filters": (4,), "dropout": 0.3}
    assert model.metrics.test.accuracy > 0.9
    assert model.predict(np.zeros((3, 12, 12), np.uint8)).shape == (3, 2)
    # Opened later, the run executes its own copy of the file for whoever trained it here, or vouches for it.
    opened = fashionlab.open_run(shutil.copytree(model.path, tmp_path / "moved"))
    assert opened.predict(np.zeros((1, 12, 12), np.uint8)).shape == (1, 2)
    as_another_user()
    with pytest.raises(UntrustedModel, match=r"read it, and if you trust it say so with trust='[0-9a-f]{12}'"):
        opened.predict(np.zeros((1, 12, 12), np.uint8))
    with pytest.raises(UntrustedModel):
        fashionlab.open_run(model.path, trust="0" * 12).predict(np.zeros((1, 12, 12), np.uint8))
    digest = Run(model.path).spec.model_sha256
    # Without its copy, nothing that lies at the original's path is executed in its stead.
    robbed = shutil.copytree(model.path, tmp_path / "robbed")
    (robbed / "model.py").unlink()
    with pytest.raises(RunCorrupt, match=r"its copy model\.py is missing"):
        fashionlab.open_run(robbed, trust=digest).predict(np.zeros((1, 12, 12), np.uint8))
    assert fashionlab.open_run(model.path, trust=digest[:12]).predict(np.zeros((1, 12, 12), np.uint8)).shape == (1, 2)


def test_an_own_models_wrong_option_is_one_sentence_and_leaves_nothing(tmp_path, sample_path):
    with pytest.raises(UsageError, match=r"has no setting 'depth'; .*allowed: filters, dropout"):
        fashionlab.train(f"{EXAMPLE}:build", dataset=str(sample_path), runs=tmp_path, depth=3)
    assert list_runs(tmp_path) == []


def test_runs_are_records_and_tables(trained, runs, sample_path, ask, tmp_path):
    (record,) = [record for record in fashionlab.runs(runs=runs) if not record["refit"]]
    assert record["differs"] == "epochs=12 batch_size=32 widths=64,32"
    assert record["dataset"] == str(sample_path)
    assert record["test_accuracy"] == trained.metrics.test.accuracy
    together = fashionlab.runs(runs=runs, group=True, sort="-test_mean")
    assert {each["n"] for each in together} == {1}
    shutil.copytree(trained.path, tmp_path / "runs" / "[red]<b>")
    status, out, _ = ask("runs")
    assert status == 0
    assert "[red]<b>" in out
    assert " fashion-sample.npz " in out
    assert "epochs=12 batch_size=32 widths=64,32" in out
    assert "best run" in ask("runs", "--group")[1]
    assert ask("runs", "--csv", "--sort", "-dropout")[1].startswith("run,model,dataset,seed,")
    status, _, err = ask("runs", "--sort", "nothing")
    assert (status, err.count("\n")) == (2, 1)
    assert ask("runs", "--csv", "--json")[0] == 2
    assert "options come after the word" in ask("runs", "--group", "show", "last")[2]
    assert ask("runs", "--runs", str(runs), "show", trained.path.name)[0] == 0
    for folder, words in (("rnus", "there is no such folder, expected one with runs; did you mean"),
                          ("runs/[red]<b>", "that is itself a run, expected the folder in which it lies"),
                          (".", "but in runs there are some")):  # fmt: skip
        status, _, err = ask("runs", "--runs", str(tmp_path / folder))
        assert (status, words in err) == (2, True)
    assert "expected a whole name: mlp-seed0-" in ask("runs", "show", "mlp-seed0", "--runs", str(runs))[2]


def test_a_notebook_shows_a_run_and_a_data_set_and_no_markup_of_theirs(trained, sample, tmp_path):
    shutil.copytree(trained.path, tmp_path / "<script>&\x1b")
    shown = fashionlab.open_run(tmp_path / "<script>&\x1b")._repr_html_()
    assert "Run &lt;script&gt;&amp;\\x1b" in shown
    assert "epochs=12 batch_size=32 widths=64,32" in shown
    assert "<script" not in shown
    foreign = replace(sample, name="<b>", class_names=("<i>", *sample.class_names[1:]), notes=("a\n<img>",))
    shown = foreign._repr_html_()
    assert "Data set &lt;b&gt;" in shown
    assert "a &lt;img&gt;" in shown
    assert not any(tag in shown for tag in ("<b>", "<i>", "<img"))
    assert sample.sha256 in shown

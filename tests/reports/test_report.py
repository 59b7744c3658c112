"""The report: its summary, its page and its model card."""

import json
import re
import shutil

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from outline import Outline, unmarked

import fashionlab
from fashionlab import lab
from fashionlab.errors import RunCorrupt, RunIncomplete
from fashionlab.evaluation import Missing
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports.run.card import model_card
from fashionlab.reports.run.produce import produce_report
from fashionlab.reports.run.render import render
from fashionlab.reports.run.sections.answer import is_fashion_mnist, reference_points
from fashionlab.reports.run.sections.inside import InsideSection
from fashionlab.reports.run.sections.made import Commands, commands, recipe_line, training_fields
from fashionlab.reports.run.shown import ShownImage
from fashionlab.reports.run.summary import RunReport
from fashionlab.reports.run.text import report_lines
from fashionlab.reports.sprite import BUDGET, COLUMNS, gather, make_sprite
from fashionlab.store import Ledger, Predictions, Run, read_document
from fashionlab.store.snapshots import SNAPSHOTS
from fashionlab.text import one_line

QUIET = fashionlab.ExecutionOptions(report=False)


def page_of(report):
    return unmarked(report.path.read_text(encoding="utf-8"))


def evaluations(runs, run):
    return [line.by for line in Ledger(runs).lines(run.spec.data.sha256)]


def test_the_summary_says_how_good_how_sure_where_wrong_and_how_made(real):
    run, report = real
    summary, metrics = report.summary, run.metrics.test
    judged = summary.answer.judged
    assert judged.name == "test"
    assert (judged.accuracy, judged.accuracy_low) == (metrics.accuracy, metrics.accuracy_low)
    assert [each.value for each in judged.measures] == [
        metrics.accuracy, metrics.balanced_accuracy, metrics.macro.f1, metrics.loss,
    ]  # fmt: skip
    assert summary.answer.other.accuracy == run.metrics.validation.accuracy
    assert summary.answer.test_evaluations == 1
    assert [row.name for row in summary.answer.references][:3] == ["majority class", "people", "logistic regression"]
    assert summary.answer.references[0].high == 0.1
    assert summary.learning.sentences
    assert summary.learning.curves.val_loss == tuple(run.history["val_loss"])
    assert [row.layer for row in summary.learning.norms] == list(dict.fromkeys(run.norms["layer"]))
    assert summary.errors.confusion == metrics.confusion
    assert summary.confidence.calibration.scaling.after.nll <= summary.confidence.calibration.before.nll
    assert isinstance(summary.inside, InsideSection)
    assert summary.made.commands.short.startswith("fashionlab train mlp --limit 6000 --epochs 3 --widths 64,32")


def test_what_the_page_shows_is_plain_data_in_derived(real):
    run, report = real
    assert read_document(run.derived / "report.json", RunReport) == report.summary


def test_every_error_is_in_its_cell_and_the_diagonal_has_the_least_certain(real):
    run, report = real
    predictions = run.predictions.test
    predicted, labels = predictions.logits.argmax(axis=1), predictions.labels
    shown = report.summary.images
    for cell in report.summary.errors.cells:
        rows = np.flatnonzero((labels == cell.true) & (predicted == cell.predicted))
        ours = [shown[i].row for i in cell.images]
        assert cell.total == len(rows)
        assert all(shown[i].set == "test" for i in cell.images)
        if cell.true == cell.predicted:
            assert len(ours) == min(30, len(rows))
            assert set(ours) <= set(rows.tolist())
        else:
            assert sorted(ours) == rows.tolist()


def test_the_page_needs_nothing_and_can_be_mailed(real):
    text = page_of(real[1])
    assert len(text.encode()) < 6_000_000
    outline = Outline(text)
    assert all(address.startswith(("data:", "#")) for address in outline.addresses)
    assert "@import" not in text
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in text


def test_the_page_has_headings_in_order_and_words_for_its_images(real):
    outline = Outline(page_of(real[1]))
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert outline.headings.count(2) == 7
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))
    assert outline.silent == []
    assert len(set(outline.identifiers)) == len(outline.identifiers)


def test_a_page_with_the_most_images_that_compress_worst_still_stays_in_its_budget():
    """A twentieth of the 6,300 images and of the budget: of noise an image takes as much, however many there are."""
    noise = np.random.default_rng(0).integers(0, 256, (6300 // 20, 40, 40), dtype=np.uint8)
    assert len(make_sprite(noise, BUDGET // 20)) < BUDGET // 20


def test_the_sprite_holds_each_image_in_its_place():
    import io

    from PIL import Image

    images = np.random.default_rng(0).integers(0, 256, (2 * COLUMNS + 3, 8, 8), dtype=np.uint8)
    sheet = np.asarray(Image.open(io.BytesIO(make_sprite(images))))
    for i in (0, COLUMNS - 1, COLUMNS, 2 * COLUMNS + 2):
        y, x = divmod(i, COLUMNS)
        assert (sheet[8 * y : 8 * y + 8, 8 * x : 8 * x + 8] == images[i]).all()


def test_images_are_gathered_by_set_and_row():
    sets = {"test": np.arange(5, dtype=np.uint8).reshape(5, 1, 1), "validation": np.full((3, 1, 1), 9, np.uint8)}
    shown = [ShownImage(name, row, 0, 0, (), ()) for name, row in (("test", 3), ("validation", 0), ("test", 0))]
    assert gather(shown, sets).ravel().tolist() == [3, 9, 0]


def test_users_text_is_escaped_in_the_page_the_card_and_the_terminal(hostile):
    _, report = hostile
    text = page_of(report)
    assert "<script>alert(1)" not in text
    assert "<img src=x" not in text
    assert "<b>bold" not in text
    assert "{{ 7 * 7 }}" in text
    assert text.count("<script") == 5
    card = report.card.read_text(encoding="utf-8")
    assert "<script" not in card.replace("\\<script", "")
    assert "Always answering the most frequent class would reach" in text
    assert [row.name for row in report.summary.answer.references] == ["majority class"]


def test_nothing_acts_in_the_page_the_card_and_the_lines_of_a_run(hostile):
    bad = "\x00\x1b[31m\r\n\n# x\u202e$x_1$ :smile: &lt; caf\udce9"
    given = hostile[1].summary
    summary = replace(
        given, run=bad, title=bad, class_names=(bad, *given.class_names[1:]), learning=Missing(bad),
        inside=Missing(bad), made=replace(given.made, commands=Commands(bad, bad), recipe=((bad, bad),)),
    )  # fmt: skip
    page, card = render(summary, None, {}).decode(), model_card(summary)
    for text in (page, card, *report_lines(summary)):
        assert all(one_line(line) == line for line in text.split("\n"))
    assert json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])["names"][0] == one_line(bad)
    assert "\n# \\\\x00\\\\x1b\\[31m \\# x\\\\u202e\\$x\\_1\\$ \\:smile\\: \\&lt; caf\\\\udce9\n" in card


def test_the_command_makes_an_equal_recipe(real):
    run, report = real
    for kind in ("short", "full"):
        words = getattr(report.summary.made.commands, kind).split()
        assert words[:2] == ["fashionlab", "train"]
        settings = {n.removeprefix("--").replace("-", "_"): v for n, v in zip(words[3::2], words[4::2], strict=True)}
        engine = {name: settings.pop(name) for name in ("trainer", "backend") if name in settings}
        assert engine == ({"trainer": "fused", "backend": "jax"} if kind == "full" else {})
        made = Recipe.make(words[2], settings)
        assert made.data.validation in (None, 0.2)
        assert replace(made, data=replace(made.data, validation=0.2)) == run.spec.recipe


def test_the_command_says_refit_and_no_test(real):
    spec = real[0].spec
    closed = replace(spec, recipe=replace(spec.recipe, refit=4), test=False)
    assert commands(closed).short.endswith("--seed 0 --refit --no-test")


def test_a_precision_that_was_asked_for_and_not_used_is_told(real):
    spec = real[0].spec
    assert "precision" not in recipe_line(spec)
    training = replace(spec.recipe.training, precision="bfloat16")
    asked = replace(spec, recipe=replace(spec.recipe, training=training))
    assert "precision float32, as the processor lacks bfloat16" in recipe_line(asked)
    assert training_fields(asked)["precision"] == "float32, as the processor lacks bfloat16"
    used = replace(asked, backend="tensorflow", trainer="tape", precision="bfloat16")
    assert (training_fields(used)["precision"], training_fields(used)["trainer"]) == ("bfloat16", "tape on tensorflow")
    with pytest.raises(ValueError, match="the backend 'jax' has no precision bfloat16"):
        replace(asked, precision="bfloat16")


def test_reference_points_are_for_the_real_data_only(real, sample):
    run, _ = real
    assert is_fashion_mnist(run.spec.data.sha256)
    assert len(reference_points(sample.sha256, run.metrics.test)) == 1


def test_the_model_card_has_front_matter_that_yaml_reads(real, hostile):
    for run, report in (real, hostile):
        card = report.card.read_text(encoding="utf-8")
        _, front, body = card.split("---\n", 2)
        front = msgspec.yaml.decode(front) if _has_yaml() else dict(_lines(front))
        assert front["license"] == "mit"
        result = front["model-index"][0]["results"][0]
        assert result["metrics"][0]["value"] == pytest.approx(run.metrics.test.accuracy, abs=1e-6)
        assert body.startswith("\n# mlp, seed 0")


def _has_yaml():
    try:
        import yaml  # noqa: F401
    except ImportError:
        return False
    return True


def _lines(front):
    for line in front.splitlines():
        key, _, value = line.partition(": ")
        yield key, json.loads(value)


def test_a_second_report_evaluates_nothing_anew_and_is_the_same(real):
    run, report = real
    before = page_of(report)
    again = lab.report(run.path, runs=run.path.parent)
    assert page_of(again) == before
    assert evaluations(run.path.parent, run) == [run.name]


def test_a_run_that_was_copied_elsewhere_leaves_its_line_in_the_ledger(real, tmp_path):
    run, _ = real
    shutil.copytree(run.path, tmp_path / run.name)
    report = lab.report(run.name, runs=tmp_path)
    assert evaluations(tmp_path, run) == [run.name]
    assert report.summary.images_missing is None


def test_without_the_data_the_page_says_so_and_shows_the_rest(hostile, hostile_data, tmp_path):
    run, _ = hostile
    shutil.copytree(run.path, tmp_path / run.name)
    aside = hostile_data.with_suffix(".away")
    hostile_data.rename(aside)
    try:
        report = lab.report(run.name, runs=tmp_path)
    finally:
        aside.rename(hostile_data)
    assert "there is no data set" in report.summary.images_missing.reason
    assert "The images are not shown: there is no data set" in page_of(report)
    assert any(line.startswith("not shown: images") for line in report_lines(report.summary))


def test_a_run_that_did_not_use_the_test_set_is_judged_on_validation(tmp_path, sample_path):
    trained = fashionlab.train(
        "mlp", dataset=str(sample_path), runs=tmp_path, epochs=2, widths=(16,), batch_size=64, test=False,
        execution=QUIET,
    )  # fmt: skip
    report = lab.report(trained.path, runs=tmp_path)
    assert report.summary.answer.judged.name == report.summary.errors.set == "validation"
    assert evaluations(tmp_path, Run(trained.path)) == []
    assert "the test set was not used by this run" in page_of(report)
    assert "<dt>Test set evaluated</dt><dd>never in" in page_of(report)


def test_a_refit_says_what_it_cannot_show(tmp_path, sample_path, monkeypatch):
    trained = fashionlab.train(
        "mlp", dataset=str(sample_path), runs=tmp_path, epochs=2, widths=(16,), batch_size=64, refit=True,
        execution=QUIET,
    )  # fmt: skip
    report = lab.report(trained.path, runs=tmp_path)
    assert report.summary.title.endswith("(refit)")
    assert report.summary.confidence.calibration.scaling is None
    assert isinstance(report.summary.inside, Missing)
    assert "This section is missing: " in page_of(report)
    assert any(line.startswith("not shown: inside") for line in report_lines(report.summary))
    unjudged = Run(trained.path)
    unjudged.__dict__["metrics"] = replace(unjudged.metrics, test=None)
    monkeypatch.setattr(Run, "predictions", property(lambda self: Predictions(None, None)))
    assert "no set was predicted" in report_lines(produce_report(unjudged))[0]
    assert page_of(report).count("This section is missing: no set was predicted") == 4


def test_an_unfinished_run_has_no_report(tmp_path, real):
    shutil.copytree(real[0].path, tmp_path / "half")
    for name in ("complete.json", "metrics.json"):
        (tmp_path / "half" / name).unlink()
    with pytest.raises(RunIncomplete, match="not finished"):
        lab.report("half", runs=tmp_path)


def test_snapshots_are_sealed_with_the_run_and_the_last_one_of_the_best_epoch_counts_what_it_predicts(real, tmp_path):
    run, _ = real
    found, best = run.snapshots, run.metrics.best_epoch
    assert found.epochs == [1, 2, 3]
    assert found.confusion[best - 1].tolist() == [list(row) for row in run.metrics.validation.confusion]
    copy = Run(shutil.copytree(run.path, tmp_path / "copy"))
    assert SNAPSHOTS in copy.core
    (copy.path / SNAPSHOTS).write_bytes(run.read("predictions.npz"))
    with pytest.raises(RunCorrupt, match="not the file that was sealed"):
        _ = copy.snapshots

"""The report: its summary, its page and its model card."""

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from outline import Outline

import fashionlab
from fashionlab import lab
from fashionlab.errors import RunIncomplete
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports.run.produce import produce_report
from fashionlab.reports.run.references import is_fashion_mnist, reference_points
from fashionlab.reports.run.reproduce import commands
from fashionlab.reports.run.text import report_lines
from fashionlab.reports.sprite import BUDGET, COLUMNS, gather, make_sprite
from fashionlab.store import Ledger, Run


def page_of(summary):
    return Path(summary["page"]).read_text(encoding="utf-8")


def test_the_summary_says_how_good_how_sure_where_wrong_and_how_made(real):
    run, summary = real
    metrics = run.metrics["test"]
    answer = summary["answer"]
    assert answer["part"] == "test"
    assert (answer["accuracy"], answer["accuracy_low"]) == (metrics["accuracy"], metrics["accuracy_low"])
    assert answer["test_openings"] == 1
    assert [row["name"] for row in answer["references"]][:3] == ["majority class", "people", "logistic regression"]
    assert answer["references"][0]["high"] == 0.1
    assert summary["learning"]["sentences"]
    assert summary["errors"]["confusion"] == metrics["confusion"]
    assert summary["confidence"]["after"]["nll"] <= summary["confidence"]["before"]["nll"]
    assert summary["inside"]["available"]
    assert summary["made"]["commands"]["short"].startswith(
        "fashionlab train mlp --limit 6000 --widths 64,32 --epochs 3"
    )


def test_what_the_page_shows_is_plain_data_in_derived(real):
    run, summary = real
    assert json.loads((run.derived / "report.json").read_text()) == json.loads(json.dumps(summary))


def test_every_error_is_in_its_cell_and_the_diagonal_has_the_least_certain(real):
    run, summary = real
    predictions = run.predictions
    predicted, labels = predictions["test_logits"].argmax(axis=1), predictions["test_labels"]
    shown = summary["pictures"]
    for key, cell in summary["errors"]["cells"].items():
        t, p = map(int, key.split(","))
        rows = np.flatnonzero((labels == t) & (predicted == p))
        ours = [shown[i]["row"] for i in cell["pictures"]]
        assert cell["total"] == len(rows)
        assert all(shown[i]["part"] == "test" for i in cell["pictures"])
        if t == p:
            assert len(ours) == min(30, len(rows))
            assert set(ours) <= set(rows.tolist())
        else:
            assert sorted(ours) == rows.tolist()


def test_the_page_needs_nothing_and_can_be_mailed(real):
    _, summary = real
    text = page_of(summary)
    assert len(text.encode()) < 6_000_000
    outline = Outline(text)
    assert all(address.startswith(("data:", "#")) for address in outline.addresses)
    assert "@import" not in text
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in text


def test_the_page_has_headings_in_order_and_words_for_its_pictures(real):
    outline = Outline(page_of(real[1]))
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert outline.headings.count(2) == 6
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))
    assert outline.silent == []
    assert len(set(outline.identifiers)) == len(outline.identifiers)


def test_a_page_with_the_most_pictures_that_compress_worst_still_stays_in_its_budget():
    noise = np.random.default_rng(0).integers(0, 256, (6300, 40, 40), dtype=np.uint8)
    assert len(make_sprite(noise)) < BUDGET


def test_the_sprite_holds_each_picture_in_its_place():
    import io

    from PIL import Image

    pictures = np.random.default_rng(0).integers(0, 256, (2 * COLUMNS + 3, 8, 8), dtype=np.uint8)
    sheet = np.asarray(Image.open(io.BytesIO(make_sprite(pictures))))
    for i in (0, COLUMNS - 1, COLUMNS, 2 * COLUMNS + 2):
        y, x = divmod(i, COLUMNS)
        assert (sheet[8 * y : 8 * y + 8, 8 * x : 8 * x + 8] == pictures[i]).all()


def test_pictures_are_gathered_by_part_and_row():
    parts = {"test": np.arange(5, dtype=np.uint8).reshape(5, 1, 1), "validation": np.full((3, 1, 1), 9, np.uint8)}
    entries = [{"part": "test", "row": 3}, {"part": "validation", "row": 0}, {"part": "test", "row": 0}]
    assert gather(entries, parts).ravel().tolist() == [3, 9, 0]


def test_users_text_is_escaped_in_the_page_the_card_and_the_terminal(hostile):
    _, summary = hostile
    text = page_of(summary)
    assert "<script>alert(1)" not in text
    assert "<img src=x" not in text
    assert "<b>bold" not in text
    assert "{{ 7 * 7 }}" in text
    assert text.count("<script") == 2
    card = Path(summary["card"]).read_text(encoding="utf-8")
    assert "<script" not in card.replace("\\<script", "")
    assert "Always answering the most frequent class would reach" in text
    assert "people" not in json.dumps(summary["answer"]["references"])


def test_the_command_makes_an_equal_recipe(real):
    run, summary = real
    for kind in ("short", "full"):
        words = summary["made"]["commands"][kind].split()
        assert words[:2] == ["fashionlab", "train"]
        settings = {n.removeprefix("--").replace("-", "_"): v for n, v in zip(words[3::2], words[4::2], strict=True)}
        engine = {name: settings.pop(name) for name in ("trainer", "backend") if name in settings}
        assert engine == ({"trainer": "fused", "backend": "jax"} if kind == "full" else {})
        made = json.loads(json.dumps(Recipe.make(words[2], settings).to_json()))
        assert made == run.request["recipe"]


def test_the_command_says_refit_and_no_test(real):
    request = json.loads(json.dumps(real[0].request))
    request["recipe"]["refit"], request["test"] = 4, False
    assert commands(request)["short"].endswith("--seed 0 --refit --no-test")


def test_reference_points_are_for_the_real_data_only(real, sample):
    run, _ = real
    assert is_fashion_mnist(run.request["data"]["sha256"])
    assert len(reference_points(sample.sha256, run.metrics["test"])) == 1


def test_the_model_card_has_front_matter_that_yaml_reads(real, hostile):
    for run, summary in (real, hostile):
        card = Path(summary["card"]).read_text(encoding="utf-8")
        _, front, body = card.split("---\n", 2)
        front = msgspec.yaml.decode(front) if _has_yaml() else dict(_lines(front))
        assert front["license"] == "mit"
        result = front["model-index"][0]["results"][0]
        assert result["metrics"][0]["value"] == pytest.approx(run.metrics["test"]["accuracy"], abs=1e-6)
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


def test_a_second_report_opens_nothing_anew_and_is_the_same(real):
    run, summary = real
    before = page_of(summary)
    again = lab.report(run.path, runs=run.path.parent)
    assert page_of(again) == before
    assert len(Ledger(run.path.parent).openings()) == 1


def test_a_run_that_was_copied_elsewhere_leaves_its_line_in_the_ledger(real, tmp_path):
    run, _ = real
    shutil.copytree(run.path, tmp_path / run.name)
    summary = lab.report(run.name, runs=tmp_path)
    assert [line["by"] for line in Ledger(tmp_path).openings()] == [run.name]
    assert summary["pictures_missing"] is None


def test_without_the_data_the_page_says_so_and_shows_the_rest(hostile, hostile_data, tmp_path):
    run, _ = hostile
    shutil.copytree(run.path, tmp_path / run.name)
    aside = hostile_data.with_suffix(".away")
    hostile_data.rename(aside)
    try:
        summary = lab.report(run.name, runs=tmp_path)
    finally:
        aside.rename(hostile_data)
    assert "there is no data set" in summary["pictures_missing"]
    text = page_of(summary)
    assert "The pictures are not shown: there is no data set" in text
    assert any(line.startswith("not shown: pictures") for line in report_lines(summary))


def test_a_run_with_the_test_part_closed_is_judged_on_validation(tmp_path, sample_path):
    trained = fashionlab.train(
        "mlp", dataset=str(sample_path), runs=tmp_path, epochs=2, widths=(16,), batch_size=64, test=False
    )
    summary = lab.report(trained.path, runs=tmp_path)
    assert summary["answer"]["part"] == summary["errors"]["part"] == "validation"
    assert Ledger(tmp_path).openings() == []
    assert "the test part was left closed by this run" in page_of(summary)


def test_a_refit_says_what_it_cannot_show(tmp_path, sample_path):
    refit = fashionlab.train(
        "mlp", dataset=str(sample_path), runs=tmp_path, epochs=2, widths=(16,), batch_size=64, refit=True
    )
    summary = lab.report(refit.path, runs=tmp_path)
    assert summary["title"].endswith("(refit)")
    assert summary["confidence"]["after"] is None
    assert summary["inside"]["missing"]
    text = page_of(summary)
    assert "This section is missing: " in text
    assert any(line.startswith("not shown: inside") for line in report_lines(summary))
    closed = Run(refit.path)
    closed.__dict__["metrics"] = {**closed.metrics, "test": None}
    summary = produce_report(closed)
    assert "no part was predicted" in report_lines(summary)[0]
    assert page_of(summary).count("This section is missing: no part was predicted") == 3


def test_an_unfinished_run_has_no_report(tmp_path, real):
    shutil.copytree(real[0].path, tmp_path / "half")
    for name in ("complete.json", "metrics.json"):
        (tmp_path / "half" / name).unlink()
    with pytest.raises(RunIncomplete, match="not finished"):
        lab.report("half", runs=tmp_path)

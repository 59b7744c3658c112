"""Runs side by side: which images judge, what the page says, and what is refused."""

import json
import re
import shutil

import numpy as np
import pytest
from contrast import CONTRAST
from made_runs import make_run
from matplotlib.figure import Figure
from outline import Outline, unmarked

import fashionlab
from fashionlab.data import load
from fashionlab.errors import RunIncomplete, UsageError
from fashionlab.lab.results import TrainedModel
from fashionlab.reports.runs.pairs import PairMissing
from fashionlab.reports.runs.summary import compare_runs
from fashionlab.store import Ledger, Run
from fashionlab.studies.stats.mcnemar import mcnemar
from fashionlab.training import datasets

FOUR = ("plain", "other seed", "forest", "boosting")

HOSTILE = ("<script>alert(1)</script>",)
"""The first of the class names in `hostile_data`."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def made(runs, sample):
    """Runs by what is special about them."""
    return {
        "plain": make_run(runs, sample, accuracy=0.8),
        "wide": make_run(runs, sample, accuracy=0.9, widths=(64, 32), dropout=0.1),
        "other seed": make_run(runs, sample, seed=1, epochs=3),
        "forest": make_run(runs, sample, "forest", epochs=0, max_depth=5),
        "boosting": make_run(runs, sample, "boosting", epochs=6, unit="round"),
        "refit": make_run(runs, sample, refit=3, epochs=3),
        "untested": make_run(runs, sample, test=False, epochs=2),
        "small": make_run(runs, sample, limit=300),
    }


@pytest.fixture(scope="module")
def two(made, runs):
    """The report of two of them."""
    return fashionlab.report(made["plain"].path, made["wide"].name, runs=runs)


@pytest.fixture(scope="module")
def four(made, runs):
    """The report of four of them, networks and estimators, on the test set."""
    return fashionlab.report(*(made[name].path for name in FOUR), runs=runs, on="test")


def page_of(report):
    return unmarked(report.path.read_text(encoding="utf-8"))


def test_two_runs_are_compared_on_the_images_that_both_held_out(made, two):
    summary = two.summary
    assert summary.title == "mlp widths=384,256,128 dropout=0.3 against mlp widths=64,32 dropout=0.1"
    assert {row.name: row.values for row in summary.differs} == {
        "widths": ((384, 256, 128), (64, 32)), "dropout": ((0.3,), (0.1,)),
    }  # fmt: skip
    (pair,) = summary.pairs
    before, after = (made[name].predictions.validation for name in ("plain", "wide"))
    correct = [each.logits.argmax(axis=1) == each.labels for each in (before, after)]
    assert (pair.n, pair.test) == (120, mcnemar(*correct))
    assert pair.difference.difference == pytest.approx(100 * (correct[1].mean() - correct[0].mean()))
    assert np.array(pair.confusions.before).tolist() == [
        list(row) for row in made["plain"].metrics.validation.confusion
    ]
    assert np.array(pair.confusions.after).sum() == 120
    for image in pair.confusions.sample_only_b:
        at = before.rows.tolist().index(image.row)
        assert (image.position, image.label) == (at, before.labels[at])
        assert image.b.predicted == image.label != image.a.predicted
        assert image.a.predicted == before.logits[at].argmax()
        assert 0 < image.a.probability < 1
    assert len(pair.confusions.sample_only_b) == min(12, pair.test.only_b)
    assert pair.rows_only_b == tuple(before.rows[correct[1] & ~correct[0]].tolist())
    assert (len(pair.rows_only_a), len(pair.rows_only_b)) == (pair.test.only_a, pair.test.only_b)
    assert summary.verdict[0].startswith("B is more accurate than A on these 120 images")
    assert summary.shared.endswith("seed 0.")
    assert summary.study.endswith("--change 'widths=64,32 dropout=0.1'")
    assert "Compared on the validation images that both runs of a pair held out, 120 of them" in summary.judged


def test_the_page_stands_alone_and_says_what_the_summary_says(made, two):
    text = page_of(two)
    assert two.path.is_relative_to(made["plain"].derived)
    assert len(text) < 6_000_000
    assert 'id="network"' not in text
    outline = Outline(text)
    assert outline.headings[:2] == [1, 2]
    assert outline.silent == []
    assert all(address.startswith(("data:", "#")) for address in outline.addresses)
    assert len(set(outline.identifiers)) == len(outline.identifiers)
    for words in (
        two.summary.pairs[0].sentence,
        *two.summary.caveats,
        made["wide"].name,
        "<span>--dropout</span> <span>0.1</span>",
    ):
        assert words in text
    assert text.count('class="pic"') == sum(
        len(side)
        for pair in two.summary.pairs
        for side in (pair.confusions.sample_only_a, pair.confusions.sample_only_b)
    )
    again = fashionlab.report(TrainedModel(made["plain"]), TrainedModel(made["wide"]))
    assert (again.path, page_of(again)) == (two.path, text)


def test_networks_and_estimators_stand_side_by_side(made, runs, four):
    summary, text = four.summary, page_of(four)
    assert [(pair.a, pair.b, pair.n) for pair in summary.pairs] == [
        (a, b, 200) for a, b in ("AB", "AC", "AD", "BC", "BD", "CD")
    ]
    assert [pair.b for pair in summary.against_first] == ["B", "C", "D"]
    assert "5\N{NO-BREAK SPACE}% divided among 6 pairs" in summary.verdict[0]
    assert f"<p>{summary.verdict[0]}</p>" in text
    assert "best-val_loss-0" in text
    assert next(row for row in summary.differs if row.name == "model").values == ("mlp", "mlp", "forest", "boosting")
    assert not {"trainer", "backend"} & {row.name for row in summary.differs}
    for words in ("6 pairs are tested", "used the test set to choose"):
        assert words in " ".join([summary.judged, *summary.caveats])
    for words in ('id="curves-epoch', 'id="curves-round', "C has no curve", "confusion-difference-d"):
        assert words in text
    # The run whose images are shown was never evaluated by this lab: the ledger gets the line that it lacks.
    assert [line.by for line in Ledger(runs).lines(made["plain"].spec.data.sha256)] == [made["plain"].name]


def test_runs_of_different_splits_share_what_both_held_out(made):
    summary = compare_runs([made["plain"], made["other seed"]])
    (pair,) = summary.pairs
    rows = [set(made[name].predictions.validation.rows.tolist()) for name in ("plain", "other seed")]
    assert 0 < pair.n == len(rows[0] & rows[1]) < 120
    assert {image.row for image in pair.confusions.sample_only_a} <= rows[0] & rows[1]
    assert "For all test images instead: --on test." in summary.judged
    assert summary.study is None
    assert any("one recipe" in text for text in summary.caveats)


def test_what_no_images_judge_is_said_and_left_out(made, runs):
    report = fashionlab.report(made["plain"].path, made["small"].path, made["untested"].path, runs=runs)
    limit, both, other = report.summary.pairs
    assert isinstance(limit, PairMissing)
    assert "A and B were given parts of the data of different size (limit)" in limit.reason
    assert both.n == 120
    assert isinstance(other, PairMissing)
    assert "A and B are not compared" in page_of(report)
    refit = compare_runs([made["refit"], made["untested"]])
    assert refit.set == "validation"
    assert refit.pairs[0].reason.startswith("A has no validation set: it was trained on the validation images too")
    assert "No two of these runs are judged by the same images" in refit.judged
    assert compare_runs([made["plain"], made["refit"]]).set == "test"
    with pytest.raises(UsageError, match=r"--on test: run mlp-seed0-\S+ was not evaluated on the test set"):
        compare_runs([made["plain"], made["untested"]], "test")


def test_images_that_are_gone_are_named(runs, sample_path, tmp_path, monkeypatch):
    copy = tmp_path / "data.npz"
    copy.write_bytes(sample_path.read_bytes())
    dataset = load(str(copy))
    first, second = (make_run(runs, dataset, seed=9, accuracy=value) for value in (0.7, 0.8))
    copy.unlink()
    monkeypatch.setattr(datasets, "_held", {})
    text = page_of(fashionlab.report(first.path, second.path, runs=runs))
    assert "The images themselves are not at hand" in text
    assert 'class="pic"' not in text
    assert "McNemar" in text


def test_what_cannot_be_compared_is_refused_in_a_sentence(made, runs, sample_path, tmp_path):
    plain, other = made["plain"], made["wide"]
    with pytest.raises(UsageError, match=f"given the run {plain.name} twice, expected different ones"):
        fashionlab.report(plain.path, plain.name, runs=runs)
    with pytest.raises(UsageError, match="at most 12"):
        fashionlab.report(*[plain.path] * 13, runs=runs)
    with pytest.raises(UsageError, match="on: given 'training', expected one of validation, test"):
        fashionlab.report(plain.path, other.path, on="training")
    with pytest.raises(UsageError, match="expected two or more"):
        fashionlab.report(plain.path, on="test")
    unfinished = Run.create(tmp_path, "mlp", plain.spec)
    with pytest.raises(RunIncomplete, match=r"fashionlab\.resume\("):
        fashionlab.report(plain.path, unfinished.path)
    images, labels = load(str(sample_path)).test.open(lambda *_: None)
    np.savez(tmp_path / "d.npz", x_train=images, y_train=labels, x_test=images[:50], y_test=labels[:50])
    foreign = make_run(tmp_path, load(str(tmp_path / "d.npz")))
    with pytest.raises(UsageError, match="given runs of different data sets: mlp-seed0"):
        fashionlab.report(plain.path, foreign.path)
    (tmp_path / "mlp-study").mkdir()
    (tmp_path / "mlp-study" / "study.json").write_text("{}")
    with pytest.raises(UsageError, match=r"given mlp-study, a study, expected a run; fashionlab.open_study\('mlp-s"):
        fashionlab.report(plain.path, "mlp-study", runs=tmp_path)


def test_the_command_prints_the_same_as_one_document(made, runs, ask):
    names = [str(made[name].path) for name in ("plain", "wide")]
    status, out, _ = ask("report", *names)
    assert status == 0
    for words in ("A: mlp-seed0", "dropout: 0.3 | 0.1", "McNemar’s exact test", "ask it with: fashionlab study"):
        assert words in out
    document = json.loads(ask("report", *names, "--json")[1])
    assert document["page"] == out.splitlines()[-1]
    assert document["report"]["pairs"][0]["sentence"] in out
    status, _, said = ask("report", names[0], names[0])
    assert (status, "twice" in said) == (2, True)


def test_names_that_would_be_markup_do_nothing(hostile_data, runs, open_page, tmp_path):
    dataset = load(str(hostile_data))
    first, second = (make_run(runs, dataset, seed=seed, epochs=2) for seed in (0, 1))
    place = tmp_path / "<img src=x onerror=alert(1)>"
    shutil.copytree(second.path, place)
    page = open_page(fashionlab.report(first.path, place, on="test").path)
    assert page.locator("main script, img, main b:text-is('bold')").count() == 0
    assert HOSTILE[0] in page.inner_text("#images")
    assert place.name in page.inner_text("#made")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_screen(four, open_page, scheme):
    page = open_page(four.path, color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []
    for width in (360, 390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_histories_from_anywhere_in_one_picture(made, runs):
    class History:
        """What Keras' `fit` returns."""

        history = {"loss": [1.0, 0.5], "acc": [0.5, 0.7], "val_loss": [1.1, 0.9], "val_acc": [0.4, 0.6]}  # noqa: RUF012

    figure = fashionlab.plot_histories(
        {"ours": [made["plain"].path, TrainedModel(made["other seed"])], "keras": History(), "dict": History.history},
        runs=runs,
    )
    assert isinstance(figure, Figure)
    texts = [text.get_text() for text in figure.texts]
    assert {"ours (2 runs)", "keras", "dict", "validation loss", "runs still training"} <= set(texts)
    assert figure._repr_png_().startswith(b"\x89PNG")
    names = [text.get_text() for text in fashionlab.plot_histories({"a": made["plain"].name}, runs=runs).texts]
    assert "validation loss (nats)" in names


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "given no run or history to plot"),
        ({"a": []}, "given no run or history for 'a'"),
        ({"a": 3}, "given int for 'a', expected a run, its path or name, a Keras History"),
        ([3], "given list, expected a mapping"),
        ({"a": {"loss": [1, 2], "val_loss": [1]}}, "with loss of 2, val_loss of 1"),
        ({"a": {"loss": ["x"]}}, "column loss is not a list of numbers"),
        ({"a": {"loss": [1], "accuracy": [90]}}, "expected fractions"),
        ({"a": {"lr": [1]}}, "with lr, expected loss or accuracy"),
        ({"a": {"loss": [1], "top_acc": [1], "b_acc": [1]}}, "with top_acc and b_acc, expected one accuracy"),
    ],
)
def test_what_is_no_history_is_refused_in_a_sentence(given, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        fashionlab.plot_histories(given)


def test_models_without_epochs_and_other_units_have_no_place_in_the_picture(made):
    with pytest.raises(UsageError, match="this model has no epochs"):
        fashionlab.plot_histories({"a": made["forest"].path})
    with pytest.raises(UsageError, match="no axis in common"):
        fashionlab.plot_histories({"a": made["plain"].path, "b": made["boosting"].path})

"""Results of runs that were made elsewhere: what is taken, what is refused, and that the verdicts are the lab's own."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import fashionlab
from fashionlab import lab
from fashionlab.cli import cli
from fashionlab.errors import DataInvalid, UsageError
from fashionlab.studies.design.results_file import read_results
from fashionlab.studies.execution.estimate import _seconds
from fashionlab.studies.stats.mcnemar import mcnemar
from fashionlab.studies.stats.verdict import judge

DIFFERENCES = (0.8, 0.9, 0.7, 1.0, 0.6, 0.8)


def scores(percent=True, lacking=(), arms=("baseline", "<script>wide")):
    """A table in which the second arm is better by DIFFERENCES; seeds have gaps, and come in no order."""
    factor, digits = (1, 2) if percent else (0.01, 4)
    rows = []
    for seed, difference in zip((70, 2, 35, 11, 4, 900), DIFFERENCES, strict=True):
        for arm, score in zip(arms, (90.0, 90.0 + difference), strict=True):
            if (arm, seed) not in lacking:
                rows.append(f"{seed},{arm},{factor * score:.{digits}f},12")
    return "\n".join(["seed,arm,score,epochs", *rows, ""])


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "results.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_the_verdict_is_that_of_the_labs_own_statistics(write, tmp_path, capsys):
    study = fashionlab.import_study(write(scores()), images=10_000, runs=tmp_path / "runs")
    (arm,) = study.summary.arms
    order = np.argsort((70, 2, 35, 11, 4, 900))
    expected = judge([DIFFERENCES[place] for place in order], alpha=0.04, resolution=0.01)
    assert (arm.verdict.word, arm.verdict.n) == ("helps", 6) == (expected.word, expected.n)
    assert arm.verdict.effect == pytest.approx(expected.effect)
    assert (arm.verdict.low, arm.verdict.high) == pytest.approx((expected.low, expected.high))
    assert [pair.seed for pair in arm.pairs] == [2, 4, 11, 35, 70, 900]
    said = capsys.readouterr().err
    assert "columns seed, arm, score were used; left out: epochs" in said
    assert "taken as per cent" in said
    page = study.page.read_text()
    assert "<script>wide" not in page
    assert "nothing is known about how they were made" in page
    assert "paired by the number of the seed alone" in page
    assert "on 10,000 images, as imported" in page
    assert "held-out judging set" not in page


def test_fractions_and_percent_come_to_the_same(write, tmp_path):
    one = read_results(write(scores(percent=True)))
    other = read_results(write(scores(percent=False)))
    assert (one.facts.scale, other.facts.scale) == ("percent", "fractions")
    assert one.scores == pytest.approx(other.scores)
    assert one.facts.step == other.facts.step == 0.01
    assert one.seeds == (2, 4, 11, 35, 70, 900)


def test_a_seed_without_a_partner_is_named_and_left_out(write, tmp_path, capsys):
    lacking = [("baseline", 2), ("<script>wide", 35), ("<script>wide", 4)]
    study = lab.import_study(write(scores(lacking=lacking)), runs=tmp_path / "runs")
    (arm,) = study.summary.arms
    assert [pair.seed for pair in arm.pairs] == [11, 70, 900]
    assert [each.seed for each in arm.left_out] == [2, 4, 35]
    assert arm.withdrawn is None  # nothing failed here
    assert "2 (without baseline), 4 (without <script>wide)" in capsys.readouterr().err
    assert "3 pairs were left out" in study.page.read_text()


def test_correctness_of_each_image_gives_the_scores_and_mcnemar(write, tmp_path):
    rng = np.random.default_rng(0)
    correct = {(arm, seed): rng.random(200) < share for seed in range(4) for arm, share in (("a", 0.7), ("b", 0.9))}
    rows = [f"{seed};{arm};{i};{int(v)}" for (arm, seed), found in correct.items() for i, v in enumerate(found)]
    path = write("\ufeffSeed;Arm;Image;Correct\r\n" + "\r\n".join(rows))
    summary = lab.import_study(path, runs=tmp_path / "runs").summary
    assert (summary.baseline.name, summary.judge_rows, summary.kind) == ("b", 200, "compare")  # the best one
    pair = summary.arms[0].pairs[0]
    assert (pair.baseline, pair.arm) == (correct["b", 0].mean(), correct["a", 0].mean())
    (test,) = summary.imported.mcnemar
    assert test.p_value == mcnemar(correct["b", 0], correct["a", 0]).p_value
    assert lab.import_study(path, baseline="a", runs=tmp_path / "runs").verdicts["b"].effect > 0


HEADER = "seed,arm,score\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1: its columns are none; expected seed, arm, score, or seed, arm, image, correct"),
        ("seed,model,score\n", "line 1: its columns are seed, model, score; expected seed, arm, score"),
        ("seed,arm,score,score\n", "each once"),
        ("seed,arm,score,image,correct\n", "has the columns score and correct; expected one of them"),
        (HEADER, "has no rows below its header"),
        (HEADER + "0,a,0.9\n1,a,0.9\n0,a,0.8\n", "line 4: arm 'a' has a score under seed 0 already, in line 2"),
        (HEADER + "0,a,0.9\n0,b,high\n", "line 3: given the score 'high', expected a number"),
        (HEADER + "0,a,nan\n", "line 2: given the score 'nan'"),
        (HEADER + "0,a,-1\n", "line 2: given the score '-1'"),
        (HEADER + "0,a,1e999\n", "line 2: given the score '1e999'"),
        (HEADER + "0,a,1_0\n", "line 2: given the score '1_0'"),
        (HEADER + "0,a,0.9\n0,b,91\n", "line 3: scores are fractions or per cent, all alike: line 2 has 0.9"),
        (HEADER + "-1,a,0.9\n", "line 2: given the seed '-1', expected a whole number"),
        (HEADER + "1.5,a,0.9\n", "line 2: given the seed '1.5'"),
        (HEADER + "99999999999,a,0.9\n", "line 2: given the seed '99999999999'"),
        (HEADER + "0,,0.9\n", "line 2: given an arm's name of 0 characters"),
        (HEADER + "0,a\n", "line 2: it has 2 cells, the header has 3"),
        (HEADER + '0,"a,0.9\n', "it is not CSV"),
        (HEADER + "0,a,0.9\n1,a,0.9\n", "has 1 names in the column arm; expected 2 to 50"),
        (HEADER + "0,a,0.9\n1,b,0.9\n", "has no seed with two arms"),
        (HEADER + "".join(f"{s},{a},0.9\n" for s in range(1001) for a in "ab"), "has 1,001 seeds"),
        (HEADER.encode() + b"0,\xff,0.9\n", "line 2: it is not UTF-8"),
        ("seed,arm,image,correct\n0,a,x,1\n0,a,x,0\n", "line 3: image 'x' stands twice"),
        ("seed,arm,image,correct\n0,a,x,yes\n", "line 2: given correct as 'yes', expected 0 or 1"),
        ("seed,arm,image,correct\n0,a,x,1\n0,b,y,1\n", "under seed 0 the arms 'a' and 'b' have other images"),
    ],
)
def test_a_wrong_table_is_refused_in_a_sentence_with_the_line(write, text, expected):
    with pytest.raises(DataInvalid) as caught:
        read_results(write(text))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_large_file_a_folder_and_a_missing_one_are_refused_unread(write, tmp_path, monkeypatch):
    monkeypatch.setattr("fashionlab.studies.design.results_file.LARGEST", 20)
    for path in (write(scores()), tmp_path, tmp_path / "none.csv"):
        with pytest.raises(DataInvalid, match="cannot be read"):
            read_results(path)


def test_scores_that_no_such_number_of_images_gives_are_refused(write):
    text = HEADER + "0,a,90.05\n0,b,91\n"
    assert read_results(write(text), images=10_000).facts.step == 0.01
    with pytest.raises(DataInvalid, match=r"line 2: a score of 90.05 is not one of 100 images \(90.05 correct\)"):
        read_results(write(text), images=100)


def test_rounded_scores_do_not_pass_for_certain(write, tmp_path):
    """Equal differences: their deviation counts as one step of what is written, however many decimals follow."""
    rows = [f"{seed},{arm},{score}" for seed in range(3) for arm, score in (("baseline", 90), ("b", 91))]
    assert read_results(write(HEADER + "\n".join(rows))).facts.step == 1.0
    rows = [row + ".000000000000" for row in rows]
    assert read_results(write(HEADER + "\n".join(rows))).facts.step == 0.01


def test_an_imported_study_is_listed_and_shown_and_cannot_go_on(write, tmp_path):
    runs = tmp_path / "runs"
    told = CliRunner().invoke(
        cli,
        [
            "study",
            "import",
            str(write(scores(arms=("old", "new")))),
            "--baseline",
            "old",
            "--runs",
            str(runs),
            "--json",
        ],
    )
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["arms"][0]["verdict"]["word"] == "helps"
    (line,) = lab.list_studies(runs=runs)
    assert line.verdicts == {"new": "helps"}
    assert lab.report_study(runs=runs).page.is_file()
    for attempt in (lambda: lab.resume_study(runs=runs), lambda: lab.resume_study(runs=runs, seeds=20)):
        with pytest.raises(UsageError, match=r"was imported from results\.csv: it has no recipes to go on with"):
            attempt()
    assert _seconds(runs) == {}  # the estimate of another study passes over it
    assert lab.delete_runs([line.study], runs=runs)
    with pytest.raises(UsageError, match=r"has no arm 'odl'; did you mean old\?"):
        lab.import_study(write(scores(arms=("old", "new"))), baseline="odl", runs=runs)

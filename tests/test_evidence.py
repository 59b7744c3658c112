"""What `evidence/` holds: of which results version it is, what of it is made again, what can be recomputed from it."""

import json
import re

import msgspec
import numpy as np
import pytest
from benchmarks import evidence, journal, null_studies, pages, pool, study
from benchmarks.common import ROOT, Evidence
from benchmarks.readme import PAGES

from fashionlab.recipe.spec import RESULTS_VERSION
from fashionlab.studies.stats.verdict import Verdict, judge

DOCUMENTS = sorted((ROOT / "evidence").glob("*.json"))


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Writes a document into an empty folder that stands for `evidence/`."""
    monkeypatch.setattr(pages, "EVIDENCE", tmp_path)
    monkeypatch.setattr(evidence, "EVIDENCE", tmp_path)

    def keep(name, **document):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))

    return keep


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_document_says_of_which_results_version_it_is(path):
    assert json.loads(path.read_text())["results_version"] in range(1, RESULTS_VERSION + 1)


def test_new_evidence_says_so_too():
    assert Evidence("seeds").document["results_version"] == RESULTS_VERSION


PAGE = "<!-- figure: x -->\n<!-- end figure -->\n<!-- versions: x -->\n<!-- end versions -->"


def filled(*names):
    return pages.fill(PAGE, {"figure": lambda: " ".join(str(pages.read(name)["results"]) for name in names)})


def test_a_page_tells_figures_of_other_results_versions(kept):
    kept("new", results_version=RESULTS_VERSION, results=93)
    kept("old", results_version=RESULTS_VERSION - 1, results=92)
    kept("nameless", results=91)
    assert filled("new").endswith("<!-- versions: x -->\n\n<!-- end versions -->")
    some = " ".join(filled("new", "old", "nameless").split())
    assert f"**The figures from nameless, old are of [results version](run-format.md) {RESULTS_VERSION - 1} or" in some
    assert f"not of {RESULTS_VERSION}, the present one**" in some
    assert "**All figures on this page are of" in filled("old")
    # What another page was filled from does not count.
    assert "**" not in filled("new")


def test_a_page_with_figures_cannot_leave_that_out():
    with pytest.raises(ValueError, match="no block 'versions'"):
        pages.fill("<!-- figure: x -->\n<!-- end figure -->", {"figure": str})
    for page, blocks in PAGES.items():
        text = (ROOT / page).read_text(encoding="utf-8")
        assert text == pages.fill(text, blocks, "docs/run-format.md" if page == "README.md" else "run-format.md"), (
            "run python -m benchmarks.readme"
        )


def test_the_readme_has_no_figure_that_is_not_of_the_evidence():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("headline", "families", "versions"):
        before, _, rest = text.partition(f"<!-- {name}: ")
        text = before + rest.partition(f"<!-- end {name} -->")[2]
    assert not re.findall(r"\d\.\d+ (?:%|points)", text)


def test_only_stale_evidence_is_made_again(kept):
    command = "python -m benchmarks.seeds --json evidence/seeds.json"
    assert evidence.is_stale("seeds")
    kept("seeds", results_version=RESULTS_VERSION, command=command)
    assert not evidence.is_stale("seeds")
    kept("seeds", results_version=RESULTS_VERSION - 1, command=command)
    assert evidence.is_stale("seeds")
    kept("seeds", results_version=RESULTS_VERSION, command=command.replace("seeds.json", "seeds.json --seeds 1"))
    assert evidence.is_stale("seeds")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_verdicts_of_the_studies_follow_from_their_pairs(path):
    results = json.loads(path.read_text())["results"]
    for arm in results.get("pairs", ()) if isinstance(results, dict) else ():
        said = msgspec.convert(results["verdicts"][arm], Verdict)
        assert study.recompute(results, arm) == said
        assert said.n == len(results["pairs"][arm])


def test_studies_are_dealt_out_of_a_long_one_and_judged_by_the_seeds_that_they_declare():
    pairs = [{"seed": 100 + n, "baseline": 0.8, "arm": 0.8 + (0.01 if n < 5 else 0) + n % 3 / 1000} for n in range(12)]
    first, second = null_studies.judge_each(pairs, 5, alpha=0.04, judge_rows=1200, margin=0.2)
    assert (first["seeds"], second["seeds"]) == ([*range(100, 105)], [*range(105, 110)])
    assert (first["word"], first["excluded"]) == ("helps", True)
    declared = judge(first["differences"], alpha=0.04, resolution=100 / 1200, declared_seeds=5)
    assert (first["low"], first["high"]) == (declared.low, declared.high)
    assert second["word"] == "undecided"


def test_a_rate_has_its_exact_interval():
    # R: binom.test(8, 200)
    rate = null_studies.rate_of(8, 200)
    assert (rate["share"], rate["low"], rate["high"]) == pytest.approx((0.04, 0.01742, 0.07727), abs=1e-4)


def test_studies_drawn_from_a_pool_find_its_effect():
    random = np.random.default_rng(5)
    pairs = [{"seed": n, "baseline": 0.9, "arm": 0.9 - abs(random.normal(0.003, 0.0027))} for n in range(120)]
    pairs += [{"seed": n, "baseline": 0.9, "arm": 0.9} for n in range(120, 130)]
    found = pool.summarise(
        {"change": "it", "pairs": pairs, "alpha": 0.04, "margin": 0.2, "judge_rows": 12_000, "seconds": 2600}, 60, None
    )
    assert found["drawn"]["seeds"] == 30  # of 20 s each
    assert found["drawn"]["right"] == "hurts"
    assert found["drawn"]["decided"] > 0.9
    assert found["drawn"]["wrong"] == 0
    assert found["in_range"]
    assert sum(found["drawn"]["words"].values()) == 60


def test_a_program_that_was_killed_goes_on_behind_the_cases_that_are_done(tmp_path, monkeypatch, capsys):
    code = {"rev-parse": "tree", "status": ""}
    monkeypatch.setattr(journal, "FOLDER", tmp_path)
    monkeypatch.setattr(journal, "git", lambda command, *_: code[command])
    first = journal.Journal(tmp_path / "it.json", 3)
    first.folder.mkdir()
    assert [first.once("a", lambda: [1]), first.once("b", lambda: 2)] == [[1], 2]
    told = capsys.readouterr().err
    assert "--- 1 of 3: a\n" in told
    assert re.search(r"--- 2 of 3: b, 0 s left", told)
    again = journal.Journal(tmp_path / "it.json", 3)
    assert again.once("a", lambda: pytest.fail("known")) == [1]
    assert again.folder.exists()
    # Of other code nothing is taken over.
    code["rev-parse"] = "another tree"
    other = journal.Journal(tmp_path / "it.json")
    assert (other.found, other.folder.exists()) == ({}, False)
    other.add("a", 3)
    other.close()
    assert list(tmp_path.iterdir()) == []
    assert journal.Journal(None).once("a", lambda: 4) == 4

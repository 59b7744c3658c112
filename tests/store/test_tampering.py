"""A sample of `benchmarks.tampering`: damaged runs and studies end with one sentence, whatever is wrong with them."""

import random
import runpy
import warnings

import numpy as np
import pytest
from benchmarks.judging import HOSTILE_MODULE, Judge
from benchmarks.tampering import all_cases, draw, judge_case, make_originals

from fashionlab.errors import RunCorrupt, WorkerError

CASES = 14
CASES_OF_ESTIMATORS = 12

FOUND = (
    "run/metrics.json: test.confusion.0 is missing, checksums fitted",
    "run/predictions.npz: no arrays, checksums fitted",
    "run/predictions.npz: test_logits is all NaN, checksums fitted",
    "run/derived/insight.npz: map/labels is missing, checksums fitted",
    "run/derived/insight.json: network.filters.units.0 is missing, checksums fitted",
)
"""What once ended with a traceback."""


def test_what_was_tampered_with_is_one_sentence_and_nothing_else(tmp_path):
    originals = make_originals(tmp_path / "originals", thorough=False)
    cases = all_cases(originals)
    known = [case for case in cases if case.name in FOUND]
    assert len(known) == len(FOUND)
    judge = Judge(tmp_path / "case")
    estimators = draw([case for case in cases if case.folder == "estimator"], CASES_OF_ESTIMATORS, random.Random(3))
    with judge.at_work():
        chosen = (*known, *draw(cases, CASES - len(known), random.Random(7)), *estimators)
        faults = [fault for case in chosen for fault in judge_case(case, originals, judge, slow=False)]
    assert faults == []


def _raise(error):
    raise error


@pytest.mark.parametrize(
    ("work", "group"),
    [
        (lambda: _raise(RunCorrupt("it is damaged; restore it")), None),
        (lambda: _raise(KeyError("a")), "KeyError at ?"),
        (lambda: _raise(WorkerError("a worker task failed with KeyError: 'a'")), "worker: KeyError at ?"),
        (lambda: _raise(RunCorrupt("")), "no sentence: RunCorrupt at ?"),
        (lambda: warnings.warn("invalid value", RuntimeWarning, stacklevel=1), "warning: RuntimeWarning"),
        (lambda: np.ones(50_000_000).sum(), "takes too much memory"),
    ],
)
def test_the_judge_finds_what_it_looks_for(work, group, tmp_path):
    judge = Judge(tmp_path)
    assert [fault.group for fault in judge.call("case", "verb", work)] == ([group] if group else [])


def test_the_judge_sees_what_was_executed_or_left(tmp_path):
    judge = Judge(tmp_path)
    with judge.at_work():
        assert judge.traces("case", lambda name: False) == []
        runpy.run_path(str(judge.outside / HOSTILE_MODULE))
        (tmp_path / "cwd" / "left").touch()
        groups = [fault.group for fault in judge.traces("case", lambda name: False)]
    assert groups == ["changed something outside", "left something behind"]

"""A sample of `benchmarks.tampering`: damaged runs and studies end with one sentence, whatever is wrong with them."""

import random

from benchmarks.judging import Judge
from benchmarks.tampering import all_cases, draw, judge_case, make_originals

CASES = 25

FOUND = (
    "run/metrics.json: test.confusion.0 is missing, checksums fitted",
    "run/predictions.npz: no arrays, checksums fitted",
    "run/predictions.npz: test_logits is all NaN, checksums fitted",
    "run/derived/insight.npz: map/labels is missing, checksums fitted",
    "run/derived/insight.json: network.filters.units.0 is missing, checksums fitted",
)
"""What once ended with a traceback."""


def test_what_was_tampered_with_is_one_sentence_and_nothing_else(tmp_path):
    originals = make_originals(tmp_path / "originals")
    cases = all_cases(originals)
    known = [case for case in cases if case.name in FOUND]
    assert len(known) == len(FOUND)
    judge = Judge(tmp_path / "case")
    with judge.at_work():
        chosen = (*known, *draw(cases, CASES - len(known), random.Random(7)))
        faults = [fault for case in chosen for fault in judge_case(case, originals, judge, slow=False)]
    assert faults == []

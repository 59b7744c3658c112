"""A sample of `benchmarks.tampering`: damaged runs and studies end with one sentence, whatever is wrong with them."""

import random

import pytest
from benchmarks.tampering import all_cases, judge, make_originals

CASES = 15

FOUND = (
    "run/metrics.json: test.confusion.0 is missing, checksums fitted",
    "run/predictions.npz: no arrays, checksums fitted",
    "run/predictions.npz: test_logits is all NaN, checksums fitted",
    "run/derived/insight.npz: map/labels is missing, checksums fitted",
    "run/derived/insight.json: network.filters.units.0 is missing, checksums fitted",
)
"""What once ended with a traceback."""


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    make_originals(folder)
    return folder


def test_what_was_tampered_with_is_one_sentence_and_nothing_else(originals, tmp_path):
    cases = all_cases(originals)
    known = [case for case in cases if case.name in FOUND]
    drawn = random.Random(7).sample(cases, CASES - len(known))
    faults = [fault for case in (*known, *drawn) for fault in judge(case, originals, tmp_path / "scratch", slow=False)]
    assert len(known) == len(FOUND)
    assert faults == []

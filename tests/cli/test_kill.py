"""SIGKILL at random moments: the resumed run has the weights of the unbroken one, bit for bit.

Two trials with small data here; ten with the real data are evidence (benchmarks/kill.py, whose code this runs).
"""

import random

import pytest
from benchmarks.kill import Job, interrupted_equals_unbroken, run_unbroken


@pytest.fixture(scope="module")
def job(sample_path):
    settings = {"dataset": str(sample_path), "widths": [64, 32], "epochs": 40, "patience": 40, "batch_size": 8}
    return Job(settings, checkpoint_seconds=0.1)


@pytest.fixture(scope="module")
def unbroken(job, tmp_path_factory):
    return run_unbroken(job, tmp_path_factory.mktemp("unbroken") / "runs")


@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_a_killed_and_resumed_run_equals_the_unbroken_one(job, unbroken, tmp_path, victim):
    seed = random.SystemRandom().randrange(2**32)
    print(f"moments drawn with seed {seed}")
    result = interrupted_equals_unbroken(job, unbroken, tmp_path, victim, random.Random(seed), most_kills=1)
    assert result["kills"]
    assert result["equal"], result["difference"]

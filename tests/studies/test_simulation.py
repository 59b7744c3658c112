"""A small sample of `benchmarks.verdicts`: the promises hold in simulated studies, and the program can go on."""

import json

from benchmarks import verdicts


def test_no_promise_is_broken_in_a_small_sample(tmp_path, capsys):
    path = tmp_path / "verdicts.json"
    cases = list(verdicts.cases())
    # What was found before it was stopped is not simulated again.
    known = {"effect": 0, "effect_by_declared": 0, "same": 10, "decided_by": {"20": 0}, "median_seeds": None}
    first = f"10 {cases[0].table}: {cases[0].name}"
    path.with_suffix(".part").write_text(json.dumps({first: known}))
    assert verdicts.main(["--studies", "10", "--json", str(path)]) == 0
    rows = json.loads(path.read_text())["results"]["cases"]
    assert (rows[0]["same"], rows[0]["median_seeds"]) == (1.0, None)
    assert [row["case"] for row in rows] == [case.name for case in cases]
    assert not path.with_suffix(".part").exists()
    assert "false equivalence" in capsys.readouterr().out

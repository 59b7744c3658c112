"""The test part, opened once at the end: it confirms, and decided nothing."""

from collections.abc import Mapping
from typing import Any

from fashionlab.reports.study import words
from fashionlab.reports.study.effects import bounds


def confirmation(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """Rows of accuracies and differences, and of McNemar's test; None while the test part is closed."""
    test = summary["test"]
    if test is None:
        return None
    baseline = summary["baseline"]["name"]
    arms = {arm["name"]: arm for arm in summary["arms"]}
    names = {name: arm["title"] for name, arm in [*arms.items(), (baseline, summary["baseline"])]}
    rows = []
    for name, accuracy in test["arms"].items():
        difference = test["differences"].get(name)
        rows.append(
            {
                "name": names.get(name, name),
                "own": name == baseline,
                "n": accuracy["n"],
                "accuracy": words.plain(accuracy["mean"]),
                "interval": bounds(accuracy, words.plain),
                "difference": words.signed(difference["mean"]) if difference else "",
                "span": bounds(difference, words.signed) if difference else "",
                "judged": words.effect(arms[name]["verdict"]) if name in arms else "",
            }
        )
    pairs = [
        {
            "name": names.get(name, name),
            "seed": m["seed"],
            "only_a": m["only_a"],
            "only_b": m["only_b"],
            "p": p_text(m["p_value"]),
            "exact": p_text(m["exact_p_value"]),
        }
        for name, m in test["mcnemar"].items()
    ]
    return {"n": test["n"], "openings": test["openings"], "rows": rows, "mcnemar": pairs, "baseline": baseline}


def p_text(p: float | None) -> str:
    """A p-value in two figures: "0.032", "< 0.0001"."""
    if p is None:
        return "–"
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}" if p < 0.995 else f"{p:.2f}"

"""The test set, evaluated once at the end: it confirms, and decided nothing."""

from typing import Any

from fashionlab.reports.study import verdicts
from fashionlab.reports.study.effects import bounds
from fashionlab.reports.study.report import StudyReport
from fashionlab.reports.wording import p_value, plain, signed


def confirmation(report: StudyReport) -> dict[str, Any] | None:
    """Rows of accuracies and differences, and of McNemar's test; None while the test set is not evaluated."""
    test = report.test
    if test is None:
        return None
    baseline, arms = report.baseline, {arm.name: arm for arm in report.arms}
    titles = {baseline.name: baseline.title, **{name: arm.title for name, arm in arms.items()}}
    rows = [
        {
            "name": titles[found.name],
            "own": found.name == baseline.name,
            "n": found.accuracy.n,
            "accuracy": plain(found.accuracy.mean),
            "interval": bounds(found.accuracy, plain),
            "difference": signed(found.difference.mean) if found.difference else "",
            "span": bounds(found.difference, signed) if found.difference else "",
            "judged": verdicts.effect(arms[found.name].verdict) if found.name in arms else "",
        }
        for found in test.arms
    ]
    pairs = [
        {
            "name": titles[found.name],
            "seed": found.mcnemar.seed,
            "only_a": found.mcnemar.only_a,
            "only_b": found.mcnemar.only_b,
            "p": p_value(found.mcnemar.p_value),
            "exact": p_value(found.mcnemar.exact_p_value),
        }
        for found in test.arms
        if found.mcnemar
    ]
    return {"n": test.n, "evaluations": test.evaluations, "rows": rows, "mcnemar": pairs}

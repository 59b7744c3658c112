"""Summaries of studies that were never trained: simulated accuracies, judged by the real verdicts."""

import numpy as np

from fashionlab.studies.stats.describe import describe
from fashionlab.studies.stats.levels import Levels
from fashionlab.studies.stats.mcnemar import mcnemar_of_counts
from fashionlab.studies.stats.sequential import trajectory
from fashionlab.studies.stats.verdict import judge

NASTY = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }} & co")
CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
PICTURES = 6000
RESOLUTION = 100 / PICTURES

ARMS = (
    ("without dropout", {"dropout": [0.3, 0.0]}, -0.55),
    ("without batch norm", {"batch_norm": [True, False]}, -1.6),
    ("label_smoothing=0.1", {"label_smoothing": [0.0, 0.1]}, 0.03),
    ("flip=0.5", {"flip": [0.0, 0.5]}, 0.7),
    ("batch_size=64", {"batch_size": [256, 64]}, -0.16),
)
"""(name, changes, true effect in points): one hurts, one hurts much, one does nothing, one helps, one is close."""


def description(values, unit=None):
    return describe(values).to_json() | ({"unit": unit} if unit else {})


def make_arm(name, changes, differences, baseline, level, **more):
    """One arm as the engine writes it. differences: points [n]; baseline: accuracies of its seeds, fractions [n]."""
    differences = np.asarray(differences, float)
    n, draw = len(differences), np.random.default_rng(len(name))
    known = trajectory(differences, level=level, resolution=RESOLUTION)

    def finite(values):
        return [float(v) if np.isfinite(v) else None for v in values]

    verdict = judge(differences, level=level, resolution=RESOLUTION, subject=name)
    pairs = [
        {"seed": i, "baseline": float(b), "arm": float(b + d / 100), "difference": float(d)}
        for i, (b, d) in enumerate(zip(baseline, differences, strict=True))
    ]
    secondary = {
        "loss": description(draw.normal(0.012, 0.004, n), "nats"),
        "calibration_error": description(draw.normal(0.4, 0.2, n), "points"),
        "gap": description(draw.normal(0.03, 0.01, n), "nats"),
        "epochs_to_best": description(draw.normal(-3, 2, n), "epochs"),
        "seconds": description(draw.normal(-1.4, 0.5, n), "s"),
    }
    return {
        "name": name, "changes": changes, "model": "mlp", "level": level, "added_later": False,
        "verdict": verdict.to_json(),
        "trajectory": {"seed": list(range(n))} | {k: finite(getattr(known, k)) for k in ("mean", "low", "high")},
        "pairs": pairs, "left_out": [], "secondary": secondary, "failures": [], **more,
    }  # fmt: skip


def make_summary(arms=ARMS, seeds=10, state="seeds", deviation=0.22, test=True, seed=1, late=0, **more):
    """A study of these arms on this many seeds; the last `late` arms were added later."""
    draw = np.random.default_rng(seed)
    base = np.round(draw.normal(0.905, 0.0025, seeds) * PICTURES) / PICTURES
    levels = Levels(max(1, len(arms) - late))
    made = []
    for place, (name, changes, true) in enumerate(arms):
        differences = np.round(draw.normal(true, deviation, seeds) / RESOLUTION) * RESOLUTION
        made.append(make_arm(name, changes, differences, base, levels.of(place), added_later=place >= len(arms) - late))
    accuracy = {"mlp": description(100 * base)} | {
        arm["name"]: description([100 * p["arm"] for p in arm["pairs"]]) for arm in made
    }
    runs = seeds * (1 + len(arms))
    return {
        "format": 1, "name": "take-away-mlp", "kind": "study", "title": "Does mlp need what regularizes it?",
        "created": "2026-02-03T10:20:30+00:00", "state": state,
        "baseline": {
            "name": "mlp", "model": "mlp", "parameters": 242762, "seconds": description(draw.normal(14, 0.8, seeds)),
            "settings": {"widths": [256, 128], "dropout": 0.3, "batch_norm": True, "batch_size": 256, "epochs": 12,
                         "limit": None},
        },
        "margin": 0.2, "alpha": 0.05, "declared": max(1, len(arms) - late),
        "part": {"name": "judge half of validation", "n": PICTURES},
        "seeds": {"planned": max(10, seeds), "complete": list(range(seeds))},
        "runs": {"done": runs, "failed": 0, "planned": max(10, seeds) * (1 + len(arms)), "retried": 0},
        "seconds": 741.5, "workers": 2,
        "machine": {"processor": "AMD EPYC (family 26, model 2)", "cores": 2, "packages": {"jax": "0.10.0"}},
        "dataset": {"name": "fashion-mnist", "sha256": "c59f468a2f672dc8" * 4, "class_names": CLASSES},
        "arms": made, "accuracy": accuracy, "compare": None,
        "test": make_test(made, base, draw) if test and seeds > 1 else None, **more,
    }  # fmt: skip


def make_test(arms, base, draw):
    own = 100 * base - 0.8
    moved = {arm["name"]: [p["difference"] for p in arm["pairs"]] + draw.normal(0, 0.1, len(base)) for arm in arms}
    return {
        "n": 10000, "openings": 1,
        "arms": {"mlp": description(own)} | {name: description(own + d) for name, d in moved.items()},
        "differences": {name: description(d) for name, d in moved.items()},
        "mcnemar": {
            name: {"seed": 0, **mcnemar_of_counts(300, 300 + int(50 * d.mean())).to_json()} for name, d in moved.items()
        },
    }  # fmt: skip


MODELS = (
    ("mlp", 242762, 975_000, 14.0, 610, 0.31, 9.4, 90.5),
    ("logistic", 7850, 31_900, 48.0, 420, 0.05, 1.3, 84.4),
    ("forest", None, 112_400_000, 31.0, 1900, 11.0, 64.0, 87.6),
    ("cnn", 421_642, 1_690_000, 310.0, 1480, 0.9, 120.0, 92.9),
    ("resnet", 1_224_000, 4_900_000, 1260.0, 2300, 2.3, 640.0, 93.6),
)


def make_comparison(seeds=5, **more):
    """A comparison of five models with the first as the baseline; its pictures, uint8 [n, 28, 28], beside it."""
    arms = [
        (name, {"model": ["mlp", name], "epochs": [24, None]}, accuracy - 90.5)
        for name, *_, accuracy in MODELS
        if name != "mlp"
    ]
    summary = make_summary(arms, seeds=seeds, deviation=0.3, kind="compare", name="models", **more)
    draw = np.random.default_rng(3)
    k, names = len(MODELS), [m[0] for m in MODELS]
    alike = np.ones((k, k))
    for i in range(k):
        for j in range(i):
            alike[i, j] = alike[j, i] = draw.uniform(0.82, 0.95)
    wrong = [
        {"row": int(row), "label": "Shirt", "predicted": {name: str(draw.choice(CLASSES[:5])) for name in names}}
        for row in draw.choice(10000, 23, replace=False)
    ]
    compare = {
        "models": [
            {"name": name, "parameters": parameters, "bytes": size, "peak_mb": peak, "predict_ms_1": one,
             "predict_ms_1000": thousand, "seconds": description(draw.normal(seconds, seconds / 12, seeds)),
             "accuracy": summary["accuracy"][name]}
            for name, parameters, size, seconds, peak, one, thousand, _ in MODELS
        ],
        "agreement": alike.round(4).tolist(), "all_wrong": wrong, "all_wrong_total": 187,
    }  # fmt: skip
    summary |= {"title": "Which model for which price?", "compare": compare}
    for arm in summary["arms"]:
        arm["model"] = arm["name"]
    return summary, draw.integers(0, 255, (len(wrong), 28, 28), dtype=np.uint8)


def hostile():
    """A study in which every text that a user could have written wants to be markup."""
    bad, worse, worst = NASTY
    arms = [(bad, {"<b>field</b>": ["<i>", "</script>"]}, -0.5), (worse, {}, 0.0), (worst, {worse: [0, bad]}, 0.6)]
    summary = make_summary(arms, name=worse, title=f"Is {bad} better?")
    summary["accuracy"] = {bad if name == "mlp" else name: d for name, d in summary["accuracy"].items()}
    summary["baseline"] |= {"name": bad, "model": worse, "settings": {bad: worst, worse: {bad: [bad, worse]}}}
    summary["machine"] = {worse: bad}
    summary["dataset"] = {"name": worse, "sha256": bad, "class_names": [*NASTY, *CLASSES[3:]]}
    summary["command"] = f"fashionlab study {bad}"
    summary["part"]["name"] = worst
    summary["arms"][0] |= {
        "left_out": [{"seed": 3, "reason": worse}],
        "failures": [{"seed": 3, "reason": bad, "attempts": 3}],
    }
    comparison, _ = make_comparison()
    compare = comparison["compare"]
    compare["models"][0]["name"], compare["models"][1]["name"] = bad, worse
    compare["all_wrong"] = [{"row": 1, "label": 0, "predicted": {bad: worse, worse: 1}}]
    return summary | {"compare": compare}


def without_pairs(**more):
    """Nothing is finished yet, or everything failed."""
    summary = make_summary(seeds=0, state="running", test=False, **more)
    summary["runs"] |= {"failed": 6}
    for arm in summary["arms"]:
        arm["failures"] = [{"seed": 0, "reason": "killed for memory", "attempts": 3}]
        arm["left_out"] = [{"seed": 0, "reason": "the arm's run failed"}]
    return summary


LONG = "a-very-long-name-of-an-arm-that-somebody-gave-without-thinking-of-phones-" + "x" * 60

CASES = {
    "study": lambda: (make_summary(), None),
    "one arm": lambda: (make_summary(ARMS[:1], seeds=8, state="decided"), None),
    "ten arms": lambda: (make_summary([(f"{n} {k}", c, e) for k in "ab" for n, c, e in ARMS], seeds=14, late=2), None),
    "few seeds": lambda: (make_summary(seeds=2, state="running", test=False), None),
    "first bounds": lambda: (make_summary(seeds=5, state="stopped", test=False), None),
    "no pairs": lambda: (without_pairs(), None),
    "no arms": lambda: (make_summary([], seeds=3), None),
    "long names": lambda: (make_summary([(LONG, {}, 0.4), (LONG * 2, {LONG: [1, LONG]}, 0.0)], title=LONG), None),
    "many seeds": lambda: (make_summary(ARMS[2:4], seeds=60), None),
    "comparison": make_comparison,
    "comparison, running": lambda: (make_summary(kind="compare", seeds=1, state="running"), None),
    "hostile": lambda: (hostile(), None),
}  # fmt: skip
"""Summaries with their pictures, by what is special about them."""

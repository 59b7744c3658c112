"""Studies that were never trained: simulated runs, made into summaries by the code that does it for real ones."""

from functools import partial

import numpy as np
from msgspec.structs import replace

from fashionlab.machine import MachineDescription
from fashionlab.recipe.config import DataConfig, ModelConfig, TrainingConfig
from fashionlab.recipe.difference import Changed
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import DataFacts, RunSpec
from fashionlab.store import SetPredictions
from fashionlab.studies.compare import compare_answers
from fashionlab.studies.design.lesson import Check, Lesson, Robustness
from fashionlab.studies.design.plan import Arm, Plan, StudyData
from fashionlab.studies.final import describe_test
from fashionlab.studies.folder import Failure
from fashionlab.studies.lessons.checks import CheckResult, LessonResult
from fashionlab.studies.lessons.robustness import RobustnessTable, RobustRun
from fashionlab.studies.outcomes import ATTEMPTS, Outcome, RunResults
from fashionlab.studies.stats.describe import describe
from fashionlab.studies.summarise import describe_accuracy, summarise_study
from fashionlab.studies.summary import Comparison, Confirmation, ModelSummary, PredictionTimes

NASTY = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }}\x00\x1b[31m\n\u202e & co")
CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
IMAGES = 6000
TEST_IMAGES = 2000
SHA256 = "c59f468a2f672dc8" * 4

ARMS = (
    ("without dropout", {"dropout": Changed(0.3, 0.0)}, -0.55),
    ("without batch norm", {"batch_norm": Changed(True, False)}, -1.6),
    ("label_smoothing=0.1", {"label_smoothing": Changed(0.0, 0.1)}, 0.03),
    ("flip=0.5", {"flip": Changed(0.0, 0.5)}, 0.7),
    ("batch_size=64", {"batch_size": Changed(256, 64)}, -0.16),
)
"""(name, changes, true effect in points): one hurts, one hurts much, one does nothing, one helps, one is close."""

SETTINGS = {"widths": (256, 128), "dropout": 0.3, "batch_norm": True, "note": None}

MACHINE = MachineDescription(
    processor="AMD EPYC (family 26, model 2)", cores=2, memory_gib=7.8, platform="Linux", python="3.11.7",
    packages={"jax": "0.10.0"},
)  # fmt: skip


def make_spec(model="mlp", options=SETTINGS, dataset="fashion-mnist", classes=CLASSES):
    training = None if model in ("logistic", "forest") else TrainingConfig(epochs=12)
    recipe = Recipe(DataConfig(dataset=dataset), ModelConfig(model, options), training)
    trainer, backend = ("fused", "jax") if training else ("none", "none")
    return RunSpec(
        recipe=recipe, data=DataFacts(SHA256, tuple(classes), 28), model_sha256=None, trainer=trainer, backend=backend,
        test=False, in_study=True,
    )  # fmt: skip


def make_plan(
    arms=ARMS, seeds=10, late=0, name="mlp-ablation", baseline="mlp", model="mlp", options=SETTINGS, classes=CLASSES,
    **more,
):  # fmt: skip
    """The plan of a study of these arms; the last `late` of them were added later. declare: by arm, how many seeds."""
    spec = make_spec(model, options, classes=classes)
    later = len(arms) - late
    seeds_of = more.pop("declare", {})
    made = [Arm(n, changes, spec, None, place >= later, seeds_of.get(n)) for place, (n, changes, _) in enumerate(arms)]
    shared = {
        "title": "Does mlp need what regularizes it?", "created": "2026-02-03T10:20:30+00:00",
        "declared": max(1, later), "data": StudyData("fashion-mnist", SHA256, tuple(classes)), "all_seeds": True,
    }  # fmt: skip
    return Plan(
        name=name, baseline=baseline, arms=(Arm(baseline, {}, spec), *made), seeds=max(10, seeds), judge_rows=IMAGES,
        **{**shared, **more},
    )  # fmt: skip


def make_results(plan, effects, seeds=10, deviation=0.22, seed=1):
    """Outcomes of so many seeds of every arm. effects: true ones, in points, by arm."""
    draw = np.random.default_rng(seed)
    base = np.round(draw.normal(0.905, 0.0025, seeds) * IMAGES)
    results = RunResults()
    for arm in plan.arms:
        moved = 0 if arm.name == plan.baseline else draw.normal(effects[arm.name], deviation, seeds) / 100 * IMAGES
        for number, correct in enumerate(np.round(base + moved)):
            results.outcomes[arm.name, plan.first_seed + number] = outcome(draw, correct / IMAGES)
    return results


def outcome(draw, accuracy, seconds=14.0, parameters=242762, epochs=12, peak=610):
    """A run's figures beside its accuracy, drawn; epochs: None for an estimator."""
    return Outcome(
        accuracy=float(accuracy),
        loss=float(draw.normal(0.27, 0.004)),
        calibration_error=float(draw.normal(0.02, 0.002)),
        gap=float(draw.normal(0.03, 0.01)) if epochs else None,
        best_epoch=int(draw.integers(6, 13)) if epochs else None,
        epochs=epochs,
        seconds=float(draw.normal(seconds, seconds / 20)),
        job_seconds=seconds + 2,
        peak_memory_mb=float(peak),
        parameters=parameters,
    )


def give_up(results, arm, seed, reason):
    """A run that failed until nobody tried it any more."""
    results.outcomes.pop((arm, seed), None)
    for attempt in range(1, ATTEMPTS + 1):
        results.add_failure(Failure(arm, seed, attempt, reason, attempt == ATTEMPTS))


def confirm(plan, results, seed=2):
    """What the test set says of these outcomes: as accurate there as on the judging set, but for chance."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, len(plan.data.class_names), TEST_IMAGES)
    right = np.eye(len(plan.data.class_names), dtype=np.float32)
    logits = {}
    for key, found in results.outcomes.items():
        answers = np.where(draw.random(TEST_IMAGES) < found.accuracy - 0.008, labels, (labels + 1) % right.shape[0])
        logits[key] = right[answers]
    arms = describe_test(plan, results, logits, labels)
    return Confirmation(n=TEST_IMAGES, evaluations=1, runs=tuple(logits), arms=arms)


def summarise(plan, results, state="seeds", test=True, compare=None):
    """The summary of a study with these results."""
    confirmed = confirm(plan, results) if test and len(results.outcomes) > len(plan.arms) else None
    return summarise_study(
        plan, results, state=state, seconds=741.5, workers=2, machine=MACHINE, test=confirmed, compare=compare
    )  # fmt: skip


def make_summary(arms=ARMS, seeds=10, state="seeds", deviation=0.22, test=True, change_results=None, **plan):
    """A study of these arms on so many seeds. change_results: what else happened to its runs; plan: of `make_plan`."""
    made = make_plan(arms, seeds, **plan)
    results = make_results(made, {name: effect for name, _, effect in arms}, seeds, deviation)
    if change_results:
        change_results(results)
    return summarise(made, results, state, test)


def make_jump():
    """A study whose first eight seeds say one thing and all others another."""
    plan = make_plan(ARMS[:1], 38)
    results = RunResults()
    draw = np.random.default_rng(0)
    for seed in range(38):
        results.outcomes["mlp", seed] = outcome(draw, 0.9)
        results.outcomes["without dropout", seed] = outcome(draw, 0.905 if seed < 8 else 0.84)
    return summarise(plan, results)


MODELS = (
    ("mlp", 242762, 975_000, 14.0, 610, 0.31, 9.4, 90.5),
    ("logistic", 7850, 31_900, 48.0, 420, 0.05, 1.3, 84.4),
    ("forest", None, 112_400_000, 31.0, 1900, 11.0, 64.0, 87.6),
    ("cnn", 421_642, 1_690_000, 310.0, 1480, 0.9, 120.0, 92.9),
    ("resnet", 1_224_000, 4_900_000, 1260.0, 2300, 2.3, 640.0, 93.6),
)
"""name, parameters, bytes, seconds of training, peak MB, ms for 1 and for 1,000 images, accuracy in percent."""


def make_comparison(seeds=5, names=(), classes=CLASSES, wrong=23, **more):
    """A comparison of five models with the first as the baseline; its images, uint8 [n, 28, 28], beside it.

    names: of the first of the models, in place of their own; wrong: images that all get wrong.
    """
    own = (*names, *(name for name, *_ in MODELS[len(names) :]))
    models = [(name, *figures) for name, (_, *figures) in zip(own, MODELS, strict=True)]
    baseline, draw = models[0][0], np.random.default_rng(3)
    arms = tuple(
        Arm(name, {} if name == baseline else {"model": Changed(baseline, name)}, make_spec(name, {}, classes=classes))
        for name, *_ in models
    )
    plan = Plan(
        name="models", kind="compare", title="Which model for which price?", created="2026-02-03T10:20:30+00:00",
        baseline=baseline, arms=arms, declared=len(models) - 1, seeds=seeds, judge_rows=IMAGES, all_seeds=True,
        data=StudyData("fashion-mnist", SHA256, tuple(classes)), **more,
    )  # fmt: skip
    results = RunResults()
    for name, parameters, _, seconds, peak, _, _, accuracy in models:
        for seed in range(seeds):
            correct = np.round(draw.normal(accuracy, 0.3) / 100 * IMAGES) / IMAGES
            epochs = None if name in ("logistic", "forest") else 12
            results.outcomes[name, seed] = outcome(draw, correct, seconds, parameters, epochs, peak)
    found = {name: [results.outcomes[name, seed] for seed in range(seeds)] for name, *_ in models}
    costs = tuple(
        ModelSummary(
            name=name,
            parameters=parameters,
            bytes=size,
            seconds=describe([each.seconds for each in found[name]]),
            peak_memory_mb=float(peak),
            prediction=PredictionTimes(one, thousand),
            accuracy=describe_accuracy(found[name]),
        )
        for name, parameters, size, _, peak, one, thousand, _ in models
    )
    compare = Comparison(costs, compare_answers(0, answers_of([name for name, *_ in models], wrong)))
    images = draw.integers(0, 255, (len(compare.answers.all_wrong), 28, 28), dtype=np.uint8)
    return summarise(plan, results, compare=compare), images


def answers_of(names, wrong, n=400):
    """Predictions of a judging set of n images, of which all models get the first `wrong` wrong."""
    draw = np.random.default_rng(4)
    labels, rows = draw.integers(0, 10, n).astype(np.int32), np.arange(100, 100 + n)
    predictions = {}
    for number, name in enumerate(names):
        answers = np.where(draw.random(n) < 0.9, labels, (labels + 1) % 10)
        answers[:wrong] = (labels[:wrong] + draw.integers(1, 4, wrong)) % 10
        # One model is right wherever not all are meant to be wrong.
        answers[wrong:] = labels[wrong:] if number == 0 else answers[wrong:]
        predictions[name] = SetPredictions(np.eye(10, dtype=np.float32)[answers], labels, rows)
    return predictions


def hostile():
    """A comparison in which every text that a user could have written wants to be markup."""
    bad, worse, worst = NASTY
    summary, _ = make_comparison(names=(bad, worse, worst), classes=(*NASTY, *CLASSES[3:]), wrong=1)
    return replace(summary, title=f"Is {bad} better?", name=worse)


def hostile_study():
    """The same of a study of changes."""
    bad, worse, worst = NASTY
    classes = (*NASTY, *CLASSES[3:])
    arms = [
        (bad, {"<b>field</b>": Changed("<i>", "</script>")}, -0.5), (worse, {}, 0.0),
        (f"{worst} =", {worse: Changed(0, bad), "x": Changed(worst, None)}, 0.6),
    ]  # fmt: skip
    return make_summary(
        arms, baseline=worst, model=worse, options={bad: worst, worse: (bad, worse)}, name=worse,
        title=f"Is {bad} better?", classes=classes, data=StudyData(worse, SHA256, classes),
        change_results=lambda results: give_up(results, bad, 3, f"{worse} {bad}"),
    )  # fmt: skip


def without_pairs():
    """Nothing is finished yet, or everything failed."""

    def fail(results):
        for name, *_ in ARMS:
            give_up(results, name, 0, "killed for memory")

    return make_summary(seeds=0, state="running", test=False, change_results=fail)


LONG = "a-very-long-name-of-an-arm-that-somebody-gave-without-thinking-of-phones-" + "x" * 60

TEN = [(f"{name} {k}", changes, effect) for k in "ab" for name, changes, effect in ARMS]

CASES = {
    "study": make_summary,
    "one arm": partial(make_summary, ARMS[:1], seeds=8, state="decided"),
    "ten arms": partial(make_summary, TEN, seeds=14, late=2),
    "few seeds": partial(make_summary, seeds=2, state="running", test=False),
    "first bounds": partial(make_summary, seeds=5, state="stopped", test=False),
    "no pairs": without_pairs,
    "long names": partial(
        make_summary, [(LONG, {}, 0.4), (LONG * 2, {LONG: Changed(1, LONG)}, 0.0)], title=LONG
    ),
    "many seeds": partial(make_summary, ARMS[2:4], seeds=60),
    "comparison": lambda: make_comparison()[0],
    "comparison, running": lambda: make_comparison(seeds=1)[0],
    "lesson": partial(make_summary, ARMS[:2], seeds=3, test=False),
    "hostile": hostile,
    "hostile study": hostile_study,
}  # fmt: skip
"""Summaries by what is special about them."""

IMAGES_OF = {"comparison": lambda: make_comparison()[1]}
"""The images of those that have some."""


def make_lesson(predicted=1):
    """A lesson with hostile words, of whose checks one holds, one does not, and one is not measured."""
    checks = tuple(
        Check(say=f"{text} holds", measure="loss gap", arm="mlp", than=NASTY[1], at_least=0.2, at_most=1e6)
        for text in (LONG, NASTY[0], NASTY[2])
    )
    asked = Robustness(noise=(0.1, 0.25), shift=(4,))
    lesson = Lesson(
        name="sample", question=f"What happens to {LONG}?", choices=(NASTY[0], "It rises.", LONG), answer=2,
        explanation=f"Because {NASTY[1]}.", closing=f"And {NASTY[2]}?", minutes=1, checks=checks, robustness=asked,
    )  # fmt: skip
    results = tuple(
        CheckResult(check, seeds, tuple(value for _ in seeds), value, holds)
        for check, seeds, value, holds in zip(
            checks, ((0, 1, 2), (0,), ()), (0.25, 0.1, None), (True, False, None), strict=True
        )
    )
    runs = tuple(RobustRun(name, 0, 1000, 0.9, (0.8, 0.5, 0.3)) for name in ("mlp", NASTY[0]))
    return LessonResult(lesson, predicted, results, RobustnessTable(asked, runs))


LESSON_OF = {"lesson": make_lesson}
"""The lesson of those that are one."""


def make_histories(names=("mlp", "cnn", "resnet"), seeds=5):
    """Histories of these arms, a run of each of which stops early."""
    found = {}
    for number, name in enumerate(names):
        runs = []
        for seed in range(seeds):
            at = range(1, 12 - 3 * (seed == 2))
            columns = {
                "epoch": list(at), "loss": [1 / e for e in at], "accuracy": [1 - 0.4 / e for e in at],
                "val_loss": [1.1 / e + 0.01 * number for e in at], "val_accuracy": [0.9 - 0.4 / e for e in at],
            }  # fmt: skip
            runs.append(("epoch", columns))
        found[name] = runs
    return found


HISTORIES_OF = {"comparison": make_histories, "lesson": partial(make_histories, ("mlp", "without dropout"), 3)}
"""The histories of those that have some."""

"""Arms and plans: what a user writes, what becomes of it, and what is refused before anything runs."""

import importlib
import inspect
import json
import os
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

os.environ["KERAS_BACKEND"] = "jax"

from fashionlab import lab
from fashionlab.data import halve_validation
from fashionlab.errors import DataInvalid, UntrustedModel, UsageError
from fashionlab.models import find_architecture
from fashionlab.models.registry import ESTIMATORS
from fashionlab.recipe.config import TrainingConfig
from fashionlab.recipe.difference import Changed
from fashionlab.recipe.recipe import Recipe
from fashionlab.studies.declare import declare_study, extend, require_trust
from fashionlab.studies.design.changes import ablate, apply_change, parse_change, regularizers
from fashionlab.studies.design.file import Terms, read_study_file
from fashionlab.studies.design.plan import (
    FORMAT,
    Plan,
    StudyContext,
    StudyData,
    arms_of_changes,
    check_arms,
    with_seeds,
)
from fashionlab.studies.design.quieter import quieter
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.stats.alpha_spending import AlphaSpending
from fashionlab.training.partition import partition
from fashionlab.training.prepare import LACKING
from fashionlab.training.runners import rng as draws


@pytest.fixture
def context(sample):
    return StudyContext(sample)


@pytest.fixture
def base(context, sample_path):
    recipe = Recipe.make("mlp", {"dataset": str(sample_path), "widths": "16,8", "epochs": 12, "mixup": 0.2})
    return context.make_arm("baseline", recipe)


def arms(base, context, *changes, ablation=False):
    return arms_of_changes(base, changes, ablation, context)


def plan_of(context, arms, **terms):
    dataset = context.dataset
    data = StudyData(dataset.name, dataset.sha256, dataset.class_names)
    shared = {"title": "", "created": "", "baseline": "baseline", "seeds": 5, "judge_rows": 60, "data": data}
    return Plan(arms=tuple(arms), **{**shared, **terms})


def test_a_study_decides_once_whether_bfloat16_is_used(sample, sample_path, monkeypatch):
    pytest.importorskip("tensorflow")
    recipe = Recipe.make("cnn", {"dataset": str(sample_path), "precision": "bfloat16"})
    monkeypatch.setattr("fashionlab.training.prepare.has_bfloat16", lambda: False)
    context = StudyContext(sample)
    base = context.make_arm("baseline", recipe)
    assert (base.spec.precision, context.advice) == ("float32", [LACKING])
    with pytest.raises(UsageError, match="changes nothing: float32 is used instead of bfloat16, for which"):
        arms(base, context, "precision=float32")
    plan = plan_of(context, [base, *arms(base, context, "dropout=0")], declared=1)
    # It is gone on with on another machine.
    monkeypatch.setattr("fashionlab.training.prepare.has_bfloat16", lambda: True)
    (added,) = arms(base, StudyContext(sample, bfloat16=plan.bfloat16), "dropout=0.5")
    assert added.spec.precision == "float32"
    with pytest.raises(ValueError, match="one of its arms uses bfloat16"):
        plan_of(context, [base, *arms(base, StudyContext(sample), "dropout=0.5")], declared=1)


@pytest.mark.parametrize(
    ("text", "name", "settings"),
    [
        ("dropout=0", None, {"dropout": "0"}),
        ("widths=512,256 dropout=0.2", None, {"widths": "512,256", "dropout": "0.2"}),
        ("wide: widths=512,256 dropout=0.2", "wide", {"widths": "512,256", "dropout": "0.2"}),
        ("no more than this: batch-size=64", "no more than this", {"batch_size": "64"}),
        ("model=a/b.py:build filters=8", None, {"model": "a/b.py:build", "filters": "8"}),
        ("mine: model='a b.py:build'", "mine", {"model": "a b.py:build"}),
    ],
)
def test_a_change_is_settings_apart_by_spaces_with_a_name_in_front_if_one_likes(text, name, settings):
    assert parse_change(text) == (name, settings)


def test_an_arm_is_the_baseline_but_for_what_was_changed(base, context):
    wide, cnn, named = arms(
        base, context, "widths=32,16 label_smoothing=.1", "model=cnn filters=4,8 depth=1", {"name": "x", "dropout": 0}
    )
    assert wide.name == "widths=32,16 label_smoothing=.1"
    assert wide.changes == {"widths": Changed((16, 8), (32, 16)), "label_smoothing": Changed(0.0, 0.1)}
    assert wide.recipe.training.mixup == cnn.recipe.training.mixup == 0.2
    assert cnn.model == "cnn"
    assert cnn.recipe.model.options["dropout"] == find_architecture("cnn").fill({})["dropout"]
    assert cnn.changes == {
        "model": Changed("mlp", "cnn"), "filters": Changed(None, (4, 8)), "depth": Changed(None, (1,)),
    }  # fmt: skip
    assert (named.name, named.changes) == ("x", {"dropout": Changed((0.3,), (0.0,))})
    assert (wide.spec.in_study, wide.spec.test) == (True, False)
    assert wide.spec.with_seed(7).recipe.seed == 7
    assert wide.spec.recipe.seed == 0


def test_an_arm_with_another_optimizer_has_its_own_learning_rate_and_the_user_is_told(base, context):
    arm, weighed = arms(base, context, "optimizer=sgd", "class_weights=Shirt=2")
    assert arm.changes["optimizer"] == Changed("adamw", "sgd")
    assert arm.changes["learning_rate"] == Changed(0.002, 0.05)
    assert [sentence.partition(":")[0] for sentence in context.advice] == ["optimizer sgd at its own learning rate"]
    assert weighed.changes == {"class_weights": Changed("equal", "Shirt=2")}
    with pytest.raises(UsageError, match="class_weights: the data set has no class 'Hose'"):
        arms(base, context, "class_weights=Hose=2")


def test_an_ablation_has_an_arm_for_each_regularizer_that_is_on(base, context):
    found = {arm.name: arm.changes for arm in arms(base, context, ablation=True)}
    assert found == {
        "without dropout": {"dropout": Changed((0.3,), (0.0,))},
        "without norm": {"norm": Changed("batch", "none")},
        "without weight decay": {"weight_decay": Changed(0.004, 0.0)},
        "without mixup": {"mixup": Changed(0.2, 0.0)},
        "without early stopping": {"early_stopping": Changed(True, False)},
    }
    plain = Recipe.make("mlp", {"dropout": 0, "norm": "none", "weight_decay": 0, "early_stopping": False})
    with pytest.raises(UsageError, match="ablate: the recipe of mlp has no regularizer that is on"):
        ablate(plain)


def test_a_field_says_itself_that_it_regularizes_and_what_turns_it_off(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("raise SystemExit('nobody may execute this')")
    assert regularizers("mlp") == {
        "dropout": 0, "norm": "none", "weight_decay": 0, "l1": 0, "l2": 0, "label_smoothing": 0,
        "shift": 0, "flip": 0, "mixup": 0, "cutout": 0, "average": 0, "early_stopping": False,
    }  # fmt: skip
    assert set(regularizers("mlp")) - {"dropout", "norm"} < set(TrainingConfig.__struct_fields__)
    assert "norm" not in regularizers("resnet")
    # What a file of one's own takes is known to who executes it alone: names that the lab's networks have count.
    own = Recipe.make(f"{file}:build", {"dropout": 0.5, "early_stopping": False, "weight_decay": 0})
    assert ablate(own) == [("without dropout", {"dropout": 0})]


def test_under_one_seed_all_arms_have_the_same_rows_order_and_initial_weights(base, context, sample):
    everyone = [base, *arms(base, context, ablation=True)]
    for seed in (0, 1):
        rows = [partition(arm.spec.with_seed(seed), sample) for arm in everyone]
        assert all(all((a == b).all() for a, b in zip(rows[0], other, strict=True)) for other in rows)
        orders = [draws.order(480, arm.recipe.training.batch_size, seed, 3) for arm in everyone]
        assert all((orders[0] == order).all() for order in orders)
        weights = [
            {
                weight.path: np.asarray(weight)
                for weight in find_architecture("mlp").build((28, 28), 10, arm.recipe.model.options, seed).weights
            }
            for arm in everyone
        ]
        for other in weights[1:]:
            shared = weights[0].keys() & other.keys()
            assert {"hidden_1/kernel", "hidden_2/kernel", "logits/kernel"} <= shared
            assert all((weights[0][path] == other[path]).all() for path in shared)
    first, second = (partition(base.spec.with_seed(seed), sample) for seed in (0, 1))
    assert set(first.train) != set(second.train)


def test_stop_half_and_judge_half_are_disjoint_stratified_and_drawn_by_the_seed(base, sample):
    counts = np.bincount(sample.labels)
    found = []
    for seed in range(5):
        train, stop, grade = partition(base.spec.with_seed(seed), sample)
        assert len(train) + len(stop) + len(grade) == len(sample.labels)
        assert len(set(train) | set(stop) | set(grade)) == len(sample.labels)
        assert len(grade) == len(stop) == 60
        for half in (stop, grade):
            assert (np.diff(half) > 0).all()
            assert np.bincount(sample.labels[half]) == pytest.approx(counts / 10, abs=1)
        found.append(frozenset(grade))
    assert len(set(found)) == 5
    # A plain run watches and grades with the whole validation set, and is another run.
    spec = base.spec.with_seed(0)
    rows = partition(replace(spec, in_study=False), sample)
    assert (rows.stopping == rows.judging).all()
    assert len(rows.stopping) == 120
    assert replace(spec, in_study=False).identity != spec.identity
    with pytest.raises(DataInvalid, match="class 0 has 1 image, too few"):
        halve_validation(np.array([0, 1, 1]), np.array([0, 1, 2]), 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["dropout"], "given 'dropout', expected settings as NAME=VALUE, several in one change separated by spaces"),
        (["dropout=0 'x"], "a quotation mark is not closed"),
        (["dropout=0 dropout=1"], "given dropout twice"),
        (["droput=0"], "model 'mlp' has no setting 'droput'; did you mean dropout"),
        (["dropout=1.5"], "dropout: given '1.5', expected a number from 0 to below 1, or several of them"),
        (["dropout=0.3"], "'dropout=0.3' changes nothing, the baseline is like that already (dropout is 0.3)"),
        (["limit=100"], "given limit, which baseline and change share, so that both are judged on the same images"),
        (["seed=3"], "set it for the whole study: first_seed"),
        (["dropout=0", "dropout=0.0"], "given 'dropout=0.0' and 'dropout=0', which are the same"),
        (["a: dropout=0", "a: dropout=0.1"], "given two changes called 'a'; name them apart"),
        (["model=nothing"], "the registry has no model 'nothing'"),
        ([{"name": "x"}], "expected settings by name"),
    ],
)  # fmt: skip
def test_a_wrong_change_is_one_sentence(base, context, changes, words):
    with pytest.raises(UsageError) as caught:
        check_arms([base, *arms_of_changes(base, changes, False, context)])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lab.study("mlp"), "study: changes=['dropout=0'], or ablate=True"),
        (lambda: lab.study("mlp", changes=["dropout=0"], seed=3), "a study varies it: say first_seed"),
        (lambda: lab.study("mlp", changes=["dropout=0"], seeds=0), "seeds: given 0, expected a whole number from 1"),
        (lambda: lab.study("mlp", changes=["dropout=0"], margin=0), "margin: given 0, expected a number above 0"),
        (lambda: lab.ExecutionOptions(workers=0), "workers: given 0, expected a whole number"),
        (lambda: lab.study("mlp", changes=["dropout=0"], workers=2), "give execution=ExecutionOptions(workers=...)"),
        (lambda: lab.study("mlp", changes=["dropout=0"], epoch=3), "no setting 'epoch'; did you mean epochs"),
        (lambda: lab.compare("mlp"), "given 1 model to compare, expected two or more"),
        (lambda: lab.compare("mlp", "mlp"), "expected each name once"),
        (lambda: lab.compare("mlp", "cnn", baseline="x"), "baseline: given 'x', expected one of mlp, cnn"),
        (lambda: lab.compare("mlp", "cnn", wdths=3), "given wdths, a setting that none of these models has: mlp, cnn"),
        (lambda: lab.resume_study("last", runs="nowhere"), "there is no study in nowhere yet"),
        (lambda: lab.resume_study("x", runs="nowhere"), "there is no study in nowhere yet"),
    ],
)  # fmt: skip
def test_a_wrong_study_is_one_sentence(call, words, monkeypatch, sample, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fashionlab.lab.studies.load_dataset", lambda *a, **k: sample)
    with pytest.raises(UsageError) as caught:
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir()), "a wrong command leaves nothing behind"


def test_options_that_do_not_fit_each_other_are_found_before_anything_runs(sample_path, tmp_path):
    with pytest.raises(UsageError, match="given 3 rates for 2 hidden layers"):
        lab.study(dataset=str(sample_path), widths=(8, 8), changes=["dropout=.1,.1,.1"], runs=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_study_file_holds_recipe_terms_and_changes(tmp_path):
    path = tmp_path / "deeper.toml"
    path.write_text(
        '[study]\ntitle = "Deeper?"\nseeds = 3\n[model]\nname = "mlp"\nwidths = [8, 8]\n[training]\nepochs = 2\n'
        '[[change]]\nname = "deeper"\nwidths = [8, 8, 8]\n[[change]]\ndropout = 0\n'
    )
    file = read_study_file(path)
    assert (file.model, file.settings) == ("mlp", {"widths": [8, 8], "epochs": 2})
    assert file.terms == {"title": "Deeper?", "seeds": 3}
    assert file.changes == [{"name": "deeper", "widths": [8, 8, 8]}, {"dropout": 0}]
    path.write_text('[study]\nfrom = "last:wide"\n')
    assert (read_study_file(path).named, read_study_file(path).terms) == (None, {"origin": "last:wide"})
    path.write_text("[study]\nform = 3\n")
    with pytest.raises(UsageError, match=r"has no setting 'form'; did you mean from\?"):
        read_study_file(path)
    path.write_text("[study]\nseed = 3\n")
    with pytest.raises(UsageError, match=r"\[study\] of .* has no setting 'seed'; did you mean seeds"):
        read_study_file(path)
    path.write_text("[change]\ndropout = 3\n")
    with pytest.raises(UsageError, match="expected \\[\\[change\\]\\], in two pairs of brackets"):
        read_study_file(path)


def test_alphas_follow_the_declaration(base, context):
    others = arms(base, context, "dropout=0", "dropout=0.1", "dropout=0.2")
    study = plan_of(context, (base, *others), declared=2)
    assert [study.alpha_of(arm) for arm in others] == [AlphaSpending(2).of(arm) for arm in range(3)]
    # The best of three as the baseline: any of three pairs may come into question.
    best = plan_of(context, (base, *others[:2]), kind="compare", baseline=None, declared=3)
    assert [best.alpha_of(arm) for arm in best.arms] == [AlphaSpending(3).of(0)] * 3


def test_every_arm_keeps_the_seeds_that_were_declared_with_it(base, context, tmp_path):
    first = with_seeds((base, *arms(base, context, "dropout=0")), 5)
    folder = StudyFolder.create(tmp_path, "x", plan_of(context, first, declared=1))
    extend(folder, ["dropout=0.1"], context, seeds=12, all_seeds=None, test=None)
    found = StudyFolder(folder.path).plan
    assert (found.seeds, [arm.declared_seeds for arm in found.arms]) == (12, [5, 5, 12])
    assert [found.boundary_of(arm).seeds for arm in found.arms[1:]] == [5, 12]


def test_a_plan_of_an_older_version_keeps_its_boundary_also_when_it_goes_on(base, context, tmp_path):
    folder = StudyFolder.create(tmp_path, "x", plan_of(context, (base, *arms(base, context, "dropout=0")), declared=1))
    path = folder.path / "study.json"
    older = json.loads(path.read_text())
    for arm in older["arms"]:
        del arm["declared_seeds"]
    path.write_text(json.dumps({**older, "format": 3}))
    assert StudyFolder(folder.path).plan.arms[1].declared_seeds is None
    extend(StudyFolder(folder.path), ["dropout=0.1"], context, seeds=12, all_seeds=None, test=None)
    found = StudyFolder(folder.path).plan
    # What is in it now an older version would misjudge.
    assert (found.format, [arm.declared_seeds for arm in found.arms]) == (FORMAT, [None, None, 12])


def test_going_on_with_a_file_of_ones_own_needs_trust(context, sample_path, tmp_path, base):
    file = tmp_path / "mine.py"
    file.write_text(
        "import keras\ndef build(s, c, *, units: int = 4):\n    i = keras.Input(s)\n"
        "    x = keras.layers.Dense(units)(keras.layers.Flatten()(i))\n"
        "    return keras.Model(i, keras.layers.Dense(c)(x))"
    )
    (arm,) = arms(base, context, f"model={file} units=8")
    assert arm.recipe.model.options == {"units": 8}
    plan = plan_of(context, (base, arm), name="study", declared=1)
    digest = arm.spec.model_sha256
    require_trust(plan, [digest[:12]])
    for given in ([], [digest[:11]], ["0" * 64]):
        with pytest.raises(UntrustedModel, match=f"models/01.py; .* trust='{digest[:12]}'"):
            require_trust(plan, given)


@pytest.mark.usefixtures("execute_model_files")
def test_the_keys_of_the_null_network_change_its_chance_and_nothing_else():
    file = Path(__file__).parents[2] / "benchmarks" / "contenders" / "null_network.py"

    def build(key, seed):
        model = find_architecture(f"{file}:build").build((8, 8), 3, {"widths": (6, 5), "key": key}, seed)
        kernels = [np.asarray(w) for w in model.weights if w.path.endswith("kernel")]
        states = [v for v in model.non_trainable_variables if v.path.endswith("seed_generator_state")]
        return kernels, len(states)

    (mine, states), (again, _), (other, more), (later, _) = build(0, 4), build(0, 4), build(1, 4), build(0, 5)
    assert all((a == b).all() for a, b in zip(mine, again, strict=True))
    for different in (other, later):
        assert not any((a == b).any() for a, b in zip(mine, different, strict=True))
    # Dropout's keys are drawn by place: the arm's own come after all of the baseline's.
    assert (states, more) == (2, 4)
    assert (draws.dropout_keys(4, 4, 1)[:2] == draws.dropout_keys(2, 4, 1)).all()


def declared(context, sample_path, model, *changes):
    return declare_study(Recipe.make(model, {"dataset": str(sample_path)}), changes, context, Terms())


def test_where_nothing_is_chosen_on_the_validation_set_all_of_it_judges(context, sample_path, tmp_path):
    halves = declared(context, sample_path, "boosting", "model=forest")
    whole = declared(context, sample_path, "forest", "model=logistic")
    assert whole.judge_rows == 2 * halves.judge_rows
    assert [arm.spec.undivided for arm in whole.arms] == [True, True]
    assert not any(arm.spec.undivided for arm in halves.arms)
    rows = partition(whole.arms[0].spec.with_seed(3), context.dataset)
    assert rows.judging is rows.stopping
    assert len(rows.judging) == whole.judge_rows
    folder = StudyFolder.create(tmp_path, "x", whole)
    terms = {"seeds": 5, "all_seeds": None, "test": None}
    with pytest.raises(UsageError, match="'model=boosting' chooses on the validation set, all of which judges"):
        extend(folder, ["model=boosting"], context, **terms)
    extend(folder, ["min_samples_leaf=3"], context, **terms)
    assert StudyFolder(folder.path).plan.arms[2].spec.undivided is True
    with pytest.raises(UsageError, match="changes nothing"):
        extend(folder, ["model=forest"], context, **terms)


def test_what_is_chosen_on_the_validation_set_has_a_half_of_its_own(base):
    kept = {"early_stopping": False}
    for settings in ({}, {**kept, "schedule": "plateau"}):
        assert Recipe.make("mlp", settings).chooses_on_validation
    assert not Recipe.make("mlp", kept).chooses_on_validation
    for name, module in ESTIMATORS.items():
        fit = inspect.getsource(importlib.import_module(module)).partition("def fit")[2].partition("    def ")[0]
        assert Recipe.make(name).chooses_on_validation == ("validation." in fit)
    with pytest.raises(ValueError, match="choose nothing"):
        replace(base.spec, undivided=True)


def quieter_for(model, change, **settings):
    baseline = Recipe.make(model, settings)
    return quieter([baseline, apply_change(baseline, change)], 6000, 12_000)


def test_a_study_proposes_quieter_runs_and_says_why():
    said = quieter_for("mlp", {"dropout": 0})
    assert "so 6,000 images judge" in said
    assert ", early_stopping=False lets" in said
    assert "all 12,000 images judge, and as the learning rate falls to 0" in said
    said = quieter_for("mlp", {"dropout": 0}, schedule="constant")
    assert "early_stopping=False average=1 lets" in said
    assert "averaged weights do not jump about, as others do" in said
    assert ", early_stopping=False lets" in quieter_for("mlp", {"dropout": 0}, schedule="constant", average=1)
    assert "schedule='cosine' early_stopping=False" in quieter_for("mlp", {"dropout": 0}, schedule="plateau")


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        ({"early_stopping": False}, {}),
        ({"patience": 3}, {}),
        ({"dropout": 0}, {"early_stopping": False}),
        # It stops early whatever is set.
        ({"model": "boosting"}, {}),
    ],
)
def test_it_proposes_nothing_where_stopping_is_asked_about_or_nothing_would_be_gained(change, settings):
    assert quieter_for("mlp", change, **settings) is None


def test_what_is_proposed_is_told_before_anything_runs_and_changes_no_recipe(context, sample_path):
    recipe = Recipe.make("mlp", {"dataset": str(sample_path)})
    plan = declare_study(recipe, ["dropout=0"], context, Terms())
    assert context.advice[-1].startswith("runs stop early by half of the validation set, so 60 images judge")
    assert plan.arms[0].recipe.training == recipe.training
    calm = StudyContext(context.dataset)
    declare_study(recipe, [], calm, Terms(ablate=True))
    assert calm.advice == []

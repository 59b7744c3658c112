"""A run that goes on from a finished one: what it starts from, which split it has, what is refused."""

import itertools
import shutil

import numpy as np
import pytest
from msgspec import to_builtins
from msgspec.structs import replace

import fashionlab
from fashionlab import ExecutionOptions
from fashionlab.errors import RunCorrupt, RunIncomplete, UntrustedModel, UsageError
from fashionlab.models.digest import digest
from fashionlab.recipe.spec import Origin
from fashionlab.store import Run, save_origin
from fashionlab.training.networks import in_order
from fashionlab.training.partition import partition

pytestmark = pytest.mark.usefixtures("undrawn")

PLAIN = ExecutionOptions(report=False)
SMALL = {"widths": (16, 8), "epochs": 2, "batch_size": 120}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


def train(runs, *model, **more):
    return fashionlab.train(*model, runs=runs, execution=PLAIN, **{"test": False, **more})


@pytest.fixture(scope="module")
def chain(runs, sample_path):
    """Three runs, each of which goes on from the one before, under seeds of their own; then a refit of the last."""
    first = train(runs, "mlp", dataset=str(sample_path), seed=5, **SMALL)
    second = train(runs, origin=first, epochs=1, learning_rate=1e-9, schedule="constant", seed=7)
    third = train(runs, origin=second.path.name, dropout=0.1, epochs=1)
    refit = train(runs, origin=second.path, dropout=0.1, epochs=1, refit=True)
    return [Run(each.path) for each in (first, second, third, refit)]


def test_along_the_whole_chain_no_validation_row_was_ever_trained_on(chain, sample):
    *plain, refit = chain
    rows = [partition(run.spec, sample) for run in plain]
    for earlier, later in itertools.combinations_with_replacement(rows, 2):
        assert not np.intersect1d(earlier.train, later.judging).size
        assert (earlier.judging == later.judging).all()
    # What was predicted, and not only what was meant to be.
    assert all((run.predictions.validation.rows == rows[0].judging).all() for run in plain)
    assert [run.spec.recipe.seed for run in plain] == [5, 7, 7]
    assert {run.spec.split_seed for run in plain} == {5}
    # Their own seed would have drawn another.
    alone = partition(replace(plain[1].spec, origins=plain[0].spec.origins), sample)
    assert np.intersect1d(rows[0].train, alone.judging).size
    assert refit.spec.recipe.refit
    assert len(partition(refit.spec, sample).train) == len(sample.labels)


def test_it_starts_from_the_origins_weights(chain):
    first, second, third, _ = chain
    (origin,) = second.spec.origins
    assert origin.weights_sha256 == digest(in_order(first.weights))
    # At a learning rate of nearly nothing the weights stay; batch normalization has its averages anew.
    trained = [name for name in first.weights if "moving" not in name]
    assert all(first.weights[name] == pytest.approx(second.weights[name], abs=1e-6) for name in trained)
    assert any((second.weights[name] != third.weights[name]).any() for name in trained)
    assert [each.run for each in third.spec.origins] == [first.name, second.name]
    assert third.spec.origins[0] == origin
    assert second.spec.recipe.training.batch_size == SMALL["batch_size"]


def test_equal_origins_give_an_equal_spec_whatever_their_folder_is_called(chain, tmp_path, capfd):
    first, second, *_ = chain
    named = replace(second.spec, origins=(replace(second.spec.origins[0], run="other"),))
    assert named.identity == second.spec.identity
    other = replace(second.spec, origins=(replace(second.spec.origins[0], weights_sha256="0" * 64),))
    assert other.identity != second.spec.identity
    shutil.copytree(first.path, tmp_path / "copy")
    again = train(
        second.path.parent, origin=tmp_path / "copy", epochs=1, learning_rate=1e-9, schedule="constant", seed=7
    )
    assert again.path == second.path
    assert "an identical run exists" in capfd.readouterr().err


def test_its_origin_is_shown(chain, ask):
    first, second, third, _ = chain
    status, out, _ = ask("runs", "show", str(third.path))
    assert status == 0
    told = " ".join(out.split())
    assert f"starts from the weights of run {second.name}" in told.replace("│", "")
    status, out, _ = ask("runs", "--runs", str(first.path.parent))
    assert out.count("mlp (continued)") == 2
    assert "mlp (continued, refit)" in out
    fashionlab.report(third.path)
    page = (third.derived / "report" / "index.html").read_text()
    card = (third.derived / "report" / "README.md").read_text()
    for text in (page, card.replace("\\", "")):
        assert f"starts from the weights of run {second.name} after 1 epoch" in text
        assert f"which went on from {first.name}; the split is its split, of seed 5" in text
        assert f"--from {second.name}" in text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"validation": 0.3}, r"validation: given 0.3, but run .* has 0.2, and an origin fixes the split, .* leave"),
        ({"limit": 300}, r"limit: given 300, but run .* has none, and an origin fixes the split"),
        ({"invert": True}, r"invert: given true, but run .* has false"),
        ({"dataset": "digits"}, r"the data set 'digits' \(SHA-256 .*\) is not the one that run .* was trained on"),
        ({"model": "cnn"}, r"given the model 'cnn', but run .* is of 'mlp'"),
        ({"model": "forest"}, r"given the model 'forest', but run .* is of 'mlp'"),
        (
            {"activation": "relu"},
            r"activation: given relu, but run .* has gelu, and weights go on in the architecture",
        ),
        (
            {"norm": "none"},
            r"do not fit the model 'mlp': weight 3 of the run is gamma \[16\] float32, of the model ker",
        ),
        ({"trust": "0" * 12, "origin": None}, r"trust goes with the origin"),
    ],
)
def test_what_is_not_the_origins_is_refused_and_leaves_nothing(chain, runs, change, sentence):
    before = sorted(runs.iterdir())
    with pytest.raises(UsageError, match=sentence):
        train(runs, **{"origin": chain[0].path, **change})
    assert sorted(runs.iterdir()) == before


def test_what_cannot_be_an_origin_is_refused(chain, runs, sample_path, tmp_path):
    first, *_, refit = chain
    with pytest.raises(UsageError, match=r"is a refit, trained on its validation rows too"):
        train(runs, origin=refit.path)
    forest = train(tmp_path, "logistic", dataset=str(sample_path), limit=60)
    with pytest.raises(UsageError, match=r"is a logistic model, which has no epochs to go on with"):
        train(tmp_path, origin=forest)
    with pytest.raises(RunIncomplete):
        train(tmp_path, origin=Run.create(tmp_path, "mlp", first.spec).path)


def test_a_split_that_was_drawn_otherwise_is_noticed(chain, runs, monkeypatch):
    """As another version of this program might have drawn it."""
    first = chain[0]
    spec = replace(first.spec, recipe=replace(first.spec.recipe, seed=6))
    monkeypatch.setattr(Run, "spec", property(lambda run: spec))
    with pytest.raises(UsageError, match=r"the validation rows of run .* are not those that its recipe gives now"):
        train(runs, origin=first.path)


def test_one_that_was_stopped_ends_with_the_same_bits(chain, tmp_path):
    first, second, *_ = chain
    stopped = Run.create(tmp_path, "mlp-continued", second.spec)
    with pytest.raises(RunIncomplete, match="has lost the weights that it starts from"):
        fashionlab.resume(stopped.path, execution=PLAIN)
    save_origin(stopped, chain[2].read("weights.safetensors"))
    with pytest.raises(RunCorrupt, match=f"does not hold the weights of {first.name}"):
        fashionlab.resume(stopped.path, execution=PLAIN)
    save_origin(stopped, first.read("weights.safetensors"))
    fashionlab.resume(stopped.path, execution=PLAIN)
    assert stopped.read("weights.safetensors") == second.read("weights.safetensors")
    assert not stopped.checkpoint.exists()


OWN = """
import keras
from keras import layers

def build(image_shape, classes, *, units=4, frozen=False):
    body = layers.Dense(units, activation="relu")
    model = keras.Sequential([keras.Input(image_shape), layers.Rescaling(1 / 255), layers.Flatten(), body,
                              layers.Dense(classes)])
    body.trainable = not frozen
    return model
"""


def test_a_model_of_ones_own_goes_on_through_the_one_door(tmp_path, sample_path, as_another_user):
    file = tmp_path / "net.py"
    file.write_text(OWN)
    first = train(tmp_path, str(file), dataset=str(sample_path), epochs=1)
    file.unlink()
    as_another_user()
    with pytest.raises(UntrustedModel, match=r"say so with trust='[0-9a-f]{12}'"):
        train(tmp_path, origin=first)
    trust = Run(first.path).spec.model_sha256
    second = train(tmp_path, origin=first, trust=trust[:12])
    assert Run(second.path).spec.model_sha256 == trust
    # A file that the user names is their own; here it holds the body, as for transfer.
    file.write_text(OWN.replace("frozen=False", "frozen=True"))
    third = train(tmp_path, str(file), origin=second, frozen=True)
    before, after = (in_order(Run(each.path).weights) for each in (second, third))
    assert [np.array_equal(*pair) for pair in zip(before, after, strict=True)] == [True, True, False, False]
    with pytest.raises(
        UsageError, match=r"weight 1 of the run is kernel \[784, 4\] float32, of the model kernel \[784, 5"
    ):
        train(tmp_path, str(file), origin=second, units=5)


def test_a_spec_with_origins_is_read_back_and_checked(chain):
    spec = chain[2].spec
    assert all(isinstance(each, Origin) for each in spec.origins)
    assert to_builtins(spec)["origins"][0]["epochs"] == chain[0].metrics.best_epoch
    # Its split is of seed 5: as a run of a study with seed 7 it would share that with the run with seed 5.
    with pytest.raises(ValueError, match="the origins of a run of a study are of another seed than it is"):
        replace(spec, in_study=True)

"""Runs told apart: what differs from the default, what else does, and the seeds together."""

import pytest
from msgspec.structs import replace

from fashionlab.errors import UsageError
from fashionlab.recipe.difference import from_default
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports.tables import csv_text
from fashionlab.store import RunLine, SetLine, tell_apart
from fashionlab.store.records import changes_text, group_runs, record_of, sort_lines


def line(seed=0, accuracy=0.9, group="g", run=None, **more):
    on_set = SetLine(100, accuracy, accuracy - 0.1, accuracy + 0.05, 0.3)
    values = {
        "run": run or f"{group}-{seed}", "path": "p", "model": "mlp", "dataset": "digits", "seed": seed,
        "group": group, "complete": True, "validation": on_set, "size": 1,
    }  # fmt: skip
    return RunLine(**(values | more))


def test_another_optimizer_is_one_difference_and_its_own_settings_stand_in_brackets():
    changes = from_default(Recipe.make("mlp", {"optimizer": "sgd", "widths": "64,32", "dataset": "digits"}))
    assert changes_text(changes) == "dataset=digits optimizer=sgd (learning_rate=0.05 momentum=0.9) widths=64,32"
    assert from_default(Recipe.make("mlp", {"seed": 3})) == {}
    lion = from_default(Recipe.make("mlp", {"optimizer": "lion", "learning_rate": 0.001, "schedule": "step"}))
    assert changes_text(lion) == (
        "optimizer=lion (weight_decay=0.03 beta_2=0.99) learning_rate=0.001 "
        "schedule=step (drop_factor=0.1 drop_every=8)"
    )
    assert changes_text(lion, {"optimizer", "schedule"}) == "learning_rate=0.001"
    assert changes_text(from_default(Recipe.make("forest", {"max_depth": 5}))) == "max_depth=5"


def test_seeds_are_together_and_each_counts_once():
    lines = [
        line(0, 0.80), line(0, 0.80, test=SetLine(50, 0.7, 0.6, 0.8, 0.4), run="tested"), line(1, 0.90),
        line(2, complete=False, validation=None), line(0, 0.5, group="other"),
    ]  # fmt: skip
    one, other = group_runs(lines)
    assert one.seeds == (0, 1)
    assert one.validation.n == 2
    assert one.validation.mean == pytest.approx(0.85)
    assert one.validation.deviation == pytest.approx(0.0707, abs=1e-4)
    assert (one.validation.best, one.best_run) == (0.90, "g-1")
    assert one.test.n == 1
    assert one.test.deviation is None
    assert one.runs == ("tested", "g-1")
    assert other.seeds == (0,)


def test_any_field_sorts_and_what_has_none_comes_last():
    lines = [line(1, 0.8), line(2, 0.9), RunLine(run="bad", path="p", complete=True, damaged="so", size=1)]
    lines[0] = replace(lines[0], settings={"dropout": 0.5})
    assert [each.run for each in sort_lines(lines, "validation_accuracy")] == ["g-1", "g-2", "bad"]
    assert [each.run for each in sort_lines(lines, "-validation_accuracy")] == ["g-2", "g-1", "bad"]
    assert sort_lines(lines, "dropout")[0].run == "g-1"
    with pytest.raises(UsageError, match="has no field 'droput'; did you mean dropout"):
        sort_lines(lines, "droput")
    with pytest.raises(UsageError, match="did you mean -validation_accuracy or -test_accuracy"):
        sort_lines(lines, "-accuracy")
    assert sort_lines([], "dropout") == []


def test_what_would_look_alike_gets_what_tells_it_apart():
    lines = [
        line(facts={"data_sha256": "aa", "backend": "jax"}),
        line(facts={"data_sha256": "bb", "backend": "jax"}),
        line(model="cnn", facts={"data_sha256": "aa", "backend": "tensorflow"}),
    ]
    assert [changes_text(each.changes) for each in tell_apart(lines)] == ["data_sha256=aa", "data_sha256=bb", ""]


def test_records_are_flat_and_a_csv_of_them_holds_one_row_a_run():
    own = line(settings={"dataset": "digits", "seconds": 3, "widths": (64, 32)}, run="a\n\x1b[31mb")
    record = record_of(own)
    assert record["option_seconds"] == 3
    assert record["seconds"] is None
    assert record["widths"] == (64, 32)
    assert record["dataset"] == "digits"
    assert record["validation_accuracy"] == 0.9
    text = csv_text([record, record_of(line(settings={"dropout": 0.5}))])
    header, first, second = text.splitlines()
    assert first.startswith("a \\x1b[31mb,mlp,digits,0,false,")
    assert '"64,32"' in first
    assert second.endswith("0.5")
    assert header.endswith(",option_seconds,widths,dropout")
    other = record_of(line(settings={"dropout": 0.5, "precision": "bfloat16"}, facts={"precision": "float32"}))
    assert (other["precision"], "option_precision" in other) == ("float32", False)
    assert csv_text([other, record]).splitlines()[0] == csv_text([record, other]).splitlines()[0]
    assert (record["validation_images"], record_of(group_runs([own])[0])["validation_runs"]) == (100, 1)

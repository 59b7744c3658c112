"""Mistakes, pairs and cells against counting by hand, and for any predictions at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fashionlab.evaluation import cells, confusion_matrix, mistakes, pairs
from fashionlab.evaluation.confusions import Pair
from fashionlab.training.softmax import softmax

predictions = st.tuples(st.integers(1, 60), st.integers(2, 6)).flatmap(
    lambda shape: st.tuples(
        # Few different values, so that equal logits and equal confidences occur.
        arrays(np.float32, shape, elements=st.sampled_from([-1.0, 0.0, 1.0, 4.0])),
        arrays(np.int32, shape[0], elements=st.integers(0, shape[1] - 1)),
    )
)


@given(predictions)
def test_mistakes_are_all_the_wrong_rows_the_surest_first(case):
    logits, labels = case
    found = mistakes(logits, labels)
    wrong = [i for i in range(len(labels)) if logits[i].argmax() != labels[i]]
    confidence = softmax(logits).max(axis=1)
    assert found.row.tolist() == sorted(wrong, key=lambda i: (-confidence[i], i))
    assert (found.true == labels[found.row]).all()
    assert (found.predicted == logits.argmax(axis=1)[found.row]).all()
    assert (found.true != found.predicted).all()
    assert (found.probabilities == softmax(logits)[found.row]).all()
    assert (found.confidence == confidence[found.row]).all()
    some = mistakes(logits, labels, 3)
    assert some.row.tolist() == found.row[:3].tolist()
    assert some.probabilities.shape == (len(some.row), logits.shape[1])


@given(predictions)
def test_cells_hold_every_error_and_the_least_certain_of_the_correct(case):
    logits, labels = case
    table = cells(logits, labels, diagonal=4)
    confusion = confusion_matrix(labels, logits.argmax(axis=1), logits.shape[1])
    confidence = softmax(logits).max(axis=1)
    errors = []
    for i, row in enumerate(table):
        for j, cell in enumerate(row):
            assert cell.total == confusion[i, j]
            assert len(cell.rows) == (min(cell.total, 4) if i == j else cell.total)
            certainties = [confidence[r] for r in cell.rows]
            assert certainties == sorted(certainties, reverse=i != j)
            assert all(labels[r] == i and logits[r].argmax() == j for r in cell.rows)
            if i == j:
                rest = [r for r in range(len(labels)) if labels[r] == i == logits[r].argmax() and r not in cell.rows]
                assert all(confidence[r] >= max(certainties) for r in rest)
            else:
                errors += cell.rows
    assert sorted(errors) == sorted(mistakes(logits, labels).row.tolist())


def test_pairs_by_hand():
    confusion = np.array([[5, 3, 2], [1, 8, 0], [3, 0, 7]])
    assert pairs(confusion, most=3) == [
        Pair(0, 1, 3, 0.3, 1),
        Pair(2, 0, 3, 0.3, 2),
        Pair(0, 2, 2, 0.2, 3),
    ]
    assert len(pairs(confusion)) == 4, "what never happened is no pair"
    assert confusion[0, 0] == 5, "the matrix is left as it was"
    assert pairs(np.diag([3, 4])) == []
    assert pairs(confusion.tolist(), most=1)[0].count == 3, "as metrics.json holds it"


def test_what_cannot_be_read():
    with pytest.raises(ValueError, match=r"given a confusion matrix of shape \(2, 3\)"):
        pairs(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="given logits of shape"):
        mistakes(np.zeros((2, 3)), np.zeros(3, int))
    with pytest.raises(ValueError, match="given labels from 0 to 3, expected 0 to 2"):
        cells(np.zeros((2, 3)), np.array([0, 3]))


def test_a_model_without_mistakes():
    found = mistakes(np.eye(3), np.arange(3))
    assert [len(values) for values in (found.row, found.true, found.predicted, found.confidence)] == [0] * 4
    assert found.probabilities.shape == (0, 3)

"""The sentences about learning curves, of a network's epochs and of a boosted model's rounds."""

import pytest

from fashionlab.evaluation.diagnosis import (
    DidNotLearn,
    Ended,
    Level,
    NoValidation,
    Overfitting,
    StillImproving,
    TooFewEpochs,
    TrainingAbove,
    TrainingBelow,
    Unsteady,
)
from fashionlab.reports.run.sections.learning import averaged, sentence
from fashionlab.reports.wording import SPACE

SENTENCES = [
    (Ended(5, "epochs", 5), "Training ran for all 5 epochs; the weights of epoch 5 were kept."),
    (Ended(1, "epochs", 1), "Training ran for its one epoch; the weights of epoch 1 were kept."),
    (Ended(3, "epochs", 0), "Training ran for all 3 epochs."),
    (
        Ended(6, "patience", 3),
        "Training stopped early at epoch 6: for 3 epochs the validation loss had not fallen below that of epoch 3, "
        "and the weights of epoch 3 were kept.",
    ),
    (
        NoValidation(),
        "There is no validation curve: this run was trained on the validation images too, for the number of epochs "
        "that an earlier run had chosen.",
    ),
    (TooFewEpochs(1), "One epoch is too few to read anything from the curves."),
    (TooFewEpochs(2), "2 epochs are too few to read anything from the curves."),
    (
        DidNotLearn(2.31, 2.3),
        "The model hardly learned: its training loss went from 2.310 to 2.300. Try another learning rate, or less "
        "regularization.",
    ),
    (
        Overfitting(4, 0.5, 0.6166, 0.1),
        "Overfitting from epoch 4: the validation loss rose from 0.500 to 0.617 while the training loss continued to "
        "fall to 0.100.",
    ),
    (
        StillImproving(5, 2, 0.2),
        "It was still improving at the end: the last 2 epochs lowered the best validation loss by 20.0 %. More epochs "
        "may help.",
    ),
    (
        Level(4, 0.498, 0.001),
        "The validation loss levelled off: its lowest was 0.498, at epoch 4, and ended 0.1 % above it.",
    ),
    (Level(4, 0.498, 0.0), "The validation loss levelled off: its lowest was 0.498, at epoch 4."),
    (
        TrainingBelow(3, 0.3, 0.5),
        "At epoch 3 the training loss was 0.300 and the validation loss 0.500: the model knows its training images "
        "much better than others. More regularization or data may help.",
    ),
    (
        TrainingAbove(3, 0.6, 0.5),
        "At epoch 3 the training loss was 0.600 and the validation loss 0.500: dropout and augmentation make training "
        "harder than validation, so there is no sign of overfitting.",
    ),
    (
        Unsteady(2, 3, 0.15),
        "The validation loss is unsteady: in 3 epochs, first in epoch 2, it was more than 15 % above its best so far. "
        "A lower learning rate may help.",
    ),
]


@pytest.mark.parametrize(("finding", "said"), SENTENCES)
def test_of_a_network(finding, said):
    assert sentence(finding, "epoch").replace(SPACE, " ") == said


@pytest.mark.parametrize("finding", [finding for finding, _ in SENTENCES])
def test_of_a_boosted_model_nothing_is_said_of_epochs_networks_or_dropout(finding):
    said = sentence(finding, "round")
    assert not any(word in said for word in ("epoch", "network", "dropout", "weights"))


def test_a_boosted_model_keeps_trees():
    assert sentence(Ended(6, "patience", 3), "round") == (
        "Training stopped early at round 6: for 3 rounds the validation loss had not fallen below that of round 3, and "
        "the trees up to round 3 were kept."
    )


@pytest.mark.parametrize(("epochs", "said"), [(1.0, "over 1 epoch: the"), (0.5, "over 0.5 epochs: the")])
def test_which_weights_the_curves_are_of(epochs, said):
    assert said in averaged(epochs)

"""A user's own estimator: found by how it behaves, made under a seed, fitted, and asked for probabilities.

Anything counts that is fitted as scikit-learn's classifiers are and then has `predict_proba` or `decision_function`.
It is given an image as a row of pixels, float32 from 0 to 1, and labels 0 to k-1.
"""

import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from msgspec import UNSET

from fashionlab.errors import ModelFailure, UsageError
from fashionlab.models.estimators.base import Estimator, Fitted, LabelledImages, Scores, Step, check
from fashionlab.models.own.kept import NotKept, keep, load
from fashionlab.models.own.sentences import explained, in_one_sentence
from fashionlab.models.own.source import EstimatorFacts, Found

RANDOM = "random_state"

TOLERANCE = 1e-3
"""How far from 1 the probabilities of an image may add up: what float32 and a thousand classes need."""

SAME = 1e-3
"""How far the probabilities of an estimator that was read back may lie from its own."""

TRIED = 100
"""Training images that a fitted estimator is asked about at once, so that what it gives is known to be usable."""

TEMPERATURES = (1e-4, 1e4)
"""Between which the temperature of a decision function is looked for."""


def may_be_estimator(made: object) -> bool:
    """Whether it is, or is the class of, something that can be fitted."""
    return callable(getattr(made, "fit", None))


def given(made: object) -> str:
    """What a function has returned, for messages."""
    return f"the class {made.__name__}" if isinstance(made, type) else type(made).__name__


def examine_estimator(made: Any, name: str) -> tuple[Found, tuple[str, ...]]:
    """What the lab needs to know of it, and what the user should. Raises UsageError for what is no classifier."""
    if isinstance(made, type):
        raise UsageError(f"model {name!r} returned {given(made)}, expected an instance: return {made.__name__}()")
    if _is_regressor(made):
        raise UsageError(f"model {name!r} returned {given(made)}, a regressor, expected a classifier")
    if not (hasattr(made, "predict_proba") or hasattr(made, "decision_function")):
        raise UsageError(
            f"model {name!r} returned {given(made)}, which has neither predict_proba nor decision_function: expected a "
            "classifier that has one of them"
        )
    states = _random_states(made)
    drawn = tuple(name for name, value in states.items() if value is None)
    fixed = [f"{name}={value}" for name, value in states.items() if value is not None]
    facts = EstimatorFacts("probabilities" if hasattr(made, "predict_proba") else "scores", drawn)
    notes = [f"the model is an estimator, {given(made)}: it is given each image as a row of pixels from 0 to 1"]
    if _is_fitted(made):
        _clone(made, name)
        notes.append("it is fitted already: an unfitted copy of it is fitted anew")
    if facts.gives == "scores":
        notes.append(
            "it has no predict_proba: a softmax makes probabilities of its decision function, with one temperature "
            "that is fitted on the validation images"
        )
    if drawn:
        notes.append(f"set from the seed: {', '.join(drawn)}")
    if fixed:
        notes.append(f"fixed by the file, for all seeds: {', '.join(fixed)}")
    return Found(estimator=facts, brought_sha256=UNSET), tuple(notes)


class OwnEstimator(Estimator):
    """A user's own, with the protocol of the lab's."""

    libraries = ("scikit-learn", "scipy", "skops")

    def __init__(self, model: Any, facts: EstimatorFacts, classes: int, name: str) -> None:
        """model: of `make_estimator`, or one that was fitted; name: for messages."""
        self.model = model
        self._facts, self._classes, self._name = facts, classes, name

    def fit(self, training: LabelledImages, validation: LabelledImages | None, step: Step) -> Fitted:
        """Fit it; the one array is the temperature of its scores, 1 of probabilities. Raises ModelFailure."""
        temperature = 1.0
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            with explained(f"model {self._name!r} failed when it was fitted"):
                # Not every estimator returns itself.
                self.model.fit(_rows(training.images), training.labels)
        self._answers(training.images[:TRIED])
        if self._facts.gives == "scores":
            if validation is None:
                raise UsageError(refit_refusal(self._name))
            temperature = _temperature(self._answers(validation.images), validation.labels)
        content, kept = self._keep(training.images[:TRIED])
        kinds = dict.fromkeys(f"{warning.category.__name__}: {_first_line(warning.message)}" for warning in said)
        tensors = {"temperature": np.array(temperature)}
        calibrated = [f"temperature of its decision function {temperature:.3g}"] if temperature != 1 else []
        remark = "; ".join([kept, *calibrated, *(f"it warned: {text}" for text in kinds)])
        return Fitted(tensors, remark, file=content)

    def _keep(self, images: np.ndarray) -> tuple[bytes | None, str]:
        """The file from which the same answers come, None where there is none, and what became of it, in words."""
        from scipy.special import softmax

        try:
            content = keep(self.model)
            again = OwnEstimator(load(content), self._facts, self._classes, self._name)
            # The order in which arrays lie in memory may get lost, and with it the last bits of sums.
            answers, read_back = (softmax(each._answers(images), axis=1) for each in (self, again))
            if not np.allclose(answers, read_back, rtol=0, atol=SAME):
                raise NotKept("answers otherwise when it is read back")
        except (NotKept, ValueError) as error:
            return None, f"not kept, as it {error}, so this run cannot predict other images"
        return content, f"kept with the run, {len(content) / 1e6:,.1f} MB"

    def scores(self, tensors: Mapping[str, np.ndarray], side: int) -> Scores:
        """Logarithms of its probabilities."""
        temperature = float(check(tensors, "temperature", "float64"))
        if not temperature > 0:
            raise ValueError(f"temperature is {temperature}")
        return lambda images: self._answers(images) / temperature

    def size(self, tensors: Mapping[str, np.ndarray]) -> tuple[int | None, str]:
        """What counts as a parameter differs from one to the next."""
        return None, describe(self.model)

    def _answers(self, images: np.ndarray) -> np.ndarray:
        """Float64 [n, classes]: logarithms of probabilities, or scores. Raises ModelFailure for what is neither."""
        proba = self._facts.gives == "probabilities"
        method = "predict_proba" if proba else "decision_function"
        with warnings.catch_warnings(), explained(f"model {self._name!r} failed when it predicted"):
            warnings.simplefilter("ignore")
            found = getattr(self.model, method)(_rows(images))
            values = np.asarray(found, np.float64)
            known = np.asarray(getattr(self.model, "classes_", np.arange(self._classes)))
        told = f"model {self._name!r}: its {method} gave"
        if known.dtype.kind not in "iuf" or not np.isin(known, np.arange(self._classes)).all():
            raise ModelFailure(
                f"model {self._name!r}: its classes_ are {_few(known)}, expected the labels that it was fitted with, "
                f"0 to {self._classes - 1}"
            )
        if not proba and len(known) == 2 and values.shape == (len(images),):
            values = np.stack([np.zeros_like(values), values], axis=1)
        if values.shape != (len(images), len(known)):
            hint = "" if proba else "; an SVC does with decision_function_shape='ovr'"
            raise ModelFailure(
                f"{told} an array of shape {values.shape} for {len(images):,} images, expected a column for each of "
                f"its {len(known)} classes{hint}"
            )
        if not np.isfinite(values).all():
            raise ModelFailure(f"{told} numbers that are NaN or infinite")
        if proba:
            sums = values.sum(axis=1)
            if (values < 0).any() or (abs(sums - 1) > TOLERANCE).any():
                worst = sums[abs(sums - 1).argmax()]
                raise ModelFailure(
                    f"{told} no probabilities (the least is {values.min():.3g}, and those of one image add up to "
                    f"{worst:.3g}): expected numbers from 0 that add up to 1"
                )
            with np.errstate(divide="ignore"):
                values = np.log(values)
        if len(known) == self._classes and (known == np.arange(self._classes)).all():
            return values
        # A class without a training image is never the answer.
        everywhere = np.full((len(values), self._classes), -np.inf)
        everywhere[:, known.astype(int)] = values
        return everywhere


def make_estimator(made: Any, facts: EstimatorFacts, seed: int, name: str) -> Any:
    """What the function returned, unfitted, and seeded where that was left open. Raises ModelFailure."""
    model = _clone(made, name) if _is_fitted(made) else made
    if facts.seeded:
        with explained(f"model {name!r} cannot be given a seed"):
            model.set_params(**dict.fromkeys(facts.seeded, seed))
    return model


def refit_refusal(name: str) -> str:
    """Why an estimator that gives scores is not refitted on all rows."""
    return (
        f"given --refit with model {name!r}, whose decision function is calibrated on the validation set: a refit has "
        "none; return an estimator that has predict_proba, such as CalibratedClassifierCV"
    )


def describe(model: Any) -> str:
    """What it consists of: the class, and of a pipeline those of its steps."""
    steps = getattr(model, "steps", None)
    if isinstance(steps, list):
        with suppress(Exception):
            return ", ".join("nothing" if isinstance(step, str) else describe(step) for _, step in steps)
    return type(model).__name__


def _rows(images: np.ndarray) -> np.ndarray:
    """Float32 [n, height * width], 0 to 1: as the lab's logistic regression is given them."""
    rows: np.ndarray = images.reshape(len(images), -1) / np.float32(255)
    return rows


def _random_states(made: Any) -> dict[str, Any]:
    """The parameters `random_state` of an estimator and what it is made of, by name; an estimator that is handed on
    as a parameter has one, too."""
    parameters: dict[str, Any] = {}
    with suppress(Exception):  # what is fitted need not have get_params
        parameters = made.get_params(deep=True)
    return {name: value for name, value in sorted(parameters.items()) if name.rpartition("__")[2] == RANDOM}


def _is_regressor(made: Any) -> bool:
    from sklearn.base import is_regressor

    with warnings.catch_warnings(), suppress(Exception):  # of what is not scikit-learn's nobody knows
        warnings.simplefilter("ignore")
        return bool(is_regressor(made))
    return False


def _is_fitted(made: Any) -> bool:
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(made)
    except Exception:  # NotFittedError, and whatever a class that is not scikit-learn's raises
        return False
    return True


def _clone(made: Any, name: str) -> Any:
    from sklearn.base import clone

    try:
        return clone(made)
    except Exception as error:
        raise ModelFailure(
            f"model {name!r} is fitted already, and no unfitted copy can be made of it ({in_one_sentence(error)}): "
            "return it as it is before fit"
        ) from error


def _temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The temperature by which scores [n, k] have to be divided for the least mean cross-entropy of their softmax."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(log_temperature: float) -> float:
        logs = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(np.maximum(logs[np.arange(len(labels)), labels], np.log(1e-7)).mean())

    low, high = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def _first_line(message: object) -> str:
    return " ".join(str(message).strip().split("\n")[0].split())


def _few(values: np.ndarray) -> str:
    shown = ", ".join(map(repr, values.ravel()[:3].tolist()))
    return f"{shown}, …" if values.size > 3 else shown

"""A fitted estimator as a file: what may be in it, and reading it back (docs/decisions/0021).

The file is skops': arrays, and a document that says of which types the objects around them are. It is looked at before
skops sees it, and of scikit-learn's types those listed here alone are made again. That the types are known does
not make the content safe: scikit-learn's compiled code follows the numbers in trees and support vectors wherever they
point. So these are held against each other before anything is predicted with them.
"""

import importlib
import io
import json
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from fashionlab.models.own.place import MODULE
from fashionlab.models.own.source import LARGEST_ESTIMATOR

LARGEST_DOCUMENT = 64 * 2**20
"""Bytes of the document in it."""

KEPT = {
    "sklearn.calibration": ("CalibratedClassifierCV", "_CalibratedClassifier", "_SigmoidCalibration"),
    "sklearn.decomposition": ("PCA", "IncrementalPCA", "TruncatedSVD", "NMF", "FastICA"),
    "sklearn.discriminant_analysis": ("LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"),
    "sklearn.dummy": ("DummyClassifier",),
    "sklearn.ensemble": (
        "AdaBoostClassifier", "BaggingClassifier", "ExtraTreesClassifier", "HistGradientBoostingClassifier",
        "RandomForestClassifier", "StackingClassifier", "VotingClassifier",
    ),
    "sklearn.ensemble._hist_gradient_boosting.binning": ("_BinMapper",),
    "sklearn.ensemble._hist_gradient_boosting.predictor": ("TreePredictor",),
    "sklearn.feature_selection": ("SelectKBest", "SelectPercentile", "VarianceThreshold"),
    "sklearn.kernel_approximation": ("Nystroem", "RBFSampler"),
    "sklearn.linear_model": (
        "LogisticRegression", "LogisticRegressionCV", "PassiveAggressiveClassifier", "Perceptron", "RidgeClassifier",
        "RidgeClassifierCV", "SGDClassifier",
    ),
    "sklearn.multiclass": ("OneVsOneClassifier", "OneVsRestClassifier", "OutputCodeClassifier"),
    "sklearn.naive_bayes": ("BernoulliNB", "ComplementNB", "GaussianNB", "MultinomialNB"),
    "sklearn.neighbors": ("KNeighborsClassifier", "NearestCentroid"),
    "sklearn.neural_network": ("MLPClassifier",),
    "sklearn.neural_network._stochastic_optimizers": ("AdamOptimizer", "SGDOptimizer"),
    "sklearn.pipeline": ("FeatureUnion", "Pipeline"),
    "sklearn.preprocessing": (
        "Binarizer", "LabelBinarizer", "LabelEncoder", "MaxAbsScaler", "MinMaxScaler", "Normalizer",
        "PolynomialFeatures", "PowerTransformer", "QuantileTransformer", "RobustScaler", "StandardScaler",
    ),
    "sklearn.svm": ("LinearSVC", "NuSVC", "SVC"),
    "sklearn.tree": ("DecisionTreeClassifier", "ExtraTreeClassifier"),
    "sklearn.tree._tree": ("Tree",),
    "sklearn.utils": ("Bunch",),
    "sklearn._loss.link": ("Interval", "LogitLink", "HalfLogitLink", "MultinomialLogit"),
    "sklearn._loss.loss": ("HalfBinomialLoss", "HalfMultinomialLoss"),
    "sklearn._loss._loss": ("CyHalfBinomialLoss", "CyHalfMultinomialLoss"),
    "sklearn.linear_model._sgd_fast": (
        "EpsilonInsensitive", "Hinge", "ModifiedHuber", "SquaredEpsilonInsensitive", "SquaredHinge",
    ),
}  # fmt: skip
"""By module, the types of scikit-learn that are made again, as they can be imported; all others are not."""

PLAIN = frozenset(
    {
        "builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.list", "builtins.tuple",
        "builtins.dict", "builtins.slice", "numpy.ndarray", "numpy.dtype", "numpy.random.mtrand.RandomState",
        "numpy.random._generator.Generator",
    }
    | {f"numpy.{kind}" for kind in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")}
    | {f"numpy.{kind}" for kind in ("float32", "float64")}
)  # fmt: skip
"""Types of plain values."""

LOADERS = frozenset(
    {
        "JsonNode", "ListNode", "TupleNode", "DictNode", "SliceNode", "TypeNode", "ObjectNode", "NdArrayNode",
        "DTypeNode", "RandomStateNode", "RandomGeneratorNode", "TreeNode", "LossNode",
    }
)  # fmt: skip
"""The ways in which skops makes an object: no function, method, operator or constructor among them."""


class NotKept(Exception):
    """No error: why an estimator cannot be kept, after "it"."""


@cache
def kept_types() -> frozenset[str]:
    """The types of `KEPT` and `PLAIN` by their full names, as the documents have them."""
    names = set(PLAIN)
    for module, classes in KEPT.items():
        found = importlib.import_module(module)
        # Some are missing in another version of scikit-learn.
        kinds = [getattr(found, name) for name in classes if hasattr(found, name)]
        names |= {f"{kind.__module__}.{kind.__name__}" for kind in kinds}
    return frozenset(names)


def keep(model: Any) -> bytes:
    """The file of a fitted estimator. Raises NotKept for one that would not be read back."""
    import skops.io

    file = io.BytesIO()
    try:
        skops.io.dump(model, file, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    except Exception as error:  # whatever an object of anybody's raises when its state is asked for
        raise NotKept(f"cannot be written ({type(error).__name__}: {' '.join(str(error).split())[:200]})") from None
    content = file.getvalue()
    try:
        others = _other_types(content)
        if not others:
            if len(content) > LARGEST_ESTIMATOR:
                allowed = LARGEST_ESTIMATOR // 2**20
                raise ValueError(f"takes {len(content) / 2**20:,.0f} MB, more than the {allowed} that are kept")
            _construct(content)
    except ValueError as error:
        raise NotKept(str(error)) from None
    if others:
        raise NotKept(f"holds {' and '.join(others)}, not among the types of scikit-learn that are read back")
    return content


def load(content: bytes) -> Any:
    """The estimator of a file. Raises ValueError, with a reason, unless it holds what `keep` writes."""
    others = _other_types(content)
    if others:
        raise ValueError(f"holds {' and '.join(others)}, not among what is read back")
    return _construct(content)


def _construct(content: bytes) -> Any:
    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning

    try:
        with warnings.catch_warnings():
            # The versions are compared by who calls, and sklearn's numbers are our business, not the user's.
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            model = skops.io.loads(content, trusted=sorted(kept_types()))
        for part in _estimators_in(model):
            _check_compiled(part)
    except Exception as error:  # whatever a document that does not hold together leads to
        raise ValueError(
            f"does not hold together ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
        ) from None
    return model


def _other_types(content: bytes) -> list[str]:
    """What stands in the document and is neither a known way nor a known type, the most frequent first.

    Raises ValueError for what is no such document.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.getinfo("schema.json").file_size > LARGEST_DOCUMENT:
                raise ValueError(f"has a document of more than {LARGEST_DOCUMENT:,} bytes")
            found = Counter(_named_in(json.loads(archive.read("schema.json"))))
    except (zipfile.BadZipFile, KeyError, RecursionError, UnicodeDecodeError, NotImplementedError, OSError) as error:
        raise ValueError(f"is no archive of skops ({type(error).__name__})") from None
    known = kept_types()
    others = [
        kind if loader in LOADERS else f"{kind} ({loader})"
        for (loader, kind), _ in found.most_common()
        if loader not in LOADERS or kind not in known
    ]
    # What the model file defines itself is known by its own name there.
    return list(dict.fromkeys(name.removeprefix(f"{MODULE}.") for name in others))[:3]


def _named_in(node: Any) -> Iterator[tuple[str, str]]:
    """The loader and the type of every object in a document. Raises ValueError for one that names them otherwise."""
    if isinstance(node, dict):
        marks = [node.get(mark) for mark in ("__loader__", "__module__", "__class__")]
        if any(mark is not None for mark in marks):
            if not all(isinstance(mark, str) for mark in marks):
                raise ValueError("has a document that names types in another way")
            yield str(marks[0]), f"{marks[1]}.{marks[2]}"
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _named_in(each)


def _estimators_in(thing: Any) -> Iterator[Any]:
    """Every object of scikit-learn's in an object, however deep."""
    seen: set[int] = set()
    waiting = [thing]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, (list, tuple)):
            waiting += each
        elif isinstance(each, np.ndarray):
            waiting += each.ravel().tolist() if each.dtype == object else []
        elif type(each).__module__.startswith("sklearn."):
            yield each
            waiting += vars(each).values() if hasattr(each, "__dict__") else []


def _check_compiled(part: Any) -> None:
    """Raise ValueError, or what a missing attribute raises, where numbers that compiled code follows lead astray."""
    from sklearn.base import BaseEstimator
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.ensemble._forest import ForestClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm._base import BaseLibSVM
    from sklearn.tree import BaseDecisionTree

    if isinstance(part, BaseEstimator) and not _is_fitted(part):
        return  # the pattern that the fitted ones were made from; it does not predict
    if isinstance(part, BaseDecisionTree):
        _check_tree(part.tree_, part.n_features_in_, part.n_classes_)
    elif isinstance(part, ForestClassifier):
        # The forest looks at the images, and then asks its trees without another look.
        for each in part.estimators_:
            _check_tree(each.tree_, part.n_features_in_, part.n_classes_)
    elif isinstance(part, HistGradientBoostingClassifier):
        for trees in part._predictors:
            for tree in trees:
                _check_nodes(tree.nodes, part.n_features_in_)
    elif isinstance(part, BaseLibSVM):
        _check_support(part)
    elif isinstance(part, KNeighborsClassifier):
        if part._tree is not None or part._fit_method != "brute":
            raise ValueError("its neighbours are not kept as a plain array")
        y, k = part._y, len(part.classes_)
        _require(part._fit_X.ndim == 2 and part._fit_X.shape == (len(y), part.n_features_in_), "its images")
        _require(y.ndim == 1 and y.dtype.kind == "i" and len(y) and y.min() >= 0 and y.max() < k, "its labels")


def _is_fitted(part: Any) -> bool:
    return any(name.endswith("_") and not name.startswith("__") for name in vars(part))


def _check_tree(tree: Any, features: int, classes: int) -> None:
    nodes, values = tree.__getstate__()["nodes"], tree.value
    own = np.arange(len(nodes))
    inner = nodes["left_child"] != -1
    children = np.stack([nodes["left_child"], nodes["right_child"]])[:, inner]
    sound = (children > own[inner]).all() and (children < len(nodes)).all()
    asked = nodes["feature"][inner]
    _require(len(nodes) and sound and (asked >= 0).all() and (asked < features).all(), "a tree")
    _require(tree.n_features == features and values.shape == (len(nodes), 1, classes), "the leaves of a tree")


def _check_nodes(nodes: np.ndarray, features: int) -> None:
    own = np.arange(len(nodes))
    inner = nodes["is_leaf"] == 0
    children = np.stack([nodes["left"], nodes["right"]]).astype(np.int64)[:, inner]
    sound = (children > own[inner]).all() and (children < len(nodes)).all()
    asked = nodes["feature_idx"][inner]
    plain = not nodes["is_categorical"].any()
    _require(len(nodes) and sound and plain and (asked >= 0).all() and (asked < features).all(), "a tree")


def _check_support(part: Any) -> None:
    vectors, classes = part.support_vectors_, len(part.classes_)
    pairs = classes * (classes - 1) // 2
    counts = part._n_support
    _require(not part._sparse and vectors.ndim == 2 and vectors.shape[1] == part.n_features_in_, "its vectors")
    _require(tuple(part.shape_fit_)[1] == part.n_features_in_ and part.support_.shape == (len(vectors),), "its vectors")
    _require(counts.shape == (classes,) and (counts >= 0).all() and counts.sum() == len(vectors), "their counts")
    _require(part._dual_coef_.shape == (classes - 1, len(vectors)), "their coefficients")
    _require(part._intercept_.shape == (pairs,), "its intercepts")
    _require(all(len(each) in (0, pairs) for each in (part._probA, part._probB)), "its probabilities")


def _require(holds: object, what: str) -> None:
    if not holds:
        raise ValueError(f"{what} cannot be right")

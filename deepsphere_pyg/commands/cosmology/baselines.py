"""Linear classifiers of features of patches, to compare networks with."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from samplings.arguments import array_argument, real_array
from samplings.arrays import FloatArray, IntArray

#: Costs C of errors, of which validation chooses one.
COSTS = tuple(float(10**exponent) for exponent in np.linspace(-2, 2, 9))
# LIBLINEAR's own tolerance for this solver. With that of scikit-learn, 1e-4, spectra,
# whose neighbouring degrees are alike, take several times as long for equal errors.
TOLERANCE = 1e-2


@dataclass(frozen=True, eq=False)
class LinearSVM:
    """A linear support vector machine on standardised features.

    Attributes
    ----------
    C
        Cost of errors that was chosen.
    validation_errors
        Share of wrong classes in validation, one for each cost.
    classifier
        Fitted pipeline of scikit-learn: standardisation, and ``LinearSVC``.
    """

    C: float
    validation_errors: tuple[float, ...]
    classifier: Any

    def predict(self, features: npt.ArrayLike) -> IntArray:
        """Return the classes ``(n,)`` of features ``(n, F)``.

        Raises
        ------
        ValueError
            If features are not numbers of that shape.
        """
        known = _checked_features("features", features, self.classifier.n_features_in_)
        return np.asarray(self.classifier.predict(known), dtype=np.int64)

    def error(self, features: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """Return the share of wrong classes, in [0, 1].

        Raises
        ------
        ValueError
            If features or classes are not numbers of fitting shapes.
        """
        predicted = self.predict(features)
        return float((predicted != _checked_classes("y", y, len(predicted))).mean())


def fit_svm(
    features: npt.ArrayLike,
    y: npt.ArrayLike,
    validation_features: npt.ArrayLike,
    validation_y: npt.ArrayLike,
    *,
    costs: Sequence[float] = COSTS,
) -> LinearSVM:
    r"""Fit a linear support vector machine, with the cost that validates best.

    .. math:: \min_{w, b}\; \tfrac12 (|w|^2 + b^2)
        + C \sum_i \max(0,\, 1 - y_i (w \cdot x_i + b))^2

    Features are standardised by the mean and spread of the training ones. Of costs that
    validate alike, the smallest is taken. It needs scikit-learn (extra ``[sky]``).

    Parameters
    ----------
    features, y
        To fit, shapes ``(n, F)`` and ``(n,)``.
    validation_features, validation_y
        To choose the cost.
    costs
        Costs C to choose from; nine from 0.01 to 100 by default, as published.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    TypeError, ValueError
        If features, classes or costs are not finite numbers of fitting shapes, or all
        training samples are of one class.

    Notes
    -----
    Source: Perraudin et al. 2019 (arXiv:1810.12186), section 4. The published errors
    are of what was scikit-learn's default solver then, by dual coordinates, which on
    histograms of generated maps stops before it converges for C of 1 and more. This one
    solves the primal problem, and converges.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> fitted = fit_svm(x, [0, 0, 1, 1], x, [0, 0, 1, 1])
    >>> fitted.C, fitted.error([[2.0], [9.0]], [0, 1])
    (0.01, 0.0)
    """
    given = _checked_features("features", features)
    classes = _checked_classes("y", y, len(given))
    held = _checked_features("validation_features", validation_features, given.shape[1])
    held_classes = _checked_classes("validation_y", validation_y, len(held))
    if len(np.unique(classes)) < 2:
        raise ValueError(
            f"y must have two classes or more, got only {classes[0]}; pass samples of "
            "each class"
        )
    values = array_argument("costs", costs)
    if values.ndim != 1 or not values.size or not (values > 0).all():
        raise ValueError(
            f"costs must be a list of positive numbers, got {costs}; pass such as "
            "(0.1, 1, 10), or leave them out"
        )
    parts = ("preprocessing", "svm", "pipeline")
    preprocessing, svm, pipeline = map(_scikit_learn, parts)
    scale = preprocessing.StandardScaler().fit(given)
    inputs, held_inputs = scale.transform(given), scale.transform(held)
    fits, errors = [], []
    for C in tqdm(values.tolist(), desc="costs", leave=False, disable=None):
        fit = svm.LinearSVC(C=C, dual=False, tol=TOLERANCE).fit(inputs, classes)
        fits.append(fit)
        errors.append(float((fit.predict(held_inputs) != held_classes).mean()))
    best = min(range(len(errors)), key=lambda i: (errors[i], values[i]))
    classifier = pipeline.make_pipeline(scale, fits[best])
    return LinearSVM(float(values[best]), tuple(errors), classifier)


def _checked_features(
    name: str, features: npt.ArrayLike, columns: int | None = None
) -> FloatArray:
    """Return finite features ``(n, F)``, of so many columns."""
    found = array_argument(name, features)
    if found.ndim != 2 or not found.size or columns not in (None, found.shape[1]):
        wanted = "(n, features)" if columns is None else f"(n, {columns})"
        raise ValueError(
            f"{name} must have shape {wanted}, got {found.shape}; pass features of one "
            "kind, a row for each map"
        )
    if not np.isfinite(found).all():
        bad = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
        raise ValueError(
            f"{name} must be finite, got others in row {bad}; leave the map out"
        )
    return found


def _checked_classes(name: str, classes: npt.ArrayLike, n: int) -> IntArray:
    """Return classes ``(n,)``."""
    found = real_array(name, classes)
    if found.shape != (n,):
        raise ValueError(
            f"{name} must have shape ({n},), one class for each row of features, got "
            f"{found.shape}; repeat classes as often as maps: numpy.tile(y, repeats)"
        )
    if found.dtype.kind == "f":
        raise TypeError(
            f"{name} must be classes 0, 1, ..., got {found.dtype}; convert them by "
            ".astype(int)"
        )
    return found.astype(np.int64)


def _scikit_learn(part: str) -> Any:
    """Import a module of scikit-learn, or say how to install it."""
    try:
        return importlib.import_module(f"sklearn.{part}")
    except ImportError as error:
        raise ImportError(
            "linear support vector machines need scikit-learn, which is not "
            "installed; run: pip install 'deepsphere-pyg[sky]'"
        ) from error

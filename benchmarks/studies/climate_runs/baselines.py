"""Ridge and logistic regression on maps, regularized by the training runs alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from sklearn.linear_model import LogisticRegression, Ridge

from benchmarks.studies.climate_runs.data import PIXELS, Array, Fold, areas

ALPHAS = tuple(10.0**power for power in range(-5, 5))
INVERSES = tuple(10.0**power for power in range(-4, 4))
KINDS = ("grid", "pixels", "zonal", "global")
SCALES = ("raw", "scaled")

Fitted = Callable[[Array], Array]
Fit = Callable[[Array, Array, float], Fitted]


def features(fold: Fold, kind: str, scale: str, members: Sequence[int]) -> Array:
    """Return one row per map: weighted by area, so that norms are areal means.

    Parameters
    ----------
    fold
        The fields.
    kind
        ``"grid"``; ``"pixels"`` for means over HEALPix pixels; ``"zonal"`` for means
        of parallels; ``"global"`` for the mean.
    scale
        ``"raw"`` anomalies, or ``"scaled"`` by the local spread.
    members
        Runs, one after the other.
    """
    maps = fold.maps(scale, members)
    area = areas(fold.fields["raw"])
    if kind == "grid":
        return (maps * np.sqrt(area)).reshape(len(maps), -1)
    if kind == "pixels":
        return fold.to_pixels.fields(maps) / np.sqrt(len(PIXELS))
    if kind == "zonal":
        return maps.mean(-1) * np.sqrt(area.sum(-1))
    if kind == "global":
        return (maps * area).sum((1, 2))[:, None]
    raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")


def ridge(x: Array, y: Array, alpha: float) -> Fitted:
    """Fit a ridge regression."""
    basis = _span(x)
    model = Ridge(alpha=alpha).fit(x @ basis, y)
    return lambda new: model.predict(new @ basis)


def logistic(x: Array, y: Array, inverse: float) -> Fitted:
    """Fit a logistic regression; it returns the log-odds of class 1."""
    basis = _span(x)
    model = LogisticRegression(C=inverse, max_iter=10000).fit(x @ basis, y)
    return lambda new: model.decision_function(new @ basis)


def _span(x: Array) -> Array:
    """Return an orthonormal basis of the rows, which hold the weights of a fit.

    A penalty on the norm keeps the weights in the span of the samples, so that fits in
    this basis are those on all columns.
    """
    if x.shape[1] <= x.shape[0]:
        return np.eye(x.shape[1])
    basis, _ = np.linalg.qr(x.T)
    return basis


def chosen(
    fold: Fold,
    kind: str,
    folds: Sequence[Sequence[int]],
    target: Callable[[Sequence[int]], Array],
    fit: Fit,
    strengths: Sequence[float],
    loss: Callable[[Array, Array], float],
) -> tuple[Callable[[Sequence[int]], Array], str]:
    """Choose scale and strength by cross-validation over training runs, and fit.

    Parameters
    ----------
    fold, kind
        As for :func:`features`.
    folds
        Members that are held out together.
    target
        Targets of members, one per map.
    fit, strengths
        A fit, and the strengths of its penalty.
    loss
        Loss of answers and targets.

    Returns
    -------
    predict
        Answers for members.
    choice
        The scale and the strength.
    """
    found = []
    for scale, strength in itertools.product(SCALES, strengths):
        losses = []
        for held in folds:
            rest = [member for member in fold.training if member not in held]
            model = fit(features(fold, kind, scale, rest), target(rest), strength)
            losses.append(loss(model(features(fold, kind, scale, held)), target(held)))
        found.append((float(np.mean(losses)), scale, strength))
    _, scale, strength = min(found)
    everything = features(fold, kind, scale, fold.training)
    model = fit(everything, target(fold.training), strength)

    def predict(members: Sequence[int]) -> Array:
        return model(features(fold, kind, scale, members))

    return predict, f"{scale}, {strength:g}"


def squared_error(found: Array, wanted: Array) -> float:
    """Return the mean squared error."""
    return float(np.mean((found - wanted) ** 2))


def log_loss(found: Array, wanted: Array) -> float:
    """Return the cross-entropy of log-odds."""
    return float(np.mean(np.logaddexp(0, found) - wanted * found))


def years_of(runs: xr.DataArray, members: Sequence[int]) -> Array:
    """Return the year of each map of members."""
    return np.tile(runs["year"].to_numpy().astype(np.float64), len(members))

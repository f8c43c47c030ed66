"""Linear regressions: of the next report on past ones, of a number on a map."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray

# Weight of squared coefficients against squared errors.
PENALTY = 1.0


def pooled_regression(values: FloatArray, past: int, n_train: int) -> FloatArray:
    """Predict all times by one linear function, fitted to the first ones.

    Parameters
    ----------
    values
        Reports, shape ``(T, V, C)``, NaN where missing.
    past
        Times before that are known.
    n_train
        Times to fit to, of all stations and channels together.

    Returns
    -------
    ndarray
        Shape ``(T, V, C)``; NaN where a report of the window is missing.
    """
    table, target = _windows(values, past)
    known = np.isfinite(table).all(axis=-1) & np.isfinite(target)
    rows = known & (np.arange(len(values)) < n_train)[:, None, None]
    if not rows.any():
        return np.full(values.shape, np.nan)
    fitted = np.linalg.lstsq(table[rows], target[rows], rcond=None)[0]
    return np.asarray(table @ fitted)


def station_regressions(values: FloatArray, past: int, n_train: int) -> FloatArray:
    """Predict by a linear function of each station and channel, by ridge regression.

    Arguments and result are those of :func:`pooled_regression`. The penalty, of one in
    the squared unit of the reports, pulls the coefficients to those of persistence:
    reports of a few hours determine no function of their own.
    """
    table, target = _windows(values, past)
    found = np.full(values.shape, np.nan)
    complete = np.isfinite(table).all(axis=-1)
    rows = complete & np.isfinite(target)
    rows[n_train:] = False
    for place in np.ndindex(values.shape[1:]):
        own: tuple[slice | int, ...] = (slice(None), *place)
        fit: npt.NDArray[np.bool_] = rows[own]
        if fit.any():
            inputs, last = table[own][:, :past], table[own][:, past - 1]
            change = (target[own] - last)[fit]
            centre, level = inputs[fit].mean(axis=0), change.mean()
            centred = inputs[fit] - centre
            normal = centred.T @ centred + PENALTY * np.eye(past)
            slope = np.linalg.solve(normal, centred.T @ (change - level))
            found[own] = last + level + (inputs - centre) @ slope
    return found


def ridge_regression(
    inputs: FloatArray, target: FloatArray, train: slice, validation: slice
) -> FloatArray:
    """Predict a number of each sample by a linear function of its inputs.

    Parameters
    ----------
    inputs
        Shape ``(N, D)``.
    target
        Shape ``(N,)``.
    train, validation
        Samples to fit to, and those that choose the penalty.

    Returns
    -------
    ndarray
        Shape ``(N,)``, of all samples.
    """
    centre, level = inputs[train].mean(axis=0), target[train].mean()
    left, size, right = np.linalg.svd(inputs[train] - centre, full_matrices=False)
    projected = left.T @ (target[train] - level)
    best, answer = np.inf, np.full(len(target), level)
    # From none to all of the largest direction.
    for penalty in (size[0] ** 2 if len(size) else 0) * np.logspace(-12, 0, 13):
        slope = right.T @ (size / (size**2 + penalty + 1e-300) * projected)
        found = level + (inputs - centre) @ slope
        error = float(np.mean((found - target)[validation] ** 2))
        if error < best:
            best, answer = error, found
    return answer


def _windows(values: FloatArray, past: int) -> tuple[FloatArray, FloatArray]:
    """Return past reports and a one ``(T, V, C, past + 1)``, and the reports."""
    table = np.ones((*values.shape, past + 1))
    table[..., :past] = np.nan
    for step in range(1, past + 1):
        table[step:, ..., past - step] = values[:-step]
    return table, values

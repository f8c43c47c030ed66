"""Coefficients of signals on any points, by weighted least squares."""

from __future__ import annotations

import math
import warnings

import numpy as np
import scipy.linalg

from deepsphere_pyg.harmonics.sht.dense import harmonics_matrix
from samplings import Sampling
from samplings.arrays import FloatArray

# Of the fit, as a factor on relative errors of the signal. Beyond the first, noise in
# the signal dominates some coefficients; beyond the second, round-off of float32 does.
WARNED_CONDITION = 1e2
REFUSED_CONDITION = 1e6


class IllConditionedWarning(UserWarning):
    """Coefficients are fitted to points that barely determine some of them."""


def least_squares(
    sampling: Sampling, L: int, ridge: float = 0.0
) -> tuple[FloatArray, float]:
    r"""Return the matrix that fits harmonics to signals, and its condition.

    .. math:: \min_c \sum_i a_i \Big(x_i - \sum_{lm} c_{lm} Y_{lm}(x_i)\Big)^2
        + \lambda \sum_{lm} c_{lm}^2

    with the areas :math:`a_i` of the cells, by orthogonal factors, not the normal
    equations, whose condition is the square.

    Parameters
    ----------
    sampling
        Any sampling, of the whole sphere or a part.
    L
        Bandlimit.
    ridge
        :math:`\lambda`, the power of noise over that of the signal, in units in which
        the matrix of inner products on the whole sphere has eigenvalues near 1.

    Returns
    -------
    matrix
        Shape ``(L * L, V)``.
    condition
        Largest over smallest singular value of the weighted harmonics, with the ridge.

    Raises
    ------
    ValueError
        If the vertices do not determine the coefficients and there is no ridge.

    Warns
    -----
    IllConditionedWarning
        If the condition is above 100.
    """
    # Integers pass, and what is not a number is told apart from what is negative.
    if not (isinstance(ridge, int | float) and math.isfinite(ridge) and ridge >= 0):
        raise ValueError(
            f"ridge must be a number, at least 0, got {ridge!r}; it is the power of "
            "noise over that of the signal, 1e-6 to 1e-2 as a rule"
        )
    n = len(sampling)
    if n < L * L and ridge == 0:
        raise ValueError(
            f"{n} vertices do not determine the {L * L} coefficients of L = {L}; use "
            f"L <= {math.isqrt(n)}, or a ridge such as ridge=1e-3"
        )
    root = np.sqrt(sampling.weights)
    weighted = harmonics_matrix(sampling, L) * root[:, None]
    left, upper = scipy.linalg.qr(weighted, mode="economic", overwrite_a=True)
    inner, values, right = scipy.linalg.svd(upper, full_matrices=False)
    damped = values**2 + ridge
    least = math.sqrt(float(damped[-1]) if n >= L * L else ridge)
    condition = math.sqrt(float(damped[0])) / least if least > 0 else math.inf
    if ridge == 0 or condition > REFUSED_CONDITION:
        _judge(sampling, L, condition, ridge)
    filtered = right.T * (values / damped)
    return (filtered @ inner.T) @ left.T * root, condition


def _judge(sampling: Sampling, L: int, condition: float, ridge: float) -> None:
    """Refuse or warn of a fit that magnifies errors."""
    told = (
        f"least squares for L = {L} on {sampling!r} magnify errors up to "
        f"{condition:.1e} times"
    )
    remedy = f"use a smaller L, or a ridge above {ridge:g}, such as ridge=1e-3"
    if condition > REFUSED_CONDITION:
        raise ValueError(f"{told}, more than {REFUSED_CONDITION:.0e}; {remedy}")
    if condition > WARNED_CONDITION:
        warnings.warn(f"{told}; {remedy}", IllConditionedWarning, stacklevel=5)

"""Kriging: best linear unbiased interpolation between stations."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, lapack
from scipy.spatial.distance import cdist

from samplings.arrays import FloatArray

# Stations that the covariance is fitted to, at most: a fit takes some thirty
# factorizations of their matrix.
FITTED = 300
# Bounds of the length of the covariance, in chords, and of its variances over that of
# the values.
_LENGTHS, _VARIANCES, _NUGGETS = (1e-3, 10.0), (1e-2, 1e2), (1e-4, 1.0)


@dataclass(frozen=True)
class Covariance:
    r"""Exponential covariance of chords, and the variance of what is local.

    .. math:: C(d) = s\, e^{-d / \ell} + n\, \delta_{d0}

    Attributes
    ----------
    sill, length, nugget
        Variance s, length in chords of the unit sphere, and variance n of single
        stations: of their instruments and of what is smaller than their distances.
    """

    sill: float
    length: float
    nugget: float

    def between(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Covariance of two sets of other stations, without the nugget."""
        return np.asarray(self.sill * np.exp(-cdist(x, y) / self.length))

    def among(self, x: FloatArray) -> FloatArray:
        """Covariance of stations with one another."""
        return self.between(x, x) + self.nugget * np.eye(len(x))


def fit_covariance(xyz: FloatArray, values: FloatArray, seed: int = 0) -> Covariance:
    """Fit a covariance by maximum likelihood, with scikit-learn's Gaussian process.

    Parameters
    ----------
    xyz
        Unit vectors of the stations.
    values
        Their values, less a trend; of more than 300 stations, as many are drawn.
    seed
        Seed of that draw.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    parts = ("gaussian_process", "gaussian_process.kernels", "exceptions")
    process, kernels, exceptions = map(_scikit_learn, parts)
    some = np.random.default_rng(seed).permutation(len(xyz))[:FITTED]
    kernel = kernels.ConstantKernel(1.0, _VARIANCES) * kernels.Matern(
        0.1, _LENGTHS, nu=0.5
    ) + kernels.WhiteKernel(0.05, _NUGGETS)
    regressor = process.GaussianProcessRegressor(kernel, normalize_y=True)
    with warnings.catch_warnings():
        # A length or variance at its bound is as good as any beyond it.
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        fitted = regressor.fit(xyz[some], values[some]).kernel_
    scale = float(np.var(values[some]))
    return Covariance(
        float(fitted.k1.k1.constant_value) * scale,
        float(fitted.k1.k2.length_scale),
        float(fitted.k2.noise_level) * scale,
    )


@dataclass(frozen=True, eq=False)
class Kriged:
    """Estimates by kriging.

    Attributes
    ----------
    at_known
        At stations with a report: from the visible ones, but never from itself.
    at_others
        At those without one.
    """

    at_known: FloatArray
    at_others: FloatArray


class Kriging:
    r"""Universal kriging between stations, with any of them left out.

    The values are a linear function of covariates, of unknown coefficients, and a
    random field. With K the covariance of the stations with a report, F their
    covariates, a column of ones among them, and

    .. math:: B = K^{-1} - K^{-1} F (F^T K^{-1} F)^{-1} F^T K^{-1},

    the errors of leaving out the stations H are :math:`B_{HH}^{-1} (B y)_H`. With the
    column of ones alone it is ordinary kriging.

    Parameters
    ----------
    covariance
        Covariance of the field.
    known, others
        Unit vectors of the stations with a report, ``(n, 3)``, and without.
    known_covariates, other_covariates
        Covariates of both, ``(n, p)`` and ``(m, p)``; by default the column of ones.

    Notes
    -----
    Source: Dubrule 1983, Cross validation of kriging in a unique neighborhood,
    Mathematical Geology 15, for one station left out.
    """

    def __init__(
        self,
        covariance: Covariance,
        known: FloatArray,
        others: FloatArray,
        known_covariates: FloatArray | None = None,
        other_covariates: FloatArray | None = None,
    ) -> None:
        F = _columns(known_covariates, len(known))
        self._at_others = _columns(other_covariates, len(others))
        inverse = _inverse(covariance.among(known))
        KF = inverse @ F
        normal = np.linalg.pinv(F.T @ KF)
        self._coefficients = normal @ KF.T
        self._B = inverse - KF @ self._coefficients
        self._cross = covariance.between(others, known)

    def __call__(
        self, values: FloatArray, hidden: npt.NDArray[np.bool_] | None = None
    ) -> Kriged:
        """Return estimates.

        Parameters
        ----------
        values
            Reports of the stations with one, shape ``(n,)``.
        hidden
            True where a report is not used, shape ``(n,)``; by default all are.
        """
        B, filled = self._B, np.array(values, dtype=np.float64)
        at_known = np.empty(len(filled))
        diagonal = np.diag(B)
        seen = np.ones(len(filled), dtype=bool) if hidden is None else ~hidden
        if not seen.all():
            left = np.flatnonzero(~seen)
            # What stands there does not matter: it is a pivot of the elimination.
            filled[left] = filled[seen].mean()
            factor = cho_factor(B[np.ix_(left, left)])
            filled[left] -= cho_solve(factor, B[left] @ filled)
            at_known[left] = filled[left]
            rest = B[np.ix_(left, np.flatnonzero(seen))]
            part = np.einsum("hv,hv->v", rest, cho_solve(factor, rest))
            diagonal = diagonal[seen] - part
        # Hidden ones are on their estimates, where those of visible ones stay the same.
        weighted = B @ filled
        at_known[seen] = filled[seen] - weighted[seen] / diagonal
        trend = self._at_others @ (self._coefficients @ filled)
        return Kriged(at_known, trend + self._cross @ weighted)


def _inverse(matrix: FloatArray) -> FloatArray:
    """Return the inverse of a symmetric positive definite matrix."""
    factor, failed = lapack.dpotrf(matrix, lower=1)
    if failed:
        raise np.linalg.LinAlgError("the covariance of stations is not definite")
    lower, _ = lapack.dpotri(factor, lower=1)
    return np.asarray(np.tril(lower) + np.tril(lower, -1).T)


def _columns(covariates: FloatArray | None, n: int) -> FloatArray:
    ones = np.ones((n, 1))
    return ones if covariates is None else np.hstack([ones, covariates])


def _scikit_learn(part: str) -> Any:
    """Import a module of scikit-learn, or say how to install it."""
    try:
        return importlib.import_module(f"sklearn.{part}")
    except ImportError as error:
        raise ImportError(
            "kriging needs scikit-learn, which is not installed; run: pip install "
            "'deepsphere-pyg[sky]'"
        ) from error

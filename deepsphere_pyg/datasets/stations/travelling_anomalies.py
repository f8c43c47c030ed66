"""Gaussian anomalies that travel east and decay, of known covariance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.polynomial.legendre import legval
from scipy.linalg import cho_factor, cho_solve

from deepsphere_pyg.harmonics.functions import spherical_harmonics
from samplings.arguments import (
    integer_argument,
    number_argument,
    positive_argument,
    probability_argument,
)
from samplings.arrays import FloatArray
from samplings.vertex_arrays import vertex_positions

# A filter has converged if its error changes by less than this share in a step.
_CONVERGED = 1e-7
_MOST_STEPS = 10_000


@dataclass(frozen=True)
class TravellingAnomalies:
    r"""Anomalies that travel east, decay and are renewed, as reported by stations.

    .. math::
        a_t(x) = \rho\, a_{t-1}(R^{-1} x) + \sqrt{1 - \rho^2}\, e_t(x), \qquad
        y_t(x) = a_t(x) + \varepsilon_t(x)

    where R turns about the axis by ``speed``, the :math:`e_t` are independent isotropic
    Gaussian fields with :math:`C_l \propto (1 + l(l+1)\, s^2)^{-2}`, and the noise
    :math:`\varepsilon` is independent for each report. So, with the covariance C of one
    time,

    .. math::
        \operatorname{E} a_t(x)\, a_{t+k}(y) = \rho^k\, C(R^k x \cdot y), \qquad
        C(z) = \sum_l \frac{2l + 1}{4\pi} C_l P_l(z)

    Parameters
    ----------
    spread
        Standard deviation of the anomalies, in the unit of the reports.
    length
        Scale s of the correlation in space, in degree.
    persistence
        Correlation :math:`\rho` of one step with the next along the path, in [0, 1).
    speed
        Degrees of longitude to the east in one step.
    noise
        Standard deviation of the noise of a report; positive.
    L
        Bandlimit: degrees 0 ... L - 1.

    Raises
    ------
    TypeError, ValueError
        If a number has another type or is out of its range.

    Examples
    --------
    >>> weather = TravellingAnomalies(spread=2.0)
    >>> weather.covariance(np.eye(3), np.eye(3)).diagonal().round(9)
    array([4., 4., 4.])
    """

    spread: float = 4.0
    length: float = 8.0
    persistence: float = 0.85
    speed: float = 6.0
    noise: float = 1.0
    L: int = 32

    def __post_init__(self) -> None:
        for name in ("spread", "length", "noise"):
            positive_argument(name, getattr(self, name), "pass one such as 1")
        probability_argument("persistence", self.persistence)
        speed = number_argument("speed", self.speed, "pass degrees, such as 6")
        if not np.isfinite(speed):
            raise ValueError(f"speed must be finite, got {speed}; pass degrees a step")
        integer_argument("L", self.L, 1)

    @cached_property
    def spectrum(self) -> FloatArray:
        """Power of each degree, shape ``(L,)``."""
        degrees = np.arange(self.L)
        scale = np.deg2rad(self.length)
        power = (1 + degrees * (degrees + 1) * scale**2) ** -2
        variance = ((2 * degrees + 1) * power).sum() / (4 * np.pi)
        return np.asarray(power * (self.spread**2 / variance))

    def covariance(
        self, x: npt.ArrayLike, y: npt.ArrayLike, lag: int = 0
    ) -> FloatArray:
        r"""Return :math:`\operatorname{E} a_t(x)\, a_{t+k}(y)`, without the noise.

        Parameters
        ----------
        x, y
            Unit vectors, shapes ``(n, 3)`` and ``(m, 3)``.
        lag
            Steps k by which the second is later; at least 0.

        Returns
        -------
        ndarray
            Shape ``(n, m)``.
        """
        steps = integer_argument("lag", lag, 0)
        first, second = vertex_positions(x), vertex_positions(y)
        cosine = np.clip(_eastward(first, steps * self.speed) @ second.T, -1, 1)
        coefficients = (2 * np.arange(self.L) + 1) / (4 * np.pi) * self.spectrum
        at_lag = legval(cosine, coefficients)
        return np.asarray(self.persistence**steps * at_lag)

    def sample(self, xyz: npt.ArrayLike, n_times: int, seed: int = 0) -> FloatArray:
        """Draw reports of stations: anomalies and noise.

        Parameters
        ----------
        xyz
            Unit vectors of the stations, shape ``(V, 3)``.
        n_times
            Number of times.
        seed
            Seed of all that is random.

        Returns
        -------
        ndarray
            Shape ``(n_times, V)``.
        """
        points = vertex_positions(xyz)
        count = integer_argument("n_times", n_times, 1)
        random = np.random.default_rng(integer_argument("seed", seed, 0))
        root, harmonics = np.sqrt(self._variances), self._harmonics(points)
        state = root * random.standard_normal(len(root))
        found = np.empty((count, len(points)))
        fresh = np.sqrt(1 - self.persistence**2)
        for t in range(count):
            found[t] = harmonics @ state
            new = root * random.standard_normal(len(root))
            state = self._moved(state) + fresh * new
        return found + self.noise * random.standard_normal(found.shape)

    def predictor(self, xyz: npt.ArrayLike, n_past: int) -> tuple[FloatArray, float]:
        """Return the best linear prediction of the next reports from the last ones.

        It is the conditional mean, kriging in space and time, which no function of the
        same reports has a lower mean squared error than.

        Parameters
        ----------
        xyz
            Unit vectors of the stations, shape ``(V, 3)``.
        n_past
            Number of past times that are known, of all stations.

        Returns
        -------
        weights : ndarray
            Shape ``(V, n_past, V)``: of each report (time, oldest first, and station)
            in the prediction of each station.
        error : float
            Mean squared error of the prediction of a report, noise included.
        """
        points = vertex_positions(xyz)
        past = integer_argument("n_past", n_past, 1)
        n = len(points)
        lags = [self.covariance(points, points, lag) for lag in range(past + 1)]
        blocks = [
            [lags[t - s] if t >= s else lags[s - t].T for t in range(past)]
            for s in range(past)
        ]
        # Row s of the known ones is s - past steps before the first unknown.
        known = np.block(blocks) + self.noise**2 * np.eye(past * n)
        cross = np.concatenate([lags[past - s] for s in range(past)])
        weights = cho_solve(cho_factor(known), cross)
        explained = float((weights * cross).sum()) / n
        error = self.spread**2 + self.noise**2 - explained
        return np.asarray(weights.T.reshape(n, past, n)), error

    def filter_error(self, xyz: npt.ArrayLike) -> float:
        """Return the mean squared error of predictions from the whole past.

        That of the Kalman filter of the coefficients once it has converged: the limit
        of :meth:`predictor` for many past times.

        Parameters
        ----------
        xyz
            Unit vectors of the stations, shape ``(V, 3)``.
        """
        points = vertex_positions(xyz)
        harmonics, variances = self._harmonics(points), self._variances
        renewed = np.diag((1 - self.persistence**2) * variances)
        predicted = np.diag(variances)
        noise = self.noise**2 * np.eye(len(points))
        before = np.inf
        for _ in range(_MOST_STEPS):
            seen = harmonics @ predicted
            reported = seen @ harmonics.T
            error = float(np.trace(reported)) / len(points)
            if abs(before - error) <= _CONVERGED * error:
                break
            before = error
            gain = cho_solve(cho_factor(reported + noise), seen)
            updated = predicted - seen.T @ gain
            turned = self._moved(self._moved(updated).T)
            predicted = (turned + turned.T) / 2 + renewed
        return error + self.noise**2

    @property
    def _variances(self) -> FloatArray:
        """Variance of each coefficient, row l² + l + m."""
        return np.repeat(self.spectrum, 2 * np.arange(self.L) + 1)

    def _harmonics(self, xyz: FloatArray) -> FloatArray:
        theta = np.arctan2(np.hypot(xyz[:, 0], xyz[:, 1]), xyz[:, 2])
        phi = np.arctan2(xyz[:, 1], xyz[:, 0]) % (2 * np.pi)
        return spherical_harmonics(theta, phi, self.L)

    def _moved(self, state: npt.NDArray[Any]) -> FloatArray:
        """Return coefficients ``(L², ...)`` one step later, without what is new."""
        degree = np.repeat(np.arange(self.L), 2 * np.arange(self.L) + 1)
        order = np.arange(self.L**2) - degree**2 - degree
        other = degree**2 + degree - order
        angle = (order * np.deg2rad(self.speed)).reshape(-1, *[1] * (state.ndim - 1))
        # Row -m holds the sine, so that angles of negative orders have the right sign.
        return np.asarray(
            self.persistence * (np.cos(angle) * state - np.sin(angle) * state[other])
        )


def _eastward(xyz: FloatArray, degrees: float) -> FloatArray:
    """Turn points to the east."""
    angle = np.deg2rad(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    return np.asarray(xyz @ turn.T)

"""Associated Legendre functions, normalised, at many points."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from deepsphere_pyg.metrics.harmonic_coefficients import (
    FloatArray,
    coefficient_count,
)

# Tables up to this size are kept; larger ones are computed again at each pass.
KEPT_BYTES = 1 << 30


class LegendreTable:
    r"""Values of :math:`\bar P_l^m(\cos\theta)`, order by order.

    Normalised so that :math:`Y_{lm} = \bar P_l^m(\cos\theta) e^{im\phi}` is
    orthonormal on the sphere, with the Condon-Shortley phase:

    .. math::
        \bar P_m^m &= -\sqrt{\tfrac{2m+1}{2m}} \sin\theta\, \bar P_{m-1}^{m-1}, \quad
        \bar P_0^0 = \tfrac{1}{\sqrt{4\pi}} \\
        \bar P_l^m &= a_l^m (\cos\theta\, \bar P_{l-1}^m - \bar P_{l-2}^m / a_{l-1}^m),
        \quad a_l^m = \sqrt{\tfrac{4l^2-1}{l^2-m^2}}

    Parameters
    ----------
    theta
        Colatitudes in radian, shape ``(V,)``.
    lmax
        Largest degree.

    Notes
    -----
    Near the poles, :math:`\sin^m\theta` underflows to zero for large m, where the
    functions themselves are below 1e-300 up to degrees of a thousand.
    """

    def __init__(self, theta: FloatArray, lmax: int) -> None:
        self.theta = theta
        self.lmax = lmax
        self._cos = np.cos(theta)
        self._sin = np.sin(theta)
        size = coefficient_count(lmax) * len(theta) * 8
        self._kept = list(self._computed(lmax)) if size <= KEPT_BYTES else None

    def orders(self, lmax: int) -> Iterator[tuple[int, FloatArray]]:
        """Yield each order m with its degrees m to ``lmax``, ``(lmax + 1 - m, V)``.

        ``lmax`` is at most the table's own.
        """
        if self._kept is None:
            yield from self._computed(lmax)
            return
        for m, values in enumerate(self._kept[: lmax + 1]):
            yield m, values[1][: lmax + 1 - m]

    def _computed(self, lmax: int) -> Iterator[tuple[int, FloatArray]]:
        diagonal = np.full(len(self.theta), 1 / math.sqrt(4 * math.pi))
        for m in range(lmax + 1):
            if m:
                diagonal = diagonal * self._sin * -math.sqrt((2 * m + 1) / (2 * m))
            values = np.empty((lmax + 1 - m, len(self.theta)))
            values[0] = diagonal
            previous = 0.0
            for degree in range(m + 1, lmax + 1):
                factor = math.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
                row = values[degree - m]
                np.multiply(self._cos, values[degree - m - 1], out=row)
                if previous:
                    row -= values[degree - m - 2] / previous
                row *= factor
                previous = factor
            yield m, values

"""Sums of Legendre polynomials and their like for spin, over many pairs of points."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from samplings.arrays import FloatArray

# Spacing of the table's nodes, in units of the shortest wavelength over 2 pi. Six-point
# interpolation then has an error of at most 4e-12 of 1 - P_l, as tests verify.
STEP = 0.03
# Nodes beyond either end of the angles, for all six points.
MARGIN = 3
# Entries processed at once, which fit in the processor's cache.
CHUNK = 1 << 15


def one_minus_legendre(
    u: FloatArray, degrees: int, spin: int = 0
) -> Iterator[FloatArray]:
    r"""Yield :math:`(1 - d^l_{ss}(x)) / u` for l = 0, 1, ..., where :math:`u = 1 - x`.

    For spin s = 0, Wigner's :math:`d^l_{00}` is the Legendre polynomial :math:`P_l`.
    With the chord d between two unit vectors, :math:`u = d^2 / 2` is known to its last
    digit however close they are, and the recurrence

    .. math::
        \frac{(l + 1)^2 - s^2}{l + 1} (d^{l+1} - d^l) =
            \frac{l^2 - s^2}{l} (d^l - d^{l-1}) - (2l + 1) u \, d^l

    divided by u never subtracts numbers that nearly agree. At :math:`u = 0` the limit
    is :math:`(l (l + 1) - s^2) / 2`. ``u`` has any shape, from 0 to 2; ``degrees`` is
    their number. There are no degrees below s: zeros stand for them. The same array is
    yielded every time: copy what you keep.

    Source: Varshalovich, Moskalev and Khersonskii 1988, "Quantum theory of angular
    momentum", section 4.8, equation 16, rearranged.
    """
    total = np.zeros_like(u)
    for _ in range(min(spin, degrees)):
        yield total
    change = np.zeros_like(u)
    # d^s = (1 - u/2)^s; 1 - d^s is summed as a geometric series times u/2.
    legendre = np.ones_like(u)
    for _ in range(spin):
        total += 0.5 * legendre
        legendre *= 1 - u / 2
    for degree in range(spin, degrees):
        yield total
        legendre *= 2 * degree + 1
        if degree:
            change *= (degree**2 - spin**2) / degree
        change += legendre
        change /= ((degree + 1) ** 2 - spin**2) / (degree + 1)
        total += change
        np.multiply(u, total, out=legendre)
        np.subtract(1, legendre, out=legendre)


class LegendreTable:
    r"""Nodes in the angle between which all :math:`(1 - P_l)/u` are interpolated.

    For fields of spin s, :math:`d^l_{ss}` stands for :math:`P_l`, here and below. The
    functions are even in the angle and scale with l, so that equal steps serve all
    of them, up to the antipodes. As interpolation is linear in the values at the nodes,
    a sum over pairs :math:`\sum_p c_p (1 - P_l(x_p))` for every degree costs one pass
    over the pairs, which spreads the :math:`c_p` to the nodes (:meth:`spread`), and a
    sum over the few nodes for each degree (:meth:`sums`).

    ``longest`` is the longest chord, and ``degrees`` the number of degrees from 0 on.
    """

    def __init__(self, longest: float, degrees: int, spin: int = 0) -> None:
        widest = 2 * float(np.arcsin(min(longest / 2, 1)))
        # Low degrees alone need fewer, but 32 cost nothing.
        count = max(32, int(np.ceil(widest * degrees / STEP)))
        self.degrees, self.spin = degrees, spin
        self.step = max(widest, 1e-15) / count
        angle = self.step * np.arange(-MARGIN, count + MARGIN + 1)
        self.nodes: FloatArray = np.asarray(2 * np.sin(angle / 2) ** 2)

    def spread(self, squared: FloatArray, weights: FloatArray) -> FloatArray:
        """Spread ``weights`` of pairs, by squared chord, to the nodes."""
        spread = np.zeros(len(self.nodes))
        squared, weights = squared.ravel(), weights.ravel()
        for start in range(0, len(squared), CHUNK):
            part = slice(start, start + CHUNK)
            first, lagrange = self._lagrange(squared[part])
            amount = weights[part] * squared[part] * 0.5
            for i, share in enumerate(lagrange):
                share *= amount
                spread += np.bincount(first + i, share, minlength=len(spread))
        return spread

    def sums(self, spread: FloatArray) -> FloatArray:
        """Return the sums of ``weights * (1 - P_l)`` for every degree."""
        table = one_minus_legendre(self.nodes, self.degrees, self.spin)
        return np.array([spread @ values for values in table])

    def combine(self, *factors: FloatArray) -> FloatArray:
        """Return sums over l of ``factor[l] * (1 - P_l) / u``, one row per factor."""
        combined = np.zeros((len(factors), len(self.nodes)))
        table = one_minus_legendre(self.nodes, self.degrees, self.spin)
        for degree, values in enumerate(table):
            for row, factor in zip(combined, factors, strict=True):
                row += factor[degree] * values
        return combined

    def interpolate(self, values: FloatArray, squared: FloatArray) -> FloatArray:
        """Return u times the function with ``values`` at the nodes."""
        result = np.empty(squared.size)
        flat = squared.ravel()
        for start in range(0, len(flat), CHUNK):
            part = slice(start, start + CHUNK)
            first, lagrange = self._lagrange(flat[part])
            total = values[first] * lagrange[0]
            for i, share in enumerate(lagrange[1:], 1):
                total += values[first + i] * share
            total *= flat[part]
            np.multiply(total, 0.5, out=result[part])
        return result.reshape(squared.shape)

    def _lagrange(self, squared: FloatArray) -> tuple[np.ndarray, list[FloatArray]]:
        """Return the first of six nodes around each angle, and the six weights."""
        place = np.sqrt(squared)
        place *= 0.5
        np.minimum(place, 1, out=place)
        np.arcsin(place, out=place)
        place *= 2 / self.step
        cell = place.astype(np.int64)
        x = place - cell
        a, b, c = x + 2, x + 1, x
        d, e, f = x - 1, x - 2, x - 3
        ab, cd, ef = a * b, c * d, e * f
        weights = [
            b * cd * ef * (-1 / 120),
            a * cd * ef * (1 / 24),
            ab * d * ef * (-1 / 12),
            ab * c * ef * (1 / 12),
            ab * cd * f * (-1 / 24),
            ab * cd * e * (1 / 120),
        ]
        return cell + (MARGIN - 2), weights

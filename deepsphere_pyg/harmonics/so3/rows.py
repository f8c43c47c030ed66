"""Coefficients of functions on SO(3): their rows, and waves in alpha and gamma."""

from __future__ import annotations

from typing import NamedTuple, SupportsIndex

import numpy as np
import scipy.sparse as sp

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.rotations.wigner_d import checked_bandlimits
from samplings.arrays import IntArray


def so3_layout(L: SupportsIndex, N: SupportsIndex | None = None) -> HarmonicLayout:
    r"""Return the layout of functions on SO(3): :math:`\tau_l = \min(2l+1, 2N-1)`.

    .. math::
        F(R) = \sum_{l<L} \sum_{|n| < \min(l+1, N)} \sum_m f^l_{mn}
        \sqrt{\tfrac{2l+1}{8\pi^2}} D^l_{mn}(R)

    with the real matrices of :func:`wigner_matrices`. The functions are real and
    orthonormal. Fragment t holds the order n = t - min(l, N - 1); a rotation of F,
    :math:`F(R_0^{-1} R)`, multiplies each fragment by :math:`D^l(R_0)`.

    Parameters
    ----------
    L
        Bandlimit: degrees below L.
    N
        Azimuthal bandlimit, at most L: orders :math:`|n| < N`; by default L.

    Raises
    ------
    TypeError, ValueError
        If one is not an integer, below 1, or N is above L.

    Notes
    -----
    A function f on the sphere is the function :math:`F(R) = f(R z)` on SO(3), which
    has order n = 0 only: :math:`f^l_{m0} = \sqrt{2\pi} f_{lm}`.

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 2; McEwen et al. 2015
    (arXiv:1508.03101) for N.

    Examples
    --------
    >>> so3_layout(4, 2)
    HarmonicLayout(L=4, tau=(1, 3, 3, 3))
    """
    bandlimit, azimuthal = checked_bandlimits(L, N)
    return HarmonicLayout(
        bandlimit, [2 * min(degree, azimuthal - 1) + 1 for degree in range(bandlimit)]
    )


class WaveRows(NamedTuple):
    r"""Rows of waves :math:`e^{i(p\alpha + n\gamma)}`: order p, order n, degree.

    Orders n are 1 - N ... N - 1, degrees p ... L - 1, though there is nothing below
    :math:`|n|`. Shapes ``(R,)`` with R = (2N - 1) L (L + 1) / 2.
    """

    p: IntArray
    n: IntArray
    degree: IntArray


def wave_rows(L: int, N: int) -> WaveRows:
    """Return what the rows of waves are."""
    orders = np.arange(1 - N, N)
    parts = [np.broadcast_arrays(p, orders[:, None], np.arange(p, L)) for p in range(L)]
    return WaveRows(
        *(np.concatenate([part[axis].ravel() for part in parts]) for axis in range(3))
    )


def wave_starts(L: int, N: int) -> list[int]:
    """First row of each order p, and the number of rows."""
    return [(2 * N - 1) * (p * L - p * (p - 1) // 2) for p in range(L + 1)]


def wave_matrix(L: int, N: int) -> sp.csr_array:
    r"""Return the matrix of coefficients to waves, shape ``(2 R, rows)``.

    .. math::
        F = \sum_{n} \hat F_{0n} e^{in\gamma}
        + 2 \operatorname{Re} \sum_{p>0,n} \hat F_{pn} e^{i(p\alpha+n\gamma)}, \quad
        \hat F_{pn}(\beta)
        = \sum_l \sqrt{\tfrac{2l+1}{16\pi^2}} \delta^l_{pn}(\beta) X^l_{pn}

    where rows are the real parts of all :math:`X^l_{pn}` of the first order p, then
    their imaginary parts, then those of the next.
    """
    p, n, degree = wave_rows(L, N)
    starts = np.array(wave_starts(L, N))
    q, there = np.abs(n), np.maximum(p, np.abs(n)) <= degree
    # Each part is the sum of two coefficients, of which one may have the factor 0.
    half = np.where((p > 0) & (q > 0), np.sqrt(0.5), 1.0)
    half[(p == 0) & (q == 0)] = np.sqrt(2)
    both = np.where((p > 0) & (q > 0), half * np.sign(n), 0.0)
    sign = np.where(n > 0, 1.0, -1.0)
    entries = (
        # real: (p, q) +- (-p, -q)
        (0, p, q, half),
        (0, -p, -q, both),
        # imaginary: +-(p, -q) - (-p, q); only the one that there is, if p or q is 0
        (1, p, -q, np.where(q > 0, half * sign, 0.0)),
        (1, -p, q, np.where(p > 0, -half, 0.0)),
    )
    row, column, value = [], [], []
    for part, m, order, factor in entries:
        kept = np.flatnonzero(there & (factor != 0))
        row.append(starts[p[kept]] + part * np.diff(starts)[p[kept]] + kept)
        column.append(_row(degree[kept], m[kept], order[kept], N))
        value.append(factor[kept])
    shape = (2 * len(p), so3_layout(L, N).n_rows)
    entries_of = (np.concatenate(row), np.concatenate(column))
    return sp.coo_array((np.concatenate(value), entries_of), shape=shape).tocsr()


def _row(degree: IntArray, m: IntArray, n: IntArray, N: int) -> IntArray:
    """Rows of coefficients in :func:`so3_layout`."""
    l = np.arange(int(degree.max(initial=0)) + 2)  # noqa: E741
    sizes = (2 * np.minimum(l, N - 1) + 1) * (2 * l + 1)
    offset = np.cumsum(sizes) - sizes
    fragment = n + np.minimum(degree, N - 1)
    return np.asarray(offset[degree] + fragment * (2 * degree + 1) + m + degree)

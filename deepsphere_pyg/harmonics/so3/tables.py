"""Rows of coefficients of functions on SO(3), and tables of their transforms."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import scipy.sparse as sp

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.rotations.wigner_d import checked_bandlimits
from deepsphere_pyg.harmonics.rotations.wigner_recursion import real_part, wedges
from samplings import SO3Grid
from samplings.arrays import FloatArray, IntArray
from samplings.schemes.quadrature import gauss_legendre


def so3_layout(L: SupportsIndex, N: SupportsIndex | None = None) -> HarmonicLayout:
    r"""Return the layout of functions on SO(3): :math:`\tau_l = \min(2l+1, 2N-1)`.

    .. math::
        F(R) = \sum_{l<L} \sum_{|n| < \min(l+1, N)} \sum_m f^l_{mn}
        \sqrt{\tfrac{2l+1}{8\pi^2}} D^l_{mn}(R)

    with the real matrices of :func:`wigner_matrices`. The functions are real and
    orthonormal. Fragment t has the order n = t - min(l, N - 1); rotating F to
    :math:`F(R_0^{-1} R)` multiplies each fragment by :math:`D^l(R_0)`.

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


def _wave_rows(L: int, N: int) -> list[IntArray]:
    r"""Return order p, order n and degree of waves :math:`e^{i(p\alpha + n\gamma)}`.

    Orders n are 1 - N ... N - 1, degrees p ... L - 1; those below :math:`|n|` are
    zero. Shapes ``(R,)`` with R = (2N - 1) L (L + 1) / 2.
    """
    orders = np.arange(1 - N, N)
    parts = [np.broadcast_arrays(p, orders[:, None], np.arange(p, L)) for p in range(L)]
    return [np.concatenate([part[axis].ravel() for part in parts]) for axis in range(3)]


def wave_starts(L: int, N: int) -> list[int]:
    """Return the first row of each order p, and the number of rows."""
    return [(2 * N - 1) * (p * L - p * (p - 1) // 2) for p in range(L + 1)]


def wave_matrix(L: int, N: int) -> sp.csr_array:
    r"""Return the matrix of coefficients to waves, shape ``(2 R, rows)``.

    .. math::
        F = \sum_{n} \hat F_{0n} e^{in\gamma}
        + 2 \operatorname{Re} \sum_{p>0,n} \hat F_{pn} e^{i(p\alpha+n\gamma)}, \quad
        \hat F_{pn}(\beta)
        = \sum_l \sqrt{\tfrac{2l+1}{16\pi^2}} \delta^l_{pn}(\beta) X^l_{pn}

    Rows are the real parts of all :math:`X^l_{pn}` of the first order p, then their
    imaginary parts, then those of the next order.
    """
    p, n, degree = _wave_rows(L, N)
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
        # imaginary: +-(p, -q) - (-p, q); only one of them if p or q is 0
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
    """Return the rows of coefficients in :func:`so3_layout`."""
    l = np.arange(int(degree.max(initial=0)) + 2)  # noqa: E741
    sizes = (2 * np.minimum(l, N - 1) + 1) * (2 * l + 1)
    offset = np.cumsum(sizes) - sizes
    fragment = n + np.minimum(degree, N - 1)
    return np.asarray(offset[degree] + fragment * (2 * degree + 1) + m + degree)


def synthesis_table(beta: FloatArray, L: int, N: int) -> FloatArray:
    r"""Return :math:`\sqrt{(2l+1)/16\pi^2} \, \delta^l_{pn}(\beta)`, shape ``(R, T)``.

    Rows are those of :func:`_wave_rows`, zero where :math:`l < |n|`.
    """
    starts = np.array(wave_starts(L, N))
    table = np.zeros((starts[-1], len(beta)))
    for degree, values in wedges(beta, L, N):
        k = min(degree, N - 1)
        p = np.arange(degree + 1)[:, None]
        n = np.arange(-k, k + 1)
        rows = starts[p] + (n + N - 1) * (L - p) + degree - p
        scale = np.sqrt((2 * degree + 1) / (16 * np.pi**2))
        table[rows] = scale * real_part(values, p, n, N)
    return table


def analysis_table(grid: SO3Grid, L: int, N: int) -> FloatArray:
    r"""Return the inverse of :func:`synthesis_table` on the grid's rings, ``(R, T)``.

    .. math:: w_t \sqrt{(2l+1)/16\pi^2} \, \delta^l_{pn}(\beta_t)

    with quadrature weights w, exact for such products except on the L rings of McEwen
    and Wiaux: there, functions are first interpolated to Gauss-Legendre rings.
    """
    _, n_alpha, n_gamma = grid.shape
    measure = 4 * np.pi**2 / (n_alpha * n_gamma)
    if grid.scheme != "mcewen-wiaux":
        return synthesis_table(grid.beta, L, N) * (measure * grid.beta_weights)
    rule = gauss_legendre(grid.L)
    table = synthesis_table(rule.theta, L, N) * (measure * rule.weights)
    p, n, _ = _wave_rows(L, N)
    for parity in range(2):
        rows = (p + n) % 2 == parity
        table[rows] = table[rows] @ interpolation(rule.theta, grid.L, parity)
    return table


def alpha_waves(alpha: FloatArray, L: int) -> FloatArray:
    r"""Return the sum over orders p as a matrix, shape ``(n_alpha, 2 L)``.

    .. math:: F = Y_0 + 2 \operatorname{Re} \sum_{p>0} Y_p e^{ip\alpha}

    Columns belong to the real parts of all :math:`Y_p`, then to the imaginary ones.
    """
    phase = alpha[:, None] * np.arange(L)
    twice = np.where(np.arange(L) > 0, 2.0, 1.0)
    return np.concatenate([twice * np.cos(phase), -twice * np.sin(phase)], axis=1)


def gamma_waves(gamma: FloatArray, N: int) -> FloatArray:
    r"""Return the sum over orders n as a matrix, shape ``(2 n_gamma, 2 (2N - 1))``.

    .. math:: Y = \sum_{|n|<N} \hat F_n e^{in\gamma}

    Rows are the real and the imaginary part of each Y, columns those of each
    :math:`\hat F_n`.
    """
    phase = gamma[:, None] * np.arange(1 - N, N)
    c, s = np.cos(phase), np.sin(phase)
    parts = np.array([[c, -s], [s, c]])
    return parts.transpose(2, 0, 3, 1).reshape(2 * len(gamma), 2 * (2 * N - 1))


def interpolation(theta: FloatArray, L: int, parity: int) -> FloatArray:
    r"""Return the interpolation from L McEwen-Wiaux rings to T others, ``(T, L)``.

    Waves of order p in :math:`\alpha` and n in :math:`\gamma`, continued over the whole
    circle of :math:`\beta`, are even (``parity`` 0: p + n even) or odd sums of
    :math:`e^{ik\beta}`, :math:`|k| < L`. The L rings become 2L - 1 equally spaced
    points, from which Dirichlet's kernel interpolates such sums. The new rings must
    differ from those.
    """
    around = 2 * L - 1
    rings = (2 * np.arange(L) + 1) * (np.pi / around)

    def kernel(angle: FloatArray) -> FloatArray:
        return np.asarray(np.sin(around * angle / 2) / (around * np.sin(angle / 2)))

    sign = 1 - 2 * parity
    matrix = kernel(theta[:, None] - rings) + sign * kernel(theta[:, None] + rings)
    # The south pole occurs once on the circle; an odd function vanishes there.
    matrix[:, -1] *= 0.5 if parity == 0 else 0.0
    return matrix

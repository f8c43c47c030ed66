"""Tables of the Wigner transforms: small d on rings of beta."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.harmonics.rotations.wigner_recursion import real_part, wedges
from deepsphere_pyg.harmonics.so3.rows import wave_rows, wave_starts
from samplings import SO3Grid
from samplings.arrays import FloatArray
from samplings.schemes.quadrature import gauss_legendre


def synthesis_table(beta: FloatArray, L: int, N: int) -> FloatArray:
    r"""Return :math:`\sqrt{(2l+1)/16\pi^2} \, \delta^l_{pn}(\beta)`, shape ``(R, T)``.

    Rows are those of :func:`wave_rows`, zero where :math:`l < |n|`.
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
    r"""Return what inverts :func:`synthesis_table` on the rings of a grid, ``(R, T)``.

    .. math:: w_t \sqrt{(2l+1)/16\pi^2} \, \delta^l_{pn}(\beta_t)

    with the quadrature weights w of points, which are exact for such products but on
    the L rings of McEwen and Wiaux, where functions are interpolated on the rings of
    Gauss and Legendre first.
    """
    _, n_alpha, n_gamma = grid.shape
    measure = 4 * np.pi**2 / (n_alpha * n_gamma)
    if grid.scheme != "mcewen-wiaux":
        return synthesis_table(grid.beta, L, N) * (measure * grid.beta_weights)
    rule = gauss_legendre(grid.bandlimit)
    table = synthesis_table(rule.theta, L, N) * (measure * rule.weights)
    p, n, _ = wave_rows(L, N)
    for parity in range(2):
        rows = (p + n) % 2 == parity
        table[rows] = table[rows] @ interpolation(rule.theta, grid.bandlimit, parity)
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
    r"""Return the matrix of values on the rings of McEwen and Wiaux to other ones.

    Waves of order p in :math:`\alpha` and n in :math:`\gamma` are, continued over the
    whole circle of :math:`\beta`, even (p + n even) or odd sums of :math:`e^{ik\beta}`,
    :math:`|k| < L`. So continued, the L rings are 2L - 1 equally spaced points, from
    which such sums are interpolated by Dirichlet's kernel.

    Parameters
    ----------
    theta
        Rings to interpolate on, none of them one of McEwen and Wiaux's,
        shape ``(T,)``.
    L
        Number of rings, the last at :math:`\pi`.
    parity
        0 for even functions, 1 for odd ones.

    Returns
    -------
    numpy.ndarray
        Shape ``(T, L)``.
    """
    around = 2 * L - 1
    rings = (2 * np.arange(L) + 1) * (np.pi / around)

    def kernel(angle: FloatArray) -> FloatArray:
        return np.asarray(np.sin(around * angle / 2) / (around * np.sin(angle / 2)))

    sign = 1 - 2 * parity
    matrix = kernel(theta[:, None] - rings) + sign * kernel(theta[:, None] + rings)
    # The south pole stands once on the circle; an odd function vanishes there.
    matrix[:, -1] *= 0.5 if parity == 0 else 0.0
    return matrix

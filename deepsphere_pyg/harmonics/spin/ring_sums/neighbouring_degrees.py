r"""Spin harmonics from Legendre functions of neighbouring degrees.

:math:`\sin^s\theta` times a harmonic of spin s is a sum of 2s + 1 scalar ones, since
the sine is a Wigner function of degree 1, and products of these are sums of them:

.. math::
    \sin\theta \, d^l_{ms} = -\sqrt2 \sum_{k=-1}^{1} \langle l m 1 0 | l{+}k, m \rangle
    \langle l s 1 {-1} | l{+}k, s{-}1 \rangle \, d^{l+k}_{m,s-1}

Source: Varshalovich et al. 1988, Quantum Theory of Angular Momentum, 4.6.1 and 8.5.2.
"""

from __future__ import annotations

import numpy as np

from samplings.arrays import FloatArray, IntArray


def neighbouring_degrees(l: IntArray, m: IntArray, spin: int) -> FloatArray:  # noqa: E741
    r"""Return the weights of the degrees l - s ... l + s in functions of spin s.

    Times :math:`\sqrt2 \bar P_{l+k}^m` (no root at m = 0), those with k - s even add up
    to :math:`\sin^s\theta \, A_{lm}` of :func:`.spin_functions`, the others to
    :math:`\sin^s\theta \, C_{lm}`.

    Parameters
    ----------
    l, m
        Degrees and orders, whose shapes fit together.
    spin
        Spin s, above 0.

    Returns
    -------
    ndarray
        Shape ``(2 * s + 1, *shape)``; zero where there is no such degree or function.
    """
    first = np.where(l >= np.maximum(m, spin), -np.sqrt(2 * l + 1.0), 0.0)
    weights = np.zeros((2 * spin + 1, *first.shape))
    weights[spin] = first
    for s in range(spin, 0, -1):
        lowered = np.zeros_like(weights)
        for k in range(s - spin, spin - s + 1):
            found = weights[spin + k]
            for step, factor in enumerate(_products_with_sine(l + k, m, s), -1):
                lowered[spin + k + step] += np.where(found == 0, 0.0, factor) * found
        weights = lowered
    degrees = l + np.arange(-spin, spin + 1).reshape(-1, *[1] * first.ndim)
    return np.asarray(weights / np.sqrt(2 * np.maximum(degrees, 0) + 1))


def _products_with_sine(
    l: IntArray,  # noqa: E741
    m: IntArray,
    s: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""Return the terms of degrees l - 1, l, l + 1 in :math:`\sin\theta d^l_{ms}`."""
    l = np.maximum(l, 1)  # noqa: E741
    below = np.sqrt(np.maximum(l * l - m * m, 0) * (l + s) * (l + s - 1.0))
    equal = -m * np.sqrt(np.maximum(l - s + 1, 0) * (l + s))
    after = l + 1
    above = -np.sqrt(
        np.maximum(after * after - m * m, 0) * np.maximum((l - s + 1) * (l - s + 2), 0)
    )
    return (
        below / (l * (2 * l + 1)),
        equal / (l * after),
        above / (after * (2 * l + 1)),
    )

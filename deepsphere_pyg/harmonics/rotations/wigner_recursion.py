"""Recursion over degrees of Wigner's small d."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from samplings.arrays import FloatArray, IntArray

# The recursion starts from values as small as (l / L)**(2l), at worst exp(-2 L / e),
# which float64 can represent up to this bandlimit.
_LARGEST_BANDLIMIT = 900


def refuse_beyond_recursion(L: int) -> None:
    """Raise ``ValueError`` if L is above 900: the first values would underflow."""
    if L > _LARGEST_BANDLIMIT:
        raise ValueError(
            f"L must be at most {_LARGEST_BANDLIMIT}, got {L}: Wigner's recursion "
            "starts from values too small for float64; lower L"
        )


def real_part(values: FloatArray, m: IntArray, n: IntArray, N: int) -> FloatArray:
    r"""Small d between functions :math:`\bar P_l^m e^{im\varphi}`, for :math:`m \ge 0`.

    They differ from the complex harmonics by the Condon-Shortley phase:
    :math:`\delta_{mn} = (-1)^{m + \max(n, 0)} d_{mn}`. ``values`` and N are those of
    :func:`wedges`; orders m and n are broadcast. Shape ``(*orders, T)``.
    """
    sign = 1 - 2 * ((m + np.maximum(n, 0)) % 2)
    return any_orders(values, m, n, N) * sign[..., None]


def any_orders(values: FloatArray, m: IntArray, n: IntArray, N: int) -> FloatArray:
    """Small d of any orders from the values of :func:`wedges`, ``(*orders, T)``."""
    m, n = np.broadcast_arrays(m, n)
    odd = (m - n) % 2 == 1
    # d(m, n) = (-1)^(m-n) d(-m, -n) = (-1)^(m-n) d(n, m) = d(-n, -m)
    negative = odd & (m < 0)
    m, n = np.where(m < 0, -m, m), np.where(m < 0, -n, n)
    above = n > m
    negative ^= odd & above
    m, n = np.where(above, n, m), np.where(above, m, n)
    below = -n > m
    m, n = np.where(below, -n, m), np.where(below, -m, n)
    place = _first_pair(m, N) + n + np.minimum(m, N - 1)
    return np.asarray(values[place] * np.where(negative, -1.0, 1.0)[..., None])


def _first_pair(m: IntArray, N: int) -> IntArray:
    r"""Return the number of pairs (M, n) with M < m and \|n\| <= min(M, N - 1)."""
    inside = np.minimum(m, N)
    return np.asarray(inside**2 + (m - inside) * (2 * N - 1))


def wedges(beta: FloatArray, L: int, N: int) -> Iterator[tuple[int, FloatArray]]:
    r"""Yield d of orders :math:`m \ge |n|`, :math:`|n| < N`, degree after degree.

    Each degree l comes with values of shape ``(pairs, T)`` at the T angles in radian,
    sorted by m, then n, which are overwritten when the next degree is computed.
    """
    refuse_beyond_recursion(L)
    limits = [min(m, N - 1) for m in range(L)]
    m = np.repeat(np.arange(L), [2 * k + 1 for k in limits])
    n = np.concatenate([np.arange(-k, k + 1) for k in limits])
    mirrored = _first_pair(m, N) + np.minimum(m, N - 1) - n
    sine, cosine = np.sin(beta), np.cos(beta)
    # Beyond a right angle, d(m, n) is, up to its sign, that of pi - beta and -n.
    south = cosine < 0
    # 1 - |cos(beta)|, to the last digit.
    small = 2 * np.where(south, np.cos(beta / 2), np.sin(beta / 2)) ** 2
    versine = np.where(np.abs(cosine) < 0.5, 1 - np.abs(cosine), small)
    seed = np.ones((1, len(beta)))
    values = np.zeros((len(m), len(beta)))
    values[0] = seed
    difference = np.zeros_like(values)
    for degree in range(L):
        pairs = int(_first_pair(np.asarray(degree + 1), N))
        known = values[:pairs]
        if south.any():
            known = known.copy()
            sign = 1 - 2 * ((degree + m[:pairs, None]) % 2)
            known[:, south] = sign * values[mirrored[:pairs]][:, south]
        yield degree, known
        if degree + 1 == L:
            return
        growth, memory, curvature = _recurrence(degree, m[:pairs], n[:pairs])
        difference[:pairs] *= memory
        difference[:pairs] -= curvature * (versine * values[:pairs])
        values[:pairs] *= growth
        values[:pairs] += difference[:pairs]
        seed = _next_seed(seed, degree + 1, N, versine / 2, sine / 2)
        values[pairs : pairs + len(seed)] = seed


def _recurrence(
    l: int,  # noqa: E741 (the degree's own letter)
    m: IntArray,
    n: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""Return the factors of a step from degree l to l + 1, as columns.

    With :math:`d^l = \rho_l q_l`, where
    :math:`\rho_l^2 = (l+m)! (l-n)! / (l+n)! (l-m)!` makes q a Jacobi polynomial that is
    constant at :math:`\beta = 0`, and :math:`u = 1 - \cos\beta`,

    .. math::
        q_{l+1} - q_l = \frac{l+1}{(l+1+m)(l+1-n)} \left(
        \frac{(l-m)(l+n)}{l} (q_l - q_{l-1}) - (2l+1) u q_l \right)

    The factors are :math:`\rho_{l+1}/\rho_l`, and its products with the other two.
    """
    above = l + 1
    growth = np.sqrt((above + m) * (above - n) / ((above + n) * (above - m)))
    common = growth * above / ((above + m) * (above - n))
    memory = common * ((l - m) * (l + n) / max(l, 1))
    return growth[:, None], memory[:, None], (common * (2 * l + 1))[:, None]


def _next_seed(
    seed: FloatArray, m: int, N: int, sine_squared: FloatArray, product: FloatArray
) -> FloatArray:
    """Return small d of degree and order m from that of degree and order m - 1.

    ``sine_squared`` is the squared sine of half the angle, ``product`` sine times
    cosine.
    """
    k = min(m - 1, N - 1)
    n = np.arange(-k, k + 1)
    ratio = np.sqrt(2 * m * (2 * m - 1) / ((m + n) * (m - n)))[:, None]
    inner = seed * ratio * -product
    if m >= N:
        return inner
    return np.concatenate(
        [seed[:1] * sine_squared, inner, seed[-1:] * (1 - sine_squared)]
    )

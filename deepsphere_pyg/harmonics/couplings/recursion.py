"""Complex Clebsch-Gordan coefficients of many triples by a stable recursion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplings.arrays import FloatArray, IntArray

# Outside the classical region values grow by less than 4 l^2 < 2^30 per step. Checked
# every 8 steps and scaled down past 2^200, they and their squares do not overflow.
_EVERY, _LARGE = 8, 2.0**200


@dataclass(frozen=True)
class Chains:
    r"""Coefficients :math:`\langle l_1 m_1 l_2 m_2 | l m \rangle` for m >= 0.

    Parameters
    ----------
    values
        One chain after the other, each by ascending m1 (m2 = m - m1), ``(entries,)``.
    origins
        ``origins[chain] + m1`` is the place of m1 in ``values``, shape ``(chains,)``.
        Chains are ordered by triple, then m = 0 ... l.
    firsts
        The chain of m = 0 of each triple, shape ``(T,)``.
    """

    values: FloatArray
    origins: IntArray
    firsts: IntArray


def coupling_chains(degrees: IntArray) -> Chains:
    r"""Return :math:`\langle l_1 m_1 l_2 m_2 | l m \rangle`, m >= 0, for triples.

    For fixed degrees and m the coefficients :math:`f(m_1)` are the eigenvector of
    :math:`J^2 = (J_1 + J_2)^2` to :math:`l (l + 1)`,

    .. math::
        A(m_1) f(m_1 + 1) + A(m_1 - 1) f(m_1 - 1) =
        [l(l+1) - l_1(l_1+1) - l_2(l_2+1) - 2 m_1 m_2]\, f(m_1), \\
        A(m_1)^2 = (l_1 - m_1)(l_1 + m_1 + 1)(l_2 + m_2)(l_2 - m_2 + 1).

    From either end it grows up to the classical region and then oscillates: recursions
    from both ends are stable, and are joined in the middle of that region. The sum of
    squares is one, and the value at the largest :math:`m_1` positive (Condon and
    Shortley).

    Source: Schulten and Gordon 1975, J. Math. Phys. 16, 1961, for the recursions from
    both ends; Luscombe and Luban 1998, Phys. Rev. E 57, 7274, for their stability.
    """
    chains = degrees[:, 2] + 1
    firsts = np.cumsum(chains) - chains
    a, b, c = np.repeat(degrees, chains, axis=0).T
    m = np.arange(len(c)) - np.repeat(firsts, chains)
    low, high = np.maximum(-a, m - b), np.minimum(a, m + b)
    meet, reach = _meeting(a, b, c, m)
    meet = np.clip(meet, low, np.maximum(high - 1, low))
    first, last = np.maximum(meet - reach, low), np.minimum(meet + reach + 1, high)
    # With m -> -m, the recursion from the top becomes one from the bottom.
    flat, places = _rays(
        np.tile(np.stack([a, b, c]), 2),
        np.concatenate([m, -m]),
        np.concatenate([low, -high]),
        np.concatenate([last - low, high - first]) + 1,
    )
    below, above = places.split(len(c))

    # Least squares over several points, some of them far from zeros of the solution.
    products, squares = np.zeros(len(c)), np.zeros(len(c))
    for point in (first, meet - 1, meet, meet + 1, meet + 2, last):
        point = np.clip(point, first, last)
        rising = flat[below.at(point - low)]
        products += rising * flat[above.at(high - point)]
        squares += rising * rising
    scale = products / squares
    # If m = 0, f(-m1) = (-1)^(l1 + l2 + l) f(m1) to the last digit: both recursions
    # agree up to the sign and the steps of _scale_down.
    even = m == 0
    scale[even] = np.sign(scale[even]) * 2 ** np.rint(np.log2(np.abs(scale[even])))

    length = high - low + 1
    starts = np.cumsum(length) - length
    values = np.empty(int(length.sum()))
    chain = np.repeat(np.arange(len(c)), length)
    m1 = np.arange(len(values)) - (starts - low)[chain]
    rising = m1 <= meet[chain]
    one, other = chain[rising], chain[~rising]
    values[rising] = flat[below.at(m1[rising] - low[one], one)] * scale[one]
    values[~rising] = flat[above.at(high[other] - m1[~rising], other)]
    if len(values):
        values /= np.sqrt(np.add.reduceat(values * values, starts))[chain]
    return Chains(values, starts - low, firsts)


def _meeting(
    a: IntArray, b: IntArray, c: IntArray, m: IntArray
) -> tuple[IntArray, IntArray]:
    r"""Return the middle m1 of the classical region, and a quarter of its half width.

    With the squares :math:`A = (l_1 + 1/2)^2`, B, C of the lengths of the vectors, the
    region is where the triangle they form, tilted to the height m, can turn. With the
    triangle's area F, its half width is :math:`2 F \sqrt{C - m^2} / C`.
    """
    A, B, C = ((degree + 0.5) ** 2 for degree in (a, b, c))
    area = 4 * A * B - (C - A - B) ** 2
    half_width = np.sqrt(np.maximum(area * (C - m * m), 0)) / (2 * C)
    middle = m * (C + A - B) / (2 * C)
    return np.floor(middle).astype(np.int64), (half_width / 4).astype(np.int64)


@dataclass(frozen=True)
class _Places:
    """Places of the values of rays, which are sorted longest first, by step."""

    steps: IntArray
    ranks: IntArray

    def at(self, step: IntArray, ray: IntArray | None = None) -> IntArray:
        """Return the places of ``step`` of each ray, or of the rays given."""
        ranks = self.ranks if ray is None else self.ranks[ray]
        return np.asarray(self.steps[step] + ranks)

    def split(self, count: int) -> tuple[_Places, _Places]:
        """Return the places of the first ``count`` rays and of the others."""
        first, second = self.ranks[:count], self.ranks[count:]
        return _Places(self.steps, first), _Places(self.steps, second)


def _rays(
    degrees: IntArray, m: IntArray, start: IntArray, length: IntArray
) -> tuple[FloatArray, _Places]:
    """Recur upwards in m1 from ``start``, all rays at once, without normalising.

    Values are kept step by step, and within a step by descending length of the ray, so
    that each step works on contiguous arrays of the rays that have not ended.
    """
    order = np.argsort(-length, kind="stable")
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    alive = len(order) - np.cumsum(np.bincount(length, minlength=1))[:-1]
    steps = np.cumsum(alive) - alive
    flat = np.empty(int(alive.sum()))
    places = _Places(steps, ranks)
    if not len(order):
        return flat, places

    a, b, c = degrees[:, order].astype(np.float64)
    m1 = start[order].astype(np.float64)
    m2 = m[order] - m1
    constant = _square(c) - _square(a) - _square(b)
    flat[: len(order)] = 1
    before, current = np.zeros(len(order)), flat[: len(order)]
    link = np.zeros(len(order))
    for step, count in enumerate(alive[1:].tolist(), 1):
        a, b, constant = a[:count], b[:count], constant[:count]
        m1, m2 = m1[:count], m2[:count]
        onward = (a - m1) * (a + m1 + 1)
        onward *= (b + m2) * (b - m2 + 1)
        np.sqrt(onward, out=onward)
        following = flat[steps[step] : steps[step] + count]
        np.multiply(constant - 2 * m1 * m2, current[:count], out=following)
        following -= link[:count] * before[:count]
        following /= onward
        if step % _EVERY == 0:
            _scale_down(flat, steps, step, following)
        before, current, link = current, following, onward
        m1 += 1
        m2 -= 1
    return flat, places


def _square(degree: FloatArray) -> FloatArray:
    """Return the square of the angular momentum."""
    return degree * (degree + 1)


def _scale_down(
    flat: FloatArray, steps: IntArray, step: int, newest: FloatArray
) -> None:
    """Scale rays that have become large by a power of two, at all their steps."""
    large = np.flatnonzero(np.abs(newest) > _LARGE)
    if large.size:
        flat[steps[: step + 1, None] + large] *= 1 / _LARGE

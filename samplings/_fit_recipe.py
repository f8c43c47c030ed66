"""How much each degree counts in a fit: all choices of the recipes, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from samplings.base import FloatArray


@dataclass(frozen=True)
class Recipe:
    """What a fit does, from heat-kernel weights on.

    Parameters
    ----------
    emphasis
        Weight :math:`p_l` of each degree, from the residuals :math:`r_l` of the weights
        at hand and of the heat kernel that the fit began with, both for l = 1, 2, ...
    rounds
        How often the weights p are renewed and the quadratic problem solved.
    steps
        Products with the matrix in each round, at most.
    """

    emphasis: Callable[[FloatArray, FloatArray], FloatArray]
    rounds: int
    steps: int


def relative_gain(residual: FloatArray, start: FloatArray) -> FloatArray:
    """1 / r_l: what is small relative to the residual of each degree counts alike.

    The sum of r_l p_l with p_l = 1 / r_l is a bound on the sum of log r_l that touches
    it at the weights at hand: rounds of it never raise the mean logarithm. Without the
    floor a degree with no error at all would count for all others.
    """
    return 1 / (residual + 1e-9)


RECIPES = {
    "single": Recipe(lambda r, start: 1 / (r + 1e-6), rounds=1, steps=60),
    "irls": Recipe(relative_gain, rounds=4, steps=120),
}

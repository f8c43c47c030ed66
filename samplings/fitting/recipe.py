"""How much each degree counts in a fit: all choices of the recipes, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from samplings.arrays import FloatArray

# Below this residual, an error of 1.4e-5, all degrees count alike; otherwise one
# without error would outweigh all others.
FLOOR = 1e-10


@dataclass(frozen=True)
class Recipe:
    """Course of a fit that starts from heat-kernel weights.

    Parameters
    ----------
    emphasis
        Weight :math:`p_l` of each degree, from the residuals :math:`r_l` of the present
        weights and of the heat kernel, for l = 1, 2, ...
    rounds
        Number of times that p is renewed and the quadratic problem solved.
    steps
        Most products with the matrix in each round.
    """

    emphasis: Callable[[FloatArray, FloatArray], FloatArray]
    rounds: int
    steps: int

    @property
    def total(self) -> int:
        """Most products in all rounds."""
        return self.rounds * self.steps


def relative(residual: FloatArray, heat: FloatArray) -> FloatArray:
    r"""Least :math:`\sum_l \log r_l`: gains at all degrees count alike.

    :math:`p_l = 1 / r_l` is its gradient. As the logarithm is concave, no round raises
    the sum.
    """
    return 1 / (residual + FLOOR)


def balanced(residual: FloatArray, heat: FloatArray) -> FloatArray:
    r"""As :func:`relative`, but errors above the heat kernel's cost more.

    Least :math:`\sum_l \int (1 + 4 (x/0.9)^6) x^{-0.7} dx` up to :math:`x = r_l / h_l`,
    with the heat kernel's residuals h: a compromise between the sum of the logarithms,
    which sacrifices the highest degrees to low ones, and that of the ratios x; steep
    where x nears one.
    """
    ratio = (residual + FLOOR) / (heat + FLOOR)
    return (1 + 4 * (ratio / 0.9) ** 6) * ratio**0.3 / (residual + FLOOR)


#: Recipes by the names of their weightings.
RECIPES = {
    "fitted": Recipe(balanced, rounds=4, steps=60),
    "fitted-single": Recipe(relative, rounds=1, steps=60),
    "fitted-irls": Recipe(relative, rounds=8, steps=60),
}

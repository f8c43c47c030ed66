"""Rounds of a fit: weigh the degrees anew, solve, and search along the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray
from samplings.base import Sampling
from samplings.fitting.bounded_quadratic import minimise
from samplings.fitting.objective import FitObjective, Scaled
from samplings.fitting.recipe import Recipe

# Added to the diagonal, as a share of it: picks one of many solutions that are equal to
# round-off where a stencil has more edges than there are degrees.
RIDGE = 1e-7
TOLERANCE = 1e-7
# Fractions of a step to try: 1, 1/2, ...
HALVINGS = 6
# Share of the largest below which E|Lf|^2 is round-off.
VANISHING = 1e-24
# Masses stay within this factor of the areas. HEALPix needs 1.3; on stations wider ones
# would keep drifting for a percent of the error.
MASS_RANGE = 2.0
# Width of the best heat kernel for k neighbours: (1.43 + 0.1635 k) / n on HEALPix,
# found by search at k = 8 ... 40.
WIDTH, WIDTH_SLOPE = 1.43 / (4 * np.pi), 0.1635 / (4 * np.pi)


@dataclass(frozen=True)
class FitPoint:
    """Weights and masses, one per orbit, and their moments at degrees 1, 2, ..."""

    weights: FloatArray
    mass: FloatArray
    own: FloatArray
    power: FloatArray

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Degrees on which the operator does not vanish."""
        seen = (self.power > VANISHING * self.power.max()) & (self.own > 0)
        return np.asarray(seen, dtype=np.bool_)

    @property
    def residual(self) -> FloatArray:
        """Share of the image of each degree that is not along it."""
        along = np.ones_like(self.own)
        np.divide(self.own**2, self.power, out=along, where=self.seen)
        return np.maximum(1 - along, 0)

    @property
    def symbol(self) -> FloatArray:
        """Symbol that minimises the residual."""
        symbol = np.ones_like(self.own)
        np.divide(self.power, self.own, out=symbol, where=self.seen)
        return symbol


# Objective, point, emphasis, whether masses are free, products to spend, callback for
# each -> weights of the edges, and changes of the rows' scales.
Solver = Callable[
    [FitObjective, FitPoint, FloatArray, bool, int, Callable[[], None]],
    tuple[FloatArray, FloatArray],
]


def fit(
    objective: FitObjective,
    weights: FloatArray,
    mass: FloatArray,
    recipe: Recipe,
    free_mass: bool,
    progress: Callable[[int, int], None] | None,
    solve: Solver | None = None,
    heat: FloatArray | None = None,
) -> FitPoint:
    """Fit weights, and masses if they are free, starting from the given ones.

    Each round solves one quadratic problem, by conjugate gradients or by ``solve``.
    ``heat`` are the residuals of heat-kernel weights, if the fit starts elsewhere.
    """
    solve = solve or _solve
    done, total = 0, recipe.total

    def step() -> None:
        nonlocal done
        # Steps that meet bounds take more than one product.
        done = min(done + 1, total)
        if progress is not None:
            progress(done, total)

    def evaluate(weights: FloatArray, mass: FloatArray) -> FitPoint:
        return FitPoint(weights, mass, *objective.moments(weights, mass))

    point = evaluate(weights, mass)
    if heat is None:
        heat = point.residual
    for number in range(recipe.rounds):
        done = number * recipe.steps
        emphasis = recipe.emphasis(point.residual, heat) * point.seen
        aim, change = solve(objective, point, emphasis, free_mass, recipe.steps, step)
        best, least = point, float(emphasis @ point.residual)
        # The quadratic function holds to first order in the masses: where they change
        # a lot, as at the poles of regular grids, the whole step may go too far.
        for part in 0.5 ** np.arange(HALVINGS):
            there = evaluate(
                point.weights + part * (aim - point.weights),
                _moved_mass(objective, mass, point.mass, part * change),
            )
            value = float(emphasis @ there.residual)
            if value < least:
                best, least = there, value
            elif best is not point:
                break
        if best is point:
            break
        point = best
    scale = 2 / point.own[0]
    return FitPoint(
        point.weights * scale, point.mass, point.own * scale, point.power * scale**2
    )


def _solve(
    objective: FitObjective,
    point: FitPoint,
    emphasis: FloatArray,
    free_mass: bool,
    steps: int,
    step: Callable[[], None],
) -> tuple[FloatArray, FloatArray]:
    """Return better weights, and the changes of the rows' scales, to first order."""
    function = objective.quadratic(emphasis, point.symbol, point.weights, point.mass)
    n = len(point.weights)
    # In units in which the diagonal is one. Edges between rows without weight stay as
    # they are.
    scale = np.sqrt(function.diagonal)
    scale[scale == 0] = 1
    if not free_mass:
        scale[n:] = np.inf
    solution = minimise(
        Scaled(function, scale, RIDGE).__matmul__,
        function.target / scale,
        np.concatenate([point.weights * scale[:n], np.zeros(len(point.mass))]),
        np.arange(len(scale)) < n,
        steps,
        TOLERANCE,
        step,
    )
    solution /= scale
    return solution[:n], solution[n:]


def _moved_mass(
    objective: FitObjective, area: FloatArray, mass: FloatArray, change: FloatArray
) -> FloatArray:
    """Scale rows by 1 + change; keep masses near the areas, with the same mean."""
    moved = mass / (1 + np.clip(change, -0.5, 1))
    moved *= (objective.share @ area) / (objective.share @ moved)
    return np.clip(moved, area / MASS_RANGE, area * MASS_RANGE)


def start_weights(sampling: Sampling, objective: FitObjective) -> FloatArray:
    r"""Heat-kernel weights of the local width, corrected for areas.

    .. math:: s_{ij} = a_i a_j t_{ij}^{-2} e^{-d_{ij}^2 / 4 t_{ij}}

    approximates the Laplacian for any density of the points; on even points it is the
    heat kernel, of a width near the best.
    """
    rows = objective.pattern.rows
    row = np.repeat(objective.centres, np.diff(rows.indptr))
    areas = sampling.weights[row] * sampling.weights[rows.indices]
    union = objective.pattern.pattern
    t = (WIDTH + WIDTH_SLOPE * union.nnz / len(sampling)) * np.sqrt(areas)
    # Far links keep some weight, so that they can grow.
    heat = np.maximum(np.exp(-(rows.data**2) / (4 * t)), 1e-4)
    weights = heat * areas / t**2
    return objective.pattern.averages(weights / np.median(weights))

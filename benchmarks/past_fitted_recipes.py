"""Fits other than the library's, for ``past_fitted_weights.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
from scipy.special import sph_harm_y

from samplings import HEALPix
from samplings.arrays import FloatArray
from samplings.fitting import rounds as fit_rounds
from samplings.fitting.bounded_quadratic import minimise
from samplings.fitting.recipe import FLOOR, RECIPES, Recipe, relative
from samplings.stencils.symmetry import orbits, vertex_permutations

# Degrees of the paper's curves; lower ones are few.
FIRST_DEGREE = 10


@contextmanager
def registered(method: str | Recipe) -> Iterator[str]:
    """Give a recipe of our own a name for as long as it is needed."""
    if isinstance(method, str):
        yield method
        return
    with patch.dict(RECIPES, {"tried": method}):
        yield "tried"


def power_mean(power: float) -> Recipe:
    r"""Least :math:`\sum_l e_l^{power}`: its gradient by :math:`r_l = e_l^2 / 2`."""

    def emphasis(residual: FloatArray, heat: FloatArray) -> FloatArray:
        return np.asarray((residual + FLOOR) ** (power / 2 - 1), dtype=np.float64)

    return Recipe(emphasis, rounds=8, steps=60)


def high_degrees(residual: FloatArray, heat: FloatArray) -> FloatArray:
    """As ``relative``, for those degrees that the table counts."""
    degree = np.arange(1, len(residual) + 1)
    return np.where(degree >= FIRST_DEGREE, relative(residual, heat), 0.0)


@contextmanager
def signed() -> Iterator[None]:
    """Let weights be negative: the quadratic problem is solved without bounds."""

    def unbounded(
        apply: Callable[[FloatArray], FloatArray],
        target: FloatArray,
        start: FloatArray,
        bounded: np.ndarray,
        *options: Any,
    ) -> FloatArray:
        return minimise(apply, target, start, np.zeros_like(bounded), *options)

    with patch.object(fit_rounds, "minimise", unbounded):
        yield


@contextmanager
def sphere_symbol() -> Iterator[None]:
    """Hold the symbol at the eigenvalues l (l + 1) of the sphere's Laplacian."""

    def symbol(point: fit_rounds.FitPoint) -> FloatArray:
        degree = np.arange(1, len(point.own) + 1)
        return np.asarray(degree * (degree + 1) * point.own[0] / 2)

    with patch.object(fit_rounds.FitPoint, "symbol", property(symbol)):
        yield


def harmonics(sampling: HEALPix, degree: int) -> tuple[FloatArray, np.ndarray]:
    """Harmonics of degree 2 to ``degree`` whose sum over the pixels need not vanish.

    Those that the symmetries of HEALPix keep: even degrees, orders 0, 4, 8, ... Each is
    alike on all pixels of an orbit.

    Shapes
    ------
    ``(F, O)`` values on the orbits, and labels ``(V,)`` of the orbits.
    """
    alike = orbits(len(sampling), vertex_permutations(sampling))
    theta, phi = sampling.theta[alike.first], sampling.phi[alike.first]
    rows = []
    for l in range(2, degree + 1, 2):  # noqa: E741
        for m in range(0, l + 1, 4):
            # Of mean square one over the sphere.
            scale = np.sqrt(4 * np.pi * (1 if m == 0 else 2))
            rows.append(scale * sph_harm_y(l, m, theta, phi).real)
    return np.array(rows), alike.label


def quadrature_masses(sampling: HEALPix, degree: int) -> FloatArray:
    """Masses nearest to equal ones that integrate all degrees up to ``degree``."""
    rows, label = harmonics(sampling, degree)
    root = np.sqrt(np.bincount(label))
    change, *_ = np.linalg.lstsq(rows * root, -(rows @ root**2), rcond=1e-10)
    return np.asarray((1 + change / root)[label])


def integration_error(sampling: HEALPix, mass: FloatArray, degree: int) -> float:
    """Root mean square of the integrals, which should be zero, of harmonics."""
    rows, label = harmonics(sampling, degree)
    integrals = rows @ np.bincount(label, mass) / mass.sum()
    return float(np.sqrt(np.mean(integrals**2)))

"""Minimisation of a convex quadratic function under bounds x >= 0."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray

# The gradient at the bounds may exceed the one inside by this factor.
BALANCE = 1.0
# Power iterations for the norm of the matrix, and the margin for their error.
POWER_STEPS, MARGIN = 12, 1.2


def minimise(
    apply: Callable[[FloatArray], FloatArray],
    target: FloatArray,
    start: FloatArray,
    bounded: npt.NDArray[np.bool_],
    steps: int,
    tolerance: float,
    progress: Callable[[], None] | None = None,
) -> FloatArray:
    r"""Minimise :math:`\tfrac12 x^T A x - b^T x` over :math:`x_b \geq 0`.

    Conjugate gradients run until a bound is met; there a projected gradient step fixes
    and frees several numbers at once. Deterministic.

    ``apply`` multiplies by the symmetric positive semi-definite matrix A, at most
    ``steps`` times, with ``progress`` called each time; ``target`` is b. At the
    ``start`` the ``bounded`` numbers must not be negative. The search stops where the
    projected gradient is the share ``tolerance`` of ``target`` in norm.

    Source: Dostál and Schöberl 2005, "Minimizing quadratic functions subject to bound
    constraints with the rate of convergence and finite termination", Computational
    Optimization and Applications 30, 23 (MPRGP).
    """

    def product(x: FloatArray) -> FloatArray:
        result = apply(x)
        if progress is not None:
            progress()
        return result

    def clip(x: FloatArray) -> FloatArray:
        return np.where(bounded & (x < 0), 0.0, x)

    def inside(x: FloatArray, values: FloatArray) -> FloatArray:
        return np.where(bounded & (x <= 0), 0.0, values)

    x = start.copy()
    goal = tolerance * float(np.linalg.norm(target))
    gradient = product(x) - target
    length = 1 / (MARGIN * _norm(product, len(x)))
    free = inside(x, gradient)
    direction = free
    spent = 0
    while spent < steps:
        bound = np.minimum(gradient - free, 0)
        if float(np.linalg.norm(free + bound)) <= goal:
            break
        cut = np.where(bounded, np.minimum(x / length, free), free)
        if bound @ bound <= BALANCE**2 * (cut @ free):
            image = product(direction)
            curvature = float(direction @ image)
            if not curvature > 0:
                break
            step = float(gradient @ direction) / curvature
            down = bounded & (direction > 0)
            feasible = float(np.min(x[down] / direction[down], initial=np.inf))
            if step <= feasible:
                x = clip(x - step * direction)
                gradient = gradient - step * image
                free = inside(x, gradient)
                direction = free - (float(free @ image) / curvature) * direction
                spent += 1
                continue
            x = clip(x - feasible * direction)
            gradient = gradient - feasible * image
            x = clip(x - length * inside(x, gradient))
            gradient = product(x) - target
            spent += 2
        else:
            image = product(bound)
            curvature = float(bound @ image)
            if not curvature > 0:
                break
            step = float(gradient @ bound) / curvature
            x = x - step * bound
            gradient = gradient - step * image
            spent += 1
        free = direction = inside(x, gradient)
    return x


def _norm(product: Callable[[FloatArray], FloatArray], n: int) -> float:
    """Return the largest eigenvalue, by power iterations from a fixed vector."""
    vector = 1 + 0.5 * np.sin(np.arange(n, dtype=np.float64))
    norm = 0.0
    for _ in range(POWER_STEPS):
        vector = vector / float(np.linalg.norm(vector))
        image = product(vector)
        norm = float(np.linalg.norm(image))
        if norm == 0:
            return 1.0
        vector = image
    return norm

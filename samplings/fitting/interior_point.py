"""Minimisation of a convex quadratic function of positive numbers, from inside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from samplings.arrays import FloatArray
from samplings.fitting.local_sum import LocalSum

# Largest step towards the bounds, as a share of the way there.
TO_BOUND = 0.995
# Conjugate gradients end at this share of the first residual.
INNER_TOLERANCE = 0.03


def minimise_inside(
    function: LocalSum,
    target: FloatArray,
    start: FloatArray,
    gap: float,
    steps: int,
    inner_steps: int,
    progress: Callable[[], None] | None = None,
) -> tuple[FloatArray, float]:
    r"""Minimise :math:`\tfrac12 x^T A x - b^T x` over :math:`x > 0`; return x and gap.

    Primal-dual interior points: Newton's method on :math:`x z = \tau` for multipliers
    z, with a falling :math:`\tau`. Each step solves a system with :math:`A +
    \operatorname{diag}(z / x)` by conjugate gradients, preconditioned by local
    inverses. Deterministic. Unlike projected gradients, it need not find the thousands
    of numbers that tend to zero, which would cut every step short.

    A is ``function``, symmetric and positive semi-definite, and b ``target``; the first
    x is positive. ``gap`` is the sum of x z at the start, about the excess of the value
    there over the least one; the sum at the end is returned, to continue from. There
    are ``steps`` of Newton's method, after each of which ``progress`` is called, with
    at most ``inner_steps`` products with A.

    Source: Nocedal and Wright 2006, Numerical Optimization, section 16.6.
    """
    x = start
    matrix = function.matrix
    tau = gap / len(x)
    z = tau / x
    for _ in range(steps):
        gradient = matrix @ x - target
        barrier = z / x
        step = _solve(
            matrix,
            barrier,
            function.approximate_inverse(barrier),
            tau / x - gradient,
            inner_steps,
        )
        z_step = tau / x - z - barrier * step
        part, z_part = _feasible(x, step), _feasible(z, z_step)
        x = x + part * step
        z = z + z_part * z_step
        gap = float(x @ z)
        shorter = min(part, z_part)
        # The closer to a full step, the closer to the central path.
        tau = gap / len(x) * (0.25 if shorter > 0.5 else 0.7 if shorter > 0.1 else 1.0)
        if progress is not None:
            progress()
    return x, gap


def _feasible(x: FloatArray, step: FloatArray) -> float:
    """Return the share of a step that keeps x positive."""
    down = step < 0
    return min(1.0, TO_BOUND * float(np.min(-x[down] / step[down], initial=np.inf)))


def _solve(
    matrix: sp.csr_array,
    diagonal: FloatArray,
    inverse: sp.csr_array,
    right: FloatArray,
    steps: int,
) -> FloatArray:
    """Solve with a diagonal added by preconditioned conjugate gradients."""
    x = np.zeros_like(right)
    residual = right
    image = inverse @ residual
    direction = image
    size = first = float(residual @ image)
    for _ in range(steps):
        moved = matrix @ direction + diagonal * direction
        curvature = float(direction @ moved)
        if not curvature > 0:
            break
        along = size / curvature
        x = x + along * direction
        residual = residual - along * moved
        image = inverse @ residual
        left = float(residual @ image)
        if left <= INNER_TOLERANCE**2 * first:
            break
        direction = image + (left / size) * direction
        size = left
    return x

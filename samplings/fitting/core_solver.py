"""Rounds of a fit on points that are dense in places: only the core is fitted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arrays import FloatArray, IntArray
from samplings.base import Sampling, whole_sampling
from samplings.fitting.interior_point import minimise_inside
from samplings.fitting.local_sum import LocalSum
from samplings.fitting.objective import FitObjective, Quadratic
from samplings.fitting.pattern import FitPattern
from samplings.fitting.rounds import FitPoint
from samplings.tessellation.finite_volumes import sides_over_chords

# Steps of Newton's method in a round, and products in each step.
STEPS, INNER_STEPS = 12, 40
# Gap of the first round as a share of the initial value, and its fall from round to
# round.
GAP, GAP_FALL = 0.01, 0.3
# Least initial weights, as a share of the median, in units of the diagonal.
FIRST_FLOOR, FLOOR = 1e-3, 1e-9
# Resistance of the masses to change, as a share of the resistance of their rows.
MASS_RIDGE = 0.1
# A fit begins with finite volumes if this share of the cells' sides are links.
SIDES_NEEDED = 0.99
# Links below this share of both their rows are left out: they do not change the first
# four digits of any error.
NEGLIGIBLE = 1e-6


class CoreSolver:
    r"""Solve for the weights of links that touch the core ``(V,)``; hold the others.

    Where points are dense, cells are small and count for little, but a first moment
    left in a row there is amplified by the inverse of its spacing and felt at all low
    degrees: the quadratic function is so badly conditioned that conjugate gradients
    never reach the rows that count. Weights of finite volumes have no first moments:
    the fit begins with them, and most vertices keep them.
    """

    def __init__(self, core: npt.NDArray[np.bool_]) -> None:
        self.core = core
        self.gap, self.floor = GAP, FIRST_FLOOR

    def __call__(
        self,
        objective: FitObjective,
        point: FitPoint,
        emphasis: FloatArray,
        free_mass: bool,
        steps: int,
        step: Callable[[], None],
    ) -> tuple[FloatArray, FloatArray]:
        """Return better weights, and the changes of the rows' scales."""
        pattern = objective.pattern
        free = np.zeros(len(pattern.edges), dtype=np.bool_)
        rows = np.repeat(np.arange(len(self.core)), np.diff(pattern.rows.indptr))
        free[pattern.unknown[self.core[rows]]] = True
        touched = np.zeros(len(self.core), dtype=np.bool_)
        touched[rows[free[pattern.unknown]]] = True
        function = objective.quadratic(
            emphasis, point.symbol, point.weights, point.mass, touched
        )
        part = _Part(function, point.weights, free, free_mass)
        start = point.weights[free] * part.scale
        start = np.maximum(start, self.floor * np.median(start[start > 0]))
        value = part.value(start)
        found, gap = minimise_inside(
            part.matrix,
            part.target,
            start,
            self.gap * abs(value),
            STEPS,
            INNER_STEPS,
            step,
        )
        self.gap = max(self.gap * GAP_FALL, gap / abs(part.value(found)))
        self.floor = FLOOR
        weights = point.weights.copy()
        weights[free] = found / part.scale
        change = part.change(weights)
        return _without_negligible(pattern, weights, point.mass), change


def core_links(
    sampling: Sampling, pattern: sp.csr_array, core: npt.NDArray[np.bool_]
) -> tuple[sp.csr_array, FloatArray] | None:
    """Return the links that a core fit weighs, and their initial weights, or None.

    They are the links of a symmetric ``pattern`` ``(V, V)`` that touch the ``core``
    ``(V,)`` or join cells that share a side; the weights, on the links ``low < high``
    in lexical order, are those of finite volumes. None if the pattern lacks over one
    side in a hundred.
    """
    whole, index = whole_sampling(sampling)
    sides = sides_over_chords(whole.xyz)
    if whole is not sampling:
        sides = sp.csr_array(sides[index][:, index])
    upper = sp.coo_array(sp.triu(pattern, k=1))
    low, high = upper.row, upper.col
    weights = np.asarray(sides[low, high], dtype=np.float64).ravel()
    if np.count_nonzero(weights) < SIDES_NEEDED * sides.nnz / 2:
        return None
    kept = core[low] | core[high] | (weights > 0)
    low, high, weights = low[kept], high[kept], weights[kept]
    order = np.lexsort((high, low))
    links = sp.csr_array((upper.data[kept], (low, high)), shape=pattern.shape)
    return sp.csr_array(links + links.T), weights[order]


class _Part:
    """The quadratic function of the free weights alone, in units of its diagonal.

    Changes of the rows' scales are eliminated: each block is projected off the present
    weights.
    """

    def __init__(
        self,
        function: Quadratic,
        weights: FloatArray,
        free: npt.NDArray[np.bool_],
        free_mass: bool,
    ) -> None:
        n, count = function.n_edges, int(free.sum())
        number = np.full(n, count)
        number[free] = np.arange(count)
        target = np.append(function.target[:n][free], 0.0)
        diagonal = np.zeros(count + 1)
        self.n_rows = len(function.target) - n
        self._scales: list[
            tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]
        ] = []
        groups = []
        for unknown, rows, at_hand, block in function.blocks:
            if free_mass:
                image = np.einsum("str,tr->sr", block, at_hand)
                resisting = (1 + MASS_RIDGE) * function.diagonal[n + rows]
                wanted = function.target[n + rows]
                block = block - image[:, None] * (image / resisting)
                index = number[unknown]
                target -= np.bincount(
                    index.ravel(),
                    (image * (wanted / resisting)).ravel(),
                    minlength=count + 1,
                )
                self._scales.append((rows, unknown, image, wanted, resisting))
            index = number[unknown]
            held = np.where(index == count, at_hand, 0)
            pull = np.einsum("str,tr->sr", block, held)
            target -= np.bincount(index.ravel(), pull.ravel(), minlength=count + 1)
            own = np.einsum("ssr->sr", block)
            diagonal += np.bincount(index.ravel(), own.ravel(), minlength=count + 1)
            groups.append((index, block))
        scale = np.sqrt(diagonal)
        scale[scale == 0] = 1
        self.scale: FloatArray = scale[:-1]
        self.target: FloatArray = target[:-1] / self.scale
        self.matrix = LocalSum(
            count,
            [(i, block / (scale[i][:, None] * scale[i])) for i, block in groups],
        )

    def value(self, x: FloatArray) -> float:
        """Return the function's value, up to a constant."""
        return float(0.5 * x @ (self.matrix.matrix @ x) - self.target @ x)

    def change(self, weights: FloatArray) -> FloatArray:
        """Return the best changes of the rows' scales for all weights, ``(V,)``."""
        change = np.zeros(self.n_rows)
        for rows, unknown, image, wanted, resisting in self._scales:
            found = np.einsum("sr,sr->r", image, weights[unknown])
            change[rows] = (wanted - found) / resisting
        return change


def _without_negligible(
    pattern: FitPattern, weights: FloatArray, mass: FloatArray
) -> FloatArray:
    """Set weights to zero that are negligible in both their rows."""
    rows = np.repeat(np.arange(len(mass)), np.diff(pattern.rows.indptr))
    values = weights[pattern.unknown]
    total = np.bincount(rows, values, minlength=len(mass))
    share = np.zeros(len(weights))
    np.maximum.at(share, pattern.unknown, values / np.maximum(total[rows], 1e-300))
    return np.where(share > NEGLIGIBLE, weights, 0.0)

"""Areas of cells of curvilinear grids, estimated from their centres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.grids.curvilinear.neighbours import (
    Links,
    window_medians,
)
from samplings.arrays import FloatArray
from samplings.tessellation.cells import polygon_areas

BoolArray = npt.NDArray[np.bool_]
# Cells above LARGE medians may be at most ALIKE times as large as those around them.
LARGE, ALIKE = 50.0, 8.0
_ABOVE, _BELOW, _LEFT, _RIGHT = range(4)
_STEPS = ((-1, 0), (1, 0), (0, -1), (0, 1))


def curvilinear_areas(
    xyz: FloatArray, known: BoolArray, links: Links
) -> npt.NDArray[np.float64]:
    """Estimate the areas of the cells of a grid from their centres.

    A corner is the middle of the four centres around it. At the edges of the grid,
    beside unknown cells and at jumps of the array, centres are extrapolated linearly.

    Parameters
    ----------
    xyz
        Centres, shape ``(n_row, n_column, 3)``.
    known
        True where a cell has a centre, shape ``(n_row, n_column)``.
    links
        Which cells are neighbours.

    Returns
    -------
    numpy.ndarray
        Areas in steradian, good to second order in the spacing, shape
        ``(n_row, n_column)``; zero where unknown, and where a cell has no neighbours
        in one direction.

    Raises
    ------
    ValueError
        If there are fewer than two rows or columns, or cells are implausibly large.
    """
    if min(known.shape) < 2:
        raise ValueError(
            f"a curvilinear grid of {known.shape[0]} x {known.shape[1]} cells has no "
            "spacing in one direction; pass areas=, or give the coordinates bounds"
        )
    points = np.where(known[..., None], xyz, 0.0)
    have = links.of_each()
    sides, found = _sides(points, have)
    areas = np.zeros(known.shape)
    cells = known & found.all(axis=0)
    corners = [
        _corner(points, have, (sides, found), row, column)[cells]
        for row, column in (
            *((_ABOVE, _LEFT), (_ABOVE, _RIGHT)),
            *((_BELOW, _RIGHT), (_BELOW, _LEFT)),
        )
    ]
    areas[cells] = polygon_areas(np.stack(corners, axis=1))
    _refuse_large(areas)
    return areas


def _shifted(array: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    """Return the values of the next cells on one side, zero beyond the edges."""
    row, column = _STEPS[side]
    padded = np.pad(array, [(1, 1), (1, 1), *[(0, 0)] * (array.ndim - 2)])
    n, m = array.shape[:2]
    return padded[1 + row : 1 + row + n, 1 + column : 1 + column + m]


def _sides(
    points: FloatArray, have: Sequence[BoolArray]
) -> tuple[FloatArray, BoolArray]:
    """Return the centres on the four sides of each cell, extrapolated at edges.

    Returns
    -------
    sides : ndarray
        Shape ``(4, n, m, 3)``.
    found : ndarray
        False where there is nothing to extrapolate from, ``(4, n, m)``.
    """
    sides = np.stack([_shifted(points, side) for side in range(4)])
    found = np.stack(have)
    beside = sides.copy()
    for side in range(4):
        opposite = side ^ 1
        lacking = ~have[side]
        ahead = lacking & have[opposite]
        sides[side][ahead] = 2 * points[ahead] - beside[opposite][ahead]
        # Without a neighbour in this direction, take the steps of the cells beside.
        total, count = np.zeros_like(points), np.zeros(lacking.shape)
        for across in (_LEFT, _RIGHT) if side < 2 else (_ABOVE, _BELOW):
            for way, sign in ((side, 1.0), (opposite, -1.0)):
                both = have[across] & _shifted(have[way], across)
                step = sign * (_shifted(beside[way], across) - beside[across])
                total += np.where(both[..., None], step, 0.0)
                count += both
        alone = lacking & ~ahead & (count > 0)
        sides[side][alone] = points[alone] + total[alone] / count[alone, None]
        new = ahead | alone
        # The cells of a row at a pole are wedges that end there.
        still = lacking & _stays(points, have, beside, side)
        sides[side][still] = points[still]
        length = np.linalg.norm(sides[side][new], axis=-1, keepdims=True)
        sides[side][new] /= np.maximum(length, 1e-300)
        found[side] |= new
    return sides, found


def _stays(
    points: FloatArray, have: Sequence[BoolArray], beside: FloatArray, side: int
) -> BoolArray:
    """True where all neighbours across a direction are at the place of the cell."""
    across = (_LEFT, _RIGHT) if side < 2 else (_ABOVE, _BELOW)
    some = have[across[0]] | have[across[1]]
    moves = np.zeros(some.shape, dtype=bool)
    for one in across:
        far = np.abs(beside[one] - points).max(axis=-1) > 1e-9
        moves |= have[one] & far
    return some & ~moves


def _corner(
    points: FloatArray,
    have: Sequence[BoolArray],
    beside: tuple[FloatArray, BoolArray],
    row: int,
    column: int,
) -> FloatArray:
    """Return the middle of a cell, two neighbours, and the cell between these."""
    sides, found = beside
    by_column, by_row = _shifted(sides[row], column), _shifted(sides[column], row)
    first = (have[column] & _shifted(found[row], column))[..., None]
    second = (have[row] & _shifted(found[column], row))[..., None]
    own = sides[row] + sides[column] - points
    ways = first.astype(np.float64) + second
    mean = np.where(first, by_column, 0.0) + np.where(second, by_row, 0.0)
    between = np.where(ways > 0, mean / np.maximum(ways, 1), own)
    total = points + sides[row] + sides[column] + between
    length = np.linalg.norm(total, axis=-1, keepdims=True)
    return np.asarray(total / np.maximum(length, 1e-300))


def _refuse_large(areas: FloatArray) -> None:
    """Refuse cells that are much larger than most, and than those around them."""
    positive = areas > 0
    if not positive.any():
        return
    typical = float(np.median(areas[positive]))
    at = np.nonzero(areas > LARGE * typical)
    about = window_medians(np.where(positive, areas, np.nan), at)
    wrong = areas[at] > ALIKE * about
    if wrong.any():
        bad = int((areas[at] * wrong).argmax())
        where = ", ".join(str(int(one[bad])) for one in at)
        raise ValueError(
            f"the cell at position {where} would have {areas[at][bad] / typical:.3g} "
            "times the area of most cells: its neighbours in the array are not "
            "neighbours on the globe; pass areas=, or give the coordinates bounds"
        )

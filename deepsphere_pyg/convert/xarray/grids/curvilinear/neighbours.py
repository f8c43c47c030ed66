"""Neighbours in an array of cells that are neighbours on the globe too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.ndimage import label
from scipy.sparse.csgraph import connected_components

from deepsphere_pyg.convert.xarray.coordinates.angles import ROUNDING
from samplings.arrays import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]
# A link of this many local medians is a jump. Spacings of smoothly stretched grids
# change by at most half from cell to cell, a factor of two within the window.
JUMP = 4.0
# Links beside a jump belong to its seam from this many medians on: tiles may touch at
# a corner.
SEAM = 1.8
# Side of the square of links that a link is compared with.
WINDOW = 5


@dataclass(frozen=True, eq=False)
class Links:
    """Links from each cell of a grid to the next ones in the array.

    Attributes
    ----------
    down
        True where a cell and that of the next row are neighbours, ``(n - 1, m)``.
    right
        True where a cell and that of the next column are neighbours, ``(n, m - 1)``.
    n_jumps
        Number of links between places that are far apart.
    farthest
        Positions at the ends of the longest of these, or None.
    """

    down: BoolArray
    right: BoolArray
    n_jumps: int
    farthest: tuple[tuple[int, int], tuple[int, int]] | None

    def of_each(self) -> tuple[BoolArray, BoolArray, BoolArray, BoolArray]:
        """Whether each cell has a neighbour above, below, left and right."""
        n, m = len(self.right), self.down.shape[1]
        row, column = np.zeros((1, m), dtype=bool), np.zeros((n, 1), dtype=bool)
        return (
            np.concatenate([row, self.down]),
            np.concatenate([self.down, row]),
            np.concatenate([column, self.right], axis=1),
            np.concatenate([self.right, column], axis=1),
        )


def neighbour_links(xyz: FloatArray, known: BoolArray) -> Links:
    """Return the links of a grid without those that jump over the globe.

    Parameters
    ----------
    xyz
        Centres, unit vectors ``(n, m, 3)``.
    known
        True where a cell has a centre.
    """
    links, jumps = [], 0
    far: tuple[float, tuple[tuple[int, int], tuple[int, int]] | None] = (0.0, None)
    for axis in (0, 1):
        p, k = np.moveaxis(xyz, axis, 0), np.moveaxis(known, axis, 0)
        both = k[1:] & k[:-1]
        length = np.where(both, np.linalg.norm(p[1:] - p[:-1], axis=-1), np.nan)
        jump = _jumps(length)
        if jump.any():
            jumps += int(jump.sum())
            longest = np.where(jump, length, 0)
            i, j = map(int, np.unravel_index(longest.argmax(), length.shape))
            ends = ((i, j), (i + 1, j)) if axis == 0 else ((j, i), (j, i + 1))
            far = max(far, (float(longest.max()), ends), key=lambda one: one[0])
        links.append(np.moveaxis(both & ~jump, 0, axis))
    return Links(links[0], links[1], jumps, far[1])


def _jumps(length: FloatArray) -> BoolArray:
    """True where links along the first axis are many times those around them."""
    # Places that repeat say nothing about the spacing.
    real = np.where(length > 1e-12, length, np.nan)
    if not np.isfinite(real).any():
        return np.zeros(length.shape, dtype=bool)
    padded = np.pad(real, ((1, 1), (0, 0)), constant_values=np.nan)
    shorter = np.fmin(padded[:-2], padded[2:])
    shorter = np.where(np.isnan(shorter), np.nanmedian(real), shorter)
    with np.errstate(invalid="ignore"):
        at = np.nonzero(real > SEAM * np.minimum(shorter, np.nanmedian(real)))
    typical = window_medians(real, at)
    weak, strong = (np.zeros(length.shape, dtype=bool) for _ in range(2))
    weak[at] = real[at] > SEAM * typical
    strong[at] = real[at] > JUMP * typical
    if not strong.any():
        return strong
    seams, n = label(weak, structure=[[0, 0, 0], [1, 1, 1], [0, 0, 0]])
    with_jump = np.zeros(n + 1, dtype=bool)
    with_jump[np.unique(seams[strong])] = True
    with_jump[0] = False
    return np.asarray(with_jump[seams])


def window_medians(values: FloatArray, at: tuple[IntArray, ...]) -> FloatArray:
    """Return medians of the known values in windows around some positions."""
    half = WINDOW // 2
    padded = np.pad(values, half, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (WINDOW, WINDOW))
    medians = np.empty(len(at[0]))
    # Parts of two hundred thousand windows bound the memory.
    for start in range(0, len(medians), 200_000):
        part = tuple(one[start : start + 200_000] for one in at)
        near = np.sort(windows[part].reshape(len(part[0]), -1), axis=1)
        count = np.isfinite(near).sum(axis=1)
        middle = np.maximum(count - 1, 0) // 2
        medians[start : start + 200_000] = near[np.arange(len(near)), middle]
    return medians


def repeated_neighbours(xyz: FloatArray, known: BoolArray, same: float) -> IntArray:
    """Number the pieces of cells at one place; return that of each cell.

    Neighbours in the array that are at most ``same`` (radian) apart belong to one
    piece: a row at a pole, or rows that repeat.
    """
    numbers = np.arange(known.size).reshape(known.shape)
    pairs = []
    for axis in range(2):
        p, k = np.moveaxis(xyz, axis, 0), np.moveaxis(known, axis, 0)
        i = np.moveaxis(numbers, axis, 0)
        equal = np.linalg.norm(p[1:] - p[:-1], axis=-1) <= same
        equal &= k[1:] & k[:-1]
        pairs.append(np.stack([i[:-1][equal], i[1:][equal]]))
    first, second = np.concatenate(pairs, axis=1)
    links = sp.coo_array(
        (np.ones(len(first), dtype=bool), (first, second)), shape=(known.size,) * 2
    )
    pieces = connected_components(links, directed=False)[1]
    return np.asarray(pieces.reshape(known.shape), dtype=np.int64)


def dummy_cells(
    lat: FloatArray, known: BoolArray, pieces: IntArray, links: Links
) -> BoolArray:
    """True where the place of a cell is a code for a missing one.

    Models write one place, such as (0, 0), for all cells that they leave out. Such a
    piece fills squares of the array, or is far from all cells around it.

    Parameters
    ----------
    lat
        Latitudes in degree, shape ``(n, m)``. Rows at a pole are not such cells.
    known
        True where a cell has coordinates.
    pieces
        Of :func:`repeated_neighbours`.
    links
        Of :func:`neighbour_links`.
    """
    n = int(pieces.max()) + 1
    size = np.bincount(pieces[known], minlength=n)
    several = (size > 1)[pieces] & known & (np.abs(lat) < 90 - ROUNDING)
    if not several.any():
        return several
    square = np.zeros(known.shape, dtype=bool)
    one = pieces[:-1, :-1]
    square[:-1, :-1] = (
        (one == pieces[1:, :-1]) & (one == pieces[:-1, 1:]) & (one == pieces[1:, 1:])
    )
    fills = np.zeros(n, dtype=bool)
    fills[pieces[square & several]] = True
    # Links out of a piece, and those among them that are not jumps.
    out, near = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for axis, linked in ((0, links.down), (1, links.right)):
        p, k = np.moveaxis(pieces, axis, 0), np.moveaxis(known, axis, 0)
        apart = k[1:] & k[:-1] & (p[1:] != p[:-1])
        close = apart & np.moveaxis(linked, axis, 0)
        for end in (p[1:], p[:-1]):
            out += np.bincount(end[apart], minlength=n)
            near += np.bincount(end[close], minlength=n)
    # A place that fills squares, or is far from its neighbours, is a code everywhere.
    codes = fills | ((size > 1) & (out > 0) & (near == 0))
    return np.asarray(codes[pieces] & several)

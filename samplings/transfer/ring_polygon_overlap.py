"""Areas that cells between parallels and meridians share with polygons."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import scipy.sparse as sp

from samplings.arrays import FloatArray, IntArray
from samplings.base import Sampling
from samplings.tessellation.bands import Bands
from samplings.tessellation.cells import Cells

# A great circle whose normal is this close to the equator is a meridian to round-off.
MERIDIAN = 1e-12
# Overlaps below these are round-off: each is a difference of numbers of order one.
NO_AREA, SLIVER = 1e-14, 1e-10


@dataclass(frozen=True)
class Arcs:
    """Pieces of sides of polygons along which the latitude is monotonic, ``(A,)`` each.

    A point is at ``cos s`` times the highest point of its great circle plus ``sin s``
    times the direction there, with s from 0 to pi or from -pi to 0.

    Parameters
    ----------
    polygon
        The polygon that it bounds.
    high, low
        Sine and cosine of the latitude of the highest point of the great circle.
    sign
        1 where longitude grows with s, else -1.
    lon
        Longitude of the highest point, in the turn of its polygon.
    first, last
        Values of s at the ends.
    """

    polygon: IntArray
    high: FloatArray
    low: FloatArray
    sign: FloatArray
    lon: FloatArray
    first: FloatArray
    last: FloatArray

    def __getitem__(self, part: IntArray) -> Arcs:
        return Arcs(*(getattr(self, one.name)[part] for one in fields(self)))

    def between(self, first: FloatArray, last: FloatArray) -> Arcs:
        """Return the same arcs with other ends."""
        return replace(self, first=first, last=last)

    def z(self, s: FloatArray) -> FloatArray:
        """Sine of the latitude."""
        return self.high * np.cos(s)

    def longitude(self, s: FloatArray) -> FloatArray:
        """Longitude in radian."""
        away = np.arctan2(np.sin(s), self.low * np.cos(s))
        # A meridian ends at the pole.
        side = np.where(self.first + self.last > 0, np.pi / 2, -np.pi / 2)
        return self.lon + self.sign * np.where(self.low < MERIDIAN, side, away)

    def integral(self, s: FloatArray) -> FloatArray:
        """Integral of z over longitude."""
        area = self.sign * np.arctan2(self.high * np.sin(s), self.low)
        return np.where(self.low < MERIDIAN, 0.0, area)


def ring_polygon_overlap(rings: Sampling, bands: Bands, cells: Cells) -> sp.csr_array:
    r"""Return the areas in steradian that cells of rings share with polygons, sparse.

    .. math:: A_{ij} = \oint_{\partial P_j} (\min(\max(\varphi, w_i), e_i) - w_i) \, dz

    over the sides within the ring of cell i, from its western border w to its eastern
    one e. Sides are arcs of great circles, cut at parallels and meridians; the integral
    of each piece is elementary. ``bands`` are those of ``rings``. Time and memory are
    proportional to the entries.

    Examples
    --------
    >>> from samplings import Equiangular, HEALPix
    >>> grid = Equiangular(8)
    >>> overlap = ring_polygon_overlap(grid, grid.bands(), HEALPix(2).cells())
    >>> np.allclose(overlap.sum(axis=1), grid.weights)
    True
    """
    arcs, owner = _arcs(cells)
    arcs, ring = _within_rings(arcs, bands)
    arcs, which, column = _within_columns(arcs, ring, bands)
    ring = ring[which]
    z, end = arcs.z(arcs.first), arcs.z(arcs.last)
    west = bands.border(ring, column)
    rise = end - z
    part = (
        (arcs.longitude(arcs.last) - west) * end
        - (arcs.longitude(arcs.first) - west) * z
        - (arcs.integral(arcs.last) - arcs.integral(arcs.first))
    )
    # All columns from the westernmost to the easternmost of a polygon in a ring.
    key = arcs.polygon * len(bands.n) + ring
    order = np.argsort(key, kind="stable")
    key, column = key[order], column[order]
    begin = np.flatnonzero(np.diff(key, prepend=-1))
    lowest = np.minimum.reduceat(column, begin)
    count = np.maximum.reduceat(column, begin) - lowest + 1
    offset = np.cumsum(count) - count
    group = np.repeat(np.arange(len(begin)), np.diff(np.append(begin, len(key))))
    place = offset[group] + column - lowest[group]
    n = int(count.sum())
    rises = np.bincount(place, rise[order], minlength=n)
    parts = np.bincount(place, part[order], minlength=n)
    of = np.repeat(np.arange(len(begin)), count)
    total = np.cumsum(rises)
    east = np.append(total[offset[1:] - 1], total[-1])[of] - total
    polygon, ring = np.divmod(key[begin][of], len(bands.n))
    column = np.arange(n) - offset[of] + lowest[of]
    west = bands.border(ring, column)
    area = parts + (bands.border(ring, column + 1) - west) * east
    vertex, cell = bands.vertex(ring, column), owner[polygon]
    real = (vertex >= 0) & (area > NO_AREA)
    entries = (area[real], (vertex[real], cell[real]))
    overlap = sp.csr_array(entries, shape=(len(rings), len(cells)))
    overlap.sum_duplicates()
    rows = np.repeat(np.arange(len(rings)), np.diff(overlap.indptr))
    smaller = np.minimum(rings.weights[rows], cells.areas[overlap.indices])
    overlap.data[overlap.data < SLIVER * smaller] = 0
    overlap.eliminate_zeros()
    return overlap


def _arcs(cells: Cells) -> tuple[Arcs, IntArray]:
    """Return sides cut where they turn south or north, and the cell of each polygon.

    Polygons that contain a pole are split into triangles with a corner there.
    """
    cell = np.repeat(np.arange(len(cells)), np.diff(cells.indptr))
    start = cells.corners[cells.indices]
    end = cells.corners[cells.following]
    normal = cells.normals
    owner = np.arange(len(cells))
    totals = [np.bincount(cell, start[:, i], minlength=len(cells)) for i in range(2)]
    sums = np.stack(totals)
    parts = [(start, end, normal, cell)]
    keep = np.ones(len(cell), dtype=bool)
    for pole in (1.0, -1.0):
        depth = np.minimum.reduceat(pole * normal[:, 2], cells.indptr[:-1])
        side = np.flatnonzero(depth[cell] > MERIDIAN)
        keep[side] = False
        number = len(owner) + np.arange(len(side))
        owner = np.concatenate([owner, cell[side]])
        p, q = start[side], end[side]
        sums = np.concatenate([sums, (p + q)[:, :2].T], axis=1)
        at = np.broadcast_to([0.0, 0.0, pole], p.shape)
        parts.append((p, q, normal[side], number))
        parts += [(a, b, np.cross(a, b), number) for a, b in ((at, p), (q, at))]
    parts[0] = tuple(one[keep] for one in parts[0])  # type: ignore[assignment]
    p, q, normal, polygon = (np.concatenate(each) for each in zip(*parts, strict=True))
    length = np.linalg.norm(normal, axis=1)
    real = (length > 0) & (np.linalg.norm(q - p, axis=1) > 0)
    p, q, polygon = p[real], q[real], polygon[real]
    normal = normal[real] / length[real, None]
    high = np.hypot(normal[:, 0], normal[:, 1])
    low = np.abs(normal[:, 2])
    sign = np.where(normal[:, 2] >= 0, 1.0, -1.0)
    level = high == 0
    towards = -sign[:, None] * normal[:, :2] / np.where(level, 1.0, high)[:, None]
    towards[level] = 1.0, 0.0
    top = np.column_stack([low[:, None] * towards, high])
    ahead = sign[:, None] * np.stack([-towards[:, 1], towards[:, 0]], axis=1)
    first, last = (
        np.arctan2(
            np.einsum("ij,ij->i", point[:, :2], ahead),
            np.einsum("ij,ij->i", point, top),
        )
        for point in (p, q)
    )
    # Sides are shorter than half a turn, and continue in the direction of growing s.
    last = first + np.maximum((last - first + np.pi) % (2 * np.pi) - np.pi, 0.0)
    turn = np.pi * (np.floor(first / np.pi) + 1)
    turns = (turn > first) & (turn < last)
    both = np.flatnonzero(turns)
    begin = np.concatenate([first, turn[both]])
    stop = np.concatenate([np.where(turns, turn, last), last[both]])
    index = np.concatenate([np.arange(len(first)), both])
    beyond = np.concatenate([first >= np.pi, turn[both] > 1])
    begin, stop = begin - 2 * np.pi * beyond, stop - 2 * np.pi * beyond
    lon = np.arctan2(towards[:, 1], towards[:, 0])[index]
    arcs = Arcs(polygon[index], high[index], low[index], sign[index], lon, begin, stop)
    # The turn of a longitude is that nearest to the middle of the polygon.
    middle = np.arctan2(sums[1], sums[0])[arcs.polygon]
    apart = arcs.longitude((begin + stop) / 2) - middle
    lon = lon - 2 * np.pi * np.round(apart / (2 * np.pi))
    return Arcs(arcs.polygon, arcs.high, arcs.low, arcs.sign, lon, begin, stop), owner


def _steps(first: IntArray, last: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return index, number and direction of the steps from first to last."""
    count = np.abs(last - first) + 1
    index = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(index)) - np.repeat(np.cumsum(count) - count, count)
    return index, step, np.sign(last - first)[index]


def _within_rings(arcs: Arcs, bands: Bands) -> tuple[Arcs, IntArray]:
    """Cut arcs at parallels; return the pieces and the ring of each."""
    z, n_rings = (arcs.z(arcs.first), arcs.z(arcs.last)), len(bands.n)
    first, last = (
        np.clip(np.searchsorted(bands.z, one, side="right") - 1, 0, n_rings - 1)
        for one in z
    )
    index, step, direction = _steps(first, last)
    pieces = arcs[index]
    ring = first[index] + direction * step
    entry = np.where(direction > 0, ring, ring + 1)
    exit_ = np.where(direction > 0, ring + 1, ring)
    side = np.where(pieces.first + pieces.last > 0, 1.0, -1.0)

    def crossing(edge: IntArray) -> FloatArray:
        height = bands.z[np.clip(edge, 0, n_rings)]
        high = np.where(pieces.high > 0, pieces.high, 1.0)
        return side * np.arccos(np.clip(height / high, -1, 1))

    begin = np.where(step == 0, pieces.first, crossing(entry))
    stop = np.where(ring == last[index], pieces.last, crossing(exit_))
    begin, stop = (np.clip(s, pieces.first, pieces.last) for s in (begin, stop))
    return pieces.between(begin, np.maximum(begin, stop)), ring


def _within_columns(
    arcs: Arcs, ring: IntArray, bands: Bands
) -> tuple[Arcs, IntArray, IntArray]:
    """Cut arcs at meridians; return the pieces, and the arc and column of each."""
    first, last = (
        bands.column(ring, arcs.longitude(s)) for s in (arcs.first, arcs.last)
    )
    index, step, direction = _steps(first, last)
    pieces, rings = arcs[index], ring[index]
    column = first[index] + direction * step

    def crossing(border: IntArray) -> FloatArray:
        apart = pieces.sign * (bands.border(rings, border) - pieces.lon)
        return np.arctan2(pieces.low * np.sin(apart), np.cos(apart))

    entry = np.where(direction > 0, column, column + 1)
    exit_ = np.where(direction > 0, column + 1, column)
    begin = np.where(step == 0, pieces.first, crossing(entry))
    stop = np.where(column == last[index], pieces.last, crossing(exit_))
    begin, stop = (np.clip(s, pieces.first, pieces.last) for s in (begin, stop))
    return pieces.between(begin, np.maximum(begin, stop)), index, column

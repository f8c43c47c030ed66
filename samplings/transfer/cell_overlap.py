"""Areas that cells of two samplings share: of intersections, or at the nearest."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.arguments import sampling_argument
from samplings.arrays import FloatArray
from samplings.base import Sampling, same_sampling, whole_sampling
from samplings.points.neighbours import TIE_TOLERANCE
from samplings.rings import RingSampling
from samplings.tessellation.bands import Bands
from samplings.tessellation.cells import Cells
from samplings.transfer.limits import limiting_discs
from samplings.transfer.matrix_scaling import balanced
from samplings.transfer.polygon_overlap import limited_overlaps, polygon_overlaps
from samplings.transfer.ring_overlap import overlap_areas
from samplings.transfer.ring_polygon_overlap import ring_polygon_overlap

# Largest relative difference of areas that are equal to round-off.
SAME_AREA = 1e-9
# Overlap assumed where there may be one, as a share of the smaller cell, to be scaled.
TRACE = 1e-6
# Sides of polygons shorter than this, in radian, are corners up to round-off.
NO_LENGTH = 1e-9


def shared_areas(source: Sampling, target: Sampling) -> sp.csr_array:
    """Return areas of intersections of cells, shape ``(V_target, V_source)``."""
    whole_source, source_part = whole_sampling(sampling_argument("source", source))
    whole_target, target_part = whole_sampling(sampling_argument("target", target))
    overlap = _whole_overlap(whole_source, whole_target)
    overlap = sp.csr_array(overlap[target_part][:, source_part])
    return _capped(overlap, target.weights, source.weights)


def areas_at_nearest(fine: Sampling, coarse: Sampling) -> sp.csr_array:
    """Return areas of fine cells at the nearest coarse vertices ``(coarse, fine)``."""
    tree = cKDTree(coarse.xyz)
    rows, columns, shares = [], [], []
    open_ = np.arange(len(fine))
    width = min(4, len(coarse))
    while len(open_):
        answer = tree.query(fine.xyz[open_], k=np.arange(1, width + 1))
        chord, vertex = np.asarray(answer[0]), np.asarray(answer[1])
        # Chords of vertices that coincide are round-off, which no relative margin fits.
        tied = chord <= chord[:, :1] * (1 + TIE_TOLERANCE) + 1e-15
        done = ~tied[:, -1] if width < len(coarse) else np.ones(len(open_), dtype=bool)
        found, place = np.nonzero(tied[done])
        count = tied[done].sum(axis=1)
        which = open_[done][found]
        rows.append(vertex[done][found, place])
        columns.append(which)
        shares.append(fine.weights[which] / count[found])
        open_ = open_[~done]
        width = min(2 * width, len(coarse))
    entries = (np.concatenate(rows), np.concatenate(columns))
    areas = np.concatenate(shares)
    return sp.csr_array((areas, entries), shape=(len(coarse), len(fine)))


def _whole_overlap(source: Sampling, target: Sampling) -> sp.csr_array:
    """Return the overlap of two samplings that are not parts of others."""
    shape = (len(target), len(source))
    if same_sampling(source, target):
        return sp.diags_array(source.weights, format="csr")
    if isinstance(source, RingSampling) and isinstance(target, RingSampling):
        return overlap_areas(source, target)
    parents = source.parents_in(target)
    if parents is not None:
        entries = (source.weights, (parents, np.arange(len(source))))
        return sp.csr_array(entries, shape=shape)
    parents = target.parents_in(source)
    if parents is not None:
        entries = (target.weights, (np.arange(len(target)), parents))
        return sp.csr_array(entries, shape=shape)
    # Fast, and exact where cells are bounded by parallels and meridians.
    for rings, other in ((source, target), (target, source)):
        bands = rings.bands()
        if bands is not None and _covers_sphere(other):
            overlap = _scaled_ring_overlap(rings, bands, other)
            if overlap is not None:
                return overlap.T.tocsr() if rings is source else overlap
    if len(source) >= len(target):
        return _scaled_polygon_overlap(source, target).T.tocsr()
    return _scaled_polygon_overlap(target, source)


def _scaled_ring_overlap(
    rings: Sampling, bands: Bands, other: Sampling
) -> sp.csr_array | None:
    """Return the overlap ``(V_rings, V_other)`` with the samplings' areas, or None."""
    overlap = ring_polygon_overlap(rings, bands, other.outlines())
    if not _covers_sphere(rings):
        return overlap
    return balanced(overlap, rings.weights, other.weights)


def _scaled_polygon_overlap(fine: Sampling, coarse: Sampling) -> sp.csr_array:
    """Return the overlap of polygons ``(V_fine, V_coarse)`` with given areas."""
    cells, others = fine.cells(), coarse.cells()
    overlap = polygon_overlaps(cells, others, fine.xyz, coarse.xyz)
    whole = _covers_sphere(fine), _covers_sphere(coarse)
    if not all(whole):
        discs, other_discs = (
            None if covers else limiting_discs(polygons, one.xyz, one.weights)
            for covers, polygons, one in zip(
                whole, (cells, others), (fine, coarse), strict=True
            )
        )
        return limited_overlaps(overlap, cells, others, discs, other_discs)
    areas = fine.weights, coarse.weights
    scaled = balanced(overlap, *areas)
    if scaled is None:
        # Where borders run along each other, as meridians do, cells may overlap though
        # their polygons do not.
        scaled = balanced(overlap + _touching(overlap, cells, *areas), *areas)
    if scaled is None:
        raise ValueError(
            f"the areas of {fine.name} and {coarse.name} contradict each other: no "
            "overlaps of their cells have them as sums; give irregular points the "
            "areas of their Voronoi cells by leaving weights out, or use the method "
            "'nearest'"
        )
    return scaled


def _touching(
    overlap: sp.csr_array, cells: Cells, area: FloatArray, other_area: FloatArray
) -> sp.csr_array:
    """Return traces of overlap of each cell with those that its neighbours overlap."""
    n = len(cells)
    start, end = cells.corners[cells.indices], cells.corners[cells.following]
    # Sides without length join cells that touch only at a corner.
    real = np.linalg.norm(end - start, axis=1) > NO_LENGTH
    row = np.repeat(np.arange(n), np.diff(cells.indptr))[real]
    links = (np.ones(len(row)), (row, cells.neighbours[real]))
    reached = sp.coo_array(sp.csr_array(links, shape=(n, n)) @ overlap)
    trace = TRACE * np.minimum(area[reached.row], other_area[reached.col])
    return sp.csr_array((trace, (reached.row, reached.col)), shape=overlap.shape)


def _covers_sphere(sampling: Sampling) -> bool:
    return abs(sampling.area / (4 * np.pi) - 1) < SAME_AREA


def _capped(
    overlap: sp.csr_array, rows: FloatArray, columns: FloatArray
) -> sp.csr_array:
    """Scale down columns, then rows, that share more than their cell's own area."""
    total = np.bincount(overlap.indices, overlap.data, minlength=len(columns))
    over = total > columns * (1 + SAME_AREA)
    factor = np.where(over, columns / np.where(over, total, 1), 1.0)
    overlap.data = overlap.data * factor[overlap.indices]
    total = np.asarray(overlap.sum(axis=1)).ravel()
    over = total > rows * (1 + SAME_AREA)
    factor = np.where(over, rows / np.where(over, total, 1), 1.0)
    overlap.data *= np.repeat(factor, np.diff(overlap.indptr))
    return overlap

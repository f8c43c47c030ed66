"""Areas that cells of two samplings share: of intersections, or at the nearest."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.base import FloatArray, IntArray, Sampling, same_sampling
from samplings.limits import limiting_discs
from samplings.masked import Masked
from samplings.matrix_scaling import balanced
from samplings.neighbours import TIE_TOLERANCE
from samplings.polygon_overlap import limited_overlaps, polygon_overlaps
from samplings.ring_overlap import overlap_areas
from samplings.rings import RingSampling

# Two areas that are equal but for round-off differ by less, relatively.
SAME_AREA = 1e-9


def shared_areas(source: Sampling, target: Sampling) -> sp.csr_array:
    """Areas of the intersections of cells, shape ``(V_target, V_source)``.

    See :meth:`samplings.Transfer.conservative`.
    """
    whole_source, source_part = _whole(source)
    whole_target, target_part = _whole(target)
    overlap = _whole_overlap(whole_source, whole_target)
    overlap = sp.csr_array(overlap[target_part][:, source_part])
    return _capped(overlap, target.weights, source.weights)


def areas_at_nearest(fine: Sampling, coarse: Sampling) -> sp.csr_array:
    """Areas of fine cells at the nearest coarse vertices, ``(V_coarse, V_fine)``.

    See :meth:`samplings.Transfer.nearest`.
    """
    tree = cKDTree(coarse.xyz)
    rows, columns, shares = [], [], []
    open_ = np.arange(len(fine))
    width = min(4, len(coarse))
    while len(open_):
        answer = tree.query(fine.xyz[open_], k=np.arange(1, width + 1))
        chord, vertex = np.asarray(answer[0]), np.asarray(answer[1])
        # Vertices that coincide have chords of round-off, equal in no relative sense.
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
    return sp.csr_array(
        (np.concatenate(shares), entries), shape=(len(coarse), len(fine))
    )


def _whole(sampling: Sampling) -> tuple[Sampling, IntArray]:
    """The sampling that a masked one is a part of, and which part."""
    index = np.arange(len(sampling))
    while isinstance(sampling, Masked):
        index = sampling.index[index]
        sampling = sampling.parent
    return sampling, index


def _whole_overlap(source: Sampling, target: Sampling) -> sp.csr_array:
    """Overlap of two samplings that are not parts of others."""
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
    if len(source) >= len(target):
        overlap = _polygon_overlap(source, target).T.tocsr()
    else:
        overlap = _polygon_overlap(target, source)
    if not (_covers_sphere(source) and _covers_sphere(target)):
        return overlap
    scaled = balanced(overlap, target.weights, source.weights)
    if scaled is None:
        raise ValueError(
            f"the areas of {source.name} and {target.name} contradict each other: no "
            "overlaps of their cells have them as sums; give irregular points the "
            "areas of their Voronoi cells by leaving weights out, or use the method "
            "'nearest'"
        )
    return scaled


def _polygon_overlap(fine: Sampling, coarse: Sampling) -> sp.csr_array:
    """Overlap of polygons, within limits where a sampling covers only a part."""
    cells, others = fine.cells(), coarse.cells()
    overlap = polygon_overlaps(cells, others, fine.xyz, coarse.xyz)
    return limited_overlaps(
        overlap,
        cells,
        others,
        *(
            None
            if _covers_sphere(sampling)
            else limiting_discs(polygons, sampling.xyz, sampling.weights)
            for sampling, polygons in ((fine, cells), (coarse, others))
        ),
    )


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

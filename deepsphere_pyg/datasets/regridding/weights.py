"""Which weights carry a map from one sampling to another, by the method."""

from __future__ import annotations

import threading
from typing import Literal

import numpy as np
import scipy.sparse as sp

from deepsphere_pyg.datasets.regridding.bilinear import (
    bilinear_weights,
    grid_of,
    holding_cells,
)
from deepsphere_pyg.datasets.regridding.linear import (
    nearest_vertices,
    pixel_weights,
    triangle_weights,
)
from samplings import HEALPix, Masked, Sampling, same_sampling
from samplings.arrays import IntArray, freeze
from samplings.transfer.cell_overlap import shared_areas

Method = Literal["auto", "conservative", "bilinear", "linear"]
METHODS: tuple[Method, ...] = ("auto", "conservative", "bilinear", "linear")
# What a regridder does in the end.
Used = Literal["conservative", "bilinear", "linear", "nearest"]
# Splits of a data set, and fields and labels, are on the same grid.
KEPT = 4
_kept: list[tuple[Sampling, Sampling, Used, sp.csr_array]] = []
_lock = threading.Lock()


def used_method(source: Sampling, target: Sampling, method: Method) -> Used:
    """Return what a method comes to between two samplings.

    ``"auto"`` is conservative where the target has the larger cells in the mean, since
    values at points would alias what is finer than their spacing; else it is the other.
    One rule holds for all vertices: means over the sphere are kept only so.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    if method not in METHODS:
        raise ValueError(
            f"method must be one of {', '.join(METHODS)}, got {method!r}; auto "
            "averages where the target is coarser than the source, and interpolates "
            "elsewhere"
        )
    coarser = target.area / len(target) > source.area / len(source) * (1 + 1e-9)
    if method == "conservative" or (method == "auto" and coarser):
        return "conservative"
    on_grid = grid_of(source) is not None or isinstance(_whole(source), HEALPix)
    return "bilinear" if on_grid else "linear"


def kept_weights(source: Sampling, target: Sampling, used: Used) -> sp.csr_array:
    """Weights ``(V_target, V_source)``, those of the last few samplings from memory.

    Rows sum to the part of the target's cell, or of the interpolation, that the source
    covers.
    """
    with _lock:
        for kept in _kept:
            if kept[2] == used and same_sampling(kept[1], target):
                if same_sampling(kept[0], source):
                    return kept[3]
    matrix = freeze(_weights(source, target, used))
    with _lock:
        _kept.insert(0, (source, target, used, matrix))
        del _kept[KEPT:]
    return matrix


def _weights(source: Sampling, target: Sampling, used: Used) -> sp.csr_array:
    if used == "conservative":
        shares = shared_areas(source, target)
        shares.data = shares.data / np.repeat(target.weights, np.diff(shares.indptr))
        return shares
    grid = grid_of(source)
    if grid is not None:
        latlon, index = grid
        if used == "nearest":
            cell = holding_cells(latlon, target)
            found = np.where(cell >= 0, index.ravel()[np.maximum(cell, 0)], -1)
            return _chosen(found, len(source))
        return _of_part(bilinear_weights(latlon, target), index.ravel(), len(source))
    whole, part = _whole(source), _part(source)
    if used == "nearest":
        matrix = _chosen(nearest_vertices(whole, target), len(whole))
    elif isinstance(whole, HEALPix):
        matrix = pixel_weights(whole, target)
    else:
        matrix = triangle_weights(whole, target)
    return _of_part(matrix, part, len(source))


def _whole(sampling: Sampling) -> Sampling:
    while isinstance(sampling, Masked):
        sampling = sampling.parent
    return sampling


def _part(sampling: Sampling) -> IntArray:
    """Vertex of a part for each vertex of the whole, -1 where it is not in it."""
    index = np.arange(len(sampling))
    outer = sampling
    while isinstance(outer, Masked):
        index, outer = outer.index[index], outer.parent
    part = np.full(len(outer), -1, dtype=np.int64)
    part[index] = np.arange(len(sampling))
    return part


def _chosen(vertex: IntArray, n: int) -> sp.csr_array:
    """Matrix with a one where each row chooses a column, or none at all."""
    rows = np.flatnonzero(vertex >= 0)
    entries = (np.ones(len(rows)), (rows, vertex[rows]))
    return sp.csr_array(entries, shape=(len(vertex), n))


def _of_part(matrix: sp.csr_array, vertex: IntArray, n: int) -> sp.csr_array:
    """Give the columns of a matrix to vertices, and leave out those without one."""
    entries = matrix.tocoo()
    column = vertex[entries.col]
    held = column >= 0
    kept = (entries.data[held], (entries.row[held], column[held]))
    return sp.csr_array(kept, shape=(matrix.shape[0], n))

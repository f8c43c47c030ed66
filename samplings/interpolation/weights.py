"""Weights from one sampling to another by each method of regridding."""

from __future__ import annotations

import threading
from typing import Literal

import numpy as np
import scipy.sparse as sp

from samplings.arguments import shown
from samplings.arrays import IntArray, freeze
from samplings.base import Masked, Sampling, same_sampling
from samplings.interpolation.bilinear import (
    bilinear_weights,
    holding_vertices,
    latlon_vertices,
)
from samplings.interpolation.linear import (
    nearest_vertices,
    pixel_weights,
    triangle_weights,
    weight_matrix,
)
from samplings.schemes.healpix import HEALPix
from samplings.transfer.cell_overlap import shared_areas

Method = Literal["auto", "conservative", "bilinear", "linear"]
METHODS: tuple[Method, ...] = ("auto", "conservative", "bilinear", "linear")
# The method that "auto" stands for, and "nearest" for labels.
Used = Literal["conservative", "bilinear", "linear", "nearest"]
# Number of matrices kept: splits of a data set, fields and labels share grids.
KEPT = 4
_kept: list[tuple[Sampling, Sampling, Used, sp.csr_array]] = []
_lock = threading.Lock()


def used_method(source: Sampling, target: Sampling, method: Method) -> Used:
    """Return the method in use between two samplings; refuse an unknown one.

    ``"auto"`` is conservative if the target has the larger cells on average, since
    values at points would alias finer details; otherwise it interpolates. All vertices
    have the same method, since means over the sphere would not be kept otherwise.
    """
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(
            f"the method to regrid must be one of {', '.join(METHODS)}, got "
            f"{shown(method)}; auto averages where the target is coarser than the "
            "source, and interpolates elsewhere"
        )
    coarser = target.area / len(target) > source.area / len(source) * (1 + 1e-9)
    if method == "conservative" or (method == "auto" and coarser):
        return "conservative"
    pixels = isinstance(_whole_and_part(source)[0], HEALPix)
    return "bilinear" if pixels or latlon_vertices(source) else "linear"


def kept_weights(source: Sampling, target: Sampling, used: Used) -> sp.csr_array:
    """Return weights ``(V_target, V_source)``, of which the last few stay in memory.

    Rows sum to the share of the target's cell, or of the interpolation, that the source
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
    if same_sampling(source, target):
        # Values stay the same to the last bit, by any method.
        return sp.csr_array(sp.eye_array(len(target), format="csr"))
    if used == "conservative":
        shares = shared_areas(source, target)
        shares.data = shares.data / np.repeat(target.weights, np.diff(shares.indptr))
        return shares
    grid = latlon_vertices(source)
    if grid is not None and used == "bilinear":
        return bilinear_weights(grid, target, len(source))
    if grid is not None:
        return _chosen(holding_vertices(grid, target), len(source))
    whole, part = _whole_and_part(source)
    if used == "nearest":
        return _chosen(part[nearest_vertices(whole, target)], len(source))
    if isinstance(whole, HEALPix):
        matrix = pixel_weights(whole, target).tocoo()
    else:
        matrix = triangle_weights(whole, target).tocoo()
    shape = (len(target), len(source))
    return weight_matrix(matrix.row, part[matrix.col], matrix.data, shape)


def _whole_and_part(sampling: Sampling) -> tuple[Sampling, IntArray]:
    """Return the whole of a part, and the number in the part of each of its vertices.

    It is -1 for vertices outside the part, with a further -1 at the end.
    """
    index, whole = np.arange(len(sampling)), sampling
    while isinstance(whole, Masked):
        index, whole = whole.index[index], whole.parent
    part = np.full(len(whole) + 1, -1, dtype=np.int64)
    part[index] = np.arange(len(sampling))
    return whole, part


def _chosen(vertex: IntArray, n: int) -> sp.csr_array:
    """Return a matrix with a one in the given column of each row, unless it is -1."""
    shape = (len(vertex), n)
    return weight_matrix(np.arange(len(vertex)), vertex, np.ones(len(vertex)), shape)

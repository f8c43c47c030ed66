"""From the grid of a file to the vertices of any sampling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from deepsphere_pyg.convert import XarraySampling
from deepsphere_pyg.datasets.regridding.weights import (
    Method,
    Used,
    kept_weights,
    used_method,
)
from samplings import Sampling
from samplings.arrays import FloatArray, IntArray, freeze
from samplings.missing_values import missing_values, native

# Where less of the weight of a vertex is known, it is missing; up to the round-off of
# the sum of some hundred weights.
ENOUGH = 0.5 - 1e-12
# Areas that are equal but for round-off.
TIED = 1e-9


@dataclass(frozen=True, eq=False)
class Regridder:
    r"""Carries fields and labels from the cells of a file to a sampling.

    Where the vertices are farther apart than the cells, in the mean, it takes

    .. math:: f_t = \frac{\sum_s A_{ts} f_s}{\sum_s A_{ts}}

    over the areas A that cells share (:meth:`samplings.Transfer.conservative`): means
    over the sphere are kept, and details finer than the vertices' spacing do not alias.
    Labels are those of the largest area shared; of equal ones the lowest.

    Elsewhere it interpolates: bilinearly on grids of latitudes and longitudes and on
    HEALPix pixels, linearly on the Delaunay triangles of other points. Labels are those
    of the cell that holds the vertex.

    Vertices outside of the file's grid are missing. Missing cells are left out and the
    other weights scaled up; where less than half of a vertex's weight is known, it is
    missing too.

    Parameters
    ----------
    source
        Where the maps are given: a sampling, or the cells of a file as
        :func:`~deepsphere_pyg.convert.from_xarray` found them.
    sampling
        Where they are wanted.
    method
        ``"auto"`` as above; ``"conservative"``; or ``"bilinear"`` or ``"linear"``, both
        of which interpolate as above.

    Raises
    ------
    TypeError
        If ``source`` or ``sampling`` are something else.
    ValueError
        If there is no such method, or points have neither cells nor triangles.

    Notes
    -----
    Components of vectors (winds) are carried as scalars, which is good to second order
    away from the poles. Weights are computed once for a source, a sampling and a
    method.

    Source: Jones 1999, Mon. Weather Rev. 127, 2204 (first-order conservative).

    Examples
    --------
    >>> from samplings import HEALPix, Rectilinear
    >>> grid = Rectilinear([75, 25, -25, -75], [0, 120, 240])
    >>> regridder = Regridder(grid, HEALPix(2))
    >>> between = np.abs(HEALPix(2).lat) < 75
    >>> lat = regridder.fields(grid.lat)
    >>> regridder.used, bool(np.allclose(lat[between], HEALPix(2).lat[between]))
    ('bilinear', True)
    """

    source: Sampling | XarraySampling
    sampling: Sampling
    method: Method = "auto"

    def __post_init__(self) -> None:
        if not isinstance(self.source, Sampling | XarraySampling):
            raise TypeError(
                "source must be a Sampling or what from_xarray returns, got "
                f"{type(self.source).__name__}; pass from_xarray(data), for example"
            )
        if not isinstance(self.sampling, Sampling):
            raise TypeError(
                f"sampling must be a Sampling, got {type(self.sampling).__name__}; "
                "make one with samplings.HEALPix(32), for example"
            )
        # Said at once, not at the first map.
        used_method(self.places[0], self.sampling, self.method)

    @cached_property
    def places(self) -> tuple[Sampling, IntArray]:
        """Sampling of the source, and the vertex of each cell, -1 where it has none."""
        if isinstance(self.source, XarraySampling):
            return self.source.sampling, self.source.vertex
        return self.source, np.arange(len(self.source))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a map on the cells of the source."""
        return self.places[1].shape

    @cached_property
    def used(self) -> Used:
        """What is done to fields: ``"conservative"``, ``"bilinear"``, ``"linear"``."""
        return used_method(self.places[0], self.sampling, self.method)

    @cached_property
    def matrix(self) -> sp.csr_array:
        """Weights of the cells in each vertex, sparse, shape ``(V, n_cells)``.

        Rows sum to the part of the vertex that the source covers, at most one.
        """
        return freeze(self._of_cells(self.used))

    @cached_property
    def label_matrix(self) -> sp.csr_array:
        """Weights by which the cells vote for the label of each vertex."""
        if self.used == "conservative":
            return self.matrix
        return freeze(self._of_cells("nearest"))

    def _of_cells(self, used: Used) -> sp.csr_array:
        source, vertex = self.places
        matrix = kept_weights(source, self.sampling, used)
        flat = vertex.ravel()
        cells = np.flatnonzero(flat >= 0)
        # Cells that are one vertex, as those of a pole, share its weight.
        count = np.bincount(flat[cells], minlength=len(source))
        entries = (1 / count[flat[cells]], (flat[cells], cells))
        spread = sp.csr_array(entries, shape=(len(source), len(flat)))
        product = sp.csr_array(matrix @ spread)
        product.sort_indices()
        return product

    @cached_property
    def _compact(self) -> tuple[IntArray, sp.csr_array, FloatArray]:
        """Cells that are used at all, the matrix without the others, its row sums."""
        used, position = np.unique(self.matrix.indices, return_inverse=True)
        parts = (self.matrix.data, position, self.matrix.indptr)
        compact = sp.csr_array(parts, shape=(len(self.sampling), len(used)))
        return used.astype(np.int64), compact, compact @ np.ones(len(used))

    def fields(
        self, values: npt.ArrayLike, fill_value: float | None = None
    ) -> FloatArray:
        """Carry maps to the vertices.

        Parameters
        ----------
        values
            Maps, shape ``(..., *shape)``, such as ``(..., n_lat, n_lon)``, with missing
            values as of :func:`samplings.missing_values.missing_values`.
        fill_value
            Another value that stands for missing data.

        Returns
        -------
        ndarray
            Signals, shape ``(..., V)``, float64, NaN where missing.

        Raises
        ------
        TypeError
            If the values are neither numbers nor booleans.
        ValueError
            If the maps do not have the shape of the grid.
        """
        flat, shape = self._flat(values)
        missing = missing_values(flat, fill_value=fill_value)
        used, matrix, covered = self._compact
        known = native(flat)[:, used].T.astype(np.float64)
        valid = ~missing[:, used].T
        if valid.all():
            total, weight = matrix @ known, covered[:, None]
        else:
            total = matrix @ np.where(valid, known, 0.0)
            weight = matrix @ valid.astype(np.float64)
        signals = np.full(total.shape, np.nan)
        enough = np.broadcast_to(weight >= ENOUGH, total.shape)
        np.divide(total, weight, out=signals, where=enough)
        return signals.T.reshape((*shape, len(self.sampling)))

    def labels(
        self, values: npt.ArrayLike
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """Carry codes to the vertices, as they are.

        Parameters
        ----------
        values
            Maps of codes, shape ``(..., *shape)``; missing ones as in :meth:`fields`.

        Returns
        -------
        labels : ndarray
            Codes, shape ``(..., V)``, of the type given; arbitrary where not known.
        known : ndarray
            Where at least half of the vertex has a code, shape ``(..., V)``.

        Raises
        ------
        TypeError, ValueError
            As :meth:`fields`.

        Examples
        --------
        >>> from samplings import Equiangular, HEALPix
        >>> north = Equiangular(16).lat > 0
        >>> codes, known = Regridder(Equiangular(16), HEALPix(2)).labels(north)
        >>> codes.tolist() == (HEALPix(2).lat > 0).tolist(), bool(known.all())
        (True, True)
        """
        flat, shape = self._flat(values)
        missing, codes = missing_values(flat), native(flat)
        matrix = self.label_matrix
        n = len(self.sampling)
        row = np.repeat(np.arange(n), np.diff(matrix.indptr))
        labels = np.zeros((len(flat), n), dtype=codes.dtype)
        known = np.zeros((len(flat), n), dtype=bool)
        for i, one in enumerate(codes):
            valid = ~missing[i][matrix.indices]
            found, place = np.unique(one[matrix.indices[valid]], return_inverse=True)
            if len(found) == 0:
                continue
            areas = np.bincount(
                row[valid] * len(found) + place,
                matrix.data[valid],
                minlength=n * len(found),
            ).reshape(n, len(found))
            most = areas.max(axis=1, keepdims=True)
            # The first of those as large: codes ascend.
            labels[i] = found[(areas >= most * (1 - TIED)).argmax(axis=1)]
            known[i] = areas.sum(axis=1) >= ENOUGH
        return labels.reshape((*shape, n)), known.reshape((*shape, n))

    def _flat(self, values: npt.ArrayLike) -> tuple[Any, tuple[int, ...]]:
        """Maps ``(n, n_cells)``, masked where they were, and their leading shape."""
        maps = (
            np.ma.asanyarray(values)
            if np.ma.isMaskedArray(values)
            else np.asarray(values)
        )
        n = len(self.shape)
        if maps.ndim < n or maps.shape[maps.ndim - n :] != self.shape:
            dims = "V"
            if isinstance(self.source, XarraySampling):
                dims = ", ".join(self.source.dims)
            raise ValueError(
                f"maps must have shape (..., {dims}) = (..., "
                f"{', '.join(map(str, self.shape))}), got {maps.shape}; move the "
                "dimensions of places to the end"
            )
        leading = maps.shape[: maps.ndim - n]
        return maps.reshape((-1, int(np.prod(self.shape)))), leading

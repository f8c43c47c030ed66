"""Regridding from the cells of a file to the vertices of any sampling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from deepsphere_pyg.convert import XarraySampling
from samplings import Sampling
from samplings.arguments import sampling_argument
from samplings.arrays import FloatArray, IntArray, freeze
from samplings.interpolation.weights import (
    Method,
    Used,
    kept_weights,
    used_method,
)
from samplings.missing_values import missing_values, native

# Vertices with a smaller known weight are missing: a half, less the round-off of a sum
# of some hundred weights.
ENOUGH = 0.5 - 1e-12
# Relative difference of areas that are equal up to round-off.
TIED = 1e-9
# Codes below this are counted to find the distinct ones, which is faster than sorting.
_SMALL_CODES = 1 << 10


@dataclass(frozen=True, eq=False)
class Regridder:
    r"""Regridding of fields and labels from the cells of a file to a sampling.

    If the cells of the sampling are larger on average, values are averaged,

    .. math:: f_t = \frac{\sum_s A_{ts} f_s}{\sum_s A_{ts}}

    over the areas A that cells share (:meth:`samplings.Transfer.conservative`): means
    over the sphere are kept, and details finer than the vertices' spacing do not alias.
    The label is the one with the largest shared area; of equal ones the lowest.

    Otherwise values are interpolated: bilinearly on latitude-longitude grids and on
    HEALPix pixels, linearly on the Delaunay triangles of other points. The label is
    that of the cell at the vertex.

    Vertices outside the file's grid are missing. Missing cells are left out and the
    other weights scaled up; a vertex with less than half of its weight is missing too.

    Parameters
    ----------
    source
        The sampling of the given maps, or the result of
        :func:`~deepsphere_pyg.convert.from_xarray` for the cells of a file.
    sampling
        The sampling to regrid to.
    method
        ``"auto"`` as above; ``"conservative"``; or ``"bilinear"`` or ``"linear"``, both
        of which interpolate as above.

    Raises
    ------
    TypeError
        If ``source`` or ``sampling`` has another type.
    ValueError
        If the method is unknown, or points have neither cells nor triangles.

    Notes
    -----
    Components of vectors (winds) are treated as scalars, which is accurate to second
    order away from the poles; ``FieldMaps(winds=...)`` carries them as vectors. Weights
    are computed once for a source, a sampling and a method.

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
                "source must be a Sampling or an XarraySampling, got "
                f"{type(self.source).__name__}; pass from_xarray(data), for example"
            )
        sampling_argument("sampling", self.sampling)
        # Refuse an unknown method at once, not at the first map.
        used_method(self.places[0], self.sampling, self.method)

    @cached_property
    def places(self) -> tuple[Sampling, IntArray]:
        """Sampling of the source, and the vertex of each cell, or -1."""
        if isinstance(self.source, XarraySampling):
            return self.source.sampling, self.source.vertex
        return self.source, np.arange(len(self.source))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a map on the cells of the source."""
        return self.places[1].shape

    @cached_property
    def used(self) -> Used:
        """Method for fields: ``"conservative"``, ``"bilinear"`` or ``"linear"``."""
        return used_method(self.places[0], self.sampling, self.method)

    @cached_property
    def matrix(self) -> sp.csr_array:
        """Weights of the cells at each vertex, sparse, shape ``(V, n_cells)``.

        Rows sum to the share of the vertex that the source covers.
        """
        return freeze(self._of_cells(self.used))

    @cached_property
    def label_matrix(self) -> sp.csr_array:
        """Weights of the cells' votes for the label of each vertex."""
        if self.used == "conservative":
            return self.matrix
        return freeze(self._of_cells("nearest"))

    def _of_cells(self, used: Used) -> sp.csr_array:
        source, vertex = self.places
        matrix = kept_weights(source, self.sampling, used)
        flat = vertex.ravel()
        cells = np.flatnonzero(flat >= 0)
        # Cells of one vertex, as at a pole, share its weight.
        count = np.bincount(flat[cells], minlength=len(source))
        entries = (1 / count[flat[cells]], (flat[cells], cells))
        spread = sp.csr_array(entries, shape=(len(source), len(flat)))
        product = sp.csr_array(matrix @ spread)
        product.sort_indices()
        return product

    @cached_property
    def _compact(self) -> tuple[IntArray, sp.csr_array, FloatArray]:
        """Cells with a weight, the matrix of their columns, and its row sums."""
        used, position = np.unique(self.matrix.indices, return_inverse=True)
        parts = (self.matrix.data, position, self.matrix.indptr)
        compact = sp.csr_array(parts, shape=(len(self.sampling), len(used)))
        return used.astype(np.int64), compact, compact @ np.ones(len(used))

    def fields(
        self, values: npt.ArrayLike, fill_value: float | None = None
    ) -> FloatArray:
        """Regrid maps to the vertices.

        Parameters
        ----------
        values
            Maps, shape ``(..., *shape)``, such as ``(..., n_lat, n_lon)``, with missing
            values as in :func:`samplings.missing_values.missing_values`.
        fill_value
            A further value for missing data.

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
        """Regrid codes to the vertices, each of which gets one of the codes.

        Parameters
        ----------
        values
            Maps of codes, shape ``(..., *shape)``; missing ones as in :meth:`fields`.

        Returns
        -------
        labels : ndarray
            Codes, shape ``(..., V)``, in their own dtype; arbitrary where unknown.
        known : ndarray
            True where codes have at least half of the weight, shape ``(..., V)``.

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
            found, place = _distinct(one[matrix.indices[valid]])
            if len(found) == 0:
                continue
            areas = np.bincount(
                row[valid] * len(found) + place,
                matrix.data[valid],
                minlength=n * len(found),
            ).reshape(n, len(found))
            most = areas.max(axis=1, keepdims=True)
            # Codes ascend, so the first of equal areas is that of the lowest code.
            labels[i] = found[(areas >= most * (1 - TIED)).argmax(axis=1)]
            known[i] = areas.sum(axis=1) >= ENOUGH
        return labels.reshape((*shape, n)), known.reshape((*shape, n))

    def _flat(self, values: npt.ArrayLike) -> tuple[Any, tuple[int, ...]]:
        """Return maps ``(n, n_cells)``, still masked, and their leading shape."""
        maps = values if np.ma.isMaskedArray(values) else np.asarray(values)
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


def _distinct(votes: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], IntArray]:
    """Return the distinct codes, ascending, and the position of each vote's code."""
    small = votes.dtype.kind in "biu" and votes.size > 0
    if small and votes.min() >= 0 and votes.max() < _SMALL_CODES:
        codes = votes.astype(np.int64)
        occurs = np.bincount(codes) > 0
        return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[codes]
    found, place = np.unique(votes, return_inverse=True)
    return found, place

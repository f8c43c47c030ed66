"""Carrying signals between any two samplings of the sphere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from samplings.arguments import sampling_argument, sparse_argument
from samplings.arrays import FloatArray, IntArray, ReadOnly, freeze, read_only
from samplings.base import Masked, Sampling
from samplings.coarsening import Coarsening
from samplings.transfer.cell_overlap import SAME_AREA, areas_at_nearest, shared_areas


@dataclass(frozen=True, eq=False, repr=False)
class Transfer(ReadOnly):
    r"""Areas that cells of two samplings share, and means over them.

    .. math::
        (P s)_t = \frac{\sum_f O_{tf} s_f}{\sum_f O_{tf}}, \qquad
        (U c)_f = \frac{\sum_t O_{tf} c_t}{\sum_t O_{tf}}

    Pooling P and unpooling U take means over the areas that each cell shares with those
    of the other sampling. They are adjoint in the inner products weighted by the shared
    areas, and preserve constants and the mean over the sphere.

    Parameters
    ----------
    source, target
        The samplings of signals before and after, ``V_source`` and ``V_target``
        vertices.
    overlap
        Shared areas in steradian, sparse, shape ``(V_target, V_source)``.

    Raises
    ------
    ValueError
        If the overlap does not fit, has a negative or non-finite entry, or a target
        cell shares nothing.

    Examples
    --------
    >>> from samplings import Equiangular, HEALPix
    >>> transfer = Transfer.conservative(Equiangular(16), HEALPix(4))
    >>> signal = Equiangular(16).xyz[:, 2]
    >>> pooled = transfer.pooling() @ signal
    >>> pooled.shape, bool(np.abs(pooled - HEALPix(4).xyz[:, 2]).max() < 0.02)
    ((192,), True)
    """

    source: Sampling
    target: Sampling
    overlap: sp.csr_array

    def __post_init__(self) -> None:
        # A copy, since it is made read-only below.
        overlap = sparse_argument("overlap", self.overlap).copy()
        target = sampling_argument("target", self.target)
        shape = (len(target), len(sampling_argument("source", self.source)))
        if overlap.shape != shape:
            raise ValueError(
                f"overlap must have shape (V_target, V_source) = {shape}, got "
                f"{overlap.shape}; transpose it if target and source are exchanged"
            )
        overlap.sum_duplicates()
        overlap.eliminate_zeros()
        data = overlap.data
        if len(data) and not (data.min() >= 0 and np.isfinite(data.max())):
            raise ValueError(
                "overlaps are areas in steradian, finite and not negative, got "
                f"{data.min()} to {data.max()}"
            )
        object.__setattr__(self, "overlap", freeze(overlap))
        empty = np.flatnonzero(np.diff(overlap.indptr) == 0)
        if len(empty):
            raise ValueError(
                f"{_count(len(empty), 'cell')} of the target {self.target.name} share "
                f"nothing with the source {self.source.name}: {_listed(empty)}; "
                "keep only those that do, as in target[index], or take a coarser "
                "target, or 'conservative' overlaps where these are 'nearest'"
            )

    def __repr__(self) -> str:
        return (
            f"Transfer({self.source.name} -> {self.target.name}) with "
            f"{self.overlap.nnz} overlaps"
        )

    @classmethod
    def conservative(cls, source: Sampling, target: Sampling) -> Transfer:
        r"""Share cells by the areas of their intersections.

        Parameters
        ----------
        source, target
            Any two samplings whose cells (:meth:`samplings.Sampling.cells`) are known.

        Returns
        -------
        Transfer
            Where both cover the whole sphere, columns of the overlap sum to
            ``source.weights`` and rows to ``target.weights``, to round-off; otherwise
            to the shared part of these.

        Raises
        ------
        ValueError
            If a sampling has no cells (fewer than four points, or all on one circle), a
            target cell shares nothing, or given areas are not sums of any overlaps.

        Notes
        -----
        Cells that nest by construction (HEALPix in HEALPix, ...) are matched by index,
        those of rings by latitude and longitude. Cells between parallels and meridians
        are intersected with the polygons of other samplings, and polygons with each
        other, exactly. Cells whose sides are not great circles (HEALPix between
        parallels) differ in area from their polygons: overlaps are scaled by row and
        column to the samplings' own areas, with the least change
        (:func:`samplings.transfer.matrix_scaling.balanced`); if that is impossible, a
        millionth of a cell is first shared with the cells that its neighbours overlap.

        Cells of a sampling of a part of the sphere are limited to the discs about their
        points within which they have their areas
        (:func:`samplings.transfer.limits.limiting_discs`), and none shares more than
        its area: cells that a mask has cut count as evenly covered.

        Equivariance: exact for the rotations that map both samplings onto themselves.
        """
        return cls(source, target, shared_areas(source, target))

    @classmethod
    def nearest(cls, source: Sampling, target: Sampling) -> Transfer:
        """Give each cell of the finer sampling to the nearest vertex of the coarser.

        Ties with the nearest (relative 1e-9) get equal shares, so that the transfer has
        every symmetry of the two samplings.

        Parameters
        ----------
        source, target
            Any two samplings. The finer is the one of more vertices; if it is the
            target, each of its vertices takes the nearest value.

        Raises
        ------
        ValueError
            If the target is the coarser and no cell is nearest to some of its vertices.
        """
        source = sampling_argument("source", source)
        target = sampling_argument("target", target)
        if len(source) >= len(target):
            return cls(source, target, areas_at_nearest(source, target))
        return cls(source, target, sp.csr_array(areas_at_nearest(target, source).T))

    @cached_property
    def source_areas(self) -> FloatArray:
        """Area of each source cell that the target covers, shape ``(V_source,)``."""
        data, n = self.overlap.data, len(self.source)
        return read_only(np.bincount(self.overlap.indices, data, minlength=n))

    @cached_property
    def target_areas(self) -> FloatArray:
        """Area of each target cell that the source covers, shape ``(V_target,)``."""
        return read_only(self.overlap.sum(axis=1))

    def pooling(self) -> sp.csr_array:
        """Return the matrix ``(V_target, V_source)`` of means over target cells."""
        return freeze(_rows_to_one(self.overlap))

    def unpooling(self) -> sp.csr_array:
        """Return the matrix ``(V_source, V_target)`` of means over source cells.

        The adjoint of :meth:`pooling`: ``<P s, t> = <s, U t>`` with the inner products
        weighted by :attr:`target_areas` and :attr:`source_areas`.

        Raises
        ------
        ValueError
            If a source cell shares nothing with the target.
        """
        empty = np.flatnonzero(self.source_areas == 0)
        if len(empty):
            raise ValueError(
                f"{_count(len(empty), 'cell')} of the source {self.source.name} share "
                f"nothing with the target {self.target.name}, and get no values back: "
                f"{_listed(empty)}; keep only those that do, as in source[index]"
            )
        return freeze(_rows_to_one(sp.csr_array(self.overlap.T)))

    def coarsening(self) -> Coarsening:
        """Return the shares of source cells as a step of a pyramid.

        The coarse sampling is the target, with the areas it receives.

        Raises
        ------
        ValueError
            If the target has more vertices than the source, or does not cover all of
            its cells.

        Examples
        --------
        >>> from samplings import Fibonacci, HEALPix
        >>> Transfer.conservative(HEALPix(4), Fibonacci(50)).coarsening().coarse
        Fibonacci(n=50) with 50 vertices
        """
        if len(self.target) > len(self.source):
            raise ValueError(
                "a coarser sampling must have at most as many vertices as the finer "
                f"one, got {len(self.target)} for {len(self.source)}; exchange the two"
            )
        weights = self.source.weights
        off = np.abs(self.source_areas - weights)
        short = np.flatnonzero(off > SAME_AREA * weights)
        if len(short):
            bad = int(short[off[short].argmax()])
            raise ValueError(
                "a coarsening must cover all of the fine cells, but the target "
                f"{self.target.name} covers {self.source_areas[bad]:.6g} of "
                f"{weights[bad]:.6g} sr of cell {bad} of {self.source.name} "
                f"({_count(len(short), 'cell')} in all); coarsen the part that it "
                "covers, or use pooling() and unpooling()"
            )
        shares = self.overlap.copy()
        shares.data = shares.data / self.source_areas[shares.indices]
        held = shares @ weights
        coarse = self.target
        if not np.allclose(held, coarse.weights, rtol=SAME_AREA, atol=0):
            coarse = Masked(coarse, np.arange(len(coarse)), held)
        return Coarsening(self.source, coarse, shares)


def _rows_to_one(matrix: sp.csr_array) -> sp.csr_array:
    scaled = matrix.copy()
    total = np.asarray(scaled.sum(axis=1)).ravel()
    scaled.data = scaled.data / np.repeat(total, np.diff(scaled.indptr))
    return scaled


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("s" if n != 1 else "")


def _listed(index: IntArray) -> str:
    more = f", ... ({len(index)} in all)" if len(index) > 8 else ""
    return ", ".join(str(i) for i in index[:8]) + more

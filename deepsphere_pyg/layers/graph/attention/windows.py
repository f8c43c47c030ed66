"""Windows of vertices that attend to each other."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.layers.graph.attention.healpix_corners import corner_shares
from deepsphere_pyg.layers.graph.attention.padded_rows import PaddedRows, log_areas
from deepsphere_pyg.layers.graph.attention.relative_positions import (
    chord_of,
    radius_argument,
    seen_positions,
)
from samplings import Coarsening
from samplings.arguments import flag_argument, instance_argument


class Windows(FixedTensors):
    r"""Windows of vertices: the fine cells within each coarse cell.

    Parameters
    ----------
    coarsening
        Windows are its coarse cells, and their vertices the fine cells with a share in
        them: ``sampling.coarsen()``, or for windows of :math:`4^p` pixels
        ``Coarsening.nested(HEALPix(16), HEALPix(4))``. A vertex with shares in several
        windows is in all of them, with its share of the area, and its result is their
        mean by share.
    shifted
        Whether windows are shifted by half of their side, along both axes of the
        pixels: each then has the pixels closest to one *corner* of the coarse pixels,
        and unites a quarter of each coarse pixel that meets there. HEALPix only, with
        an even number of pixels on each side of a window.
    radius
        Angle in radian that has the length one in relative positions; by default the
        largest within a window.

    Attributes
    ----------
    index
        Vertices, shape ``(W, M)``, where M is the largest number in a window.
    position
        Position of each vertex as seen from each, shape ``(W, M, M, 2)``, as in
        :class:`Neighbourhoods`.
    log_area
        Logarithms of the areas, over the mean area, shape ``(W, M)``; minus infinity
        where a window has fewer vertices.
    place, share
        Where the results of each vertex are among those of all windows, and the share
        of each, shape ``(V, P)``, where P is the largest number of windows of a vertex.

    Raises
    ------
    TypeError
        If ``coarsening`` is not a coarsening.
    ValueError
        If ``shifted`` is True for a sampling that is not HEALPix, or windows have an
        odd number of pixels on a side; or if ``radius`` is not in (0, pi].

    Notes
    -----
    Source: Carlsson et al. 2023, arXiv:2307.07313 (HEAL-SWIN), shifts windows within
    the twelve faces of HEALPix and masks pixels which the shift brings from afar.
    Windows around corners are the same within a face. At its border they unite the
    pixels of the faces that meet there, of which there are three at eight corners, so
    that no pixels are masked.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> coarsening = Coarsening.nested(HEALPix(8), HEALPix(2))
    >>> Windows(coarsening)
    Windows(48 windows of at most 16 of 768 vertices, radius=0.6459)
    >>> Windows(coarsening, shifted=True)
    Windows(50 windows of at most 16 of 768 vertices, radius=0.625)
    """

    index: Tensor
    position: Tensor
    log_area: Tensor
    place: Tensor
    share: Tensor

    def __init__(
        self,
        coarsening: Coarsening,
        *,
        shifted: bool = False,
        radius: float | None = None,
    ) -> None:
        super().__init__()
        remedy = "take sampling.coarsen(), or Coarsening.nested(fine, coarse)"
        instance_argument("coarsening", coarsening, Coarsening, remedy)
        self.shifted = flag_argument("shifted", shifted)
        assign = corner_shares(coarsening) if self.shifted else coarsening.assign
        assign = sp.csr_array(assign[np.diff(assign.indptr) > 0])
        assign.eliminate_zeros()
        assign.sort_indices()
        rows = PaddedRows.of(assign)
        fine = coarsening.fine
        members = fine.xyz[rows.index]
        position = seen_positions(members[:, :, None], members[:, None])
        position *= (rows.filled[:, :, None] & rows.filled[:, None])[..., None]
        self.radius = radius_argument(radius, position)
        area = fine.weights[rows.index] * rows.values
        # A matrix like `assign` whose entries count the places in the table, from one.
        count = np.flatnonzero(rows.filled) + 1.0
        counts = sp.csr_array((count, assign.indices, assign.indptr), assign.shape)
        place = PaddedRows.of(sp.csr_array(counts.T)).values.astype(np.int64) - 1
        share = PaddedRows.of(sp.csr_array(assign.T)).values
        dtype = torch.get_default_dtype()
        self.keep("index", rows.index)
        self.keep("position", position / chord_of(self.radius), dtype)
        self.keep("log_area", log_areas(area, float(fine.weights.mean())), dtype)
        self.keep("place", np.maximum(place, 0))
        self.keep("share", share, dtype)

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self.place)

    @property
    def n_windows(self) -> int:
        """Number of windows W."""
        return len(self.index)

    def __repr__(self) -> str:
        windows, most = self.index.shape
        return (
            f"{type(self).__name__}({windows} windows of at most {most} of "
            f"{self.n_vertices} vertices, radius={self.radius:.4g})"
        )

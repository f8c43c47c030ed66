"""Overlap of the cells of two ring samplings, and coarsening by it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from samplings.arrays import FloatArray, IntArray
from samplings.coarsening import Coarsening
from samplings.rings import RingSampling, band_heights

# Boundaries that agree in exact arithmetic differ by round-off: overlaps thinner than
# this share of the thinner ring are ignored.
SLIVER = 1e-11


def overlap_areas(fine: RingSampling, coarse: RingSampling) -> sp.csr_array:
    r"""Return the areas in steradian that cells of ring samplings share, sparse.

    .. math:: A_{cf} = (\text{overlap in } \cos\theta) · (\text{overlap in } \varphi)

    Cells are bounded by meridians and parallels, so that both overlaps are of
    intervals. Rows sum to the coarse areas and columns to the fine ones; either
    sampling may be the finer one. Time and memory are proportional to the entries.

    Notes
    -----
    Multiplied by a signal and divided by the coarse areas it is first-order
    conservative remapping. Source: Jones 1999, Mon. Weather Rev. 127, 2204, whose
    integrals are exact here.

    Examples
    --------
    >>> from samplings import Equiangular, GaussLegendre
    >>> a, b = Equiangular(6), GaussLegendre(4)
    >>> np.allclose(overlap_areas(a, b).sum(axis=0), a.weights)
    True
    """
    fine_ring, coarse_ring, height = _shared_bands(fine.ring_edges, coarse.ring_edges)
    n_fine, n_coarse = fine.ring_n_phi[fine_ring], coarse.ring_n_phi[coarse_ring]
    # So far one entry per pair of rings; from here on, per pair and fine cell. Angles
    # are integers in units of 1 / (2 n_fine n_coarse) of a turn, hence exact.
    pair, cell = _spread(n_fine)
    n_fine, n_coarse = n_fine[pair], n_coarse[pair]
    west = (2 * cell - 1 + fine.ring_shift[fine_ring[pair]]) * n_coarse
    origin = (coarse.ring_shift[coarse_ring[pair]] - 1) * n_fine
    first = (west - origin) // (2 * n_fine)
    last = (west + 2 * n_coarse - 1 - origin) // (2 * n_fine)
    # And now one entry per pair, fine cell and coarse cell.
    entry, beyond = _spread(last - first + 1)
    other = first[entry] + beyond
    west, n_fine, n_coarse = west[entry], n_fine[entry], n_coarse[entry]
    border = 2 * n_fine * other + origin[entry]
    width = np.minimum(west + 2 * n_coarse, border + 2 * n_fine)
    width -= np.maximum(west, border)
    pair, cell = pair[entry], cell[entry]
    area = height[pair] * (width / (n_fine * n_coarse)) * np.pi
    rows = coarse.ring_start[coarse_ring[pair]] + other % n_coarse
    columns = fine.ring_start[fine_ring[pair]] + cell
    # A cell can meet both ends of a wide one: duplicates are summed.
    return sp.csr_array((area, (rows, columns)), shape=(len(coarse), len(fine)))


def conservative_coarsening(fine: RingSampling, coarse: RingSampling) -> Coarsening:
    """Share each fine cell among the coarse cells by the area in each."""
    areas = overlap_areas(fine, coarse)
    areas.data /= areas.sum(axis=0)[areas.indices]
    return Coarsening(fine, coarse, areas)


def _shared_bands(
    fine: FloatArray, coarse: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return pairs of rings that overlap, and the height in cos(theta) they share."""
    cuts = np.sort(np.concatenate([fine, coarse]))
    north, south = cuts[:-1], cuts[1:]
    middle = (north + south) / 2
    rings = []
    thinner = np.full(len(middle), np.pi)
    for edges in (fine, coarse):
        ring = np.searchsorted(edges, middle, side="right") - 1
        ring = np.clip(ring, 0, len(edges) - 2)
        rings.append(ring)
        thinner = np.minimum(thinner, np.diff(edges)[ring])
    kept = south - north > SLIVER * thinner
    return rings[0][kept], rings[1][kept], band_heights(north[kept], south[kept])


def _spread(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Return for each of ``counts[i]`` items the index i, and its number within it."""
    index = np.repeat(np.arange(len(counts)), counts)
    start = np.cumsum(counts) - counts
    return index, np.arange(len(index)) - start[index]

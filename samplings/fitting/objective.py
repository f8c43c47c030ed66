"""The quadratic function of the edge weights that a fit minimises."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arrays import FloatArray, IntArray
from samplings.base import Sampling
from samplings.fitting.pattern import FitPattern
from samplings.stencils.legendre_sums import LegendreTable
from samplings.stencils.stencils import (
    Stencils,
    legendre_moments,
    longest_chord,
    offsets,
    stencils,
)

# Pairs in a block of the matrix: 2 MB, which fit in the processor's cache.
BLOCK = 1 << 18
ROUND_OFF = 1e-12


class FitObjective:
    r"""Weighted mean over degrees of the part of L f that is not along f.

    .. math::
        J = \sum_l \frac{p_l}{\mu_l^2} E\|Lf - \mu_l f\|^2
          = \sum_i a_i (w_i^T D_i w_i - 2 b_i^T w_i) + \text{const},
        \quad w_{ij} = s_{ij} / m_i

    with :math:`D_i[j,j'] = \Phi(x_i·x_j) + \Phi(x_i·x_{j'}) - \Phi(x_j·x_{j'})`,
    :math:`b_i[j] = \Psi(x_i·x_j)`, :math:`\Phi = \sum_l q_l (1 - P_l)`,
    :math:`\Psi = \sum_l q_l \mu_l (1 - P_l)` and :math:`q_l = p_l / \mu_l^2`.

    ``counts`` are the weights :math:`a_i` of the rows; degrees 1 ... ``bandlimit`` - 1
    are fitted.
    """

    def __init__(
        self,
        sampling: Sampling,
        pattern: FitPattern,
        counts: FloatArray,
        bandlimit: int,
    ) -> None:
        self.xyz = sampling.xyz
        self.pattern = pattern
        self.centres: IntArray = pattern.vertices.first
        share = np.bincount(pattern.vertices.label, counts)
        self.share: FloatArray = np.asarray(share / share.sum(), dtype=np.float64)
        self.bandlimit = bandlimit
        self.table = LegendreTable(
            longest_chord(pattern.rows, self.xyz, self.centres), bandlimit
        )

    def moments(
        self, weights: FloatArray, mass: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return :math:`E<f, Lf>` and :math:`E|Lf|^2` for degrees 1, 2, ...

        ``weights`` and ``mass`` hold one number for each orbit of edges and vertices.
        """
        rows = self.pattern.rows
        values = weights[self.pattern.unknown]
        values /= np.repeat(mass, np.diff(rows.indptr))
        off = sp.csr_array((values, rows.indices, rows.indptr), shape=rows.shape)
        own: FloatArray = np.asarray(off.sum(axis=1)).ravel()
        diagonal = sp.csr_array(
            (own, self.centres, np.arange(len(own) + 1)), shape=rows.shape
        )
        first, second = legendre_moments(
            sp.csr_array(diagonal - off),
            self.xyz,
            self.centres,
            self.share,
            self.bandlimit,
        )
        return first[1:], second[1:]

    def quadratic(
        self,
        emphasis: FloatArray,
        symbol: FloatArray,
        weights: FloatArray,
        mass: FloatArray,
        only: npt.NDArray[np.bool_] | None = None,
    ) -> Quadratic:
        """Return J near the present weights and masses (see :meth:`moments`).

        ``emphasis`` and ``symbol`` are the weight p and the symbol to aim at of each
        degree 1, 2, ...; ``only`` selects the rows to sum over.
        """
        q = emphasis / symbol**2
        q /= q @ symbol
        phi, psi = self.table.combine(
            np.concatenate([[0.0], q]), np.concatenate([[0.0], q * symbol])
        )
        rows = self.pattern.rows
        result = Quadratic(len(self.pattern.edges), len(self.centres))
        for batch in stencils(rows, BLOCK):
            if only is not None:
                chosen = only[batch.rows]
                batch = Stencils(batch.rows[chosen], batch.entries[:, chosen])
            columns = rows.indices[batch.entries]
            unknown = self.pattern.unknown[batch.entries]
            vectors, squared = offsets(self.xyz, self.centres[batch.rows], columns)
            own = self.table.interpolate(phi, squared)
            block = own[:, None] + own
            for j in range(len(own)):
                between = vectors - vectors[:, j : j + 1]
                chords = np.einsum("csr,csr->sr", between, between)
                block[j] -= self.table.interpolate(phi, chords)
            share, own_mass = self.share[batch.rows], mass[batch.rows]
            block *= share / own_mass**2
            aim = self.table.interpolate(psi, squared) * (share / own_mass)
            result.add(unknown, batch.rows, weights[unknown], block, aim)
        return result


class Quadratic:
    r"""A quadratic function of the edge weights and of changes in the rows' scales.

    Row i of the operator, to first order, is :math:`(s_{ij} + \delta_i s^0_{ij})/m_i`
    with the present weights :math:`s^0`. One small block is kept for each row.
    """

    def __init__(self, n_edges: int, n_rows: int) -> None:
        self.n_edges = n_edges
        self.blocks: list[tuple[IntArray, IntArray, FloatArray, FloatArray]] = []
        self.diagonal = np.zeros(n_edges + n_rows)
        self.target = np.zeros(n_edges + n_rows)

    def add(
        self,
        unknown: IntArray,
        rows: IntArray,
        weights: FloatArray,
        block: FloatArray,
        aim: FloatArray,
    ) -> None:
        """Add rows ``(R,)`` of S links: ``block`` ``(S, S, R)``, others ``(S, R)``."""
        n = self.n_edges
        self.blocks.append((unknown, rows, weights, block))
        for j, row in enumerate(block):
            # An unknown may stand for several edges of a row.
            same = np.where(unknown == unknown[j], row, 0.0).sum(axis=0)
            same = np.maximum(same, ROUND_OFF * row[j])
            self.diagonal[:n] += np.bincount(unknown[j], same, minlength=n)
        own = np.einsum("ssr->sr", block)
        image = np.einsum("str,tr->sr", block, weights)
        # Round-off may cancel a sum that is small beside its terms.
        least = ROUND_OFF * np.einsum("sr,sr->r", own, weights**2)
        self.diagonal[n + rows] = np.maximum(
            np.einsum("sr,sr->r", image, weights), least
        )
        self.target[:n] += np.bincount(unknown.ravel(), aim.ravel(), minlength=n)
        self.target[n + rows] = np.einsum("sr,sr->r", aim, weights)

    def __matmul__(self, x: FloatArray) -> FloatArray:
        n = self.n_edges
        result = np.zeros_like(x)
        for unknown, rows, weights, block in self.blocks:
            values = x[unknown] + x[n + rows] * weights
            image = np.einsum("str,tr->sr", block, values)
            result[:n] += np.bincount(unknown.ravel(), image.ravel(), minlength=n)
            result[n + rows] = np.einsum("sr,sr->r", image, weights)
        return result


class Scaled:
    """A matrix in rescaled unknowns, ``scale * x``, plus a ridge."""

    def __init__(self, matrix: Quadratic, scale: FloatArray, ridge: float) -> None:
        self.matrix, self.scale, self.ridge = matrix, scale, ridge

    def __matmul__(self, x: FloatArray) -> FloatArray:
        return (self.matrix @ (x / self.scale)) / self.scale + self.ridge * x

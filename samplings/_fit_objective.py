"""The quadratic function of the edge weights that a fit minimises."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from samplings._fit_pattern import FitPattern
from samplings._legendre_sums import LegendreTable
from samplings._stencils import legendre_moments, longest_chord, offsets, stencils
from samplings.base import FloatArray, IntArray, Sampling

# Pairs in a block of the matrix: 2 MB, which stays in the processor's cache.
BLOCK = 1 << 18


class FitObjective:
    r"""Weighted mean over degrees of the part of L f that is not along f.

    .. math::
        J = \sum_l \frac{p_l}{\mu_l^2} E\|Lf - \mu_l f\|^2
          = \sum_i \rho_i m_i (w_i^T D_i w_i - 2 b_i^T w_i) + \text{const},
        \quad w_{ij} = s_{ij} / m_i

    with :math:`D_i[j,j'] = \Phi(x_i·x_j) + \Phi(x_i·x_{j'}) - \Phi(x_j·x_{j'})`,
    :math:`b_i[j] = \Psi(x_i·x_j)`, :math:`\Phi = \sum_l q_l (1 - P_l)`,
    :math:`\Psi = \sum_l q_l \mu_l (1 - P_l)` and :math:`q_l = p_l / \mu_l^2`.

    Parameters
    ----------
    sampling
        Where the vertices are.
    pattern
        Their links.
    mass
        Masses :math:`m_i`.
    row_weights
        How much each row counts, :math:`\rho_i`.
    bandlimit
        Degrees 1 ... bandlimit - 1 are fitted.
    """

    def __init__(
        self,
        sampling: Sampling,
        pattern: FitPattern,
        mass: FloatArray,
        row_weights: FloatArray,
        bandlimit: int,
    ) -> None:
        self.xyz = sampling.xyz
        self.pattern = pattern
        self.centres: IntArray = pattern.vertices.first
        self.mass = mass[self.centres]
        counts = row_weights * mass
        share = np.bincount(pattern.vertices.label, counts)
        self.share = np.asarray(share / share.sum(), dtype=np.float64)
        self.bandlimit = bandlimit
        self.table = LegendreTable(
            longest_chord(pattern.rows, self.xyz, self.centres), bandlimit
        )

    def moments(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return :math:`E<f, Lf>` and :math:`E|Lf|^2` for degrees 1, 2, ..."""
        rows = self.pattern.rows
        values = weights[self.pattern.unknown]
        values /= np.repeat(self.mass, np.diff(rows.indptr))
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
        self, emphasis: FloatArray, symbol: FloatArray
    ) -> tuple[Quadratic, FloatArray]:
        """Return the matrix and the right-hand side of the normal equations.

        Parameters
        ----------
        emphasis
            Weight p of each degree 1, 2, ...
        symbol
            Symbol of each degree to aim at.
        """
        q = emphasis / symbol**2
        q /= q @ symbol
        phi, psi = self.table.combine(
            np.concatenate([[0.0], q]), np.concatenate([[0.0], q * symbol])
        )
        rows = self.pattern.rows
        n = len(self.pattern.edges)
        target = np.zeros(n)
        matrix = Quadratic(n)
        for batch in stencils(rows, BLOCK):
            columns = rows.indices[batch.entries]
            unknown = self.pattern.unknown[batch.entries]
            vectors, squared = offsets(self.xyz, self.centres[batch.rows], columns)
            own = self.table.interpolate(phi, squared)
            block = own[:, None] + own
            for j in range(len(own)):
                between = vectors - vectors[:, j : j + 1]
                chords = np.einsum("csr,csr->sr", between, between)
                block[j] -= self.table.interpolate(phi, chords)
            share, mass = self.share[batch.rows], self.mass[batch.rows]
            block *= share / mass**2
            aim = self.table.interpolate(psi, squared) * (share / mass)
            target += np.bincount(unknown.ravel(), aim.ravel(), minlength=n)
            matrix.add(unknown, block)
        return matrix, target


class Quadratic:
    """A symmetric matrix on the unknowns, kept as one small block for each row."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.blocks: list[tuple[IntArray, FloatArray]] = []
        self.diagonal = np.zeros(n)

    def add(self, unknown: IntArray, block: FloatArray) -> None:
        """Add blocks ``(S, S, R)`` on the unknowns ``(S, R)``."""
        self.blocks.append((unknown, block))
        for j, row in enumerate(block):
            # An unknown may stand for several edges of a row.
            same = np.where(unknown == unknown[j], row, 0.0).sum(axis=0)
            self.diagonal += np.bincount(unknown[j], same, minlength=self.n)

    def __matmul__(self, x: FloatArray) -> FloatArray:
        result = np.zeros(self.n)
        for unknown, block in self.blocks:
            image = np.einsum("str,tr->sr", block, x[unknown])
            result += np.bincount(unknown.ravel(), image.ravel(), minlength=self.n)
        return result


class Scaled:
    """The matrix in other units, x -> scale * x, with a ridge added."""

    def __init__(self, matrix: Quadratic, scale: FloatArray, ridge: float) -> None:
        self.matrix, self.scale, self.ridge = matrix, scale, ridge

    def __matmul__(self, x: FloatArray) -> FloatArray:
        return (self.matrix @ (x / self.scale)) / self.scale + self.ridge * x

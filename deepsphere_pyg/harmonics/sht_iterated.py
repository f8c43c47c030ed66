"""Analysis that iterates on what quadrature leaves, and rings that start it well."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor, nn

from deepsphere_pyg.harmonics.legendre import associated_legendre
from deepsphere_pyg.harmonics.sht_geometry import RingGeometry
from samplings.arrays import FloatArray

# Below it a matrix of inner products is small enough to be taken apart as a whole.
DENSE_ROWS = 400
# Eigenvalues below this part of the largest are not iterated for: they would slow all
# others down. Those coefficients converge more slowly, and never diverge.
LEAST_EIGENVALUE = 0.05


class Pair(Protocol):
    """A linear map from vertices to rows of coefficients, and its adjoint."""

    n_vertices: int
    n_rows: int
    table_bytes: int
    probe: Tensor

    def analyze(self, x: Tensor) -> Tensor:
        """Map ``(*batch, vertex, channel)`` to ``(*batch, row, channel)``."""

    def synthesize(self, c: Tensor) -> Tensor:
        """Apply the adjoint."""


class IteratedTransform(nn.Module):
    r"""Chebyshev iterations towards the least-squares coefficients.

    With the synthesis S, quadrature weights W and :math:`M = S^T W S`,

    .. math:: c = q_k(M) S^T W x, \quad 1 - \lambda q_k(\lambda)
        = T_{k+1}\Big(\frac{\theta - \lambda}{\delta}\Big) \Big/
        T_{k+1}\Big(\frac{\theta}{\delta}\Big)

    where the eigenvalues of M lie in :math:`[\theta - \delta, \theta + \delta]`. Unlike
    conjugate gradients it is linear in x, and unlike Jacobi's iterations optimal.

    Parameters
    ----------
    weighted, plain
        :math:`S^T W` and :math:`S^T`, each with its adjoint.
    iterations
        k, the number of syntheses; 0 is plain quadrature.
    spectrum
        Smallest and largest eigenvalue of M.

    Attributes
    ----------
    error_bound
        Largest relative error of the coefficients of a signal below the bandlimit.

    Notes
    -----
    Source: Golub and Varga 1961, Numerische Mathematik 3, 147.
    """

    def __init__(
        self, weighted: Any, plain: Any, iterations: int, spectrum: tuple[float, float]
    ) -> None:
        super().__init__()
        self.weighted: Any = weighted
        self.plain: Any = plain
        self.iterations = iterations
        self.n_vertices, self.n_rows = weighted.n_vertices, weighted.n_rows
        least, largest = spectrum
        low = max(least, LEAST_EIGENVALUE * largest)
        self.centre = (low + largest) / 2
        self.radius = max((largest - low) / 2, 1e-12 * largest)
        self.error_bound = self._error(least, largest)

    def _error(self, least: float, largest: float) -> float:
        """Largest value of the polynomial that is left over."""
        if self.iterations == 0:
            return max(abs(1 - least), abs(1 - largest))
        degree = self.iterations + 1
        at = np.array([(self.centre - least) / self.radius, 1.0])
        # Chebyshev polynomials, at 1 and beyond.
        grown = np.cosh(degree * np.arccosh(np.maximum(at, 1.0)))
        start = math.cosh(degree * math.acosh(self.centre / self.radius))
        return float(grown.max() / start)

    @property
    def table_bytes(self) -> int:
        """Bytes of the tables, which both transforms share."""
        return int(self.weighted.table_bytes)

    @property
    def probe(self) -> Tensor:
        """A tensor of the dtype and on the device of the tables."""
        probe: Tensor = self.weighted.probe
        return probe

    def analyze(self, x: Tensor) -> Tensor:
        """Integrate, and iterate."""
        return self._refine(self.weighted.analyze(x))

    def synthesize(self, c: Tensor) -> Tensor:
        """Apply the adjoint of the analysis: M is symmetric."""
        x: Tensor = self.weighted.synthesize(self._refine(c))
        return x

    def _refine(self, b: Tensor) -> Tensor:
        """Apply :math:`q_k(M)`."""
        if self.iterations == 0:
            return b
        sigma = self.centre / self.radius
        ratio = 1 / sigma
        step = b / self.centre
        c, left = step, b
        for _ in range(self.iterations):
            left = left - self.weighted.analyze(self.plain.synthesize(step))
            following = 1 / (2 * sigma - ratio)
            step = following * ratio * step + (2 * following / self.radius) * left
            ratio = following
            c = c + step
        return c


def spectrum_of(weighted: Any, plain: Any) -> tuple[float, float]:
    """Return the smallest and the largest eigenvalue of ``S^T W S``.

    Both transforms in float64, on the CPU.
    """
    n = weighted.n_rows

    def apply(v: FloatArray) -> FloatArray:
        columns = torch.from_numpy(np.ascontiguousarray(v.reshape(n, -1)))
        with torch.no_grad():
            image = weighted.analyze(plain.synthesize(columns))
        return np.asarray(image.numpy()).reshape(v.shape)

    if n <= DENSE_ROWS:
        gram = apply(np.eye(n))
        values = np.linalg.eigvalsh((gram + gram.T) / 2)
        return float(values[0]), float(values[-1])
    operator: Any = LinearOperator((n, n), matvec=apply, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(n)
    found = eigsh(
        operator, k=2, which="BE", v0=start, tol=1e-3, return_eigenvectors=False
    )
    return float(found.min()), float(found.max())


def ring_weights(rings: RingGeometry, L: int) -> FloatArray:
    r"""Return weights of the vertices of each ring that integrate zonal harmonics.

    The least change of the weights given that makes them exact for
    :math:`P_l(\cos\theta)`, l below 2L - 1, as far as there are rings.

    Returns
    -------
    numpy.ndarray
        In steradian, shape ``(T,)``.
    """
    n_phi = np.maximum(rings.n_phi, 1)
    _, values = next(associated_legendre(rings.theta, 2 * L - 1))
    # Even degrees only: mirrored rings integrate odd ones to zero.
    zonal = values[::2] * (n_phi * rings.quadrature)
    target = np.zeros(len(zonal))
    target[0] = math.sqrt(4 * math.pi)
    change = np.linalg.lstsq(zonal, target - zonal.sum(axis=1), rcond=1e-10)[0]
    return np.asarray(rings.quadrature * (1 + change))

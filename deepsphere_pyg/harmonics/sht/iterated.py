"""Analysis that iterates on what quadrature leaves, and rings that start it well."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor, nn

from deepsphere_pyg.harmonics.functions.legendre import associated_legendre
from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from samplings.arrays import FloatArray

# Below it a matrix of inner products is small enough to be taken apart as a whole.
_DENSE_ROWS = 400
# Degrees that weights of rings are made exact for, over nside. Up to 4 nside there
# are rings enough, but then weights of neighbours differ by more than the error of the
# quadrature falls: eigenvalues lie nearest to 1 here, at L = 1.5 to 2.4 nside.
_DEGREES_PER_NSIDE = 2.5


class IteratedTransform(nn.Module):
    r"""Quadrature, iterated on what the synthesis leaves of the signal.

    With the synthesis S and quadrature weights W,

    .. math:: c_0 = S^T W x, \quad c_{i+1} = c_i + S^T W (x - S c_i)

    so that of a signal :math:`S c` the error :math:`(1 - S^T W S)^{k+1} c` is left,
    next to nothing, as nearly all eigenvalues are near 1. Unlike conjugate gradients
    it is linear in x.

    Parameters
    ----------
    weighted, plain
        :math:`S^T W` and :math:`S^T`, each with its adjoint.
    iterations
        k, the number of syntheses; 0 is plain quadrature.
    spectrum
        Smallest and largest eigenvalue of :math:`S^T W S`.

    Attributes
    ----------
    error_bound
        Largest relative error of the coefficients of a signal below the bandlimit.
    """

    def __init__(
        self, weighted: Any, plain: Any, iterations: int, spectrum: tuple[float, float]
    ) -> None:
        super().__init__()
        self.weighted: Any = weighted
        self.plain: Any = plain
        self.iterations = iterations
        self.n_vertices, self.n_rows = weighted.n_vertices, weighted.n_rows
        rate = max(abs(1 - value) for value in spectrum)
        self.error_bound = rate ** (iterations + 1)

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
        """Add up what iterations find, in terms of coefficients alone."""
        c = b
        for _ in range(self.iterations):
            c = c + (b - self.weighted.analyze(self.plain.synthesize(c)))
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

    if n <= _DENSE_ROWS:
        gram = apply(np.eye(n))
        values = np.linalg.eigvalsh((gram + gram.T) / 2)
        return float(values[0]), float(values[-1])
    operator: Any = LinearOperator((n, n), matvec=apply, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(n)
    found = eigsh(
        operator, k=2, which="BE", v0=start, tol=1e-3, return_eigenvectors=False
    )
    return float(found.min()), float(found.max())


def ring_weights(rings: RingGeometry, L: int, nside: int) -> FloatArray:
    r"""Return weights of the vertices of each ring that integrate zonal harmonics.

    The least change of equal weights, in the mean square over the sphere, that makes
    them exact for :math:`P_l(\cos\theta)` up to degree 2.5 nside, or 2L - 2 if that is
    less.

    Returns
    -------
    numpy.ndarray
        In steradian, shape ``(T,)``.
    """
    n_degrees = min(2 * L - 1, int(_DEGREES_PER_NSIDE * nside) + 1)
    _, values = next(associated_legendre(rings.theta, n_degrees))
    area = rings.n_phi * rings.quadrature
    # Even degrees only: mirrored rings integrate odd ones to zero.
    zonal = values[::2] * np.sqrt(area)
    target = np.zeros(len(zonal))
    target[0] = math.sqrt(4 * math.pi)
    left = target - values[::2] @ area
    change = np.linalg.lstsq(zonal, left, rcond=1e-10)[0] / np.sqrt(area)
    return np.asarray(rings.quadrature * (1 + change))

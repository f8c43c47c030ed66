"""Iterated quadrature, and the ring weights that it starts from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor, nn

from deepsphere_pyg.harmonics.functions.legendre import associated_legendre
from deepsphere_pyg.harmonics.sht.base import InnerTables
from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from samplings.arrays import FloatArray

# Up to this size all eigenvalues of the matrix of inner products are computed.
_DENSE_ROWS = 400
# Degrees up to which ring weights are exact, over nside. There are enough rings for
# 4 nside, but then neighbouring weights vary too much: at L = 1.5 to 2.4 nside
# eigenvalues are nearest to 1 here.
_DEGREES_PER_NSIDE = 2.5


class IteratedTransform(InnerTables, nn.Module):
    r"""Quadrature, iterated on the residual of the signal.

    With the synthesis S and quadrature weights W,

    .. math:: c_0 = S^T W x, \quad c_{i+1} = c_i + S^T W (x - S c_i)

    so that a signal :math:`S c` has the error :math:`(1 - S^T W S)^{k+1} c`, which is
    small because nearly all eigenvalues are near 1. Unlike conjugate gradients it is
    linear in x.

    Parameters
    ----------
    weighted, plain
        :math:`S^T W` and :math:`S^T`, each with its adjoint.
    iterations
        k, the number of syntheses; 0 is plain quadrature.
    spectrum
        Smallest and largest eigenvalue of :math:`S^T W S`, if they are known.

    Attributes
    ----------
    error_bound
        Largest relative error of the coefficients of a signal below the bandlimit; None
        if the spectrum is not known.
    """

    inner = "weighted"

    def __init__(
        self,
        weighted: Any,
        plain: Any,
        iterations: int,
        spectrum: tuple[float, float] | None,
    ) -> None:
        super().__init__()
        self.weighted: Any = weighted
        self.plain: Any = plain
        self.iterations = iterations
        self.n_vertices, self.n_rows = weighted.n_vertices, weighted.n_rows
        self.error_bound: float | None = None
        if spectrum is not None:
            rate = max(abs(1 - value) for value in spectrum)
            self.error_bound = rate ** (iterations + 1)

    def analyze(self, x: Tensor) -> Tensor:
        """Integrate, and iterate."""
        return self._refine(self.weighted.analyze(x))

    def synthesize(self, c: Tensor) -> Tensor:
        """Apply the adjoint of the analysis: the iteration is symmetric."""
        x: Tensor = self.weighted.synthesize(self._refine(c))
        return x

    def _refine(self, b: Tensor) -> Tensor:
        """Iterate, in terms of coefficients alone."""
        c = b
        for _ in range(self.iterations):
            c = c + (b - self.weighted.analyze(self.plain.synthesize(c)))
        return c


def spectrum_of(weighted: Any, plain: Any, n_zeros: int = 0) -> tuple[float, float]:
    """Return the extreme eigenvalues of ``S^T W S``; transforms on the CPU, float64.

    Those of the first ``n_zeros`` rows, which have no functions, do not count.
    """
    n = weighted.n_rows - n_zeros

    def apply(v: FloatArray) -> FloatArray:
        columns = torch.from_numpy(np.pad(v.reshape(n, -1), ((n_zeros, 0), (0, 0))))
        with torch.no_grad():
            image = weighted.analyze(plain.synthesize(columns))[n_zeros:]
        return np.asarray(image.numpy()).reshape(v.shape)

    if n <= _DENSE_ROWS:
        gram = apply(np.eye(n))
        values = np.linalg.eigvalsh((gram + gram.T) / 2)
        return float(values[0]), float(values[-1])
    operator: Any = LinearOperator((n, n), matvec=apply, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(n)
    options = {"v0": start, "tol": 1e-3, "return_eigenvectors": False}
    found = eigsh(operator, k=2, which="BE", **options)
    return float(found.min()), float(found.max())


def ring_weights(rings: RingGeometry, L: int, nside: int) -> FloatArray:
    r"""Return weights of the vertices of each ring that integrate zonal harmonics.

    They are nearest to equal weights, in the mean square over the sphere, among those
    exact for :math:`P_l(\cos\theta)` up to degree 2.5 nside, or 2L - 2 if that is less.
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

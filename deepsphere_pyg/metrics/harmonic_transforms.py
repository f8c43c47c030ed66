"""Harmonic transforms of one signal or many, on any sampling of the whole sphere."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from weakref import WeakKeyDictionary

import healpy
import numpy as np
from scipy.spatial import ConvexHull, QhullError

from deepsphere_pyg.metrics.harmonic_coefficients import (
    ComplexArray,
    FloatArray,
    coefficient_count,
)
from deepsphere_pyg.metrics.legendre import LegendreTable
from samplings import HEALPix, Sampling

# A bandlimit L is resolved while L * h <= 2, with h the radius of the largest hole
# between the points. Measured there on HEALPix, icosahedral, equiangular and uniformly
# random points: the area-weighted Gram matrix of the harmonics has its eigenvalues in
# [.5, 1.5]; at L * h = 2.4 some are zero.
BANDLIMIT_TIMES_HOLE = 2.0
# Holes of HEALPix, where three base pixels meet: sqrt(2/3) / nside. 2.4 < 2 / .8165.
BANDLIMIT_PER_NSIDE = 2.4
# Each iteration divides the error by 5 at that bandlimit: 16 reach round-off.
HEALPIX_ITERATIONS = 16
# Conjugate gradients divide it by 10: some 13 iterations reach this relative residual.
RESIDUAL = 1e-13
MAX_ITERATIONS = 100
# Transforms hold tables of up to a gigabyte, which must go when their sampling does.
_kept: WeakKeyDictionary[Sampling, LeastSquaresTransform] = WeakKeyDictionary()
_bandlimits: WeakKeyDictionary[Sampling, int] = WeakKeyDictionary()


class HarmonicTransform(ABC):
    """Signals from coefficients, exactly, and coefficients from signals.

    Attributes
    ----------
    lmax
        Largest degree of the analysis.
    """

    lmax: int

    @abstractmethod
    def synthesize(self, coefficients: ComplexArray, lmax: int) -> FloatArray:
        """Signals ``(n, V)`` of coefficients ``(n, coefficients)`` up to ``lmax``."""

    @abstractmethod
    def analyze(self, signals: FloatArray) -> ComplexArray:
        """Coefficients up to ``self.lmax`` of signals ``(n, V)``."""


class HEALPixTransform(HarmonicTransform):
    """Transform of healpy on a whole HEALPix sampling, in either ordering.

    Parameters
    ----------
    sampling
        The pixels.
    lmax
        Largest degree of the analysis.
    iterations
        Jacobi iterations of the analysis; 0 is plain quadrature.
    """

    def __init__(self, sampling: HEALPix, lmax: int, iterations: int) -> None:
        self.lmax = lmax
        self.iterations = iterations
        self.nside = sampling.nside
        pixels = np.arange(len(sampling))
        self.to_ring = healpy.ring2nest(self.nside, pixels) if sampling.nest else None
        self.from_ring = healpy.nest2ring(self.nside, pixels) if sampling.nest else None

    def synthesize(self, coefficients: ComplexArray, lmax: int) -> FloatArray:
        """Sum the harmonics at the pixel centres, exactly."""
        maps = [healpy.alm2map(a, self.nside, lmax=lmax) for a in coefficients]
        signals = np.stack(maps)
        return signals if self.from_ring is None else signals[:, self.from_ring]

    def analyze(self, signals: FloatArray) -> ComplexArray:
        """Integrate against the harmonics, then iterate on what is left."""
        rings = signals if self.to_ring is None else signals[:, self.to_ring]
        return np.stack(
            [healpy.map2alm(m, lmax=self.lmax, iter=self.iterations) for m in rings]
        )


class LeastSquaresTransform(HarmonicTransform):
    r"""Harmonics fitted to the vertices of any sampling, each weighted by its area.

    .. math:: \min_a \sum_i w_i \Big(f_i - \sum_{lm} a_{lm} Y_{lm}(x_i)\Big)^2

    by conjugate gradients on the normal equations, all signals at once.

    Parameters
    ----------
    sampling
        Vertices of the whole sphere.
    lmax
        Largest degree of the analysis.
    """

    def __init__(self, sampling: Sampling, lmax: int) -> None:
        self.lmax = lmax
        self.weights = sampling.weights
        self.phi = sampling.phi
        self.table = LegendreTable(sampling.theta, lmax)

    def synthesize(self, coefficients: ComplexArray, lmax: int) -> FloatArray:
        """Sum the harmonics at the vertices, exactly."""
        table = self.table
        if lmax > self.lmax:
            table = LegendreTable(table.theta, lmax)
        n = len(coefficients)
        signals = np.zeros((n, len(self.phi)))
        start = 0
        for m, legendre in table.orders(lmax):
            a = coefficients[:, start : start + lmax + 1 - m]
            start += lmax + 1 - m
            # One product for both parts: reading the table is half the time.
            parts = np.concatenate([a.real, a.imag]) @ legendre
            factor = 1 if m == 0 else 2
            signals += parts[:n] * (factor * np.cos(m * self.phi))
            signals -= parts[n:] * (factor * np.sin(m * self.phi))
        return signals

    def analyze(self, signals: FloatArray) -> ComplexArray:
        """Fit the harmonics.

        Raises
        ------
        ValueError
            If the vertices do not determine the coefficients.
        """
        residual = self._project(signals)
        direction = residual.copy()
        coefficients = np.zeros_like(residual)
        norm = start = self._norm(residual)
        for _ in range(MAX_ITERATIONS):
            # Columns that are done, or zero from the start, stand still.
            if (norm <= RESIDUAL**2 * start).all():
                return coefficients
            image = self._project(self.synthesize(direction, self.lmax))
            curvature = self._product(direction, image)
            live = curvature > 0
            step = np.where(live, norm / np.where(live, curvature, 1), 0)[:, None]
            coefficients += step * direction
            residual -= step * image
            previous, norm = norm, self._norm(residual)
            ratio = np.where(
                previous > 0, norm / np.where(previous > 0, previous, 1), 0
            )
            direction = residual + ratio[:, None] * direction
        left = math.sqrt(float((norm[start > 0] / start[start > 0]).max()))
        raise ValueError(
            f"the vertices do not determine harmonics of degree 0 to {self.lmax}: "
            f"least squares left a relative residual of {left:.1e} after "
            f"{MAX_ITERATIONS} iterations; pass a smaller bandlimit"
        )

    def _project(self, signals: FloatArray) -> ComplexArray:
        """Area-weighted inner products with the harmonics."""
        n = len(signals)
        out = np.empty((n, coefficient_count(self.lmax)), np.complex128)
        weighted = signals * self.weights
        turned = np.empty((2 * n, len(self.phi)))
        start = 0
        for m, legendre in self.table.orders(self.lmax):
            np.multiply(weighted, np.cos(m * self.phi), out=turned[:n])
            np.multiply(weighted, -np.sin(m * self.phi), out=turned[n:])
            both = turned @ legendre.T
            part = out[:, start : start + len(legendre)]
            part.real, part.imag = both[:n], both[n:]
            start += len(legendre)
        return out

    def _product(self, a: ComplexArray, b: ComplexArray) -> FloatArray:
        """Inner product of signals by their coefficients: orders m > 0 count twice."""
        first = self.lmax + 1
        zero = (a[:, :first].real * b[:, :first].real).sum(axis=1)
        rest = a[:, first:].real * b[:, first:].real
        rest += a[:, first:].imag * b[:, first:].imag
        return np.asarray(zero + 2 * rest.sum(axis=1))

    def _norm(self, a: ComplexArray) -> FloatArray:
        return self._product(a, a)


def covers_the_sphere(sampling: Sampling) -> bool:
    """Whether the areas sum to those of the whole sphere."""
    # User-given areas may be rounded; a masked part misses at least one whole cell.
    return abs(sampling.area / (4 * math.pi) - 1) < 1e-6


def resolved_bandlimit(sampling: Sampling) -> int:
    """Bandlimit L (degrees 0 to L - 1) that the vertices of a sampling determine.

    ``L = 2 / h`` with h the radius in radian of the largest disc without vertices.

    Raises
    ------
    ValueError
        If the sampling does not cover the whole sphere.
    """
    if isinstance(sampling, HEALPix):
        return max(1, int(BANDLIMIT_PER_NSIDE * sampling.nside))
    if not covers_the_sphere(sampling):
        raise ValueError(
            "the equivariance error needs a sampling of the whole sphere (area "
            f"4 pi = {4 * math.pi:.6g} steradian), got {sampling.name} with area "
            f"{sampling.area:.6g}: a signal known on a part cannot be rotated; "
            "measure on the whole sampling"
        )
    if sampling not in _bandlimits:
        _bandlimits[sampling] = _bandlimit(sampling)
    return _bandlimits[sampling]


def _bandlimit(sampling: Sampling) -> int:
    """Twice the inverse of the radius of the largest disc without vertices."""
    try:
        # Delaunay faces are facets of the hull, at the cosine of their circumradius.
        cosine = -ConvexHull(sampling.xyz).equations[:, 3].max()
    except QhullError:
        cosine = 0.0
    return max(1, int(BANDLIMIT_TIMES_HOLE / math.acos(min(max(cosine, -1.0), 1.0))))


def exact_transform(sampling: Sampling, bandlimit: int) -> HarmonicTransform:
    """Transform with an analysis to round-off of signals below the bandlimit.

    The last one of a sampling is kept, as long as the sampling is.
    """
    if isinstance(sampling, HEALPix):
        return HEALPixTransform(sampling, bandlimit - 1, HEALPIX_ITERATIONS)
    transform = _kept.get(sampling)
    if transform is None or transform.lmax != bandlimit - 1:
        transform = _kept[sampling] = LeastSquaresTransform(sampling, bandlimit - 1)
    return transform

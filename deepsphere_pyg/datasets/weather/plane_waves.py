"""Smooth random fields on the sphere as sums of plane waves in space."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from deepsphere_pyg.datasets.weather.sphere import FloatArray, unit

# Rows of a block of phases: small enough to stay in the processor's cache.
BLOCK = 2048


class PlaneWaves:
    r"""Random wave vectors shared by several random fields.

    .. math:: f_c(x) = \sum_n a_{nc} \cos(k_n \cdot x) + b_{nc} \sin(k_n \cdot x)

    The logarithm of \|k\| is spread evenly between ``shortest`` and ``longest``, and
    the directions of the ``count`` vectors are uniform. On the sphere each field is
    statistically isotropic, has unit variance, and contains the degrees up to max
    \|k\|. One matrix product evaluates all fields.

    Phases are computed in double precision, sines, cosines and sums in single
    precision: the fields are accurate to about 1e-5 of their standard deviation.
    """

    def __init__(
        self, rng: np.random.Generator, count: int, shortest: float, longest: float
    ) -> None:
        place = (np.arange(count) + rng.random(count)) / count
        self.wavenumber = shortest * (longest / shortest) ** place
        direction = rng.normal(size=(count, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        self.vectors = direction * self.wavenumber[:, None]
        self._rng = rng

    def amplitudes(self, peak: float, rise: float, fall: float) -> FloatArray:
        r"""Draw a field of unit variance: a, then b, as a column ``(2 count, 1)``.

        The variance per unit of log \|k\| grows as ``|k|**rise`` far below the peak
        and falls as ``|k|**-fall`` far above it.
        """
        ratio = self.wavenumber / peak
        variance = ratio**rise / (1 + ratio ** (rise + fall))
        amplitude = np.sqrt(variance / variance.sum())
        draws = self._rng.normal(size=(2, len(amplitude)))
        column: FloatArray = (draws * amplitude).reshape(-1, 1)
        return column

    def gradient(self, amplitudes: FloatArray) -> FloatArray:
        """Return the amplitudes ``(2 count, 3)`` of the gradient of a field."""
        a, b = amplitudes.reshape(2, -1, 1)
        return np.concatenate([b * self.vectors, -a * self.vectors])

    def evaluate(self, xyz: FloatArray, amplitudes: FloatArray) -> FloatArray:
        """Evaluate fields of amplitudes ``(2 count, F)``; the result is ``(F, V)``."""
        weights = np.asarray(amplitudes, dtype=np.float32)
        values = np.empty((weights.shape[1], len(xyz)), dtype=np.float32)
        n = len(self.vectors)
        waves: npt.NDArray[np.float32] = np.empty((BLOCK, 2 * n), dtype=np.float32)
        for first in range(0, len(xyz), BLOCK):
            part = xyz[first : first + BLOCK]
            phase = (part @ self.vectors.T).astype(np.float32)
            block = waves[: len(part)]
            np.cos(phase, out=block[:, :n])
            np.sin(phase, out=block[:, n:])
            values[:, first : first + BLOCK] = (block @ weights).T
        return values.astype(np.float64)


class Warp:
    r"""A smooth random distortion of the sphere.

    .. math:: x \mapsto \frac{x + w(x)}{\|x + w(x)\|}, \quad
        w(x) = \sum_n a_n \cos(k_n \cdot x) + b_n \sin(k_n \cdot x)

    Each component of w has the standard deviation ``size``, in radian, and the
    ``count`` vectors k have lengths from 4 to 24. The computation is in double
    precision, so that labels on the distorted sphere are exact.
    """

    def __init__(self, rng: np.random.Generator, size: float, count: int = 18) -> None:
        waves = PlaneWaves(rng, count, 4.0, 24.0)
        self._vectors = waves.vectors
        fields = [waves.amplitudes(9.0, 0.5, 3.0) for _ in range(3)]
        self._amplitudes = size * np.concatenate(fields, axis=1)

    def __call__(self, xyz: FloatArray) -> FloatArray:
        """Return the images of points ``(V, 3)``, unit vectors."""
        # In double precision, torch is four times as fast as NumPy, and equal to 1e-16.
        phase = torch.from_numpy(xyz @ self._vectors.T)
        waves = torch.cat([phase.cos(), phase.sin()], dim=1).numpy()
        return unit(xyz + waves @ self._amplitudes)

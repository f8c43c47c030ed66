"""What a basis of filters on a disc has to say of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray

# Azimuths that means over azimuth are taken at, at least. Means of trigonometric
# polynomials are exact below this degree; those of Morlet's functions, whose expansions
# fall off like Bessel functions, are exact to round-off up to some ten waves.
AZIMUTHS = 128


class FilterBasis(ABC):
    """Functions on a disc, in polar coordinates, of which filters are learned sums.

    The radius is the angle from the centre in units of the cutoff, in [0, 1]. The
    azimuth is in radian, counted counterclockwise as seen from outside the sphere, from
    the direction of growing colatitude: 0 is south, pi / 2 east, and pi north.
    """

    @property
    @abstractmethod
    def n_basis(self) -> int:
        """Number of functions B."""

    @property
    @abstractmethod
    def isotropic(self) -> npt.NDArray[np.bool_]:
        """Which functions do not depend on the azimuth, shape ``(B,)``."""

    @property
    @abstractmethod
    def rings(self) -> float:
        """Cutoff that each function needs, in units of the spacing of vertices."""

    @property
    def period(self) -> int:
        """Number of equal sectors of the disc that have the kinks at their borders."""
        return 1

    @abstractmethod
    def values(self, radius: FloatArray, azimuth: FloatArray) -> FloatArray:
        """Return the functions at E places of the disc, shape ``(B, E)``.

        Parameters
        ----------
        radius
            Angle from the centre in units of the cutoff, in [0, 1], shape ``(E,)``.
        azimuth
            In radian, counterclockwise from the south, shape ``(E,)``.
        """

    def support(self, values: FloatArray) -> npt.NDArray[np.bool_]:
        """Return where functions with these values count as supported: on the disc."""
        return np.ones(values.shape, dtype=bool)

    def azimuthal_means(self, radius: FloatArray) -> FloatArray:
        """Return the means of the functions over all azimuths, shape ``(B, E)``."""
        # An even number a sector has all kinks among the azimuths, also opposite ones,
        # so that means of piecewise linear functions are exact.
        n = self.period * 2 * -(-AZIMUTHS // (2 * self.period))
        azimuth = 2 * np.pi * np.arange(n) / n - np.pi
        # Most are those of centres, which have one radius.
        radii, place = np.unique(radius, return_inverse=True)
        values = self.values(np.repeat(radii, n), np.tile(azimuth, len(radii)))
        means = values.reshape(self.n_basis, len(radii), n).mean(axis=-1)
        taken: FloatArray = means[:, place]
        return taken

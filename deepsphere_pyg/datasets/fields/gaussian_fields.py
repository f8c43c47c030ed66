"""Isotropic Gaussian random maps on HEALPix, classified by their power spectrum."""

from __future__ import annotations

import math
from typing import SupportsFloat, SupportsIndex

import healpy
import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.transform import Rotation

from deepsphere_pyg.datasets.fields.power_spectra import checked_spectra
from deepsphere_pyg.datasets.maps import (
    ClassificationDataset,
    ClassificationSample,
    RotatedMaps,
    checked_rotation,
)
from samplings import HEALPix, Masked, Sampling
from samplings.arguments import (
    integer_argument,
    names_argument,
    nonnegative_argument,
)

ComplexArray = npt.NDArray[np.complex128]


class GaussianFields(RotatedMaps[ClassificationSample], ClassificationDataset):
    r"""Gaussian random fields of several angular power spectra, one per class.

    .. math:: f(x) = \sum_{l=0}^{l_\max} \sum_{m=-l}^{l} a_{lm} Y_{lm}(x),
        \quad E |a_{lm}|^2 = C_l^{(y)} + N, \quad
        N = \frac{4\pi\sigma^2}{(l_\max + 1)^2}

    Map i has the class ``y = i % classes``, so the classes are balanced. Maps are drawn
    as coefficients, which are rotated exactly.

    Parameters
    ----------
    sampling
        HEALPix of any ordering, or a part of one; maps are drawn on the whole sphere.
    spectra
        :math:`C_l^{(y)}` for l = 0, 1, ..., shape ``(classes, lmax + 1)``, in the
        square of the maps' unit; ``lmax`` is at most ``3 nside - 1``.
    n_maps
        Number of maps.
    seed
        Not negative. Map i depends on ``(seed, i)`` alone, not on ``n_maps``; data sets
        of different seeds share no map.
    noise
        Standard deviation :math:`\sigma` of white noise in the maps' unit, of the same
        power at all degrees up to ``lmax``. It is rotated with the map.
    rotate
        ``True`` rotates each map at random, uniformly over all rotations; a SciPy
        ``Rotation`` rotates all maps alike.
    class_names
        One name per class; ``"spectrum 0"``, ``"spectrum 1"``, ... by default.

    Raises
    ------
    TypeError
        If ``sampling`` is neither HEALPix nor a part of it, ``n_maps`` or ``seed`` is
        not an integer, or ``rotate`` is neither a boolean nor a rotation.
    ValueError
        If spectra are negative, not finite, of different lengths, fewer than two, or
        reach beyond degree ``3 nside - 1``; if ``n_maps`` is below one, ``seed`` or
        ``noise`` negative, ``rotate`` several rotations, or the names do not fit.
    IndexError
        From ``dataset[i]``, if there is no map i.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 4.2, whose experiment
    distinguishes two cosmologies by maps that differ at high degrees; see
    :func:`~deepsphere_pyg.datasets.cosmology_spectra`. Gaussian maps differ only in
    their spectrum.

    Equivariance: exact. A rotated map is :math:`(R f)(x) = f(R^{-1} x)` to round-off,
    evaluated at the same vertices. Pixels are points, without a pixel window.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> maps = GaussianFields(HEALPix(8), [[0, 1, 1], [0, 2, 0]], n_maps=4, seed=1)
    >>> maps[1].x.shape, maps[1].y
    (torch.Size([768, 1]), 1)
    """

    channel_names = ("field",)

    def __init__(
        self,
        sampling: Sampling,
        spectra: npt.ArrayLike,
        n_maps: SupportsIndex,
        *,
        seed: SupportsIndex = 0,
        noise: SupportsFloat = 0.0,
        rotate: bool | Rotation = False,
        class_names: tuple[str, ...] | None = None,
    ) -> None:
        self.sampling = sampling
        self.nside, self._pixels = ring_pixels(sampling)
        self.spectra = checked_spectra(spectra, 3 * self.nside - 1)
        self._n_maps = integer_argument("n_maps", n_maps, 1)
        self.seed = integer_argument("seed", seed, 0)
        self.noise = nonnegative_argument("noise", noise, "pass 0 for no noise")
        self.rotate = checked_rotation(rotate)
        default = tuple(f"spectrum {i}" for i in range(len(self.spectra)))
        self.class_names = names_argument(
            "class_names", default if class_names is None else class_names
        )
        if len(self.class_names) != len(self.spectra):
            raise ValueError(
                f"class_names must name {len(self.spectra)} classes, one a spectrum, "
                f"got {', '.join(self.class_names)}; leave them out for numbers"
            )

    @property
    def lmax(self) -> int:
        """The highest degree of the maps."""
        return len(self.spectra[0]) - 1

    def __len__(self) -> int:
        return self._n_maps

    def coefficients(self, index: int) -> ComplexArray:
        """Return the coefficients of map ``index`` in healpy's layout, rotated."""
        index = self._check_index(index)
        drawn = self._signal(index, self.spectra)
        if self.noise:
            drawn += self._white_noise(index)
        return self._turned(index, drawn)

    def __getitem__(self, index: int) -> ClassificationSample:
        """Make map ``index``, the same each time."""
        coefficients = self.coefficients(index)
        return self._sample(index, self._map(coefficients))

    def _signal(self, index: int, spectra: npt.NDArray[np.float64]) -> ComplexArray:
        """Draw coefficients with the power of the map's class."""
        amplitude = np.sqrt(spectra[index % len(spectra)])
        drawn: ComplexArray = amplitude[self._degrees] * self._standard(index, 0)
        return drawn

    def _white_noise(self, index: int) -> ComplexArray:
        """Draw coefficients of the noise."""
        level = math.sqrt(4 * math.pi) * self.noise / (self.lmax + 1)
        drawn: ComplexArray = level * self._standard(index, 2)
        return drawn

    def _turned(self, index: int, drawn: ComplexArray) -> ComplexArray:
        """Rotate coefficients, in place, as map ``index`` is."""
        if self.rotate is not False:
            healpy.rotate_alm(drawn, 0.0, 0.0, 0.0, matrix=self.rotation(index))
        return drawn

    def _map(self, coefficients: ComplexArray) -> npt.NDArray[np.float64]:
        """Return the values of coefficients at the vertices."""
        whole = healpy.alm2map(coefficients, self.nside, lmax=self.lmax)
        return np.asarray(whole[self._pixels])

    def _sample(
        self, index: int, values: npt.NDArray[np.float64]
    ) -> ClassificationSample:
        """Return a map with its class."""
        x = torch.from_numpy(values.astype(np.float32)[:, None])
        return ClassificationSample(x, index % len(self.spectra))

    @property
    def _degrees(self) -> npt.NDArray[np.int64]:
        """Degree of each coefficient."""
        return np.asarray(healpy.Alm.getlm(self.lmax)[0])

    def _standard(self, index: int, part: int) -> ComplexArray:
        """Draw coefficients of unit power; orders m >= 0 of a real map."""
        size = healpy.Alm.getsize(self.lmax)
        real, imaginary = self._generator(index, part).standard_normal((2, size))
        drawn: ComplexArray = (real + 1j * imaginary) / math.sqrt(2)
        # Coefficients are sorted by order: those of m = 0, which are real, come first.
        drawn[: self.lmax + 1] = real[: self.lmax + 1]
        return drawn


def ring_pixels(sampling: Sampling) -> tuple[int, npt.NDArray[np.int64]]:
    """Return the resolution, and the pixel of each vertex in RING ordering."""
    whole, chain = sampling, []
    while isinstance(whole, Masked):
        chain.append(whole.index)
        whole = whole.parent
    if not isinstance(whole, HEALPix):
        raise TypeError(
            "sampling must be HEALPix or a part of it, got "
            f"{type(whole).__name__}; pass HEALPix(32), as healpy computes the maps"
        )
    pixels = np.arange(len(whole))
    for index in reversed(chain):
        pixels = pixels[index]
    if whole.nest:
        pixels = healpy.nest2ring(whole.nside, pixels)
    return whole.nside, np.asarray(pixels, dtype=np.int64)

"""Histograms and power spectra of patches of the sky."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, SupportsFloat, SupportsIndex

import healpy
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from samplings import HEALPix, Sampling
from samplings.arguments import (
    integer_argument,
    nonnegative_argument,
    number_argument,
    real_array,
    sampling_argument,
)
from samplings.arrays import FloatArray, IntArray
from samplings.base import whole_sampling
from samplings.missing_values import without_missing

BINS = 100


class PatchFeatures(ABC):
    """Numbers that describe maps of a patch, of which a linear classifier decides."""

    # What is computed, for the progress bar.
    noun = "features"

    @abstractmethod
    def of_map(self, values: FloatArray) -> FloatArray:
        """Return the features ``(F,)`` of a map ``(V,)``."""

    def __call__(
        self,
        maps: npt.ArrayLike,
        *,
        noise: SupportsFloat = 0.0,
        repeats: SupportsIndex = 1,
        seed: SupportsIndex = 0,
    ) -> FloatArray:
        """Return features of maps, which may be repeated with fresh noise.

        Parameters
        ----------
        maps
            Shape ``(n, V)``; an array on disk is read map by map.
        noise
            Standard deviation of the white noise that is added, in the maps' unit.
        repeats
            How often each map is taken, each time with other noise.
        seed
            Of the noise. Noise of map i in a repeat depends on the three numbers alone.

        Returns
        -------
        numpy.ndarray
            Shape ``(repeats * n, F)``, all maps after each other, then again: their
            labels are ``numpy.tile(y, repeats)``.

        Raises
        ------
        TypeError, ValueError
            If maps are not real numbers ``(n, V)`` of the patch, or values are missing;
            if an option is not of its kind.
        """
        given = real_array("maps", maps)
        if given.ndim != 2 or not given.size:
            raise ValueError(
                f"maps must have shape (n, vertex), got {given.shape}; pass one row "
                "for each map"
            )
        sigma = nonnegative_argument("noise", noise, "pass 0 for no noise")
        n, times = len(given), integer_argument("repeats", repeats, 1)
        seed = integer_argument("seed", seed, 0)
        # Without noise, all repeats are equal.
        numbers = range(n * (times if sigma else 1))
        rows = []
        for number in tqdm(numbers, desc=self.noun, leave=False, disable=None):
            repeat, i = divmod(number, n)
            values = _known(given[i], i)
            if sigma:
                generator = np.random.default_rng([seed, repeat, i])
                values = values + sigma * generator.standard_normal(len(values))
            rows.append(self.of_map(values))
        features = np.stack(rows)
        return features if sigma else np.tile(features, (times, 1))


def _known(values: npt.NDArray[Any], index: int) -> FloatArray:
    """Return a map as float64, without missing values."""
    known = np.asarray(without_missing(values), dtype=np.float64)
    missing = int(np.isnan(known).sum())
    if missing:
        raise ValueError(
            f"maps must have no missing values, got {missing} of {len(known)} in map "
            f"{index}; fill them, such as with the mean of the others, or leave the "
            "patch out"
        )
    return known


class PixelHistogram(PatchFeatures):
    r"""Numbers of pixels in bins of equal width.

    Parameters
    ----------
    low, high
        Where the first bin begins, and the last one ends. Pixels outside are not
        counted.
    bins
        Number of bins.

    Raises
    ------
    TypeError, ValueError
        If the limits are not finite numbers in this order, or there is no bin.

    Notes
    -----
    Source: Perraudin et al. 2019 (arXiv:1810.12186), section 4: 100 bins between the
    extremes of the training maps without noise.

    Examples
    --------
    >>> clean = np.array([[0.0, 1.0, 4.0], [0.0, 0.0, 2.0]])
    >>> PixelHistogram.of(clean, bins=2)(clean)
    array([[2., 1.],
           [2., 1.]])
    """

    noun = "histograms"

    def __init__(
        self, low: SupportsFloat, high: SupportsFloat, bins: SupportsIndex = BINS
    ) -> None:
        remedy = "take the extremes of the training maps: PixelHistogram.of(maps)"
        self.low = number_argument("low", low, remedy)
        self.high = number_argument("high", high, remedy)
        self.bins = integer_argument("bins", bins, 1)
        if not -np.inf < self.low < self.high < np.inf:
            raise ValueError(
                f"low must be below high, both finite, got {self.low} and {self.high}; "
                f"{remedy}"
            )

    @classmethod
    def of(cls, maps: npt.ArrayLike, bins: SupportsIndex = BINS) -> PixelHistogram:
        """Return histograms between the extremes of maps, those without noise."""
        values = real_array("maps", maps)
        if not values.size:
            raise ValueError("maps must have pixels, got none; pass the training maps")
        return cls(values.min(), values.max(), bins)

    def of_map(self, values: FloatArray) -> FloatArray:
        """Return the number of pixels in each bin, shape ``(bins,)``."""
        counts, _ = np.histogram(values, self.bins, (self.low, self.high))
        return counts.astype(np.float64)


class PseudoSpectrum(PatchFeatures):
    r"""Power spectrum of a patch in a sky that is unseen elsewhere.

    .. math:: l (l + 1)\, \tilde C_l, \quad
        \tilde C_l = \frac{1}{2l + 1} \sum_{m=-l}^{l} |\tilde a_{lm}|^2

    with the coefficients :math:`\tilde a_{lm}` of a map that is zero outside the patch.

    Parameters
    ----------
    sampling
        HEALPix or a part of it, in any order.
    lmax
        The highest degree; ``3 nside - 1`` by default, as in healpy.
    iterations
        Iterations of healpy's transform. It took its default of 3 for the published
        figures; their gain is small against the change by the border of the patch, and
        each costs twice the transform itself.

    Raises
    ------
    TypeError
        If the sampling is not of HEALPix, or a number is not an integer.
    ValueError
        If ``lmax`` is beyond ``3 nside - 1``, or a number is negative.

    Notes
    -----
    Source: Perraudin et al. 2019 (arXiv:1810.12186), section 4; the transform is that
    of :func:`healpy.anafast`.

    Equivariance: spectra of whole skies are invariant to the accuracy of the
    transform; those of a patch depend on its shape. As published, maps of patches of
    all places are laid at one place.

    Examples
    --------
    >>> patch = HEALPix(8, nest=True)[range(16)]
    >>> PseudoSpectrum(patch, lmax=5)(np.ones((3, 16))).shape
    (3, 6)
    """

    noun = "spectra"

    def __init__(
        self,
        sampling: Sampling,
        lmax: SupportsIndex | None = None,
        iterations: SupportsIndex = 0,
    ) -> None:
        whole, index = whole_sampling(sampling_argument("sampling", sampling))
        if not isinstance(whole, HEALPix):
            raise TypeError(
                f"sampling must be HEALPix or a part of it, got {whole.name}; pass "
                "HEALPix(512), or HEALPix(512)[range(n)]"
            )
        highest = 3 * whole.nside - 1
        self.lmax = integer_argument("lmax", highest if lmax is None else lmax, 0)
        if self.lmax > highest:
            raise ValueError(
                f"lmax must be at most 3 nside - 1 = {highest}, got {self.lmax}; leave "
                "it out for all degrees"
            )
        self.iterations = integer_argument("iterations", iterations, 0)
        self.nside = whole.nside
        ring = healpy.nest2ring(whole.nside, index) if whole.nest else index
        self._pixels: IntArray = np.asarray(ring, dtype=np.int64)
        degrees = np.arange(self.lmax + 1)
        self._factor = degrees * (degrees + 1.0)

    def of_map(self, values: FloatArray) -> FloatArray:
        """Return the spectrum times l(l + 1), shape ``(lmax + 1,)``."""
        if len(values) != len(self._pixels):
            raise ValueError(
                f"maps must have {len(self._pixels)} pixels, as the patch, got "
                f"{len(values)}; pass maps of the same sampling"
            )
        sky = np.full(12 * self.nside**2, healpy.UNSEEN)
        sky[self._pixels] = values
        spectrum = healpy.anafast(
            sky, lmax=self.lmax, iter=self.iterations, use_pixel_weights=False
        )
        return np.asarray(self._factor * spectrum)

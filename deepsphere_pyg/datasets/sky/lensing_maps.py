"""Generated convergence maps of gravitational lensing, to find two parameters from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, SupportsFloat, SupportsIndex

import healpy
import numpy as np
import torch
from scipy.stats import qmc

from deepsphere_pyg.datasets.arrays import GlobalSample
from deepsphere_pyg.datasets.fields.gaussian_fields import ring_pixels
from deepsphere_pyg.datasets.files import PathLike
from deepsphere_pyg.datasets.maps import MapDataset
from deepsphere_pyg.datasets.sky.camb_shells import (
    HIGHEST_DEGREE,
    checked_cone,
    sky_module,
)
from deepsphere_pyg.datasets.sky.shell_spectra import kept_spectra
from samplings import Sampling
from samplings.arguments import (
    integer_argument,
    nonnegative_argument,
    number_argument,
    path_argument,
)
from samplings.arrays import FloatArray

# Relative difference of spectra that is refused; all solved cases met are below 1e-4.
_OFF = 0.01


class LensingMaps(MapDataset[GlobalSample]):
    r"""Convergence maps of lognormal matter, with :math:`\Omega_m, \sigma_8` to find.

    The matter up to the sources is divided into shells of equal thickness. The
    overdensity of each is a lognormal field

    .. math:: \delta_i = e^{g_i - \operatorname{Var}(g_i) / 2} - 1

    with a Gaussian field :math:`g_i` such that :math:`\delta_i` has the nonlinear power
    spectrum of the shell in Limber's approximation. The map is their sum, weighted by
    the lensing kernel: :math:`\kappa = \sum_i w_i \delta_i`. Its spectrum is that of
    the convergence for any number of shells; its skewness grows with their number.

    Map i depends on ``(seed, i)`` and the box of parameters, not on ``n_maps``; data
    sets of different seeds share no map. Maps are made when they are asked for.

    Parameters
    ----------
    sampling
        HEALPix of any ordering, or a part of one; maps are made on the whole sphere.
        ``nside`` is at most 6144.
    n_maps
        Number of maps.
    omega_m, sigma_8
        Lowest and highest value of the matter density and of the amplitude of
        fluctuations, or one number to fix it: within 0.1 to 0.9 and 0.2 to 2.
        Parameters of maps are a Sobol sequence, scrambled by the seed, uniform in the
        box.
    z_source
        Redshift of the sources, at most 6.
    n_shells
        Number of shells; 14 are 200 Mpc thick for sources at redshift 0.8.
    sigma_arcmin
        Standard deviation in minutes of arc of a Gaussian that smooths the maps, as
        for :class:`ConvergenceMaps`; 0 for none. It nearly doubles the time.
    seed
        Not negative.
    cache
        Folder in which spectra are kept, some 0.4 MB a box; by default
        ``lensing-spectra`` in :func:`samplings.cache_folder`. Without such a folder
        they are computed in each process.

    Attributes
    ----------
    parameters
        :math:`\Omega_m, \sigma_8` of each map, shape ``(n_maps, 2)``, float64.
    lmax
        Highest degree of the fields :math:`g_i`: ``2 nside``.
    target_names
        ``("Omega_m", "sigma_8")``: the numbers of ``y``.

    Raises
    ------
    TypeError
        If ``sampling`` is neither HEALPix nor a part of it, or an argument is not a
        number.
    ValueError
        If an argument is out of range. From ``maps[i]``, if the matter of a shell
        cannot be a lognormal field, such as for very near sources.
    ImportError
        If camb or glass is not installed (extra ``[sky]``).
    IndexError
        From ``maps[i]``, if there is no map i.

    Notes
    -----
    Source: Tessore, Loureiro, Joachimi, von Wietersheim-Kramsta and Jeffrey 2023, Open
    Journal of Astrophysics 6, 11 (arXiv:2302.01942), whose package glass solves for the
    spectra of :math:`g_i` and draws the fields; Lewis, Challinor and Lasenby 2000, ApJ
    538, 473 (arXiv:astro-ph/9911177), for camb. Universes are flat, with
    :math:`H_0 = 70` km/s/Mpc, :math:`\Omega_b = 0.05`, :math:`n_s = 0.96`, massless
    neutrinos, and the nonlinear spectrum HMcode-2020 without baryonic feedback.

    Shells are independent, as they are in Limber's approximation, which holds above l
    of about 10. The spectrum agrees to 0.2 % with that of camb's own lensing window for
    the same approximation, from l = 20 to 2500. Camb runs on a grid of parameters, once
    for each box (12 s for the default one), and spectra are interpolated to 0.1 %. A
    map takes 0.7 s of one core at nside 256 and 24 s at nside 1024. Lognormal fields
    have the two-point functions of the matter and are skewed, but have neither
    filaments nor haloes.

    Pixels are points, without a pixel window.

    Examples
    --------
    The extra ``[sky]`` must be installed.

    >>> from samplings import HEALPix
    >>> maps = LensingMaps(HEALPix(32), n_maps=100)  # doctest: +SKIP
    >>> maps[0].x.shape, maps[0].y  # doctest: +SKIP
    (torch.Size([12288, 1]), tensor([0.3514, 0.9003]))
    """

    channel_names = ("convergence",)
    class_names = ()
    target_names = ("Omega_m", "sigma_8")
    target_units = ("", "")

    def __init__(
        self,
        sampling: Sampling,
        n_maps: SupportsIndex,
        *,
        omega_m: SupportsFloat | Sequence[float] = (0.2, 0.4),
        sigma_8: SupportsFloat | Sequence[float] = (0.6, 1.0),
        z_source: SupportsFloat = 0.8,
        n_shells: SupportsIndex = 14,
        sigma_arcmin: SupportsFloat = 0.0,
        seed: SupportsIndex = 0,
        cache: PathLike | None = None,
    ) -> None:
        self.sampling = sampling
        self.nside, self._pixels = ring_pixels(sampling)
        self.lmax = 2 * self.nside
        if self.lmax > HIGHEST_DEGREE:
            raise ValueError(
                f"nside must be at most {HIGHEST_DEGREE // 2}, got {self.nside}; make "
                "coarser maps"
            )
        self._n_maps = integer_argument("n_maps", n_maps, 1)
        self.cone = checked_cone(omega_m, sigma_8, z_source, n_shells)
        self.sigma_arcmin = nonnegative_argument(
            "sigma_arcmin", sigma_arcmin, "pass minutes of arc, 0 for no smoothing"
        )
        self.seed = integer_argument("seed", seed, 0)
        folder = None if cache is None else path_argument("cache", cache)
        sky_module("glass")
        self.parameters = self._drawn_parameters()
        self._spectra = kept_spectra(self.cone, folder)

    def __len__(self) -> int:
        return self._n_maps

    def __getitem__(self, index: int) -> GlobalSample:
        """Make map ``index``, the same each time."""
        index = self._check_index(index)
        omega_m, sigma_8 = self.parameters[index]
        values = self._map(omega_m, sigma_8, self._generator(index, 0))
        if self.sigma_arcmin:
            sigma = math.radians(self.sigma_arcmin / 60)
            values = healpy.smoothing(values, sigma=sigma)
        x = torch.from_numpy(values[self._pixels].astype(np.float32)[:, None])
        y = torch.from_numpy(self.parameters[index].astype(np.float32))
        return GlobalSample(x, y)

    def spectrum(self, omega_m: SupportsFloat, sigma_8: SupportsFloat) -> FloatArray:
        """Return the expected power spectrum of maps of given parameters.

        Parameters
        ----------
        omega_m, sigma_8
            Within the box.

        Returns
        -------
        ndarray
            C_l for l = 0 to :attr:`lmax`, without the smoothing; zero at l = 0. Maps
            have further power above ``lmax``, of the exponential.

        Raises
        ------
        TypeError, ValueError
            If a parameter is not a number within the box.
        """
        density = _within("omega_m", omega_m, *self.cone.omega_m)
        amplitude = _within("sigma_8", sigma_8, *self.cone.sigma_8)
        weights, spectra = self._spectra.at(density, amplitude, self.lmax)
        expected: FloatArray = weights**2 @ spectra
        return expected

    def _map(
        self, omega_m: float, sigma_8: float, random: np.random.Generator
    ) -> FloatArray:
        """Make a map of given parameters in RING ordering."""
        glass = sky_module("glass")
        weights, spectra = self._spectra.at(omega_m, sigma_8, self.lmax)
        field = glass.grf.Lognormal(1.0)
        gaussian = [_gaussian(glass, field, wanted) for wanted in spectra]
        # Spectra of all pairs of shells, of which only those of a shell and itself
        # are not zero.
        pairs = [
            gaussian[i] if i == j else np.zeros(0)
            for i in range(len(gaussian))
            for j in range(i, -1, -1)
        ]
        shells = glass.generate(
            [field] * len(gaussian), pairs, self.nside, ncorr=0, rng=random
        )
        total = np.zeros(12 * self.nside**2)
        for weight, delta in zip(weights, shells, strict=True):
            total += weight * delta
        return total

    def _drawn_parameters(self) -> FloatArray:
        """Draw the parameters of all maps, as many as the next power of two."""
        unit = qmc.Sobol(2, seed=self._generator(0, 1))
        drawn = unit.random_base2(max(self._n_maps - 1, 0).bit_length())
        low, high = np.transpose([self.cone.omega_m, self.cone.sigma_8])
        parameters: FloatArray = low + (high - low) * drawn[: self._n_maps]
        parameters.setflags(write=False)
        return parameters

    def _generator(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


def _gaussian(glass: Any, field: Any, wanted: FloatArray) -> FloatArray:
    """Return the spectrum of the Gaussian field of a lognormal one."""
    n, off = len(wanted), math.inf
    # Logarithms of negative numbers would keep the solver busy for ever.
    with suppress(FloatingPointError), np.errstate(invalid="raise", divide="raise"):
        found, reached, _ = glass.grf.solve(
            wanted, field, field, pad=2 * n, monopole=0.0
        )
        if found.min() >= 0:
            off = np.abs(reached[1:n] / wanted[1:] - 1).max()
    if not off < _OFF:
        raise ValueError(
            "the matter of a shell cannot be a lognormal field: no Gaussian field "
            f"gives its spectrum to {_OFF:.0%} at all degrees; pass fewer shells, "
            "which are thicker, or sources that are further away"
        )
    spectrum: FloatArray = found
    return spectrum


def _within(name: str, given: SupportsFloat, low: float, high: float) -> float:
    """Return a number if it is in a range."""
    value = number_argument(name, given, f"pass a number from {low} to {high}")
    if not low <= value <= high:
        raise ValueError(
            f"{name} must be within the box of the maps, {low} to {high}, got {value}; "
            "make maps of a larger box"
        )
    return value

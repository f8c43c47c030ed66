"""Shells of matter up to the sources of lensing, and their spectra by camb."""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
from tqdm import tqdm

from samplings.arguments import integer_argument, number_argument, positive_argument
from samplings.arrays import FloatArray

# The cosmology of the published maps beside its two parameters: flat, without mass of
# neutrinos.
HUBBLE = 70.0  # km / s / Mpc
BARYONS = 0.05
TILT = 0.96
LIGHT = 299_792.458  # km / s

#: Highest degree of the spectra.
HIGHEST_DEGREE = 12_288
#: Degrees of the table. Spectra are smooth in the logarithm of the degree.
DEGREES = np.unique(
    np.concatenate(
        [np.arange(1, 11), np.geomspace(10, HIGHEST_DEGREE, 70).round().astype(int)]
    )
)
# Parameters at which camb computes: two, and six for each factor e of a range. Between
# them, polynomials are off by at most 0.001, a few times the noise of camb.
_NODES_A_RANGE = 6
# Points of each shell at which the line-of-sight integral is summed.
_POINTS = 24
# Redshifts at which camb computes the power spectrum: some, and more for far sources.
_REDSHIFTS = 12
_REDSHIFTS_A_UNIT = 20
# Wavenumbers in 1 / Mpc up to which camb computes, and extrapolates by a power law.
_HIGHEST_WAVENUMBER = 20.0
_EXTRAPOLATED = 1e4
_AMPLITUDE = 2e-9  # any; spectra are scaled to sigma_8
# Limits of the parameters. Baryons are part of omega_m.
_OMEGA_M = (0.1, 0.9)
_SIGMA_8 = (0.2, 2.0)
_Z_SOURCE = 6.0


def sky_module(name: str) -> Any:
    """Import a package of the ``sky`` extra, or say how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"maps of gravitational lensing need {name}, which is not installed; "
            "run: pip install 'deepsphere-pyg[sky]'"
        ) from error


@dataclass(frozen=True)
class LightCone:
    """Box of parameters, and shells of equal thickness up to the sources.

    Attributes
    ----------
    omega_m, sigma_8
        Lowest and highest value of each parameter; equal for a fixed one.
    z_source
        Redshift of the sources.
    n_shells
        Number of shells.
    """

    omega_m: tuple[float, float]
    sigma_8: tuple[float, float]
    z_source: float
    n_shells: int

    @property
    def nodes(self) -> tuple[FloatArray, FloatArray]:
        """Parameters at which spectra are computed, Chebyshev points of the box."""
        return _chebyshev_points(*self.omega_m), _chebyshev_points(*self.sigma_8)


def checked_cone(
    omega_m: Any, sigma_8: Any, z_source: SupportsFloat, n_shells: SupportsIndex
) -> LightCone:
    """Return a box and shells, or refuse what is out of range."""
    remedy = f"pass a redshift such as 0.8, at most {_Z_SOURCE:g}"
    redshift = positive_argument("z_source", z_source, remedy)
    if redshift > _Z_SOURCE:
        raise ValueError(f"z_source must be at most {_Z_SOURCE:g}, got {redshift}")
    return LightCone(
        _range("omega_m", omega_m, *_OMEGA_M),
        _range("sigma_8", sigma_8, *_SIGMA_8),
        redshift,
        integer_argument("n_shells", n_shells, 1),
    )


def _range(name: str, given: Any, lowest: float, highest: float) -> tuple[float, float]:
    """Return the range of a parameter, of which one number is both ends."""
    remedy = f"pass two numbers, such as ({lowest}, {highest}), or one to fix it"
    if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str):
        if len(given) != 2:
            raise ValueError(
                f"{name} must be its lowest and highest value, got {len(given)} "
                f"numbers; {remedy}"
            )
        low, high = (number_argument(f"{name}[{i}]", given[i], remedy) for i in (0, 1))
    else:
        low = high = number_argument(name, given, remedy)
    if not lowest <= low <= high <= highest:
        raise ValueError(
            f"{name} must ascend within {lowest} and {highest}, got {low} to {high}; "
            f"{remedy}"
        )
    return low, high


def table_shape(cone: LightCone) -> tuple[int, ...]:
    """Return the shape of the table of a box."""
    return (*(len(n) for n in cone.nodes), cone.n_shells, 1 + len(DEGREES))


@functools.lru_cache(maxsize=8)
def computed_table(cone: LightCone) -> FloatArray:
    """Compute the table of a box by camb: some 1.5 s for each value of omega_m."""
    along_omega, along_sigma = cone.nodes
    table = np.empty(table_shape(cone))
    bar = tqdm(along_omega, "spectra", leave=False, disable=None)
    for i, omega_m in enumerate(bar):
        table[i] = _rows(cone, float(omega_m), along_sigma)
    table.setflags(write=False)
    return table


def _rows(cone: LightCone, omega_m: float, sigma_8: FloatArray) -> FloatArray:
    """Compute the part of the table for one value of omega_m."""
    camb = sky_module("camb")
    h = HUBBLE / 100
    settings = camb.CAMBparams()
    settings.set_cosmology(
        H0=HUBBLE,
        ombh2=BARYONS * h**2,
        omch2=(omega_m - BARYONS) * h**2,
        omk=0.0,
        mnu=0.0,
        num_massive_neutrinos=0,
    )
    settings.WantCls = False
    n_redshifts = _REDSHIFTS + math.ceil(_REDSHIFTS_A_UNIT * cone.z_source)
    redshifts = np.linspace(cone.z_source, 0, n_redshifts).tolist()
    settings.set_matter_power(redshifts=redshifts, kmax=_HIGHEST_WAVENUMBER)
    settings.NonLinear = camb.model.NonLinear_both
    settings.NonLinearModel.set_params(halofit_version="mead2020")
    results = camb.get_transfer_functions(settings)
    chi, z, step, q = _kernel(cone, results, omega_m)
    weights = (q * step).sum(axis=1)
    wavenumbers = (DEGREES[:, None, None] + 0.5) / chi
    rows = np.empty((len(sigma_8), cone.n_shells, 1 + len(DEGREES)))
    rows[:, :, 0] = np.log(weights)
    initial = settings.InitPower.copy()
    initial.set_params(As=_AMPLITUDE, ns=TILT)
    results.power_spectra_from_transfer(initial)
    unit = float(results.get_sigma8_0())
    for row, wanted in zip(rows, sigma_8, strict=True):
        initial.set_params(As=_AMPLITUDE * (wanted / unit) ** 2, ns=TILT)
        results.power_spectra_from_transfer(initial)
        power = results.get_matter_power_interpolator(
            nonlinear=True, hubble_units=False, k_hunit=False, extrap_kmax=_EXTRAPOLATED
        )
        values = np.empty(wavenumbers.shape)
        for place in np.ndindex(chi.shape):
            at = (slice(None), *place)
            values[at] = power.P(z[place], wavenumbers[at])
        integral = ((q / chi) ** 2 * step * values).sum(axis=2)
        row[:, 1:] = np.log(integral.T / weights[:, None] ** 2)
    return rows


def _kernel(
    cone: LightCone, results: Any, omega_m: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return distances, redshifts, steps and the kernel, each ``(shells, points)``."""
    source = float(results.comoving_radial_distance(cone.z_source))
    edges = np.linspace(0, source, cone.n_shells + 1)
    node, weight = np.polynomial.legendre.leggauss(_POINTS)
    thickness = np.diff(edges)[:, None]
    chi = edges[:-1, None] + (node + 1) / 2 * thickness
    step = weight / 2 * thickness
    z = results.redshift_at_comoving_radial_distance(chi.ravel()).reshape(chi.shape)
    factor = 1.5 * omega_m * (HUBBLE / LIGHT) ** 2
    return chi, z, step, factor * (1 + z) * chi * (source - chi) / source


def _chebyshev_points(low: float, high: float) -> FloatArray:
    """Return the nodes of an interval; one where it is a point."""
    if low == high:
        return np.array([low])
    n = 2 + math.ceil(_NODES_A_RANGE * math.log(high / low))
    angles = math.pi * (2 * np.arange(n) + 1) / (2 * n)
    return (low + high) / 2 - (high - low) / 2 * np.cos(angles)

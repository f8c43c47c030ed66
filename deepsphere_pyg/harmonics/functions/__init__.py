"""Legendre functions, spherical harmonics and power spectra."""

from deepsphere_pyg.harmonics.functions.legendre import associated_legendre
from deepsphere_pyg.harmonics.functions.spectra import power_spectrum
from deepsphere_pyg.harmonics.functions.spherical_harmonics import (
    solid_harmonics,
    spherical_harmonics,
)

__all__ = [
    "associated_legendre",
    "power_spectrum",
    "solid_harmonics",
    "spherical_harmonics",
]

"""Gaussian and lognormal random fields of known power spectra."""

from deepsphere_pyg.datasets.fields.gaussian_fields import GaussianFields
from deepsphere_pyg.datasets.fields.lognormal_fields import LognormalFields
from deepsphere_pyg.datasets.fields.power_spectra import (
    cosmology_spectra,
    high_frequency_spectra,
)

__all__ = [
    "GaussianFields",
    "LognormalFields",
    "cosmology_spectra",
    "high_frequency_spectra",
]

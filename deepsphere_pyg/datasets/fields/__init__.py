"""Gaussian and lognormal random fields of known power spectra."""

from deepsphere_pyg.datasets.fields.gaussian_fields import GaussianFields
from deepsphere_pyg.datasets.fields.likelihood_ratio import (
    likelihood_ratio_error,
    white_noise_power,
)
from deepsphere_pyg.datasets.fields.lognormal_fields import LognormalFields
from deepsphere_pyg.datasets.fields.power_spectra import (
    convergence_spectra,
    cosmology_spectra,
    high_frequency_spectra,
)

__all__ = [
    "GaussianFields",
    "LognormalFields",
    "convergence_spectra",
    "cosmology_spectra",
    "high_frequency_spectra",
    "likelihood_ratio_error",
    "white_noise_power",
]

"""How far a Laplacian is from commuting with rotations, and the best kernel width."""

from samplings.equivariance.degree_filter import degree_filter
from samplings.equivariance.equivariance_spectrum import (
    EquivarianceSpectrum,
    equivariance_spectrum,
)
from samplings.equivariance.optimal_width import NoOptimalWidthError, optimal_width

__all__ = [
    "EquivarianceSpectrum",
    "NoOptimalWidthError",
    "degree_filter",
    "equivariance_spectrum",
    "optimal_width",
]

"""Layers on coefficients of the sphere."""

from deepsphere_pyg.layers.sphere.grid_activation import GridActivation
from deepsphere_pyg.layers.sphere.spectral_pool import SpectralPool, SpectralUnpool
from deepsphere_pyg.layers.sphere.spin import (
    SpinActivation,
    SpinBlock,
    SpinConv,
    SpinNorm,
)
from deepsphere_pyg.layers.sphere.zonal_conv import ZonalConv

__all__ = [
    "GridActivation",
    "SpectralPool",
    "SpectralUnpool",
    "SpinActivation",
    "SpinBlock",
    "SpinConv",
    "SpinNorm",
    "ZonalConv",
]

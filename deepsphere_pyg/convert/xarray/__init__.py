"""From xarray data to a sampling and signals, and back."""

from deepsphere_pyg.convert.xarray.grids import (
    DistantNeighboursWarning,
    UnusableAreasWarning,
)
from deepsphere_pyg.convert.xarray.recognition import from_xarray
from deepsphere_pyg.convert.xarray.sampling import XarraySampling

__all__ = [
    "DistantNeighboursWarning",
    "UnusableAreasWarning",
    "XarraySampling",
    "from_xarray",
]

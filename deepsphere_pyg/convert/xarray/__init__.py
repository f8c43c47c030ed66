"""From xarray data to a sampling and signals, and back."""

from deepsphere_pyg.convert.xarray.grid_winds import earth_relative_winds
from deepsphere_pyg.convert.xarray.grids import (
    DistantNeighboursWarning,
    UnusableAreasWarning,
)
from deepsphere_pyg.convert.xarray.recognition import from_xarray
from deepsphere_pyg.convert.xarray.sampling import XarraySampling
from deepsphere_pyg.convert.xarray.winds import wind_signal

__all__ = [
    "DistantNeighboursWarning",
    "UnusableAreasWarning",
    "XarraySampling",
    "earth_relative_winds",
    "from_xarray",
    "wind_signal",
]

"""The sampling that places or pixels belong to, and its areas."""

from deepsphere_pyg.convert.xarray.grids.places import (
    DistantNeighboursWarning,
    UnusableAreasWarning,
)

__all__ = [
    "DistantNeighboursWarning",
    "UnusableAreasWarning",
]

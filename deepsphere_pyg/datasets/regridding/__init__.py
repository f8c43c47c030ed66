"""Fields on the grid of a file to a sampling."""

from deepsphere_pyg.datasets.regridding.regrid import Regridder

__all__ = ["Regridder"]

"""Data sets of a user's own NetCDF and Zarr files."""

from deepsphere_pyg.datasets.netcdf.xarray_dataset import XarrayDataset
from deepsphere_pyg.datasets.netcdf.xarray_fields import XarrayFields

__all__ = [
    "XarrayDataset",
    "XarrayFields",
]

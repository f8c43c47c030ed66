"""One's own fields in NetCDF, Zarr and HDF5 files."""

from deepsphere_pyg.datasets.netcdf.xarray_dataset import XarrayDataset
from deepsphere_pyg.datasets.netcdf.xarray_fields import XarrayFields

__all__ = [
    "XarrayDataset",
    "XarrayFields",
]

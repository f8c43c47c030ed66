"""What readers of NetCDF and Zarr share: places of files, selections, names."""

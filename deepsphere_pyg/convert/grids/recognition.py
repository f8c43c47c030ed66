"""Recognising the sampling of xarray data by the CF conventions."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepsphere_pyg.convert.climate_extra import climate_module
from deepsphere_pyg.convert.grids.coordinates import (
    Places,
    find_places,
    is_place,
    why_no_places,
)
from deepsphere_pyg.convert.grids.healpix import find_pixels, pixel_sampling
from deepsphere_pyg.convert.grids.pixels import Pixels
from deepsphere_pyg.convert.grids.places import (
    Unit,
    places_sampling,
    refuse_options,
)
from deepsphere_pyg.convert.grids.points import Duplicates
from deepsphere_pyg.convert.grids.sampling import XarraySampling


def from_xarray(
    data: Any,
    variable: str | None = None,
    *,
    latitude: str | None = None,
    longitude: str | None = None,
    unit: Unit | None = None,
    areas: Any = None,
    duplicates: Duplicates | None = None,
) -> XarraySampling:
    """Recognise the sampling that xarray data are on, by the CF conventions.

    ======================================  ==========================================
    coordinates                             sampling
    ======================================  ==========================================
    HEALPix, by a grid mapping or xdggs     :class:`~samplings.HEALPix`, a part of it,
                                            or :class:`~samplings.Irregular`
    latitude and longitude of one           :class:`~samplings.Equiangular`,
    dimension each, any direction           :class:`~samplings.GaussLegendre`,
                                            :class:`~samplings.McEwenWiaux`, a part of
                                            one, or :class:`~samplings.Rectilinear`
    both along the same dimension           :class:`~samplings.ReducedGaussian` or
                                            :class:`~samplings.GaussLegendre` where all
                                            rings are there, else
                                            :class:`~samplings.Irregular`
    both two-dimensional                    as a grid, if it is one; else
                                            :class:`~samplings.Irregular`
    ======================================  ==========================================

    Coordinates are told by ``standard_name``, else by ``units``, ``axis``, or name.
    Degrees and radians are told by ``units``; without them, coordinates that cover the
    globe only as radians are refused. Schemes are recognised to the precision of the
    file: float32, or the decimals of GRIB. Cells of curvilinear and unstructured grids
    without coordinates are left out.

    Areas are exact for grids and HEALPix. Those of other cells are, in this order,
    ``areas``, the ``cell_measures`` of the variable, where they are in the file and
    positive, the polygons of the coordinates' ``bounds``, or estimates: between the
    middles of neighbours (curvilinear), or Voronoi cells (unstructured; in a region
    with half of the globe free, shares of the Delaunay triangles).

    Parameters
    ----------
    data
        ``xarray.Dataset`` or ``DataArray``.
    variable
        Variable of a data set whose grid is wanted, where there are several grids.
    latitude, longitude
        Names of coordinates, where several fit or none is recognised.
    unit
        ``"degree"`` or ``"radian"``, where the file does not state it.
    areas
        Areas of curvilinear or unstructured cells: name of a variable, a ``DataArray``
        (in steradian, or by its ``units`` in m2 or km2 on Earth), or an array in
        steradian of the shape of the grid.
    duplicates
        ``"merge"`` cells of curvilinear or unstructured grids that are at the same
        place into one vertex, or ``"refuse"`` them. By default they are merged on
        curvilinear grids, which repeat columns where they wrap, and refused in lists
        of places.

    Returns
    -------
    XarraySampling
        The sampling, and the way of signals to its vertices and back.

    Raises
    ------
    ImportError
        If xarray is not installed.
    TypeError
        If ``data`` is not of xarray.
    ValueError
        If there are no latitudes and longitudes, or more than one pair fits; if they
        are missing everywhere, out of range, in different units, or repeat; if a
        HEALPix grid is not stated fully or its indices are wrong.

    Notes
    -----
    Source: CF conventions 1.13, sections 4.1, 4.2, 5, 7.1 and 7.2 and appendix F.

    Examples
    --------
    >>> import xarray as xr
    >>> wind = xr.DataArray(np.zeros((3, 4, 2)), dims=("lat", "lon", "level"),
    ...     coords={"lat": [90.0, 0.0, -90.0], "lon": [-180.0, -90.0, 0.0, 90.0]})
    >>> from_xarray(wind)
    XarraySampling(lat: 3, lon: 4) of Equiangular(n_theta=3, n_phi=4, \
scheme=clenshaw-curtis) with 6 vertices
    """
    xarray = climate_module("xarray")
    if isinstance(data, xarray.DataArray):
        if variable is not None:
            raise ValueError(
                f"variable={variable!r} chooses one of a Dataset, but a DataArray was "
                "given; leave it out"
            )
        dataset = data.coords.to_dataset()
        array = data
    elif isinstance(data, xarray.Dataset):
        dataset = data
        array = _variable(data, variable, latitude, longitude)
    else:
        raise TypeError(
            f"expected an xarray.Dataset or DataArray, got {type(data).__name__}; open "
            "files with xarray.open_dataset"
        )
    grid = _grid(dataset, array, latitude, longitude)
    if grid is None:
        raise ValueError(why_no_places(dataset, array))
    if isinstance(grid, Pixels):
        refuse_options("a HEALPix grid", areas, duplicates)
        sampling, vertex = pixel_sampling(grid)
    else:
        sampling, vertex = places_sampling(
            grid, dataset, array, unit, areas, duplicates
        )
    vertex.setflags(write=False)
    return XarraySampling(sampling, grid.dims, vertex, _coordinates(dataset, grid))


def _variable(
    dataset: Any, name: str | None, latitude: str | None, longitude: str | None
) -> Any:
    """The variable whose grid is wanted; without a name, any of the only grid."""
    if name is not None:
        if name not in dataset.variables:
            known = ", ".join(map(str, dataset.data_vars))
            raise ValueError(f"there is no variable {name!r}; there are: {known}")
        return dataset[name]
    found: dict[Any, tuple[Any, Any]] = {}
    along = {
        dim
        for name in (latitude, longitude)
        if name in dataset.variables
        for dim in dataset[name].dims
    }
    for one in map(str, dataset.data_vars):
        if is_place(dataset, one) or not along <= set(dataset[one].dims):
            continue
        grid = _grid(dataset, dataset[one], latitude, longitude)
        if grid is not None:
            found.setdefault(grid.key, (dataset[one], grid))
    if len(found) > 1:
        listed = "; ".join(f"{array.name} on {grid}" for array, grid in found.values())
        raise ValueError(
            f"the variables are on several grids: {listed}; choose with variable="
        )
    if found:
        return next(iter(found.values()))[0]
    # Coordinates alone say as much.
    xarray = climate_module("xarray")
    sizes = dict(dataset.sizes)
    empty = xarray.DataArray(
        np.broadcast_to(np.float32(0), tuple(sizes.values())), dims=tuple(sizes)
    )
    return empty.rename("the data set")


def _dims(array: Any) -> tuple[str, ...]:
    return tuple(map(str, array.dims))


def _attribute(array: Any, name: str) -> str:
    """An attribute, which decoding may have moved into the encoding."""
    return str({**array.encoding, **array.attrs}.get(name, ""))


def _grid(
    dataset: Any, array: Any, latitude: str | None, longitude: str | None
) -> Pixels | Places | None:
    if latitude is None and longitude is None:
        mapping = _attribute(array, "grid_mapping")
        pixels = find_pixels(dataset, _dims(array), mapping)
        if pixels is not None:
            return pixels
    preferred = _attribute(array, "coordinates").split()
    return find_places(dataset, _dims(array), preferred, latitude, longitude)


def _coordinates(dataset: Any, grid: Pixels | Places) -> Any:
    """Coordinates along the grid and scalars, latitudes and longitudes among them."""
    names = [n for n, v in dataset.data_vars.items() if "grid_mapping_name" in v.attrs]
    if isinstance(grid, Places):
        names += [grid.lat.name, grid.lon.name]
    dataset = dataset.set_coords([n for n in names if n in dataset.data_vars])
    keep = [
        name
        for name, coordinate in dataset.coords.items()
        if set(coordinate.dims) <= set(grid.dims)
    ]
    coordinates = dataset[keep]
    coordinates.attrs = {}
    return coordinates

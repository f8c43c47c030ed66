"""Recognising the sampling of xarray data by the CF conventions."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.coordinates.angles import Unit
from deepsphere_pyg.convert.xarray.coordinates.attributes import attributes_of, text
from deepsphere_pyg.convert.xarray.coordinates.axes import rotated_places
from deepsphere_pyg.convert.xarray.coordinates.cell_places import Places
from deepsphere_pyg.convert.xarray.coordinates.coordinates import find_places
from deepsphere_pyg.convert.xarray.coordinates.mappings import is_mapping
from deepsphere_pyg.convert.xarray.coordinates.no_places import why_no_places
from deepsphere_pyg.convert.xarray.coordinates.scan import Scan
from deepsphere_pyg.convert.xarray.grids.healpix import find_pixels, pixel_sampling
from deepsphere_pyg.convert.xarray.grids.pixels import Pixels
from deepsphere_pyg.convert.xarray.grids.places import places_sampling, refuse_options
from deepsphere_pyg.convert.xarray.grids.points import Duplicates
from deepsphere_pyg.convert.xarray.meshes.esmf import esmf_places
from deepsphere_pyg.convert.xarray.meshes.named import named_places
from deepsphere_pyg.convert.xarray.meshes.ugrid import ugrid_places
from deepsphere_pyg.convert.xarray.sampling import XarraySampling
from samplings.arguments import instance_argument, kind_of

# Attributes of a variable that say which grid it is on.
REFERENCES = ("coordinates", "grid_mapping", "mesh", "location", "cell_measures")
# UGRID describes itself by attributes; other meshes are recognised by variable names.
_MESHES = (ugrid_places, esmf_places, named_places)


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

    =======================================  ==========================================
    coordinates                              sampling
    =======================================  ==========================================
    HEALPix, by a grid mapping or xdggs      :class:`~samplings.HEALPix`, a part of it,
                                             or :class:`~samplings.Irregular`
    latitude and longitude of one            :class:`~samplings.Equiangular`,
    dimension each, any direction            :class:`~samplings.GaussLegendre`,
                                             :class:`~samplings.McEwenWiaux`, a part of
                                             one, or :class:`~samplings.Rectilinear`
    both along the same dimension            :class:`~samplings.HEALPix` where all
                                             centres are there;
                                             :class:`~samplings.ReducedGaussian` or
                                             :class:`~samplings.GaussLegendre` where all
                                             rings are there, else
                                             :class:`~samplings.Irregular`
    both two-dimensional                     as a grid, if it is one; else
                                             :class:`~samplings.Irregular`
    both three-dimensional: tiles            :class:`~samplings.Irregular`, each tile
                                             on its own
    about a rotated pole, by standard names  :class:`~samplings.Irregular` at the true
    and grid mapping                         places
    mesh of UGRID, ESMF, SCRIP, MPAS or      as a list, with the areas and polygons of
    ICON                                     the mesh
    =======================================  ==========================================

    Coordinates are recognised by ``standard_name``, else by ``units``, ``axis``, or
    name. Two-dimensional ones are preferred to axes, which may count cells or nominal
    degrees; axes of a map projection or a rotated pole are not read as degrees.
    Coordinates may repeat along time, but not change. Units are those that the file
    states; without them, coordinates that cover the globe only as radians are refused,
    and those of MPAS and ICON are in radians. Schemes are recognised to the precision
    of the file: float32, or the decimals of GRIB. Cells of curvilinear and unstructured
    grids without coordinates are left out.

    Areas are exact for grids and HEALPix. For other cells, these come first to last:
    ``areas``; the ``cell_measures`` of the variable, if they are in the file and
    positive; the areas of the mesh; the polygons of the coordinates' ``bounds`` or of
    the mesh; estimates. Estimated cells reach halfway to their neighbours in a
    curvilinear grid, and are those of :class:`~samplings.Irregular` in an unstructured
    one.

    Parameters
    ----------
    data
        ``xarray.Dataset`` or ``DataArray``.
    variable
        Variable that determines the grid, if a data set has several grids.
    latitude, longitude
        Names of coordinates, needed if several fit or they are not recognised.
    unit
        ``"degree"`` or ``"radian"``, if the file does not state it.
    areas
        Areas of curvilinear or unstructured cells: the name of a variable, a
        ``DataArray`` (in steradian, or in its ``units``, such as m2 on the sphere of
        the file), or an array in steradian of the shape of the grid.
    duplicates
        ``"merge"`` cells of curvilinear or unstructured grids that are at the same
        place into one vertex, or ``"refuse"`` them. By default, cells are merged on
        curvilinear grids, which repeat columns where they wrap around, and refused in
        lists of places.

    Returns
    -------
    XarraySampling
        The sampling; it carries signals to its vertices and back.

    Raises
    ------
    ImportError
        If xarray is not installed.
    TypeError
        If ``data`` is not of xarray.
    ValueError
        If there are no latitudes and longitudes, or more than one pair fits; if they
        are missing everywhere, out of range, in different units, or repeat; if the
        description of a HEALPix grid or a mesh is incomplete or its indices are wrong;
        if axes are those of a map projection or count cells; if places change in time;
        or if areas add up to more than the sphere.

    Warns
    -----
    DistantNeighboursWarning
        If cells are left out because many share one place, or if neighbours in the
        array are far from each other, so that estimated areas do not reach across.
    UnusableAreasWarning
        If areas in the file are not used because their unit is unknown, or they are
        not positive, or add up to more than the sphere.

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
    for name, value in (
        ("variable", variable),
        ("latitude", latitude),
        ("longitude", longitude),
    ):
        if value is not None:
            instance_argument(name, value, str, "pass the name of a variable")
    array = None
    if isinstance(data, xarray.DataArray):
        if variable is not None:
            raise ValueError(
                f"variable={variable!r} chooses one of a Dataset, but a DataArray was "
                "given; leave it out"
            )
        dataset, array = data.coords.to_dataset(), data
    elif isinstance(data, xarray.Dataset):
        dataset = data
    else:
        raise TypeError(
            f"data must be an xarray.Dataset or DataArray, got {kind_of(data)}; open "
            "files with xarray.open_dataset"
        )
    scan = Scan(dataset)
    if array is None:
        array = _variable(scan, variable, latitude, longitude)
    attributes = attributes_of(array)
    grid = _grid(scan, array.dims, attributes, latitude, longitude)
    if grid is None:
        raise ValueError(why_no_places(scan, array))
    if isinstance(grid, Pixels):
        refuse_options("a HEALPix grid", areas, duplicates)
        sampling, vertex = pixel_sampling(grid)
    else:
        sampling, vertex = places_sampling(
            grid, scan, attributes, unit, areas, duplicates
        )
    vertex.setflags(write=False)
    return XarraySampling(sampling, grid.dims, vertex, _coordinates(dataset, grid))


def _variable(
    scan: Scan, name: str | None, latitude: str | None, longitude: str | None
) -> Any:
    """Return the variable of this name, by default any on the only grid."""
    dataset = scan.dataset
    if name is not None:
        if name not in scan.variables:
            known = ", ".join(map(str, dataset.data_vars))
            raise ValueError(f"there is no variable {name!r}; there are: {known}")
        return dataset[name]
    found: dict[Any, tuple[str, Any]] = {}
    seen: dict[Any, Any] = {}
    along = {
        str(dim)
        for name in (latitude, longitude)
        if name is not None and name in scan.variables
        for dim in scan.place_dims(name, frozenset(map(str, dataset.dims))) or ()
    }

    def without_areas(name: str) -> tuple[bool, str]:
        return not text(scan.attributes[name], "cell_measures"), name

    # Variables that refer to the areas of their cells come first.
    for one in sorted(map(str, dataset.data_vars), key=without_areas):
        dims = scan.variables[one].dims
        if not along <= set(dims) or scan.is_place(one):
            continue
        # Variables of the same dimensions and references are on the same grid.
        attributes = scan.attributes[one]
        key = (dims, *(text(attributes, reference) for reference in REFERENCES))
        if key not in seen:
            seen[key] = _grid(scan, dims, attributes, latitude, longitude)
        if seen[key] is not None:
            found.setdefault(seen[key].key, (one, seen[key]))
    if len(found) > 1:
        listed = "; ".join(f"{name} on {grid}" for name, grid in found.values())
        raise ValueError(
            f"the variables are on several grids: {listed}; choose with variable="
        )
    if found:
        return dataset[next(iter(found.values()))[0]]
    # Coordinates alone are enough, with the grid mapping of the variables.
    mappings = {text(scan.attributes[n], "grid_mapping") for n in scan.variables} - {""}
    xarray = climate_module("xarray")
    sizes = dict(dataset.sizes)
    empty = xarray.DataArray(
        np.broadcast_to(np.float32(0), tuple(sizes.values())), dims=tuple(sizes)
    )
    if mappings:
        empty.attrs["grid_mapping"] = min(mappings)
    return empty.rename("the data set")


def _grid(
    scan: Scan,
    dims: Any,
    attributes: dict[str, Any],
    latitude: str | None,
    longitude: str | None,
) -> Pixels | Places | None:
    """Return the pixels, or the places of a mesh or of coordinates, or None."""
    dims = tuple(map(str, dims))
    if latitude is not None or longitude is not None:
        return find_places(scan, dims, attributes, latitude, longitude)
    pixels = find_pixels(scan, dims, text(attributes, "grid_mapping"))
    if pixels is not None:
        return pixels
    for places_of_mesh in _MESHES:
        places = places_of_mesh(scan, dims, attributes)
        if places is not None:
            return places
    places = find_places(scan, dims, attributes, None, None)
    return rotated_places(scan, dims, attributes) if places is None else places


def _coordinates(dataset: Any, grid: Pixels | Places) -> Any:
    """Return the coordinates along the grid, and scalars."""
    # In large data sets, variables are much cheaper than arrays.
    variables = dataset.variables
    names = [n for n in dataset.data_vars if is_mapping(variables[n].attrs)]
    if isinstance(grid, Places):
        names += [grid.lat.name, grid.lon.name]
    dataset = dataset.set_coords([n for n in names if n in dataset.data_vars])
    keep = [
        name for name in dataset.coords if set(variables[name].dims) <= set(grid.dims)
    ]
    coordinates = dataset[keep]
    coordinates.attrs = {}
    if isinstance(grid, Places):
        # Add coordinates that were derived from others, or lost their times.
        places = {
            one.name: one.variable
            for one in (grid.lat, grid.lon)
            if one.name is not None
            and one.name not in coordinates.variables
            and (one.name not in dataset.variables or one.name in dataset.coords)
        }
        coordinates = coordinates.assign_coords(places)
    return coordinates

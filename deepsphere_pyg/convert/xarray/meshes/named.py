"""Meshes recognised by the variable names of a model or tool: MPAS, ICON, SCRIP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.angles import (
    Unit,
    angles,
    in_degrees,
    unpacked,
)
from deepsphere_pyg.convert.xarray.coordinates.attributes import number, text
from deepsphere_pyg.convert.xarray.coordinates.cell_places import (
    Places,
    conventional_unit,
)
from deepsphere_pyg.convert.xarray.coordinates.coordinates import lasting_places
from deepsphere_pyg.convert.xarray.coordinates.scan import Scan
from deepsphere_pyg.convert.xarray.grids.areas import (
    corner_vectors,
    in_steradian,
    radius,
)
from deepsphere_pyg.convert.xarray.grids.points import WHOLE
from deepsphere_pyg.convert.xarray.meshes.polygons import corners_of, node_indices
from samplings.arrays import FloatArray
from samplings.points.lonlat import vectors_of_degrees


@dataclass(frozen=True)
class Convention:
    """Names of the variables of some cells of a mesh.

    Attributes
    ----------
    lat, lon
        Their latitudes and longitudes.
    unit
        Their unit if they state none; None for degrees.
    areas
        Areas; the first that the file has is used.
    corners
        Latitudes and longitudes of the corners of each cell.
    nodes
        Nodes at the corners of each cell, counted from one; their number; and the
        latitudes and longitudes of nodes.
    diagonals
        Lengths of the two diagonals of each cell.
    sizes
        Columns and rows of a grid whose cells are listed.
    """

    lat: str
    lon: str
    unit: Unit | None = "radian"
    areas: tuple[str, ...] = ()
    corners: tuple[str, str] | None = None
    nodes: tuple[str, str, str, str] | None = None
    diagonals: tuple[str, str] | None = None
    sizes: str = ""


# MPAS mesh specification, "Description of mesh variables"; ICON grid files as of
# DWD's grid generator; SCRIP users' guide, section 2.2.
CONVENTIONS = (
    Convention(
        "latCell",
        "lonCell",
        areas=("areaCell",),
        nodes=("verticesOnCell", "nEdgesOnCell", "latVertex", "lonVertex"),
    ),
    Convention(
        "latVertex",
        "lonVertex",
        areas=("areaTriangle",),
        nodes=("cellsOnVertex", "", "latCell", "lonCell"),
    ),
    Convention("latEdge", "lonEdge", diagonals=("dcEdge", "dvEdge")),
    Convention(
        "clat",
        "clon",
        areas=("cell_area", "cell_area_p"),
        corners=("clat_vertices", "clon_vertices"),
        nodes=("vertex_of_cell", "", "vlat", "vlon"),
    ),
    Convention(
        "vlat",
        "vlon",
        areas=("dual_area", "dual_area_p"),
        corners=("vlat_vertices", "vlon_vertices"),
    ),
    Convention("elat", "elon", corners=("elat_vertices", "elon_vertices")),
    Convention(
        "grid_center_lat",
        "grid_center_lon",
        unit=None,
        areas=("grid_area",),
        corners=("grid_corner_lat", "grid_corner_lon"),
        sizes="grid_dims",
    ),
)


def named_places(
    scan: Scan, dims: Sequence[str], attributes: Mapping[str, Any]
) -> Places | None:
    """Return the places of cells along one of the dimensions, or None.

    Areas are those of the file, else those of polygons of its corners or nodes.

    Raises
    ------
    ValueError
        If a mesh of MPAS is on a plane.
    """
    for convention in CONVENTIONS:
        names = convention.lat, convention.lon
        if not all(name in scan.variables for name in names):
            continue
        own = [scan.place_dims(name, frozenset(dims)) for name in names]
        if own[0] is None or own[0] != own[1] or len(own[0]) > 2:
            continue
        if text(scan.dataset.attrs, "on_a_sphere").strip().upper() == "NO":
            raise ValueError(
                f"the mesh of {convention.lat} and {convention.lon} is on a plane "
                "(on_a_sphere is NO), which has no places on the globe"
            )
        places = lasting_places(scan, *names, own[0])
        if len(places.dims) != 1:
            continue
        return Places(
            places.lat,
            places.lon,
            convention.unit,
            areas=partial(_areas, scan, attributes, convention, places.dims[0]),
            corners=partial(_corners, scan, convention, places.dims[0]),
            shape=_shape(scan, convention.sizes, places.lat.size),
        )
    return None


def _areas(
    scan: Scan, attributes: Mapping[str, Any], convention: Convention, dim: str
) -> FloatArray | None:
    """Return the areas of cells in a file, in steradian, or None."""
    for name in convention.areas:
        if name in scan.variables and scan.variables[name].dims == (dim,):
            areas = in_steradian(scan, attributes, scan.dataset[name])
            if areas is not None:
                return areas
    if convention.diagonals is None:
        return None
    if any(
        name not in scan.variables or scan.variables[name].dims != (dim,)
        for name in convention.diagonals
    ):
        return None
    first, second = (unpacked(scan.dataset[name]) for name in convention.diagonals)
    product = first * second / 2
    stated = number(scan.dataset.attrs, "sphere_radius") is not None
    in_metres = stated and float(np.nansum(product)) > WHOLE
    return product / radius(scan, attributes) ** 2 if in_metres else product


def _corners(scan: Scan, convention: Convention, dim: str) -> FloatArray | None:
    """Return the corners of the cells as unit vectors, or None."""
    if convention.corners is not None:
        lat, lon = (scan.dataset.get(name) for name in convention.corners)
        if lat is not None and lon is not None and set(lat.dims) == set(lon.dims):
            if lat.ndim == 2 and dim in lat.dims:
                last = next(d for d in lat.dims if d != dim)
                lat, lon = lat.transpose(dim, last), lon.transpose(dim, last)
                return corner_vectors(lat, lon, _unit(convention, lat, lon))
    if convention.nodes is None:
        return None
    connectivity, count, lat_name, lon_name = convention.nodes
    needed = (connectivity, lat_name, lon_name)
    if not all(name in scan.variables for name in needed):
        return None
    lat, lon = scan.dataset[lat_name], scan.dataset[lon_name]
    listed = scan.dataset[connectivity]
    if dim not in listed.dims or listed.ndim != 2 or lat.ndim != 1:
        return None
    north, east, unit = angles(lat, lon, _unit(convention, lat, lon))
    north, east = in_degrees(north, east, unit)
    nodes = vectors_of_degrees(east, north)
    counts = scan.variables[count].to_numpy() if count in scan.variables else None
    index = node_indices(listed, dim, len(nodes), 1, counts, least=1)
    # Cells at the border of a region may lack neighbours.
    whole = bool(((index >= 0).sum(axis=1) > 2).all())
    return corners_of(nodes, index) if whole else None


def _unit(convention: Convention, lat: Any, lon: Any) -> Unit | None:
    """Return the unit of the convention if none is stated and the values fit."""
    return conventional_unit(Places(lat, lon, convention.unit))


def _shape(scan: Scan, name: str, n: int) -> tuple[int, int] | None:
    """Return rows and columns of a grid whose cells are listed, or None."""
    if name not in scan.variables:
        return None
    sizes = [int(one) for one in np.ravel(scan.variables[name].to_numpy())]
    if len(sizes) != 2 or sizes[0] * sizes[1] != n:
        return None
    return sizes[1], sizes[0]

"""Unstructured meshes of ESMF: elements, and nodes at their corners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.coordinates.angles import (
    ROUNDING,
    units_of,
    unpacked,
)
from deepsphere_pyg.convert.xarray.coordinates.cell_places import Places
from deepsphere_pyg.convert.xarray.coordinates.scan import Scan
from deepsphere_pyg.convert.xarray.grids.areas import in_steradian
from deepsphere_pyg.convert.xarray.meshes.polygons import (
    centres_of,
    corners_of,
    dual_areas,
    node_indices,
    places_of_points,
)
from samplings.arrays import FloatArray, IntArray
from samplings.points.lonlat import vectors_of_degrees
from samplings.units import degrees_of


def esmf_places(
    scan: Scan, dims: Sequence[str], attributes: Mapping[str, Any]
) -> Places | None:
    """Return places of elements or nodes of an ESMF mesh, or None.

    The mesh has ``nodeCoords`` and perhaps ``centerCoords`` of two coordinates
    (longitude and latitude in their units, by default degrees) or three (a point in
    space), ``elementConn`` as a table or a list with ``numElementConn``, and perhaps
    ``elementArea``.

    Raises
    ------
    ValueError
        If coordinates are not on a sphere, or elements refer to missing nodes.

    Notes
    -----
    Source: ESMF reference manual, "ESMF unstructured grid file format".
    """
    variables = scan.variables
    nodes = variables.get("nodeCoords")
    listed = variables.get("elementConn")
    if nodes is None or listed is None or nodes.ndim != 2:
        return None
    node_dim = str(nodes.dims[0])
    element_dim = _element_dim(scan)
    if element_dim in dims:
        points = partial(_points, scan, "nodeCoords")
        index = partial(_index, scan, element_dim)
        if "centerCoords" in variables:
            xyz = _points(scan, "centerCoords")
        else:
            xyz = centres_of(points(), index())
        return places_of_points(
            xyz,
            element_dim,
            areas=partial(_areas, scan, attributes, element_dim),
            corners=lambda: corners_of(points(), index()),
        )
    if node_dim in dims:
        xyz = _points(scan, "nodeCoords")
        return places_of_points(
            xyz, node_dim, areas=lambda: dual_areas(xyz, _index(scan, element_dim))
        )
    return None


def _element_dim(scan: Scan) -> str:
    """Return the dimension of elements, which lists of all nodes do not have."""
    count = scan.variables.get("numElementConn")
    if count is not None:
        return str(count.dims[0])
    return str(scan.variables["elementConn"].dims[0])


def _points(scan: Scan, name: str) -> FloatArray:
    """Unit vectors of a table of coordinates."""
    table = scan.dataset[name]
    values, units = unpacked(table), units_of(table) or "degrees"
    if values.shape[1] == 3:
        length = np.linalg.norm(values, axis=1, keepdims=True)
        if not (length > 0).all() or np.ptp(length) > 0.1 * length.max():
            raise ValueError(
                f"{name} must lie on a sphere about the origin, got distances from "
                f"{length.min():g} to {length.max():g}"
            )
        return np.asarray(values / length)
    scale = degrees_of(units)
    if values.shape[1] != 2 or scale is None:
        raise ValueError(
            f"{name} must hold longitudes and latitudes in degrees or radians, or "
            f"points in space, got {values.shape[1]} coordinates in {units!r}"
        )
    lon, lat = (values * scale).T
    if not np.nanmax(np.abs(lat)) <= 90 + ROUNDING:
        raise ValueError(
            f"latitudes of {name} must be from -90 to 90 degrees, got "
            f"{np.nanmax(np.abs(lat)):g}; check its units, {units!r}"
        )
    return vectors_of_degrees(lon, lat)


def _index(scan: Scan, dim: str) -> IntArray:
    """Return the nodes of each element, -1 after the last."""
    listed = scan.dataset["elementConn"]
    counts = None
    if "numElementConn" in scan.variables:
        counts = unpacked(scan.dataset["numElementConn"]).astype(np.int64)
    if listed.ndim == 1 and counts is not None:
        # A list of all elements' nodes, one after the other.
        row = np.repeat(np.arange(len(counts)), counts)
        column = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        table = np.full((len(counts), int(counts.max())), -1, dtype=np.int64)
        table[row, column] = listed.to_numpy()[: len(row)]
        array = climate_module("xarray").DataArray
        dims = (dim, "corner")
        listed = array(table, dims=dims, name=listed.name, attrs=listed.attrs)
    n_nodes = scan.dataset["nodeCoords"].shape[0]
    return node_indices(listed, dim, n_nodes, 1, counts)


def _areas(scan: Scan, attributes: Mapping[str, Any], dim: str) -> FloatArray | None:
    if "elementArea" not in scan.variables:
        return None
    return in_steradian(scan, attributes, scan.dataset["elementArea"])

"""Meshes of the UGRID conventions: values at nodes, edges or faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.angles import angles, in_degrees
from deepsphere_pyg.convert.xarray.coordinates.attributes import text
from deepsphere_pyg.convert.xarray.coordinates.cell_places import Places
from deepsphere_pyg.convert.xarray.coordinates.cf_coordinates import is_map_axis
from deepsphere_pyg.convert.xarray.coordinates.scan import ANGLES, Scan
from deepsphere_pyg.convert.xarray.meshes.polygons import (
    centres_of,
    corners_of,
    dual_areas,
    node_indices,
    places_of_points,
)
from samplings.arrays import FloatArray, IntArray
from samplings.points.lonlat import vectors_of_degrees

LOCATIONS = ("face", "node", "edge")


def ugrid_places(
    scan: Scan, dims: Sequence[str], attributes: Mapping[str, Any]
) -> Places | None:
    """Return places of faces, nodes or edges of a UGRID mesh, or None.

    Faces and edges without coordinates are at the middle of their nodes. Areas of faces
    are those of their polygons, and areas of nodes are parts of these.

    Raises
    ------
    ValueError
        If the coordinates of nodes are not latitudes and longitudes, or faces refer to
        missing nodes.

    Notes
    -----
    Source: UGRID conventions 1.0, "2D triangular mesh topology" and following.
    """
    named = text(attributes, "mesh")
    for mesh in [named] if named in scan.variables else scan.meshes:
        topology = scan.attributes[mesh]
        stated = text(attributes, "location")
        for location in [stated] if stated in LOCATIONS else LOCATIONS:
            dim = _dimension(scan, topology, location)
            if dim in dims:
                return _places(scan, mesh, location, dim)
    return None


def _dimension(scan: Scan, topology: Mapping[str, Any], location: str) -> str:
    """Return the dimension of the faces, nodes or edges of a mesh, or an empty text."""
    stated = text(topology, f"{location}_dimension")
    if stated:
        return stated
    coordinates = text(topology, f"{location}_coordinates").split()
    connectivity = text(topology, f"{location}_node_connectivity").split()
    for name in (*coordinates, *connectivity):
        if name in scan.variables:
            return str(scan.variables[name].dims[0])
    return ""


def _places(scan: Scan, mesh: str, location: str, dim: str) -> Places:
    topology = scan.attributes[mesh]
    own = _pair(scan, topology, location)
    faces = _dimension(scan, topology, "face")
    with_faces = text(topology, "face_node_connectivity") in scan.variables
    nodes = partial(_nodes, scan, mesh)
    index = partial(_index, scan, topology, "face", faces)
    stated: dict[str, Any] = {}
    if location == "face" and with_faces:
        stated["corners"] = lambda: corners_of(nodes(), index())
    if location == "node" and with_faces:
        stated["areas"] = lambda: dual_areas(nodes(), index())
    if own is not None:
        return Places(*own, **stated)
    if location == "node":
        raise ValueError(_no_nodes(scan, mesh))
    if text(topology, f"{location}_node_connectivity") not in scan.variables:
        raise ValueError(
            f"the mesh {mesh} has neither coordinates nor nodes of its {location}s; "
            f"add {location}_coordinates"
        )
    middle = centres_of(nodes(), _index(scan, topology, location, dim))
    return places_of_points(middle, dim, **stated)


def _pair(
    scan: Scan, topology: Mapping[str, Any], location: str
) -> tuple[Any, Any] | None:
    """Return latitudes and longitudes of a location, in this order, or None."""
    names = text(topology, f"{location}_coordinates").split()
    found = []
    for kind in ANGLES:
        fits = [name for name in names if name in scan.ranks[kind]]
        if not fits:
            return None
        found.append(min(fits, key=scan.ranks[kind].__getitem__))
    lat, lon = found
    return (scan.dataset[lat], scan.dataset[lon]) if lat != lon else None


def _nodes(scan: Scan, mesh: str) -> FloatArray:
    """Unit vectors of the nodes of a mesh."""
    pair = _pair(scan, scan.attributes[mesh], "node")
    if pair is None:
        raise ValueError(_no_nodes(scan, mesh))
    lat, lon, unit = angles(*pair, None)
    if not (np.isfinite(lat).all() and np.isfinite(lon).all()):
        raise ValueError(
            f"the nodes of the mesh {mesh} must have coordinates, but some of "
            f"{pair[0].name} and {pair[1].name} are missing"
        )
    lat, lon = in_degrees(lat, lon, unit)
    return vectors_of_degrees(lon, lat)


def _no_nodes(scan: Scan, mesh: str) -> str:
    names = text(scan.attributes[mesh], "node_coordinates").split()
    known = [name for name in names if name in scan.variables]
    if any(is_map_axis(name, scan.attributes[name]) for name in known):
        return (
            f"the nodes of the mesh {mesh} are in a map projection "
            f"({', '.join(known)}); add their latitudes and longitudes to "
            "node_coordinates, for instance with pyproj"
        )
    return (
        f"the mesh {mesh} must have latitudes and longitudes of its nodes, got "
        f"node_coordinates={' '.join(names)!r}; give these "
        "standard_name='latitude' and 'longitude'"
    )


def _index(
    scan: Scan, topology: Mapping[str, Any], location: str, dim: str
) -> IntArray:
    """Return the nodes of each face or edge, -1 after the last."""
    connectivity = scan.dataset[text(topology, f"{location}_node_connectivity")]
    pair = text(topology, "node_coordinates").split()
    n_nodes = int(scan.variables[pair[0]].size)
    least = 3 if location == "face" else 2
    return node_indices(connectivity, dim, n_nodes, 0, least=least)

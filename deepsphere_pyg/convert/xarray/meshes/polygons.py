"""Polygons of a mesh, from lists of the nodes at their corners."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.coordinates.attributes import number
from deepsphere_pyg.convert.xarray.coordinates.cell_places import Places
from samplings.arrays import FloatArray, IntArray
from samplings.missing_values import without_missing
from samplings.tessellation.spherical_triangles import triangle_areas


def node_indices(
    connectivity: Any,
    dim: str,
    n_nodes: int,
    start: int,
    counts: Any = None,
    least: int = 3,
) -> IntArray:
    """Return the nodes of each polygon counted from zero, -1 after the last.

    Parameters
    ----------
    connectivity
        Two-dimensional ``xarray.DataArray``. Polygons with fewer nodes are filled up by
        missing values, or by numbers before the first.
    dim
        Its dimension of polygons.
    n_nodes
        Number of nodes.
    start
        Number of the first node, unless the attribute ``start_index`` gives it. If it
        is 0, nodes that count up to ``n_nodes`` are counted from 1.
    counts
        Number of nodes of each polygon, if the file has it.
    least
        Least number of nodes of each: three, or two for edges.

    Returns
    -------
    numpy.ndarray
        Shape ``(polygons, n)``, the nodes of each first.

    Raises
    ------
    ValueError
        If a node does not exist, or a polygon has too few.
    """
    connectivity = connectivity.transpose(dim, ...)
    values = connectivity.to_numpy()
    numbers = without_missing(values, connectivity.attrs, connectivity.encoding)
    given = np.where(np.isfinite(numbers), numbers, -1).astype(np.int64)
    if counts is not None:
        given[np.arange(given.shape[1]) >= np.asarray(counts)[:, None]] = -1
    stated = number(connectivity.attrs, "start_index")
    if stated is not None:
        start = int(stated)
    elif start == 0 and given.max(initial=-1) == n_nodes and not (given == 0).any():
        start = 1
    index = np.where(given >= start, given - start, -1)
    if index.max(initial=-1) >= n_nodes:
        raise ValueError(
            f"{connectivity.name} refers to node {given.max()}, but there are "
            f"{n_nodes}, counted from {start}; check its attribute start_index"
        )
    order = np.argsort(index < 0, axis=1, kind="stable")
    index = np.take_along_axis(index, order, axis=1)
    few = (index >= 0).sum(axis=1) < least
    if few.any():
        raise ValueError(
            f"{connectivity.name} must list at least {least} nodes each, got "
            f"{index[int(few.argmax())].tolist()} (-1 for a missing one) at position "
            f"{int(few.argmax())}; check its attributes start_index and _FillValue"
        )
    return index


def corners_of(nodes: FloatArray, index: IntArray) -> FloatArray:
    """Return corners ``(polygons, n, 3)``; polygons with fewer repeat the first."""
    return np.asarray(nodes[np.where(index < 0, index[:, :1], index)])


def centres_of(nodes: FloatArray, index: IntArray) -> FloatArray:
    """Return the middles of the corners of polygons, unit vectors ``(polygons, 3)``."""
    total = (nodes[index] * (index >= 0)[..., None]).sum(axis=1)
    return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True))


def dual_areas(nodes: FloatArray, index: IntArray) -> FloatArray:
    """Return the areas of nodes: their parts of the polygons around them.

    A polygon is cut from its centre to the middles of its edges, so that the areas of
    nodes add up to those of the polygons.

    Parameters
    ----------
    nodes
        Unit vectors ``(V, 3)``.
    index
        Nodes of each polygon, of :func:`node_indices`.

    Examples
    --------
    >>> octahedron = np.concatenate([np.eye(3), -np.eye(3)])
    >>> faces = [[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2]]
    >>> faces += [[b, a, 5] for a, b, _ in faces]
    >>> bool(np.allclose(dual_areas(octahedron, np.array(faces)), 4 * np.pi / 6))
    True
    """
    centre = centres_of(nodes, index)
    columns = np.arange(index.shape[1])
    count = (index >= 0).sum(axis=1)[:, None]
    following = np.take_along_axis(index, (columns + 1) % count, axis=1)
    previous = np.take_along_axis(index, (columns - 1) % count, axis=1)
    areas = np.zeros(len(nodes))
    for column in columns:
        real = index[:, column] >= 0
        node = index[real, column]
        here = nodes[node]
        for other in (following[real, column], previous[real, column]):
            middle = here + nodes[other]
            middle /= np.linalg.norm(middle, axis=1, keepdims=True)
            part = triangle_areas(here, middle, centre[real])
            areas += np.bincount(node, part, len(nodes))
    return areas


def places_of_points(xyz: FloatArray, dim: str, **stated: Any) -> Places:
    """Return places of unit vectors ``(V, 3)``, with areas or corners."""
    lat = np.rad2deg(np.arctan2(xyz[:, 2], np.hypot(xyz[:, 0], xyz[:, 1])))
    lon = np.rad2deg(np.arctan2(xyz[:, 1], xyz[:, 0]))
    array = climate_module("xarray").DataArray
    return Places(
        array(lat, dims=(dim,), name="lat", attrs={"units": "degrees_north"}),
        array(lon, dims=(dim,), name="lon", attrs={"units": "degrees_east"}),
        **stated,
    )

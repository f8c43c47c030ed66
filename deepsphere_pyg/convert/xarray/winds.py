"""Winds of files as tangent vectors, in the frames of their cells, at poles too."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.coordinates.attributes import (
    attributes_of,
    text,
)
from deepsphere_pyg.convert.xarray.coordinates.cf_coordinates import coordinate_rank
from deepsphere_pyg.convert.xarray.grid_winds import (
    check_components,
    refuse_grid_frames,
)
from deepsphere_pyg.convert.xarray.sampling import XarraySampling
from deepsphere_pyg.convert.xarray.signals import cells_of, layout_of, merged
from samplings import Sampling, tangent_frames
from samplings.arguments import instance_argument
from samplings.arrays import FloatArray

_POLE = 1e-9


def cell_frames(places: XarraySampling | Sampling) -> FloatArray:
    """Return the unit vectors to the east and to the north at each cell of a file.

    At a pole they are those of the longitude of each cell, as meteorological files
    have winds there, so that the components of one wind differ along the row.

    Parameters
    ----------
    places
        The cells of a file, or a sampling, whose vertices have the frames of
        :func:`samplings.tangent_frames`.

    Returns
    -------
    ndarray
        Shape ``(*shape, 2, 3)``: east, north. Cells without a vertex have those of
        another.

    Raises
    ------
    ValueError
        If cells share a pole, and no longitudes of these are known.
    """
    if isinstance(places, Sampling):
        south, east = np.moveaxis(tangent_frames(places), 1, 0)
        return np.stack([east, -south], axis=1)
    sampling, vertex = places.sampling, places.vertex
    frames = cell_frames(sampling)[vertex]
    shared = np.bincount(vertex[vertex >= 0], minlength=len(sampling)) > 1
    pole = np.abs(np.abs(sampling.lat) - 90) < _POLE
    at = (shared & pole)[vertex] & (vertex >= 0)
    if at.any():
        phi = np.deg2rad(_longitudes(places)[at])
        sign = np.sign(sampling.lat[vertex[at]])
        cos, sin, zero = np.cos(phi), np.sin(phi), np.zeros_like(phi)
        frames[at] = np.stack(
            [
                np.stack([-sin, cos, zero], axis=1),
                np.stack([-sign * cos, -sign * sin, zero], axis=1),
            ],
            axis=1,
        )
    frames.setflags(write=False)
    return frames


def wind_signal(
    places: XarraySampling, data: Any, eastward: str, northward: str
) -> npt.NDArray[Any]:
    """Return winds of a file as tangent vectors at the vertices of its grid.

    A pole of a grid is one vertex and has one wind, though its components differ along
    the row of cells: they are turned to the frame of the vertex, and averaged there.

    Parameters
    ----------
    places
        What :func:`from_xarray` found.
    data
        ``xarray.Dataset`` of the winds, lazily loaded or not.
    eastward, northward
        Names of the components, which have the same dimensions.

    Returns
    -------
    ndarray
        Components to the south and to the east, shape ``(*other, V, 2, 1)``, as
        :class:`~deepsphere_pyg.harmonics.VectorSHT` and
        :class:`~deepsphere_pyg.layers.SpinChebConv` take them; NaN where missing.

    Raises
    ------
    TypeError, ValueError
        As :meth:`XarraySampling.signal`; or if components are along the axes of a
        rotated or projected grid, which :func:`earth_relative_winds` turns.

    Examples
    --------
    A wind along the meridian of 90 degrees east blows over the pole, where it is
    northward at longitude -90, and southward at 90:

    >>> import xarray as xr
    >>> from deepsphere_pyg.convert import from_xarray
    >>> grid = {"lat": [90.0, 0.0, -90.0], "lon": [0.0, 90.0, 180.0, 270.0]}
    >>> u, v = np.zeros((3, 4)), np.zeros((3, 4))
    >>> u[0], v[0] = [1, 0, -1, 0], [0, -1, 0, 1]
    >>> winds = xr.Dataset({"u": (("lat", "lon"), u), "v": (("lat", "lon"), v)}, grid)
    >>> wind_signal(from_xarray(winds), winds, "u", "v")[0, :, 0].round(9)
    array([0., 1.])
    """
    instance_argument("places", places, XarraySampling, "pass from_xarray(data)")
    check_components(data, eastward, northward)
    refuse_grid_frames(data, places, eastward, northward)
    layout = layout_of(data, places.dims, [eastward, northward], None)
    places._check_grid(data)
    cells = cells_of(data, layout, places.dims, None)
    # Each Cartesian component is a scalar, at the poles too.
    frames = cell_frames(places).reshape(-1, 2, 3)
    cartesian = np.einsum("...kn,nkc->...cn", cells, frames)
    at_vertices = merged(cartesian, places.vertex.ravel(), len(places.sampling))
    frames = tangent_frames(places.sampling)
    winds: npt.NDArray[Any] = np.einsum("...cv,vkc->...vk", at_vertices, frames)
    return winds[..., None]


def _longitudes(places: XarraySampling) -> FloatArray:
    """Return the longitude of each cell in degrees, as the file has it."""
    for name, one in places.coordinates.variables.items():
        ranked = coordinate_rank(str(name), attributes_of(one), "longitude") is not None
        if ranked and one.ndim and set(one.dims) <= set(places.dims):
            values = np.asarray(one.to_numpy(), dtype=np.float64)
            order = [d for d in places.dims if d in one.dims]
            values = np.transpose(values, [one.dims.index(d) for d in order])
            if "rad" in text(attributes_of(one), "units").lower():
                values = np.rad2deg(values)
            index = tuple(slice(None) if d in one.dims else None for d in places.dims)
            found: FloatArray = np.broadcast_to(values[index], places.shape)
            return found
    raise ValueError(
        "winds at a pole need the longitude of each of its cells, which the file does "
        "not have; leave out the row of the pole, or add longitudes"
    )

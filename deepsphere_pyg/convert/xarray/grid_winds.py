"""Winds along the axes of grids: refused as vectors, or turned to east and north."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.coordinates.attributes import (
    attributes_of,
    number,
    text,
)
from deepsphere_pyg.convert.xarray.coordinates.cf_coordinates import coordinate_rank
from deepsphere_pyg.convert.xarray.recognition import from_xarray
from deepsphere_pyg.convert.xarray.sampling import XarraySampling
from samplings import tangent_frames
from samplings.arguments import instance_argument
from samplings.base import whole_sampling
from samplings.rings import RingSampling

# Standard names of components along the axes of the grid, and along true directions.
_OF_GRID = re.compile(
    r"(.*_)?[xy]_(wind|velocity|stress|vector).*|grid_(east|north)ward_.*"
)
_TRUE = re.compile(r"(.*_)?(east|north)ward_.*")
# Standard names of either component, in any frame.
_COMPONENTS = {
    "eastward": re.compile(r"(.*_)?(eastward_|x_(wind|velocity|stress|vector)).*"),
    "northward": re.compile(r"(.*_)?(northward_|y_(wind|velocity|stress|vector)).*"),
}

Frame = Literal["true", "grid", "unknown"]


def stated_frame(attributes: Mapping[str, Any]) -> Frame:
    """Return the directions that attributes of a component of a wind state.

    Examples
    --------
    >>> stated_frame({"standard_name": "eastward_wind"})
    'true'
    >>> stated_frame({"standard_name": "grid_eastward_wind"})
    'grid'
    >>> stated_frame({"GRIB_uvRelativeToGrid": 1}), stated_frame({})
    ('grid', 'unknown')
    """
    relative = number(attributes, "GRIB_uvRelativeToGrid")
    if relative is not None:
        return "grid" if relative else "true"
    name = text(attributes, "standard_name")
    if _OF_GRID.fullmatch(name):
        return "grid"
    return "true" if _TRUE.fullmatch(name) else "unknown"


def refuse_grid_frames(
    data: Any, places: XarraySampling, eastward: str, northward: str
) -> None:
    """Refuse components of winds that are not eastward and northward.

    Axes of parallels and meridians are the true directions, whatever is stated. On
    other grids of two dimensions, it must be stated that components are true.

    Parameters
    ----------
    data
        The ``xarray.Dataset`` of the variables.
    places
        Where they are.
    eastward, northward
        The variables.

    Raises
    ------
    ValueError
        If a component is along the grid, or nothing is stated, or one is the other by
        its standard name.
    """
    for name in (eastward, northward):
        attributes = attributes_of(data[name])
        frame = stated_frame(attributes)
        if frame == "true" or _true_axes(places):
            continue
        standard = text(attributes, "standard_name")
        stated = f"standard_name {standard!r}" if standard else "no standard_name"
        if frame == "grid":
            if number(attributes, "GRIB_uvRelativeToGrid"):
                stated = "uvRelativeToGrid 1"
            raise ValueError(
                "winds that are read as vectors must be eastward and northward, but "
                f"{name} is along the axes of its grid ({stated}); rotate it by "
                "deepsphere_pyg.convert.earth_relative_winds first"
            )
        if len(places.dims) > 1:
            raise ValueError(
                "winds that are read as vectors must be eastward and northward, and "
                f"{name} does not say so on a grid whose axes are not parallels and "
                f"meridians ({stated}); set its standard_name to 'eastward_wind' or "
                "'northward_wind', or rotate it by "
                "deepsphere_pyg.convert.earth_relative_winds"
            )
    for name, kind in ((eastward, "eastward"), (northward, "northward")):
        standard = text(attributes_of(data[name]), "standard_name")
        (other,) = set(_COMPONENTS) - {kind}
        found = _COMPONENTS[other].fullmatch(standard)
        if found and not _COMPONENTS[kind].fullmatch(standard):
            raise ValueError(
                "winds that are read as vectors must be the eastward component and "
                f"then the northward one, but {name} is given as the {kind} one and "
                f"has the standard_name {standard!r}; exchange {eastward} and "
                f"{northward}, or correct the attribute"
            )


def check_components(data: Any, *names: str) -> None:
    """Refuse what is no data set, or has no such variables."""
    xarray = climate_module("xarray")
    remedy = "open files with xarray.open_dataset"
    instance_argument("data", data, xarray.Dataset, remedy)
    for name in names:
        instance_argument("a component", name, str, "pass the name of a variable")
        if name not in data.variables:
            known = ", ".join(map(str, data.data_vars))
            raise ValueError(f"there is no variable {name!r}; there are: {known}")


def earth_relative_winds(data: Any, u: str, v: str, *, along: str | None = None) -> Any:
    r"""Turn winds along the axes of a rotated or projected grid to east and north.

    With the angle :math:`\alpha` of the grid's x-axis, from east to north,

    .. math:: u' = u \cos\alpha - v \sin\alpha, \quad
        v' = u \sin\alpha + v \cos\alpha.

    It is found from the places of neighbouring cells, to second order in their
    distance, and exactly along parallels about a rotated pole, but for the cells at the
    ends. Axes must be at right angles, as on rotated poles and in conformal maps
    (Lambert, Mercator, stereographic), with y to the left of x.

    Parameters
    ----------
    data
        ``xarray.Dataset`` with the winds and two-dimensional latitudes and longitudes,
        or a rotated pole that :func:`from_xarray` recognises.
    u, v
        Names of the components along x and y.
    along
        Dimension of x; by default the one with the axis X, or the last of the grid.

    Returns
    -------
    xarray.Dataset
        The data with both variables turned, and named so by their ``standard_name``.

    Raises
    ------
    ValueError
        If there is no such variable or dimension, the grid has not two dimensions, the
        winds are eastward and northward already, or cells have no places.
    """
    check_components(data, u, v)
    if along is not None:
        instance_argument("along", along, str, "pass the name of a dimension")
    for name in (u, v):
        if stated_frame(attributes_of(data[name])) == "true":
            raise ValueError(
                f"{name} is eastward or northward already, by its attributes; read it "
                "as it is"
            )
    places = from_xarray(data, u)
    if len(places.dims) != 2 or (places.vertex < 0).any():
        raise ValueError(
            "winds are turned on grids of two dimensions all of whose cells have "
            f"places, got {places!r}; turn them where they were made"
        )
    dim = _x_axis(data, places) if along is None else along
    if dim not in places.dims:
        raise ValueError(
            f"along must be a dimension of the grid, {', '.join(places.dims)}, got "
            f"{dim!r}; name that of x"
        )
    xyz = places.sampling.xyz[places.vertex]
    ahead = np.gradient(xyz, axis=places.dims.index(dim), edge_order=2)
    if dim in data.coords and data[dim][-1] < data[dim][0]:
        ahead = -ahead
    south, east = np.moveaxis(tangent_frames(places.sampling)[places.vertex], -2, 0)
    angle = np.arctan2(-(ahead * south).sum(-1), (ahead * east).sum(-1))
    xarray = climate_module("xarray")
    cos = xarray.DataArray(np.cos(angle), dims=places.dims)
    sin = xarray.DataArray(np.sin(angle), dims=places.dims)
    turned = {
        u: (data[u] * cos - data[v] * sin, "eastward_wind"),
        v: (data[u] * sin + data[v] * cos, "northward_wind"),
    }
    result = data
    for name, (values, standard) in turned.items():
        values = values.transpose(*data[name].dims)
        values.attrs = {
            **{k: a for k, a in data[name].attrs.items() if "uvRelative" not in k},
            "standard_name": standard,
        }
        result = result.assign({name: values})
    return result


def _x_axis(data: Any, places: XarraySampling) -> str:
    for dim in places.dims:
        attributes = attributes_of(data[dim]) if dim in data.coords else {}
        named = text(attributes, "standard_name")
        if text(attributes, "axis").upper() == "X" or named in (
            "projection_x_coordinate",
            "grid_longitude",
        ):
            return dim
    return places.dims[-1]


def _true_axes(places: XarraySampling) -> bool:
    """Whether a grid of two dimensions consists of parallels and meridians."""
    if len(places.dims) == 2 and isinstance(
        whole_sampling(places.sampling)[0], RingSampling
    ):
        return True
    found = [_along(places, kind) for kind in ("latitude", "longitude")]
    return all(one is not None for one in found) and found[0] != found[1]


def _along(places: XarraySampling, kind: Literal["latitude", "longitude"]) -> Any:
    """Return the one dimension that true latitudes or longitudes vary along, if any."""
    for name, one in places.coordinates.variables.items():
        ranked = coordinate_rank(str(name), attributes_of(one), kind) is not None
        if ranked and one.ndim == 1 and one.dims[0] in places.dims:
            return one.dims[0]
    return None

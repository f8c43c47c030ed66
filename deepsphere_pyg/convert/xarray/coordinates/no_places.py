"""The error message for values without latitudes and longitudes."""

from __future__ import annotations

from typing import Any

from deepsphere_pyg.convert.xarray.coordinates.attributes import attributes_of, text
from deepsphere_pyg.convert.xarray.coordinates.axes import map_axes
from deepsphere_pyg.convert.xarray.coordinates.cf_coordinates import coordinate_rank
from deepsphere_pyg.convert.xarray.coordinates.mappings import axes_of, mapping_names
from deepsphere_pyg.convert.xarray.coordinates.scan import ANGLES, Scan


def why_no_places(scan: Scan, array: Any) -> str:
    """Explain why values have no latitudes and longitudes, and what helps.

    Parameters
    ----------
    scan
        The data set.
    array
        ``xarray.DataArray`` of the values.
    """
    what = "the array" if array.name is None else array.name
    dims = tuple(map(str, array.dims))
    sizes = ", ".join(f"{d} ({n})" for d, n in array.sizes.items()) or "none"
    start = f"{what} has no latitudes and longitudes along its dimensions, {sizes}"
    mapping = text(attributes_of(array), "grid_mapping")
    projected = map_axes(scan, dims, mapping)
    if projected:
        return f"{start}; {_of_a_map(scan, mapping, projected)}"
    mesh = text(attributes_of(array), "mesh")
    if mesh and mesh not in scan.variables:
        return f"{start}; its mesh {mesh} is not in the data set: add it"
    single = [name for name in scan.variables if _is_single(scan, name)]
    if single:
        return (
            f"{start}; {', '.join(single)} is that of a single place, which is no "
            "sampling: join places along a dimension"
        )
    return (
        f"{start}; give coordinates standard_name='latitude' and 'longitude', or name "
        "them with latitude= and longitude=; for a HEALPix grid, pass the whole data "
        "set, with its grid mapping"
    )


def _of_a_map(scan: Scan, mapping: str, projected: list[str]) -> str:
    names = mapping_names(mapping) or list(scan.mappings)
    absent = [name for name in names if name not in scan.variables]
    if absent:
        return (
            f"their grid mapping {absent[0]} is not in the data set, so that "
            f"{', '.join(projected)} may be of a map projection or a rotated pole: add "
            "it, or the two-dimensional latitudes and longitudes"
        )
    stated = ""
    for name in names:
        attributes = scan.attributes[name]
        if axes_of(attributes) != "true":
            kind = text(attributes, "grid_mapping_name") or "a coordinate system"
            stated = f" (grid mapping {name}: {kind})"
    rotated = any(axes_of(scan.attributes[name]) == "rotated" for name in names)
    remedy = (
        ", or give these the standard names 'grid_latitude' and 'grid_longitude'"
        if rotated
        else ", for instance with pyproj"
    )
    return (
        f"{', '.join(projected)} are of a map projection or a rotated pole{stated}: "
        f"add the two-dimensional latitudes and longitudes{remedy}"
    )


def _is_single(scan: Scan, name: str) -> bool:
    variable = scan.variables[name]
    if variable.ndim or variable.dtype.kind not in "iuf":
        return False
    ranks = (coordinate_rank(name, scan.attributes[name], kind) for kind in ANGLES)
    return any(rank is not None for rank in ranks)

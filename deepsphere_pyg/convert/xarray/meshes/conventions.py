"""The conventions of meshes, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deepsphere_pyg.convert.xarray.coordinates.cell_places import Places
from deepsphere_pyg.convert.xarray.coordinates.scan import Scan
from deepsphere_pyg.convert.xarray.meshes.esmf import esmf_places
from deepsphere_pyg.convert.xarray.meshes.named import named_places
from deepsphere_pyg.convert.xarray.meshes.ugrid import ugrid_places

Recogniser = Callable[[Scan, Sequence[str], Mapping[str, Any]], Places | None]
# UGRID describes itself by attributes; the others are recognised by variable names.
RECOGNISERS: tuple[Recogniser, ...] = (ugrid_places, esmf_places, named_places)


def find_mesh(
    scan: Scan, dims: Sequence[str], attributes: Mapping[str, Any]
) -> Places | None:
    """Return places on a mesh along one of the dimensions, or None.

    Parameters
    ----------
    scan
        The data set with the mesh.
    dims
        Dimensions of the values.
    attributes
        Attributes of the values.

    Raises
    ------
    ValueError
        If a mesh is incomplete, or not on the sphere.
    """
    for recognise in RECOGNISERS:
        places = recognise(scan, dims, attributes)
        if places is not None:
            return places
    return None

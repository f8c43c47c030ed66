"""Areas and corners of cells that a file states."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.cf_coordinates import angle_unit
from deepsphere_pyg.convert.grids.cells import unit_vectors
from deepsphere_pyg.convert.grids.coordinates import Places
from deepsphere_pyg.convert.latlon_grid import in_degrees
from samplings.base import FloatArray

# Radius of the Earth in metres that atmospheric models use (ICON, IFS, WRF: 6370 km).
EARTH = 6_371_229.0
_SQUARE_METRES = {
    **dict.fromkeys(("m2", "m^2", "m**2", "meter2", "square_meters", "meters2"), 1.0),
    **dict.fromkeys(("km2", "km^2", "km**2"), 1e6),
}


def file_areas(
    dataset: Any,
    array: Any,
    dims: tuple[str, ...],
    known: npt.NDArray[np.bool_],
    areas: Any,
) -> FloatArray | None:
    """Areas in steradian that the user or the file's ``cell_measures`` give, or None.

    Parameters
    ----------
    dataset, array
        The data set and the variable whose cells they are.
    dims
        Dimensions of the cells.
    known
        True where a cell has coordinates.
    areas
        As in :func:`from_xarray`.

    Raises
    ------
    ValueError
        If given areas are not those of a variable, of another shape or unit, or not
        positive.
    """
    given = areas is not None
    if areas is None:
        measures = str({**array.encoding, **array.attrs}.get("cell_measures", ""))
        words = measures.split()
        pairs = dict(zip(words[::2], words[1::2], strict=False))
        areas = pairs.get("area:")
        if areas not in dataset.variables:
            return None
    if isinstance(areas, str):
        if areas not in dataset.variables:
            raise ValueError(
                f"there is no variable {areas!r} of areas; there are: "
                f"{', '.join(map(str, dataset.variables))}"
            )
        areas = dataset[areas]
    scale = 1.0
    if hasattr(areas, "dims"):
        if set(areas.dims) != set(dims):
            raise ValueError(
                f"areas lie along ({', '.join(map(str, areas.dims))}), but the cells "
                f"along ({', '.join(dims)})"
            )
        scale = _steradian(dataset, areas)
        areas = areas.transpose(*dims).to_numpy()
    values = np.asarray(areas, dtype=np.float64) * scale
    if values.shape != known.shape:
        raise ValueError(
            f"areas must have the shape of the grid, {known.shape}, got {values.shape}"
        )
    positive = np.isfinite(values) & (values > 0)
    if positive[known].all():
        return values
    if not given:
        return None
    bad = tuple(int(i[0]) for i in np.nonzero(known & ~positive))
    raise ValueError(
        f"areas must be positive where a cell has coordinates, got {values[bad]} at "
        f"position {', '.join(map(str, bad))}; drop such cells"
    )


def _steradian(dataset: Any, areas: Any) -> float:
    """Factor from the unit of areas to steradian."""
    unit = str(areas.attrs.get("units", "sr")).replace(" ", "").lower()
    if unit in ("sr", "steradian", "1", ""):
        return 1.0
    if unit not in _SQUARE_METRES:
        raise ValueError(
            f"areas must be in sr, m2 or km2, got the units {areas.attrs['units']!r}; "
            "convert them to steradian"
        )
    radii = [
        variable.attrs["earth_radius"]
        for variable in dataset.variables.values()
        if "earth_radius" in variable.attrs
    ]
    radius = float(dataset.attrs.get("sphere_radius", (radii or [EARTH])[0]))
    return _SQUARE_METRES[unit] / radius**2


def file_corners(
    dataset: Any, places: Places, unit: Literal["degree", "radian"] | None
) -> FloatArray | None:
    """Corners of cells that the ``bounds`` of the coordinates give, or None.

    Returns
    -------
    numpy.ndarray
        Unit vectors, shape ``(*grid, n, 3)``.
    """
    corners = []
    for coordinate in (places.lat, places.lon):
        name = {**coordinate.encoding, **coordinate.attrs}.get("bounds")
        if name not in dataset.variables:
            return None
        bounds = dataset[name]
        last = [str(d) for d in bounds.dims if d not in places.dims]
        if len(last) != 1 or bounds.sizes[last[0]] < 3:
            return None
        corners.append(bounds.transpose(*places.dims, *last).to_numpy())
    lat, lon = (np.asarray(one, dtype=np.float64) for one in corners)
    if lat.shape != lon.shape:
        return None
    if unit is None:
        unit = angle_unit(places.lat, places.lon)
    valid = np.isfinite(lat) & np.isfinite(lon)
    if not valid.any():
        return None
    degrees = np.zeros((2, *lat.shape))
    degrees[:, valid] = in_degrees(lat[valid], lon[valid], unit)
    points = unit_vectors(*degrees)
    # Polygons of fewer corners than others are filled up: the first corner again.
    return np.where(valid[..., None], points, points[..., :1, :])

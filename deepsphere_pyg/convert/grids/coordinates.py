"""Which coordinates say where the values of a data set are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from deepsphere_pyg.convert.cf_coordinates import coordinate_rank, is_projected

Angle = Literal["latitude", "longitude"]
ANGLES: tuple[Angle, Angle] = ("latitude", "longitude")


@dataclass(frozen=True, eq=False)
class Places:
    """Latitudes and longitudes of some cells, as a file holds them.

    Parameters
    ----------
    lat, lon
        ``xarray.DataArray`` of one or two dimensions.
    """

    lat: Any
    lon: Any

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of the cells, rows before columns."""
        return tuple(dict.fromkeys(map(str, (*self.lat.dims, *self.lon.dims))))

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells one set of places from another."""
        return self.dims, self.lat.name, self.lon.name

    def __str__(self) -> str:
        return f"{self.lat.name}, {self.lon.name} ({', '.join(self.dims)})"


def find_places(
    dataset: Any,
    dims: Sequence[str],
    preferred: Sequence[str],
    latitude: str | None,
    longitude: str | None,
) -> Places | None:
    """Coordinates of latitude and longitude along some of the dimensions, or None.

    Parameters
    ----------
    dataset
        ``xarray.Dataset`` that holds the coordinates, as such or as variables.
    dims
        Dimensions of the values.
    preferred
        Names that the values refer to, where several coordinates fit.
    latitude, longitude
        Names, where the user gives them.

    Raises
    ------
    ValueError
        If several coordinates fit equally well, or a given name does not exist or does
        not lie along the dimensions.
    """
    found: dict[Angle, list[str]] = {}
    for kind, name in zip(ANGLES, (latitude, longitude), strict=True):
        if name is None:
            found[kind] = _candidates(dataset, dims, preferred, kind)
        else:
            found[kind] = [_given(dataset, dims, kind, name)]
    if not all(found.values()):
        return None
    pairs = [
        (lat, lon)
        for lat in found["latitude"]
        for lon in found["longitude"]
        if _fit(dataset[lat], dataset[lon])
    ]
    if len(pairs) > 1:
        listed = "; ".join(f"{lat} with {lon}" for lat, lon in pairs)
        raise ValueError(
            f"more than one pair of coordinates fits ({listed}); "
            "choose with latitude= and longitude="
        )
    if not pairs:
        lat, lon = (dataset[found[kind][0]] for kind in ANGLES)
        raise ValueError(
            f"{lat.name} lies along ({', '.join(map(str, lat.dims))}) but {lon.name} "
            f"along ({', '.join(map(str, lon.dims))}), which is no grid; choose other "
            "coordinates with latitude= and longitude="
        )
    lat, lon = pairs[0]
    return Places(dataset[lat], dataset[lon])


def why_no_places(dataset: Any, array: Any) -> str:
    """Message for values without latitudes and longitudes."""
    what = "the array" if array.name is None else array.name
    sizes = ", ".join(f"{d} ({n})" for d, n in array.sizes.items())
    start = f"{what} has no latitudes and longitudes along its dimensions, {sizes}"
    scalar = [
        str(name)
        for kind in ANGLES
        for name, variable in dataset.variables.items()
        if variable.ndim == 0 and coordinate_rank(dataset, str(name), kind) is not None
    ]
    if scalar:
        return (
            f"{start}; {', '.join(scalar)} is that of a single place, which is no "
            "sampling: join places along a dimension"
        )
    projected = [d for d in map(str, array.dims) if is_projected(dataset, d)]
    if projected:
        return (
            f"{start}; {', '.join(projected)} are of a map projection or a rotated "
            "pole: add the two-dimensional latitudes and longitudes, for instance "
            "with pyproj"
        )
    return (
        f"{start}; give coordinates standard_name='latitude' and 'longitude', or name "
        "them with latitude= and longitude=; of a HEALPix grid pass the whole data "
        "set, with its grid mapping"
    )


def is_place(dataset: Any, name: str) -> bool:
    """Whether a variable is a latitude or longitude, or the bounds of one."""
    return name in _bounds(dataset) or any(
        coordinate_rank(dataset, name, kind) is not None for kind in ANGLES
    )


def _bounds(dataset: Any) -> set[str]:
    return {
        str({**variable.encoding, **variable.attrs}.get("bounds"))
        for variable in dataset.variables.values()
    }


def _candidates(
    dataset: Any, dims: Sequence[str], preferred: Sequence[str], kind: Angle
) -> list[str]:
    """Variables that fit best, of one or two of the dimensions."""
    bounds = _bounds(dataset)
    ranks: dict[str, int] = {}
    for key, variable in dataset.variables.items():
        name = str(key)
        fits = 1 <= variable.ndim <= 2 and set(variable.dims) <= set(dims)
        rank = coordinate_rank(dataset, name, kind) if fits else None
        numeric = np.issubdtype(variable.dtype, np.number)
        if rank is not None and numeric and name not in bounds:
            ranks[name] = rank
    referred = {name: rank for name, rank in ranks.items() if name in preferred}
    ranks = referred or ranks
    best = min(ranks.values(), default=None)
    return [name for name, rank in ranks.items() if rank == best]


def _given(dataset: Any, dims: Sequence[str], kind: Angle, name: str) -> str:
    if name not in dataset.variables:
        known = ", ".join(map(str, dataset.variables))
        raise ValueError(f"there is no {kind} {name!r}; there are: {known}")
    own = [str(d) for d in dataset[name].dims]
    if not own or len(own) > 2 or not set(own) <= set(dims):
        raise ValueError(
            f"{kind} {name!r} lies along ({', '.join(own)}), but must lie along one or "
            f"two of ({', '.join(dims)})"
        )
    return name


def _fit(lat: Any, lon: Any) -> bool:
    """Whether two coordinates lie along one or two dimensions in all."""
    return len({*lat.dims, *lon.dims}) <= 2

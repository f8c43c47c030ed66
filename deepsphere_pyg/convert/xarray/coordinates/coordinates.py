"""Choice of the latitudes and longitudes of some values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.angles import unpacked
from deepsphere_pyg.convert.xarray.coordinates.attributes import text
from deepsphere_pyg.convert.xarray.coordinates.axes import axes_are_true
from deepsphere_pyg.convert.xarray.coordinates.cell_places import Places
from deepsphere_pyg.convert.xarray.coordinates.scan import ANGLES, WEAKEST, Angle, Scan

# Dimensions of tiles of GFDL's models: they count cells, with degrees as units.
_COUNTED = ("grid_xt", "grid_yt", "grid_x", "grid_y")


@dataclass(frozen=True)
class _Pair:
    """A latitude and a longitude that may belong together."""

    lat: str
    lon: str
    lat_dims: tuple[str, ...]
    lon_dims: tuple[str, ...]

    @property
    def are_axes(self) -> bool:
        """Whether each has one dimension, and the two differ."""
        return (
            len(self.lat_dims) == len(self.lon_dims) == 1
            and self.lat_dims != self.lon_dims
        )

    @property
    def form(self) -> int | None:
        """How directly they give the place of each cell: 0 is the best, None not."""
        joint = {*self.lat_dims, *self.lon_dims}
        if set(self.lat_dims) == set(self.lon_dims):
            return 0 if len(joint) > 1 else 2
        if len(joint) > 2:
            return None
        return 3 if self.are_axes else 1

    @property
    def dims(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.lat_dims, *self.lon_dims)))


def find_places(
    scan: Scan,
    dims: Sequence[str],
    attributes: dict[str, Any],
    latitude: str | None,
    longitude: str | None,
) -> Places | None:
    """Return latitudes and longitudes along some of the dimensions, or None.

    Coordinates that the variable refers to come first. Two-dimensional ones come before
    axes, which may count cells or nominal degrees, and standard names before units,
    ``axis`` and names.

    Parameters
    ----------
    scan
        The data set with the coordinates, which may be variables of it.
    dims
        Dimensions of the values.
    attributes
        Attributes of the values, of which ``coordinates`` and ``grid_mapping`` count.
    latitude, longitude
        Names given by the user, or None.

    Raises
    ------
    ValueError
        If several coordinates fit equally well, or a given name does not exist or does
        not lie along the dimensions; if coordinates move with time or count cells.
    """
    along = frozenset(dims)
    preferred = frozenset(text(attributes, "coordinates").split())
    mapping = text(attributes, "grid_mapping")
    found: dict[Angle, dict[str, tuple[int, tuple[str, ...]]]] = {}
    for kind, name in zip(ANGLES, (latitude, longitude), strict=True):
        if name is None:
            found[kind] = _candidates(scan, along, kind)
        else:
            found[kind] = {name: (0, _given(scan, dims, kind, name))}
    if not all(found.values()):
        return None
    keys: dict[_Pair, tuple[int, ...]] = {}
    wrong: list[_Pair] = []
    for lat, (lat_rank, lat_dims) in found["latitude"].items():
        for lon, (lon_rank, lon_dims) in found["longitude"].items():
            pair = _Pair(lat, lon, lat_dims, lon_dims)
            if lat == lon:
                continue
            if pair.form is None:
                wrong.append(pair)
                continue
            rank = max(lat_rank, lon_rank)
            chosen = latitude is not None and longitude is not None
            if pair.are_axes and not chosen:
                if not axes_are_true(scan, mapping, (lat, lon), rank):
                    continue
            referred = len(preferred.intersection((lat, lon)))
            weak = rank == WEAKEST
            keys[pair] = (-referred, weak, pair.form, lat_rank + lon_rank)
    if not keys:
        if wrong:
            _refuse_pair(wrong[0])
        return None
    best = min(keys.values())
    pairs = [pair for pair, key in keys.items() if key == best]
    if len(pairs) > 1:
        listed = "; ".join(f"{pair.lat} with {pair.lon}" for pair in pairs)
        raise ValueError(
            f"more than one pair of coordinates fits ({listed}); "
            "choose with latitude= and longitude="
        )
    return _places(scan, pairs[0], weak=bool(best[1]), given=latitude is not None)


def _refuse_pair(pair: _Pair) -> None:
    raise ValueError(
        f"{pair.lat} lies along ({', '.join(pair.lat_dims)}) but {pair.lon} "
        f"along ({', '.join(pair.lon_dims)}), which is no grid; choose other "
        "coordinates with latitude= and longitude="
    )


def _candidates(
    scan: Scan, along: frozenset[str], kind: Angle
) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return the rank and the dimensions of each variable that fits."""
    found = {}
    for name, rank in scan.ranks[kind].items():
        own = scan.place_dims(name, along)
        if own is not None and (rank < WEAKEST or len(own) == 1):
            found[name] = rank, own
    return found


def _given(scan: Scan, dims: Sequence[str], kind: Angle, name: str) -> tuple[str, ...]:
    if name not in scan.variables:
        known = ", ".join(scan.variables)
        raise ValueError(f"there is no {kind} {name!r}; there are: {known}")
    if scan.variables[name].dtype.kind not in "iuf":
        raise ValueError(
            f"{kind} {name!r} holds {scan.variables[name].dtype}, but must hold numbers"
        )
    own = scan.place_dims(name, frozenset(dims))
    if own is None:
        lies = ", ".join(map(str, scan.variables[name].dims))
        raise ValueError(
            f"{kind} {name!r} lies along ({lies}), but must lie along one to three of "
            f"({', '.join(dims)})"
        )
    return own


def _places(scan: Scan, pair: _Pair, weak: bool, given: bool) -> Places:
    if pair.are_axes and not given:
        _refuse_counts(scan.dataset[pair.lat], scan.dataset[pair.lon], weak)
    return lasting_places(scan, pair.lat, pair.lon, pair.dims)


def lasting_places(
    scan: Scan, latitude: str, longitude: str, along: Sequence[str]
) -> Places:
    """Return the places of two coordinates without dimensions along which they repeat.

    Parameters
    ----------
    scan
        The data set.
    latitude, longitude
        Names of the coordinates.
    along
        Dimensions of the values that the places may lie along.

    Raises
    ------
    ValueError
        If places move with time.
    """
    lat, lon = scan.dataset[latitude], scan.dataset[longitude]
    dims = tuple(dict.fromkeys(map(str, (*lat.dims, *lon.dims))))
    times = [d for d in dims if scan.is_time(d)] if len(dims) > 1 else []
    for dim in times:
        if _is_constant(lat, dim) and _is_constant(lon, dim):
            lat, lon = _first(lat, dim), _first(lon, dim)
        elif dim not in along or len(dims) > 2:
            raise ValueError(
                f"{latitude} and {longitude} change along {dim}, but a sampling has "
                f"fixed places; select one time, as by data.isel({dim}=0)"
            )
    for dim in dims:
        if dim in times or len({*lat.dims, *lon.dims}) < 3:
            continue
        if _is_constant(lat, dim) and _is_constant(lon, dim):
            lat, lon = _first(lat, dim), _first(lon, dim)
    return Places(lat, lon)


def _first(coordinate: Any, dim: str) -> Any:
    if dim not in coordinate.dims:
        return coordinate
    return coordinate.isel({dim: 0}, drop=True)


def _is_constant(coordinate: Any, dim: str) -> bool:
    """Whether a coordinate does not change along a dimension."""
    if dim not in coordinate.dims or coordinate.sizes[dim] == 1:
        return True
    values = np.moveaxis(unpacked(coordinate), coordinate.get_axis_num(dim), 0)
    return bool(np.array_equal(values[1:], values[:-1], equal_nan=True))


def _refuse_counts(lat: Any, lon: Any, weak: bool) -> None:
    """Refuse axes that count cells and are not in degrees."""
    named = {str(lat.name).lower(), str(lon.name).lower()} <= set(_COUNTED)
    if not (weak or named):
        return
    for start in (0, 1):
        if all(
            one.size > 1
            and np.array_equal(unpacked(one), np.arange(start, start + one.size))
            for one in (lat, lon)
        ):
            raise ValueError(
                f"{lat.name} and {lon.name} count cells from {start} to "
                f"{lat.size - 1 + start} and {lon.size - 1 + start}, which are no "
                "degrees; add the latitudes and longitudes of the cells, or name the "
                "coordinates with latitude= and longitude= if they are degrees"
            )

"""Regions of the sphere over which forecasts are scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings import Sampling
from samplings.arguments import (
    array_argument,
    instance_argument,
    sampling_argument,
    shown,
)

# Round-off of longitudes and latitudes in degrees, on a bound of a region.
_ROUND_OFF = 1e-9
_PAIR = "pass two numbers in degrees, such as (-20, 20)"


@dataclass(frozen=True)
class Region:
    """Part of the sphere between latitudes and longitudes, bounds included.

    Parameters
    ----------
    lat
        South and north in degrees, or several such pairs, of which any counts.
    lon
        West and east in degrees, on any branch: the region goes eastwards from west to
        east, also across 0 and 180; ``(-12.5, 42.5)`` is ``(347.5, 42.5)``. All
        longitudes by default.

    Raises
    ------
    TypeError
        If bounds are not pairs of numbers.
    ValueError
        If a latitude is not between -90 and 90, the south is north of the north, or a
        number is not finite.

    Examples
    --------
    >>> from samplings import Equiangular
    >>> grid = Equiangular(18, 36)
    >>> dateline = Region((-30, 30), (170, -170)).mask(grid)
    >>> sorted(set(grid.lon[dateline].round().tolist()))
    [175.0, 185.0]
    """

    lat: tuple[Any, ...] = (-90.0, 90.0)
    lon: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        bands = array_argument("lat", self.lat)
        bands = bands[None] if bands.ndim == 1 else bands
        if bands.ndim != 2 or bands.shape[1] != 2 or not len(bands):
            raise ValueError(
                f"lat must be south and north, or pairs of them, got "
                f"{shown(self.lat)}; {_PAIR}"
            )
        if not (np.abs(bands) <= 90).all() or (bands[:, 0] > bands[:, 1]).any():
            raise ValueError(
                "lat must hold a south and a north of -90 to 90 degrees, the south "
                f"first, got {shown(self.lat)}; {_PAIR}"
            )
        object.__setattr__(self, "lat", tuple(map(tuple, bands.tolist())))
        if self.lon is None:
            return
        sides = array_argument("lon", self.lon)
        if sides.shape != (2,) or not np.isfinite(sides).all():
            raise ValueError(
                f"lon must be west and east, finite, got {shown(self.lon)}; {_PAIR}"
            )
        object.__setattr__(self, "lon", (float(sides[0]), float(sides[1])))

    def mask(self, sampling: Sampling) -> npt.NDArray[np.bool_]:
        """Return which vertices are in the region, shape ``(V,)``."""
        points = sampling_argument("sampling", sampling)
        inside = np.zeros(len(points), dtype=bool)
        for south, north in self.lat:
            inside |= (points.lat >= south - _ROUND_OFF) & (
                points.lat <= north + _ROUND_OFF
            )
        if self.lon is not None:
            west, east = self.lon
            width = east - west if abs(east - west) >= 360 else (east - west) % 360
            # Shifted, since a vertex on the western bound may be at 359.99... of it.
            ahead = (points.lon - west + _ROUND_OFF) % 360
            inside &= ahead <= width + 2 * _ROUND_OFF
        return inside


REGIONS: Mapping[str, Region] = {
    "global": Region(),
    "tropics": Region((-20, 20)),
    "extra-tropics": Region(((-90, -20), (20, 90))),
    "northern-hemisphere": Region((20, 90)),
    "southern-hemisphere": Region((-90, -20)),
    "europe": Region((35, 75), (-12.5, 42.5)),
    "north-america": Region((25, 60), (-120, -75)),
    "north-atlantic": Region((25, 65), (-70, -10)),
    "north-pacific": Region((25, 60), (145, -130)),
    "east-asia": Region((25, 60), (102.5, 150)),
    "ausnz": Region((-45, -12.5), (120, 175)),
    "arctic": Region((60, 90)),
    "antarctic": Region((-90, -60)),
}
"""Regions of WeatherBench 2 by their names there; the hemispheres are extra-tropical.

Source: Rasp et al. 2024, arXiv:2308.15560, and its evaluation.
"""


def region_masks(
    sampling: Sampling, regions: Sequence[str] | Mapping[str, Any]
) -> dict[str, npt.NDArray[np.bool_]]:
    """Return the vertices of each region by name, shape ``(V,)``.

    Parameters
    ----------
    sampling
        Vertices of the fields.
    regions
        Names of :data:`REGIONS`, or a mapping from names to regions or masks.

    Raises
    ------
    TypeError
        If a region is neither a name, a region nor a mask.
    ValueError
        If a name is not known, a mask has another shape, or a region has no vertex.
    """
    if isinstance(regions, str) or not isinstance(regions, Mapping | Sequence):
        raise TypeError(
            f"regions must be a list of names, or map names to regions, got "
            f"{shown(regions)}; pass ['global', 'tropics']"
        )
    found: dict[str, npt.NDArray[np.bool_]] = {}
    for name in regions:
        instance_argument("the name of a region", name, str, "pass a text")
        if isinstance(regions, Mapping):
            given = regions[name]
        elif name in REGIONS:
            given = REGIONS[name]
        else:
            raise ValueError(
                f"regions must be names of {', '.join(REGIONS)}, got {name!r}; map "
                "others to a Region or a mask"
            )
        mask = given.mask(sampling) if isinstance(given, Region) else np.asarray(given)
        if mask.dtype != np.bool_:
            raise TypeError(
                f"the region {name!r} must be a Region or a boolean mask, got "
                f"{shown(given)}; pass Region((south, north), (west, east))"
            )
        if mask.shape != (len(sampling),):
            raise ValueError(
                f"the mask of the region {name!r} must have shape "
                f"({len(sampling)},), one per vertex, got {mask.shape}; pass that of "
                "the sampling of the fields"
            )
        if not mask.any():
            raise ValueError(
                f"the region {name!r} has no vertex of {sampling.name}; leave it out, "
                "or take a finer sampling"
            )
        found[name] = mask
    if not found:
        raise ValueError("regions must name at least one, got none; pass ['global']")
    return found

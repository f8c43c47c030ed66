"""Colours of quantities, ends of their scales, and titles of maps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings import Sampling
from samplings.arguments import array_argument, choice_argument
from samplings.arrays import FloatArray

Limits = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """Colours of a quantity.

    Parameters
    ----------
    cmap
        Colour map of Matplotlib.
    centred
        Whether the middle of the colours is zero.
    """

    cmap: str
    centred: bool = False


_DIVERGING = Scale("RdBu_r", centred=True)
#: One scale for each quantity, so that it has the same colours in all pictures.
QUANTITIES = {
    "anything": Scale("viridis"),
    "temperature": Scale("inferno"),
    "moisture": Scale("YlGnBu"),
    "pressure": Scale("viridis"),
    "height": Scale("viridis"),
    "speed": Scale("magma"),
    "wind": Scale("PuOr_r", centred=True),
    "vorticity": Scale("PiYG", centred=True),
    "difference": _DIVERGING,
    "anomaly": _DIVERGING,
    "probability": Scale("BuPu_r"),
}
_OF_UNITS = {
    "K": "temperature",
    "degC": "temperature",
    "°C": "temperature",
    "kg m-2": "moisture",
    "kg kg-1": "moisture",
    "g kg-1": "moisture",
    "mm": "moisture",
    "Pa": "pressure",
    "hPa": "pressure",
    "m": "height",
    "gpm": "height",
    "m2 s-2": "height",
    "m s-1": "wind",
    "s-1": "vorticity",
}
# Share of the scale that values may lie beyond its ends by rounding.
_ROUNDING = 1e-6


def scale_of(quantity: str) -> Scale:
    """Return the colours of a quantity of :data:`QUANTITIES`."""
    return QUANTITIES[choice_argument("quantity", quantity, tuple(QUANTITIES))]


def quantity_of(unit: str) -> str:
    """Return the quantity that is measured in a unit.

    Examples
    --------
    >>> quantity_of("m s**-1"), quantity_of("K"), quantity_of("parsec")
    ('wind', 'temperature', 'anything')
    """
    plain = re.sub(r"[{}$^*]", "", unit.replace("/s", " s-1")).strip()
    return _OF_UNITS.get(re.sub(r"\s+", " ", plain), "anything")


def named(name: str, unit: str) -> str:
    """Return a name with its unit, if it has one."""
    return f"{name} ({unit})" if unit else name


def map_title(
    name: str,
    *,
    unit: str = "",
    time: Any = None,
    sampling: Sampling | None = None,
) -> str:
    """Return the title of a map: what it shows, when, and on which sampling.

    Parameters
    ----------
    name, unit
        The quantity.
    time
        A text, or a time of NumPy or of the standard library, taken as UTC.
    sampling
        The sampling.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> time = np.datetime64("2001-03-01T12")
    >>> map_title("temperature", unit="K", time=time, sampling=HEALPix(16))
    'temperature (K), 2001-03-01 12:00 UTC, healpix-16'
    """
    parts = [named(name, unit)]
    if isinstance(time, str):
        parts.append(time)
    elif time is not None:
        minutes = str(np.datetime64(time, "m")).replace("T", " ")
        parts.append(f"{minutes} UTC")
    if sampling is not None:
        parts.append(sampling.name)
    return ", ".join(parts)


def colour_limits(
    values: npt.NDArray[Any], limits: npt.ArrayLike | None, centred: bool
) -> Limits:
    """Return the ends of a scale of colours.

    Parameters
    ----------
    values
        What is drawn.
    limits
        The ends, or None for the 1st and 99th percentile of the values, so that
        outliers do not matter.
    centred
        Whether percentiles are those of the absolute values, on both sides of zero.

    Raises
    ------
    TypeError, ValueError
        If ``limits`` are not two finite numbers in order, or are left out where no
        value is finite.
    """
    if limits is not None:
        ends = array_argument("limits", limits)
        if ends.shape != (2,) or not np.isfinite(ends).all() or ends[0] > ends[1]:
            raise ValueError(
                "limits must be the least and the greatest value, both finite, got "
                f"{limits!r}; pass both, such as (0, 1)"
            )
        return float(ends[0]), float(ends[1])
    known: FloatArray = values[np.isfinite(values)]
    if not len(known):
        raise ValueError(
            "values must be finite somewhere, got NaN at all vertices; pass another "
            "map, or limits to draw an empty one"
        )
    if centred:
        reach = float(np.percentile(np.abs(known), 99)) or 1.0
        return -reach, reach
    low, high = np.percentile(known, [1, 99])
    return float(low), float(high)


def shared_limits(values: npt.NDArray[Any], quantity: str) -> Limits:
    """Return the ends of a scale for several maps, 0 and 1 if nothing is known."""
    if not np.isfinite(values).any():
        return 0.0, 1.0
    return colour_limits(values, None, scale_of(quantity).centred)


def extend_of(values: npt.NDArray[Any], limits: Limits) -> str:
    """Return at which ends of a colour bar there are values beyond.

    Examples
    --------
    >>> extend_of(np.array([0.0, 0.5, 2.0]), (0.0, 1.0))
    'max'
    """
    known = values[np.isfinite(values)]
    rounding = _ROUNDING * (limits[1] - limits[0])
    below = bool((known < limits[0] - rounding).any())
    above = bool((known > limits[1] + rounding).any())
    if below and above:
        return "both"
    return "min" if below else "max" if above else "neither"

"""Longitudes and latitudes in degree, checked, as unit vectors."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray
from samplings.quantities import degrees

# Coordinates within the ranges of radians that span more of them than this (latitude,
# longitude) look like the globe in radians, or a small place at 0, 0.
RADIANS_SPAN = (1.2, 3.0)


class RadiansWarning(UserWarning):
    """Coordinates in degree that look like radians."""


def lonlat_to_xyz(
    lon: npt.ArrayLike, lat: npt.ArrayLike, stacklevel: int = 2
) -> FloatArray:
    """Turn longitudes and latitudes ``(V,)`` in degree into unit vectors ``(V, 3)``.

    Longitudes lie from -360 to 360, latitudes from -90 to 90; quantities are converted
    by :func:`samplings.quantities.degrees`. A :class:`RadiansWarning` is given if all
    are within the ranges of radians and span much of them, with the ``stacklevel`` of
    :func:`warnings.warn`: 2 for the caller.

    Raises
    ------
    TypeError, ValueError
        If they are not real numbers, shapes differ, a coordinate is missing or out of
        range, or the unit is not one of angle.

    Examples
    --------
    >>> lonlat_to_xyz([0, 90], [0, 0]).round(9)
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """
    lon, lat = degrees("lon", lon), degrees("lat", lat)
    if lon.ndim != 1 or lon.shape != lat.shape:
        raise ValueError(
            "lon and lat must have the same shape (V,), got "
            f"{lon.shape} and {lat.shape}; flatten grids with ravel()"
        )
    _refuse_outside("lon", lon, 360)
    _refuse_outside("lat", lat, 90)
    if len(lon):
        warn_of_radians(lon, lat, stacklevel + 1)
    return vectors_of_degrees(lon, lat)


def vectors_of_degrees(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Return unit vectors ``(..., 3)``; all longitudes of a pole are the same point."""
    east, north = np.deg2rad(lon), np.deg2rad(lat)
    # np.cos of a right angle is 6e-17.
    across = np.where(np.abs(lat) == 90, 0.0, np.cos(north))
    return np.stack(
        [across * np.cos(east), across * np.sin(east), np.sin(north)], axis=-1
    )


def _refuse_outside(name: str, angles: FloatArray, limit: int) -> None:
    """Refuse missing values, and codes for missing values such as -999."""
    wrong = ~(np.abs(angles) <= limit)
    if wrong.any():
        bad = int(wrong.argmax())
        if np.isnan(angles[bad]):
            axis = {"lon": "longitude", "lat": "latitude"}[name]
            raise ValueError(
                f"{name} must be degrees from {-limit} to {limit}, got nan at vertex "
                f"{bad}, whose {axis} is missing; drop such points, with the values "
                "there"
            )
        raise ValueError(
            f"{name} must be degrees from {-limit} to {limit}, got {angles[bad]} at "
            f"vertex {bad}; drop such points, and check that lon comes before lat"
        )


def warn_of_radians(lon: FloatArray, lat: FloatArray, stacklevel: int) -> None:
    """Warn if degrees are within the ranges of radians and span much of them."""
    # Colatitudes go up to pi. In float32 deg2rad of 180 and 360 is 1e-7 beyond.
    within = (
        np.abs(lat).max() <= np.pi + 1e-6
        and lon.min() >= -np.pi - 1e-6
        and lon.max() <= 2 * np.pi + 1e-6
    )
    if within and np.ptp(lat) > RADIANS_SPAN[0] and np.ptp(lon) > RADIANS_SPAN[1]:
        warnings.warn(
            f"lon from {lon.min():.3g} to {lon.max():.3g} and lat from {lat.min():.3g} "
            f"to {lat.max():.3g} look like radians, but are taken as degrees; convert "
            "them with numpy.rad2deg, or ignore RadiansWarning if the points lie "
            "this close to 0 east, 0 north",
            RadiansWarning,
            stacklevel=stacklevel,
        )

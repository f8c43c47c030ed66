"""Grid mappings: true coordinates, a rotated pole, or a map projection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.attributes import number, text
from samplings.arrays import FloatArray

Axes = Literal["true", "rotated", "cylindrical", "projected", "unknown"]

_TRUE = ("latitude_longitude", "healpix", "latlon", "lat_lon", "longlat")
# Rows and columns of these maps are parallels and meridians.
_CYLINDRICAL = ("mercator", "lambert_cylindrical_equal_area", "equirectangular")
_ATTRIBUTES = ("grid_mapping_name", "crs_wkt", "spatial_ref", "proj4", "proj4_params")


def is_mapping(attributes: Mapping[str, Any]) -> bool:
    """Whether a variable describes a grid mapping."""
    return any(key in attributes for key in _ATTRIBUTES)


def mapping_names(reference: str) -> list[str]:
    """Return the variables that an attribute ``grid_mapping`` refers to.

    Examples
    --------
    >>> mapping_names("rotated_pole"), mapping_names("crs: lat lon utm: x y")
    (['rotated_pole'], ['crs', 'utm'])
    """
    words = reference.split()
    if any(word.endswith(":") for word in words):
        return [word[:-1] for word in words if word.endswith(":")]
    return words[:1]


def axes_of(attributes: Mapping[str, Any]) -> Axes:
    """Return the kind of axes that a grid mapping describes.

    Examples
    --------
    >>> axes_of({"grid_mapping_name": "rotated_latitude_longitude"})
    'rotated'
    >>> axes_of({"crs_wkt": 'PROJCS["ETRS89 / LAEA Europe", ...]'})
    'projected'
    """
    name = text(attributes, "grid_mapping_name").lower()
    if name in _TRUE:
        return "true"
    if name == "rotated_latitude_longitude" or (
        not name and number(attributes, "grid_north_pole_latitude") is not None
    ):
        return "rotated"
    if name in _CYLINDRICAL:
        return "cylindrical"
    if name:
        return "projected"
    wkt = (text(attributes, "crs_wkt") or text(attributes, "spatial_ref")).upper()
    if re.match(r"(PROJ|ENG|LOCAL|DERIVEDPROJ)", wkt) or "DERIVINGCONVERSION" in wkt:
        return "projected"
    if wkt.startswith("GEO"):
        return "true"
    proj = text(attributes, "proj4") or text(attributes, "proj4_params")
    found = re.search(r"proj=(\w+)", proj)
    if found:
        return "true" if found[1] in ("longlat", "latlong", "lonlat") else "projected"
    return "unknown"


def true_places(
    lat: FloatArray, lon: FloatArray, pole: Mapping[str, Any], name: str
) -> tuple[FloatArray, FloatArray]:
    r"""Turn latitudes and longitudes about a rotated pole into true ones.

    With the rotated pole at latitude :math:`\varphi_p` and longitude :math:`\lambda_p`,
    and the true north pole at the rotated longitude :math:`\lambda_n`,

    .. math::
        \sin\varphi = \sin\varphi' \sin\varphi_p
            + \cos\varphi' \cos\varphi_p \cos(\lambda' - \lambda_n), \\
        \tan(\lambda_p - \lambda) = \frac{\cos\varphi' \sin(\lambda' - \lambda_n)}
            {\sin\varphi' \cos\varphi_p
            - \cos\varphi' \sin\varphi_p \cos(\lambda' - \lambda_n)}.

    Parameters
    ----------
    lat, lon
        Rotated degrees, of the same shape.
    pole
        Attributes ``grid_north_pole_latitude``, ``grid_north_pole_longitude`` and, zero
        by default, ``north_pole_grid_longitude``.
    name
        Name of the grid mapping, for messages.

    Raises
    ------
    ValueError
        If the attributes do not give the position of the pole.

    Notes
    -----
    Source: CF conventions 1.13, appendix F, "Rotated pole".

    Examples
    --------
    >>> pole = {"grid_north_pole_latitude": 40.0, "grid_north_pole_longitude": -170.0}
    >>> lat, lon = true_places(np.zeros(1), np.zeros(1), pole, "pole")
    >>> bool(np.allclose(lat, 50)), bool(np.allclose(np.mod(lon, 360), 10))
    (True, True)
    """
    pole_lat = number(pole, "grid_north_pole_latitude")
    pole_lon = number(pole, "grid_north_pole_longitude")
    if pole_lat is None or pole_lon is None or abs(pole_lat) > 90:
        given = {
            key: pole.get(key)
            for key in ("grid_north_pole_latitude", "grid_north_pole_longitude")
        }
        raise ValueError(
            f"the grid mapping {name} must give the position of its rotated pole, got "
            f"{given}; set grid_north_pole_latitude and grid_north_pole_longitude in "
            "degrees, or add the two-dimensional latitudes and longitudes"
        )
    north = np.deg2rad(pole_lat)
    phi = np.deg2rad(lat)
    turned = np.deg2rad(lon - (number(pole, "north_pole_grid_longitude") or 0.0))
    z = np.sin(phi) * np.sin(north) + np.cos(phi) * np.cos(north) * np.cos(turned)
    across = np.cos(phi) * np.sin(turned)
    ahead = np.sin(phi) * np.cos(north) - np.cos(phi) * np.sin(north) * np.cos(turned)
    # The arc tangent is exact near the poles too, where the arc sine loses digits.
    latitudes = np.rad2deg(np.arctan2(z, np.hypot(across, ahead)))
    return latitudes, pole_lon - np.rad2deg(np.arctan2(across, ahead))

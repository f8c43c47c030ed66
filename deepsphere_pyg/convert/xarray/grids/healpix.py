"""HEALPix pixels in files: conventions for the grid and its indices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.attributes import number, text
from deepsphere_pyg.convert.xarray.coordinates.mappings import mapping_names
from deepsphere_pyg.convert.xarray.coordinates.scan import Scan
from deepsphere_pyg.convert.xarray.grids.pixels import (
    DEEPEST,
    Pixels,
    checked_pixels,
    pixel_indices,
    unique_pixels,
)
from deepsphere_pyg.convert.xarray.grids.schemes import precision
from samplings import HEALPix, Irregular, Masked, Sampling
from samplings.arrays import FloatArray, IntArray

# Names of dimensions of pixels, in files without indices.
_CELLS = "cell cells cell_ids ncells healpix healpix_index hpx pix pixel pixels values"
_DIMENSIONS = frozenset([*_CELLS.split(), "value"])
_NEST = {"nested": True, "nest": True, "ring": False}
_UNIQUE = ("nuniq", "zuniq")
# Pixels become a part of the whole sky if that has at most 13 million pixels (1.2 GB),
# or 16 times those of the file.
WHOLE_SKY, TIMES = 13_000_000, 16


def find_pixels(scan: Scan, dims: Sequence[str], mapping: str) -> Pixels | None:
    """Return the HEALPix pixels along one of the dimensions, or None.

    These conventions are understood, in this order:

    - the grid mapping ``healpix`` of the CF conventions: ``refinement_level``,
      ``indexing_scheme`` (``nested``, ``ring``, ``nuniq``, ``zuniq``) and a coordinate
      of the standard name ``healpix_index``;
    - the same grid mapping with ``healpix_nside`` and ``healpix_order``, and the
      indices, if any, in the coordinate of the dimension;
    - a coordinate of indices with ``grid_name = "healpix"``, ``level`` and
      ``indexing_scheme``, as xdggs writes.

    ``mapping`` is the attribute ``grid_mapping`` of the values, or empty. If resolution
    or ordering are missing or unknown, or indices are not integers, out of range,
    repeat, or do not fit the size, ``ValueError`` is raised.

    Pixels of an ellipsoid are read as those of the sphere: their areas stay equal, and
    their latitudes are authalic. Source: CF conventions 1.13, appendix F, "HEALPix";
    the attributes healpix_nside and healpix_order as in easy.gems; xdggs,
    ``HealpixInfo``.
    """
    attributes, cells = _description(scan, dims, mapping)
    if attributes is None:
        return None
    if cells is None:
        cells = _index_coordinate(scan, dims)
    scheme = _scheme(attributes)
    if scheme in _UNIQUE:
        if cells is None:
            if any(d.lower() in _DIMENSIONS for d in dims):
                raise ValueError(
                    f"pixels in the ordering {scheme!r} need their indices; add a "
                    "coordinate with standard_name='healpix_index'"
                )
            return None
        nside, index = unique_pixels(pixel_indices(cells), scheme)
        return checked_pixels(str(cells.dims[0]), index, nside, True)
    nside, nest = _nside(attributes), _NEST[scheme]
    n = 12 * nside * nside
    if cells is not None:
        return checked_pixels(str(cells.dims[0]), pixel_indices(cells), nside, nest)
    named = [d for d in dims if d.lower() in _DIMENSIONS]
    sizes = scan.dataset.sizes
    found = named or [d for d in dims if sizes[d] == n]
    if len(found) != 1:
        return None
    if sizes[found[0]] != n:
        raise ValueError(
            f"dimension {found[0]} has {sizes[found[0]]} pixels, but the whole "
            f"sky at nside={nside} has {n}; add their indices as a coordinate with "
            "standard_name='healpix_index'"
        )
    return checked_pixels(found[0], np.arange(n), nside, nest)


def pixel_sampling(pixels: Pixels) -> tuple[Sampling, IntArray]:
    """Return the sampling of pixels, and the vertex of each.

    A part of the sky is a part of the whole sampling, in the same order. If the whole
    would have more than 13 million pixels and 16 times those of the part, the result is
    an irregular sampling with the same centres and areas.
    """
    import healpy

    index, nside = pixels.index, pixels.nside
    n = 12 * nside * nside
    if len(index) < n and n > max(WHOLE_SKY, TIMES * len(index)):
        xyz = np.stack(healpy.pix2vec(nside, index, nest=pixels.nest), axis=1)
        areas = np.full(len(index), 4 * np.pi / n)
        return Irregular(xyz, areas), np.arange(len(index))
    whole = HEALPix(nside, nest=pixels.nest)
    if len(index) == n:
        return whole, index
    ascending = np.sort(index)
    part = Masked(whole, ascending)
    return part, np.searchsorted(ascending, index).astype(np.int64)


def centre_sampling(
    lat: FloatArray, lon: FloatArray, same: float
) -> tuple[HEALPix, IntArray] | None:
    """Return the HEALPix sampling whose centres are at some places, in any order.

    Files may list the latitudes and longitudes of pixels without saying what they are,
    as those of deepsphere-weather. Pixels are in the order NESTED where there is one,
    unless the file has them in the order RING.

    Parameters
    ----------
    lat, lon
        Degrees, shape ``(n,)``.
    same
        Distance on the unit sphere up to which places are the same.

    Returns
    -------
    sampling, vertex
        The sampling, and the vertex of each place; None if they are no such centres.
    """
    import healpy

    nside = math.isqrt(len(lat) // 12)
    if nside < 1 or 12 * nside**2 != len(lat):
        return None
    inside = np.clip(lat, -90, 90)
    ring = healpy.ang2pix(nside, lon, inside, lonlat=True)
    counts = np.arange(len(lat))
    if (np.bincount(ring, minlength=len(lat)) != 1).any():
        return None
    centres = np.stack(healpy.pix2vec(nside, ring), axis=1)
    places = np.stack(healpy.ang2vec(lon, inside, lonlat=True).T, axis=1)
    # At two decimals, as in tables, centres are still far from those of others.
    slack = max(same, np.deg2rad(precision(np.concatenate([lat, lon]))) * np.sqrt(2))
    if np.linalg.norm(centres - places, axis=1).max() > slack:
        return None
    nest = nside & (nside - 1) == 0 and not np.array_equal(ring, counts)
    vertex = healpy.ring2nest(nside, ring) if nest else ring
    return HEALPix(nside, nest=nest), vertex.astype(np.int64)


def _description(
    scan: Scan, dims: Sequence[str], mapping: str
) -> tuple[Mapping[str, Any] | None, Any]:
    """Return the attributes of the grid, and the coordinate that has them or None."""
    names = mapping_names(mapping) or list(scan.mappings)
    found = [name for name in names if _is_healpix(scan, name, "grid_mapping_name")]
    if len(found) > 1:
        # Of several resolutions, take the one that fits the size of a dimension.
        sizes = {scan.dataset.sizes[d] for d in dims}
        found = [n for n in found if 12 * _nside(scan.attributes[n]) ** 2 in sizes]
        if len(found) > 1:
            raise ValueError(
                f"several HEALPix grids fit, {', '.join(found)}; set the attribute "
                "grid_mapping of the variable to one of them"
            )
    if found:
        return scan.attributes[found[0]], None
    for name, variable in sorted(scan.variables.items()):
        along = variable.ndim == 1 and variable.dims[0] in dims
        if along and _is_healpix(scan, name, "grid_name"):
            return scan.attributes[name], scan.dataset[name]
    return None, None


def _is_healpix(scan: Scan, name: str, key: str) -> bool:
    return text(scan.attributes.get(name, {}), key).lower() == "healpix"


def _index_coordinate(scan: Scan, dims: Sequence[str]) -> Any:
    """Return the coordinate with the standard name, or that of a dimension of cells."""
    found = [
        scan.dataset[name]
        for name in sorted(scan.variables)
        if text(scan.attributes[name], "standard_name") == "healpix_index"
        and set(scan.variables[name].dims) <= set(dims)
    ]
    if len(found) > 1:
        raise ValueError(
            "more than one coordinate has standard_name='healpix_index': "
            f"{', '.join(str(one.name) for one in found)}; keep one"
        )
    if found and found[0].ndim != 1:
        raise ValueError(
            f"healpix_index {found[0].name} must lie along one dimension, got "
            f"{found[0].ndim}; join pixels along a dimension"
        )
    if found:
        return found[0]
    named = [d for d in dims if d.lower() in _DIMENSIONS and d in scan.variables]
    return scan.dataset[named[0]] if named else None


def _scheme(attributes: Mapping[str, Any]) -> str:
    given = None
    for name in ("indexing_scheme", "healpix_order", "order"):
        given = text(attributes, name) or None if given is None else given
    if given is None and "nest" in attributes:
        nest = text(attributes, "nest").lower() in ("true", "1", "1.0")
        given = "nested" if nest else "ring"
    scheme = str(given).lower()
    if scheme not in _NEST and scheme not in _UNIQUE:
        raise ValueError(
            f"the ordering of HEALPix pixels must be 'nested', 'ring', 'nuniq' or "
            f"'zuniq', got {given!r}; set indexing_scheme of the grid mapping, as a "
            "map in the wrong ordering looks like noise"
        )
    return scheme


def _nside(attributes: Mapping[str, Any]) -> int:
    for name in ("refinement_level", "level", "healpix_nside", "nside"):
        if name not in attributes:
            continue
        value = number(attributes, name)
        is_level = name.endswith("level")
        low, high = (0, DEEPEST) if is_level else (1, 2**DEEPEST)
        if value is None or value != int(value) or not low <= value <= high:
            raise ValueError(
                f"{name} of the HEALPix grid must be an integer from {low} to {high}, "
                f"got {attributes[name]!r}"
            )
        return 2 ** int(value) if is_level else int(value)
    raise ValueError(
        "the HEALPix grid does not state its resolution; set refinement_level of the "
        "grid mapping, where nside = 2 ** refinement_level"
    )

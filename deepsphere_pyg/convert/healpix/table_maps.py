"""HEALPix maps in tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.healpix.array_maps import whole_nside
from deepsphere_pyg.convert.healpix.cards import is_further, nest_of, nside_of
from deepsphere_pyg.convert.healpix.maps import HEALPixMap, signal_type
from deepsphere_pyg.convert.healpix.tables import Table
from deepsphere_pyg.convert.xarray.grids.pixels import DEEPEST, checked_pixels
from samplings.arrays import IntArray
from samplings.schemes.healpix import nside_argument


def map_of_table(table: Table, nest: bool | None) -> HEALPixMap:
    """Return the map in a table, with pixels in the order of its rows."""
    cards = table.cards
    nest = nest_of(cards, nest)
    # Columns without a name are named as by healpy.
    named = enumerate(table.names, 1)
    names = tuple(name.strip() or f"COLUMN_{i}" for i, name in named)
    n = len(table.columns[0] if table.pixels is None else table.pixels)
    for name, column in zip(names, table.columns, strict=True):
        if len(column) != n:
            raise ValueError(
                f"all columns must have one value for each of {n} pixels, got "
                f"{len(column)} in {name}; leave this one out by columns="
            )
    if n == 0:
        raise ValueError("a map must have pixels, got a table without rows")
    nside = _nside(table, n, nest)
    pixels = _pixels(table, nside, nest, n)
    values = np.stack(table.columns, axis=1)
    values = values.astype(signal_type(values.dtype), copy=False)
    return HEALPixMap(
        values,
        ~np.isnan(values),
        nside,
        nest,
        pixels,
        names,
        table.units,
        str(cards.get("COORDSYS") or "").strip(),
        {key: value for key, value in cards.items() if is_further(key)},
    )


def _nside(table: Table, n: int, nest: bool) -> int:
    """Return nside of the header, or of the number of pixels of a whole sky."""
    nside = nside_of(table.cards)
    if nside is None:
        nside = whole_nside(n) if table.pixels is None else 0
        if nside == 0:
            raise ValueError(
                f"the header must state NSIDE, as {n} pixels are not known to be a "
                "whole sky; add the card"
            )
    if nside > 2**DEEPEST:
        raise ValueError(
            f"NSIDE must be at most 2^{DEEPEST}, got {nside}; correct the header"
        )
    return nside_argument(nside, nest)


def _pixels(table: Table, nside: int, nest: bool, n: int) -> IntArray:
    """Return the index of the pixel of each row."""
    if table.pixels is not None:
        pixels = _integers(table.pixels)
        return checked_pixels("PIXEL", pixels, nside, nest).index
    whole = 12 * nside**2
    if n == whole:
        return np.arange(n)
    first = _first_of_range(table.cards, n)
    if first is None or not 0 <= first <= whole - n:
        raise ValueError(
            f"a whole sky must have 12 nside^2 = {whole} pixels at nside={nside}, got "
            f"{n}; for a part of the sky add their indices as a column PIXEL, with "
            "INDXSCHM = EXPLICIT"
        )
    return np.arange(first, first + n)


def _first_of_range(cards: Mapping[str, Any], n: int) -> int | None:
    """Return the first of n consecutive pixels, if the header states such a range."""
    first, last = cards.get("FIRSTPIX"), cards.get("LASTPIX")
    if isinstance(first, int) and isinstance(last, int) and last - first == n - 1:
        return first
    return None


def _integers(column: npt.NDArray[Any]) -> IntArray:
    """Return pixel indices as integers."""
    exact = column.dtype.kind in "iu"
    if column.dtype.kind == "f":
        # Beyond 2^53, not all integers are floats.
        with np.errstate(invalid="ignore"):
            exact = bool(((column == np.floor(column)) & (abs(column) < 2**53)).all())
    if not exact:
        raise ValueError(
            f"pixel indices must be integers, got {column.dtype} in the column PIXEL, "
            "or in the first without it; name the column of indices PIXEL"
        )
    return column.astype(np.int64)

"""HEALPix maps to FITS files."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import healpy
import numpy as np
import numpy.typing as npt
from astropy.io import fits

from deepsphere_pyg.convert.healpix.array_maps import real_array
from deepsphere_pyg.convert.healpix.cards import DIGEST
from deepsphere_pyg.convert.healpix.headers import (
    add_card,
    channel_names,
    header_text,
    header_texts,
)
from deepsphere_pyg.convert.healpix.maps import HEALPixMap, signal_type
from deepsphere_pyg.convert.healpix.tables import content_digest
from samplings import HEALPix, Sampling
from samplings.arguments import choice_argument
from samplings.arrays import IntArray
from samplings.atomic_files import atomic_path
from samplings.base import whole_sampling

_TYPES = ("float32", "float64")


def write_healpix(
    path: str | os.PathLike[str],
    values: Any,
    sampling: Sampling | HEALPixMap,
    *,
    names: Sequence[str] | None = None,
    units: str | Sequence[str] = "",
    dtype: npt.DTypeLike | None = None,
    coordsys: str = "",
    header: Mapping[str, Any] | None = None,
) -> None:
    """Write a signal on HEALPix pixels to a FITS file, whole or not at all.

    The file is a binary table with one column for each channel, with checksums, which
    :func:`read_healpix` and healpy read. Pixels are in the order of the sampling, RING
    or NESTED. A part of the sky has the indices of its pixels in a first column
    ``PIXEL``. Missing values (see
    :func:`samplings.missing_values.without_missing`) become ``UNSEEN``.

    Parameters
    ----------
    path
        Where to write; ``.gz`` at its end compresses the file. A missing folder is
        made, and an existing file replaced.
    values
        Array or tensor of real numbers, shape ``(V, C)`` or ``(V,)``.
    sampling
        :class:`samplings.HEALPix`, or a part of it; or a map with the same pixels.
    names
        One name per channel; by default ``COLUMN_1``, ``COLUMN_2``, ... as in healpy.
    units
        One unit for all channels, or one for each.
    dtype
        ``"float32"`` or ``"float64"``; by default the one that holds the values.
    coordsys
        Coordinate system, such as ``"G"`` (galactic), ``"C"`` (celestial) or ``"E"``
        (ecliptic).
    header
        Further cards: numbers, booleans and texts by keyword.

    Raises
    ------
    TypeError
        If ``sampling`` is not HEALPix, or values are not real numbers.
    ValueError
        If a shape or the number of names or units does not fit, a value is too large
        for ``dtype``, or a text or card cannot stand in a header.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deepsphere_pyg.convert import read_healpix
    >>> sky = HEALPix(4, nest=True)
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = f"{folder.name}/north.fits"
    >>> north = sky[sky.lat > 30]
    >>> write_healpix(path, north.xyz, north, names=["x", "y", "z"], coordsys="G")
    >>> read_healpix(path)
    HEALPixMap(x, y, z; nside=4, nest=True) with 52 pixels
    >>> folder.cleanup()
    """
    nside, nest, pixels = _pixels(sampling)
    signal = _signal(values, len(pixels), dtype)
    channels = signal.shape[1]
    whole = 12 * nside**2
    partial = len(pixels) < whole or bool((np.diff(pixels) < 0).any())
    cards = {
        "PIXTYPE": "HEALPIX",
        "ORDERING": "NESTED" if nest else "RING",
        "NSIDE": nside,
        "INDXSCHM": "EXPLICIT" if partial else "IMPLICIT",
        "OBJECT": "PARTIAL" if partial else "FULLSKY",
        "BAD_DATA": healpy.UNSEEN,
    }
    columns = []
    if partial:
        form = "J" if whole < 2**31 else "K"
        columns = [fits.Column(name="PIXEL", format=form, array=pixels)]
    else:
        cards |= {"FIRSTPIX": 0, "LASTPIX": whole - 1}
    form = "E" if signal.dtype == np.float32 else "D"
    for name, unit, column in zip(
        channel_names(names, channels),
        header_texts("units", units, channels),
        signal.T,
        strict=True,
    ):
        one = fits.Column(name=name, format=form, array=column, unit=unit or None)
        columns.append(one)
    if header_text("coordsys", coordsys):
        cards["COORDSYS"] = coordsys
    table = fits.BinTableHDU.from_columns(columns)
    table.header.update(cards)
    for keyword, value in _mapping(header).items():
        add_card(table.header, keyword, value)
    file = fits.HDUList([fits.PrimaryHDU(), table])
    with atomic_path(path) as temporary:
        # The digest is of the cards as they are written.
        content = io.BytesIO()
        file.writeto(content)
        content.seek(0)
        with fits.open(content) as written:
            table.header[DIGEST] = content_digest(written[1])
        file.writeto(temporary, overwrite=True, checksum=True)


def _mapping(header: Any) -> Mapping[str, Any]:
    if header is None:
        return {}
    if not isinstance(header, Mapping):
        raise TypeError(
            f"header must be a mapping of keywords to values, got {header!r}; pass a "
            "dictionary"
        )
    return header


def _pixels(sampling: Any) -> tuple[int, bool, IntArray]:
    """Return the resolution, the order, and the pixel of each vertex."""
    if isinstance(sampling, HEALPixMap):
        return sampling.nside, sampling.nest, sampling.pixels
    if isinstance(sampling, Sampling):
        sampling, pixels = whole_sampling(sampling)
        if isinstance(sampling, HEALPix):
            return sampling.nside, sampling.nest, pixels
    raise TypeError(
        "sampling must be HEALPix, a part of it, or a HEALPixMap, got "
        f"{type(sampling).__name__}; carry signals of other samplings to HEALPix by "
        "Transfer"
    )


def _signal(values: Any, n: int, dtype: Any) -> npt.NDArray[Any]:
    """Return values ``(V, C)``, ``UNSEEN`` where missing."""
    array = real_array("values", values)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or len(array) != n or array.shape[1] == 0:
        remedy = "pass the sampling that they are on"
        if array.ndim > 2:
            remedy = "write each map to a file of its own"
        elif array.shape[1:] == (n,):
            remedy = "transpose them"
        raise ValueError(
            f"values must have shape ({n}, C) or ({n},), one row for each vertex, got "
            f"{np.shape(values)}; {remedy}"
        )
    kind = signal_type(array.dtype)
    if dtype is not None:
        try:
            name = np.dtype(dtype).name
        except (TypeError, ValueError):
            name = dtype
        kind = np.dtype(choice_argument("dtype", name, _TYPES))
    with np.errstate(over="ignore"):
        signal = array.astype(kind)
    if np.isinf(signal).any():
        raise ValueError(
            f"values must be below {np.finfo(kind).max:.3g} in {kind}, got "
            f"{np.nanmax(abs(array)):.3g}; pass dtype='float64'"
        )
    signal[np.isnan(signal)] = healpy.UNSEEN
    return signal

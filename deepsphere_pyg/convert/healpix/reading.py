"""HEALPix maps from FITS files and arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from deepsphere_pyg.convert.healpix.array_maps import map_of_array
from deepsphere_pyg.convert.healpix.maps import HEALPixMap, arranged
from deepsphere_pyg.convert.healpix.table_maps import map_of_table
from deepsphere_pyg.convert.healpix.tables import read_table
from samplings.arguments import flag_argument, integer_argument
from samplings.reading import DataFileError


def read_healpix(
    source: str | os.PathLike[str] | npt.ArrayLike,
    *,
    nest: bool | None = None,
    hdu: int | str | None = None,
    columns: Sequence[str | int] | None = None,
    to_nest: bool | None = None,
    drop_missing: bool = False,
) -> HEALPixMap:
    """Read a HEALPix map from a FITS file or an array, as a signal on its sampling.

    A file has one map in each column of a binary table, of the whole sky or of the
    pixels whose indices are in the column ``PIXEL``. The order of the pixels, RING or
    NESTED, is that of the header, and the sampling keeps it unless ``to_nest`` converts
    the map. Vertices of a part ascend by pixel. Missing values are those of
    :func:`samplings.missing_values.without_missing`, among them ``UNSEEN`` and NaN, and
    those of the cards ``BAD_DATA`` and ``TNULL``.

    Parameters
    ----------
    source
        FITS file, compressed by gzip or not; or values in the order of the pixels,
        shape ``(V,)``, ``(V, C)`` or, as healpy has them, ``(C, V)``. If both axes
        could be pixels, the longer one is.
    nest
        True if pixels are in NESTED order, False for RING. Required for arrays and for
        files that do not state the order.
    hdu
        Number or name of the table in the file; by default the first.
    columns
        Names or numbers of the columns to read, without that of pixel indices; by
        default all.
    to_nest
        Convert the map to NESTED order if True, to RING if False.
    drop_missing
        Keep only the pixels that are known in all channels.

    Returns
    -------
    HEALPixMap
        Values ``(V, C)`` and their mask, the sampling, names, units and cards. Integers
        and booleans become float32 where it holds all numbers of their type, else
        float64.

    Raises
    ------
    FileNotFoundError, PermissionError
        If the file does not exist or may not be read.
    TypeError
        If an array does not hold numbers, or an argument has a wrong type.
    ValueError
        If the file is damaged (by its checksum, where it has one) or of another format;
        if there is no table or column of this name; if values are not real numbers; if
        the order of pixels is not known, or differs from ``nest``; if their number does
        not fit; if indices repeat or do not exist; or if every pixel is dropped.

    Examples
    --------
    >>> import healpy
    >>> import numpy as np
    >>> temperature = np.arange(48.0)
    >>> temperature[5] = healpy.UNSEEN
    >>> sky = read_healpix(temperature, nest=False)
    >>> sky.sampling
    HEALPix(nside=2, nest=False) with 48 vertices
    >>> sky.values.shape, int(sky.mask.sum())
    ((48, 1), 47)
    >>> read_healpix(temperature, nest=False, to_nest=True, drop_missing=True).sampling
    Masked(HEALPix(nside=2, nest=True) with 48 vertices) with 47 vertices
    """
    nest = None if nest is None else flag_argument("nest", nest)
    to_nest = None if to_nest is None else flag_argument("to_nest", to_nest)
    flag_argument("drop_missing", drop_missing)
    _check_choice(hdu, columns)
    if not isinstance(source, str | os.PathLike):
        if hdu is not None or columns is not None:
            raise ValueError(
                "hdu and columns choose parts of a file, but an array was given; leave "
                "them out, and choose channels by values[:, channels]"
            )
        return arranged(map_of_array(source, nest), to_nest, drop_missing)
    path = Path(source)
    table = read_table(path, hdu, columns)
    try:
        return arranged(map_of_table(table, nest), to_nest, drop_missing)
    except ValueError as error:
        raise DataFileError(f"{path}: {error}") from error


def _check_choice(hdu: Any, columns: Any) -> None:
    if hdu is not None and not isinstance(hdu, str):
        integer_argument("hdu", hdu, 0)
    if columns is None:
        return
    if isinstance(columns, str) or not isinstance(columns, Sequence):
        raise TypeError(
            f"columns must be a list of names or numbers, got {columns!r}; pass a "
            "list, such as ['TEMPERATURE']"
        )
    if not columns:
        raise ValueError("columns must not be empty; leave it out to read all")
    for column in columns:
        if not isinstance(column, str):
            integer_argument("columns", column, 0)

"""Binary tables in FITS files: their cards, and columns of numbers."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from astropy.io import fits

from deepsphere_pyg.convert.healpix.cards import DIGEST, LINES, pixel_column
from samplings.missing_values import without_missing
from samplings.reading import DataFileError, reading

KIND = "a HEALPix map in FITS"
# FITS files consist of blocks; checksums are computed on some thousand at once.
_BLOCK = 2880
_BLOCKS = 1 << 13
_CARD = 80
_ONES = 0xFFFFFFFF
_NOT_COUNTED = ("", "CHECKSUM", "DATASUM", DIGEST, *LINES)
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, eq=False)
class Table:
    """A table of a FITS file.

    Attributes
    ----------
    cards
        Header cards; those that repeat, such as comments, as lines of one text.
    pixels
        The column of pixel indices, as the file has it, or None.
    names, units
        Of the columns of values, empty if the header does not state them.
    columns
        Values, one array ``(n,)`` for each column, NaN where missing.
    """

    cards: dict[str, Any]
    pixels: npt.NDArray[Any] | None
    names: tuple[str, ...]
    units: tuple[str, ...]
    columns: tuple[npt.NDArray[Any], ...]


def read_table(
    path: Path, hdu: int | str | None, columns: Sequence[str | int] | None
) -> Table:
    """Read a table by its number or name, by default the first of the file.

    ``columns`` are names or numbers of columns of values, which do not count the column
    of pixel indices. ``DataFileError`` is raised if there is no such table or column, a
    column does not hold real numbers, or a checksum differs.
    """
    # Our own handle, since astropy does not close its own on a file that is not FITS.
    with (
        reading(path, KIND),
        path.open("rb") as stream,
        fits.open(_unpacked(stream), memmap=False) as file,
    ):
        table = _table(path, file, hdu)
        _verify(path, table)
        cards = _cards(table.header)
        count = len(table.columns)
        names = tuple(str(cards.get(f"TTYPE{i + 1}") or "") for i in range(count))
        pixel = pixel_column(cards, names)
        chosen = _chosen(path, names, pixel, columns)
        return Table(
            cards,
            None if pixel is None else np.ravel(table.data.field(pixel)),
            tuple(names[i] for i in chosen),
            tuple(str(cards.get(f"TUNIT{i + 1}") or "") for i in chosen),
            tuple(_values(path, table.data, cards, names, i) for i in chosen),
        )


def _unpacked(stream: Any) -> Any:
    """Unpack gzip, whose checksum astropy does not compare: it hides the errors."""
    packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    return io.BytesIO(gzip.decompress(stream.read())) if packed else stream


def _table(path: Path, file: Any, hdu: int | str | None) -> Any:
    """Return the table of this number or name, by default the first."""
    parts = []
    for number, part in enumerate(takewhile(_is_sound, file)):
        is_table = isinstance(part, fits.BinTableHDU)
        if is_table and hdu in (None, number):
            return part
        if is_table and isinstance(hdu, str) and part.name == hdu.strip().upper():
            return part
        kind = " (table)" if is_table else ""
        parts.append(f"{number} {part.name or 'unnamed'}{kind}")
    which = "no binary table" if hdu is None else f"no binary table as hdu={hdu!r}"
    raise DataFileError(
        f"{path} has {which}; its parts are {', '.join(parts) or 'damaged'}; pass a "
        "file of healpy.write_map, or the number of a table as hdu="
    )


def _is_sound(part: Any) -> bool:
    """Whether a part of a file ends after its start.

    astropy would go back by a negative size, and read the same parts for ever. It finds
    such sizes in damaged headers, and in damaged parts of compressed files.
    """
    return hasattr(part, "fileinfo") and part.fileinfo()["datSpan"] >= 0


def _cards(header: Any) -> dict[str, Any]:
    """Return the cards of a header; values that cannot be parsed are left out."""
    cards: dict[str, Any] = {}
    for card in header.cards:
        try:
            keyword, value = card.keyword, card.value
        except fits.VerifyError:
            continue
        if keyword in LINES:
            before = f"{cards[keyword]}\n" if keyword in cards else ""
            cards[keyword] = f"{before}{value}"
        elif not isinstance(value, fits.card.Undefined):
            cards.setdefault(keyword, value)
    return cards


def _chosen(
    path: Path,
    names: Sequence[str],
    pixel: int | None,
    columns: Sequence[str | int] | None,
) -> list[int]:
    """Return the numbers of the columns to read."""
    values = [i for i in range(len(names)) if i != pixel]
    listed = ", ".join(names[i] or "unnamed" for i in values)
    if not values:
        raise DataFileError(
            f"{path} has no column of values; pass another table by hdu="
        )
    if columns is None:
        return values
    numbers = dict(enumerate(values)) | {names[i]: i for i in reversed(values)}
    absent = [one for one in columns if one not in numbers]
    if absent:
        raise DataFileError(
            f"{path} has no column {absent[0]!r}; it has the {len(values)} columns "
            f"{listed}, numbered from 0"
        )
    return [numbers[one] for one in columns]


def _values(
    path: Path, data: Any, cards: dict[str, Any], names: Sequence[str], number: int
) -> npt.NDArray[Any]:
    """Return a column in native byte order, NaN where missing."""
    column = np.ravel(data.field(number))
    if column.dtype.kind not in "biuf":
        kind = {"c": "complex numbers", "O": "lists of varying length"}
        raise DataFileError(
            f"{path}: maps must be real numbers, but the column "
            f"{names[number] or number} holds {kind.get(column.dtype.kind, 'text')}; "
            "choose others by columns="
        )
    packing = {
        key: cards[f"{keyword}{number + 1}"]
        for key, keyword in (
            ("scale_factor", "TSCAL"),
            ("add_offset", "TZERO"),
            ("_FillValue", "TNULL"),
        )
        if f"{keyword}{number + 1}" in cards
    }
    return without_missing(column, {"missing_value": cards.get("BAD_DATA")}, packing)


def _verify(path: Path, table: Any) -> None:
    """Compare the checksums of a table, where it has them, with its content."""
    place = table.fileinfo()
    file, head, start = place["file"], place["hdrLoc"], place["datLoc"]
    stop = start + place["datSpan"]
    # An empty text states that a checksum is not known.
    of_data, of_all = (
        str(table.header.get(key, "")).strip() for key in ("DATASUM", "CHECKSUM")
    )
    digest = str(table.header.get(DIGEST, "")).strip()
    if (
        (of_data and _checksum(file, start, stop) != int(of_data))
        or (of_all and _checksum(file, head, stop) != _ONES)
        or (digest and digest != content_digest(table))
    ):
        raise DataFileError(
            f"{path} is damaged: its checksum differs from that of its content; copy "
            "it again. If you changed it yourself, remove its cards CHECKSUM, DATASUM "
            f"and {DIGEST}"
        )


def content_digest(table: Any) -> str:
    """Return the SHA-256 of the cards and the data of a table in an open file.

    The checksum of FITS is a sum of 32-bit words, in which opposite errors cancel.
    Comments may be added later, and do not count.
    """
    place = table.fileinfo()
    file, head, start = place["file"], place["hdrLoc"], place["datLoc"]
    file.seek(head)
    header = file.read(start - head)
    digest = hashlib.sha256()
    for i in range(0, len(header), _CARD):
        card = header[i : i + _CARD]
        if card[:8].strip().decode("latin1") not in _NOT_COUNTED:
            digest.update(card)
    for content in _parts(file, start, start + place["datSpan"]):
        digest.update(content)
    return digest.hexdigest()


def _parts(file: Any, start: int, stop: int) -> Iterator[bytes]:
    """Read a part of a file, some thousand blocks at once."""
    file.seek(start)
    for place in range(start, stop, _BLOCK * _BLOCKS):
        size = min(_BLOCK * _BLOCKS, stop - place)
        content = file.read(size)
        # A damaged header may state any size.
        if len(content) < size:
            raise EOFError("it ends before the table does")
        yield content


def _checksum(file: Any, start: int, stop: int) -> int:
    """Return the sum of 32-bit words with carries added, as FITS defines it."""
    total = 0
    for content in _parts(file, start, stop):
        words = np.frombuffer(content, ">u4")
        total += int(words.sum(dtype=np.uint64))
    while total > _ONES:
        total = (total & _ONES) + (total >> 32)
    return total

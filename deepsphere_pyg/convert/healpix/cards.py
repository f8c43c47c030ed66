"""Header cards that describe the pixels of a HEALPix map."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Cards of the table and its columns, of its checksums, and of the pixels.
_TABLE = "XTENSION BITPIX NAXIS NAXIS1 NAXIS2 PCOUNT GCOUNT TFIELDS THEAP SIMPLE END"
_PIXELS = "PIXTYPE ORDERING NSIDE INDXSCHM OBJECT FIRSTPIX LASTPIX GRAIN OBS_NPIX"
# Card of the digest of the other cards and the data, beside the checksums of FITS.
DIGEST = "SHA256"
_SUMS = f"CHECKSUM DATASUM {DIGEST}"
_OWN = frozenset(f"{_TABLE} {_SUMS} {_PIXELS} BAD_DATA COORDSYS".split())
_OF_COLUMN = re.compile(
    r"T(TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM|BCOL|[DL]MIN|[DL]MAX)\d+"
)
# Cards that may stand several times, as lines of a text.
LINES = ("COMMENT", "HISTORY")
_ORDERS = {"RING": False, "NESTED": True, "NEST": True}


def is_further(keyword: str) -> bool:
    """Whether a card describes neither the table nor its pixels."""
    return bool(keyword) and keyword not in _OWN and not _OF_COLUMN.fullmatch(keyword)


def word(cards: Mapping[str, Any], keyword: str) -> str:
    """Return the value of a card as text in capitals, empty if it is missing."""
    value = cards.get(keyword)
    return "" if value is None else str(value).strip().upper()


def pixel_column(cards: Mapping[str, Any], names: Sequence[str]) -> int | None:
    """Return the number of the column of pixel indices, or None without one.

    A map has indices if ``INDXSCHM`` is ``EXPLICIT``; if it is missing, where
    ``OBJECT`` is ``PARTIAL``; and if both are, where the first column is ``PIXEL``.
    """
    named = [name.strip().upper() == "PIXEL" for name in names]
    scheme, coverage = word(cards, "INDXSCHM"), word(cards, "OBJECT")
    if scheme in ("EXPLICIT", "IMPLICIT"):
        explicit = scheme == "EXPLICIT"
    elif coverage in ("PARTIAL", "FULLSKY"):
        explicit = coverage == "PARTIAL"
    else:
        explicit = named[:1] == [True]
    if not explicit:
        return None
    return named.index(True) if any(named) else 0


def nside_of(cards: Mapping[str, Any]) -> int | None:
    """Return ``NSIDE``, or None if the header does not state it."""
    value = cards.get("NSIDE")
    if value is None:
        return None
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    if not whole or value != int(value):
        raise ValueError(
            f"the card NSIDE must be an integer, got {value!r}; correct the header"
        )
    return int(value)


def nest_of(cards: Mapping[str, Any], given: bool | None) -> bool:
    """Return whether pixels are in nested order: from the header, else as given."""
    order = word(cards, "ORDERING")
    if not order:
        if given is None:
            raise ValueError(
                "the header does not state the order of the pixels (ORDERING); pass "
                "nest=True for NESTED or nest=False for RING, as the authors of the "
                "map state it"
            )
        return given
    if order not in _ORDERS:
        unique = "flatten a multi-order map, as by ligo-skymap-flatten"
        remedy = unique if "UNIQ" in order else "correct the header"
        raise ValueError(f"ORDERING must be RING or NESTED, got {order}; {remedy}")
    nest = _ORDERS[order]
    if given is not None and given != nest:
        raise ValueError(
            f"the header states that pixels are in the order {order}, got nest={given};"
            f" leave nest out, or pass to_nest={given} to convert the map"
        )
    return nest

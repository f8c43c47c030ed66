"""Check that the messages of a GRIB file are whole.

Libraries skip messages that are cut off, and samples would be missing without a word.
"""

from __future__ import annotations

import mmap
from pathlib import Path

from samplings.reading import DataFileError

_BEGIN, _END = b"GRIB", b"7777"
# Length of a message of edition 1 that counts in units of 120 bytes: its true length
# depends on a section of data.
_LONG = 1 << 23


def check_messages(path: str | Path) -> None:
    """Refuse a GRIB file with a message that does not end where its header says.

    Raises
    ------
    ValueError
        If there is no message, or one is cut off or damaged.

    Notes
    -----
    Source: WMO Manual on Codes, FM 92 GRIB, editions 1 and 2, sections 0 and 8.
    """
    file = Path(path)
    if file.stat().st_size == 0:
        raise DataFileError(f"{path} is empty; copy it again")
    count = 0
    with (
        file.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        place = data.find(_BEGIN)
        while place >= 0:
            end = place + _length(data, place)
            if end > len(data) or data[end - 4 : end] != _END:
                raise DataFileError(
                    f"{path} is damaged: message {count + 1} at byte {place} should "
                    f"end at byte {end} of {len(data)}; copy it again"
                )
            count += 1
            place = data.find(_BEGIN, end)
    if count == 0:
        raise DataFileError(
            f"{path} cannot be read as GRIB: it has no message; it may be of another "
            "format: copy it again"
        )


def _length(data: mmap.mmap, place: int) -> int:
    """Return the number of bytes of a message."""
    header = data[place : place + 16]
    edition = header[7] if len(header) > 7 else 0
    if edition == 2:
        return max(16, int.from_bytes(header[8:16], "big"))
    length = int.from_bytes(header[4:7], "big")
    if edition == 1 and length & _LONG:
        found = data.find(_END, place)
        return len(data) + 1 if found < 0 else found + 4 - place
    return max(8, length)

"""Check of NetCDF files of the classic formats before a library opens them.

The library allocates the sizes in a header, which takes minutes if a count is damaged,
and silently reads zeros if a file ends too soon.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# Signatures of the formats: 32-bit offsets, 64-bit offsets, 64-bit sizes too.
CLASSIC = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12
# Bytes of a number by its type, from byte to unsigned 64-bit integer.
_WIDTHS = {
    **{1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8},
    **{7: 1, 8: 2, 9: 4, 10: 8, 11: 8},
}
_STREAMING = (1 << 32) - 1, (1 << 64) - 1


class _Variable(NamedTuple):
    """Name, shape, bytes of a number and first byte of a variable."""

    name: str
    shape: tuple[int, ...]
    width: int
    begin: int

    @property
    def is_record(self) -> bool:
        """Whether its first dimension is unlimited: it is split into records."""
        return bool(self.shape) and self.shape[0] == 0

    @property
    def size(self) -> int:
        """Bytes, or bytes of one record."""
        return math.prod(self.shape[self.is_record :]) * self.width


def check_classic(path: Path) -> None:
    """Refuse a file whose header is inconsistent, or that ends before its variables do.

    Raises
    ------
    ValueError
        If it is damaged.

    Notes
    -----
    Source: the NetCDF Classic Format Specification, Unidata.
    """
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        header = _Header(data)
        records = header.size()
        dimensions = header.dimensions()
        header.attributes()
        variables = header.variables(dimensions)
        if records in _STREAMING:  # unknown, and found from the length
            records = 0
        _check_ends(variables, records, len(data))


class _Header:
    """Reader of a header, which stops at the end of the file."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        kind = data[:4]
        self._place = 4
        self._size = ">Q" if kind == CLASSIC[2] else ">I"
        self._offset = ">I" if kind == CLASSIC[0] else ">Q"

    def size(self) -> int:
        """Read a number of elements."""
        return self._number(self._size)

    def dimensions(self) -> list[int]:
        """Read the length of each dimension, 0 for the unlimited one."""
        lengths = []
        for _ in range(self._count(_DIMENSIONS)):
            self._name()
            lengths.append(self.size())
        if lengths.count(0) > 1:
            raise ValueError("its header has two unlimited dimensions")
        return lengths

    def attributes(self) -> None:
        """Skip attributes."""
        for _ in range(self._count(_ATTRIBUTES)):
            self._name()
            width = self._width()
            self._skip(self.size() * width)

    def variables(self, dimensions: Sequence[int]) -> list[_Variable]:
        """Read the description of each variable."""
        found = []
        for _ in range(self._count(_VARIABLES)):
            name = self._name()
            rank = self._bounded(self.size())
            numbers = [self.size() for _ in range(rank)]
            if any(number >= len(dimensions) for number in numbers):
                raise ValueError(f"{name} has a dimension that does not exist")
            shape = tuple(dimensions[number] for number in numbers)
            if 0 in shape[1:]:
                raise ValueError(f"{name} has an unlimited dimension that is not first")
            self.attributes()
            width = self._width()
            self.size()  # bytes, which wrap around for large variables
            found.append(_Variable(name, shape, width, self._number(self._offset)))
        return found

    def _number(self, form: str) -> int:
        width = struct.calcsize(form)
        self._skip(width, padded=False)
        return int(struct.unpack_from(form, self._data, self._place - width)[0])

    def _skip(self, size: int, padded: bool = True) -> None:
        """Go on by some bytes, and to a multiple of four."""
        end = self._place + (-(-size // 4) * 4 if padded else size)
        if end > len(self._data):
            raise ValueError(
                f"its header tells of {size} bytes at byte {self._place}, the file has "
                f"{len(self._data)}"
            )
        self._place = end

    def _bounded(self, count: int) -> int:
        """Refuse more elements than bytes are left for, at four each."""
        if 4 * count > len(self._data) - self._place:
            raise ValueError(
                f"its header tells of {count} elements at byte {self._place}, the file "
                f"has {len(self._data)} bytes"
            )
        return count

    def _count(self, kind: int) -> int:
        """Number of elements of a list of a kind; 0 where it is absent."""
        place = self._place
        found, count = self._number(">I"), self.size()
        if found != kind and (found, count) != (0, 0):
            raise ValueError(f"its header has no list of kind {kind} at byte {place}")
        return self._bounded(count)

    def _name(self) -> str:
        size = self.size()
        begin = self._place
        self._skip(size)
        return self._data[begin : begin + size].decode(errors="replace")

    def _width(self) -> int:
        """Bytes of a number of the type that follows."""
        kind = self._number(">I")
        if kind not in _WIDTHS:
            raise ValueError(f"its header has numbers of an unknown type {kind}")
        return _WIDTHS[kind]


def _check_ends(variables: Sequence[_Variable], records: int, size: int) -> None:
    """Refuse variables that end beyond the file."""
    repeated = [variable for variable in variables if variable.is_record]
    # Records are padded to four bytes, unless they hold a single variable.
    record = sum(-(-variable.size // 4) * 4 for variable in repeated)
    if len(repeated) == 1:
        record = repeated[0].size
    for variable in variables:
        count = records if variable.is_record else 1
        end = variable.begin + (count - 1) * record * variable.is_record + variable.size
        if count and variable.size and end > size:
            raise ValueError(
                f"{variable.name} ends at byte {end}, the file has {size}: it is "
                "truncated"
            )

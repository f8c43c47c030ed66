"""Arrays of numbers in MATLAB files of version 5, each length checked before its use.

SciPy reads many more kinds of content, but trusts the lengths in a file: a damaged one
can end the process.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_HEADER = 128
# Kinds of elements and of arrays, by their numbers in the format.
_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED = 1, 5, 6, 14, 15
_STORED = {
    **{1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4"},
    **{7: "f4", 9: "f8", 12: "i8", 13: "u8"},
}
_CLASSES = {
    **{6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2"},
    **{12: "i4", 13: "u4", 14: "i8", 15: "u8"},
}
_OTHERS = {1: "cells", 2: "a structure", 3: "an object", 4: "text", 5: "a sparse one"}
_COMPLEX = 0x0800
_MOST_DIMENSIONS = 32


class NotNumbersError(ValueError):
    """An array holds text, complex numbers or the like; the file is not damaged."""


class _Element(NamedTuple):
    """Part of a file: its kind, its bytes, and where the next one begins."""

    kind: int
    content: bytes
    end: int


class _Array(NamedTuple):
    """The header of an array, and where its numbers begin."""

    name: str
    flags: int
    shape: tuple[int, ...]
    start: int


def read_matlab(
    path: Path, names: Collection[str]
) -> tuple[dict[str, npt.NDArray[Any]], list[str]]:
    """Read the arrays of some names that exist; return also the names of all.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If its format or version differs, it ends too soon, or is inconsistent.
    NotNumbersError
        If a requested array does not hold real numbers.
    zlib.error
        If a compressed array is damaged.

    Notes
    -----
    Source: MathWorks, MAT-File Format, level 5.
    """
    data = path.read_bytes()
    order = _byte_order(data)
    arrays: dict[str, npt.NDArray[Any]] = {}
    found = []
    for content in _matrices(data, order):
        array = _described(content, order)
        found.append(array.name)
        if array.name in names:
            arrays[array.name] = _numbers(content, array, order)
    return arrays, found


def _byte_order(data: bytes) -> str:
    """Return ``<`` or ``>``, and refuse files of other formats."""
    if data[:8] == b"\x89HDF\r\n\x1a\n" or data[512:520] == b"\x89HDF\r\n\x1a\n":
        raise ValueError("it is of version 7.3, which is HDF5: save it with -v7")
    orders = {b"IM": "<", b"MI": ">"}
    if len(data) < _HEADER or data[126:128] not in orders:
        raise ValueError(f"it does not begin with the {_HEADER} bytes of version 5")
    order = orders[data[126:128]]
    if np.frombuffer(data, order + "u2", 1, 124)[0] != 0x0100:
        raise ValueError("its header does not state version 5")
    return order


def _element(data: bytes, start: int, order: str, padded: bool = True) -> _Element:
    """Return the element that begins at ``start``, which must lie within ``data``."""
    if start + 8 > len(data):
        raise ValueError(f"it ends in the tag of an element, at byte {len(data)}")
    kind, size = (int(n) for n in np.frombuffer(data, order + "u4", 2, start))
    if kind >> 16:  # up to four bytes lie in the tag itself
        kind, size, begin, end = kind & 0xFFFF, kind >> 16, start + 4, start + 8
        if size > 4:
            raise ValueError(f"a short element of {size} bytes at byte {start}")
    else:
        begin = start + 8
        end = begin + (-(-size // 8) * 8 if padded else size)
    if begin + size > len(data):
        raise ValueError(
            f"an element of {size} bytes begins at byte {start} of {len(data)}"
        )
    return _Element(kind, data[begin : begin + size], end)


def _matrices(data: bytes, order: str) -> Iterator[bytes]:
    """Yield the content of each array of a file."""
    place = _HEADER
    while place < len(data):
        # Compressed elements are not padded to eight bytes.
        padded = (
            data[place : place + 4] != np.array(_COMPRESSED, order + "u4").tobytes()
        )
        element = _element(data, place, order, padded)
        place = element.end
        if element.kind == _COMPRESSED:
            element = _unpacked(element.content, order)
        if element.kind != _MATRIX:
            raise ValueError(f"an element of kind {element.kind} where an array is due")
        yield element.content


def _unpacked(packed: bytes, order: str) -> _Element:
    """Unpack a compressed element, which must have the stated size."""
    unpacker = zlib.decompressobj()
    tag = unpacker.decompress(packed, 8)
    if len(tag) < 8:
        raise ValueError("a compressed array ends in its tag")
    size = int(np.frombuffer(tag, order + "u4")[1])
    # A further byte shows whether it ends there; zlib compares the checksum at the end.
    content = unpacker.decompress(unpacker.unconsumed_tail, size + 1)
    if len(content) != size or not unpacker.eof:
        raise ValueError(f"a compressed array does not have its stated {size} bytes")
    return _element(tag + content, 0, order, padded=False)


def _described(content: bytes, order: str) -> _Array:
    """Read the flags, shape and name of an array."""
    flags = _element(content, 0, order)
    shape = _element(content, flags.end, order)
    name = _element(content, shape.end, order)
    if (
        (flags.kind, shape.kind, name.kind) != (_UINT32, _INT32, _INT8)
        or len(flags.content) != 8
        or len(shape.content) % 4
        or not 8 <= len(shape.content) <= 4 * _MOST_DIMENSIONS
    ):
        raise ValueError("an array has no flags, shape and name where they are due")
    sizes = np.frombuffer(shape.content, order + "i4").tolist()
    if min(sizes) < 0:
        raise ValueError(f"an array has the shape {sizes}")
    word = int(np.frombuffer(flags.content, order + "u4")[0])
    return _Array(name.content.decode("ascii"), word, tuple(sizes), name.end)


def _numbers(content: bytes, array: _Array, order: str) -> npt.NDArray[Any]:
    """Read the numbers of an array, in the dtype of its class."""
    kind = array.flags & 0xFF
    if kind not in _CLASSES or array.flags & _COMPLEX:
        got = "complex ones" if kind in _CLASSES else _OTHERS.get(kind, f"class {kind}")
        raise NotNumbersError(f"{array.name} must hold real numbers, got {got}")
    part = _element(content, array.start, order)
    if part.kind not in _STORED:
        raise ValueError(f"{array.name} is stored as numbers of kind {part.kind}")
    dtype = np.dtype(order + _STORED[part.kind])
    wanted = math.prod(array.shape) * dtype.itemsize
    if len(part.content) != wanted:
        raise ValueError(
            f"{array.name} of shape {array.shape} takes {wanted} bytes, it has "
            f"{len(part.content)}"
        )
    stored = np.frombuffer(part.content, dtype)
    return stored.reshape(array.shape, order="F").astype(_CLASSES[kind])

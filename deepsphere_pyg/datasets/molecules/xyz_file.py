"""Molecules in xyz files, of one or several frames.

The format has no checksum and many writers. Libraries for it guess where a file departs
from it; here, all but a number of atoms, a comment and as many lines of atoms is an
error that names the line.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from deepsphere_pyg.convert.molecules.elements import CHARGES, SYMBOLS
from deepsphere_pyg.datasets.files import DataFileError
from samplings.arrays import FloatArray, IntArray

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COUNT = re.compile(r"\d{1,9}")
# Extended xyz: the order of the columns, cells, and directions that repeat.
_PROPERTIES = re.compile(r"\bproperties\s*=\s*\"?([^\s\"]+)", re.IGNORECASE)
_COLUMNS = re.compile(r"species:S:1:pos:R:3(:|$)", re.IGNORECASE)
_LATTICE = re.compile(r"\blattice\s*=", re.IGNORECASE)
_PERIODIC = re.compile(r"\bpbc\s*=\s*(?:\"([^\"]*)\"|(\S+))", re.IGNORECASE)
_LAYOUT = (
    "an xyz file holds, for each molecule, its number of atoms, a comment, and a line "
    "for each atom: symbol, x, y, z in angstrom"
)


def read_xyz(path: Path) -> list[tuple[IntArray, FloatArray]]:
    """Return nuclear charges ``(atom,)`` and positions ``(atom, 3)`` of each frame.

    Positions are in the unit of the file, by convention angstrom. The first column is
    a symbol or a nuclear charge; columns after the position are ignored.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataFileError
        If the file departs from the format, holds no molecule, or its molecules are
        periodic or have other columns; the message names the line.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    frames: list[tuple[IntArray, FloatArray]] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        count = lines[at].strip()
        if not _COUNT.fullmatch(count) or int(count) == 0:
            raise _error(path, at, f"a number of atoms is due, got {count!r:.60}")
        n = int(count)
        if at + 2 + n > len(lines):
            left = max(0, len(lines) - at - 2)
            raise _error(path, at, f"{n} atoms are announced, {left} lines follow")
        _check_comment(path, at + 1, lines[at + 1])
        atoms = [_atom(path, i, lines[i]) for i in range(at + 2, at + 2 + n)]
        places = np.array([place for _, place in atoms], dtype=np.float64)
        frames.append((np.array([z for z, _ in atoms], dtype=np.int64), places))
        at += 2 + n
    if not frames:
        raise DataFileError(f"{path} holds no molecule; {_LAYOUT}")
    return frames


def _atom(path: Path, line: int, text: str) -> tuple[int, list[float]]:
    """Return the charge and the position of an atom."""
    words = text.split()
    if len(words) < 4:
        raise _error(path, line, f"symbol, x, y and z are due, got {text!r:.60}")
    symbol, numbers = words[0], words[1:4]
    if symbol.isascii() and symbol.isdigit() and 1 <= int(symbol) <= len(SYMBOLS):
        charge = int(symbol)
    elif symbol.capitalize() in CHARGES:
        charge = CHARGES[symbol.capitalize()]
    else:
        raise _error(path, line, f"{symbol!r:.60} is the symbol of no element")
    for number in numbers:
        if not _NUMBER.fullmatch(number) or not np.isfinite(float(number)):
            raise _error(path, line, f"a coordinate is due, got {number!r:.60}")
    return charge, [float(number) for number in numbers]


def _check_comment(path: Path, line: int, comment: str) -> None:
    """Refuse what an extended xyz file states and molecules do not have."""
    columns = _PROPERTIES.search(comment)
    if columns and not _COLUMNS.match(columns[1]):
        raise _error(
            path,
            line,
            f"columns must begin with species:S:1:pos:R:3, got {columns[1]:.60}",
        )
    periodic = _PERIODIC.search(comment)
    directions = (periodic[1] or periodic[2] or "") if periodic else "T"
    if _LATTICE.search(comment) and re.search(r"[Tt1]", directions):
        raise _error(
            path,
            line,
            "its molecule repeats in a lattice, which networks of molecules do not "
            "know; cut one molecule out and leave out Lattice=",
        )


def _error(path: Path, line: int, fault: str) -> DataFileError:
    """Return an error that names a line, counted from 1."""
    return DataFileError(f"{path}, line {line + 1}: {fault}; {_LAYOUT}")

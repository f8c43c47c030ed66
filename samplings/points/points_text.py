"""Tables of points in text files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from samplings.arrays import FloatArray
from samplings.points.coordinate_text import (
    Column,
    MissingCoordinate,
    degrees_in,
    named_column,
)
from samplings.points.text_rows import COMMENT, Line, fields_of, is_comment, records
from samplings.units import degrees_of

EXPECTED = "expected columns lon and lat in degree, or x, y and z of unit vectors"
_SPLITS = (";", "\t", "|", ",", None)
_BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_RANGE = {"lon": 360.0, "lat": 90.0}


def read_table(path: Path) -> FloatArray:
    """Return the points of a text file: ``(V, 2)`` lon, lat in degree, or ``(V, 3)``.

    A header names the columns, in any order and case, with or without units: the first
    line, or a comment above the first row. Columns are split by commas, semicolons,
    tabs, bars or blanks; fields may be quoted. Comments begin with ``#``, ``%`` or
    ``//``. Text is UTF-8, UTF-16 with a byte-order mark, or Latin-1. Messages of errors
    name the file and the line.
    """
    lines = [line for line in enumerate(_decoded(path), 1) if line[1].strip()]
    # The empty text means not known yet, and None blanks.
    split: str | None = ""
    found = re.fullmatch(r"\"?sep=(.)\"?", lines[0][1].strip(" \r")) if lines else None
    if found or (lines and lines[0][1].strip("\r\n ").lower() == "sep=\t"):
        split = found[1] if found else "\t"
        lines = lines[1:]
    body = [i for i, line in enumerate(lines) if not is_comment(line[1])]
    if not body:
        raise ValueError(f"{path}: the file holds no points; {EXPECTED}")
    comments = [text for _, text in lines[: body[0]]]
    names, columns, own = _header(path, lines[body[0]][1], comments, split)
    rows = lines[body[0] + own :]
    units = _units_of_ecsv(comments)
    columns = [
        replace(c, unit=c.unit or units.get(names[c.index], "")) for c in columns
    ]
    data = [line for line in rows if not is_comment(line[1])]
    if not data:
        raise ValueError(f"{path}: a header but no points; {EXPECTED}")
    split = _split_of_rows(names, data[0][1], split, lines[body[0]][1] if own else "")
    return _values(path, rows, names, columns, split)


def _decoded(path: Path) -> list[str]:
    """Return the lines of a text file, in any of the usual encodings."""
    raw = path.read_bytes()
    encodings = [code for mark, code in _BOMS.items() if raw.startswith(mark)][:1]
    for encoding in encodings or ["utf-8", "latin-1"]:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1f]", text):
            return re.split(r"\r\n|\r|\n", text)
    raise ValueError(
        f"{path}: not text in UTF-8, UTF-16 with a byte-order mark, or Latin-1; save "
        "it as UTF-8, or use .npy or .npz"
    )


def _header(
    path: Path, first: str, comments: list[str], split: str | None
) -> tuple[list[str], list[Column], bool]:
    """Return names, columns of coordinates, and whether the first line holds them."""
    splits = _SPLITS if split == "" else (split,)
    marks = re.compile(r"^[\s\"]*(?:#|%|//)+\s*")
    candidates = [(first, True)]
    candidates += [(marks.sub("", text), False) for text in reversed(comments)]
    for text, own in candidates:
        for mark in splits:
            names = fields_of(text, mark)
            columns = _coordinates(path, names)
            if columns:
                return names, columns, own
    shown = first
    if comments and re.match(r"[\s\"]*[+-]?[.\d]", first):
        shown = candidates[1][0]
    mark = next((one for one in splits if one is not None and one in shown), None)
    names = [name for name in fields_of(shown, mark) if name]
    raise ValueError(f"{path}: found {', '.join(names) or 'no names'}; {EXPECTED}")


def _coordinates(path: Path, names: list[str]) -> list[Column]:
    """Return the columns of coordinates, lon first; empty unless all are present."""
    columns = [named_column(i, name) for i, name in enumerate(names)]
    for kinds in (("lon", "lat"), ("ra", "dec"), ("x", "y", "z")):
        found = [[c for c in columns if c and c.kind == kind] for kind in kinds]
        if not all(found):
            continue
        for kind, several in zip(kinds, found, strict=True):
            same = {names[c.index].strip().lower() for c in several}
            if len(several) > len(same) or len({c.unit for c in several}) > 1:
                raise ValueError(
                    f"{path}: more than one column of {kind}: "
                    f"{', '.join(names[c.index] for c in several)}; rename all but one"
                )
        return [several[0] for several in found]
    return []


def _units_of_ecsv(comments: list[str]) -> dict[str, str]:
    """Return the units of columns in a header of astropy's ECSV."""
    text = " ".join(line.lstrip("# ") for line in comments)
    if not text.startswith("%ECSV"):
        return {}
    entries = re.findall(r"\{([^{}]*)\}", text)
    units = {}
    for entry in entries:
        pairs = dict(re.findall(r"(\w+): *'?([^,']*[^,' ])'?", entry))
        if {"name", "unit"} <= set(pairs):
            units[pairs["name"]] = pairs["unit"]
    return units


def _split_of_rows(
    names: list[str], row: str, split: str | None, header: str
) -> str | None:
    """Return the separator that splits rows into one field per name, if any."""
    if split != "":
        return split
    # Headers in comments are often split differently from the rows.
    fitting = [one for one in _SPLITS if len(fields_of(row, one)) == len(names)]
    if header:
        of_header = [one for one in _SPLITS if fields_of(header, one) == names]
        fitting = [one for one in of_header if one in fitting] or of_header
    if fitting:
        return fitting[0]
    return next((one for one in _SPLITS if one is not None and one in row), None)


def _values(
    path: Path,
    rows: list[Line],
    names: list[str],
    columns: list[Column],
    split: str | None,
) -> FloatArray:
    """Return the coordinates of all rows."""
    texts: list[list[str]] = []
    numbers: list[int] = []
    for number, fields in records(path, rows, names, split):
        comment = is_comment(fields[0])
        here = f"{path}, line {number}"
        if len(fields) != len(names):
            if comment:
                continue
            hint = "quote fields that contain the separator"
            if split is None:
                hint = "quote names that contain blanks, or use commas"
            raise ValueError(
                f"{here}: {len(fields)} fields, but the header has {len(names)}; every "
                f"row must hold a number in each coordinate's column; {hint}"
            )
        chosen = [fields[c.index] for c in columns]
        if comment:
            if all(re.search(r"\d", text) for text in chosen) and not any(
                text.startswith(COMMENT) for text in chosen
            ):
                raise ValueError(
                    f"{here}: {fields[0]!r} may be the name of a point or begin a "
                    "comment; delete the line, or the mark before the name"
                )
            continue
        if not texts:
            columns, skipped = _line_of_units(columns, chosen)
            if skipped:
                continue
        # A mark in a field of a number begins a comment.
        texts.append([text.split("#")[0].strip() or text for text in chosen])
        numbers.append(number)
    if not texts:
        raise ValueError(f"{path}: a header but no points; {EXPECTED}")
    values = [
        _column(path, numbers, [row[i] for row in texts], column)
        for i, column in enumerate(columns)
    ]
    return np.stack(values, axis=1)


def _line_of_units(
    columns: list[Column], fields: list[str]
) -> tuple[list[Column], bool]:
    """Return columns with the units of a line below the header, and if it is one."""
    units = [text.strip("[]() ") for text in fields]
    if all(re.fullmatch(r"[-=]{3,}", text) for text in units):
        return columns, True
    if not all(unit and degrees_of(unit) is not None for unit in units):
        return columns, False
    pairs = zip(columns, units, strict=True)
    return [replace(column, unit=unit) for column, unit in pairs], True


def _column(
    path: Path, numbers: list[int], texts: list[str], column: Column
) -> FloatArray:
    """Return the values of a coordinate, in degree unless it is one of a vector."""
    try:
        factor = 1.0 if column.kind in "xyz" else column.factor()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    limit = _RANGE.get(column.axis, np.inf)
    try:
        # Fast, for plain numbers.
        values = np.array(texts, dtype=np.str_).astype(np.float64) * factor
        plain = bool((np.abs(values) <= limit).all() and np.isfinite(values).all())
        # Python reads 1_0 as ten.
        plain = plain and not any("_" in text for text in texts)
    except ValueError:
        plain = False
    if not plain:
        values = np.empty(len(texts))
        for i, (number, text) in enumerate(zip(numbers, texts, strict=True)):
            here = f"{path}, line {number}"
            try:
                values[i] = degrees_in(text, column, factor)
            except MissingCoordinate as error:
                raise ValueError(
                    f"{here}: {error}; drop such points, with the values there"
                ) from None
            except ValueError as error:
                raise ValueError(
                    f"{here}: {error}; every row must hold a number in each "
                    "coordinate's column"
                ) from None
            if not abs(values[i]) <= limit:
                raise ValueError(
                    f"{here}: {column.axis} must be degrees from {-limit:g} to "
                    f"{limit:g}, got {values[i]:g}; drop points whose coordinates are "
                    "missing, and check that lon comes before lat"
                )
    if column.kind == "ra" and not column.unit and plain and values.max() <= 24:
        raise ValueError(
            f"{path}: ra from {values.min():g} to {values.max():g} may be hours or "
            "degrees; name the unit in the header, as in ra [hour] or ra [deg]"
        )
    return np.asarray(values)

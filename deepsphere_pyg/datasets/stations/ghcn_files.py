"""Files of GHCN-daily: the list of stations, and the reports of a year."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.files import DataFileError, reading
from samplings.arguments import integer_argument, names_argument, path_argument
from samplings.arrays import FloatArray

#: Elements that are known, with the factor of their whole numbers and their unit.
GHCN_ELEMENTS: Mapping[str, tuple[float, str]] = {
    "TMIN": (0.1, "degC"),
    "TMAX": (0.1, "degC"),
    "TAVG": (0.1, "degC"),
    "TOBS": (0.1, "degC"),
    "PRCP": (0.1, "mm"),
    "SNOW": (1.0, "mm"),
    "SNWD": (1.0, "mm"),
}
#: The origin of the files, for messages.
LAYOUT = (
    "NOAA's GHCN-daily has ghcnd-stations.txt, and YYYY.csv.gz of each year in its "
    "folder by_year: put them into one folder"
)
STATION_FILE = "ghcnd-stations.txt"
# Columns of the file of stations; those of the name may be cut short.
_ID, _LAT, _LON, _HEIGHT, _NAME = (0, 11), (12, 20), (21, 30), (31, 37), (41, 71)
_NO_HEIGHT = -999.9
_N_COLUMNS = 8


@dataclass(frozen=True, eq=False)
class GHCNStations:
    """The stations of a list of GHCN-daily.

    Attributes
    ----------
    ids
        Identifiers of eleven characters.
    lon, lat
        Positions in degree, shape ``(V,)``.
    elevation
        Heights in metre, NaN if unknown, shape ``(V,)``.
    names
        Names, not all different.
    """

    ids: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray
    elevation: FloatArray
    names: tuple[str, ...]


def read_ghcn_stations(path: str | os.PathLike[str]) -> GHCNStations:
    """Read ``ghcnd-stations.txt``, of columns at fixed places.

    Parameters
    ----------
    path
        The file, or its folder.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message tells where it comes from.
    TypeError
        If ``path`` is not a path.
    ValueError
        If a line is damaged, or an identifier repeats; the message names the line.

    Notes
    -----
    Source: NOAA, readme.txt of GHCN-daily, section IV: identifier in columns 1-11,
    latitude 13-20, longitude 22-30, elevation 32-37 (-999.9 if unknown), name 42-71.
    """
    file = path_argument("path", path)
    file = file / STATION_FILE if file.is_dir() else file
    _refuse_missing(file)
    rows = []
    seen: dict[str, int] = {}
    with reading(file, "a list of stations"):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _station(file, number, line)
        if row[0] in seen:
            raise DataFileError(
                f"{file}, line {number}: station {row[0]} stands in line "
                f"{seen[row[0]]} already; delete one of the two"
            )
        seen[row[0]] = number
        rows.append(row)
    if not rows:
        raise DataFileError(f"{file} has no stations; {LAYOUT}")
    ids, lat, lon, height, names = zip(*rows, strict=True)
    east, north, up = (np.array(part, dtype=np.float64) for part in (lon, lat, height))
    return GHCNStations(ids, east, north, up, names)


def _station(
    file: Path, number: int, line: str
) -> tuple[str, float, float, float, str]:
    """Return identifier, latitude, longitude, height and name of a line."""
    try:
        id_ = line[slice(*_ID)]
        lat, lon, height = (float(line[slice(*at)]) for at in (_LAT, _LON, _HEIGHT))
        if len(id_.strip()) != _ID[1] or not (abs(lat) <= 90 and abs(lon) <= 180):
            raise ValueError
    except ValueError:
        raise DataFileError(
            f"{file}, line {number}: expected an identifier of 11 characters, a "
            "latitude from -90 to 90 in columns 13-20, a longitude from -180 to 180 in "
            f"22-30 and an elevation in 32-37, got {line[:40]!r}; copy the file again"
        ) from None
    known = np.nan if abs(height - _NO_HEIGHT) < 1e-6 else height
    return id_, lat, lon, known, line[slice(*_NAME)].strip()


def read_ghcn_year(
    path: str | os.PathLike[str],
    year: int,
    ids: Sequence[str],
    elements: Iterable[str] = ("TMIN", "TMAX"),
) -> npt.NDArray[np.float64]:
    """Read the daily reports of some stations from the file of a year.

    Rows that failed a check of quality, those with a ``qflag``, count as missing.

    Parameters
    ----------
    path
        The file ``YYYY.csv.gz``, or ``YYYY.csv``: rows of identifier, date, element,
        value, mflag, qflag, sflag and time, without a header.
    year
        Its year.
    ids
        Identifiers of the stations to read; others are passed over.
    elements
        Names in :data:`GHCN_ELEMENTS`.

    Returns
    -------
    ndarray
        Shape ``(days, stations, elements)``, in degC or mm, NaN where missing.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message tells where it comes from.
    TypeError
        If an argument has another type.
    ValueError
        If a line is damaged, of another year, or the same report stands twice; the
        message names the line. If an element is unknown.

    Notes
    -----
    Source: NOAA, readme-by_year.txt of GHCN-daily: values are whole numbers, in tenths
    of a degree or of a millimetre. A year of the whole Earth has some 35 million rows,
    which take about a minute.
    """
    file = path_argument("path", path)
    year = integer_argument("year", year, 1)
    columns = elements_argument(elements)
    names = names_argument("ids", ids)
    found = np.full((n_days(year), len(names), len(columns)), np.nan)
    for i, reports in year_reports(file, year, names, columns).items():
        found[:, i] = reports
    return found


def n_days(year: int) -> int:
    """Return the number of days of a year."""
    starts = [np.datetime64(f"{one:04d}-01-01", "D") for one in (year, year + 1)]
    return int((starts[1] - starts[0]).astype(int))


def year_reports(
    file: Path, year: int, ids: Sequence[str], elements: Sequence[str]
) -> dict[int, FloatArray]:
    """Return the reports ``(days, elements)`` of stations that have some, by index.

    Most of the stations of the list report nothing, and take no memory.
    """
    _refuse_missing(file)
    place = {id_.encode(): i for i, id_ in enumerate(ids)}
    dates = np.datetime64(f"{year:04d}-01-01", "D") + np.arange(n_days(year))
    texts = np.datetime_as_string(dates, unit="D").tolist()
    day = {date.replace("-", "").encode(): i for i, date in enumerate(texts)}
    channel = {name.encode(): i for i, name in enumerate(elements)}
    scales = [GHCN_ELEMENTS[name][0] for name in elements]
    found: dict[int, FloatArray] = {}
    with reading(file, "reports of GHCN-daily"):
        for number, line in _lines(file):
            cells = line.rstrip(b"\r\n").split(b",")
            if len(cells) != _N_COLUMNS:
                raise _damaged(file, number, line)
            c = channel.get(cells[2])
            if c is None:
                continue
            t, value = day.get(cells[1]), None
            with suppress(ValueError):
                value = int(cells[3])
            if t is None or value is None:
                raise _damaged(file, number, line)
            v = place.get(cells[0])
            if v is None or cells[5].strip():
                continue
            if v not in found:
                found[v] = np.full((len(day), len(elements)), np.nan)
            if not np.isnan(found[v][t, c]):
                raise DataFileError(
                    f"{file}, line {number}: a second {elements[c]} of the same "
                    f"station and day, {line[:40].decode(errors='replace')!r}; delete "
                    "one of the two"
                )
            found[v][t, c] = value * scales[c]
    return found


def elements_argument(elements: Iterable[str]) -> tuple[str, ...]:
    """Return names of elements, if they are known and of one unit."""
    names = names_argument("elements", elements)
    unknown = [name for name in names if name not in GHCN_ELEMENTS]
    if unknown or not names or len(set(names)) < len(names):
        raise ValueError(
            f"elements must be different ones of {', '.join(GHCN_ELEMENTS)}, got "
            f"{', '.join(names) or 'an empty list'}; pass such as ('TMIN', 'TMAX')"
        )
    if len({GHCN_ELEMENTS[name][1] for name in names}) > 1:
        raise ValueError(
            f"elements must have one unit, got {', '.join(names)}; read temperatures "
            "and amounts of water one after the other"
        )
    return names


def _damaged(file: Path, number: int, line: bytes) -> DataFileError:
    shown = line[:60].decode(errors="replace").rstrip()
    return DataFileError(
        f"{file}, line {number}: expected id,YYYYMMDD,element,value,mflag,qflag,sflag,"
        f"time with a date of the file's year and a whole value, got {shown!r}; copy "
        "the file again"
    )


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file, packed or not, and their numbers from 1."""
    opened = gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")
    with opened as stream:
        yield from enumerate(stream, 1)


def _refuse_missing(file: Path) -> None:
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist; {LAYOUT}")

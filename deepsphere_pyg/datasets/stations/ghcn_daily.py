"""Series of the stations of GHCN-daily that report every day."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from deepsphere_pyg.datasets.files import DataFileError
from deepsphere_pyg.datasets.stations.ghcn_files import (
    GHCN_ELEMENTS,
    LAYOUT,
    STATION_FILE,
    elements_argument,
    n_days,
    read_ghcn_stations,
    year_reports,
)
from deepsphere_pyg.datasets.stations.station_series import StationSeries
from samplings.arguments import integers_argument, path_argument, probability_argument
from samplings.atomic_files import atomic_path
from samplings.reading import numpy_arrays

_ARRAYS = ("ids", "lon", "lat", "elevation", "values", "sources")
_REMEDY = "delete it, and it is computed again"


def read_ghcn_daily(
    root: str | os.PathLike[str],
    years: Iterable[int] = (2010, 2011, 2012, 2013, 2014),
    elements: Iterable[str] = ("TMIN", "TMAX"),
    *,
    missing: float = 0.0,
    progress: bool = False,
) -> StationSeries:
    """Read the stations of GHCN-daily that report all elements on all days.

    What is found is kept in the folder as ``ghcn-ELEMENTS-YEARS.npz``, written whole or
    not at all, and read from there if the files have the same sizes and times.

    Parameters
    ----------
    root
        Folder of ``ghcnd-stations.txt`` and of ``YYYY.csv.gz`` for each year.
    years
        Years, one after the other.
    elements
        Names in :data:`~deepsphere_pyg.datasets.stations.GHCN_ELEMENTS`, of one unit.
    missing
        Largest share of reports that a station may lack, in [0, 1): 0, as published,
        for stations with all days. Missing reports stay NaN.
    progress
        Whether to show a progress bar on a terminal.

    Returns
    -------
    StationSeries
        Daily values in degC or mm, one channel for each element.

    Raises
    ------
    FileNotFoundError
        If a file is missing; the message tells where it comes from.
    TypeError
        If an argument has another type.
    ValueError
        If a line of a file is damaged, years do not follow each other, the two kinds of
        files share no station, or not one station reports often enough.

    Notes
    -----
    Source: the stations of Defferrard et al. 2020, arXiv:2012.15000, section 4.3.
    """
    folder = path_argument("root", root)
    chosen = integers_argument("years", years, 1)
    names = elements_argument(elements)
    share = probability_argument("missing", missing)
    if not chosen or any(b - a != 1 for a, b in pairwise(chosen)):
        raise ValueError(
            "years must follow each other, got "
            f"{' '.join(map(str, chosen)) or 'an empty list'}; pass such as "
            "(2010, 2011)"
        )
    files = [folder / STATION_FILE, *(_year_file(folder, year) for year in chosen)]
    kept = folder / f"ghcn-{'-'.join(names)}-{chosen[0]}-{chosen[-1]}.npz"
    sources = _fingerprint(files)
    found = _kept(kept, sources)
    if found is None:
        found = _read(files, chosen, names, progress)
        with atomic_path(kept) as temporary, temporary.open("wb") as stream:
            arrays: dict[str, Any] = {**found, "sources": sources}
            np.savez_compressed(stream, **arrays)
    lacking = np.isnan(found["values"]).mean(axis=(0, 2))
    often = np.flatnonzero(lacking <= share)
    if not len(often):
        raise DataFileError(
            f"no station of {folder} reports {' and '.join(names)} on every day of "
            f"{chosen[0]} to {chosen[-1]} but a share of {share:g}; the best one lacks "
            f"a share of {lacking.min():.3f}: pass a larger missing"
        )
    days = np.arange(len(found["values"]))
    return StationSeries(
        names=found["ids"][often].tolist(),
        lon=found["lon"][often],
        lat=found["lat"][often],
        times=np.datetime64(f"{chosen[0]:04d}-01-01", "D") + days,
        values=found["values"][:, often],
        channel_names=names,
        unit=GHCN_ELEMENTS[names[0]][1],
        elevation=found["elevation"][often],
    )


def _year_file(folder: Path, year: int) -> Path:
    """Return the packed file of a year, or the plain one."""
    packed, plain = folder / f"{year}.csv.gz", folder / f"{year}.csv"
    return plain if plain.is_file() and not packed.is_file() else packed


def _fingerprint(files: Iterable[Path]) -> npt.NDArray[Any]:
    """Return names, sizes and times of change of files, as texts."""
    facts = []
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"{file} does not exist; {LAYOUT}")
        status = file.stat()
        facts.append(f"{file.name} {status.st_size} {status.st_mtime_ns}")
    return np.array(facts)


def _kept(file: Path, sources: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]] | None:
    """Return what an earlier call kept of the same files, if there is anything."""
    if not file.is_file():
        return None
    found = numpy_arrays(file, "kept reports of GHCN-daily", _ARRAYS, _REMEDY)
    same = found.pop("sources").tolist() == sources.tolist()
    return found if same else None


def _read(
    files: list[Path],
    years: tuple[int, ...],
    elements: tuple[str, ...],
    progress: bool,
) -> dict[str, npt.NDArray[Any]]:
    """Read all files, and keep the stations that report anything."""
    stations = read_ghcn_stations(files[0])
    steps = tqdm(
        zip(files[1:], years, strict=True),
        total=len(years),
        desc="years",
        leave=False,
        disable=None if progress else True,
    )
    parts = []
    for file, year in steps:
        parts.append(year_reports(file, year, stations.ids, elements))
        if not parts[-1]:
            raise DataFileError(
                f"{file} has no report of {' or '.join(elements)} of a station that "
                f"{files[0]} lists; check that the files are of the same network"
            )
    reporting = np.array(sorted(set().union(*parts)))
    values = np.full((sum(map(n_days, years)), len(reporting), len(elements)), np.nan)
    row = 0
    for part, year in zip(parts, years, strict=True):
        days = n_days(year)
        for column, station in enumerate(reporting.tolist()):
            if station in part:
                values[row : row + days, column] = part[station]
        row += days
    return {
        "ids": np.array([stations.ids[i] for i in reporting]),
        "lon": stations.lon[reporting],
        "lat": stations.lat[reporting],
        "elevation": stations.elevation[reporting],
        "values": values,
    }

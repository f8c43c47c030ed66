"""Options of the command ``deepsphere-pyg stations``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from deepsphere_pyg.commands.options.machine import MachineOptions, OutputOptions
from deepsphere_pyg.commands.options.parsing import Options, flag
from deepsphere_pyg.training.options import TrainingOptions

#: Tasks of each kind of data; the first is the default.
TASKS_OF = {
    "generated": ("next-day", "day-of-year", "interpolate"),
    "hourly": ("interpolate", "next-hour"),
    "ghcn": ("next-day", "day-of-year", "interpolate"),
}
#: Sizes of networks of each task. Those of daily data are published.
SIZES: dict[str, dict[str, Any]] = {
    "interpolate": {"widths": (32, 32), "k": 8},
    "next-hour": {"widths": (32, 32), "k": 8},
    "next-day": {"widths": (50, 100, 100), "k": 5},
    "day-of-year": {"widths": (50, 100, 100), "k": 5},
}
_ORDER = re.compile(r"order-(\d+)")


@dataclass(frozen=True, kw_only=True)
class StationOptions(Options):
    """Data and task.

    Parameters
    ----------
    data
        Reports: generated, of daily temperatures whose best prediction is known;
        hourly, of a NetCDF file (--file); or ghcn, NOAA's files of daily reports
        (--root).
    task
        interpolate: values at stations from the others at the same time; next-hour and
        next-day: the next values from the past ones; day-of-year: the season of a day,
        0 at the turn of the year and 1 in July, from its values (default: next-day of
        daily data, interpolate of hourly).
    file
        NetCDF file of reports of stations at several hours.
    variable
        Its variable.
    root
        Folder of ghcnd-stations.txt and of YYYY.csv.gz for each year.
    years
        Years of --root, one after the other.
    elements
        Elements of --root, of one unit, such as TMIN TMAX; each is a series of its own,
        but for day-of-year, which sees all of them.
    missing
        Largest share of reports that a station of --root may lack; 0 for stations with
        all days.
    points
        File of positions of the generated stations, lon and lat (default: positions in
        clusters, as on land).
    n_stations
        Number of generated stations, of those of --points drawn at random.
    n_days
        Number of generated days.
    methods
        Methods to compare: simple ones of the task, and order-N, a network with
        polynomials of order N (default: all simple ones, and networks).
    folds
        Parts of the stations that are held out in turn, of interpolate.
    masks
        Random sets of hidden stations for each time that a network learns to
        interpolate from.
    past
        Past times that the next one is predicted from.
    seeds
        Seeds of networks that predict the next time or the season.
    """

    data: Literal["generated", "hourly", "ghcn"] = "generated"
    task: Literal["interpolate", "next-hour", "next-day", "day-of-year"] | None = None
    file: Path | None = None
    variable: str = "T"
    root: Path | None = None
    years: tuple[int, ...] = (2010, 2011, 2012, 2013, 2014)
    elements: tuple[str, ...] = ("TMIN", "TMAX")
    missing: float = 0.0
    points: Path | None = None
    n_stations: int = 400
    n_days: int = 1096
    methods: tuple[str, ...] | None = None
    folds: int = 5
    masks: int = 6
    past: int = 5
    seeds: tuple[int, ...] = (0,)


@dataclass(frozen=True, kw_only=True)
class StationNetworkOptions(Options):
    """Network; what is not given is that of the task.

    Parameters
    ----------
    widths
        Channels of the hidden layers.
    k
        Neighbours in the graph.
    weighting
        Weights of its edges: heat, of the mean distance, as published; or self-tuned,
        of the distances around each station.
    """

    widths: tuple[int, ...] | None = None
    k: int | None = None
    weighting: Literal["heat", "self-tuned"] = "self-tuned"


@dataclass(frozen=True, kw_only=True)
class StationsOptions(
    StationOptions,
    StationNetworkOptions,
    OutputOptions,
    MachineOptions,
    TrainingOptions,
):
    """Options of the command."""

    epochs: int = 15
    batch_size: int = 8
    learning_rate: float = 3e-3

    @property
    def chosen_task(self) -> str:
        """The task, the first of the data by default."""
        return self.task or TASKS_OF[self.data][0]

    @property
    def default_out(self) -> Path:
        """Folder of the results if ``--out`` is not given."""
        return Path(f"runs/stations-{self.data}-{self.chosen_task}")

    @property
    def resolved(self) -> StationsOptions:
        """The options, with those of the task where they are not given."""
        given = SIZES[self.chosen_task]
        missing = [name for name in given if getattr(self, name) is None]
        own: dict[str, Any] = {name: given[name] for name in missing}
        return replace(self, **{"task": self.chosen_task, **own})


OPTIONS = StationsOptions


def check_options(options: Any) -> None:
    """Refuse options that no run can have, before any file is read.

    Raises
    ------
    ValueError
        If one is out of its range, or they contradict each other.
    """
    known = TASKS_OF[options.data]
    if options.task not in known:
        raise ValueError(
            f"--task of --data {options.data} must be {', '.join(known[:-1])} or "
            f"{known[-1]}, got "
            f"{options.task}; pass one of these, or other --data"
        )
    for name, data in (("file", "hourly"), ("root", "ghcn")):
        given = getattr(options, name)
        if options.data == data and given is None:
            what = "a NetCDF file of reports"
            if name == "root":
                what = "the folder of ghcnd-stations.txt and YYYY.csv.gz of each year"
            raise ValueError(f"--{name} is required by --data {data}: {what}")
        if options.data != data and given is not None:
            raise ValueError(
                f"--{name} is of --data {data}, got --data {options.data}; leave it "
                f"out, or pass --data {data}"
            )
    if options.points is not None and options.data != "generated":
        raise ValueError("--points is of --data generated; leave it out")
    for name in ("n_stations", "n_days", "masks", "past", "k"):
        if getattr(options, name) < 1:
            raise ValueError(
                f"--{flag(name)} must be at least 1, got {getattr(options, name)}"
            )
    if not options.widths or min(options.widths) < 1:
        raise ValueError(
            f"--widths must be at least 1, got {' '.join(map(str, options.widths))}"
        )
    for name in ("seeds", "methods"):
        values = getattr(options, name)
        if values is not None and (not values or len(set(values)) < len(values)):
            shown = " ".join(map(str, values))
            raise ValueError(f"--{name} must be distinct values, got {shown}")
    if min(options.seeds) < 0:
        raise ValueError(f"--seeds must be at least 0, got {min(options.seeds)}")


def checked_methods(given: tuple[str, ...] | None, known: tuple[str, ...]) -> Any:
    """Return the methods of a run: those given, or all that a task has.

    Raises
    ------
    ValueError
        If a method is neither known nor a network.
    """
    for name in given or ():
        if name not in known and order_of(name) is None:
            simple = [one for one in known if order_of(one) is None]
            raise ValueError(
                f"--methods of this task must be {', '.join(simple)} or order-N, such "
                f"as order-4, got {name!r}; pass some of these"
            )
    return given or known


def order_of(method: str) -> int | None:
    """Return the order of the polynomials of a network by its name, else None.

    Examples
    --------
    >>> order_of("order-4"), order_of("kriging")
    (4, None)
    """
    found = _ORDER.fullmatch(method)
    return None if found is None else int(found[1])

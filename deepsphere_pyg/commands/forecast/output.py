"""Forecasts in NetCDF files and Zarr stores, by initial time and lead time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.commands.forecast.time_step import SECONDS, is_dates
from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.predictions.layout import (
    PredictionLayout,
    SampleLayout,
    bare,
)
from deepsphere_pyg.datasets.predictions.netcdf_file import NetCDFFile
from deepsphere_pyg.datasets.predictions.output_grid import OutputGrid
from deepsphere_pyg.datasets.predictions.writing import write_blocks
from deepsphere_pyg.datasets.predictions.zarr_store import ZarrStore
from samplings.arrays import IntArray

PREDICTIONS = "predictions"
INITIAL, LEAD, VALID = "init_time", "lead", "valid_time"
# Dimensions of the members of forecasts: the second if the files have the first.
_MEMBERS = ("realization", "forecast_member")
WRITERS: dict[str, tuple[str, Any]] = {
    "netcdf": (".nc", NetCDFFile),
    "zarr": (".zarr", ZarrStore),
}
_ABOUT = {
    INITIAL: ("forecast_reference_time", "time of the last known state"),
    LEAD: ("forecast_period", "time since the last known state"),
    VALID: ("time", "time of the predicted state"),
}


def rollout_order(n: int, leads: int, members: int, size: int) -> IntArray:
    """Return start, lead and member of forecasts in the order of computation.

    Parameters
    ----------
    n, leads, members
        Numbers of starts, of lead times and of members.
    size
        Starts that are stepped on together.

    Returns
    -------
    array
        Shape ``(n * leads * members, 3)``.

    Examples
    --------
    >>> rollout_order(2, 2, 1, 2).tolist()
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]]
    """
    parts = []
    for first in range(0, n, size):
        some = np.arange(first, min(first + size, n))
        axes = (np.arange(leads), some, np.arange(members))
        lead, start, member = np.meshgrid(*axes, indexing="ij")
        parts.append(np.stack([start, lead, member], axis=-1).reshape(-1, 3))
    return np.concatenate(parts)


def rollout_layout(
    series: Series, starts: IntArray, valid: npt.NDArray[Any], order: IntArray
) -> SampleLayout:
    """Return dimensions of members, initial times and lead times.

    Parameters
    ----------
    series
        The series.
    starts
        Samples of the initial states.
    valid
        Times of the predicted states, shape ``(N, lead)``.
    order
        Start, lead and member of each of them, one after another.
    """
    dims, coords, places, sizes = _members(series, starts, order)
    initial, first, place = np.unique(
        series.counts[starts], return_index=True, return_inverse=True
    )
    coords[INITIAL] = _variable(
        series, INITIAL, (INITIAL,), series.times[starts[first]]
    )
    coords[LEAD] = _leads(series, valid.shape[1], LEAD)
    coords[VALID] = _variable(series, VALID, (INITIAL, LEAD), valid[first])
    places += [place[order[:, 0]], order[:, 1]]
    xarray = climate_module("xarray")
    return SampleLayout(
        (*dims, INITIAL, LEAD),
        (*sizes, len(initial), valid.shape[1]),
        np.stack(places, axis=1).astype(np.int64),
        xarray.Dataset(coords=coords),
    )


def ahead_layout(
    series: Series, starts: IntArray, valid: npt.NDArray[Any], order: IntArray
) -> SampleLayout:
    """Return dimensions of members and times of forecasts from one initial time.

    Parameters
    ----------
    series, starts
        The series, and samples of the initial states, of one time.
    valid
        Times of the predicted states, shape ``(lead,)``.
    order
        As for :func:`rollout_layout`.
    """
    dims, coords, places, sizes = _members(series, starts, order)
    coords[series.time] = _variable(series, VALID, (series.time,), valid)
    coords[INITIAL] = _variable(series, INITIAL, (), series.times[starts[0]])
    if LEAD not in coords and series.time != LEAD:
        coords[LEAD] = _leads(series, len(valid), series.time)
    xarray = climate_module("xarray")
    return SampleLayout(
        (*dims, series.time),
        (*sizes, len(valid)),
        np.stack([*places, order[:, 1]], axis=1).astype(np.int64),
        xarray.Dataset(coords=coords),
    )


def write_rollouts(
    folder: Path,
    options: ForecastOptions,
    series: Series,
    samples: SampleLayout,
    blocks: Iterable[Any],
) -> Path:
    """Write forecasts as they are computed, and return the file.

    It is whole or not there at all.

    Parameters
    ----------
    folder
        Where to write.
    options
        Format and grid.
    series
        The series.
    samples
        Dimensions of the forecasts.
    blocks
        Predicted states in the order of ``samples``, each ``(n, V, C)``.
    """
    maps = series.maps
    ending, writer = WRITERS[options.format]
    path = folder / f"{PREDICTIONS}{ending}"
    places = maps.places if options.grid == "source" else None
    layout = PredictionLayout(
        maps,
        (len(maps.sampling), series.n_states),
        OutputGrid(maps.sampling, places, "auto"),
        series.names,
        series.units if any(series.units) else None,
        None,
        np.dtype(np.float32),
        samples,
    )
    write_blocks(writer(path, layout), layout, blocks)
    return path


def _members(
    series: Series, starts: IntArray, order: IntArray
) -> tuple[list[str], dict[str, Any], list[IntArray], list[int]]:
    """Return dimensions of members, their coordinates, places along them, and sizes.

    They are those of the forecasts, if there are several, and those of the files.
    """
    dataset, xarray = series.maps.source.dataset, climate_module("xarray")
    dims: list[str] = []
    coords: dict[str, Any] = {}
    places: list[IntArray] = []
    sizes: list[int] = []
    count = int(order[:, 2].max()) + 1
    if count > 1:
        taken = {*dataset.dims, *dataset.coords}
        name = next(one for one in _MEMBERS if one not in taken)
        about = {"standard_name": "realization", "long_name": "member of the forecast"}
        coords[name] = xarray.Variable((name,), np.arange(count), about)
        dims, places, sizes = [name], [order[:, 2]], [count]
    for dim in series.maps.sample_dims:
        if dim == series.time:
            continue
        found, place = np.unique(
            series.maps.positions(dim)[starts], return_inverse=True
        )
        dims.append(dim)
        places.append(place[order[:, 0]])
        sizes.append(len(found))
        for name, variable in dataset.coords.variables.items():
            if variable.dims == (dim,):
                coords[str(name)] = bare(
                    xarray.Dataset(coords={name: variable.isel({dim: found})})
                )[name].variable
    return dims, coords, places, sizes


def _variable(series: Series, kind: str, dims: tuple[str, ...], values: Any) -> Any:
    """Return a coordinate of times as the files have them."""
    dataset = series.maps.source.dataset
    attrs, encoding = {}, {}
    if series.time in dataset.coords:
        own = dataset[series.time].variable
        attrs = {k: v for k, v in own.attrs.items() if k in ("units", "calendar")}
        # Units and calendar of dates; units of numbers are attributes.
        encoding = {k: v for k, v in own.encoding.items() if k in ("units", "calendar")}
    standard, long = _ABOUT[kind]
    if is_dates(np.atleast_1d(np.asarray(values))):
        attrs["standard_name"] = standard
    if not (kind == VALID and dims == (series.time,)):
        attrs["long_name"] = long
    return climate_module("xarray").Variable(dims, values, attrs, encoding)


def _leads(series: Series, n: int, dim: str) -> Any:
    """Return the coordinate of lead times: durations, or numbers of other units."""
    step, count = series.step, np.arange(1, n + 1)
    standard, long = _ABOUT[LEAD]
    attrs = {"standard_name": standard, "long_name": long}
    xarray = climate_module("xarray")
    if step.unit == SECONDS:
        lengths = np.round(1e9 * step.length * count).astype("m8[ns]")
        return xarray.Variable((dim,), lengths, attrs)
    lengths = step.length * count
    whole = lengths.astype(np.int64)
    values = whole if (whole == lengths).all() else lengths
    return xarray.Variable((dim,), values, {**attrs, "units": step.unit})

"""Forecasts in NetCDF files, by initial time and lead time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

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
from samplings.arrays import IntArray

INITIAL, LEAD, VALID = "init_time", "lead", "valid_time"
_ABOUT = {
    INITIAL: ("forecast_reference_time", "time of the last known state"),
    LEAD: ("forecast_period", "time since the last known state"),
    VALID: ("time", "time of the predicted state"),
}


def rollout_layout(
    series: Series, starts: IntArray, valid: npt.NDArray[Any]
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
    """
    leads = valid.shape[1]
    dims, coords, places = _members(series, starts)
    initial, first, place = np.unique(
        series.counts[starts], return_index=True, return_inverse=True
    )
    coords[INITIAL] = _variable(
        series, INITIAL, (INITIAL,), series.times[starts[first]]
    )
    coords[LEAD] = _leads(series, leads)
    coords[VALID] = _variable(series, VALID, (INITIAL, LEAD), valid[first])
    sizes = [int(one.max()) + 1 for one in places]
    every = np.stack([*places, place], axis=1).astype(np.int64)
    whole = np.concatenate(
        [
            np.repeat(every, leads, axis=0),
            np.tile(np.arange(leads), len(starts))[:, None],
        ],
        axis=1,
    )
    xarray = climate_module("xarray")
    return SampleLayout(
        (*dims, INITIAL, LEAD),
        (*sizes, len(initial), leads),
        whole,
        xarray.Dataset(coords=coords),
    )


def ahead_layout(
    series: Series, starts: IntArray, valid: npt.NDArray[Any]
) -> SampleLayout:
    """Return dimensions of members and times of forecasts from one initial time.

    Parameters
    ----------
    series, starts
        The series, and samples of the initial states, of one time.
    valid
        Times of the predicted states, shape ``(lead,)``.
    """
    dims, coords, places = _members(series, starts)
    coords[series.time] = _variable(series, VALID, (series.time,), valid)
    coords[INITIAL] = _variable(series, INITIAL, (), series.times[starts[0]])
    leads = len(valid)
    whole = [np.repeat(one, leads) for one in places]
    whole.append(np.tile(np.arange(leads), len(starts)))
    xarray = climate_module("xarray")
    return SampleLayout(
        (*dims, series.time),
        (*(int(one.max()) + 1 for one in places), leads),
        np.stack(whole, axis=1).astype(np.int64),
        xarray.Dataset(coords=coords),
    )


def write_rollouts(
    path: Path, series: Series, samples: SampleLayout, blocks: Iterator[Any]
) -> Path:
    """Write forecasts on the grid of the files.

    Parameters
    ----------
    path
        The NetCDF file, written whole or not at all.
    series
        The series.
    samples
        Dimensions of the forecasts.
    blocks
        Predicted states in the order of ``samples``, each ``(n, V, C)``.
    """
    maps = series.maps
    grid = OutputGrid(maps.sampling, maps.places, "auto")
    units = series.units if any(series.units) else None
    layout = PredictionLayout(
        maps,
        (len(maps.sampling), series.n_states),
        grid,
        series.names,
        units,
        None,
        np.dtype(np.float32),
        samples,
    )
    write_blocks(NetCDFFile(path, layout), layout, blocks)
    return path


def _members(
    series: Series, starts: IntArray
) -> tuple[list[str], dict[str, Any], list[IntArray]]:
    """Return the dimensions of members, their coordinates, and places along them."""
    dataset = series.maps.source.dataset
    dims, coords, places = [], {}, []
    for dim in series.maps.sample_dims:
        if dim == series.time:
            continue
        found, place = np.unique(
            series.maps.positions(dim)[starts], return_inverse=True
        )
        dims.append(dim)
        places.append(place.astype(np.int64))
        for name, variable in dataset.coords.variables.items():
            if variable.dims == (dim,):
                coords[str(name)] = bare(
                    climate_module("xarray").Dataset(
                        coords={name: variable.isel({dim: found})}
                    )
                )[name].variable
    return dims, coords, places


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


def _leads(series: Series, n: int) -> Any:
    """Return the coordinate of lead times: durations, or numbers of other units."""
    step, count = series.step, np.arange(1, n + 1)
    standard, long = _ABOUT[LEAD]
    attrs = {"standard_name": standard, "long_name": long}
    xarray = climate_module("xarray")
    if step.unit == SECONDS:
        lengths = np.round(1e9 * step.length * count).astype("m8[ns]")
        return xarray.Variable((LEAD,), lengths, attrs)
    lengths = step.length * count
    whole = lengths.astype(np.int64)
    values = whole if (whole == lengths).all() else lengths
    return xarray.Variable((LEAD,), values, {**attrs, "units": step.unit})

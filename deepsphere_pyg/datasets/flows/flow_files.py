"""Series of generated flows in Zarr stores, written time by time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.netcdf.locations import is_store
from deepsphere_pyg.datasets.predictions.output_grid import OutputGrid
from deepsphere_pyg.datasets.predictions.to_xarray import ATTRIBUTES
from samplings import Sampling
from samplings.atomic_files import atomic_folder

#: Dimensions of the series, before those of the grid.
RUN, TIME = "run", "time"
# Times in a chunk of the store: a file of a run is read for a few steps at once.
_CHUNK = 16


def write_flow_series(
    path: Path,
    sampling: Sampling,
    fields: Mapping[str, Mapping[str, str]],
    times: npt.NDArray[np.datetime64],
    runs: int,
    states: Iterable[npt.NDArray[Any]],
    attributes: Mapping[str, Any],
) -> Path:
    """Write fields of several runs, one time after another, whole or not at all.

    Parameters
    ----------
    path
        Zarr store; one that exists is replaced.
    sampling
        Where the fields are.
    fields
        Names of the fields, and attributes such as units.
    times
        Time of each state, shape ``(T,)``.
    runs
        Number of runs.
    states
        T arrays ``(V, runs, fields)``.
    attributes
        Of the store, such as the options of the model.

    Raises
    ------
    FileExistsError
        If the path is a folder of other files.
    ValueError
        If there are fewer or more states than times.
    """
    if path.is_dir() and any(path.iterdir()) and not is_store(path):
        raise FileExistsError(
            f"{path} is a folder but not a Zarr store, and is not replaced; choose "
            "another path, or move it away"
        )
    zarr = climate_module("zarr")
    grid = OutputGrid(sampling, None, "auto")
    with atomic_folder(path) as folder:
        described, encoding = _described(grid, fields, times, runs)
        described.assign_attrs({**ATTRIBUTES, **attributes}).to_zarr(
            folder, mode="w", compute=False, consolidated=False, encoding=encoding
        )
        group = zarr.open_group(str(folder), mode="r+", use_consolidated=False)
        arrays = [group[name] for name in fields]
        kept: list[npt.NDArray[Any]] = []
        done = 0
        for state in states:
            kept.append(grid.cells(np.moveaxis(state, 0, -1)))
            if len(kept) == _CHUNK:
                done = _write(arrays, kept, done)
                kept = []
        done = _write(arrays, kept, done)
        if done != len(times):
            raise ValueError(f"there must be {len(times)} states, got {done}")
    return path


def _write(arrays: Sequence[Any], kept: Sequence[npt.NDArray[Any]], done: int) -> int:
    """Write states that follow those before, and return the number of all."""
    if not kept:
        return done
    block = np.stack(kept)
    for i, array in enumerate(arrays):
        array[:, done : done + len(kept)] = block[:, :, i].swapaxes(0, 1)
    return done + len(kept)


def _described(
    grid: OutputGrid,
    fields: Mapping[str, Mapping[str, str]],
    times: npt.NDArray[np.datetime64],
    runs: int,
) -> tuple[Any, dict[str, Any]]:
    """Return a data set without values, and the chunks of its variables."""
    xarray, dask = climate_module("xarray"), climate_module("dask.array")
    coordinates = grid.coordinates()
    about = {"standard_name": "time"}
    run = {"long_name": "number of the run", "standard_name": "realization"}
    coordinates = coordinates.assign_coords(
        {TIME: (TIME, times, about), RUN: (RUN, np.arange(runs), run)}
    )
    refers = grid.attributes(coordinates)
    shape = (runs, len(times), *grid.places.shape)
    chunks = (1, min(_CHUNK, len(times)), *grid.places.shape)
    variables, encoding = {}, {}
    for name, attrs in fields.items():
        # A description only: nothing of it is computed.
        empty = dask.full(shape, np.nan, dtype=np.float32, chunks=chunks)
        variables[name] = xarray.Variable(
            (RUN, TIME, *grid.dims), empty, {**attrs, **refers}
        )
        encoding[name] = {"chunks": chunks, "_FillValue": np.float32(np.nan)}
    return coordinates.assign(variables), encoding

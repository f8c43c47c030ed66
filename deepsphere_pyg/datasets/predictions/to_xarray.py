"""Predictions as an xarray data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.field_maps.field_maps import FieldMaps
from deepsphere_pyg.datasets.predictions.answers import answer_blocks
from deepsphere_pyg.datasets.predictions.layout import PredictionLayout
from deepsphere_pyg.datasets.predictions.output_grid import OutputGrid
from samplings.arguments import choice_argument, instance_argument, integer_argument
from samplings.interpolation.weights import METHODS, Method

Grid = Literal["source", "sampling"]
GRIDS: tuple[Grid, ...] = ("source", "sampling")
#: Attributes of the files.
ATTRIBUTES = {"Conventions": "CF-1.11", "source": "deepsphere_pyg"}


def predictions_to_xarray(
    answers: Any,
    maps: FieldMaps,
    *,
    grid: Grid = "source",
    names: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    regrid: Method = "auto",
    batch_size: int = 4,
) -> Any:
    """Return predictions with the times, members and grid of the inputs.

    Numbers become a variable per output. Probabilities of classes become the map of
    the most probable class, with ``flag_values`` and ``flag_meanings``, and the
    probabilities along ``class``.

    Parameters
    ----------
    answers
        What :meth:`Task.predict` gives, in the order of the samples: an array or tensor
        ``(N, V, C)``, or ``(N, C)`` for whole samples; blocks of it one after another;
        or a function from inputs to answers, such as ``trained.predict``.
    maps
        The samples that were predicted.
    grid
        ``"source"`` for the grid of the input files, to which values are regridded if
        it is not the sampling; or ``"sampling"``.
    names
        Names of the outputs; by default those of the targets of the maps. For classes,
        the name of their map.
    units
        Units of the outputs; by default those of the targets.
    class_names
        Names of the classes, if the answers are probabilities; by default those of the
        maps, unless ``names`` are given.
    regrid
        Method of the :class:`Regridder` to the grid of the files.
    batch_size
        Samples to compute at a time.

    Returns
    -------
    xarray.Dataset
        Variables along the sample dimensions of the files, if the samples are all
        combinations of some of their coordinates, else along ``sample``; and along the
        dimensions of the grid. Values are those of the answers to the last bit if the
        sampling is the grid.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If the number of answers, vertices, names or units does not fit.

    Examples
    --------
    >>> import xarray as xr
    >>> data = xr.DataArray(np.ones((2, 3, 4)), name="t", dims=("time", "lat", "lon"),
    ...     coords={"time": np.array(["2001-01-01", "2001-07-01"], "M8[ns]"),
    ...             "lat": [-60.0, 0.0, 60.0], "lon": [0.0, 90.0, 180.0, 270.0]})
    >>> maps = FieldMaps(data)
    >>> found = predictions_to_xarray(2 * maps.X[:], maps, names=["double"])
    >>> found.double.dims, float(found.double.sel(time="2001-07-01", lat=0).mean())
    (('time', 'lat', 'lon'), 2.0)
    """
    xarray = climate_module("xarray")
    layout, arrays = None, []
    done = 0
    options = (grid, names, units, class_names, regrid)
    for block in checked_blocks(answers, maps, grid, regrid, batch_size):
        if layout is None:
            layout = layout_of(block, maps, *options)
            arrays = [np.full(v.shape, v.fill, v.dtype) for v in layout.variables]
        for i, values in enumerate(layout.values(block)):
            for j, one in enumerate(values):
                arrays[i][layout.at(done + j)] = one
        done += len(block)
    if layout is None:
        raise ValueError("there are no answers; pass one per sample")
    variables = {
        v.name: xarray.Variable(v.dims, array, v.attrs)
        for v, array in zip(layout.variables, arrays, strict=True)
    }
    return layout.coordinates.assign(variables).assign_attrs(ATTRIBUTES)


def checked_blocks(
    answers: Any, maps: FieldMaps, grid: Grid, regrid: Method, batch_size: int
) -> Any:
    """Check the arguments that all outputs share, and return the blocks of answers."""
    instance_argument("maps", maps, FieldMaps, "pass the maps that were predicted")
    choice_argument("grid", grid, GRIDS)
    choice_argument("regrid", regrid, METHODS)
    size = integer_argument("batch_size", batch_size, 1)
    return answer_blocks(answers, maps, size)


def layout_of(
    block: Any,
    maps: FieldMaps,
    grid: Grid,
    names: Sequence[str] | None,
    units: Sequence[str] | None,
    class_names: Sequence[str] | None,
    regrid: Method,
) -> PredictionLayout:
    """Return the layout of the result, by the first block of answers."""
    places = maps.places if grid == "source" else None
    target = OutputGrid(maps.sampling, places, regrid)
    return PredictionLayout(
        maps, block.shape[1:], target, names, units, class_names, block.dtype
    )

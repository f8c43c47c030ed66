"""Positions along a dimension of values, of ranges and of parts of dates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.netcdf.coordinates import (
    listed,
    number_or_text,
    position_of,
)


def positions_along(dataset: Any, dimension: str, wanted: Any) -> list[int]:
    """Return the positions along a dimension that a selection asks for, in its order.

    ``wanted`` is a value, a list of values, or a range with both ends included: a
    slice, or a text such as ``"1950/1989"`` or ``"2001-02/"``. Parts of dates, such as
    ``"2001-02"``, stand for all times in them. Without coordinates, values are
    positions. If there is no such value, ``ValueError`` is raised, which lists the
    existing ones.

    Examples
    --------
    >>> import xarray as xr
    >>> years = xr.Dataset(coords={"year": [1990, 1991, 1992, 1993]})
    >>> positions_along(years, "year", "1991/1992")
    [1, 2]
    """
    values = _values(dataset, dimension)
    if isinstance(wanted, str) and "/" in wanted and values.dtype.kind != "U":
        wanted = slice(*(_end(end, values) for end in wanted.split("/", 1)))
    if isinstance(wanted, slice):
        return _range(dimension, values, wanted)
    if isinstance(wanted, str) and _is_date(values):
        return _range(dimension, values, slice(wanted, wanted))
    several = isinstance(wanted, list | tuple | np.ndarray) and np.ndim(wanted) > 0
    found = []
    for one in wanted if several else [wanted]:
        if isinstance(one, str) and _is_date(values):
            found += _range(dimension, values, slice(one, one))
        else:
            found.append(position_of(dataset, dimension, one))
    if not found:
        raise ValueError(
            f"the selection of {dimension} is empty; select at least one value"
        )
    return found


def selected_positions(
    dataset: Any, dims: tuple[str, ...], selection: Mapping[str, Any]
) -> list[list[int]]:
    """Return the positions along each of some dimensions; all where not selected."""
    return [
        positions_along(dataset, dim, selection[dim])
        if dim in selection
        else list(range(int(dataset.sizes[dim])))
        for dim in dims
    ]


def _values(dataset: Any, dimension: str) -> Any:
    if dimension in dataset.coords:
        return dataset[dimension].to_numpy()
    return np.arange(int(dataset.sizes[dimension]))


def _end(text: str, values: Any) -> Any:
    """Return an end of a range given as text; None if it is open."""
    if not text.strip():
        return None
    return text.strip() if _is_date(values) else number_or_text(text.strip())


def _is_date(values: Any) -> bool:
    return bool(
        values.dtype.kind == "M"
        or (values.dtype == object and hasattr(values.flat[0], "calendar"))
    )


def _range(dimension: str, values: Any, wanted: slice) -> list[int]:
    xarray = climate_module("xarray")
    numbers = xarray.DataArray(np.arange(len(values)), dims="d", coords={"d": values})
    index = numbers.indexes["d"]
    if not (index.is_monotonic_increasing or index.is_monotonic_decreasing):
        # Ranges of values in no order would not be found.
        numbers = numbers.sortby("d")
    absent = (
        f"{dimension} has no values from {_said(wanted.start, 'its start')} to "
        f"{_said(wanted.stop, 'its end')}; it has {listed(values)}"
    )
    try:
        found = numbers.sel(d=wanted).to_numpy()
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(absent) from error
    if len(found) == 0:
        raise ValueError(absent)
    return [int(i) for i in found]


def _said(end: Any, otherwise: str) -> str:
    return otherwise if end is None else str(end)

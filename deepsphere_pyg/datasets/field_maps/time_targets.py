"""Targets that are computed from a time, such as its year."""

from __future__ import annotations

from typing import Any


def is_component(dataset: Any, name: str) -> bool:
    """Whether a name such as ``time.year`` asks for a part of a time."""
    base, dot, _ = name.partition(".")
    return bool(dot) and name not in dataset.variables and base in dataset.variables


def time_values(dataset: Any, name: str) -> Any:
    """Return a part of a time, as xarray's accessor ``dt`` computes it.

    If the variable is not a time, or times have no such part, ``ValueError`` is raised.

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> days = xr.Dataset(coords={"time": np.array(["2001-02-03"], "M8[ns]")})
    >>> time_values(days, "time.dayofyear").values
    array([34])
    """
    base, _, part = name.partition(".")
    array = dataset[base]
    try:
        found = getattr(array.dt, part)
    except (AttributeError, TypeError) as error:
        raise ValueError(
            f"{name} is not a part of a time: {base} holds {array.dtype}; pass the "
            "year (time.year), dayofyear, month, hour or another part that xarray's "
            "accessor dt has, of a coordinate of dates"
        ) from error
    if not hasattr(found, "dtype") or found.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} is not a number; pass time.year, time.dayofyear, time.month or "
            "time.hour"
        )
    return found.drop_attrs() if hasattr(found, "drop_attrs") else found

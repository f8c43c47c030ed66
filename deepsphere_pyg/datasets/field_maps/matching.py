"""Samples of one file found in another by their coordinates."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.datasets.field_maps.sample_axes import SampleAxes
from deepsphere_pyg.datasets.netcdf.coordinates import (
    calendar_of,
    coordinate_keys,
    listed,
)
from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource
from samplings.arrays import IntArray


def matched_steps(
    source: XarraySource, inputs: XarraySource, axes: SampleAxes, dim: str
) -> IntArray:
    """Return the position in one file for each position of the inputs, or -1.

    Positions are compared by the values of their coordinates. If a sample has no
    counterpart, or a file has no coordinates, calendars differ or values repeat,
    ``ValueError`` is raised.
    """
    for one in (inputs, source):
        if dim not in one.dataset.coords:
            raise ValueError(
                f"{one.name} has no coordinate along {dim}, and samples of inputs and "
                "targets are matched by coordinates, not by position; add it with "
                f"assign_coords({dim}=...)"
            )
    ours = inputs.dataset[dim].to_numpy()
    theirs = source.dataset[dim].to_numpy()
    calendars = {calendar_of(one) for one in (ours, theirs)}
    if len(calendars) > 1:
        known = ", ".join(sorted(map(str, calendars - {None})))
        raise ValueError(
            f"{dim} of {source.name} and {inputs.name} have different calendars "
            f"({known} in one only); convert one of them with convert_calendar of "
            "xarray"
        )
    keys = coordinate_keys(theirs)
    position = {key: i for i, key in enumerate(keys)}
    if len(position) < len(keys):
        raise ValueError(
            f"{dim} of {source.name} repeats values; drop the repeated ones with "
            "drop_duplicates of xarray"
        )
    found = np.array(
        [position.get(key, -1) for key in coordinate_keys(ours)], dtype=np.int64
    )
    used = np.unique(axes.samples[:, axes.dims.index(dim)])
    absent = int((found[used] < 0).sum())
    if absent:
        raise ValueError(
            f"{source.name} has no targets for {absent} of the {len(used)} values of "
            f"{dim}: {listed(ours[used])} against {listed(theirs)}; give targets for "
            f"each, or choose the samples that have them with select={{'{dim}': ...}}"
        )
    return found

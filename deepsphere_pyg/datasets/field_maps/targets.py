"""Targets of samples: numbers or classes, at vertices or of whole samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from deepsphere_pyg.datasets.field_maps.channel_group import (
    ChannelGroup,
    channels_of,
    wind_channels,
)
from deepsphere_pyg.datasets.field_maps.class_options import (
    ClassOptions,
    Kind,
    hold_classes,
)
from deepsphere_pyg.datasets.field_maps.global_targets import (
    GlobalTargets,
    global_targets,
    is_global,
)
from deepsphere_pyg.datasets.field_maps.matching import matched_steps
from deepsphere_pyg.datasets.field_maps.sample_axes import SampleAxes
from deepsphere_pyg.datasets.netcdf.label_codes import code_areas
from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource
from deepsphere_pyg.datasets.regridding.regrid import Regridder
from deepsphere_pyg.datasets.regridding.winds import Winds
from samplings import Sampling
from samplings.interpolation.weights import Method


def targets_of(
    source: XarraySource,
    names: Sequence[str],
    selection: Mapping[str, Any],
    axes: SampleAxes,
    inputs: XarraySource,
    sampling: Sampling,
    regrid: Method,
    kind: Kind,
    options: ClassOptions,
    winds: Winds = (),
) -> ChannelGroup | GlobalTargets:
    """Return the targets of some samples: maps, or values of whole samples.

    Parameters
    ----------
    source, names, selection
        Files of the targets, their names, and values along further dimensions.
    axes, inputs
        The samples, and the files of the inputs that they are positions in.
    sampling, regrid
        Where maps are carried to, and by which method.
    kind, options
        Whether they hold classes, and how codes become classes.
    winds
        Pairs of names of eastward and northward winds.
    """
    whole = [is_global(source, name, axes) for name in names]
    if any(whole) and not all(whole):
        raise ValueError(
            "targets must all be maps or all be values of whole samples, got "
            f"{names[whole.index(True)]} for samples and {names[whole.index(False)]} "
            "for vertices; train a network on each"
        )
    if whole[0]:
        return global_targets(source, names, axes, inputs, kind, options)
    return vertex_targets(
        source, names, selection, axes, inputs, sampling, regrid, kind, options, winds
    )


def vertex_targets(
    source: XarraySource,
    names: Sequence[str],
    selection: Mapping[str, Any],
    axes: SampleAxes,
    inputs: XarraySource,
    sampling: Sampling,
    regrid: Method,
    kind: Kind,
    options: ClassOptions,
    winds: Winds = (),
) -> ChannelGroup:
    """Return the maps of the targets at vertices."""
    channels, places = channels_of("targets", source, names, selection, axes.dims)
    steps = {}
    if source is not inputs:
        along = {dim for channel in channels for dim in channel.along}
        steps = {
            dim: matched_steps(source, inputs, axes, dim)
            for dim in axes.dims
            if dim in along
        }
    group = ChannelGroup(
        source, channels, places, Regridder(places, sampling, regrid), steps
    )
    variables = dict.fromkeys(channel.variable for channel in channels)
    if not hold_classes(kind, [source.dataset[name] for name in variables]):
        return replace(group, winds=wind_channels(source, channels, places, winds))
    if len(channels) != 1:
        raise ValueError(
            f"classes at vertices are a single channel, got {len(channels)}: "
            f"{', '.join(channel.name for channel in channels)}; select one with "
            "target_select, or predict numbers with target_kind='numbers'"
        )
    (channel,) = channels
    variable = source.dataset[channel.variable]
    what = f"{source.name}: {channel.variable}"
    shares = options.given()
    if shares is None:
        shares = code_areas(_single_maps(group, axes), *group.regridder.places, what)
    table = options.table(shares, variable.attrs, what)
    return ChannelGroup(source, channels, places, group.regridder, steps, table)


def _single_maps(group: ChannelGroup, axes: SampleAxes) -> Any:
    """Go through the maps of a single channel that samples have, once each."""
    (channel,) = group.channels
    columns = [axes.dims.index(dim) for dim in channel.along]
    for positions in np.unique(axes.samples[:, columns], axis=0):
        ranges = {
            dim: (int(i), int(i) + 1)
            for dim, i in zip(channel.along, positions, strict=True)
        }
        yield group.read(channel, ranges).reshape(group.places.shape)

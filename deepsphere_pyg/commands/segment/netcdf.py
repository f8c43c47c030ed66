"""Maps in NetCDF and Zarr files, with labels and without."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from deepsphere_pyg.commands.options.parsing import flag
from deepsphere_pyg.commands.options.selecting import selection
from deepsphere_pyg.commands.segment.options import SegmentOptions
from deepsphere_pyg.datasets import (
    CachedMaps,
    SegmentationDataset,
    XarrayDataset,
    XarrayFields,
    hold_out_pixels,
)
from deepsphere_pyg.training.splitting import Splits, cut
from samplings import Sampling

# Methods of regridding in words.
REGRIDDED = {
    "conservative": "area averages",
    "bilinear": "bilinear interpolation",
    "linear": "linear interpolation",
}


def unlabelled_fields(
    options: SegmentOptions, sampling: Sampling, class_names: Sequence[str]
) -> XarrayFields:
    """Maps without labels, for a network that knows these classes."""
    return XarrayFields(
        _paths(options),
        variables=_given(options, "variables"),
        sampling=sampling,
        class_names=class_names,
        selection=selection(options.select),
        regrid=options.method,
    )


def _given(options: SegmentOptions, name: str) -> Any:
    """Return an option that the data need."""
    value = getattr(options, name)
    if value is None:
        raise ValueError(f"--data netcdf needs --{flag(name)}")
    return value


def _paths(options: SegmentOptions) -> str | list[str]:
    """A single path as a string, because it may be a Zarr store; several as a list."""
    paths = list(_given(options, "fields"))
    return paths[0] if len(paths) == 1 else paths


def netcdf_splits(options: SegmentOptions, sampling: Sampling) -> Splits:
    """Maps of any file, held out by blocks of pixels or by time."""
    if not 0 < options.hold_out_share < 1:
        raise ValueError(
            f"--hold-out-share must be between 0 and 1, got {options.hold_out_share}"
        )
    maps = XarrayDataset(
        _paths(options),
        options.labels,
        variables=_given(options, "variables"),
        label_variable=_given(options, "label_variable"),
        sampling=sampling,
        selection=selection(options.select),
        label_selection=selection(options.label_select),
        missing_label=options.missing_label,
        min_share=options.min_share,
        regrid=options.method,
    )
    return _hold_out(options, CachedMaps(maps), maps.regridding)


def _hold_out(
    options: SegmentOptions, maps: SegmentationDataset, regridding: str
) -> Splits:
    """Split the maps of one file.

    The checkpoint is selected on other pixels of the training maps, so that the test
    maps or pixels are used only once, at the end.
    """
    rest: SegmentationDataset
    test: SegmentationDataset
    blocks = partial(hold_out_pixels, block_degrees=options.block_degrees)
    names = ", ".join(maps.class_names)
    if options.hold_out == "pixels":
        rest, test = blocks(maps, options.hold_out_share, seed=options.split_seed)
        what = f"{100 * options.hold_out_share:.0f} % of the pixels, in blocks"
    else:
        held = max(1, round(options.hold_out_share * len(maps)))
        rest, test = cut(maps, len(maps) - held, held)
        what = f"the last {held} of {len(maps)} maps"
    train, validation = blocks(rest, 0.15, seed=options.split_seed + 1)
    return Splits(
        train,
        validation,
        test,
        f"netcdf: {len(maps)} maps of {len(maps.channel_names)} channels, "
        f"regridded by {REGRIDDED[regridding]}, tested on {what}; classes {names}",
        what,
    )

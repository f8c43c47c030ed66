"""Options of maps in NetCDF and Zarr files, with labels and without."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from deepsphere_pyg.datasets import (
    CachedMaps,
    SegmentationDataset,
    XarrayDataset,
    XarrayFields,
    hold_out_pixels,
)
from deepsphere_pyg.datasets.netcdf.coordinates import number_or_text
from deepsphere_pyg.training.splitting import Splits, cut
from samplings import Sampling

# Methods of regridding in words.
REGRIDDED = {
    "conservative": "area averages",
    "bilinear": "bilinear interpolation",
    "linear": "linear interpolation",
}


def add_netcdf_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of files that xarray reads."""
    add = parser.add_argument_group("NetCDF and Zarr (--data netcdf)").add_argument
    add(
        "--fields",
        nargs="+",
        metavar="FILE",
        help="input maps: files, stores, folders, quoted patterns, or URLs",
    )
    add(
        "--variables",
        nargs="+",
        metavar="NAME",
        help="input variables, optionally with a level, as z or z@500",
    )
    add("--labels", metavar="FILE", help="label maps (default: --fields)")
    add("--label-variable", metavar="NAME", help="variable of the class codes")
    for option, text in (("--select", "fields"), ("--label-select", "labels")):
        add(
            option,
            nargs="+",
            type=_selection,
            metavar="DIM=VALUE",
            default=[],
            help=f"coordinates of the {text} to keep along other dimensions, such as "
            "level=850, step=6h or member_id=r1i1p1f1; repeat a dimension to keep "
            "several of its values",
        )
    add(
        "--missing-label",
        metavar="NAME",
        help="name of the class of pixels without a label, such as land",
    )
    add(
        "--min-share",
        type=float,
        default=0.0,
        help="merge classes with a smaller share of the area into 'other'",
    )
    add(
        "--hold-out",
        choices=["pixels", "maps"],
        default="maps",
        help="test on blocks of pixels of all maps, or on the last maps",
    )
    add("--hold-out-share", type=float, default=0.25, help="share of the test set")
    add(
        "--block-degrees",
        type=float,
        default=10.0,
        help="width of a block of pixels, in degrees",
    )
    add("--split-seed", type=int, default=0, help="random seed of the test blocks")


def _selection(text: str) -> tuple[str, Any]:
    """Parse ``DIM=VALUE``; the value is a number or a text."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(
            f"expected DIM=VALUE, such as level=850, got {text!r}"
        )
    return name, number_or_text(value)


def _selected(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Values by dimension: one value, or a list of several."""
    values: dict[str, list[Any]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: all_[0] if len(all_) == 1 else all_ for name, all_ in values.items()}


def fields_from_arguments(
    args: argparse.Namespace, sampling: Sampling, class_names: Sequence[str]
) -> XarrayFields:
    """Maps without labels, for a network that knows these classes."""
    _require(args, "fields", "variables")
    return XarrayFields(
        _paths(args),
        variables=args.variables,
        sampling=sampling,
        class_names=class_names,
        selection=_selected(args.select),
        regrid=args.regrid,
    )


def _require(args: argparse.Namespace, *options: str) -> None:
    """Require options."""
    for option in options:
        if getattr(args, option) is None:
            raise ValueError(f"--data netcdf needs --{option.replace('_', '-')}")


def _paths(args: argparse.Namespace) -> str | list[str]:
    """A single path as a string, because it may be a Zarr store; several as a list."""
    paths: list[str] = args.fields
    return paths[0] if len(paths) == 1 else paths


def netcdf_splits(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """Maps of any file, held out by blocks of pixels or by time."""
    _require(args, "fields", "variables", "label_variable")
    if not 0 < args.hold_out_share < 1:
        raise ValueError(
            f"--hold-out-share must be between 0 and 1, got {args.hold_out_share}"
        )
    maps = XarrayDataset(
        _paths(args),
        args.labels,
        variables=args.variables,
        label_variable=args.label_variable,
        sampling=sampling,
        selection=_selected(args.select),
        label_selection=_selected(args.label_select),
        missing_label=args.missing_label,
        min_share=args.min_share,
        regrid=args.regrid,
    )
    return _hold_out(args, CachedMaps(maps), maps.regridding)


def _hold_out(
    args: argparse.Namespace, maps: SegmentationDataset, regridding: str
) -> Splits:
    """Split the maps of one file.

    The checkpoint is selected on other pixels of the training maps, so that the test
    maps or pixels are used only once, at the end.
    """
    rest: SegmentationDataset
    test: SegmentationDataset
    blocks = {"block_degrees": args.block_degrees, "seed": args.split_seed}
    names = ", ".join(maps.class_names)
    if args.hold_out == "pixels":
        rest, test = hold_out_pixels(maps, args.hold_out_share, **blocks)
        what = f"{100 * args.hold_out_share:.0f} % of the pixels, in blocks"
    else:
        held = max(1, round(args.hold_out_share * len(maps)))
        rest, test = cut(maps, len(maps) - held, held)
        what = f"the last {held} of {len(maps)} maps"
    blocks["seed"] = args.split_seed + 1
    train, validation = hold_out_pixels(rest, 0.15, **blocks)
    return Splits(
        train,
        validation,
        test,
        f"netcdf: {len(maps)} maps of {len(maps.channel_names)} channels, "
        f"regridded by {REGRIDDED[regridding]}, tested on {what}; classes {names}",
        what,
    )

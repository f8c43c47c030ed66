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

# What a regridder did, in words.
REGRIDDED = {
    "conservative": "areas shared",
    "bilinear": "bilinear interpolation",
    "linear": "linear interpolation",
}


def add_netcdf_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of files that xarray reads."""
    xarray = parser.add_argument_group("NetCDF and Zarr (--data netcdf)")
    xarray.add_argument(
        "--fields",
        nargs="+",
        metavar="FILE",
        help="inputs: files, stores, folders, patterns in quotes, or URLs",
    )
    xarray.add_argument("--variables", nargs="+", help="input variables, as z or z@500")
    xarray.add_argument("--labels", metavar="FILE", help="labels (default: --fields)")
    xarray.add_argument("--label-variable", help="variable of class codes")
    for option, text in (
        ("--select", "of the fields"),
        ("--label-select", "of the labels"),
    ):
        xarray.add_argument(
            option,
            nargs="+",
            type=_selection,
            metavar="DIM=VALUE",
            default=[],
            help=f"coordinates to keep along further dimensions {text}, as Z=0, "
            "step=6h or member_id=r1i1p1f1; several of one dimension by naming it "
            "again",
        )
    xarray.add_argument(
        "--missing-label", metavar="NAME", help="class of missing labels, as land"
    )
    xarray.add_argument(
        "--min-share",
        type=float,
        default=0.0,
        help="merge classes below this share of the area into 'other'",
    )
    xarray.add_argument(
        "--hold-out",
        choices=["pixels", "maps"],
        default="maps",
        help="test on blocks of pixels of all maps, or on the last maps",
    )
    xarray.add_argument(
        "--hold-out-share", type=float, default=0.25, help="share to test on"
    )
    xarray.add_argument(
        "--block-degrees", type=float, default=10.0, help="width of a block of pixels"
    )
    xarray.add_argument(
        "--split-seed", type=int, default=0, help="which blocks of pixels are held out"
    )


def _selection(text: str) -> tuple[str, Any]:
    """Parse ``DIM=VALUE``; the value is a number or a text."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(
            f"expected DIM=VALUE, as Z=0 or member_id=r1i1p1f1, got {text!r}"
        )
    return name, number_or_text(value)


def _selected(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """One value a dimension, or a list of those that name it."""
    values: dict[str, list[Any]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: all_[0] if len(all_) == 1 else all_ for name, all_ in values.items()}


def fields_from_arguments(
    args: argparse.Namespace, sampling: Sampling, class_names: Sequence[str]
) -> XarrayFields:
    """Maps without labels, to be predicted by a network that knows these classes."""
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
    """Refuse to read files that are not named."""
    for option in options:
        if getattr(args, option) is None:
            raise ValueError(f"--data netcdf needs --{option.replace('_', '-')}")


def _paths(args: argparse.Namespace) -> str | list[str]:
    """One path as such: it may be a Zarr store; many as a list."""
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

    Weights are chosen by other pixels of the maps that are trained on, so that the
    test maps or pixels are seen once, at the end.
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

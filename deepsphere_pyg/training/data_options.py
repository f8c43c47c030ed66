"""Options that choose the maps to learn from."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from deepsphere_pyg.datasets import (
    CAM5,
    CachedMaps,
    ClimateEvents,
    ClimateNet,
    ClimateSphereL5,
    ExtremeWeather,
    SegmentationDataset,
    SelectedMaps,
    XarrayDataset,
    XarrayFields,
    hold_out_pixels,
)
from samplings import Sampling

# Validation and test maps are the same whatever the seed of the training maps, so that
# runs of different seeds are scored alike.
VALIDATION_SEED, TEST_SEED = 1_000_001, 1_000_002

# Maps read from files are kept in memory up to this size, and read anew beyond.
CACHE_BYTES = 4e9


@dataclass(frozen=True)
class Splits:
    """Maps to train on, to choose the best weights by, and to report on."""

    train: SegmentationDataset
    validation: SegmentationDataset
    test: SegmentationDataset
    description: str
    test_name: str


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the data."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--data",
        choices=list(_SOURCES),
        default="events",
        help="events: generated weather with cyclones and atmospheric rivers; netcdf: "
        "any file that xarray reads; others: published data sets, read from --root",
    )
    generated = parser.add_argument_group("generated maps (--data events)")
    generated.add_argument("--n-train", type=int, default=300, help="maps to learn")
    generated.add_argument("--n-validation", type=int, default=40, help="to choose by")
    generated.add_argument("--n-test", type=int, default=40, help="to report on")
    generated.add_argument(
        "--rotate",
        choices=["none", "test", "all"],
        default="none",
        help="turn each map by a random rotation of its own",
    )
    files = parser.add_argument_group("published data sets")
    files.add_argument("--root", type=Path, help="folder of the files")
    xarray = parser.add_argument_group("NetCDF and Zarr (--data netcdf)")
    xarray.add_argument("--fields", nargs="+", metavar="FILE", help="inputs")
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
            help=f"coordinates to keep along further dimensions {text}, as Z=0",
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


def splits_from_arguments(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """Build the data sets that the options name, on a sampling."""
    return _SOURCES[args.data](args, sampling)


def _selection(text: str) -> tuple[str, float]:
    """Parse ``DIM=VALUE``."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"expected DIM=VALUE with a number, as Z=0, got {text!r}"
        ) from error


def _events(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """Generated maps, kept in memory: they are seen once an epoch."""

    def maps(n_maps: int, seed: int, rotate: bool) -> ClimateEvents:
        return ClimateEvents(sampling, n_maps, seed=seed, rotate=rotate, cache=True)

    splits = Splits(
        maps(args.n_train, args.seed, args.rotate == "all"),
        maps(args.n_validation, VALIDATION_SEED, args.rotate == "all"),
        maps(args.n_test, TEST_SEED, args.rotate != "none"),
        f"generated climate events: {args.n_train} maps to train, "
        f"{args.n_validation} to validate, {args.n_test} to test",
        f"{args.n_test} test maps",
    )
    _load("making maps", splits.train, splits.validation, splits.test)
    return splits


def _load(what: str, *sets: SegmentationDataset) -> None:
    """Bring cached maps into memory, with a progress bar."""
    total = sum(map(len, sets))
    with tqdm(total=total, desc=what, unit="map", leave=False, disable=None) as bar:
        for maps in sets:
            for i in range(len(maps)):
                maps[i]
                bar.update()


def _root(args: argparse.Namespace) -> Path:
    """Folder of a published data set."""
    if args.root is None:
        raise ValueError(f"--data {args.data} needs --root FOLDER, where its files are")
    return Path(args.root)


def _sphere_l5(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """The lists of the paper where they are; else parts of the time span."""
    root = _root(args)
    if (root / "train_split.txt").exists():
        return _described(
            args,
            ClimateSphereL5(root, sampling, split="train"),
            ClimateSphereL5(root, sampling, split="val"),
            ClimateSphereL5(root, sampling, split="test"),
        )
    return _in_time(args, ClimateSphereL5(root, sampling, split="all"))


def _cam5(args: argparse.Namespace, sampling: Sampling) -> Splits:
    return _in_time(args, CAM5(_root(args), sampling))


def _extreme_weather(args: argparse.Namespace, sampling: Sampling) -> Splits:
    return _in_time(args, ExtremeWeather(_root(args), sampling))


def _climatenet(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """The published test years; the last eighth of the others to validate."""
    root = _root(args)
    known = ClimateNet(root, sampling, split="train")
    held = max(1, len(known) // 8)
    train, validation = _cut(known, len(known) - held, held)
    return _described(args, train, validation, ClimateNet(root, sampling, split="test"))


def _cut(maps: SegmentationDataset, *sizes: int) -> list[SegmentationDataset]:
    """Consecutive parts of a data set: maps near in time are alike."""
    if min(sizes) < 1:
        raise ValueError(
            f"{len(maps)} maps are too few to train, validate and test on; "
            "add files, or hold out pixels where the data allow it"
        )
    parts: list[SegmentationDataset] = []
    start = 0
    for size in sizes:
        parts.append(SelectedMaps(maps, range(start, start + size)))
        start += size
    return parts


def _in_time(args: argparse.Namespace, maps: SegmentationDataset) -> Splits:
    """First 70 % to train, next 15 % to validate, last 15 % to test."""
    held = max(1, round(0.15 * len(maps)))
    train, validation, test = _cut(maps, len(maps) - 2 * held, held, held)
    return _described(args, train, validation, test)


def _described(
    args: argparse.Namespace,
    train: SegmentationDataset,
    validation: SegmentationDataset,
    test: SegmentationDataset,
) -> Splits:
    """Keep maps in memory where they fit, and say how many there are."""
    sets = [CachedMaps(part) for part in (train, validation, test)]
    if sum(part.n_bytes for part in sets) <= CACHE_BYTES:
        train, validation, test = sets
        _load("reading maps", *sets)
    return Splits(
        train,
        validation,
        test,
        f"{args.data}: {len(train)} maps to train, {len(validation)} to validate, "
        f"{len(test)} to test; classes {', '.join(train.class_names)}",
        f"{len(test)} test maps",
    )


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
        selection=dict(args.select),
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


def _netcdf(args: argparse.Namespace, sampling: Sampling) -> Splits:
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
        selection=dict(args.select),
        label_selection=dict(args.label_select),
        missing_label=args.missing_label,
        min_share=args.min_share,
    )
    return _hold_out(args, CachedMaps(maps))


def _hold_out(args: argparse.Namespace, maps: SegmentationDataset) -> Splits:
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
        rest, test = _cut(maps, len(maps) - held, held)
        what = f"the last {held} of {len(maps)} maps"
    blocks["seed"] = args.split_seed + 1
    train, validation = hold_out_pixels(rest, 0.15, **blocks)
    return Splits(
        train,
        validation,
        test,
        f"netcdf: {len(maps)} maps of {len(maps.channel_names)} channels, "
        f"tested on {what}; classes {names}",
        what,
    )


_SOURCES: dict[str, Callable[[argparse.Namespace, Sampling], Splits]] = {
    "events": _events,
    "climate-sphere-l5": _sphere_l5,
    "cam5": _cam5,
    "climatenet": _climatenet,
    "extreme-weather": _extreme_weather,
    "netcdf": _netcdf,
}

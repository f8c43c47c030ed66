"""Options that choose the data set of ``segment``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from deepsphere_pyg.commands.segment.netcdf_options import (
    REGRIDDED,
    add_netcdf_arguments,
    netcdf_splits,
)
from deepsphere_pyg.datasets import (
    CAM5,
    CachedMaps,
    ClimateEvents,
    ClimateNet,
    ClimateSphereL5,
    ExtremeWeather,
    SegmentationDataset,
)
from deepsphere_pyg.datasets.regridding.weights import METHODS
from deepsphere_pyg.training.splitting import Splits, cut
from samplings import Sampling

# Validation and test maps do not depend on the seed of the training maps, so that runs
# of different seeds are comparable.
VALIDATION_SEED, TEST_SEED = 1_000_001, 1_000_002

# Maps of files are kept in memory up to this size; beyond, they are read each epoch.
CACHE_BYTES = 4e9


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
    add = generated.add_argument
    add("--n-train", type=int, default=300, help="training maps")
    add(
        "--n-validation",
        type=int,
        default=40,
        help="validation maps, used to select the checkpoint",
    )
    add("--n-test", type=int, default=40, help="test maps")
    add(
        "--rotate",
        choices=["none", "test", "all"],
        default="none",
        help="maps that are rotated at random, each by its own rotation",
    )
    files = parser.add_argument_group("published data sets")
    files.add_argument("--root", type=Path, help="folder of the files")
    group.add_argument(
        "--regrid",
        choices=METHODS,
        help="method to regrid maps of files to the sampling: conservative averages "
        "over the areas of its cells; bilinear and linear interpolate; auto averages "
        "if the sampling is coarser than the file, and interpolates otherwise "
        "(default: that of --checkpoint, else auto)",
    )
    add_netcdf_arguments(parser)


def splits_from_arguments(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """Build the data sets that the options name, on a sampling."""
    return _SOURCES[args.data](args, sampling)


def _events(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """Generated maps, kept in memory."""

    def maps(n_maps: int, seed: int, rotate: bool) -> CachedMaps:
        return CachedMaps(ClimateEvents(sampling, n_maps, seed=seed, rotate=rotate))

    splits = Splits(
        maps(args.n_train, args.seed, args.rotate == "all"),
        maps(args.n_validation, VALIDATION_SEED, args.rotate == "all"),
        maps(args.n_test, TEST_SEED, args.rotate != "none"),
        f"generated climate events: {args.n_train} maps for training, "
        f"{args.n_validation} for validation, {args.n_test} for testing",
        f"{args.n_test} test maps",
    )
    _load("making maps", splits.train, splits.validation, splits.test)
    return splits


def _load(what: str, *sets: SegmentationDataset) -> None:
    """Load cached maps, with a progress bar."""
    total = sum(map(len, sets))
    with tqdm(total=total, desc=what, unit="map", leave=False, disable=None) as bar:
        for maps in sets:
            for i in range(len(maps)):
                maps[i]
                bar.update()


def _root(args: argparse.Namespace) -> Path:
    """Folder of a published data set."""
    if args.root is None:
        raise ValueError(f"--data {args.data} needs --root, the folder of its files")
    return Path(args.root)


def _sphere_l5(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """The splits of the paper if its lists are there; else parts of the time span."""
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
    maps = CAM5(_root(args), sampling, regrid=args.regrid)
    return _in_time(args, maps, maps.regridding)


def _extreme_weather(args: argparse.Namespace, sampling: Sampling) -> Splits:
    maps = ExtremeWeather(_root(args), sampling, regrid=args.regrid)
    return _in_time(args, maps, maps.regridding)


def _climatenet(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """The published test years; the last eighth of the others for validation."""
    root = _root(args)
    known = ClimateNet(root, sampling, split="train", regrid=args.regrid)
    held = max(1, len(known) // 8)
    train, validation = cut(known, len(known) - held, held)
    test = ClimateNet(root, sampling, split="test", regrid=args.regrid)
    return _described(args, train, validation, test, known.regridding)


def _in_time(
    args: argparse.Namespace, maps: SegmentationDataset, regridding: str | None = None
) -> Splits:
    """First 70 % for training, next 15 % for validation, last 15 % for testing."""
    held = max(1, round(0.15 * len(maps)))
    train, validation, test = cut(maps, len(maps) - 2 * held, held, held)
    return _described(args, train, validation, test, regridding)


def _described(
    args: argparse.Namespace,
    train: SegmentationDataset,
    validation: SegmentationDataset,
    test: SegmentationDataset,
    regridding: str | None = None,
) -> Splits:
    """Keep maps in memory if they fit, and describe the splits."""
    sets = [CachedMaps(part) for part in (train, validation, test)]
    if sum(part.n_bytes for part in sets) <= CACHE_BYTES:
        train, validation, test = sets
        _load("reading maps", *sets)
    how = "" if regridding is None else f", regridded by {REGRIDDED[regridding]}"
    return Splits(
        train,
        validation,
        test,
        f"{args.data}: {len(train)} maps for training, {len(validation)} for "
        f"validation, {len(test)} for testing{how}; "
        f"classes {', '.join(train.class_names)}",
        f"{len(test)} test maps",
    )


_SOURCES: dict[str, Callable[[argparse.Namespace, Sampling], Splits]] = {
    "events": _events,
    "climate-sphere-l5": _sphere_l5,
    "cam5": _cam5,
    "climatenet": _climatenet,
    "extreme-weather": _extreme_weather,
    "netcdf": netcdf_splits,
}

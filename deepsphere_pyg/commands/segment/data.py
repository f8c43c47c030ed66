"""Data sets of ``segment``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from deepsphere_pyg.commands.fields.data import REGRIDDED
from deepsphere_pyg.commands.segment.options import SegmentOptions
from deepsphere_pyg.datasets import (
    CAM5,
    CachedMaps,
    ClimateEvents,
    ClimateNet,
    ClimateSphereL5,
    ExtremeWeather,
    SegmentationDataset,
)
from deepsphere_pyg.training.splitting import Splits, cut
from samplings import Sampling
from samplings.arguments import counted

# Validation and test maps do not depend on the seed of the training maps, so that runs
# of different seeds are comparable.
VALIDATION_SEED, TEST_SEED = 1_000_001, 1_000_002

# Maps of files are kept in memory up to this size; beyond, they are read each epoch.
CACHE_BYTES = 4e9


def splits_of(options: SegmentOptions, sampling: Sampling) -> Splits:
    """Build the data sets that the options name, on a sampling."""
    return _SOURCES[options.data or "events"](options, sampling)


def _events(options: SegmentOptions, sampling: Sampling) -> Splits:
    """Generated maps, kept in memory."""

    def maps(n_maps: int, seed: int, rotate: bool) -> CachedMaps:
        return CachedMaps(ClimateEvents(sampling, n_maps, seed=seed, rotate=rotate))

    return Splits(
        maps(options.n_train, options.seed, options.rotate == "all"),
        maps(options.n_validation, VALIDATION_SEED, options.rotate == "all"),
        maps(options.n_test, TEST_SEED, options.rotate != "none"),
        f"generated climate events: {counted(options.n_train, 'map')} for training, "
        f"{options.n_validation} for validation, {options.n_test} for testing",
        f"{options.n_test} test maps",
    )


def load(*sets: SegmentationDataset) -> None:
    """Load the maps that are kept in memory, with a progress bar."""
    kept = [maps for maps in sets if isinstance(maps, CachedMaps)]
    total = sum(map(len, kept))
    with tqdm(
        total=total, desc="making maps", unit="map", leave=False, disable=None
    ) as bar:
        for maps in kept:
            for i in range(len(maps)):
                maps[i]
                bar.update()


def _root(options: SegmentOptions) -> Path:
    """Folder of a published data set."""
    if options.root is None:
        raise ValueError(f"--data {options.data} needs --root, the folder of its files")
    return Path(options.root)


def _sphere_l5(options: SegmentOptions, sampling: Sampling) -> Splits:
    """The splits of the paper if its lists are there; else parts of the time span."""
    root = _root(options)
    if (root / "train_split.txt").exists():
        return _described(
            options,
            ClimateSphereL5(root, sampling, split="train"),
            ClimateSphereL5(root, sampling, split="val"),
            ClimateSphereL5(root, sampling, split="test"),
        )
    return _in_time(options, ClimateSphereL5(root, sampling, split="all"))


def _cam5(options: SegmentOptions, sampling: Sampling) -> Splits:
    maps = CAM5(_root(options), sampling, regrid=options.method)
    return _in_time(options, maps, maps.regridding)


def _extreme_weather(options: SegmentOptions, sampling: Sampling) -> Splits:
    maps = ExtremeWeather(_root(options), sampling, regrid=options.method)
    return _in_time(options, maps, maps.regridding)


def _climatenet(options: SegmentOptions, sampling: Sampling) -> Splits:
    """The published test years; the last eighth of the others for validation."""
    root = _root(options)
    known = ClimateNet(root, sampling, split="train", regrid=options.method)
    held = max(1, len(known) // 8)
    train, validation = cut(known, len(known) - held, held)
    test = ClimateNet(root, sampling, split="test", regrid=options.method)
    return _described(options, train, validation, test, known.regridding)


def _in_time(
    options: SegmentOptions, maps: SegmentationDataset, regridding: str | None = None
) -> Splits:
    """First 70 % for training, next 15 % for validation, last 15 % for testing."""
    held = max(1, round(0.15 * len(maps)))
    train, validation, test = cut(maps, len(maps) - 2 * held, held, held)
    return _described(options, train, validation, test, regridding)


def _described(
    options: SegmentOptions,
    train: SegmentationDataset,
    validation: SegmentationDataset,
    test: SegmentationDataset,
    regridding: str | None = None,
) -> Splits:
    """Keep maps in memory if they fit, and describe the splits."""
    sets = [CachedMaps(part) for part in (train, validation, test)]
    if sum(part.n_bytes for part in sets) <= CACHE_BYTES:
        train, validation, test = sets
    how = "" if regridding is None else f", regridded by {REGRIDDED[regridding]}"
    return Splits(
        train,
        validation,
        test,
        f"{options.data}: {counted(len(train), 'map')} for training, {len(validation)} "
        f"for validation, {len(test)} for testing{how}; "
        f"classes {', '.join(train.class_names)}",
        f"{len(test)} test maps",
    )


_SOURCES: dict[str, Callable[[SegmentOptions, Sampling], Splits]] = {
    "events": _events,
    "climate-sphere-l5": _sphere_l5,
    "cam5": _cam5,
    "climatenet": _climatenet,
    "extreme-weather": _extreme_weather,
}

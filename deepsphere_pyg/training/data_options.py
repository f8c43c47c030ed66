"""Options that choose the maps to learn from."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from deepsphere_pyg.datasets import ClimateEvents, SegmentationDataset
from samplings import Sampling

# Validation and test maps are the same whatever the seed of the training maps, so that
# runs of different seeds are scored alike.
VALIDATION_SEED, TEST_SEED = 1_000_001, 1_000_002


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
        choices=["events"],
        default="events",
        help="events: generated weather with cyclones and atmospheric rivers",
    )
    group.add_argument("--n-train", type=int, default=300, help="generated train maps")
    group.add_argument("--n-validation", type=int, default=40, help="and for choosing")
    group.add_argument("--n-test", type=int, default=40, help="and for the report")
    group.add_argument(
        "--rotate",
        choices=["none", "test", "all"],
        default="none",
        help="turn each generated map by a random rotation",
    )


def splits_from_arguments(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """Build the data sets that the options name, on a sampling."""
    return _events(args, sampling)


def _events(args: argparse.Namespace, sampling: Sampling) -> Splits:
    """Generated maps, kept in memory: they are seen once an epoch."""
    train = ClimateEvents(
        sampling, args.n_train, seed=args.seed, rotate=args.rotate == "all", cache=True
    )
    validation = ClimateEvents(
        sampling,
        args.n_validation,
        seed=VALIDATION_SEED,
        rotate=args.rotate == "all",
        cache=True,
    )
    test = ClimateEvents(
        sampling,
        args.n_test,
        seed=TEST_SEED,
        rotate=args.rotate != "none",
        cache=True,
    )
    return Splits(
        train,
        validation,
        test,
        f"generated climate events: {args.n_train} maps to train, "
        f"{args.n_validation} to validate, {args.n_test} to test",
        f"{args.n_test} test maps",
    )

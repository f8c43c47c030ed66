"""Options that choose a network."""

from __future__ import annotations

import argparse
from dataclasses import replace

import torch

from deepsphere_pyg.datasets import SegmentationDataset, input_statistics
from deepsphere_pyg.models import (
    UNET_CONFIGURATIONS,
    PixelNetwork,
    SphericalModel,
    SphericalUNet,
)
from samplings import WEIGHTINGS, build_pyramid
from samplings.graphs.knn import DEFAULT_WEIGHTING

NEIGHBOUR_WEIGHTINGS = tuple(
    name for name, kind in WEIGHTINGS.items() if kind.pattern == "neighbours"
)
# Name of the network that sees single vertices, to measure the value of context.
PIXEL = "pixel"


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the graph and the network."""
    group = parser.add_argument_group("graph and network")
    group.add_argument(
        "--network",
        choices=[*UNET_CONFIGURATIONS, PIXEL],
        default="small",
        help="U-Net of the named size, or a network that sees single pixels",
    )
    group.add_argument(
        "--k", type=int, default=8, help="minimum number of neighbours of each vertex"
    )
    group.add_argument(
        "--weighting",
        choices=NEIGHBOUR_WEIGHTINGS,
        default=DEFAULT_WEIGHTING,
        metavar="W",
        help=f"edge weights: {', '.join(NEIGHBOUR_WEIGHTINGS)}; the DeepSphere papers "
        "use heat",
    )
    group.add_argument(
        "--K", type=int, help="Chebyshev terms (default: that of the network)"
    )
    group.add_argument(
        "--baseline",
        action="store_true",
        help="also train a network that sees single pixels, for comparison",
    )


def network_from_arguments(
    args: argparse.Namespace, name: str, dataset: SegmentationDataset
) -> SphericalModel:
    """Build the named network for the channels, classes and sampling of a data set.

    Its inputs are standardised by the mean and standard deviation of the channels of
    the data set; its weights start from ``args.seed``.
    """
    torch.manual_seed(args.seed)
    channels, classes = len(dataset.channel_names), len(dataset.class_names)
    network: SphericalModel
    if name == PIXEL:
        pyramid = build_pyramid(dataset.sampling, 1, args.k, weighting=args.weighting)
        network = PixelNetwork(channels, classes, pyramid)
    else:
        configuration = UNET_CONFIGURATIONS[name]
        if args.K is not None:
            configuration = replace(configuration, K=args.K)
        pyramid = build_pyramid(
            dataset.sampling, configuration.levels, args.k, weighting=args.weighting
        )
        network = SphericalUNet(channels, classes, pyramid, configuration=configuration)
    network.standardize.fit_(*input_statistics(dataset))
    return network

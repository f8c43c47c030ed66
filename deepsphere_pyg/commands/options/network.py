"""Options that choose a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import nn

from deepsphere_pyg.commands.options.lightning import add_model, build_model
from deepsphere_pyg.commands.options.parsing import ADDED_BY, Options
from deepsphere_pyg.models import (
    UNET_CONFIGURATIONS,
    PixelNetwork,
    SphericalClassifier,
    SphericalUNet,
)
from samplings import Sampling, build_pyramid

# Name of the network that sees single vertices, to measure the value of context.
PIXEL = "pixel"
# Channels of classifiers at each level, finest first.
CLASSIFIERS = {"small": (16, 32, 64), "deepsphere": (16, 32, 64, 128, 256)}


@dataclass(frozen=True, kw_only=True)
class NetworkOptions(Options):
    """Graph and network.

    Parameters
    ----------
    network
        Named size: of a U-Net, or pixel for a network that sees single pixels, where
        targets are maps; of a classifier (small or deepsphere) where they are of whole
        samples.
    model
        Import path of a network of one's own, whose first arguments are the numbers of
        input and output channels and the sampling; --model.NAME gives further ones.
    k
        Minimum number of neighbours of each vertex.
    weighting
        Edge weights; the DeepSphere papers use heat.
    K
        Chebyshev terms (default: that of the network).
    """

    network: Literal["small", "jiang", "deepsphere", "wider", "pixel"] = "small"
    model: Mapping[str, Any] | None = field(
        default=None, metadata={ADDED_BY: add_model}
    )
    k: int = 8
    weighting: Literal[
        "heat",
        "self-tuned",
        "inverse-distance",
        "area-corrected",
        "fitted",
        "fitted-single",
        "fitted-irls",
    ] = "fitted"
    K: int | None = None


def build_network(
    options: NetworkOptions,
    in_channels: int,
    out_channels: int,
    sampling: Sampling,
    *,
    seed: int,
    pixel: bool = False,
    whole: bool = False,
) -> nn.Module:
    """Build the network of the options; its weights start from the seed.

    Parameters
    ----------
    options
        The options.
    in_channels, out_channels, sampling
        Channels, and where the vertices are.
    seed
        Random seed.
    pixel
        Whether to build the network that sees single pixels instead.
    whole
        Whether targets are of whole samples.

    Raises
    ------
    ValueError
        If there is no such network for the targets.
    """
    torch.manual_seed(seed)
    if options.model is not None and not pixel:
        return build_model(options.model, in_channels, out_channels, sampling)
    name = PIXEL if pixel else options.network
    k, weighting = options.k, options.weighting
    if whole:
        if name not in CLASSIFIERS:
            raise ValueError(
                f"--network {name} predicts maps, and the targets are of whole "
                f"samples; pass --network {' or '.join(CLASSIFIERS)}"
            )
        widths = CLASSIFIERS[name]
        pyramid = build_pyramid(sampling, len(widths), k, weighting=weighting)
        K = 4 if options.K is None else options.K
        return SphericalClassifier(
            in_channels, out_channels, pyramid, widths=widths, K=K
        )
    if name == PIXEL:
        pyramid = build_pyramid(sampling, 1, k, weighting=weighting)
        return PixelNetwork(in_channels, out_channels, pyramid)
    configuration = UNET_CONFIGURATIONS[name]
    if options.K is not None:
        configuration = replace(configuration, K=options.K)
    pyramid = build_pyramid(sampling, configuration.levels, k, weighting=weighting)
    return SphericalUNet(
        in_channels, out_channels, pyramid, configuration=configuration
    )

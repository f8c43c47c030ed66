"""Options that choose a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import nn

from deepsphere_pyg.commands.options.lightning import add_model, build_model
from deepsphere_pyg.commands.options.parsing import ADDED_BY, Options
from deepsphere_pyg.models import UNET_CONFIGURATIONS, PixelNetwork, SphericalUNet
from samplings import Sampling, build_pyramid

# Name of the network that sees single vertices, to measure the value of context.
PIXEL = "pixel"


@dataclass(frozen=True, kw_only=True)
class GraphOptions(Options):
    """Graph and network.

    Parameters
    ----------
    network
        U-Net of the named size, or pixel: a network that sees single pixels.
    model
        Import path of a network of one's own, whose first arguments are the numbers of
        input and output channels and the sampling; --model.NAME gives further ones.
    k
        Minimum number of neighbours of each vertex.
    weighting
        Edge weights; the DeepSphere papers use heat.
    K
        Chebyshev terms (default: that of the network).
    baseline
        Also train a network that sees single pixels, for comparison.
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
    baseline: bool = False


def build_network(
    options: GraphOptions,
    in_channels: int,
    out_channels: int,
    sampling: Sampling,
    *,
    seed: int,
    pixel: bool = False,
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
    """
    torch.manual_seed(seed)
    if options.model is not None and not pixel:
        return build_model(options.model, in_channels, out_channels, sampling)
    k, weighting = options.k, options.weighting
    if pixel or options.network == PIXEL:
        pyramid = build_pyramid(sampling, 1, k, weighting=weighting)
        return PixelNetwork(in_channels, out_channels, pyramid)
    configuration = UNET_CONFIGURATIONS[options.network]
    if options.K is not None:
        configuration = replace(configuration, K=options.K)
    pyramid = build_pyramid(sampling, configuration.levels, k, weighting=weighting)
    return SphericalUNet(
        in_channels, out_channels, pyramid, configuration=configuration
    )

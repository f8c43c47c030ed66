"""Networks that options name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from jsonargparse import ArgumentParser
from torch import nn

from deepsphere_pyg.commands.options.lightning import add_model
from deepsphere_pyg.commands.options.network import PIXEL, NetworkOptions
from deepsphere_pyg.models import (
    UNET_CONFIGURATIONS,
    PixelNetwork,
    SphericalClassifier,
    SphericalUNet,
)
from samplings import Sampling, build_pyramid

# Channels of classifiers at each level, finest first.
CLASSIFIERS = {"small": (16, 32, 64), "deepsphere": (16, 32, 64, 128, 256)}


def build_model(
    spec: Mapping[str, Any], in_channels: int, out_channels: int, sampling: Sampling
) -> nn.Module:
    """Build a network of one's own.

    Parameters
    ----------
    spec
        Its class, ``class_path``, and further arguments, ``init_args``.
    in_channels, out_channels, sampling
        Its first arguments.

    Raises
    ------
    TypeError
        If the class is no network.
    """
    parser = ArgumentParser()
    add_model(parser)
    parsed = parser.parse_object({"model": dict(spec)})
    network = parser.instantiate(parsed).model(in_channels, out_channels, sampling)
    if not isinstance(network, nn.Module):
        raise TypeError(
            f"--model must name a torch.nn.Module, got {spec['class_path']}, which "
            f"makes a {type(network).__name__}"
        )
    return network


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

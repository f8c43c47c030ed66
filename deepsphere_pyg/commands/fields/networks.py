"""Networks for targets at vertices and of whole samples."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from deepsphere_pyg.commands.fields.options import FieldsOptions
from deepsphere_pyg.commands.options.lightning import build_model
from deepsphere_pyg.models import (
    UNET_CONFIGURATIONS,
    PixelNetwork,
    SphericalClassifier,
    SphericalUNet,
)
from samplings import Sampling, build_pyramid

# Channels of classifiers at each level, finest first.
CLASSIFIERS = {"small": (16, 32, 64), "deepsphere": (16, 32, 64, 128, 256)}


def build_network(
    options: FieldsOptions,
    in_channels: int,
    out_channels: int,
    sampling: Sampling,
    *,
    whole: bool,
) -> nn.Module:
    """Build the network of the options; its weights start from the seed.

    Parameters
    ----------
    options
        The options.
    in_channels, out_channels, sampling
        Channels, and where the vertices are.
    whole
        Whether targets are of whole samples.

    Raises
    ------
    ValueError
        If there is no such network for the targets.
    """
    torch.manual_seed(options.seed)
    if options.model is not None:
        return build_model(options.model, in_channels, out_channels, sampling)
    name, k, weighting = options.network, options.k, options.weighting
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
    if name == "pixel":
        pyramid = build_pyramid(sampling, 1, k, weighting=weighting)
        return PixelNetwork(in_channels, out_channels, pyramid)
    configuration = UNET_CONFIGURATIONS[name]
    if options.K is not None:
        configuration = replace(configuration, K=options.K)
    pyramid = build_pyramid(sampling, configuration.levels, k, weighting=weighting)
    return SphericalUNet(
        in_channels, out_channels, pyramid, configuration=configuration
    )

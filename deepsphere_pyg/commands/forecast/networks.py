"""Networks that only forecasts have, beside those for maps of any kind."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import nn

from deepsphere_pyg.commands.options.building import build_network
from deepsphere_pyg.commands.options.forecast_network import (
    FORECAST_NETWORKS,
    ForecastNetworkOptions,
    mesh_named,
)
from deepsphere_pyg.models import (
    WEATHER,
    MeshNetwork,
    RecurrentUNet,
    ResidualUNet,
    ResidualUNetConfiguration,
    SphericalFourierOperator,
)
from samplings import Icosahedral, Pyramid, Sampling, build_pyramid

# Channels of encoded fields, which --width multiplies.
CHANNELS = 64
# Least level of the mesh: the processor's U-Net has two coarser ones.
LEAST_LEVEL = 2


def mesh_for(sampling: Sampling) -> Sampling:
    """Return the icosahedral mesh with about a quarter of the vertices of a sampling.

    Level n has some 10 * 4^n vertices.
    """
    level = round(math.log(len(sampling) / 40, 4))
    return Icosahedral(max(LEAST_LEVEL, level))


def forecast_network(
    options: ForecastNetworkOptions,
    in_channels: int,
    out_channels: int,
    sampling: Sampling,
    *,
    history: int,
    seed: int,
) -> nn.Module:
    """Build the network of the options; its weights start from the seed.

    Parameters
    ----------
    options
        The options.
    in_channels, out_channels, sampling
        Channels, and where the vertices are.
    history
        Number of past states among the input channels.
    seed
        Random seed.

    Raises
    ------
    ValueError
        If the network does not fit the sampling.
    """
    name = options.network
    if options.model is not None or name not in FORECAST_NETWORKS:
        return build_network(options, in_channels, out_channels, sampling, seed=seed)
    torch.manual_seed(seed)
    sizes = (in_channels, out_channels)
    if name == "sfno":
        return _fourier_operator(options, *sizes, sampling)
    if name == "mesh":
        mesh = mesh_for(sampling) if options.mesh is None else mesh_named(options.mesh)
        channels = max(1, round(CHANNELS * options.width))
        kind = _fourier_operator if options.processor == "sfno" else _residual
        processor = kind(options, channels, channels, mesh)
        return MeshNetwork(
            *sizes, sampling, processor=processor, transfer=options.transfer
        )
    if name == "weather":
        return _residual(options, *sizes, sampling)
    configuration, pyramid = _configuration(options), _pyramid(options, sampling)
    return RecurrentUNet(
        *sizes,
        pyramid,
        history=history,
        configuration=configuration,
        cell=name,
        levels=options.memory,
    )


def _configuration(options: ForecastNetworkOptions) -> ResidualUNetConfiguration:
    """Return the sizes of the residual U-Net."""
    K = WEATHER.K if options.K is None else options.K
    return replace(
        WEATHER, width=options.width, K=K, k=options.k, dropout=options.dropout
    )


def _pyramid(options: ForecastNetworkOptions, sampling: Sampling) -> Pyramid:
    """Return the graphs of the residual U-Net."""
    return build_pyramid(
        sampling, WEATHER.levels, options.k, weighting=options.weighting
    )


def _residual(
    options: ForecastNetworkOptions,
    in_channels: int,
    out_channels: int,
    sampling: Sampling,
) -> ResidualUNet:
    """Return the residual U-Net."""
    configuration, pyramid = _configuration(options), _pyramid(options, sampling)
    return ResidualUNet(in_channels, out_channels, pyramid, configuration=configuration)


def _fourier_operator(
    options: ForecastNetworkOptions,
    in_channels: int,
    out_channels: int,
    sampling: Sampling,
) -> SphericalFourierOperator:
    """Return the spherical Fourier neural operator."""
    channels = max(1, round(CHANNELS * options.width))
    return SphericalFourierOperator(
        in_channels,
        out_channels,
        sampling,
        channels=channels,
        dropout=options.dropout,
    )

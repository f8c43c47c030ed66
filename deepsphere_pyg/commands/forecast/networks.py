"""Networks that only forecasts have, beside those for maps of any kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import nn

from deepsphere_pyg.commands.options.network import NetworkOptions, build_network
from deepsphere_pyg.commands.options.parsing import METAVAR
from deepsphere_pyg.models import (
    WEATHER,
    MeshNetwork,
    RecurrentUNet,
    ResidualUNet,
    ResidualUNetConfiguration,
    SphericalFourierOperator,
)
from samplings import HEALPix, Icosahedral, Pyramid, Sampling, build_pyramid
from samplings.arguments import probability_argument

#: Schemes of the mesh, by name, with their resolution.
MESHES: dict[str, Callable[[int], Sampling]] = {
    "healpix": HEALPix,
    "icosahedral": Icosahedral,
}
FORECAST_NETWORKS = ("weather", "gru", "lstm", "mesh", "sfno")
#: Those whose blocks may have dropout; the processor of a mesh has it too.
WITH_DROPOUT = ("weather", "gru", "lstm", "mesh", "sfno")
# Channels of encoded fields, which --width multiplies.
CHANNELS = 64
# Least level of the mesh: the processor's U-Net has two coarser ones.
LEAST_LEVEL = 2


@dataclass(frozen=True, kw_only=True)
class ForecastNetworkOptions(NetworkOptions):
    """Networks of forecasts (weather, gru, lstm, mesh, sfno).

    Parameters
    ----------
    width
        Factor of the channels of these networks: the residual U-Net of
        deepsphere-weather, the same with a recurrence over the states at each vertex
        (gru, lstm), a network on a mesh, and the spherical Fourier neural operator.
    memory
        Levels at which gru and lstm have a recurrence.
    mesh
        Sampling that the network mesh works on, as healpix:NSIDE or icosahedral:LEVEL
        (default: icosahedral, with about a quarter of the vertices).
    processor
        Network on the mesh.
    transfer
        From the data to the mesh and back: means over areas, or interpolation.
    dropout
        Share of the numbers within the blocks of these networks that a training leaves
        out at random; also in forecasts, with --ensemble dropout.
    """

    # All that maps of any kind have, and more.
    network: Literal[
        "small",
        "jiang",
        "deepsphere",
        "wider",
        "pixel",
        "weather",
        "gru",
        "lstm",
        "mesh",
        "sfno",
    ] = "small"  # type: ignore[assignment]
    width: float = 1.0
    memory: Literal["deepest", "all"] = "deepest"
    mesh: str | None = field(default=None, metadata={METAVAR: "SCHEME:SIZE"})
    processor: Literal["weather", "sfno"] = "weather"
    transfer: Literal["conservative", "bilinear"] = "conservative"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.mesh is not None:
            mesh_named(self.mesh)
        if not 0 < self.width < math.inf:
            raise ValueError(
                f"--width must be positive and finite, got {self.width}; pass 1, or "
                "0.5 for half of the channels"
            )
        probability_argument("dropout", self.dropout)
        if self.dropout and (self.model or self.network not in WITH_DROPOUT):
            raise ValueError(
                f"--dropout is of the networks {', '.join(WITH_DROPOUT)}, got "
                f"--network {self.network}; choose one of them, or leave it out"
            )
        super().__post_init__()


def mesh_named(name: str) -> Sampling:
    """Return a sampling by its scheme and resolution, such as ``icosahedral:4``.

    Raises
    ------
    ValueError
        If it is not of this form.
    """
    scheme, _, size = name.partition(":")
    if scheme not in MESHES or not size.isdecimal():
        raise ValueError(
            "--mesh must be healpix:NSIDE or icosahedral:LEVEL, got "
            f"{name!r}; pass one such as icosahedral:4"
        )
    return MESHES[scheme](int(size))


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

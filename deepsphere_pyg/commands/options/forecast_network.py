"""Options of the networks that only forecasts have."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

# As a whole, since its names take seconds to load, and the help does without.
import samplings
from deepsphere_pyg.commands.options.network import NetworkOptions
from deepsphere_pyg.commands.options.parsing import METAVAR
from samplings.arguments import probability_argument

if TYPE_CHECKING:
    from samplings import Sampling

#: Schemes of the mesh, by name, with their resolution.
MESHES: dict[str, Callable[[int], Sampling]] = {
    "healpix": lambda n: samplings.HEALPix(n),
    "icosahedral": lambda n: samplings.Icosahedral(n),
}
FORECAST_NETWORKS = ("weather", "gru", "lstm", "mesh", "sfno")
#: Those whose blocks may have dropout; the processor of a mesh has it too.
WITH_DROPOUT = ("weather", "gru", "lstm", "mesh", "sfno")


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

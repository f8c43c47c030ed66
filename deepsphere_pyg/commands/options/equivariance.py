"""Options of ``equivariance``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from deepsphere_pyg.commands.options.parsing import METAVAR, Options
from deepsphere_pyg.commands.options.sampling import SamplingsOptions


@dataclass(frozen=True, kw_only=True)
class LayerOptions(Options):
    """Layers.

    Parameters
    ----------
    layers
        Measure layers in place of graphs, whose options do not apply then:
        convolutions, products, activations on grids and read-outs, for signals of
        degrees below --bandlimit (by default 10).
    azimuthal_bandlimit
        Azimuthal bandlimit on the rotation group, of orders |n| < N (default: 3, or the
        bandlimit if that is lower).
    """

    layers: bool = False
    azimuthal_bandlimit: int | None = None


@dataclass(frozen=True, kw_only=True)
class GraphsOptions(Options):
    """Graphs.

    Parameters
    ----------
    k
        Minimum numbers of neighbours of each vertex.
    weighting
        Edge weights; for those of a triangulation, finite-volume and finite-element,
        --k has no effect.
    kind
        Kind of Laplacian (default: that of the weights).
    distance
        Distance in the heat kernel.
    optimise_width
        Also measure the heat kernel of the width with the lowest error, for each
        sampling and k.
    spin
        Spins of the fields: 0 for scalars, 1 for tangent vectors, 2 for polarization;
        those above 0 with --protocol rotation-free.
    """

    k: tuple[int, ...] = (8, 20, 40)
    weighting: tuple[
        Literal[
            "heat",
            "self-tuned",
            "inverse-distance",
            "area-corrected",
            "fitted",
            "fitted-single",
            "fitted-irls",
            "finite-volume",
            "cotangent",
        ],
        ...,
    ] = ("heat", "fitted")
    kind: Literal["combinatorial", "normalized", "mass-weighted"] | None = None
    distance: Literal["chordal", "geodesic"] = "chordal"
    optimise_width: bool = False
    spin: tuple[int, ...] = (0,)


@dataclass(frozen=True, kw_only=True)
class MeasurementOptions(Options):
    """Measurement.

    Parameters
    ----------
    protocol
        Rotation-free: exact, from the stencils alone, on any sampling; exact: by random
        rotations of random signals; published: by rotations as in the DeepSphere paper,
        with the error of its transform (HEALPix only).
    degrees
        Degrees of the signals (default: 5 to 20 of the degrees that the sampling
        resolves).
    samples
        Number of random signals and rotations of each degree.
    bandlimit
        With --protocol exact, analyse outputs below this degree only, which is faster;
        with --layers, bandlimit of signals and outputs.
    seed
        Random seed of signals and rotations.
    out
        Folder of the table (csv, json) and figures (png).
    """

    protocol: Literal["rotation-free", "exact", "published"] = "rotation-free"
    degrees: tuple[int, ...] | None = field(default=None, metadata={METAVAR: "L"})
    samples: int = 50
    bandlimit: int | None = None
    seed: int = 0
    out: Path = Path("runs/equivariance")


@dataclass(frozen=True, kw_only=True)
class EquivarianceOptions(
    LayerOptions, SamplingsOptions, GraphsOptions, MeasurementOptions
):
    """Options of the command."""

    @property
    def of_graphs(self) -> list[str]:
        """Options of graphs and their measurement that are given."""
        return [
            f"--{one.name.replace('_', '-')}"
            for one in fields(self)
            if one.name not in OF_LAYERS and getattr(self, one.name) != one.default
        ]


# Options that apply to layers; the others choose graphs and their measurement.
OF_LAYERS = ("layers", "bandlimit", "azimuthal_bandlimit", "samples", "seed", "out")

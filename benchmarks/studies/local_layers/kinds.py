"""The kinds of layers that are compared, in networks with as many parameters."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.studies.climate_runs.networks import WIDTHS as CLASSIFIER_WIDTHS
from benchmarks.studies.climate_runs.networks import Network
from deepsphere_pyg import PiecewiseLinearBasis
from deepsphere_pyg.models import (
    AttentionLayers,
    DiscoLayers,
    SphericalUNet,
    UNetConfiguration,
)
from samplings import Sampling, build_pyramid

#: Weights for each pair of channels: terms of polynomials, functions of a basis, and
#: about the maps of attention (queries, keys, values, outputs and the vertex itself).
TERMS = 5
WIDTHS = (16, 32, 32)


@dataclass(frozen=True)
class Kind:
    """A kind of layers, and the graph of its networks.

    DISCO layers do not use the edges of graphs. ``widths`` are those of the classifier.
    """

    title: str
    convolution: str | DiscoLayers | AttentionLayers = "chebyshev"
    weighting: str = "heat"
    k: int = 8
    widths: tuple[int, ...] = CLASSIFIER_WIDTHS

    def unet(
        self, in_channels: int, out_channels: int, sampling: Sampling
    ) -> SphericalUNet:
        """Return a network that classifies vertices, with new weights."""
        configuration = UNetConfiguration(
            "study",
            WIDTHS[0],
            WIDTHS,
            K=TERMS,
            finest_skip=True,
            convolution=self.convolution,
        )
        pyramid = build_pyramid(sampling, len(WIDTHS), self.k, weighting=self.weighting)
        return SphericalUNet(
            in_channels, out_channels, pyramid, configuration=configuration
        )

    @property
    def classifier(self) -> Network:
        """The network for the runs of a climate model."""
        return Network(
            "healpix", self.weighting, self.k, TERMS, self.convolution, self.widths
        )


KINDS = {
    "chebyshev-heat-8": Kind("Chebyshev, heat, k = 8"),
    "chebyshev-fitted-8": Kind("Chebyshev, fitted, k = 8", weighting="fitted"),
    "chebyshev-fitted-20": Kind("Chebyshev, fitted, k = 20", "chebyshev", "fitted", 20),
    "disco-isotropic": Kind(
        "DISCO, isotropic", DiscoLayers(PiecewiseLinearBasis(9), cutoff=4)
    ),
    "disco-means": Kind(
        "DISCO, isotropic, means",
        DiscoLayers(PiecewiseLinearBasis(9), cutoff=4, normalization="nodal"),
    ),
    "disco-oriented": Kind(
        "DISCO, oriented", DiscoLayers(PiecewiseLinearBasis(3, 4), cutoff=2)
    ),
    # The map of the output has as many weights as its channels squared, which is more
    # than others have where the number of channels grows.
    "attention-8": Kind("attention, k = 8", AttentionLayers(), widths=(8, 16, 28)),
}

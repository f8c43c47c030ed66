"""Classifier of whole spheres: a graph network, then one on coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.harmonics import SHT
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import ConvBlock
from deepsphere_pyg.models.generalized_cnn import GeneralizedSphericalCNN
from deepsphere_pyg.models.level_pooling import (
    LEVEL_POOLINGS,
    poolings,
    refuse_other_terms,
)
from deepsphere_pyg.models.local_layers import ChebyshevLayers
from samplings import Pyramid, Sampling
from samplings.arguments import choice_argument, integer_argument, integers_argument


class HybridClassifier(SphericalModel):
    """Classify spheres by a graph network on vertices, then one on coefficients.

    Each level convolves with polynomials of the Laplacian (with batch normalisation and
    ReLU) and pools. The signal on the coarsest sampling is transformed, and a
    :class:`GeneralizedSphericalCNN` classifies its coefficients: graph convolutions are
    cheap on many vertices, and few degrees are enough to be exactly equivariant after.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    sampling
        Sampling of the inputs; or a pyramid with one level more than there are widths.
    widths
        Channels of each level, finest first.
    K
        Chebyshev terms.
    pooling
        ``"max"``, ``"mean"``, ``"learned"`` or ``"learned-position"``, as for
        :class:`SphericalClassifier`.
    bandlimits, channels, tau_max, mixing, convolution, hidden
        As for :class:`GeneralizedSphericalCNN`.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If the pyramid has another number of levels, its coarsest sampling does not
        determine the coefficients, or a layer refuses its sizes; in ``forward``, if
        ``x`` does not fit.

    Notes
    -----
    Equivariance: approximate for the graph network; strict after it. Learned pooling
    tells directions apart.

    Source: Cobb et al. 2021 (arXiv:2010.11661) call networks of layers of several kinds
    hybrid; a graph network in front is ours.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix
    >>> sizes = {"widths": (4,), "bandlimits": (4, 2), "channels": (4, 4)}
    >>> model = HybridClassifier(1, 10, HEALPix(4), **sizes)
    >>> model(torch.zeros(2, 192, 1)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling | Pyramid,
        *,
        widths: Sequence[SupportsIndex] = (16,),
        K: SupportsIndex = 4,
        pooling: str = "max",
        bandlimits: Sequence[SupportsIndex] = (10, 6, 3),
        channels: Sequence[SupportsIndex] = (16, 24, 24),
        tau_max: float = 1,
        mixing: str = "mst",
        convolution: str = "unconstrained",
        hidden: Sequence[SupportsIndex] = (64,),
    ) -> None:
        sizes = integers_argument("widths", widths, 1)
        depths = (len(sizes) + 1,)
        super().__init__(in_channels, out_channels, sampling, sizes, depths)
        terms = integer_argument("K", K, 1)
        self.spectral = GeneralizedSphericalCNN(
            (self.in_channels, *sizes)[-1],
            out_channels,
            bandlimits=bandlimits,
            channels=channels,
            tau_max=tau_max,
            mixing=mixing,
            convolution=convolution,
            hidden=hidden,
        )
        names = ("bandlimits", "channels", "tau_max", "mixing", "convolution", "hidden")
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "widths": list(sizes),
            "K": terms,
            **{name: self.spectral.config[name] for name in names},
        }
        if choice_argument("pooling", pooling, LEVEL_POOLINGS) != "max":
            # Left out otherwise: files are those of versions without the option.
            self._config["pooling"] = pooling
        layers = ChebyshevLayers(terms)
        self.laplacians = layers.operators(self.pyramid.graphs[:-1])
        self.blocks = nn.ModuleList(
            ConvBlock(before, width, layers, "batch")
            for before, width in pairwise((self.in_channels, *sizes))
        )
        self.pool, self.pooling_operators = poolings(
            pooling, self.pyramid.coarsenings, sizes, bias=False
        )
        # With few vertices and degrees, one dense matrix is the fastest.
        coarsest = self.pyramid.graphs[-1].sampling
        self.transform = SHT(coarsest, self.spectral.layout.L, method="least-squares")

    def geometry_on(self, sampling: Any) -> Any:
        """Return a pyramid on another sampling, if the weights fit it."""
        pyramid = super().geometry_on(sampling)
        name = self._config.get("pooling", "max")
        refuse_other_terms(name, pyramid.coarsenings, self.pool)
        return pyramid

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, out_channels)``."""
        x = self.checked_input(x)
        for level, block in enumerate(self.blocks):
            x = block(x, self.laplacians[level])
            x = self.pool[level](x, self.pooling_operators[level])
        y: Tensor = self.spectral(self.transform.analyze(x))
        return y

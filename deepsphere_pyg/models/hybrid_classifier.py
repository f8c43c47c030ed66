"""A class for a whole sphere: a graph network first, then its coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.harmonics import SHT
from deepsphere_pyg.models.base import SphericalModel, check_depth
from deepsphere_pyg.models.blocks import ConvBlock, pooling_layer
from deepsphere_pyg.models.generalized_cnn import GeneralizedSphericalCNN
from deepsphere_pyg.operators import laplacian_operator, pooling_operator
from samplings import Pyramid
from samplings.arguments import integer_argument


class HybridClassifier(SphericalModel):
    """Find fine details by a graph network, and what they make by a generalized one.

    Each level convolves with polynomials of the Laplacian (with batch normalisation and
    ReLU) and pools. What is left on the coarsest sampling is transformed, and a
    :class:`GeneralizedSphericalCNN` gives the class: graph convolutions cost little on
    many vertices, and coefficients turn exactly on few degrees.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    pyramid
        One level more than there are widths.
    widths
        Channels of each level, finest first.
    K
        Chebyshev terms.
    bandlimits, channels, tau_max, mixing, convolution, hidden
        Of the generalized network.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If the pyramid has another number of levels, or its coarsest sampling does not
        determine the degrees; as for the layers; in ``forward``, if ``x`` does not fit.

    Notes
    -----
    Equivariance: that of the graph's Laplacians, approximate; strict from there on.

    Source: Cobb et al. 2021 (arXiv:2010.11661) call networks of layers of several kinds
    hybrid; a graph network in front is ours.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix, build_pyramid
    >>> pyramid = build_pyramid(HEALPix(4), depth=2, k=8)
    >>> sizes = {"bandlimits": (4, 2), "channels": (4, 4)}
    >>> model = HybridClassifier(1, 10, pyramid, (4,), **sizes)
    >>> model(torch.zeros(2, 192, 1)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        pyramid: Pyramid,
        widths: Sequence[SupportsIndex] = (16,),
        K: int = 4,
        *,
        bandlimits: Sequence[SupportsIndex] = (10, 6, 3),
        channels: Sequence[SupportsIndex] = (16, 24, 24),
        tau_max: float = 1,
        mixing: str = "mst",
        convolution: str = "unconstrained",
        hidden: Sequence[SupportsIndex] = (64,),
    ) -> None:
        before = integer_argument("in_channels", in_channels, 1)
        super().__init__(before, pyramid)
        of_levels = [integer_argument("widths", width, 1) for width in widths]
        check_depth(
            pyramid, len(of_levels) + 1, "a hybrid of as many widths, less one,"
        )
        self.spectral = GeneralizedSphericalCNN(
            of_levels[-1] if of_levels else before,
            out_channels,
            bandlimits,
            channels,
            tau_max=tau_max,
            mixing=mixing,
            convolution=convolution,
            hidden=hidden,
        )
        spectral = self.spectral.config
        names = ("bandlimits", "channels", "tau_max", "mixing", "convolution", "hidden")
        self._config = {
            "in_channels": before,
            "out_channels": spectral["out_channels"],
            "widths": of_levels,
            "K": K,
            **{name: spectral[name] for name in names},
        }
        self.laplacians = nn.ModuleList(
            laplacian_operator(graph) for graph in pyramid.graphs[:-1]
        )
        self.pooling_operators = nn.ModuleList(
            pooling_operator(coarsening) for coarsening in pyramid.coarsenings
        )
        self.blocks = nn.ModuleList(
            ConvBlock(n_in, width, K, "batch")
            for n_in, width in zip([before, *of_levels], of_levels, strict=False)
        )
        self.pool = pooling_layer("max")
        # Of few vertices and degrees, for which one dense matrix is the fastest.
        self.transform = SHT(
            pyramid.graphs[-1].sampling, self.spectral.layout.L, "least-squares"
        )

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the constructor without the pyramid, JSON-serialisable."""
        return {**self._config}

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, out_channels)``."""
        x = self.checked_input(x)
        for block, operator, pooling in zip(
            self.blocks, self.laplacians, self.pooling_operators, strict=True
        ):
            x = self.pool(block(x, operator), pooling)
        y: Tensor = self.spectral(self.transform.analyze(x))
        return y

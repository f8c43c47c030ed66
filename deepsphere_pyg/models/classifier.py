"""Classifier of whole spheres by graph convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self, SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.layers import GlobalMeanPool
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import (
    ConvBlock,
    pooling_layer,
    pooling_operators,
)
from deepsphere_pyg.models.local_layers import (
    Convolution,
    convolution_argument,
    convolution_config,
    layers_of,
    with_convolution,
)
from samplings import Pyramid, Sampling
from samplings.arguments import integer_argument, integers_argument


class SphericalClassifier(SphericalModel):
    """Classify whole spheres, whichever way they are turned.

    Each level convolves (with batch normalisation and ReLU) and pools. A linear map
    classifies the mean over the sphere, weighted by area.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    sampling
        Sampling of the inputs; or a pyramid. With one level more than there are widths,
        a pooling follows each convolution, as published; with one level per width, the
        last pooling is left out.
    widths
        Channels of each level, finest first.
    K
        Chebyshev terms, which layers of other kinds do not have.
    pooling
        ``"max"`` or ``"mean"``.
    normalization
        ``"batch"``, ``"layer"`` or ``"none"``.
    laplacian
        Kind of Laplacian, as in :func:`samplings.laplacian`; by default the one that
        the graph's weights are made for.
    convolution
        Kind of the layers: ``"chebyshev"``, ``"disco"``, ``"attention"``, or the last
        two with options, as in :class:`UNetConfiguration`.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If an option is not one of the above, or the pyramid has another number of
        levels; in ``forward``, if ``x`` does not fit.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 4.1. The defaults with 6
    input channels and 55 classes have 189,591 parameters; the paper says 190k.

    Equivariance: invariant, exactly under the rotations that map every level onto
    itself, approximately under others. Layers that are oriented to north leave those
    about the axis.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix
    >>> model = SphericalClassifier(6, 55, HEALPix(4), widths=(16, 32))
    >>> model(torch.zeros(2, 192, 6)).shape
    torch.Size([2, 55])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling | Pyramid,
        *,
        widths: Sequence[SupportsIndex] = (16, 32, 64, 128, 256),
        K: SupportsIndex = 4,
        pooling: str = "max",
        normalization: str = "batch",
        laplacian: str | None = None,
        convolution: Convolution = "chebyshev",
    ) -> None:
        sizes = integers_argument("widths", widths, 1)
        n = len(sizes)
        if n == 0:
            raise ValueError(
                "widths must have one number for each level, got (); pass at least one"
            )
        super().__init__(in_channels, out_channels, sampling, sizes, (n + 1, n))
        terms = integer_argument("K", K, 1)
        convolution = convolution_argument(convolution, laplacian)
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "widths": list(sizes),
            "K": terms,
            "pooling": pooling,
            "normalization": normalization,
            "laplacian": laplacian,
            **convolution_config(convolution),
        }
        layers = layers_of(convolution, terms, laplacian)
        self.operators = layers.operators(self.pyramid.graphs[:n])
        self.pooling_operators = pooling_operators(self.pyramid.coarsenings)
        self.blocks = nn.ModuleList(
            ConvBlock(before, width, layers, normalization)
            for before, width in pairwise((self.in_channels, *sizes))
        )
        self.pool = pooling_layer(pooling)
        self.mean = GlobalMeanPool(self.pyramid.graphs[-1].sampling)
        self.head = nn.Linear(sizes[-1], self.out_channels)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Any) -> Self:
        """Build an untrained model from :attr:`config` and a sampling or pyramid."""
        return super().from_config(with_convolution(config), geometry)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, out_channels)``."""
        x = self.checked_input(x)
        for level, block in enumerate(self.blocks):
            x = block(x, self.operators[level])
            if level < len(self.pooling_operators):
                x = self.pool(x, self.pooling_operators[level])
        y: Tensor = self.head(self.mean(x))
        return y

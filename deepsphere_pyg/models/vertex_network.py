"""Network of convolutions on the vertices of one sampling, without pooling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.layers import GlobalMeanPool
from deepsphere_pyg.layers.graph.channel_norm import NORMALIZATIONS
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import ConvBlock
from deepsphere_pyg.models.local_layers import ChebyshevLayers
from samplings import Pyramid, Sampling
from samplings.arguments import choice_argument, integer_argument, integers_argument

HEADS = ("convolution", "mean")


class VertexNetwork(SphericalModel):
    """Convolve signals on scattered points, such as weather stations, without pooling.

    Each layer is a :class:`~deepsphere_pyg.layers.ChebConv` with normalisation and
    ReLU, on the graph of the sampling.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and of the output.
    sampling
        Sampling of the inputs; or a pyramid, of which only the finest graph is used.
    widths
        Channels of the hidden layers.
    K
        Chebyshev terms, order K - 1.
    normalization
        As in :class:`~deepsphere_pyg.layers.ChannelNorm`.
    laplacian
        Kind of Laplacian, as in :func:`samplings.laplacian`; by default the one that
        the graph's weights are made for.
    head
        ``"convolution"``: one more convolution, to numbers at each vertex.
        ``"mean"``: a linear map of the mean over the vertices by area, to numbers of
        the whole signal.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``, or
    ``(*batch, out_channels)`` with ``head="mean"``

    Raises
    ------
    TypeError, ValueError
        If an option is not one of the above; in ``forward``, if ``x`` does not fit.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 4.3 and its code, for the
    task on weather stations: widths 50, 100, 100 and K = 5, with the combinatorial
    Laplacian of 5 nearest neighbours.

    Equivariance: exact under the rotations that map the sampling onto itself,
    approximate under others.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix
    >>> model = VertexNetwork(5, 1, HEALPix(2), widths=(8, 8), K=3)
    >>> model(torch.zeros(4, 48, 5)).shape
    torch.Size([4, 48, 1])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling | Pyramid,
        *,
        widths: Sequence[SupportsIndex] = (50, 100, 100),
        K: SupportsIndex = 5,
        normalization: str = "batch",
        laplacian: str | None = None,
        head: str = "convolution",
    ) -> None:
        super().__init__(in_channels, out_channels, sampling)
        sizes = integers_argument("widths", widths, 1)
        if not sizes:
            raise ValueError(
                "widths must have one number for each layer, got (); pass at least one"
            )
        terms = integer_argument("K", K, 1)
        choice_argument("head", head, HEADS)
        choice_argument("normalization", normalization, NORMALIZATIONS)
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "widths": list(sizes),
            "K": terms,
            "normalization": normalization,
            "laplacian": laplacian,
            "head": head,
        }
        layers = ChebyshevLayers(terms, laplacian)
        graph = self.pyramid.graphs[0]
        self.operator = layers.operator(graph)
        self.blocks = nn.ModuleList(
            ConvBlock(before, width, layers, normalization)
            for before, width in pairwise((self.in_channels, *sizes))
        )
        self.mean = GlobalMeanPool(graph.sampling) if head == "mean" else None
        self.head: nn.Module
        if self.mean is None:
            self.head = layers.layer(sizes[-1], self.out_channels)
        else:
            self.head = nn.Linear(sizes[-1], self.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return numbers ``(*batch, vertex, out_channels)`` or of the whole signal."""
        y = self.checked_input(x)
        for block in self.blocks:
            y = block(y, self.operator)
        found: Tensor
        if self.mean is None:
            found = self.head(y, self.operator)
        else:
            found = self.head(self.mean(y))
        return found

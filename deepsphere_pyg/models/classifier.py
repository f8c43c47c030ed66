"""A class for a whole sphere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from deepsphere_pyg.layers import GlobalMeanPool
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import ConvBlock, pooling_layer
from deepsphere_pyg.operators import laplacian_operator, pooling_operator
from samplings import Pyramid, laplacian
from samplings.arguments import integer_argument, integers_argument


class SphericalClassifier(SphericalModel):
    """Give a whole sphere its class, whichever way it is turned.

    Each level convolves (with batch normalisation and ReLU) and pools; the mean over
    the sphere by area is classified by a linear map.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    pyramid
        One level more than there are widths, so that each convolution is followed by a
        pooling, as published; or as many, and the last one is not.
    widths
        Channels of each level, finest first.
    K
        Chebyshev terms.
    pooling
        ``"max"`` or ``"mean"``.
    normalization
        ``"batch"``, ``"layer"`` or ``"none"``.
    kind
        Laplacian, as in :func:`samplings.laplacian`; by default the one that the
        graph's weights are made for.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, out_channels)``

    Raises
    ------
    ValueError
        If the pyramid has another number of levels; in ``forward``, if ``x`` does not
        fit.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 4.1. The defaults with 6
    input channels and 55 classes have 189,591 parameters; the paper says 190k.

    Equivariance: invariant, exactly under the rotations that map every level onto
    itself, approximately under others.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix, build_pyramid
    >>> pyramid = build_pyramid(HEALPix(4), depth=3, k=8)
    >>> SphericalClassifier(6, 55, pyramid, (16, 32))(torch.zeros(2, 192, 6)).shape
    torch.Size([2, 55])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        pyramid: Pyramid,
        widths: Sequence[int] = (16, 32, 64, 128, 256),
        K: int = 4,
        pooling: str = "max",
        normalization: str = "batch",
        kind: str | None = None,
    ) -> None:
        super().__init__(in_channels, pyramid)
        in_channels = self.standardize.channels
        out_channels = integer_argument("out_channels", out_channels, 1)
        widths = integers_argument("widths", widths, 1)
        K = integer_argument("K", K, 1)
        n = len(widths)
        if n == 0 or len(pyramid) not in (n, n + 1):
            raise ValueError(
                f"a classifier of {n} widths works on {n + 1} levels, or {n} without "
                f"the last pooling, got a pyramid of {len(pyramid)}; "
                f"use build_pyramid(sampling, depth={n + 1}, k=...)"
            )
        self._config = {
            "in_channels": in_channels,
            "out_channels": out_channels,
            "widths": list(widths),
            "K": K,
            "pooling": pooling,
            "normalization": normalization,
            "kind": kind,
        }
        self.laplacians = nn.ModuleList(
            laplacian_operator(laplacian(graph, kind)) for graph in pyramid.graphs[:n]
        )
        self.pooling_operators = nn.ModuleList(
            pooling_operator(coarsening) for coarsening in pyramid.coarsenings
        )
        self.blocks = nn.ModuleList(
            ConvBlock(before, width, K, normalization)
            for before, width in zip((in_channels, *widths), widths, strict=False)
        )
        self.pool = pooling_layer(pooling)
        self.mean = GlobalMeanPool(pyramid.graphs[-1].sampling)
        self.head = nn.Linear(widths[-1], out_channels)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the constructor without the pyramid, JSON-serialisable."""
        return {**self._config}

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, out_channels)``."""
        x = self.checked_input(x)
        for level, block in enumerate(self.blocks):
            x = block(x, self.laplacians[level])
            if level < len(self.pooling_operators):
                x = self.pool(x, self.pooling_operators[level])
        y: Tensor = self.head(self.mean(x))
        return y

"""U-Net on scalars and tangent vectors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.layers import (
    ChannelNorm,
    MagnitudeActivation,
    MagnitudeNorm,
    ScalarVectorConv,
    SpinMeanPool,
    SpinUnpool,
)
from deepsphere_pyg.layers.graph.spin.components import checked_field
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import rectified
from deepsphere_pyg.operators import (
    ScalarVectorOperators,
    pooling_operator,
    unpooling_operator,
)
from samplings import Pyramid, Sampling
from samplings.arguments import flag_argument, integer_argument, integers_argument

#: Channels of scalars and of vectors of each level; about as many parameters as the
#: configuration ``SMALL`` of :class:`SphericalUNet`.
WIDTHS = ((12, 6), (20, 10), (32, 16), (32, 16))

_Pair = tuple[int, int]


class ScalarVectorUNet(SphericalModel):
    r"""Map scalars and tangent vectors to scalars and tangent vectors at every vertex.

    Wind and pressure in, the same later, for instance. The encoder convolves and pools
    down the pyramid; the decoder unpools, joins the encoder's output of the level and
    convolves. Every convolution is a :class:`~deepsphere_pyg.layers.ScalarVectorConv`;
    all but the last are followed by normalisation, and by ReLU of scalars and
    :class:`~deepsphere_pyg.layers.MagnitudeActivation` of vectors. Pooling is the mean
    over cells, with parallel transport of vectors.

    Parameters
    ----------
    in_scalars, in_vectors, out_scalars, out_vectors
        Channels of each kind, at least 1.
    sampling
        Sampling of the inputs; or a pyramid with as many levels as there are widths.
    widths
        Channels of scalars and of vectors of each level, finest first; at least two
        levels.
    K
        Number of Chebyshev terms.
    parity
        As in :class:`~deepsphere_pyg.layers.ScalarVectorConv`: whether the network
        commutes with reflections, too.

    Shapes
    ------
    ``(*batch, vertex, in_scalars), (*batch, vertex, 2, in_vectors) -> (*batch, vertex,
    out_scalars), (*batch, vertex, 2, out_vectors)``

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer of at least 1, widths are not pairs, or the
        pyramid has another number of levels; in ``forward``, if signals do not fit.

    Notes
    -----
    The first layers bring scalars to mean zero and spread one, once ``standardize`` is
    fitted, and vectors to magnitude one, by the statistics of training.

    Source: Defferrard et al. 2020, arXiv:2012.15000, section 4.3, for scalars.

    Equivariance: exact for all turns of frames, and for the rotations that map every
    level onto itself; approximate for others.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> model = ScalarVectorUNet(3, 1, 2, 1, HEALPix(4), widths=[(8, 4), (16, 8)])
    >>> pressure, wind = torch.zeros(5, 192, 3), torch.zeros(5, 192, 2, 1)
    >>> [y.shape for y in model(pressure, wind)]
    [torch.Size([5, 192, 2]), torch.Size([5, 192, 2, 1])]
    """

    def __init__(
        self,
        in_scalars: SupportsIndex,
        in_vectors: SupportsIndex,
        out_scalars: SupportsIndex,
        out_vectors: SupportsIndex,
        sampling: Sampling | Pyramid,
        *,
        widths: Sequence[Sequence[SupportsIndex]] = WIDTHS,
        K: SupportsIndex = 4,
        parity: bool = False,
    ) -> None:
        first = (
            integer_argument("in_scalars", in_scalars, 1),
            integer_argument("in_vectors", in_vectors, 1),
        )
        last = (
            integer_argument("out_scalars", out_scalars, 1),
            integer_argument("out_vectors", out_vectors, 1),
        )
        pairs = _checked_widths(widths)
        terms = integer_argument("K", K, 1)
        options: dict[str, Any] = {
            "K": terms,
            "parity": flag_argument("parity", parity),
        }
        depth = len(pairs)
        super().__init__(first[0], last[0], sampling, [s for s, _ in pairs], (depth,))
        self.in_vectors, self.out_vectors = first[1], last[1]
        self._config = {
            "in_scalars": first[0],
            "in_vectors": first[1],
            "out_scalars": last[0],
            "out_vectors": last[1],
            "widths": [list(pair) for pair in pairs],
            **options,
        }
        self.operators = nn.ModuleList(
            ScalarVectorOperators(graph) for graph in self.pyramid.graphs
        )
        coarsenings = self.pyramid.coarsenings
        self.pool_scalars = nn.ModuleList(pooling_operator(c) for c in coarsenings)
        self.pool_vectors = nn.ModuleList(
            pooling_operator(c, spin=1) for c in coarsenings
        )
        self.unpool_scalars = nn.ModuleList(unpooling_operator(c) for c in coarsenings)
        self.unpool_vectors = nn.ModuleList(
            unpooling_operator(c, spin=1) for c in coarsenings
        )
        self.mean, self.copy = SpinMeanPool(), SpinUnpool()
        self.vector_norm = MagnitudeNorm(first[1])
        self.encoder = nn.ModuleList(
            _Block(before, after, **options)
            for before, after in pairwise((first, *pairs))
        )
        # From coarse to fine.
        self.decoder = nn.ModuleList(
            _Block((fine[0] + coarse[0], fine[1] + coarse[1]), fine, **options)
            for fine, coarse in reversed(list(pairwise(pairs)))
        )
        self.head = ScalarVectorConv(*pairs[0], *last, **options)

    def forward(self, scalars: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scalars and the vectors at the vertices."""
        x = self.checked_input(scalars)
        v = self.vector_norm(checked_field(vectors, self.in_vectors, "vectors"))
        skips = []
        for level, block in enumerate(self.encoder):
            if level:
                skips.append((x, v))
                x = self.pool_scalars[level - 1](x)
                v = self.mean(v, self.pool_vectors[level - 1])
            x, v = block(x, v, self.operators[level])
        for level, block in zip(reversed(range(len(skips))), self.decoder, strict=True):
            x = self.unpool_scalars[level](x)
            v = self.copy(v, self.unpool_vectors[level])
            x = torch.cat([x, skips[level][0]], dim=-1)
            v = torch.cat([v, skips[level][1]], dim=-1)
            x, v = block(x, v, self.operators[level])
        y: tuple[Tensor, Tensor] = self.head(x, v, self.operators[0])
        return y


class _Block(nn.Module):
    """Convolution, normalisation and nonlinearity of both kinds."""

    def __init__(self, before: _Pair, after: _Pair, K: int, parity: bool) -> None:
        super().__init__()
        # The normalisation subtracts the mean, and a bias with it.
        self.conv = ScalarVectorConv(*before, *after, K, parity=parity, bias=False)
        self.norm = ChannelNorm(after[0], "batch")
        self.vector_norm = MagnitudeNorm(after[1])
        self.gate = MagnitudeActivation(after[1])

    def forward(
        self, x: Tensor, v: Tensor, operators: ScalarVectorOperators
    ) -> tuple[Tensor, Tensor]:
        """Return scalars and vectors."""
        x, v = self.conv(x, v, operators)
        return rectified(self.norm(x)), self.gate(self.vector_norm(v))


def _checked_widths(widths: Sequence[Sequence[SupportsIndex]]) -> list[_Pair]:
    """Return pairs of channels, at least two."""
    if isinstance(widths, str) or not isinstance(widths, Sequence):
        raise TypeError(
            f"widths must be a list of pairs, got {type(widths).__name__}; pass "
            "[(16, 8), (32, 16)], scalars and vectors of each level"
        )
    pairs = []
    for level, pair in enumerate(widths):
        channels = integers_argument(f"widths[{level}]", pair, 1)
        if len(channels) != 2:
            raise ValueError(
                f"widths[{level}] must be two numbers, channels of scalars and of "
                f"vectors, got {channels}; pass such as (16, 8)"
            )
        pairs.append((channels[0], channels[1]))
    if len(pairs) < 2:
        raise ValueError(
            f"widths must have at least two levels, got {len(pairs)}; add one"
        )
    return pairs

"""Attention of each vertex to all."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.compilers import has_values, is_transformed
from deepsphere_pyg.layers.graph.attention.all_vertices import AllVertices
from deepsphere_pyg.layers.graph.attention.attention_heads import (
    AttentionHeads,
    attended,
)
from deepsphere_pyg.layers.graph.attention.position_bias import legendre
from deepsphere_pyg.signals import tensor_argument
from samplings.arguments import choice_argument, instance_argument

EXECUTIONS = ("auto", "fused", "matrix")
# Scores of a signal, over all heads, up to which their matrix is kept: 64 MiB.
KEPT_SCORES = 2**24
# Vertices up to which scores may depend on positions.
MOST_POSITIONS = 4096


class GlobalAttention(AttentionHeads):
    r"""Average all vertices by learned attention and by area.

    .. math::
        y_i = \sum_h O_h \frac{\sum_j a_j \exp(s_{hij})\, V_h x_j}
        {\sum_j a_j \exp(s_{hij})}, \qquad
        s_{hij} = \frac{(Q_h x_i) \cdot (K_h x_j)}{\sqrt{d}} + b_h(\theta_{ij})

    with the areas :math:`a_j` of the vertices, and a learned polynomial :math:`b_h` of
    the cosine of the angle between i and j.

    Parameters
    ----------
    in_channels, out_channels, heads, bias
        As in :class:`NeighbourAttention`.
    degree
        Even; scores depend on the angle by Legendre polynomials of its cosine up to
        ``degree / 2``. At most 4096 vertices then. 0 for scores without positions.
    execution
        ``"matrix"`` keeps all scores of a layer; ``"fused"`` is
        :func:`torch.nn.functional.scaled_dot_product_attention`, which computes them in
        parts, in memory that grows with V, but has no second derivatives. ``"auto"``
        takes it past 2**24 scores a signal, except within ``torch.func``.

    Attributes
    ----------
    query, key, value, output
        Linear maps of channels.
    position
        The polynomial, as of an isotropic :class:`NeighbourAttention` on
        neighbourhoods of radius pi; None if ``degree`` is 0.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    TypeError
        If an argument has the wrong type; in ``forward``, if ``x`` has not the dtype of
        the vertices and the layer, or ``known`` is not boolean.
    ValueError
        If ``heads`` does not divide ``out_channels``, ``degree`` is odd, or the
        execution is unknown; in ``forward``, if channels or vertices are not those
        expected, there are too many vertices for positions, or no vertex is known.

    Notes
    -----
    Source: Vaswani et al. 2017, arXiv:1706.03762; Bonev et al. 2025, arXiv:2505.11157,
    for areas within softmax.

    Equivariance: exact for the rotations and reflections that map the sampling onto
    itself, and under others to the accuracy of the quadrature by cell areas.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> vertices = AllVertices(HEALPix(2))
    >>> layer = GlobalAttention(3, 8, heads=2)
    >>> layer(torch.ones(5, 48, 3), vertices).shape
    torch.Size([5, 48, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        heads: int,
        *,
        degree: int = 0,
        bias: bool = True,
        execution: str = "auto",
    ) -> None:
        super().__init__(
            in_channels, out_channels, heads, degree=degree, isotropic=True, bias=bias
        )
        self.execution = choice_argument("execution", execution, EXECUTIONS)

    def forward(
        self, x: Tensor, vertices: AllVertices, known: Tensor | None = None
    ) -> Tensor:
        """Return the signals after attention to all vertices, or to the known ones.

        ``known``, boolean, shape ``(vertex,)`` or ``(*batch, vertex)``, is False where
        values of ``x`` are missing. They have no influence, whatever they are; the
        result there is that of values of zero.
        """
        remedy = "make them with AllVertices(sampling)"
        instance_argument("vertices", vertices, AllVertices, remedy)
        vertices.check_unchanged()
        n, bias = vertices.n_vertices, vertices.log_area
        x = self._checked(x, n, bias, "this sampling")
        if known is not None:
            known = _checked_known(known, x)
            x = torch.where(known[..., None], x, 0.0)
            bias = torch.where(known, bias, -torch.inf)
        query, key, value = (self._split(part) for part in self._heads(x, bias))
        # (*batch, 1, 1, vertex), for all heads and queries.
        bias = bias[..., None, None, :]
        if self.position is not None:
            bias = bias + self._angle_bias(vertices.xyz)
        if self._is_fused(n):
            y = _fused(query, key, value, bias)
        else:
            y = attended(query, key, value, bias)
        y = y.transpose(-3, -2).flatten(-2).to(x.dtype)
        result: Tensor = self.output(y)
        return result

    def _angle_bias(self, xyz: Tensor) -> Tensor:
        """Return the polynomial of all angles, shape ``(heads, V, V)``."""
        if self.position is None or len(xyz) > MOST_POSITIONS:
            raise ValueError(
                f"scores by angle take at most {MOST_POSITIONS} vertices, since they "
                f"fill a matrix for each head, got {len(xyz)}; use degree=0, a coarser "
                "sampling, or NeighbourAttention"
            )
        # Twice the squared length of a position, in units of the sphere's diameter,
        # less one: what neighbourhoods of radius pi have.
        away = -torch.matmul(xyz, xyz.T).to(xyz.dtype)
        values = legendre(away, self.position.degree // 2)[1:]
        return self.position.of(values).movedim(-1, 0)

    def _is_fused(self, n: int) -> bool:
        if self.execution == "auto":
            return n * n * self.heads > KEPT_SCORES and not is_transformed()
        return self.execution == "fused"


def _fused(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """Return PyTorch's attention, with one dimension of batches, as its kernels want.

    The bias is expanded without copies.
    """
    batch = query.shape[:-3]
    # Of sizes that exporters have not fixed, too.
    count = prod(batch)
    shape = (*query.shape[:-1], key.shape[-2])
    if bias.ndim <= 3:
        bias = bias[(None,) * (4 - bias.ndim)].expand(count, *shape[-3:])
    else:
        bias = bias.expand(*batch, *bias.shape[-3:])
        bias = bias.reshape(count, *bias.shape[-3:])
        bias = bias.expand(-1, *shape[-3:])
    q, k, v = (one.reshape(count, *one.shape[-3:]) for one in (query, key, value))
    y: Tensor = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    return y.view(*batch, *y.shape[-3:])


def _checked_known(known: Tensor, x: Tensor) -> Tensor:
    """Return a mask of vertices that fits the signals."""
    tensor_argument("known", known, "of booleans, (*batch, vertex)")
    if known.dtype != torch.bool:
        raise TypeError(
            f"known must be boolean, got {known.dtype}; compare values, such as "
            "~x.isnan().any(-1)"
        )
    if known.shape not in (x.shape[-2:-1], x.shape[:-1]):
        raise ValueError(
            f"known must have shape {tuple(x.shape[-2:-1])} or {tuple(x.shape[:-1])}, "
            f"as x has vertices, got {tuple(known.shape)}"
        )
    if has_values(known) and not bool(known.any(-1).all()):
        raise ValueError(
            "known must be True at one vertex of each signal or more, got a mask "
            "without any; leave out signals that are missing as a whole"
        )
    return known.to(x.device)

"""Graph convolution by Chebyshev polynomials of a Laplacian."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.chebyshev import chebyshev_terms
from deepsphere_pyg.layers.graph.chebyshev_weights import ChebyshevWeights
from deepsphere_pyg.layers.graph.pyg.graph_keeper import GraphKeeper
from deepsphere_pyg.propagation import (
    EdgePropagation,
    chebyshev_convolution,
    check_mask,
    chosen_execution,
    tile_size,
)
from deepsphere_pyg.signals import checked_signal


class ChebConv(ChebyshevWeights):
    r"""Convolve with learned polynomials of a Laplacian.

    .. math::
        y = \sum_{k=0}^{K-1} T_k(\tilde L)\, x\, W_k + b, \qquad
        T_0 = 1,\; T_1 = \tilde L,\; T_k = 2 \tilde L\, T_{k-1} - T_{k-2}

    It takes the graph as an operator, ``conv(x, laplacian)``, or as the layer of that
    name in PyTorch Geometric does, ``conv(x, edge_index, edge_weight, batch,
    lambda_max)``, with that layer's values and its ``state_dict``.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels; ``in_channels=-1`` takes it from the first call.
    K
        Number of Chebyshev terms, at least 1; the polynomial has degree K - 1 and the
        filter reaches K - 1 edges far. With K = 1 it acts on single vertices.
    normalization
        Laplacian built of an ``edge_index``: :math:`D - A` (None),
        :math:`I - D^{-1/2} A D^{-1/2}` (``"sym"``) or :math:`I - D^{-1} A`
        (``"rw"``). An operator is taken as it is.
    bias
        Whether to add a learned constant to each channel.
    cached
        Whether to keep the graph of the first ``edge_index`` for good, and look at no
        other until :meth:`forget_graph` or :meth:`reset_parameters`; for training on
        one graph. Otherwise it is built again when the tensors are others, or changed.

    Attributes
    ----------
    weight
        Shape ``(K, in_channels, out_channels)``; ``weight[k]`` multiplies :math:`T_k`.
        Drawn with variance ``2 / (in_channels K)``, which keeps the spread of the
        signals through a ReLU. PyTorch Geometric draws each term by Glorot's rule,
        whose variance ``2 / (in_channels + out_channels)`` grows the sum of K terms.
    bias
        Shape ``(out_channels,)``, zero at first; None without.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    ValueError
        If a number of channels or K is less than 1, or the normalization unknown; in
        ``forward``, if the channels or vertices are not those expected, a tensor of
        the edge list does not fit, or one requires a gradient.
    TypeError
        In ``forward``, if ``x`` is not of the dtype of the Laplacian or the weights,
        or the graph is neither an operator nor an edge list.

    Notes
    -----
    Source: Defferrard et al. 2016, arXiv:1606.09375, equation 5; Defferrard et al.
    2020, arXiv:2012.15000.

    Equivariance: exact for the rotations that map the graph onto itself, approximate
    for others, with an error that falls with the number of neighbours.

    Explainers of PyTorch Geometric mask the messages along the edges of ``edge_index``,
    on every hop, as they do in its layer; the slower message passing is used then.

    Edge lists: the operator is built once a graph, in float64, and shared by all layers
    that are given the same tensors. A change in place is seen if PyTorch sees it, not
    if made through NumPy or ``.data``. The layer holds the tensors of its last graph.

    Examples
    --------
    >>> from deepsphere_pyg import laplacian_operator
    >>> from samplings import HEALPix, knn_graph, laplacian
    >>> operator = laplacian_operator(laplacian(knn_graph(HEALPix(2), k=8)))
    >>> ChebConv(3, 5, K=4)(torch.ones(2, 48, 3), operator).shape
    torch.Size([2, 48, 5])
    >>> edge_index = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
    >>> ChebConv(3, 5, K=4)(torch.ones(3, 3), edge_index).shape
    torch.Size([3, 5])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        K: int,
        normalization: str | None = "sym",
        bias: bool = True,
        *,
        cached: bool = False,
    ) -> None:
        super().__init__(in_channels, out_channels, K, bias)
        self._keeper = GraphKeeper(normalization, cached, vertexwise=K == 1)
        # Where explainers of PyTorch Geometric, which look for such, put their masks.
        self.messages = EdgePropagation()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights, set the bias to zero, and forget the graph."""
        super().reset_parameters()
        self.forget_graph()

    def forget_graph(self) -> None:
        """Let go of the graph of the last ``edge_index``; the next call builds anew."""
        self._keeper.graph = None

    @property
    def normalization(self) -> str | None:
        """Laplacian built of an ``edge_index``."""
        return self._keeper.normalization

    @property
    def cached(self) -> bool:
        """Whether the first graph is kept for good."""
        return self._keeper.cached

    def forward(
        self,
        x: Tensor,
        laplacian: EdgeOperator | Tensor | None = None,
        edge_weight: Tensor | None = None,
        batch: Tensor | None = None,
        lambda_max: Tensor | float | None = None,
        *,
        edge_index: Tensor | None = None,
    ) -> Tensor:
        """Return the filtered signals.

        Parameters
        ----------
        x
            Signals, shape ``(*batch, vertex, in_channels)``.
        laplacian
            The rescaled Laplacian, of spectrum in [-1, 1], as
            :func:`deepsphere_pyg.laplacian_operator` gives it; or
            ``edge_index``, in its place or by name: sources in row 0, targets in row 1,
            shape ``(2, E)``. What follows goes with ``edge_index`` only.
        edge_weight
            Shape ``(E,)``; ones if None.
        batch
            Graph of each vertex, shape ``(vertex,)``, used where ``lambda_max`` has
            one number a graph.
        lambda_max
            Largest eigenvalue of the Laplacian, one number or one a graph; if None,
            twice the largest entry, 2 for most graphs under ``"sym"`` and ``"rw"``.

        Returns
        -------
        Tensor
            Shape ``(*batch, vertex, out_channels)``.
        """
        graph = laplacian if edge_index is None else edge_index
        laplacian = self._operator(
            x, laplacian, edge_index, edge_weight, batch, lambda_max
        )
        if laplacian.n_in != laplacian.n_out:
            raise ValueError(
                "a Laplacian maps a sampling to itself, got an operator from "
                f"{laplacian.n_in} to {laplacian.n_out} vertices"
            )
        x = checked_signal(x, laplacian.n_in, laplacian.weight, cast=False)
        if x.shape[-1] != self.in_channels:
            raise ValueError(
                f"expected {self.in_channels} input channels, got {x.shape[-1]}; "
                "x must have shape (*batch, vertex, channel)"
            )
        weight: Tensor = self.weight
        bias: Tensor | None = self.bias
        if torch.is_autocast_enabled(x.device.type):
            # Channels are mixed in the lower precision, sums over edges are not.
            dtype = torch.get_autocast_dtype(x.device.type)
            if x.dtype != dtype or laplacian.dtype == torch.float64:
                x = x.to(laplacian.dtype)
            weight = weight.to(dtype)
            bias = None if bias is None else bias.to(dtype)
        if self.messages.explain and self.K > 1:
            masked = self._masked(x, graph, edge_weight, batch, lambda_max)
            return _mix_of_terms(x, weight, bias, masked)
        execution = chosen_execution(laplacian.execution, x.dtype, x.device)
        if self.K == 1 or execution == "message_passing":
            return _mix_of_terms(x, weight, bias, laplacian)
        count = prod(x.shape[:-2])
        size = tile_size(min(self.in_channels, self.out_channels), alone=count == 1)
        tiles, tiles_t = laplacian.tiles(self.K - 1, size)
        flat = x.reshape(count, *x.shape[-2:])
        y: Tensor = chebyshev_convolution(flat, weight, bias, tiles, tiles_t, execution)
        return y.view(*x.shape[:-1], self.out_channels)

    def _operator(
        self, x: Any, graph: Any, edge_index: Any, *others: Any
    ) -> EdgeOperator:
        """Tell operators from edge lists, and return the operator of either."""
        if (graph is None) == (edge_index is None):
            raise TypeError(
                "pass the graph once: an operator, or edge_index, in second place or "
                "by name"
            )
        graph = edge_index if graph is None else graph
        if self.in_channels == -1 and isinstance(x, Tensor) and x.ndim > 1:
            self._set_in_channels(x.shape[-1])
            super().reset_parameters()
        if isinstance(graph, EdgeOperator):
            if any(other is not None for other in others):
                raise TypeError(
                    "edge_weight, batch and lambda_max go with edge_index; an operator "
                    "has its weights and scale already"
                )
            return graph
        if isinstance(graph, Tensor) or type(graph).__name__ == "SparseTensor":
            return self._keeper.operator(x, self.weight, graph, *others)
        raise TypeError(
            f"laplacian must be an EdgeOperator, got {type(graph).__name__}; "
            "convert a Laplacian with deepsphere_pyg.laplacian_operator, or pass "
            "edge_index, a tensor of shape (2, E)"
        )

    def _masked(self, x: Tensor, graph: Any, *others: Any) -> Callable[..., Tensor]:
        """Return the Laplacian with the masks of an explainer on its messages."""
        if isinstance(graph, EdgeOperator):
            index, weights = graph.edge_index, graph.edge_weight
            counts = {index.shape[1]}
        else:
            index, weights = self._keeper.messages(x, self.weight, graph, *others)
            counts = {graph.shape[1], index.shape[1]}
        check_mask(self.messages, counts)

        def apply(signals: Tensor) -> Tensor:
            y: Tensor = self.messages(
                signals, index, weights.to(signals.dtype), signals.shape[-2]
            )
            return y

        return apply

    @property
    def explain(self) -> bool | None:
        """Whether an explainer of PyTorch Geometric masks edges; False forbids it."""
        explain: bool | None = self.messages.explain
        return explain

    @explain.setter
    def explain(self, explain: bool | None) -> None:
        self.messages.explain = explain

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return (
            f"{self.in_channels}, {self.out_channels}, K={self.K}, "
            f"normalization={self.normalization!r}, bias={self.bias is not None}"
        )


def _mix_of_terms(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    laplacian: Callable[[Tensor], Tensor],
) -> Tensor:
    """Term after term, as the equation has it: the reference."""
    terms = chebyshev_terms(x, laplacian, len(weight))
    y = F.linear(terms[0].to(weight.dtype), weight[0].T, bias)
    # Not over weight[1:]: exporters cannot read back a loop over nothing.
    for k in range(1, len(weight)):
        y = y + terms[k].to(weight.dtype) @ weight[k]
    return y

"""ChebConv with the arguments, call and weights of PyTorch Geometric's layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter, is_lazy

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.cheb_conv import ChebConv as OperatorChebConv
from deepsphere_pyg.layers.graph.cheb_conv import sum_of_terms
from deepsphere_pyg.layers.graph.chebyshev_weights import stack_terms
from deepsphere_pyg.layers.graph.pyg.graph_keeper import GraphKeeper
from deepsphere_pyg.propagation.message_passing import EdgePropagation, check_mask


class ChebConv(OperatorChebConv):
    r"""Convolve with learned polynomials of the Laplacian of an edge list.

    It replaces the layer of that name in PyTorch Geometric by a changed import, with
    its arguments, its call ``conv(x, edge_index, edge_weight, batch, lambda_max)``, its
    values and its ``state_dict``. Operators are taken as well, as in
    :class:`deepsphere_pyg.ChebConv`.

    Parameters
    ----------
    in_channels, out_channels, K, bias
        As in :class:`deepsphere_pyg.ChebConv`; ``in_channels=-1`` takes the number from
        the first call.
    normalization
        Laplacian to build from an ``edge_index``: :math:`D - A` (None),
        :math:`I - D^{-1/2} A D^{-1/2}` (``"sym"``) or :math:`I - D^{-1} A`
        (``"rw"``).
    cached
        Whether to keep the graph of the first ``edge_index`` without looking at later
        ones, until :meth:`forget_graph` or :meth:`reset_parameters`; for training on
        one graph. Otherwise the Laplacian is built again for other or changed tensors.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    ValueError
        As :class:`deepsphere_pyg.ChebConv`; if the normalization is unknown; in
        ``forward``, if a tensor of the edge list does not fit, or requires a gradient.
    TypeError
        As :class:`deepsphere_pyg.ChebConv`; in ``forward``, if the graph is neither an
        operator nor an edge list.

    Notes
    -----
    Explainers of PyTorch Geometric mask the messages along the edges of ``edge_index``,
    on every hop, as in its own layer; the slower message passing is used then.

    The operator of an edge list is built once, in float64, and shared by all layers
    that are given the same tensors. A change in place is noticed if PyTorch records it,
    not if made through NumPy or ``.data``. The layer holds the tensors of its last
    graph.

    Examples
    --------
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
        self._keeper = GraphKeeper(normalization, cached, vertexwise=K == 1)
        lazy = in_channels == -1
        super().__init__(1 if lazy else in_channels, out_channels, K, bias=bias)
        if lazy:
            self.in_channels = -1
            self.weight = cast(nn.Parameter, UninitializedParameter())
        # Explainers of PyTorch Geometric find this module and put their masks in it.
        self.messages = EdgePropagation()

    def reset_parameters(self) -> None:
        """Draw new weights, set the bias to zero, and forget the graph."""
        super().reset_parameters()
        self.forget_graph()

    def forget_graph(self) -> None:
        """Drop the graph of the last ``edge_index``; the next call builds it anew."""
        self._keeper.graph = None

    @property
    def normalization(self) -> str | None:
        """Laplacian built from an ``edge_index``."""
        return self._keeper.normalization

    @property
    def cached(self) -> bool:
        """Whether the first graph is kept."""
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
            ``edge_index``, here or by its name: sources in row 0, targets in row 1,
            shape ``(2, E)``. Or an operator, without the parameters that follow.
        edge_weight
            Shape ``(E,)``; ones if None.
        batch
            Graph of each vertex, shape ``(vertex,)``, used if ``lambda_max`` has one
            number per graph.
        lambda_max
            Largest eigenvalue of the Laplacian, one number or one per graph; if None,
            twice the largest entry: 2 for most graphs under ``"sym"`` and ``"rw"``.

        Returns
        -------
        Tensor
            Shape ``(*batch, vertex, out_channels)``.
        """
        if (laplacian is None) == (edge_index is None):
            raise TypeError(
                "pass the graph once: an operator, or edge_index, as the second "
                "argument or by name"
            )
        graph = edge_index if laplacian is None else laplacian
        if self.in_channels == -1 and isinstance(x, Tensor) and x.ndim > 1:
            self._set_in_channels(x.shape[-1])
            super().reset_parameters()
        others = (edge_weight, batch, lambda_max)
        operator = self._operator(x, graph, *others)
        if not self.messages.explain or self.K == 1:
            return super().forward(x, operator)
        x, weight, bias = self._operands(x, operator)
        return sum_of_terms(x, weight, bias, self._masked(x, graph, *others))

    def _operator(self, x: Any, graph: Any, *others: Any) -> EdgeOperator:
        """Return the operator given, or that of an edge list."""
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
            f"edge_index must be a tensor of shape (2, E), got {type(graph).__name__}; "
            "convert a Laplacian to an operator with deepsphere_pyg.laplacian_operator"
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

    def _set_in_channels(self, in_channels: int) -> None:
        """Allocate the weights, once the number of channels is known."""
        self.in_channels = in_channels
        shape = (self.K, in_channels, self.out_channels)
        # Parameters made in inference mode could never be trained.
        with torch.inference_mode(False):
            cast(UninitializedParameter, self.weight).materialize(shape)

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Save; uninitialized weights as they are, for they cannot be detached."""
        if not is_lazy(self.weight):
            super()._save_to_state_dict(destination, prefix, keep_vars)
            return
        weight = self._parameters["weight"]
        self._parameters["weight"] = None
        try:
            super()._save_to_state_dict(destination, prefix, keep_vars)
        finally:
            self._parameters["weight"] = weight
        destination[prefix + "weight"] = weight

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load; uninitialized weights take the number of channels of those loaded."""
        others = (local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        key = prefix + "weight"
        if is_lazy(self.weight) and stack_terms(state_dict, prefix, error_msgs):
            if key in state_dict and not is_lazy(state_dict[key]):
                shape = tuple(state_dict[key].shape)
                if len(shape) != 3:
                    error_msgs.append(
                        f"{key} must have shape (K, in_channels, out_channels), got "
                        f"{shape}"
                    )
                    return
                self._set_in_channels(shape[1])
        super()._load_from_state_dict(state_dict, prefix, *others)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"

    def extra_repr(self) -> str:
        """Sizes and normalization, for ``repr``."""
        return (
            f"{self.in_channels}, {self.out_channels}, K={self.K}, "
            f"normalization={self.normalization!r}, bias={self.bias is not None}"
        )

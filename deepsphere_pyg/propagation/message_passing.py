"""Message passing of PyTorch Geometric."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from torch import Tensor

from deepsphere_pyg.pyg import MessagePassing


class EdgePropagation(MessagePassing):  # type: ignore[misc]
    r"""Message passing with fixed edge weights, in PyTorch Geometric's framework.

    .. math:: y_i = \sum_{j \to i} w_{ij} x_j

    The reference for the faster executions, and the one that runs on every device that
    PyTorch Geometric supports.

    Examples
    --------
    >>> import torch
    >>> edge_index = torch.tensor([[0, 1, 2], [0, 0, 1]])
    >>> x = torch.tensor([[1.0], [2.0], [3.0]])
    >>> EdgePropagation()(x, edge_index, torch.ones(3), n_out=2)
    tensor([[3.],
            [3.]])
    """

    def __init__(self) -> None:
        super().__init__(aggr="add", flow="source_to_target", node_dim=-2)

    def forward(
        self, x: Tensor, edge_index: Tensor, edge_weight: Tensor, n_out: int
    ) -> Tensor:
        """Return the sum of the messages at each of ``n_out`` targets.

        Shapes: ``x : (*batch, n_in, channel)``, ``edge_index : (2, E)`` with sources in
        row 0, ``edge_weight : (E,)`` ``-> (*batch, n_out, channel)``.
        """
        size = (x.shape[self.node_dim], n_out)
        y: Tensor = self.propagate(
            edge_index, x=(x, None), edge_weight=edge_weight, size=size
        )
        return y

    def message(self, x_j: Tensor, edge_weight: Tensor) -> Tensor:
        """Multiply the signal along each edge by its weight."""
        return edge_weight.unsqueeze(-1) * x_j


def check_mask(propagation: EdgePropagation, counts: Collection[int]) -> None:
    """Check that an explainer's mask is for these edges.

    Parameters
    ----------
    propagation
        Module that holds the mask.
    counts
        Valid lengths of the mask: all given edges, or all messages.

    Raises
    ------
    ValueError
        If there is no mask, or its length differs.
    """
    mask = propagation._edge_mask
    if mask is None:
        raise ValueError(
            "a layer that is explained needs an edge mask, got none; set one with "
            "torch_geometric.explain.algorithm.utils.set_masks, or set explain to None"
        )
    if len(mask) not in counts:
        raise ValueError(
            f"the edge mask must have the {min(counts)} edges of this layer's graph, "
            f"got {len(mask)}; explain the layer with the edge_index that it is given, "
            "or exclude it by explain = False"
        )


@cache
def edge_propagation() -> EdgePropagation:
    """Return the one instance, which has no state; PyTorch Geometric compiles it."""
    return EdgePropagation()

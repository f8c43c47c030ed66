"""A layer with a fixed operator, for ``nn.Sequential``."""

from __future__ import annotations

from torch import Tensor, nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.attention import AllVertices, Neighbourhoods, Windows
from samplings.arguments import instance_argument

_KINDS = (EdgeOperator, AllVertices, Neighbourhoods, Windows)


class WithOperator(nn.Module):
    """Apply a layer with a given operator: a module of one input.

    Layers on graphs take their operator in each call. With a fixed one they go into
    ``nn.Sequential``, also next to layers on coefficients:
    :class:`~deepsphere_pyg.harmonics.SHT` takes signals at the vertices of any sampling
    to coefficients, :class:`~deepsphere_pyg.harmonics.ISHT` takes coefficients to
    signals, of the same sampling or another.

    Parameters
    ----------
    layer
        Module that takes a signal and an operator, such as
        :class:`~deepsphere_pyg.layers.ChebConv` or
        :class:`~deepsphere_pyg.layers.MeanPool`.
    operator
        The operator; layers may share one. For layers of attention, what they attend
        to: ``AllVertices``, ``Neighbourhoods`` or ``Windows``.

    Shapes
    ------
    Those of the layer.

    Raises
    ------
    TypeError
        If ``layer`` is not a module, or ``operator`` is of a different type.

    Notes
    -----
    Equivariance: that of the layer. ``state_dict`` has the layer's entries, with the
    prefix ``layer.``, and no entries of the operator.

    Examples
    --------
    Short filters on the graph, wide ones on the coefficients, and back:

    >>> import torch
    >>> from deepsphere_pyg import laplacian_operator
    >>> from deepsphere_pyg.harmonics import ISHT, SHT
    >>> from deepsphere_pyg.layers import ChebConv, ZonalConv
    >>> from samplings import HEALPix, knn_graph, laplacian
    >>> sampling, L = HEALPix(2), 4
    >>> operator = laplacian_operator(sampling, k=8)
    >>> network = nn.Sequential(
    ...     WithOperator(ChebConv(3, 8, K=3), operator),
    ...     nn.ReLU(),
    ...     SHT(sampling, L),
    ...     ZonalConv(8, 8, L),
    ...     ISHT(sampling, L),
    ...     WithOperator(ChebConv(8, 2, K=3), operator),
    ... )
    >>> network(torch.ones(5, 48, 3)).shape
    torch.Size([5, 48, 2])
    """

    def __init__(
        self,
        layer: nn.Module,
        operator: EdgeOperator | AllVertices | Neighbourhoods | Windows,
    ) -> None:
        super().__init__()
        remedy = "pass a layer that takes an operator, such as ChebConv(3, 8, K=3)"
        self.layer = instance_argument("layer", layer, nn.Module, remedy)
        remedy = "make one with deepsphere_pyg.laplacian_operator or pooling_operator"
        self.operator = instance_argument("operator", operator, _KINDS, remedy)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``layer(x, operator)``."""
        y: Tensor = self.layer(x, self.operator)
        return y

"""Pooling and unpooling of fields of spin, with transport between frames."""

from __future__ import annotations

from torch import Tensor, nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.spin.components import checked_field, on_components
from samplings.arguments import instance_argument


def _moved(x: Tensor, operator: EdgeOperator, name: str) -> Tensor:
    remedy = f"make one with deepsphere_pyg.{name}(coarsening, spin=...)"
    instance_argument("operator", operator, EdgeOperator, remedy)
    return on_components(operator, checked_field(x))


class SpinMeanPool(nn.Module):
    r"""Average fields of spin over the fine cells in each coarse cell by area.

    .. math::
        y_c = \frac{1}{A_c} \sum_f s_{cf}\, a_f\, e^{i s \alpha_{cf}} x_f

    with areas, shares :math:`s_{cf}`, and the parallel transport from each fine vertex
    to the coarse one.

    Shapes
    ------
    ``x : (*batch, fine, 2, channel) -> (*batch, coarse, 2, channel)``

    Notes
    -----
    Equivariance: exact for turns of the frames, and for the rotations that map both
    samplings onto themselves.

    Examples
    --------
    >>> import torch
    >>> from deepsphere_pyg import pooling_operator
    >>> from samplings import HEALPix
    >>> operator = pooling_operator(HEALPix(2).coarsen(), spin=1)
    >>> SpinMeanPool()(torch.ones(48, 2, 3), operator).shape
    torch.Size([12, 2, 3])
    """

    def forward(self, x: Tensor, operator: EdgeOperator) -> Tensor:
        """Pool ``x`` with the pooling operator of its spin."""
        return _moved(x, operator, "pooling_operator")


class SpinUnpool(nn.Module):
    r"""Give each fine cell the field of the coarse cells it lies in, by share.

    .. math:: x_f = \sum_c s_{cf}\, e^{-i s \alpha_{cf}} y_c

    This is the adjoint of :class:`SpinMeanPool` in the inner products weighted by area.

    Shapes
    ------
    ``x : (*batch, coarse, 2, channel) -> (*batch, fine, 2, channel)``

    Notes
    -----
    Equivariance: exact for turns of the frames, and for the rotations that map both
    samplings onto themselves.

    Examples
    --------
    >>> import torch
    >>> from deepsphere_pyg import unpooling_operator
    >>> from samplings import HEALPix
    >>> operator = unpooling_operator(HEALPix(2).coarsen(), spin=1)
    >>> SpinUnpool()(torch.ones(12, 2, 3), operator).shape
    torch.Size([48, 2, 3])
    """

    def forward(self, x: Tensor, operator: EdgeOperator) -> Tensor:
        """Unpool ``x`` with the unpooling operator of its spin."""
        return _moved(x, operator, "unpooling_operator")

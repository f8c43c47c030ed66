"""Pooling and unpooling between the levels of a pyramid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.signals import tensor_argument
from samplings import Sampling
from samplings.arguments import instance_argument, sampling_argument


def _checked_operator(operator: EdgeOperator) -> EdgeOperator:
    remedy = "make one with deepsphere_pyg.pooling_operator or unpooling_operator"
    return instance_argument("operator", operator, EdgeOperator, remedy)


class MeanPool(nn.Module):
    r"""Average the fine cells in each coarse cell by area.

    .. math:: y_c = \frac{1}{A_c} \sum_f s_{cf}\, a_f\, x_f

    with areas :math:`a_f, A_c` and the share :math:`s_{cf}` of fine cell f in coarse
    cell c. The integral over the sphere is conserved: :math:`\sum_c A_c y_c =
    \sum_f a_f x_f`.

    Shapes
    ------
    ``x : (*batch, fine, channel) -> (*batch, coarse, channel)``

    Notes
    -----
    Equivariance: exact for the rotations that map both samplings onto themselves.

    Examples
    --------
    >>> from deepsphere_pyg import pooling_operator
    >>> from samplings import HEALPix
    >>> operator = pooling_operator(HEALPix(2).coarsen())
    >>> x = torch.arange(48.0)[:, None]
    >>> MeanPool()(x, operator)[:3, 0]
    tensor([1.5000, 5.5000, 9.5000])
    """

    def forward(self, x: Tensor, operator: EdgeOperator) -> Tensor:
        """Pool ``x`` with :func:`deepsphere_pyg.pooling_operator`."""
        y: Tensor = _checked_operator(operator)(x)
        return y


class MaxPool(nn.Module):
    r"""Take the largest value of the fine cells with a share in each coarse cell.

    .. math:: y_c = \max_{f:\, s_{cf} > 0} x_f

    Shapes
    ------
    ``x : (*batch, fine, channel) -> (*batch, coarse, channel)``

    Notes
    -----
    Equivariance: exact for the rotations that map both samplings onto themselves.

    Examples
    --------
    >>> from deepsphere_pyg import pooling_operator
    >>> from samplings import HEALPix
    >>> operator = pooling_operator(HEALPix(2).coarsen())
    >>> x = torch.arange(48.0)[:, None]
    >>> MaxPool()(x, operator)[:3, 0]
    tensor([ 3.,  7., 11.])
    """

    def forward(self, x: Tensor, operator: EdgeOperator) -> Tensor:
        """Pool ``x`` with :func:`deepsphere_pyg.pooling_operator`."""
        return _checked_operator(operator).reduce_max(x)


class Unpool(nn.Module):
    r"""Give each fine cell the value of the coarse cells it lies in, by share.

    .. math:: x_f = \sum_c s_{cf}\, y_c

    A fine cell inside one coarse cell gets a copy. This is the adjoint of
    :class:`MeanPool` in the inner products weighted by area.

    Shapes
    ------
    ``x : (*batch, coarse, channel) -> (*batch, fine, channel)``

    Notes
    -----
    Equivariance: exact for the rotations that map both samplings onto themselves.

    Examples
    --------
    >>> from deepsphere_pyg import unpooling_operator
    >>> from samplings import HEALPix
    >>> operator = unpooling_operator(HEALPix(2).coarsen())
    >>> Unpool()(torch.arange(12.0)[:, None], operator)[:6, 0]
    tensor([0., 0., 0., 0., 1., 1.])
    """

    def forward(self, x: Tensor, operator: EdgeOperator) -> Tensor:
        """Unpool ``x`` with :func:`deepsphere_pyg.unpooling_operator`."""
        y: Tensor = _checked_operator(operator)(x)
        return y


class GlobalMeanPool(FixedTensors):
    r"""Average a signal over the covered area.

    .. math:: y = \frac{\sum_i a_i x_i}{\sum_i a_i}

    Parameters
    ----------
    sampling
        Sampling of the signals, whose areas weight the vertices; the layer then has one
        input, as in ``nn.Sequential``. If None, areas are passed in each call.

    Shapes
    ------
    ``x : (*batch, vertex, channel) -> (*batch, channel)``, or
    ``x, area : (vertex,) -> (*batch, channel)``

    Raises
    ------
    TypeError
        If ``sampling`` is not a Sampling; in ``forward``, if there are no areas.
    ValueError
        In ``forward``, if ``area`` does not have one number per vertex.

    Notes
    -----
    Equivariance: invariant under the rotations that map the sampling onto itself, and
    under others to the accuracy of the quadrature by cell areas. Areas are not part of
    ``state_dict``.

    Examples
    --------
    >>> GlobalMeanPool()(torch.tensor([[1.0], [4.0]]), torch.tensor([2.0, 1.0]))
    tensor([2.])
    >>> from samplings import HEALPix
    >>> GlobalMeanPool(HEALPix(1))(torch.ones(5, 12, 3)).shape
    torch.Size([5, 3])
    """

    area: Tensor | None
    # Adds the sums of processes that share a sphere; set where several do.
    vertex_sums: Callable[[Tensor], Tensor] | None = None

    def __init__(self, sampling: Sampling | None = None) -> None:
        super().__init__()
        if sampling is None:
            self.area = None
        else:
            weights = np.array(sampling_argument("sampling", sampling).weights)
            self.keep("area", weights, torch.get_default_dtype())

    def forward(self, x: Tensor, area: Tensor | None = None) -> Tensor:
        """Return the mean of ``x`` weighted by ``area``, by default the sampling's."""
        area = self.area if area is None else area
        if area is None:
            raise TypeError(
                "area must be given, since the layer has no sampling; pass it, or make "
                "the layer as GlobalMeanPool(sampling)"
            )
        n = tensor_argument("x", x).shape[-2:-1]
        if tensor_argument("area", area, "(vertex,)").shape != n or not n:
            raise ValueError(
                f"area must have shape {tuple(n)}, one number per vertex of x, shape "
                f"(*batch, vertex, channel), got {tuple(area.shape)}"
            )
        if self.vertex_sums is None:
            share = (area / area.sum()).to(x.dtype)
            return torch.matmul(share, x)
        share = (area / self.vertex_sums(area.sum())).to(x.dtype)
        return self.vertex_sums(torch.matmul(share, x))

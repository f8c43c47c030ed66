"""Pooling and unpooling whose sums over children are learned."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deepsphere_pyg.operators import ChildOperator
from deepsphere_pyg.signals import checked_signal
from samplings.arguments import flag_argument, instance_argument, integer_argument


class _OfChildren(nn.Module):
    """Weights of each term, and checks, of learned pooling and unpooling."""

    weight: nn.Parameter
    bias: nn.Parameter | None
    maker = ""

    def __init__(
        self, in_channels: int, out_channels: int, terms: int, *, bias: bool = True
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        self.terms = integer_argument("terms", terms, 1)
        shape = (self.terms, self.in_channels, self.out_channels)
        self.weight = nn.Parameter(torch.empty(shape))
        constants = torch.empty(self.out_channels)
        self.bias = nn.Parameter(constants) if flag_argument("bias", bias) else None
        self.reset_parameters()

    def _summed(self) -> int:
        """Return how many products an output is the sum of."""
        return self.in_channels * self.terms

    def reset_parameters(self) -> None:
        """Draw new weights, which preserve the spread, and set the bias to zero."""
        nn.init.normal_(self.weight, std=self._summed() ** -0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def _checked(self, x: Tensor, operator: ChildOperator, pools: bool) -> Tensor:
        """Return signals that fit the operator and the weights."""
        remedy = f"make one with deepsphere_pyg.{self.maker}"
        instance_argument("operator", operator, ChildOperator, remedy)
        if operator.pools != pools:
            ways = ("from parents to children", "from children to parents")
            raise ValueError(
                f"{type(self).__name__} takes an operator {ways[pools]}, got one "
                f"{ways[operator.pools]}; {remedy}"
            )
        if operator.n_terms != self.terms:
            raise ValueError(
                f"the layer has weights for {self.terms} terms of each parent, the "
                f"operator has {operator.n_terms}; make the layer with "
                "terms=operator.n_terms, or the operator with other terms or degree"
            )
        n_in = operator.n_in if pools else operator.n_parents
        x = checked_signal(x, n_in, operator.weight)
        if x.shape[-1] != self.in_channels:
            raise ValueError(
                f"expected {self.in_channels} input channels, got {x.shape[-1]}; "
                "x must have shape (*batch, vertex, channel)"
            )
        return x

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return (
            f"{self.in_channels}, {self.out_channels}, terms={self.terms}, "
            f"bias={self.bias is not None}"
        )


class LearnedPool(_OfChildren):
    r"""Map the children of each parent to its channels by learned weights.

    .. math:: y_c = \sum_k (P_k x)_c\, W_k + b

    with the fixed sums :math:`P_k` of :func:`deepsphere_pyg.child_pooling_operator`.
    Where they are the children themselves, as on HEALPix, this is a convolution whose
    stride equals its kernel, on pixels in nested order (the "pseudo-convolution"):
    ``torch.nn.Conv1d(in_channels, out_channels, 4, stride=4)``. Elsewhere the weights
    are learned functions of the child's position in its parent.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    terms
        Number of sums of each parent, the operator's ``n_terms``: 4 for one level of
        HEALPix, 4^p for p levels, 6 for positions of degree 2.
    bias
        Whether to add a learned constant to each channel.

    Attributes
    ----------
    weight
        Shape ``(terms, in_channels, out_channels)``.
    bias
        Shape ``(out_channels,)``, zero at first; None without.

    Shapes
    ------
    ``x : (*batch, fine, in_channels) -> (*batch, coarse, out_channels)``

    Raises
    ------
    ValueError
        If a number is less than 1; in ``forward``, if terms, vertices or channels are
        not those expected, or the operator unpools.
    TypeError
        In ``forward``, if ``operator`` is not a ChildOperator, or ``x`` is not of its
        dtype.

    Notes
    -----
    Equivariance: exact for the rotations that map both samplings onto themselves and
    children to children of the same place: on HEALPix, quarter turns about the axis.
    Weights tell directions apart, so for other rotations there is no equivariance,
    except approximately about the axis, or about any with ``terms="distance"`` in the
    operator.

    The weights fit all resolutions of a scheme, and with ``terms="position"`` in the
    operator all samplings.

    Source: Perraudin et al. 2019, arXiv:1810.12186, for pooling along the nested order
    of pixels.

    Examples
    --------
    >>> from deepsphere_pyg import child_pooling_operator
    >>> from samplings import HEALPix
    >>> operator = child_pooling_operator(HEALPix(2).coarsen())
    >>> LearnedPool(3, 5, operator.n_terms)(torch.ones(2, 48, 3), operator).shape
    torch.Size([2, 12, 5])
    """

    maker = "child_pooling_operator"

    def forward(self, x: Tensor, operator: ChildOperator) -> Tensor:
        """Return the pooled signals."""
        x = self._checked(x, operator, pools=True)
        rows = (operator.n_parents, self.terms * self.in_channels)
        sums = operator(x).reshape(*x.shape[:-2], *rows)
        return F.linear(sums, self.weight.flatten(0, 1).t(), self.bias)


class LearnedUnpool(_OfChildren):
    r"""Map each parent to its children by learned weights: a transposed pooling.

    .. math:: x_f = \sum_{ck} (U_k)_{fc}\, y_c W_k + b

    with the fixed sums :math:`U_k` of :func:`deepsphere_pyg.child_unpooling_operator`.
    It has the structure of the transpose of :class:`LearnedPool`, and weights of its
    own. On HEALPix in nested order it is
    ``torch.nn.ConvTranspose1d(in_channels, out_channels, 4, stride=4)``.

    Parameters
    ----------
    in_channels, out_channels, terms, bias
        As in :class:`LearnedPool`.

    Attributes
    ----------
    weight, bias
        As in :class:`LearnedPool`.

    Shapes
    ------
    ``x : (*batch, coarse, in_channels) -> (*batch, fine, out_channels)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`LearnedPool`.

    Notes
    -----
    Equivariance: as of :class:`LearnedPool`.

    Examples
    --------
    >>> from deepsphere_pyg import child_unpooling_operator
    >>> from samplings import HEALPix
    >>> operator = child_unpooling_operator(HEALPix(2).coarsen())
    >>> LearnedUnpool(3, 5, operator.n_terms)(torch.ones(2, 12, 3), operator).shape
    torch.Size([2, 48, 5])
    """

    maker = "child_unpooling_operator"

    def _summed(self) -> int:
        return self.in_channels

    def forward(self, x: Tensor, operator: ChildOperator) -> Tensor:
        """Return the signals of the children."""
        x = self._checked(x, operator, pools=False)
        terms = F.linear(x, self.weight.permute(0, 2, 1).flatten(0, 1))
        y: Tensor = operator(
            terms.reshape(*x.shape[:-2], operator.n_in, self.out_channels)
        )
        return y if self.bias is None else y + self.bias

"""Mixing of channels of each fragment."""

from __future__ import annotations

from typing import SupportsIndex

from torch import Tensor

from deepsphere_pyg.harmonics.layout.checks import numbered_layout
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.degree_wise import DegreeWise
from samplings.arguments import flag_argument, integer_argument


class CrossChannelConv(DegreeWise):
    r"""Mix the channels of each fragment.

    .. math:: y^l_{tc'} = \sum_c f^l_{tc} w^l_{tcc'} + b_{tc'} \delta_{l0}

    Parameters
    ----------
    layout
        Rows; a number L stands for ``HarmonicLayout(L)``.
    in_channels, out_channels
        Number of channels.
    shared
        Whether all fragments of a degree have the same weights.
    bias
        Whether to add a learned constant to each coefficient of degree 0.

    Attributes
    ----------
    layout, layout_out
        Rows, the same before and after.
    weights
        By degree, as a string, of shape ``(tau, in_channels, out_channels)``, with tau
        1 where they are shared. Drawn normally, so that fragments vary as much as those
        that go in.
    bias
        Shape ``(tau of degree 0, out_channels)``, zero at first; None without.

    Shapes
    ------
    ``(*batch, row, in_channels) -> (*batch, row, out_channels)``

    Raises
    ------
    TypeError, ValueError
        As :class:`~deepsphere_pyg.layers.GeneralizedConv`.

    Notes
    -----
    Equivariance: exact, to round-off. Parameters: :math:`K K' \sum_l \tau_l` of K and
    K' channels, or :math:`K K' L` where they are shared, without the bias.

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 3, which does not say whether
    fragments share weights.

    Examples
    --------
    >>> import torch
    >>> conv = CrossChannelConv(HarmonicLayout(2, [4, 3]), 8, 16)
    >>> conv(torch.ones(5, 13, 8)).shape, conv.weights["0"].shape
    (torch.Size([5, 13, 16]), torch.Size([4, 8, 16]))
    """

    in_channels: int
    out_channels: int

    def __init__(
        self,
        layout: HarmonicLayout | SupportsIndex,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        *,
        shared: bool = False,
        bias: bool = False,
    ) -> None:
        known = numbered_layout(layout)
        before = integer_argument("in_channels", in_channels, 1)
        after = integer_argument("out_channels", out_channels, 1)
        self.shared = flag_argument("shared", shared)
        super().__init__(known, known, before, after, bias)

    def _weight_shape(self, degree: int) -> tuple[int, ...]:
        tau = 1 if self.shared else self.layout.tau[degree]
        return tau, self.in_channels, self.out_channels

    def _terms(self, degree: int) -> int:
        return self.in_channels

    def _mapped(self, part: Tensor, weight: Tensor) -> Tensor:
        fragments, orders, signals, channels = part.shape
        alike = fragments // len(weight)
        vectors = part.reshape(len(weight), alike * orders * signals, channels)
        mapped = vectors @ weight
        return mapped.reshape(fragments, orders, signals, weight.shape[2])

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return (
            f"{self.layout}, {self.in_channels}, {self.out_channels}, "
            f"shared={self.shared}, bias={self.bias is not None}"
        )

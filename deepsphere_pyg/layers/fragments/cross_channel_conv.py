"""Mixing of the channels of each fragment."""

from __future__ import annotations

from typing import SupportsIndex

from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.degree_wise import DegreeWise
from samplings.arguments import flag_argument, integer_argument


class CrossChannelConv(DegreeWise):
    r"""Mix the channels of each fragment.

    .. math:: y^l_{tc'} = \sum_c f^l_{tc} w^l_{tcc'} + b_{tc'} \delta_{l0}

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    layout
        Rows of input and output; an integer L stands for ``HarmonicLayout(L)``.
    shared
        Whether all fragments of a degree have the same weights.
    bias
        Whether to add a learned constant to each coefficient of degree 0.

    Attributes
    ----------
    weights
        For each degree, as a string, shape ``(tau, in_channels, out_channels)``, or
        ``(1, in_channels, out_channels)`` if they are shared. Drawn from a normal
        distribution that gives output fragments the variance of those of the input.
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
    Equivariance: exact, to round-off. Parameters without bias, for K and K' channels:
    :math:`K K' \sum_l \tau_l`, or :math:`K K' L` if they are shared.

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 3, which does not say whether
    fragments share weights.

    Examples
    --------
    >>> import torch
    >>> conv = CrossChannelConv(8, 16, HarmonicLayout(2, [4, 3]))
    >>> conv(torch.ones(5, 13, 8)).shape, conv.weights["0"].shape
    (torch.Size([5, 13, 16]), torch.Size([4, 8, 16]))
    """

    in_channels: int
    out_channels: int

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        layout: HarmonicLayout | SupportsIndex,
        *,
        shared: bool = False,
        bias: bool = False,
    ) -> None:
        self.shared = flag_argument("shared", shared)
        super().__init__(
            integer_argument("in_channels", in_channels, 1),
            integer_argument("out_channels", out_channels, 1),
            layout,
            layout,
            bias,
        )

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
            f"{self.in_channels}, {self.out_channels}, {self.layout}, "
            f"shared={self.shared}, bias={self.bias is not None}"
        )

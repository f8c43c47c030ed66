"""Mixing of fragments within each channel."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.degree_wise import DegreeWise
from samplings.arguments import integer_argument


class ChannelWiseConv(DegreeWise):
    r"""Mix the fragments of each degree within each channel.

    .. math:: y^l_{t'c} = \sum_t f^l_{tc} w^l_{tt'c}

    Parameters
    ----------
    channels
        Number of channels.
    layout
        Rows of the input; an integer L stands for ``HarmonicLayout(L)``.
    layout_out
        Rows of the output, by default those of the input, which must have every degree
        of the output.

    Attributes
    ----------
    weights
        For each degree, as a string, shape ``(tau, tau_out, channels)``. Drawn from a
        normal distribution that gives output fragments the variance of those of the
        input.

    Shapes
    ------
    ``(*batch, row, channels) -> (*batch, row_out, channels)``

    Raises
    ------
    TypeError, ValueError
        As :class:`~deepsphere_pyg.layers.GeneralizedConv`.

    Notes
    -----
    Equivariance: exact, to round-off. Parameters: :math:`K \sum_l \tau_l \tau'_l` for K
    channels.

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 3.

    Examples
    --------
    >>> conv = ChannelWiseConv(8, HarmonicLayout(2, [4, 3]))
    >>> conv(torch.ones(5, 13, 8)).shape, conv.weights["0"].shape
    (torch.Size([5, 13, 8]), torch.Size([4, 4, 8]))
    """

    in_channels: int

    def __init__(
        self,
        channels: SupportsIndex,
        layout: HarmonicLayout | SupportsIndex,
        layout_out: HarmonicLayout | SupportsIndex | None = None,
    ) -> None:
        number = integer_argument("channels", channels, 1)
        after = layout if layout_out is None else layout_out
        super().__init__(number, number, layout, after)

    def _weight_shape(self, degree: int) -> tuple[int, ...]:
        before, after = self.layout.tau[degree], self.layout_out.tau[degree]
        return before, after, self.in_channels

    def _terms(self, degree: int) -> int:
        return self.layout.tau[degree]

    def _mapped(self, part: Tensor, weight: Tensor) -> Tensor:
        # Term by term: as a matrix product, channels would have to come first.
        first, *others = zip(part, weight[:, :, None, None], strict=True)
        mapped: Tensor = first[0] * first[1]
        for fragment, factors in others:
            mapped = torch.addcmul(mapped, fragment, factors)
        return mapped

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return f"{self.in_channels}, {self.layout}, {self.layout_out}"

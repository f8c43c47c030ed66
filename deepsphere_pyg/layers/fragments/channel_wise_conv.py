"""Mixing of fragments within each channel."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.checks import numbered_layout
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.degree_wise import DegreeWise
from samplings.arguments import integer_argument


class ChannelWiseConv(DegreeWise):
    r"""Mix the fragments of each degree within each channel.

    .. math:: y^l_{t'c} = \sum_t f^l_{tc} w^l_{tt'c}

    Parameters
    ----------
    layout_in
        Rows before; a number L stands for ``HarmonicLayout(L)``.
    channels
        Number of channels.
    layout_out
        Rows after, by default those before. Degrees must be there before.

    Attributes
    ----------
    layout, layout_out
        Rows before and after.
    weights
        By degree, as a string, of shape ``(tau_in, tau_out, channels)``. Drawn
        normally, so that fragments vary as much as those that go in.

    Shapes
    ------
    ``(*batch, row, channels) -> (*batch, row_out, channels)``

    Raises
    ------
    TypeError, ValueError
        As :class:`~deepsphere_pyg.layers.GeneralizedConv`.

    Notes
    -----
    Equivariance: exact, to round-off. Parameters: :math:`K \sum_l \tau_l \tau'_l` of K
    channels.

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 3.

    Examples
    --------
    >>> conv = ChannelWiseConv(HarmonicLayout(2, [4, 3]), channels=8)
    >>> conv(torch.ones(5, 13, 8)).shape, conv.weights["0"].shape
    (torch.Size([5, 13, 8]), torch.Size([4, 4, 8]))
    """

    in_channels: int

    def __init__(
        self,
        layout_in: HarmonicLayout | SupportsIndex,
        channels: SupportsIndex,
        layout_out: HarmonicLayout | SupportsIndex | None = None,
    ) -> None:
        before = numbered_layout(layout_in)
        after = before if layout_out is None else numbered_layout(layout_out)
        number = integer_argument("channels", channels, 1)
        super().__init__(before, after, number, number, bias=False)

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
        return f"{self.layout}, {self.in_channels}, {self.layout_out}"

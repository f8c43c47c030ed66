"""Mixing of fragments that is the same in all channels."""

from __future__ import annotations

from typing import SupportsIndex

from torch import Tensor

from deepsphere_pyg.harmonics.layout.checks import numbered_layout
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.degree_wise import DegreeWise


class UniformConv(DegreeWise):
    r"""Mix the fragments of each degree, alike in all channels.

    .. math:: y^l_{t'c} = \sum_t f^l_{tc} w^l_{tt'}

    Parameters
    ----------
    layout_in, layout_out
        Rows before and after; a number L stands for ``HarmonicLayout(L)``. Degrees of
        the result must be there before.

    Attributes
    ----------
    layout, layout_out
        Rows before and after.
    weights
        By degree, as a string, of shape ``(tau_in, tau_out)``. Drawn normally, so that
        fragments vary as much as those that go in.

    Shapes
    ------
    ``(*batch, row, channel) -> (*batch, row_out, channel)``

    Raises
    ------
    TypeError, ValueError
        As :class:`~deepsphere_pyg.layers.GeneralizedConv`.

    Notes
    -----
    Equivariance: exact, to round-off. Parameters: :math:`\sum_l \tau_l \tau'_l`.

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 3.

    Examples
    --------
    >>> import torch
    >>> conv = UniformConv(HarmonicLayout(2, [4, 3]), 2)
    >>> conv(torch.ones(5, 13, 8)).shape
    torch.Size([5, 4, 8])
    """

    def __init__(
        self,
        layout_in: HarmonicLayout | SupportsIndex,
        layout_out: HarmonicLayout | SupportsIndex,
    ) -> None:
        before, after = numbered_layout(layout_in), numbered_layout(layout_out)
        super().__init__(before, after, None, None, bias=False)

    def _weight_shape(self, degree: int) -> tuple[int, ...]:
        return self.layout.tau[degree], self.layout_out.tau[degree]

    def _terms(self, degree: int) -> int:
        return self.layout.tau[degree]

    def _mapped(self, part: Tensor, weight: Tensor) -> Tensor:
        mapped = weight.mT @ part.flatten(1)
        return mapped.reshape(weight.shape[1], *part.shape[1:])

    def extra_repr(self) -> str:
        """Layouts, for ``repr``."""
        return f"{self.layout}, {self.layout_out}"

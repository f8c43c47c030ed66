"""Mixing of fragments with the same weights in all channels."""

from __future__ import annotations

from typing import SupportsIndex

from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.degree_wise import DegreeWise


class UniformConv(DegreeWise):
    r"""Mix the fragments of each degree with the same weights in all channels.

    .. math:: y^l_{t'c} = \sum_t f^l_{tc} w^l_{tt'}

    Parameters
    ----------
    layout, layout_out
        Rows of the input and the output; an integer L stands for ``HarmonicLayout(L)``.
        The input must have every degree of the output.

    Attributes
    ----------
    weights
        For each degree, as a string, shape ``(tau, tau_out)``. Drawn from a normal
        distribution that gives output fragments the variance of those of the input.

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
        layout: HarmonicLayout | SupportsIndex,
        layout_out: HarmonicLayout | SupportsIndex,
    ) -> None:
        super().__init__(None, None, layout, layout_out)

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

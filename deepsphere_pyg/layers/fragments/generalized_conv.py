"""Convolution of generalized signals: every linear map that commutes with rotations."""

from __future__ import annotations

from typing import SupportsIndex

from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.degree_wise import DegreeWise
from samplings.arguments import integer_argument


class GeneralizedConv(DegreeWise):
    r"""Mix the fragments and channels of each degree with learned weights.

    .. math::
        y^l_{t'c'm} = \sum_{t,c} f^l_{tcm} \psi^l_{tc,t'c'}
        + b_{t'c'} \delta_{l0}

    By Schur's lemma, this is every linear map of generalized signals that commutes with
    rotations. Types and bandlimits may change; degrees for which the output has no
    fragments are dropped.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    layout, layout_out
        Rows of the input and the output; an integer L stands for ``HarmonicLayout(L)``.
        The input must have every degree of the output.
    bias
        Whether to add a learned constant to each coefficient of degree 0, the only
        coefficients that rotations do not change.

    Attributes
    ----------
    weights
        For each degree of the output, as a string, shape ``(tau, in_channels, tau_out,
        out_channels)``. Drawn from a normal distribution that gives output fragments
        the variance of those of the input.
    bias
        Shape ``(tau_out of degree 0, out_channels)``, zero at first; None without.

    Shapes
    ------
    ``(*batch, row, in_channels) -> (*batch, row_out, out_channels)``

    Raises
    ------
    TypeError
        If a number is not an integer; in ``forward``, if the coefficients are not of
        the dtype of the weights.
    ValueError
        If a number is below 1, ``layout_out`` has a degree that ``layout`` lacks, or
        there is no degree 0 for a bias; in ``forward``, if rows or channels are not
        those expected.

    Notes
    -----
    Equivariance: exact, to round-off. Under autocast it stays in its own precision.
    The result is a view in which rows are the slowest axis in memory.

    Special cases: with one fragment in input and output it is
    :class:`~deepsphere_pyg.layers.ZonalConv`; with one in the input and
    :math:`\min(2l + 1, 2N - 1)` in the output, one for each order n, the lift from the
    sphere to SO(3); with these in both, the convolution on SO(3).

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 2; Kondor et al. 2018
    (arXiv:1806.09231), section 4.

    Examples
    --------
    >>> import torch
    >>> conv = GeneralizedConv(5, 8, HarmonicLayout(3, [4, 2, 2]), 2)
    >>> conv(torch.ones(2, 20, 5)).shape, conv.weights["1"].shape
    (torch.Size([2, 4, 8]), torch.Size([2, 5, 1, 8]))
    """

    in_channels: int
    out_channels: int

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        layout: HarmonicLayout | SupportsIndex,
        layout_out: HarmonicLayout | SupportsIndex,
        *,
        bias: bool = False,
    ) -> None:
        super().__init__(
            integer_argument("in_channels", in_channels, 1),
            integer_argument("out_channels", out_channels, 1),
            layout,
            layout_out,
            bias,
        )

    def _weight_shape(self, degree: int) -> tuple[int, ...]:
        before, after = self.layout.tau[degree], self.layout_out.tau[degree]
        return before, self.in_channels, after, self.out_channels

    def _terms(self, degree: int) -> int:
        return self.layout.tau[degree] * self.in_channels

    def _mapped(self, part: Tensor, weight: Tensor) -> Tensor:
        before, orders, signals, in_channels = part.shape
        fragments, channels = weight.shape[2:]
        vectors = part.permute(1, 2, 0, 3)
        vectors = vectors.reshape(orders * signals, before * in_channels)
        mapped = vectors @ weight.flatten(2).flatten(0, 1)
        return mapped.reshape(orders, signals, fragments, channels).permute(2, 0, 1, 3)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return (
            f"{self.in_channels}, {self.out_channels}, {self.layout}, "
            f"{self.layout_out}, bias={self.bias is not None}"
        )

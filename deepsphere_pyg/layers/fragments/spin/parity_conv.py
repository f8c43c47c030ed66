"""Generalized convolution that commutes with reflections, and parities of products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors import FixedTensors
from deepsphere_pyg.harmonics.layout.checks import (
    checked_coefficients,
    in_full_precision,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.fragment_rows import fragment_of_row
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.coupled_fragments import fragment_numbers
from deepsphere_pyg.layers.fragments.generalized_conv import GeneralizedConv
from deepsphere_pyg.layers.fragments.tensor_product import TensorProductActivation
from samplings.arguments import flag_argument, instance_argument, integer_argument
from samplings.arrays import IntArray

Parities = Sequence[int] | npt.NDArray[np.int64]


def coupled_parities(product: TensorProductActivation, parities: Parities) -> IntArray:
    r"""Return the parities of the products of fragments.

    .. math:: p = p_1 + p_2 + l_1 + l_2 + l \mod 2

    Parameters
    ----------
    product
        The tensor product.
    parities
        Of the fragments that it multiplies, 0 or 1, such as those of
        :class:`~deepsphere_pyg.harmonics.SpinLayout`: under :math:`x \mapsto -x` a
        fragment of degree l is multiplied by :math:`(-1)^{l + p}`.

    Returns
    -------
    IntArray
        Shape ``(product.layout_out.n_fragments,)``.

    Raises
    ------
    TypeError, ValueError
        If ``product`` is not a tensor product, or parities are not one number 0 or 1
        for each fragment.

    Examples
    --------
    Scalar products of gradients of degree 1 are even, and their cross product is odd:

    >>> product = TensorProductActivation(HarmonicLayout(2, [0, 2]), mixing="full")
    >>> product.fragments[:, [0, 2, 4]].tolist()
    [[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 0, 1]]
    >>> coupled_parities(product, [0, 0])
    array([0, 0, 0, 1])
    """
    remedy = "make one with TensorProductActivation(layout)"
    instance_argument("product", product, TensorProductActivation, remedy)
    p = _checked_parities("parities", parities, product.layout)
    l, l1, t1, l2, t2 = product.fragments.T  # noqa: E741
    first = fragment_numbers(product.layout, l1, t1)
    second = fragment_numbers(product.layout, l2, t2)
    return np.asarray((p[first] + p[second] + l1 + l2 + l) % 2)


class ParityConv(FixedTensors):
    r"""Mix the fragments and channels of each degree and parity with learned weights.

    .. math::
        y^{lp}_{t'c'm} = \sum_{t,c} f^{lp}_{tcm} \psi^{lp}_{tc,t'c'}
        + b_{t'c'} \delta_{l0} \delta_{p0}

    A :class:`~deepsphere_pyg.layers.GeneralizedConv` of the fragments of even parity,
    and another one of those of odd parity. Every linear map of generalized signals that
    commutes with rotations and reflections is of this form.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    layout, layout_out
        Rows of the input and the output; an integer L stands for ``HarmonicLayout(L)``.
        The input must have fragments of every degree and parity of the output.
    parities, parities_out
        Parity of each fragment, 0 or 1: those of
        :class:`~deepsphere_pyg.harmonics.SpinLayout`, in which gradients are even and
        curls odd, or of :func:`coupled_parities` after a tensor product.
    bias
        Whether to add a learned constant to each even coefficient of degree 0.

    Attributes
    ----------
    even, odd
        The two convolutions; None if the output has no such fragments.

    Shapes
    ------
    ``(*batch, row, in_channels) -> (*batch, row_out, out_channels)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`~deepsphere_pyg.layers.GeneralizedConv`; if parities are not one
        number 0 or 1 for each fragment.

    Notes
    -----
    Tensor products, :class:`~deepsphere_pyg.layers.NormActivation` and
    :class:`~deepsphere_pyg.layers.FragmentNorm` commute with reflections, too;
    :class:`~deepsphere_pyg.layers.GatedActivation` does if all scalars are even. Fields
    of the Earth, which rotates, have no such symmetry, and E and B modes of the
    microwave sky do.

    Equivariance: exact, to round-off.

    Source: that of :class:`~deepsphere_pyg.layers.GeneralizedConv`; parities as in
    Geiger and Smidt 2022 (arXiv:2207.09453).

    Examples
    --------
    >>> from deepsphere_pyg.harmonics import SpinLayout
    >>> fields, out = SpinLayout(4, (0, 1)), SpinLayout(4, [1])
    >>> conv = ParityConv(
    ...     3, 5, fields.layout, out.layout,
    ...     parities=fields.parities, parities_out=out.parities,
    ... )
    >>> conv(torch.ones(7, fields.layout.n_rows, 3)).shape
    torch.Size([7, 30, 5])
    >>> conv.even.weights["1"].shape, conv.odd.weights["1"].shape
    (torch.Size([2, 3, 1, 5]), torch.Size([1, 3, 1, 5]))
    """

    even: GeneralizedConv | None
    odd: GeneralizedConv | None
    rows_even: Tensor
    rows_odd: Tensor
    order: Tensor

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        layout: HarmonicLayout | SupportsIndex,
        layout_out: HarmonicLayout | SupportsIndex,
        *,
        parities: Parities,
        parities_out: Parities,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        self.layout = numbered_layout(layout)
        self.layout_out = numbered_layout(layout_out, "layout_out")
        before = _checked_parities("parities", parities, self.layout)
        after = _checked_parities("parities_out", parities_out, self.layout_out)
        biased = flag_argument("bias", bias)
        rows_out = []
        for name, parity in (("even", 0), ("odd", 1)):
            ours = before == parity
            rows_out.append(_rows(self.layout_out, after == parity))
            self.keep(f"rows_{name}", _rows(self.layout, ours))
            conv = None
            if (after == parity).any():
                tau = _counts(self.layout, ours)
                tau_out = _counts(self.layout_out, after == parity)
                _check_parity(name, tau, tau_out)
                conv = GeneralizedConv(
                    self.in_channels,
                    self.out_channels,
                    HarmonicLayout(self.layout.L, tau),
                    HarmonicLayout(self.layout_out.L, tau_out),
                    bias=biased and parity == 0,
                )
            self.register_module(name, conv)
        if biased and self.even is None:
            raise ValueError(
                "bias is added to even fragments of degree 0, of which "
                f"{self.layout_out} has none; pass bias=False"
            )
        self.keep("order", np.argsort(np.concatenate(rows_out)))

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        for conv in (self.even, self.odd):
            if conv is not None:
                conv.reset_parameters()

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the mapped signals."""
        x = checked_coefficients(in_full_precision(coefficients), self.layout)
        parts = []
        for conv, rows in ((self.even, self.rows_even), (self.odd, self.rows_odd)):
            if conv is not None:
                parts.append(conv(x.index_select(-2, rows)))
        return torch.cat(parts, dim=-2).index_select(-2, self.order)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return (
            f"{self.in_channels}, {self.out_channels}, {self.layout}, {self.layout_out}"
        )


def _checked_parities(
    name: str, parities: Parities, layout: HarmonicLayout
) -> IntArray:
    """Return one parity for each fragment of a layout."""
    values = np.asarray(parities)
    kinds = values.dtype.kind in "iu" and values.ndim == 1
    if not kinds or not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"{name} must be a sequence of the numbers 0 and 1, got {parities!s:.60}; "
            "pass those of SpinLayout.parities or coupled_parities"
        )
    if len(values) != layout.n_fragments:
        raise ValueError(
            f"{name} must have one number for each of the {layout.n_fragments} "
            f"fragments of {layout}, got {len(values)}; pass those of this layout"
        )
    return values.astype(np.int64)


def _rows(layout: HarmonicLayout, chosen: npt.NDArray[np.bool_]) -> IntArray:
    """Return the rows of chosen fragments."""
    return np.flatnonzero(chosen[fragment_of_row(layout)])


def _counts(layout: HarmonicLayout, chosen: npt.NDArray[np.bool_]) -> list[int]:
    """Return the number of chosen fragments of each degree."""
    degrees = np.repeat(np.arange(layout.L), layout.tau)
    counts: list[int] = np.bincount(degrees[chosen], minlength=layout.L).tolist()
    return counts


def _check_parity(name: str, tau: list[int], tau_out: list[int]) -> None:
    """Raise unless the input has a parity at every degree at which the output has."""
    for degree, count in enumerate(tau_out):
        if count and (degree >= len(tau) or not tau[degree]):
            raise ValueError(
                "linear maps that commute with reflections make no new parities, but "
                f"layout_out has {name} fragments of degree {degree}, and layout has "
                "none; put a tensor product before, or choose other parities_out"
            )

"""Exact products of signals on the sphere, computed on a grid."""

from __future__ import annotations

from typing import SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.harmonics.layout.checks import (
    check_pair,
    checked_coefficients,
    in_full_precision,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.sht.sht import ISHT, SHT
from samplings import GaussLegendre
from samplings.arguments import integer_argument


class GauntProduct(nn.Module):
    r"""Multiply signals on the sphere pointwise, within each channel.

    .. math::
        y_l = \sum_{l_1 l_2} \sqrt{\frac{(2l_1+1)(2l_2+1)}{4\pi(2l+1)}}\,
        C^{l_1 l_2 l}_{0;00}\; C^{l_1 l_2 l} (f_{l_1} \otimes g_{l_2})
        \quad\Longleftrightarrow\quad y(x) = f(x)\, g(x)

    It sums the products of a :class:`~deepsphere_pyg.layers.TensorProductActivation` of
    even :math:`l_1 + l_2 + l` with these fixed weights: one fragment per degree, not
    tens, and :math:`O(L^3)` operations, not :math:`O(L^5)`. Products of odd
    :math:`l_1 + l_2 + l`, such as vector products, are not included.

    Parameters
    ----------
    L
        Bandlimit of the first signal: degrees 0 ... L - 1.
    L_other
        Bandlimit of the second; by default L.
    L_out
        Bandlimit of the product, at most L + L_other - 1, beyond which it is zero; by
        default L.

    Attributes
    ----------
    layout, layout_other, layout_out
        Rows of the signals and of the product.
    sampling
        The grid: the fewest Gauss-Legendre rings for which the product is exact.

    Shapes
    ------
    ``(*batch, L * L, channel), (*batch, L_other * L_other, channel)
    -> (*batch, L_out * L_out, channel)``

    Raises
    ------
    TypeError
        If a number is not an integer; in ``forward``, if coefficients are not of the
        dtype of the module.
    ValueError
        If a number is below 1, or ``L_out`` is too large; in ``forward``, if the number
        of rows differs, or ``other`` is missing although the bandlimits differ.

    Notes
    -----
    Equivariance: exact, to round-off. With one signal it is the square, which is
    nowhere negative: put linear maps that mix channels around it, or pass a second
    signal.

    Source: Gaunt 1929, Phil. Trans. R. Soc. A 228, 151; used in networks by Luo et al.
    2024 (arXiv:2401.10216).

    Examples
    --------
    >>> import torch
    >>> square = GauntProduct(4, L_out=7)
    >>> square(torch.ones(2, 16, 3)).shape
    torch.Size([2, 49, 3])
    """

    def __init__(
        self,
        L: SupportsIndex,
        *,
        L_other: SupportsIndex | None = None,
        L_out: SupportsIndex | None = None,
    ) -> None:
        super().__init__()
        first = integer_argument("L", L, 1)
        second = first if L_other is None else integer_argument("L_other", L_other, 1)
        out = first if L_out is None else integer_argument("L_out", L_out, 1)
        if out > first + second - 1:
            raise ValueError(
                f"L_out must be at most L + L_other - 1 = {first + second - 1}, got "
                f"{out}; products have no higher degrees"
            )
        # Rings that integrate products of three functions exactly.
        rings = max(first, second, -(-(first + second + out - 2) // 2))
        self.sampling = GaussLegendre(rings)
        self.synthesis = ISHT(self.sampling, first)
        same = first == second
        self.synthesis_other = self.synthesis if same else ISHT(self.sampling, second)
        self.analysis = SHT(self.sampling, out)
        for layout in (self.layout, self.layout_other, self.layout_out):
            numbered_layout(layout)

    @property
    def layout(self) -> HarmonicLayout:
        """Rows of the first signal."""
        return self.synthesis.layout

    @property
    def layout_other(self) -> HarmonicLayout:
        """Rows of the second signal."""
        return self.synthesis_other.layout

    @property
    def layout_out(self) -> HarmonicLayout:
        """Rows of the product."""
        return self.analysis.layout

    def forward(self, coefficients: Tensor, other: Tensor | None = None) -> Tensor:
        """Return the coefficients of the product, of the square if ``other`` is None.

        Batch and channels of the two broadcast.
        """
        coefficients = in_full_precision(coefficients)
        signal = self.synthesis(coefficients)
        if other is not None:
            known = in_full_precision(other)
            checked_coefficients(known, self.layout_other, "other")
            check_pair(coefficients, known, rows=False)
            factor = self.synthesis_other(known)
        elif self.layout_other == self.layout:
            factor = signal
        else:
            raise ValueError(
                f"other must be given, since L={self.layout.L} and "
                f"L_other={self.layout_other.L} differ; pass both signals, or make the "
                "layer with one bandlimit"
            )
        return self.analysis.analyze(signal * factor)

    def extra_repr(self) -> str:
        """Bandlimits, for ``repr``."""
        return (
            f"L={self.layout.L}, L_other={self.layout_other.L}, "
            f"L_out={self.layout_out.L}"
        )

"""Products of fragments: a nonlinearity that commutes with rotations."""

from __future__ import annotations

from math import prod
from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import plain_tensor
from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.couplings.degree_mixing import DegreeMixing
from deepsphere_pyg.harmonics.layout.checks import checked_operand, numbered_layout
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.coupled_fragments import (
    checked_mixing,
    coupled_fragments,
    coupled_layout,
)
from deepsphere_pyg.layers.fragments.grouped_couplings import (
    grouped_products,
    grouped_tables,
)
from deepsphere_pyg.layers.fragments.pair_tables import pair_tables
from deepsphere_pyg.propagation.pair_sums_autograd import pair_sum
from samplings.arguments import choice_argument

EXECUTIONS = ("auto", "sparse", "grouped")


class TensorProductActivation(Float64Tensors):
    r"""Multiply fragments of a signal with one another, within each channel.

    .. math::
        y^l_m = \sum_{m_1 m_2} C^{l_1 l_2 l}_{m; m_1 m_2}\,
        f^{l_1}_{t_1 m_1} f^{l_2}_{t_2 m_2}

    for all pairs of fragments of the degrees :math:`(l_1, l_2)` that a mixing set
    couples to l, each pair once: within one degree :math:`t_1 \leq t_2`, and products
    of a fragment with itself have even degrees only. With the full set this is the
    Clebsch-Gordan nonlinearity of Kondor et al.; trees cost much less
    (:func:`~deepsphere_pyg.harmonics.degree_mixing`).

    Parameters
    ----------
    layout
        Rows of the coefficients; an integer L stands for ``HarmonicLayout(L)``.
    mixing
        Degrees to couple: ``"full"``, ``"mst"``, ``"rmst"``, or a
        :class:`~deepsphere_pyg.harmonics.DegreeMixing` of your own.
    L_out
        Bandlimit of the output, at most L, which is the default; higher degrees are not
        computed.
    even_self_pairs
        For ``"mst"`` and ``"rmst"``, whether to add pairs of equal degrees.
    execution
        ==============  ============================================================
        ``"auto"``      ``"sparse"``
        ``"sparse"``    sums over nonzero coefficients, as edges from pairs of rows;
                        products are made and discarded some thousand at a time, or
                        not written at all where numba is installed (on the CPU, for
                        trees, and for all products in float64)
        ``"grouped"``   one dense matrix product for each pair of degrees
        ==============  ============================================================

    Attributes
    ----------
    layout, layout_out
        Rows of the input and the output.
    mixing
        The :class:`~deepsphere_pyg.harmonics.DegreeMixing` used.
    fragments
        Origin of each fragment of the output: columns l, l1, t1, l2, t2, sorted by l,
        then (l1 + l2, l1), then (t1, t2). Shape ``(layout_out.n_fragments, 5)``,
        read-only.

    Shapes
    ------
    ``(*batch, row, channel) -> (*batch, row_out, channel)``

    Raises
    ------
    TypeError
        If ``mixing`` is not a mixing set, or a size is not an integer; in ``forward``,
        if the coefficients are not of the module's dtype.
    ValueError
        If the L of ``mixing`` differs, ``mixing`` couples no fragments, or ``L_out`` is
        above L; in ``forward``, if the number of rows is not the layout's.

    Notes
    -----
    Normalisation: the matrices have orthonormal rows. For independent coefficients of
    variance one, products of two different fragments have variance one; products of a
    fragment with itself have about twice that, and at degree 0 the mean
    :math:`\sqrt{2 l_1 + 1}`. This is e3nn's ``"component"`` normalisation.

    Equivariance: exact, to round-off: products rotate by :math:`D^l`. Relative errors
    at L = 10, with a generalized convolution after it: about 4e-7 in float32, 1e-15 in
    float64. Under autocast the layer keeps its own precision.

    Memory: ``"sparse"`` needs the result and some MB; its tables take 28 bytes per
    coefficient, of which there are 588,000 for all products at L = 17. The result is a
    view in which rows are the slowest axis in memory, which
    :class:`~deepsphere_pyg.layers.GeneralizedConv` processes fastest. ``"grouped"``
    needs twice the result, and the dense matrices.

    Speed: speedup over e3nn's ``TensorProduct`` with the same couplings, forward, and
    forward with backward; and peak memory relative to it (one core with AVX-512,
    float32, 16 channels, with numba, measured in alternation by
    ``benchmarks.studies.tensor_product``):

    ======================  ==================  ==================
    L, signals              all products        trees
    ======================  ==================  ==================
    9, 32                   9.0, 8.1; 0.56      5.7, 5.7; 0.62
    11, 32                  9.9, 8.5; 0.58      9.3, 7.2; 0.58
    17, 8                   17.2, 15.1; 0.50    12.0, 13.1; 0.31
    ======================  ==================  ==================

    Construction takes 0.1 s at L = 17, and 18 s in e3nn. On the CPU ``"grouped"`` takes
    1.2 times as long as ``"sparse"`` at L = 4, and 5 times at L = 17.

    Source: Kondor et al. 2018 (arXiv:1806.09231), section 4; channel-wise and with
    trees, Cobb et al. 2021 (arXiv:2010.11661), section 3.

    Examples
    --------
    >>> product = TensorProductActivation(10, mixing="mst")
    >>> product(torch.ones(2, 100, 3)).shape, product.layout_out.tau
    (torch.Size([2, 901, 3]), (10, 9, 9, 9, 9, 9, 9, 9, 9, 9))
    >>> product.fragments[-1]
    array([9, 4, 0, 6, 0])
    """

    offsets: Tensor
    indices: Tensor
    weights: Tensor
    targets: Tensor
    offsets_t: Tensor
    indices_t: Tensor
    weights_t: Tensor
    matrices: Tensor
    order: Tensor

    def __init__(
        self,
        layout: HarmonicLayout | SupportsIndex,
        *,
        mixing: str | DegreeMixing = "full",
        L_out: int | None = None,
        even_self_pairs: bool = False,
        execution: str = "auto",
    ) -> None:
        super().__init__(None)
        self.layout = numbered_layout(layout)
        self.execution = choice_argument("execution", execution, EXECUTIONS)
        self.mixing = checked_mixing(self.layout, mixing, L_out, even_self_pairs)
        bandlimit = self.layout.L if L_out is None else int(L_out)
        self.fragments = coupled_fragments(self.layout, self.mixing)
        self.layout_out = numbered_layout(coupled_layout(self.fragments, bandlimit))
        if self.execution == "grouped":
            self._lay_out_groups()
        else:
            self._lay_out_pairs()

    def _lay_out_pairs(self) -> None:
        tables = pair_tables(self.layout, self.fragments, self.layout_out.L)
        self.blocks = tables.blocks
        for name in ("offsets", "indices", "targets", "offsets_t", "indices_t"):
            self.keep(name, getattr(tables, name))
        self._order_t = plain_tensor(tables.order)
        self.keep("weights", tables.weights)
        self.keep("weights_t", None)

    def _lay_out_groups(self) -> None:
        tables = grouped_tables(self.layout, self.fragments)
        self.groups = tables.groups
        self.keep("order", tables.order)
        self.keep("matrices", tables.matrices)

    def rounded(self, name: str, dtype: torch.dtype) -> Tensor:
        """Return a master in a dtype; transposes reorder the same weights."""
        if name == "weights_t":
            return super().rounded("weights", dtype)[self._order_t]
        return super().rounded(name, dtype)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the products of fragments."""
        grouped = self.execution == "grouped"
        like = self.order if grouped else self.targets
        x = checked_operand(coefficients, self.layout, like, self.dtype)
        *batch, n_rows, channels = x.shape
        # Rows come first, so that signals and channels are one contiguous axis.
        rows = x.movedim(-2, 0).reshape(n_rows, prod(batch) * channels).contiguous()
        n_out = self.layout_out.n_rows
        if grouped:
            with torch.autocast(x.device.type, enabled=False):
                products = grouped_products(
                    rows, self.matrices, self.order, self.groups, self.layout
                )
        else:
            products = pair_sum(
                rows,
                rows,
                [self.offsets, self.indices, self.weights, self.targets],
                [self.offsets_t, self.indices_t, self.weights_t],
                self.blocks,
                n_out,
            )
        return products.reshape(n_out, *batch, channels).movedim(0, -2)

    def extra_repr(self) -> str:
        """Layouts, mixing set and execution, for ``repr``."""
        return (
            f"{self.layout}, {self.mixing}, L_out={self.layout_out.L}, "
            f"fragments={self.layout_out.n_fragments}, execution={self.execution!r}"
        )

"""Third-order features that are invariant under rotations."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.couplings.degree_mixing import DegreeMixing
from deepsphere_pyg.harmonics.layout.checks import checked_operand, numbered_layout
from deepsphere_pyg.harmonics.layout.fragment_rows import by_degree
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.coupled_fragments import checked_mixing
from deepsphere_pyg.layers.fragments.tensor_product import TensorProductActivation
from samplings.arrays import IntArray


class BispectrumReadout(Float64Tensors):
    r"""Compute invariant products of three fragments within each channel.

    .. math::
        b = \sum_{m_1 m_2 m_3} \begin{pmatrix} l_1 & l_2 & l_3 \\
        m_1 & m_2 & m_3 \end{pmatrix}
        f^{l_1}_{m_1} f^{l_2}_{m_2} f^{l_3}_{m_3}
        = \frac{1}{\sqrt{2 l_3 + 1}} \sum_m f^{l_3}_m
        \left[ C^{l_1 l_2 l_3} (f^{l_1} \otimes f^{l_2}) \right]_m

    with the 3j symbols of the real basis. These are symmetric up to a sign, so each set
    of three fragments appears once, whatever its order in the mixing set. Products that
    vanish for every signal are left out.

    Parameters
    ----------
    layout
        Rows of the coefficients; an integer L stands for ``HarmonicLayout(L)``.
    mixing
        Degrees to multiply: ``"full"``, ``"mst"``, ``"rmst"``, or a
        :class:`~deepsphere_pyg.harmonics.DegreeMixing` of your own.

    Attributes
    ----------
    triples
        The three fragments of each feature: columns l1, t1, l2, t2, l3, t3. Shape
        ``(n_invariants, 6)``, read-only.

    Shapes
    ------
    ``(*batch, row, channel) -> (*batch, n_invariants * channel)``, triple after triple,
    as ``nn.Linear`` takes them.

    Raises
    ------
    TypeError, ValueError
        As :class:`~deepsphere_pyg.layers.TensorProductActivation`; if all products
        vanish.

    Notes
    -----
    Equivariance: invariant, to round-off. Unlike
    :class:`~deepsphere_pyg.layers.PowerSpectrumReadout`, it distinguishes signals whose
    degrees are rotated independently. Products of odd :math:`l_1 + l_2 + l_3` change
    sign under reflections. For independent coefficients of variance one, products of
    three different fragments have variance one. Since they are cubic, normalise the
    input. With :math:`l_1 = 0` they are power spectra times the mean, and vanish with
    it: use the power spectrum as well.

    Source: Kondor 2007 (arXiv:cs/0701127).

    Examples
    --------
    >>> readout = BispectrumReadout(3)
    >>> readout(torch.ones(2, 9, 4)).shape, readout.triples[:, ::2].tolist()
    (torch.Size([2, 20]), [[0, 0, 0], [0, 1, 1], [0, 2, 2], [1, 1, 2], [2, 2, 2]])
    """

    kept: Tensor

    def __init__(
        self,
        layout: HarmonicLayout | SupportsIndex,
        *,
        mixing: str | DegreeMixing = "full",
    ) -> None:
        super().__init__(None)
        self.layout = numbered_layout(layout)
        chosen = checked_mixing(self.layout, mixing, None, even_self_pairs=False)
        ordered = np.unique(np.sort(chosen.triples, axis=1), axis=0)
        self.product = TensorProductActivation(
            self.layout, mixing=DegreeMixing(self.layout.L, ordered)
        )
        triples, kept = _triples(self.layout, self.product.fragments)
        triples.setflags(write=False)
        self.triples = triples
        self.keep("kept", kept)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the invariants."""
        x = checked_operand(coefficients, self.layout, self.kept, self.dtype)
        *batch, _, channels = x.shape
        with torch.autocast(x.device.type, enabled=False):
            signals = by_degree(x, self.layout)
            products = by_degree(self.product(x), self.product.layout_out)
            parts = [
                _contracted(one, other)
                for one, other in zip(products, signals, strict=True)
            ]
            invariants = torch.cat(parts, dim=-2).index_select(-2, self.kept)
        return invariants.reshape(*batch, len(self.triples) * channels)

    def extra_repr(self) -> str:
        """Layout and number of invariants, for ``repr``."""
        return f"{self.layout}, invariants={len(self.triples)}"


def _contracted(one: Tensor, other: Tensor) -> Tensor:
    """Return the scalar products of all fragments of a degree with all others."""
    products = one[..., :, None, :, :] * other[..., None, :, :, :]
    scaled: Tensor = products.sum(-2).flatten(-3, -2) * other.shape[-2] ** -0.5
    return scaled


def _triples(layout: HarmonicLayout, table: IntArray) -> tuple[IntArray, IntArray]:
    """Return the products that do not vanish, and their positions among all.

    Raises
    ------
    ValueError
        If all vanish.
    """
    tau = np.array(layout.tau)[table[:, 0]]
    number = np.repeat(np.arange(len(table)), tau)
    third = np.arange(len(number)) - np.repeat(np.cumsum(tau) - tau, tau)
    l3, l1, t1, l2, t2 = table[number].T
    same = l2 == l3
    kept = ~same | (t2 < third) | ((t2 == third) & (l1 % 2 == 0))
    if not kept.any():
        raise ValueError(
            f"the mixing set must have a product of three fragments of {layout} that "
            "does not vanish; add triples"
        )
    triples = np.stack([l1, t1, l2, t2, l3, third], axis=1)
    return triples[kept], np.flatnonzero(kept)

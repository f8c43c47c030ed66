"""Operators between parents and their children, of which learned pooling is made."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.signals import checked_signal
from samplings import Coarsening
from samplings.arguments import (
    choice_argument,
    flag_argument,
    instance_argument,
    integer_argument,
)
from samplings.child_positions import (
    place_shares,
    position_shares,
    zernike_indices,
)

TERMS = ("auto", "children", "position", "distance")


class ChildOperator(EdgeOperator):
    r"""Several weighted sums over the children of each parent, or their transposes.

    :func:`child_pooling_operator` and :func:`child_unpooling_operator` make them for
    :class:`~deepsphere_pyg.layers.LearnedPool` and
    :class:`~deepsphere_pyg.layers.LearnedUnpool`.

    Parameters
    ----------
    matrix
        Row ``c * n_terms + k`` is the k-th sum of parent c, shape
        ``(V_coarse * n_terms, V_fine)``; for unpooling, columns are.
    n_terms
        Number of sums for each parent.
    pools
        Whether the operator leads from children to parents.
    dtype, execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Attributes
    ----------
    in_order
        Whether the sums are the vertices themselves, in their order.

    Raises
    ------
    TypeError, ValueError
        As EdgeOperator; and if ``n_terms`` does not divide the number of sums.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> child_pooling_operator(HEALPix(2).coarsen())
    ChildOperator(48 -> 12 x 4, 48 edges, execution='auto')
    """

    def __init__(
        self,
        matrix: sp.sparray | sp.spmatrix,
        n_terms: SupportsIndex,
        *,
        pools: bool = True,
        dtype: torch.dtype | None = None,
        execution: str = "auto",
    ) -> None:
        super().__init__(matrix, dtype=dtype, execution=execution)
        self.n_terms = integer_argument("n_terms", n_terms, 1)
        self.pools = flag_argument("pools", pools)
        sums = self.n_out if self.pools else self.n_in
        self.n_parents, rest = divmod(sums, self.n_terms)
        if rest:
            raise ValueError(
                f"n_terms must divide the {sums} sums of the matrix, got "
                f"{self.n_terms}; make the operator with child_pooling_operator"
            )
        self.in_order = _is_identity(self._rows)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sums, or for unpooling the children.

        Where they are the children in order, as on HEALPix in nested order, they are
        the signals themselves, which are returned without a copy.

        Raises
        ------
        TypeError, ValueError
            As for :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.
        """
        # The reference propagates along the edges, which explainers mask.
        if self.in_order and self.execution != "message_passing":
            self.check_unchanged()
            return checked_signal(x, self.n_in, self.weight)
        return super().forward(x)

    def __repr__(self) -> str:
        parents = f"{self.n_parents} x {self.n_terms}"
        sizes = (self.n_in, parents) if self.pools else (parents, self.n_out)
        return (
            f"{type(self).__name__}({sizes[0]} -> {sizes[1]}, {self.n_edges} edges, "
            f"execution={self.execution!r})"
        )


def child_pooling_operator(
    coarsening: Coarsening,
    *,
    terms: str = "auto",
    degree: SupportsIndex = 2,
    execution: str = "auto",
) -> ChildOperator:
    r"""Return the sums over children that :class:`LearnedPool` mixes.

    With ``terms="children"`` each sum is one child, where the scheme numbers the
    children of a cell alike everywhere: HEALPix in nested order, whatever the order of
    its pixels, the cubed sphere, and the triangles of the icosahedron. Children that a
    masked sampling lacks count as zero.

    With ``terms="position"`` they are moments of the children, on any coarsening:

    .. math::
        y_{ck} = \frac{1}{A_c} \sum_f s_{cf}\, a_f\, Z_k(\rho_{cf}, \alpha_{cf})\, x_f

    with areas :math:`a_f, A_c`, shares :math:`s_{cf}` of children in parents, and
    Zernike polynomials :math:`Z_k` of the child's distance :math:`\rho` and direction
    :math:`\alpha` in the parent's tangent plane, in which the parent is about the unit
    disc. The first is the mean by area. From the others their own mean over the parent
    is subtracted, so that they see only how the signal varies within a parent.
    ``terms="distance"`` takes those that do not depend on the direction.

    Parameters
    ----------
    coarsening
        From :meth:`samplings.Sampling.coarsen`. For several levels at once, join
        coarsenings by :meth:`samplings.Coarsening.then`, or take
        ``Coarsening.nested(HEALPix(64), HEALPix(16))``.
    terms
        ``"children"``, ``"position"``, ``"distance"``, or ``"auto"``: children where
        the scheme numbers them, else positions.
    degree
        Largest degree of the polynomials, which make (degree + 1)(degree + 2) / 2
        terms, and of the distance alone degree // 2 + 1. The default, 2, tells four
        children apart.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Raises
    ------
    TypeError
        If ``coarsening`` is not a coarsening.
    ValueError
        If ``terms`` is unknown, or it is ``"children"`` and the scheme does not number
        them.

    Examples
    --------
    >>> from samplings import Icosahedral
    >>> operator = child_pooling_operator(Icosahedral(1).coarsen())
    >>> operator.n_in, operator.n_parents, operator.n_terms
    (42, 12, 6)
    """
    shares, by_area = _shares(coarsening, terms, degree)
    if by_area:
        coarse = sp.diags_array(1 / coarsening.coarse.weights)
        fine = sp.diags_array(coarsening.fine.weights)
        shares = [coarse @ share @ fine for share in shares]
    matrix = _interleaved(shares)
    return ChildOperator(matrix, len(shares), execution=execution)


def child_unpooling_operator(
    coarsening: Coarsening,
    *,
    terms: str = "auto",
    degree: SupportsIndex = 2,
    execution: str = "auto",
) -> ChildOperator:
    r"""Return the sums over parents that :class:`LearnedUnpool` takes.

    With ``terms="children"``, each child gets the signal for its place. Otherwise

    .. math:: x_f = \sum_{ck} s_{cf}\, Z_k(\rho_{cf}, \alpha_{cf})\, y_{ck}

    Both are the adjoint of :func:`child_pooling_operator`: in the plain inner product
    for children, in those weighted by area for positions,
    :math:`\sum_f a_f (Uy)_f x_f = \sum_{ck} A_c\, y_{ck} (Px)_{ck}`.

    Parameters
    ----------
    coarsening, terms, degree, execution
        As in :func:`child_pooling_operator`.

    Raises
    ------
    TypeError, ValueError
        As :func:`child_pooling_operator`.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> child_unpooling_operator(HEALPix(2).coarsen())
    ChildOperator(12 x 4 -> 48, 48 edges, execution='auto')
    """
    shares, _ = _shares(coarsening, terms, degree)
    matrix = sp.csr_array(_interleaved(shares).T)
    return ChildOperator(matrix, len(shares), pools=False, execution=execution)


def number_of_terms(
    coarsening: Coarsening, terms: str = "auto", degree: int = 2
) -> int:
    """Return the number of terms of the two operators, without making them."""
    if terms in ("auto", "children"):
        places = coarsening.fine.places_in(coarsening.coarse)
        if places is not None:
            return places[1]
    return len(zernike_indices(degree, terms == "distance"))


def _shares(
    coarsening: Coarsening, terms: str, degree: SupportsIndex
) -> tuple[list[sp.csr_array], bool]:
    """Return a matrix ``(V_coarse, V_fine)`` for each term, and whether by share."""
    remedy = "take sampling.coarsen(), or Transfer.conservative(...).coarsening()"
    instance_argument("coarsening", coarsening, Coarsening, remedy)
    choice_argument("terms", terms, TERMS)
    degree = integer_argument("degree", degree, 0)
    if terms in ("auto", "children"):
        shares = place_shares(coarsening)
        if shares is not None:
            return shares, False
        if terms == "children":
            raise ValueError(
                "terms='children' needs parents with equal numbers of children in an "
                f"order of their own, which {coarsening.fine.name} in "
                f"{coarsening.coarse.name} have not; use terms='position'"
            )
    return position_shares(coarsening, degree, terms == "distance"), True


def _interleaved(shares: list[sp.csr_array]) -> sp.csr_array:
    """Return one matrix with the rows of each parent side by side."""
    stacked = sp.csr_array(sp.vstack(shares))
    count, n = len(shares), shares[0].shape[0]
    return sp.csr_array(stacked[np.arange(count * n).reshape(count, n).T.ravel()])


def _is_identity(rows: sp.csr_array) -> bool:
    """Whether a matrix is the identity."""
    n = rows.shape[0]
    if rows.shape != (n, n) or rows.nnz != n:
        return False
    places = np.arange(n)
    alone = np.array_equal(rows.indptr[:-1], places)
    return bool(
        alone and np.array_equal(rows.indices, places) and (rows.data == 1).all()
    )

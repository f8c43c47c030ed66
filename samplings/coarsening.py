"""Shares of the cells of a fine sampling in those of a coarser one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from samplings.arguments import (
    instance_argument,
    sampling_argument,
    sparse_argument,
)
from samplings.arrays import ReadOnly, freeze

if TYPE_CHECKING:
    from samplings.base import Sampling


@dataclass(frozen=True, eq=False)
class Coarsening(ReadOnly):
    """How the cells of a fine sampling are shared among those of a coarse one.

    Poolings of networks are made of it by ``deepsphere_pyg.pooling_operator``,
    ``unpooling_operator``, ``child_pooling_operator`` and ``child_unpooling_operator``.

    Parameters
    ----------
    fine, coarse
        The two samplings.
    assign
        Sparse matrix ``(V_coarse, V_fine)``; ``assign[c, f]`` is the share of fine cell
        ``f`` that lies in coarse cell ``c``. Columns sum to one, so that area is
        conserved: ``assign @ fine.weights == coarse.weights``.

    Raises
    ------
    ValueError
        If the shape does not fit, a share is negative, a column does not sum to one,
        or area is not conserved.
    """

    fine: Sampling
    coarse: Sampling
    assign: sp.csr_array

    def __post_init__(self) -> None:
        # A copy, since it is made read-only below.
        assign = sparse_argument("assign", self.assign).copy()
        coarse = sampling_argument("coarse", self.coarse)
        shape = (len(coarse), len(sampling_argument("fine", self.fine)))
        if assign.shape != shape:
            raise ValueError(
                f"assign must have shape (V_coarse, V_fine) = {shape}, "
                f"got {assign.shape}"
            )
        if assign.nnz and not assign.data.min() >= 0:
            raise ValueError(
                f"shares of a cell must not be negative, got {assign.data.min()}"
            )
        columns = np.asarray(assign.sum(axis=0)).ravel()
        if not np.abs(columns - 1).max() <= 1e-9:
            bad = int(np.abs(columns - 1).argmax())
            raise ValueError(
                f"the shares of each fine cell must sum to one, "
                f"got {columns[bad]} at fine vertex {bad}"
            )
        area = assign @ self.fine.weights
        # 1e-9 relative: sums of round-off over millions of cells stay far below.
        if not np.allclose(area, self.coarse.weights, rtol=1e-9, atol=0):
            bad = int(np.abs(area - self.coarse.weights).argmax())
            raise ValueError(
                "coarse areas must be the sums of the fine areas they hold, "
                f"got {self.coarse.weights[bad]} for {area[bad]} at vertex {bad}"
            )
        assign.sum_duplicates()
        object.__setattr__(self, "assign", freeze(assign))

    @classmethod
    def nested(cls, fine: Sampling, coarse: Sampling) -> Coarsening:
        """Assign each fine cell to the coarse cell that contains it.

        Raises
        ------
        ValueError
            If the cells do not nest by construction.
        """
        sampling_argument("coarse", coarse)
        parents = sampling_argument("fine", fine).parents_in(coarse)
        if parents is None:
            raise ValueError(
                f"the cells of {fine!r} do not nest in those of {coarse!r}; "
                "use Transfer.conservative(fine, coarse).coarsening()"
            )
        entries = (np.ones(len(fine)), (parents, np.arange(len(fine))))
        return cls(fine, coarse, sp.csr_array(entries, shape=(len(coarse), len(fine))))

    def then(self, following: Coarsening) -> Coarsening:
        """Return the coarsening over both levels at once.

        Parameters
        ----------
        following
            A coarsening of :attr:`coarse`; shares of the two are multiplied.

        Raises
        ------
        TypeError
            If ``following`` is not a coarsening.
        ValueError
            If it starts from another sampling.

        Examples
        --------
        >>> from samplings import HEALPix
        >>> first = HEALPix(4).coarsen()
        >>> first.then(first.coarse.coarsen()).assign.shape
        (12, 192)
        """
        remedy = "take coarsening.coarse.coarsen()"
        instance_argument("following", following, Coarsening, remedy)
        middle = following.fine
        # Equal areas and places; samplings.base, which has same_sampling, is above.
        if len(middle) != len(self.coarse) or not (
            np.abs(middle.xyz - self.coarse.xyz).max() <= 1e-9
        ):
            raise ValueError(
                f"following must coarsen {self.coarse!r}, which this coarsening leads "
                f"to, got one of {middle!r}; take coarsening.coarse.coarsen()"
            )
        return Coarsening(self.fine, following.coarse, following.assign @ self.assign)

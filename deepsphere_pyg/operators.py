"""Operators of Laplacians and coarsenings."""

from __future__ import annotations

import scipy.sparse as sp

from deepsphere_pyg.edge_operator import EdgeOperator
from samplings import Coarsening, Laplacian, Transfer
from samplings.arguments import instance_argument

__all__ = ["laplacian_operator", "pooling_operator", "unpooling_operator"]


def laplacian_operator(laplacian: Laplacian, execution: str = "auto") -> EdgeOperator:
    r"""Return the operator :math:`2 L / \lambda_\max - I`, of spectrum in [-1, 1].

    Parameters
    ----------
    laplacian
        From :func:`samplings.laplacian`.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Returns
    -------
    EdgeOperator
        From V vertices to V vertices, in PyTorch's default dtype.

    Raises
    ------
    TypeError
        If it is not a Laplacian.
    ValueError
        If the Laplacian is zero.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph, laplacian
    >>> laplacian_operator(laplacian(knn_graph(HEALPix(1), k=4))).n_out
    12
    """
    if not isinstance(laplacian, Laplacian):
        raise TypeError(
            f"expected a Laplacian, got {type(laplacian).__name__}; "
            "build it with samplings.laplacian(graph)"
        )
    return EdgeOperator(laplacian.rescaled(), execution=execution)


def pooling_operator(
    coarsening: Coarsening | Transfer, execution: str = "auto"
) -> EdgeOperator:
    r"""Return the mean over fine cells by area, from V_fine to V_coarse vertices.

    .. math:: P_{cf} = s_{cf}\, a_f / A_c

    Rows sum to one, so that constants stay what they are, and the integral is
    conserved: :math:`\sum_c A_c (Px)_c = \sum_f a_f x_f`.

    Parameters
    ----------
    coarsening
        From :meth:`samplings.Sampling.coarsen`; or a :class:`samplings.Transfer`
        between any two samplings: then from the vertices of its source to those of its
        target.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Raises
    ------
    TypeError
        If it is neither.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> pooling_operator(HEALPix(2).coarsen())
    EdgeOperator(48 -> 12, 48 edges, execution='auto')
    """
    if isinstance(coarsening, Transfer):
        return EdgeOperator(coarsening.pooling(), execution=execution)
    _check_coarsening(coarsening)
    coarse = sp.diags_array(1 / coarsening.coarse.weights)
    fine = sp.diags_array(coarsening.fine.weights)
    return EdgeOperator(coarse @ coarsening.assign @ fine, execution=execution)


def unpooling_operator(
    coarsening: Coarsening | Transfer, execution: str = "auto"
) -> EdgeOperator:
    r"""Return the copy to fine cells by share, from V_coarse to V_fine vertices.

    .. math:: U_{fc} = s_{cf}

    The adjoint of pooling in the inner products weighted by area:
    :math:`\sum_f a_f (Uy)_f x_f = \sum_c A_c y_c (Px)_c`.

    Parameters
    ----------
    coarsening
        From :meth:`samplings.Sampling.coarsen`; or a :class:`samplings.Transfer`: then
        from the vertices of its target to those of its source.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Raises
    ------
    TypeError
        If it is neither.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> unpooling_operator(HEALPix(2).coarsen())
    EdgeOperator(12 -> 48, 48 edges, execution='auto')
    """
    if isinstance(coarsening, Transfer):
        return EdgeOperator(coarsening.unpooling(), execution=execution)
    _check_coarsening(coarsening)
    return EdgeOperator(sp.csr_array(coarsening.assign.T), execution=execution)


def _check_coarsening(coarsening: object) -> None:
    """Refuse what is neither a coarsening nor, as callers have seen, a transfer."""
    remedy = "take sampling.coarsen(), or a Transfer between two samplings"
    instance_argument("coarsening", coarsening, Coarsening, remedy)

"""Operators of samplings, graphs, Laplacians and coarsenings."""

from __future__ import annotations

from typing import SupportsIndex

import scipy.sparse as sp

from deepsphere_pyg.edge_operator import EdgeOperator
from samplings import (
    Coarsening,
    ConnectionLaplacian,
    Laplacian,
    Sampling,
    SphericalGraph,
    Transfer,
    knn_graph,
    laplacian,
)
from samplings.arguments import instance_argument
from samplings.graphs.connection_laplacian import transported


def laplacian_operator(
    sampling: Sampling | SphericalGraph | Laplacian | ConnectionLaplacian,
    k: int | None = None,
    *,
    execution: str = "auto",
) -> EdgeOperator:
    r"""Return the Laplacian of a sampling as an operator, rescaled to [-1, 1].

    .. math:: \tilde L = 2 L / \lambda_\max - I

    Parameters
    ----------
    sampling
        A sampling, whose vertices are linked by :func:`samplings.knn_graph`; or a
        graph; or a Laplacian of :func:`samplings.laplacian`, for options of these, or
        of :func:`samplings.connection_laplacian`, for fields of spin.
    k
        Number of neighbours in the graph of a sampling, by default 8.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Returns
    -------
    EdgeOperator
        From V vertices to V vertices, in PyTorch's default dtype; for fields of spin
        from 2 V nodes to 2 V nodes, the two components of each vertex.

    Raises
    ------
    TypeError
        If ``sampling`` is not one of these, or ``k`` is given with a graph.
    ValueError
        If the Laplacian is zero, or as :func:`samplings.knn_graph`.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> laplacian_operator(HEALPix(1), k=4).n_out
    12
    """
    if isinstance(sampling, Sampling):
        sampling = knn_graph(sampling, 8 if k is None else k)
    elif k is not None:
        raise TypeError(
            f"k is the number of neighbours in the graph of a sampling, got k={k} with "
            f"a {type(sampling).__name__}; pass a Sampling, or leave k out"
        )
    if isinstance(sampling, SphericalGraph):
        sampling = laplacian(sampling)
    if not isinstance(sampling, Laplacian | ConnectionLaplacian):
        raise TypeError(
            "sampling must be a Sampling, a SphericalGraph or a Laplacian, got "
            f"{type(sampling).__name__}; build a sampling, such as samplings.HEALPix(8)"
        )
    return EdgeOperator(sampling.rescaled(), execution=execution)


def pooling_operator(
    coarsening: Coarsening | Transfer,
    *,
    spin: SupportsIndex | None = None,
    execution: str = "auto",
) -> EdgeOperator:
    r"""Return the mean over fine cells by area, from V_fine to V_coarse vertices.

    .. math:: P_{cf} = s_{cf}\, a_f / A_c

    Rows sum to one, so that constants are preserved, and the integral is conserved:
    :math:`\sum_c A_c (Px)_c = \sum_f a_f x_f`.

    Parameters
    ----------
    coarsening
        From :meth:`samplings.Sampling.coarsen`; or a :class:`samplings.Transfer`
        between any two samplings, from the vertices of its source to those of its
        target.
    spin
        Spin s of fields of two components, which are carried to the coarse vertices by
        parallel transport; the operator then leads from 2 V_fine to 2 V_coarse nodes.
        None for signals of one number at each vertex.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Raises
    ------
    TypeError
        If ``coarsening`` is neither, or ``spin`` not an integer.
    ValueError
        If ``spin`` is negative, or a share joins antipodal points.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> pooling_operator(HEALPix(2).coarsen())
    EdgeOperator(48 -> 12, 48 edges, execution='auto')
    """
    return EdgeOperator(_pooling(coarsening, spin), execution=execution)


def unpooling_operator(
    coarsening: Coarsening | Transfer,
    *,
    spin: SupportsIndex | None = None,
    execution: str = "auto",
) -> EdgeOperator:
    r"""Return the copy to fine cells by share, from V_coarse to V_fine vertices.

    .. math:: U_{fc} = s_{cf}

    The adjoint of pooling in the inner products weighted by area:
    :math:`\sum_f a_f (Uy)_f x_f = \sum_c A_c y_c (Px)_c`.

    Parameters
    ----------
    coarsening
        From :meth:`samplings.Sampling.coarsen`; or a :class:`samplings.Transfer`, from
        the vertices of its target to those of its source.
    spin
        As in :func:`pooling_operator`.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Raises
    ------
    TypeError
        If ``coarsening`` is neither, or ``spin`` not an integer.
    ValueError
        If ``spin`` is negative, or a share joins antipodal points.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> unpooling_operator(HEALPix(2).coarsen())
    EdgeOperator(12 -> 48, 48 edges, execution='auto')
    """
    if isinstance(coarsening, Transfer):
        matrix = coarsening.unpooling()
        fine, coarse = coarsening.source, coarsening.target
    else:
        _check_coarsening(coarsening)
        matrix = sp.csr_array(coarsening.assign.T)
        fine, coarse = coarsening.fine, coarsening.coarse
    return EdgeOperator(_carried(matrix, coarse, fine, spin), execution=execution)


def _pooling(
    coarsening: Coarsening | Transfer, spin: SupportsIndex | None
) -> sp.csr_array:
    """Return the matrix of means by area."""
    if isinstance(coarsening, Transfer):
        matrix = coarsening.pooling()
        return _carried(matrix, coarsening.source, coarsening.target, spin)
    _check_coarsening(coarsening)
    coarse = sp.diags_array(1 / coarsening.coarse.weights)
    fine = sp.diags_array(coarsening.fine.weights)
    matrix = sp.csr_array(coarse @ coarsening.assign @ fine)
    return _carried(matrix, coarsening.fine, coarsening.coarse, spin)


def _carried(
    matrix: sp.csr_array,
    source: Sampling,
    target: Sampling,
    spin: SupportsIndex | None,
) -> sp.csr_array:
    """Return a matrix between samplings with the transport of a field of spin."""
    return matrix if spin is None else transported(matrix, source, target, spin)


def _check_coarsening(coarsening: object) -> None:
    """Raise unless it is a coarsening; callers have handled a transfer."""
    remedy = "take sampling.coarsen(), or Transfer.conservative(fine, coarse)"
    instance_argument("coarsening", coarsening, (Coarsening, Transfer), remedy)

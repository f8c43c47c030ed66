"""Operators of a graph on scalars, on tangent vectors, and between the two."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from torch import nn

from deepsphere_pyg.edge_operator import EdgeOperator
from samplings import (
    Laplacian,
    Sampling,
    SphericalGraph,
    connection_laplacian,
    gradient_matrix,
    knn_graph,
    laplacian,
)
from samplings.arguments import instance_argument
from samplings.graphs.gradient import unit_of


class ScalarVectorOperators(nn.Module):
    r"""Operators of a graph on scalars, on tangent vectors, and between the two.

    .. math::
        \tilde L_s = 2 L_s / \lambda_\max - I \; (s = 0, 1), \qquad
        \tilde G = 2 \sqrt{c / \lambda_\max} \, G, \qquad
        \tilde D = - M^{-1} \tilde G^T M

    with the Laplacians of scalars and of tangent vectors, the gradient G of
    :func:`samplings.gradient_matrix`, whose c it defines, the masses M, and the
    divergence, which is minus the adjoint of the gradient. Gradients of the roughest
    signals keep their size, near one, and those of smooth signals are small.

    Parameters
    ----------
    sampling
        A graph; or its Laplacian, for other kinds than the default; or a sampling,
        whose 8 nearest neighbours are linked.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Attributes
    ----------
    scalars, vectors
        Rescaled Laplacians, on V and on 2 V nodes.
    gradient, divergence
        From V to 2 V nodes, and from 2 V to V.

    Raises
    ------
    TypeError
        If ``sampling`` is not one of these.
    ValueError
        If the Laplacian is zero, or an edge joins antipodal points.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> operators = ScalarVectorOperators(HEALPix(2))
    >>> operators.gradient.n_out, operators.divergence.n_out
    (96, 48)
    """

    def __init__(
        self,
        sampling: SphericalGraph | Laplacian | Sampling,
        *,
        execution: str = "auto",
    ) -> None:
        super().__init__()
        if isinstance(sampling, Sampling):
            sampling = knn_graph(sampling, 8)
        if isinstance(sampling, SphericalGraph):
            sampling = laplacian(sampling)
        remedy = "pass a graph, such as samplings.knn_graph(HEALPix(8), k=8)"
        kinds = (Sampling, SphericalGraph, Laplacian)
        instance_argument("sampling", sampling, kinds, remedy)
        of_vectors = connection_laplacian(sampling.graph, 1, sampling.kind)
        self.scalars = EdgeOperator(sampling.rescaled(), execution=execution)
        self.vectors = EdgeOperator(of_vectors.rescaled(), execution=execution)
        scale = 2 * (unit_of(sampling) / sampling.lambda_max) ** 0.5
        gradient = sp.csr_array(gradient_matrix(sampling) * scale)
        masses = sp.diags_array(np.repeat(sampling.mass, 2))
        inverse = sp.diags_array(1 / sampling.mass)
        divergence = sp.csr_array(inverse @ (gradient.T @ masses)) * -1.0
        self.gradient = EdgeOperator(gradient, execution=execution)
        self.divergence = EdgeOperator(divergence, execution=execution)

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return self.scalars.n_out

"""The gradient of scalars along the edges of a graph, as a field of tangent vectors."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from samplings.arguments import instance_argument
from samplings.arrays import freeze
from samplings.frames import tangent_frames
from samplings.graphs.laplacian import Laplacian


def gradient_matrix(laplacian: Laplacian) -> sp.csr_array:
    r"""Return the matrix of the gradient, from scalars to tangent vectors.

    .. math::
        (G f)_{ia} = \frac{1}{2 c\, m_i} \sum_j w_{ij} (f_j - f_i) \,
            e_a(x_i) \cdot x_j, \qquad
        c = \frac{\sum_i a_i \, x_i \cdot (L x)_i}{2 \sum_i a_i}

    with the directions :math:`e_a` to the south and to the east, and areas
    :math:`a_i`. If L were :math:`-c \Delta`, its product rule :math:`L (f x) = f L x +
    x L f - 2 c \nabla f \cdot \nabla x` would make this the gradient: G is as accurate
    as L.

    Parameters
    ----------
    laplacian
        A Laplacian of V vertices, as :func:`samplings.laplacian` makes it.

    Returns
    -------
    csr_array
        Shape ``(2 V, V)``, in 1/radian: rows 2 i and 2 i + 1 are the components to the
        south and to the east at vertex i.

    Raises
    ------
    TypeError
        If ``laplacian`` is not a Laplacian of scalars.
    ValueError
        If it is zero.

    Notes
    -----
    Constants have no gradient, exactly.

    Source: Bakry and Emery 1985, Diffusions hypercontractives, Lecture Notes in
    Mathematics 1123, 177 (the operator carre du champ).

    Equivariance: exact for the rotations and reflections that map the graph onto
    itself; approximate for others.

    Examples
    --------
    The gradient of z points away from the south:

    >>> from samplings import HEALPix, knn_graph, laplacian
    >>> sphere = HEALPix(16)
    >>> G = gradient_matrix(laplacian(knn_graph(sphere, k=20)))
    >>> south = (G @ sphere.xyz[:, 2])[::2]
    >>> bool(abs(south + np.sin(sphere.theta)).max() < 0.01)
    True
    """
    remedy = "make one with samplings.laplacian(samplings.knn_graph(sampling, k))"
    instance_argument("laplacian", laplacian, Laplacian, remedy)
    matrix, sampling = laplacian.matrix, laplacian.graph.sampling
    if not laplacian.lambda_max > 0:
        raise ValueError(
            f"the Laplacian of {laplacian.graph.name} is zero and has no gradient; "
            "build the graph with more neighbours"
        )
    rows = np.repeat(np.arange(len(sampling)), np.diff(matrix.indptr))
    frames = tangent_frames(sampling)
    # The products with x_j, without those with x_i, which are zero.
    directions = np.einsum("eac,ec->ea", frames[rows], sampling.xyz[matrix.indices])
    directions[rows == matrix.indices] = 0
    values = -0.5 / unit_of(laplacian) * matrix.data[:, None] * directions
    whole = sp.bsr_array(
        (values[:, :, None], matrix.indices, matrix.indptr),
        shape=(2 * len(sampling), len(sampling)),
    ).tocsr()
    sums = np.asarray(whole.sum(axis=1)).ravel()
    index = np.arange(2 * len(sampling))
    own = sp.csr_array((sums, (index, index // 2)), shape=whole.shape)
    result = sp.csr_array(whole - own)
    result.eliminate_zeros()
    return freeze(result)


def unit_of(laplacian: Laplacian) -> float:
    r"""Return c for a Laplacian near :math:`-c \Delta`: half its symbol at degree 1."""
    sampling = laplacian.graph.sampling
    image = laplacian.matrix @ sampling.xyz
    own = np.einsum("vc,vc->v", sampling.xyz, image)
    return float(sampling.weights @ own / sampling.weights.sum()) / 2

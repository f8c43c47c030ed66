"""Operators of samplings, graphs and Laplacians."""

import pytest

from deepsphere_pyg import (
    laplacian_operator,
    pooling_operator,
    unpooling_operator,
)
from samplings import HEALPix, knn_graph, laplacian

SAMPLING = HEALPix(2)


def difference(one, other):
    return abs(one.to_scipy() - other.to_scipy()).max()


def test_a_sampling_a_graph_and_a_laplacian_give_one_operator():
    graph = knn_graph(SAMPLING, 8)
    wanted = laplacian_operator(laplacian(graph))
    for given in (SAMPLING, graph):
        assert difference(laplacian_operator(given), wanted) == 0
    assert difference(laplacian_operator(SAMPLING, k=20), wanted) > 0.1
    assert laplacian_operator(SAMPLING, execution="csr").execution == "csr"


def test_bad_arguments_are_refused():
    with pytest.raises(TypeError, match="got k=8 with a SphericalGraph; pass a Samp"):
        laplacian_operator(knn_graph(SAMPLING, 8), k=8)
    with pytest.raises(TypeError, match=r"a Laplacian, got int; .*HEALPix\(8\)"):
        laplacian_operator(3)


@pytest.mark.parametrize("operator", [pooling_operator, unpooling_operator])
def test_pooling_takes_coarsenings_and_transfers(operator):
    told = r"a Coarsening or a Transfer, got NoneType; take sampling.coarsen\(\)"
    with pytest.raises(TypeError, match=told):
        operator(None)

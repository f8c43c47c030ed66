"""Conversions lose nothing, and say what is missing."""

from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from deepsphere_pyg import (
    ChebConv,
    from_data,
    from_pygsp,
    laplacian_operator,
    operator_from_data,
    pooling_operator,
    to_data,
    to_pygsp,
    unpooling_operator,
)
from deepsphere_pyg.pyg import Batch, Data
from samplings import (
    DisconnectedGraphWarning,
    Equiangular,
    HEALPix,
    Heat,
    Icosahedral,
    Irregular,
    Transfer,
    delaunay_graph,
    knn_graph,
    laplacian,
)
from tests.helpers import scattered
from tests.round_off import assert_near

GRAPHS = {
    "healpix": lambda: knn_graph(HEALPix(4), 8),
    "ring": lambda: knn_graph(HEALPix(6, nest=False), 8, Heat(distance="geodesic")),
    "equiangular": lambda: knn_graph(Equiangular(8, 16), 20, Heat(symmetrize="union")),
    "joined": lambda: knn_graph(Equiangular(12, 24), 4, weighting="area-corrected"),
    "icosahedral": lambda: knn_graph(Icosahedral(2), 6),
    "irregular": lambda: knn_graph(scattered(60), 6, Heat(t=0.1)),
    "triangulation": lambda: delaunay_graph(scattered(60)),
    "masked": lambda: knn_graph(HEALPix(4)[HEALPix(4).lat > 0], 8),
}


@pytest.fixture(scope="module", params=GRAPHS)
def graph(request):
    return GRAPHS[request.param]()


def assert_same_graph(a, b):
    np.testing.assert_array_equal(a.sampling.xyz, b.sampling.xyz)
    np.testing.assert_array_equal(a.sampling.weights, b.sampling.weights)
    assert a.sampling.config == b.sampling.config
    assert abs(a.adjacency - b.adjacency).sum() == 0
    np.testing.assert_equal(a.mass, b.mass)
    made = ("k", "t", "distance", "symmetrize", "weighting", "n_joined", "note")
    for name in made:
        np.testing.assert_equal(getattr(a, name), getattr(b, name))


# -- operators ------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["combinatorial", "normalized"])
def test_spectrum_of_the_laplacian_operator_is_within_one(graph, kind):
    operator = laplacian_operator(laplacian(graph, kind))
    values = np.linalg.eigvalsh(operator.to_scipy().toarray())
    assert values[0] == pytest.approx(-1, abs=1e-12)
    # The largest eigenvalue is bounded within a hundredth, of a width of 2.
    assert 0.979 < values[-1] <= 1 + 1e-12


def test_pooling_operators_are_area_means_and_shares(graph):
    coarsening = graph.sampling.coarsen()
    pool = pooling_operator(coarsening).to_scipy()
    unpool = unpooling_operator(coarsening).to_scipy()
    np.testing.assert_allclose(pool.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(unpool.sum(axis=1), 1, rtol=1e-12)
    assert abs(unpool - coarsening.assign.T).max() == 0
    integral = coarsening.coarse.weights @ pool
    np.testing.assert_allclose(integral, coarsening.fine.weights, rtol=1e-12)


# -- PyTorch Geometric ----------------------------------------------------------------
exact_data = partial(to_data, dtype=torch.float64)


def test_data_round_trip_is_exact(graph):
    assert_same_graph(from_data(exact_data(graph)), graph)


def test_data_round_trip_survives_batching(graph):
    batch = Batch.from_data_list([exact_data(graph)] * 2)
    assert_same_graph(from_data(batch[1]), graph)


def test_data_hold_what_pytorch_geometric_expects(graph):
    n = graph.n_vertices
    x = torch.randn(n, 3)
    mask = torch.arange(n) % 2 == 0
    data = exact_data(graph, x, mask=mask)
    data.validate()
    assert data.num_nodes == n and data.num_edges == graph.adjacency.nnz
    assert data.is_undirected() and not data.has_self_loops()
    assert torch.equal(data.x, x) and torch.equal(data.mask, mask)
    assert data.area.sum().item() == pytest.approx(graph.sampling.area)
    source, target = data.edge_index.numpy()
    weights = graph.adjacency.toarray()[target, source]
    np.testing.assert_array_equal(data.edge_weight.numpy(), weights)
    single = to_data(graph)
    assert single.pos.dtype == single.edge_weight.dtype == torch.float32
    assert single.mask.all()
    back = from_data(single)
    np.testing.assert_array_equal(back.sampling.xyz, graph.sampling.xyz)


def test_data_take_further_fields_and_print_in_a_line(graph):
    data = to_data(graph, y=torch.ones(1), name="July")
    assert data.y.item() == 1 and data.name == "July"
    assert "spherical_graph=[1]" in repr(data) and "\n" not in repr(data)
    with pytest.raises(ValueError, match="come from the graph, got area; set it on"):
        to_data(graph, area=torch.ones(graph.n_vertices))


def test_data_of_earlier_versions_are_read(graph):
    data = exact_data(graph)
    (data.spherical_graph,) = data.spherical_graph
    assert_same_graph(from_data(data), graph)


@pytest.mark.parametrize("kind", ["combinatorial", "normalized"])
def test_a_batch_gives_what_each_graph_gives_alone(kind):
    graphs = [GRAPHS["healpix"](), GRAPHS["icosahedral"](), GRAPHS["healpix"]()]
    torch.manual_seed(0)
    data = [exact_data(g, torch.randn(g.n_vertices, 3)) for g in graphs]
    batch = Batch.from_data_list(data)
    layer = ChebConv(3, 5, K=4).double()
    alone = [
        layer(one.x.double(), laplacian_operator(laplacian(graph, kind)).double())
        for one, graph in zip(data, graphs, strict=True)
    ]
    together = layer(batch.x.double(), operator_from_data(batch, kind).double())
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-12, rtol=0)
    one = operator_from_data(data[0], kind).double()
    assert torch.equal(layer(data[0].x.double(), one), alone[0])


def test_graphs_that_differ_by_a_lone_vertex_are_told_apart():
    position = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0]])
    edges = torch.tensor([[0, 1], [1, 0]])
    data = [Data(pos=position[:n], edge_index=edges) for n in (3, 4)]
    with pytest.warns(DisconnectedGraphWarning):
        together = operator_from_data(Batch.from_data_list(data))
        alone = [operator_from_data(one).to_scipy() for one in data]
    expected = sp.block_diag(alone).toarray()
    np.testing.assert_array_equal(together.to_scipy().toarray(), expected)


def test_other_objects_are_refused():
    graph = GRAPHS["healpix"]()
    with pytest.raises(TypeError, match=r"got SphericalGraph; convert .* with to_data"):
        operator_from_data(graph)
    with pytest.raises(TypeError, match=r"got SphericalGraph; convert .* with to_data"):
        from_data(graph)
    with pytest.raises(TypeError, match=r"got a batch of 2; pass one .* batch\[0\]"):
        from_data(Batch.from_data_list([to_data(graph)] * 2))
    data = to_data(graph)
    data.edge_weight = data.edge_weight[:3]
    with pytest.raises(ValueError, match=r"one number for each edge, got \(3,\)"):
        operator_from_data(data)


def test_data_from_elsewhere_become_an_irregular_sampling(graph):
    data = exact_data(graph)
    for attribute in ("spherical_graph", "area"):
        del data[attribute]
    if graph.sampling.name.startswith("healpix-4-"):
        data.area = exact_data(graph).area  # Voronoi cells of a part cover the sphere
    back = from_data(data)
    assert isinstance(back.sampling, Irregular)
    assert_near(back.sampling.xyz, graph.sampling.xyz, 3)
    assert abs(back.adjacency - graph.adjacency).sum() == 0
    assert back.k == np.diff(graph.adjacency.indptr).min() and np.isnan(back.t)
    expected = operator_from_data(exact_data(graph)).to_scipy()
    assert abs(operator_from_data(data).to_scipy() - expected).max() == 0


def test_areas_from_elsewhere_are_taken(graph):
    data = exact_data(graph)
    del data.spherical_graph
    weights = from_data(data).sampling.weights
    np.testing.assert_array_equal(weights, graph.sampling.weights)


def test_edges_without_weights_weigh_one():
    data = to_data(GRAPHS["healpix"]())
    del data.edge_weight
    assert set(from_data(data).adjacency.data) == {1.0}


@pytest.fixture
def data():
    return to_data(knn_graph(HEALPix(2), 8))


def test_missing_parts_are_named(data):
    with pytest.raises(ValueError, match=r"data has no pos; set data.pos to unit"):
        from_data(Data(edge_index=data.edge_index))
    with pytest.raises(ValueError, match="no edge_index; build it with to_data"):
        from_data(Data(pos=data.pos))


def test_one_way_edges_are_refused(data):
    one_way = data.edge_index[0] < data.edge_index[1]
    data.edge_index = data.edge_index[:, one_way]
    data.edge_weight = data.edge_weight[one_way]
    for convert in (from_data, operator_from_data):
        with pytest.raises(ValueError, match="adjacency must be symmetric"):
            convert(data)


def test_edges_out_of_range_are_refused(data):
    data.edge_index = data.edge_index + 1
    with pytest.raises(ValueError, match=r"edges must link vertices 0 to 47, .* 48"):
        from_data(data)


def test_disconnected_edges_warn(data):
    far = (data.edge_index < 24).all(dim=0) | (data.edge_index >= 24).all(dim=0)
    data.edge_index, data.edge_weight = data.edge_index[:, far], data.edge_weight[far]
    with pytest.warns(DisconnectedGraphWarning, match="connected components"):
        from_data(data)


def test_moved_positions_are_refused_while_the_recipe_is_there(data):
    data.pos = data.pos.flip(0)
    with pytest.raises(
        ValueError, match="not those of the recorded sampling healpix-2"
    ):
        from_data(data)
    del data.spherical_graph
    assert len(from_data(data).sampling) == 48


def test_positions_off_the_sphere_are_refused(data):
    del data.spherical_graph
    data.pos = 2 * data.pos
    with pytest.raises(ValueError, match="unit"):
        from_data(data)


def test_wrong_signals_and_masks_are_refused():
    graph = GRAPHS["healpix"]()
    with pytest.raises(ValueError, match=r"x must have shape \(192, channel\)"):
        to_data(graph, torch.zeros(12, 3))
    with pytest.raises(ValueError, match="mask must be boolean of shape"):
        to_data(graph, mask=torch.zeros(192))


# -- between any two samplings ---------------------------------------------------------
@pytest.mark.parametrize("method", ["conservative", "nearest"])
def test_pooling_and_unpooling_of_a_transfer_are_adjoint_by_area(method):
    fine, coarse = Icosahedral(3), HEALPix(2)
    transfer = getattr(Transfer, method)(fine, coarse)
    pool = pooling_operator(transfer).double()
    unpool = unpooling_operator(transfer).double()
    torch.manual_seed(0)
    x = torch.randn(len(fine), 2, dtype=torch.float64)
    y = torch.randn(len(coarse), 2, dtype=torch.float64)
    shared = np.asarray(transfer.overlap.sum(axis=1)).ravel()
    given = np.asarray(transfer.overlap.sum(axis=0)).ravel()
    left = torch.as_tensor(shared) @ (pool(x) * y)
    right = torch.as_tensor(given) @ (x * unpool(y))
    torch.testing.assert_close(left, right, rtol=1e-12, atol=0)
    torch.testing.assert_close(pool(torch.ones_like(x)), torch.ones_like(y))
    torch.testing.assert_close(unpool(torch.ones_like(y)), torch.ones_like(x))


# -- PyGSP ----------------------------------------------------------------------------
@pytest.mark.oracle
def test_pygsp_round_trip_is_exact(graph):
    assert_same_graph(from_pygsp(to_pygsp(graph)), graph)


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["combinatorial", "normalized"])
def test_laplacian_is_that_of_pygsp(graph, kind):
    converted = to_pygsp(graph)
    converted.compute_laplacian(kind)
    difference = abs(sp.csr_array(converted.L) - laplacian(graph, kind).matrix)
    assert difference.max() < 1e-13
    assert converted.is_directed() is False


@pytest.mark.oracle
def test_pygsp_graphs_from_elsewhere_become_irregular():
    from pygsp import graphs

    graph = GRAPHS["healpix"]()
    other = graphs.Graph(
        sp.csr_matrix(graph.adjacency, copy=True), coords=np.array(graph.sampling.xyz)
    )
    back = from_pygsp(other)
    assert isinstance(back.sampling, Irregular) and np.isnan(back.t)
    assert abs(back.adjacency - graph.adjacency).sum() == 0
    bare = graphs.Graph(sp.csr_matrix(graph.adjacency, copy=True))
    with pytest.raises(ValueError, match=r"has no coordinates; set graph.coords"):
        from_pygsp(bare)
    flat = graphs.Grid2d(4)
    with pytest.raises(ValueError, match=r"\(V, 3\)|unit"):
        from_pygsp(flat)


def test_copies_do_not_share_memory_with_the_graph():
    graph = GRAPHS["healpix"]()
    converted = to_pygsp(graph)
    converted.coords[:] = 0
    to_data(graph).pos.zero_()
    assert np.linalg.norm(graph.sampling.xyz, axis=1).min() > 0.9

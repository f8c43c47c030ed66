"""Laplacians against pygsp, and their largest eigenvalue against dense solvers."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import eigsh

from samplings import (
    Equiangular,
    HEALPix,
    Icosahedral,
    Irregular,
    SphericalGraph,
    UnevenSpectrumWarning,
    knn_graph,
    lambda_max,
    laplacian,
)
from samplings.graphs import spectrum
from tests.round_off import assert_near, round_off

SAMPLINGS = [HEALPix(8), Equiangular(8), Icosahedral(3), HEALPix(8)[np.arange(300)]]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda s: s.name)
@pytest.mark.parametrize("kind", ["combinatorial", "normalized"])
def test_laplacian_is_that_of_pygsp(sampling, kind):
    pygsp = pytest.importorskip("pygsp")
    graph = knn_graph(sampling, 8, weighting="heat")
    # A copy: pygsp writes to the matrix it is given.
    theirs = pygsp.graphs.Graph(sp.csr_matrix(graph.adjacency.copy()), lap_type=kind)
    assert_near(laplacian(graph, kind).matrix.toarray(), theirs.L.toarray(), 30)


def test_normalized_laplacian_annihilates_the_roots_of_the_degrees():
    graph = knn_graph(HEALPix(4), 8, weighting="heat")
    degree = graph.adjacency.sum(axis=1)
    image = laplacian(graph, "normalized").matrix @ np.sqrt(degree)
    assert np.abs(image).max() < round_off(float, 30)


@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
@pytest.mark.parametrize("kind", ["combinatorial", "normalized"])
def test_vertex_without_neighbours_has_a_zero_row(kind):
    adjacency = knn_graph(HEALPix(1), 11, weighting="heat").adjacency.toarray()
    adjacency[3], adjacency[:, 3] = 0, 0
    matrix = laplacian(SphericalGraph(HEALPix(1), adjacency, 11, 1.0), kind).matrix
    assert not matrix.toarray()[3].any()
    assert np.isfinite(matrix.data).all()


@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
@pytest.mark.parametrize("kind", ["combinatorial", "normalized"])
def test_error_for_rescaling_a_graph_without_edges(kind):
    empty = SphericalGraph(HEALPix(1), sp.csr_array((12, 12)), 1, 1.0)
    zero = laplacian(empty, kind)
    assert zero.lambda_max == 0
    with pytest.raises(ValueError, match="is zero and cannot be rescaled; build the"):
        zero.rescaled()


def test_rescaling_leaves_the_laplacian_as_it_was():
    L = laplacian(knn_graph(HEALPix(2), 8, weighting="heat"))
    before = L.matrix.toarray()
    identity = np.eye(48)
    expected = 2 * before / L.lambda_max - identity
    assert_near(L.rescaled().toarray(), expected, 4, 1)
    np.testing.assert_array_equal(L.matrix.toarray(), before)


def test_error_for_another_kind():
    with pytest.raises(
        ValueError, match="kind must be 'combinatorial' or 'normalized'"
    ):
        laplacian(knn_graph(HEALPix(1), 4, weighting="heat"), "random walk")


def test_text_says_which_laplacian_of_which_graph():
    L = laplacian(knn_graph(HEALPix(2), 8, weighting="heat"))
    assert repr(L).startswith("Laplacian(combinatorial) of SphericalGraph(healpix-2-k8")


# -- the largest eigenvalue ------------------------------------------------------------


def assert_bounds(matrix, true):
    # The true one has the round-off of a dense decomposition.
    bound = round_off(np.float64, matrix.shape[0], true)
    assert true - bound <= lambda_max(matrix) <= true * 1.0101 + 1e-13


@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
@pytest.mark.parametrize("k", [4, 5, 8, 20])
@pytest.mark.parametrize("kind", ["combinatorial", "normalized"])
@pytest.mark.parametrize(
    "sampling", [*SAMPLINGS, Equiangular(16)], ids=lambda s: s.name
)
def test_largest_eigenvalue_is_never_too_low(sampling, k, kind):
    matrix = laplacian(knn_graph(sampling, k, weighting="heat"), kind).matrix
    assert_bounds(matrix, np.linalg.eigvalsh(matrix.toarray())[-1])


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    n=st.integers(2, 600),
    density=st.floats(0.001, 0.3),
    decades=st.floats(0, 4),
    seed=st.integers(0, 10_000),
)
def test_largest_eigenvalue_of_random_graphs(n, density, decades, seed):
    generator = np.random.default_rng(seed)
    links = np.triu(generator.random((n, n)) < density, 1)
    weights = links * 10 ** (decades * generator.random((n, n)))
    weights = weights + weights.T
    matrix = np.diag(weights.sum(axis=1)) - weights
    assert_bounds(sp.csr_array(matrix), np.linalg.eigvalsh(matrix)[-1])


@settings(max_examples=25, derandomize=True, deadline=None)
@given(n=st.integers(257, 700), seed=st.integers(0, 10_000), k=st.integers(1, 12))
@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
def test_largest_eigenvalue_of_scattered_points(n, seed, k):
    generator = np.random.default_rng(seed)
    xyz = generator.standard_normal((n, 3)) + generator.choice([0, 3], (n, 1))
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    matrix = laplacian(
        knn_graph(Irregular(xyz, np.full(n, 1e-3)), k, weighting="heat")
    ).matrix
    assert_bounds(matrix, np.linalg.eigvalsh(matrix.toarray())[-1])


@pytest.mark.parametrize("k", [8, 20, pytest.param(40, marks=pytest.mark.slow)])
def test_largest_eigenvalue_of_healpix_32(k):
    matrix = laplacian(knn_graph(HEALPix(32), k, weighting="heat")).matrix
    start = np.random.default_rng(5).standard_normal(12288)
    true = eigsh(matrix, k=1, which="LA", tol=1e-9, ncv=60, v0=start)[0][0]
    assert_bounds(matrix, true)


def test_largest_eigenvalues_that_are_known():
    cycle = sp.diags_array(
        [-1.0, 2, -1, -1, -1], offsets=[-1, 0, 1, 399, -399], shape=(400, 400)
    )
    assert lambda_max(sp.csr_array(cycle)) == pytest.approx(4, rel=1e-4)
    complete = sp.csr_array(300 * np.eye(300) - 1)
    assert 300 <= lambda_max(complete) <= 303.01
    assert lambda_max(sp.csr_array((5, 5))) == 0
    assert lambda_max(sp.csr_array((500, 500))) == 0
    assert lambda_max(sp.csr_array(np.eye(500))) == pytest.approx(1, rel=1e-12)


def test_largest_eigenvalue_is_the_same_every_time():
    matrix = laplacian(knn_graph(HEALPix(8), 8, weighting="heat")).matrix
    assert lambda_max(matrix) == lambda_max(matrix)


@pytest.mark.parametrize("matrix", [sp.csr_array((2, 3)), sp.csr_array((0, 0))])
def test_error_for_matrices_that_are_not_square(matrix):
    with pytest.raises(ValueError, match="square and not empty, got shape"):
        lambda_max(matrix)


def star(n: int) -> sp.csr_array:
    """Laplacian of a star: one vertex is linked to all others."""
    ends = np.zeros(n - 1, dtype=int), np.arange(1, n)
    links = sp.csr_array((np.ones(n - 1), ends), shape=(n, n))
    links = links + links.T
    return sp.csr_array(sp.diags_array(links.sum(axis=1)) - links)


@pytest.mark.parametrize("n", [300, 5000, 100_000])
def test_largest_eigenvalue_of_a_star_is_its_number_of_vertices(n):
    assert_bounds(star(n), n)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
def test_largest_eigenvalue_scales_with_the_matrix_beyond_single_precision(scale):
    matrix = laplacian(knn_graph(HEALPix(8), 8, weighting="heat")).matrix
    expected = lambda_max(matrix) * scale
    assert lambda_max(matrix * scale) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("matrix", [-np.eye(300), -np.diag(np.arange(1.0, 301))])
def test_error_for_matrices_with_negative_eigenvalues(matrix):
    with pytest.raises(ValueError, match="must be positive semi-definite, got"):
        lambda_max(sp.csr_array(matrix))


def weighted_grid(side: int, defect: float) -> sp.csr_array:
    """Laplacian of a square grid, the four links in its middle heavier by a factor."""
    row = sp.diags_array([np.ones(side - 1)] * 2, offsets=[1, -1])
    links = sp.kronsum(row, row, format="lil")
    middle = side * side // 2 + side // 2
    for other in (middle - 1, middle + 1, middle - side, middle + side):
        links[middle, other] = links[other, middle] = defect
    links = sp.csr_array(links)
    return sp.csr_array(sp.diags_array(links.sum(axis=1)) - links)


@pytest.mark.parametrize("defect", [1.0, 1.5, 1.6, 1.8, 3.0])
def test_largest_eigenvalue_of_one_vertex_by_itself_is_found(defect):
    # One eigenvector, of one place, above a band of 10^4: what a process of few steps
    # from a random vector is most easily blind to.
    matrix = weighted_grid(101, defect)
    v0 = np.random.default_rng(5).standard_normal(101 * 101)
    true = eigsh(matrix, k=1, which="LA", tol=1e-8, ncv=60, v0=v0)[0][0]
    assert_bounds(matrix, true)


def test_chance_of_a_higher_eigenvalue_is_that_of_a_small_share():
    # With as many steps as there are eigenvalues, the sum of the polynomials at an
    # eigenvalue is one over the share of the start vector in it.
    values, start = np.array([0.0, 1, 2.5, 4]), np.array([0.5, 0.5, 0.7, 0.1])
    start /= np.linalg.norm(start)
    basis = np.linalg.qr(np.vander(values, 4, increasing=True) * start[:, None])[0]
    jacobi = basis.T @ np.diag(values) @ basis
    off = np.abs(np.diagonal(jacobi, 1))
    chance = spectrum._chance_above(4.0, jacobi.diagonal()[:3], off, 50)
    assert chance == pytest.approx(np.sqrt(2 * 50 / np.pi) * start[3], rel=1e-10)


def test_error_for_matrices_with_nan():
    with pytest.raises(ValueError, match="must be finite, got NaN or infinite entries"):
        lambda_max(sp.csr_array(np.full((2, 2), np.nan)))


def weighted_graph(n: int = 300, seed: int = 0) -> SphericalGraph:
    """Random points, heat weights times both masses, and these masses."""
    rng = np.random.default_rng(seed)
    xyz = rng.standard_normal((n, 3))
    sampling = Irregular(xyz / np.linalg.norm(xyz, axis=1)[:, None])
    adjacency = knn_graph(sampling, 8, weighting="heat").adjacency
    mass = sampling.weights / sampling.weights.mean()
    both = sp.diags_array(mass) @ adjacency @ sp.diags_array(mass)
    return SphericalGraph(sampling, both, 8, float("nan"), mass=sampling.weights)


def test_mass_weighted_laplacian_is_self_adjoint_in_the_area_inner_product():
    L = laplacian(weighted_graph())
    assert L.kind == "mass-weighted" and not L.is_symmetric
    assert L.mass.mean() == pytest.approx(1, rel=round_off(float, 1000))
    f, g = np.random.default_rng(1).standard_normal((2, 300))
    assert f @ (L.mass * (L.matrix @ g)) == pytest.approx(
        g @ (L.mass * (L.matrix @ f)), rel=1e-12
    )
    # The area of L f is zero: what flows out of a cell flows into another.
    assert abs(L.mass @ (L.matrix @ f)) < 1e-11


def test_mass_weighted_spectrum_is_real_and_rescaled_to_minus_one_to_one():
    L = laplacian(weighted_graph())
    values = np.linalg.eigvals(L.matrix.toarray())
    assert np.abs(values.imag).max() == 0
    symmetric = np.linalg.eigvalsh(L.symmetric().toarray())
    np.testing.assert_allclose(np.sort(values.real), symmetric, atol=1e-12)
    assert symmetric[0] > -1e-13
    assert 0 <= L.lambda_max / symmetric[-1] - 1 < 0.0101
    rescaled = np.sort(np.linalg.eigvals(L.rescaled().toarray()).real)
    assert rescaled[0] == pytest.approx(-1, abs=1e-12) and rescaled[-1] <= 1 + 1e-12


def test_equal_masses_are_no_masses():
    graph = knn_graph(HEALPix(4), 8, weighting="heat")
    equal = SphericalGraph(
        graph.sampling, graph.adjacency, 8, graph.t, mass=graph.sampling.weights
    )
    assert equal.mass is None
    assert laplacian(equal).kind == "combinatorial"
    weighted = laplacian(equal, "mass-weighted")
    assert weighted.is_symmetric and (weighted.mass == 1).all()
    assert (weighted.matrix != laplacian(equal).matrix).nnz == 0


@pytest.mark.parametrize(
    ("mass", "message"),
    [
        (np.ones(3), r"mass must have shape \(192,\).* got \(3,\)"),
        (np.zeros(192), "mass must be positive and finite, got 0.0 at vertex 0"),
        (np.full(192, np.nan), "mass must be positive and finite, got nan"),
    ],
)
def test_error_for_bad_masses(mass, message):
    graph = knn_graph(HEALPix(4), 8, weighting="heat")
    with pytest.raises(ValueError, match=message):
        SphericalGraph(graph.sampling, graph.adjacency, 8, graph.t, mass=mass)


def test_note_takes_the_place_of_the_warning_of_pieces():
    empty = sp.csr_array((12, 12))
    graph = SphericalGraph(HEALPix(1), empty, 1, 1.0, note="nothing is linked")
    assert graph.n_components == 12
    assert "nothing is linked" in repr(graph)


def test_points_dense_in_places_warn_that_filters_hardly_act_elsewhere():
    rng = np.random.default_rng(0)
    dense = [1.0, 0, 0] + 1e-3 * rng.standard_normal((30, 3))
    xyz = np.concatenate([rng.standard_normal((300, 3)), dense])
    sampling = Irregular(xyz / np.linalg.norm(xyz, axis=1)[:, None])
    L = laplacian(knn_graph(sampling, 8, weighting="fitted"))
    with pytest.warns(UnevenSpectrumWarning, match="times the median of the diagonal"):
        L.rescaled()
    # What the warning advises does not warn.
    laplacian(L.graph, "normalized").rescaled()
    laplacian(knn_graph(sampling, 8, weighting="heat")).rescaled()

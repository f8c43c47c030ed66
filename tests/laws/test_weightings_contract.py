"""What holds for every kind of edge weights on every sampling of the sphere."""

import numpy as np
import pytest

from samplings import (
    WEIGHTINGS,
    Irregular,
    delaunay_graph,
    equivariance_spectrum,
    knn_graph,
    laplacian,
    nominal_bandlimit,
)
from samplings.fitting.recipe import RECIPES
from samplings.graphs.weightings import Kernel
from tests.laws.every_sampling import SAMPLINGS

K = 8
# Fits differ in their recipes alone: what samplings do to a fit, "fitted" shows.
FEW = ("healpix-nest", "equiangular", "irregular", "masked-icosahedral")
CASES = [
    (sampling, weighting)
    for weighting in WEIGHTINGS
    for sampling in (
        FEW if weighting in RECIPES and weighting != "fitted" else SAMPLINGS
    )
]


def graph_of(sampling, weighting):
    if WEIGHTINGS[weighting].pattern == "triangulation":
        return delaunay_graph(sampling, weighting)
    return knn_graph(sampling, K, weighting=weighting)


@pytest.fixture(params=CASES, ids="-".join, scope="session")
def case(request):
    return request.param


@pytest.fixture(scope="session")
def sampling(case):
    return SAMPLINGS[case[0]]()


@pytest.fixture(scope="session")
def weighting(case):
    return WEIGHTINGS[case[1]]


@pytest.fixture(scope="session")
def graph(sampling, weighting):
    return graph_of(sampling, weighting.name)


def test_weights_are_symmetric_and_as_the_registry_says(graph, weighting):
    adjacency = graph.adjacency
    assert (adjacency != adjacency.T).nnz == 0
    assert adjacency.data.min() > 0
    assert not adjacency.diagonal().any()
    assert adjacency.indices.dtype == np.int32
    assert graph.weighting == weighting.name
    if weighting.name in ("heat", "self-tuned", "inverse-distance"):
        assert graph.mass is None
    if issubclass(weighting, Kernel):
        assert np.diff(adjacency.indptr).min() >= K


def test_graph_is_connected_or_says_why_not(graph):
    assert graph.n_components == 1 or " pieces" in graph.note


def test_masses_are_the_areas_or_near_them(graph):
    if graph.mass is not None:
        areas = graph.sampling.weights
        ratio = graph.mass * areas.mean() / areas
        if graph.weighting.startswith("fitted"):
            assert 0.03 < ratio.min() <= ratio.max() < 30
        else:
            np.testing.assert_allclose(ratio, 1, rtol=1e-12)


def test_laplacian_annihilates_constants_and_is_semi_definite(graph, weighting):
    L = laplacian(graph)
    assert L.is_symmetric == (graph.mass is None)
    values = np.linalg.eigvalsh(L.symmetric().toarray())
    assert np.abs(L.matrix.sum(axis=1)).max() < 1e-13 * values[-1]
    assert values[0] > -1e-13 * values[-1]


def test_laplacian_is_self_adjoint_in_the_inner_product_of_its_masses(graph):
    L = laplacian(graph)
    dense = L.mass[:, None] * L.matrix.toarray()
    np.testing.assert_allclose(dense, dense.T, atol=1e-13 * np.abs(dense).max())


@pytest.mark.parametrize("kind", ["combinatorial", "normalized", "mass-weighted"])
def test_rescaled_spectrum_fills_minus_one_to_one(graph, kind):
    L = laplacian(graph, kind)
    values = np.linalg.eigvalsh(L.symmetric().toarray()) * (2 / L.lambda_max) - 1
    assert values[0] == pytest.approx(-1, abs=1e-13)
    # The largest eigenvalue is taken at most 1 % too high: 2 / 1.01 - 1 = 0.98.
    assert 0.98 < values[-1] <= 1 + 1e-13


def shuffled(sampling):
    """The points of a sampling, and the same in another order."""
    order = np.random.default_rng(1).permutation(len(sampling))
    points = Irregular(sampling.xyz, sampling.weights)
    return order, points, Irregular(sampling.xyz[order], sampling.weights[order])


@pytest.mark.parametrize(
    "case", [c for c in CASES if c[1] not in RECIPES], ids="-".join, indirect=True
)
def test_graph_does_not_depend_on_the_order_of_vertices(sampling, weighting):
    order, *both = shuffled(sampling)
    here, there = (graph_of(one, weighting.name) for one in both)
    moved = here.adjacency[order][:, order]
    scale = here.adjacency.data.max()
    assert abs(moved - there.adjacency).max() < 1e-12 * scale
    if here.mass is not None:
        np.testing.assert_allclose(here.mass[order], there.mass, rtol=1e-9)


# Fits stop short of a flat minimum, at a place that depends on the order of sums:
# single weights differ, but not the error that they are fitted for.
@pytest.mark.parametrize(
    "case", [(s, w) for s in FEW for w in RECIPES], ids="-".join, indirect=True
)
def test_error_of_a_fit_does_not_depend_on_the_order_of_vertices(sampling, weighting):
    degrees = np.arange(1, nominal_bandlimit(sampling))
    ours, theirs = (
        equivariance_spectrum(graph_of(one, weighting.name), degrees).mean_error(1)
        for one in shuffled(sampling)[1:]
    )
    assert 0.7 < ours / theirs < 1.4


def test_graph_has_the_symmetries_of_its_sampling(sampling, graph, weighting):
    for matrix in sampling.symmetries:
        turned = sampling.xyz @ matrix.T
        cosines = turned @ sampling.xyz.T
        image = cosines.argmax(axis=1)
        moved = graph.adjacency[image][:, image]
        scale = graph.adjacency.data.max()
        assert abs(moved - graph.adjacency).max() < 1e-9 * scale


def test_low_degrees_come_out_nearly_as_they_went_in(graph):
    spectrum = equivariance_spectrum(graph, [1])
    # The crudest (inverse distances on grids crowded at the poles) is off by two.
    assert spectrum.error[0] < 2
    assert spectrum.symbol[0] > 0

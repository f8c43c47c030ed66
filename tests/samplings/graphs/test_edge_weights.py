"""Edge weights against their definitions, dense, and against PyGSP."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from pygsp import graphs
from scipy.sparse.csgraph import connected_components

from samplings import (
    WEIGHTINGS,
    Equiangular,
    FiniteVolume,
    HEALPix,
    Heat,
    Icosahedral,
    Irregular,
    delaunay_weights,
    kernel_width,
    knn_graph,
    laplacian,
)
from samplings.graphs.edge_weights import FLOOR, weigh
from samplings.graphs.pieces import connect
from samplings.graphs.weightings import weighting_from_config
from samplings.points.neighbours import nearest_neighbours
from tests.helpers import scattered_points

law = settings(max_examples=30, derandomize=True, deadline=None)
OF_NEIGHBOURS = [name for name, w in WEIGHTINGS.items() if w.pattern == "neighbours"]
WITH_MASS = ["area-corrected", "fitted", "fitted-single", "fitted-irls"]
KERNELS = ["heat", "self-tuned", "inverse-distance", "area-corrected"]


def joined_pattern(sampling, k):
    return connect(sampling, nearest_neighbours(sampling.xyz, k))[0]


def dense_weights(sampling, pattern, name, k, t, distance, symmetrize):
    """The definition of each weighting, with every pair of vertices."""
    linked = pattern.toarray() > 0
    d = pattern.toarray()
    if distance == "geodesic":
        d = 2 * np.arcsin(d / 2)
    if name == "inverse-distance":
        w = np.where(linked, 1 / np.where(linked, d, 1), 0)
    elif name == "self-tuned":
        s = np.sqrt((d**2).sum(axis=1) / linked.sum(axis=1))
        c = 0.0844 + 0.411 / k
        w = np.exp(-(d**2) / (4 * c * np.outer(s, s)))
    else:
        t = kernel_width(sampling, k, (d[linked] ** 2).mean()) if t is None else t
        w = np.exp(-(d**2) / (4 * t))
    if name != "inverse-distance":
        w = np.maximum(w, FLOOR)
    if name == "area-corrected":
        m = sampling.weights / sampling.weights.mean()
        w = w * np.outer(m, m)
    w = np.where(linked, w, 0)
    return (w + w.T) / 2 if symmetrize == "average" else np.maximum(w, w.T)


@pytest.mark.parametrize("name", KERNELS)
@law
@given(
    n=st.integers(8, 120),
    share=st.floats(0.01, 0.5),
    seed=st.integers(0, 1000),
    t=st.one_of(st.none(), st.floats(1e-4, 1)),
    distance=st.sampled_from(["chordal", "geodesic"]),
    symmetrize=st.sampled_from(["average", "union"]),
)
def test_weights_are_their_definition(name, n, share, seed, t, distance, symmetrize):
    k = max(1, int(share * (n - 1)))
    sampling = Irregular(scattered_points(n, seed), extent=np.pi)
    pattern = joined_pattern(sampling, k)
    options = {"distance": distance, "symmetrize": symmetrize}
    wide = name in ("heat", "area-corrected")
    kind = WEIGHTINGS[name](**options, **({"t": t} if wide else {}))
    found = weigh(sampling, pattern, kind, k=k)
    expected = dense_weights(sampling, pattern, name, k, t, **options)
    np.testing.assert_allclose(found.adjacency.toarray(), expected, rtol=1e-12)
    if found.mass is not None:
        np.testing.assert_allclose(found.mass * sampling.area / n, sampling.weights)
    assert np.isnan(found.t) == (not wide)
    assert found.adjacency.nnz == np.count_nonzero(expected)


@pytest.mark.parametrize("name", OF_NEIGHBOURS)
@settings(law, max_examples=8)
@given(n=st.integers(40, 90), k=st.integers(4, 8), seed=st.integers(0, 1000))
def test_weightings_are_what_the_registry_says(name, n, k, seed):
    sampling = Irregular(scattered_points(n, seed))
    pattern = joined_pattern(sampling, k)
    weights = weigh(sampling, pattern, name, k=k)
    dense = weights.adjacency.toarray()
    np.testing.assert_allclose(dense, dense.T, rtol=1e-12)
    assert not dense.diagonal().any()
    assert dense.min() >= 0
    assert (weights.mass is not None) == (name in WITH_MASS)
    if weights.mass is not None:
        np.testing.assert_allclose(weights.mass.mean(), 1)
        assert weights.mass.min() > 0
    stiffness = np.diag(dense.sum(axis=1)) - dense
    assert np.linalg.eigvalsh(stiffness)[0] > -1e-12 * dense.max()
    # No more links than the pattern has, and all its vertices still in one piece.
    allowed = (pattern + pattern.T).toarray() > 0
    assert not dense[~allowed].any()
    assert connected_components(weights.adjacency)[0] == 1


@pytest.mark.parametrize("name", KERNELS)
@settings(law, max_examples=5)
@given(seed=st.integers(0, 1000))
def test_weights_do_not_depend_on_the_order_of_vertices(name, seed):
    xyz = scattered_points(60, seed)
    order = np.random.default_rng(seed).permutation(60)
    first, second = (
        weigh(sampling, joined_pattern(sampling, 5), name, k=5).adjacency.toarray()
        for sampling in (Irregular(xyz), Irregular(xyz[order]))
    )
    np.testing.assert_allclose(first[np.ix_(order, order)], second, rtol=1e-12)


def test_self_tuned_weights_are_heat_weights_where_all_spacings_are_equal():
    icosahedron = Icosahedral(0)
    pattern = nearest_neighbours(icosahedron.xyz, 5)
    heat = weigh(icosahedron, pattern, "heat", k=5)
    tuned = weigh(icosahedron, pattern, "self-tuned", k=5)
    np.testing.assert_allclose(
        heat.adjacency.toarray(), tuned.adjacency.toarray(), rtol=1e-12
    )


@pytest.mark.parametrize("k", [8, 20, 40])
def test_self_tuned_weights_are_about_the_published_ones_on_healpix(k):
    sphere = HEALPix(32)
    pattern = nearest_neighbours(sphere.xyz, k)
    heat = weigh(sphere, pattern, "heat", k=k).adjacency.data
    tuned = weigh(sphere, pattern, "self-tuned", k=k).adjacency.data
    assert 0.9 < (tuned / heat).mean() < 1.1


def test_self_tuned_weights_follow_the_spacing():
    # The same points, and the same squeezed together fifty times: a cap of the sphere
    # is nearly flat, so that weights of links inside a swarm are those of the other.
    flat = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    swarms = []
    for scale, side in ((0.01, 1), (0.0002, -1)):
        z = side * np.sqrt(1 - (scale * flat**2 * scale).sum(axis=1))
        swarms.append(np.column_stack([scale * flat, z]))
    sampling = Irregular(np.concatenate(swarms))
    pattern = nearest_neighbours(sampling.xyz, 6)
    tuned = weigh(sampling, pattern, "self-tuned", k=6).adjacency.toarray()
    heat = weigh(sampling, pattern, "heat", k=6).adjacency.toarray()
    np.testing.assert_allclose(tuned[:60, :60], tuned[60:, 60:], atol=1e-3)
    assert abs(heat[:60, :60] - heat[60:, 60:]).max() > 0.5


def test_area_corrected_laplacian_does_not_see_the_density_of_points():
    # A hemisphere four times as dense; z is a harmonic of degree one everywhere.
    xyz = scattered_points(20000)
    keep = (xyz[:, 2] > 0) | (np.arange(20000) % 4 == 0)
    sampling = Irregular(xyz[keep])
    z = sampling.xyz[:, 2]
    ratios = {}
    for name in ("heat", "area-corrected"):
        pattern = nearest_neighbours(sampling.xyz, 40)
        weights = weigh(sampling, pattern, WEIGHTINGS[name](t=5e-4), k=40)
        s = weights.adjacency
        mass = np.ones(len(z)) if weights.mass is None else weights.mass
        image = (s.sum(axis=1) * z - s @ z) / mass
        dense, sparse = z > 0.3, z < -0.3
        slopes = [
            image[part] @ z[part] / (z[part] @ z[part]) for part in (dense, sparse)
        ]
        ratios[name] = slopes[0] / slopes[1]
    assert ratios["heat"] > 1.5
    assert abs(ratios["area-corrected"] - 1) < abs(ratios["heat"] - 1) / 2


@pytest.mark.parametrize("t", [1e-3, 1e-6, 1e-12])
def test_no_link_is_lost_to_a_narrow_kernel(t):
    sphere = HEALPix(4)
    pattern = nearest_neighbours(sphere.xyz, 8)
    for name in ("heat", "area-corrected"):
        weights = weigh(sphere, pattern, WEIGHTINGS[name](t=t), k=8).adjacency
        assert weights.nnz == (pattern + pattern.T).nnz
        assert weights.data.min() >= 0.49 * FLOOR
        assert connected_components(weights)[0] == 1


@pytest.mark.parametrize("k", [8, 20, 40, 60])
def test_published_weights_are_far_above_the_floor(k):
    sphere = HEALPix(32)
    weights = weigh(sphere, nearest_neighbours(sphere.xyz, k), "heat", k=k)
    assert weights.adjacency.data.min() > 1000 * FLOOR


def test_fits_that_give_up_on_vertices_leave_them_linked():
    sampling = Irregular(scattered_points(4000))
    pattern = joined_pattern(sampling, 4)
    weights = weigh(sampling, pattern, "fitted-irls", k=4).adjacency
    assert weights.data.min() > 0
    assert connected_components(weights)[0] == 1


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("distance", ["chordal", "geodesic"])
def test_patterns_are_overwritten_only_where_allowed(name, distance):
    sphere = HEALPix(4)
    pattern = nearest_neighbours(sphere.xyz, 8)
    kept = pattern.copy()
    kind = WEIGHTINGS[name](distance=distance)
    first = weigh(sphere, pattern, kind, k=8).adjacency
    assert np.array_equal(pattern.data, kept.data)
    second = weigh(sphere, pattern, kind, k=8, overwrite=True)
    assert np.array_equal(first.data, second.adjacency.data)
    assert not np.array_equal(pattern.data, kept.data)
    kept.data.setflags(write=False)
    third = weigh(sphere, kept, kind, k=8, overwrite=True)
    assert np.array_equal(first.data, third.adjacency.data)
    assert not first.data.flags.writeable


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"t": -1.0}, ValueError, "t must be positive and finite, got -1"),
        ({"t": 0}, ValueError, "t must be positive and finite, got 0"),
        ({"t": np.nan}, ValueError, "t must be positive and finite, got nan"),
        ({"t": np.inf}, ValueError, "t must be positive and finite, got inf"),
        ({"t": "wide"}, TypeError, "t must be a number, got 'wide'; leave it"),
        ({"t": [0.1, 0.2]}, TypeError, r"t must be a number, got \[0.1, 0.2\]"),
        ({"distance": "km"}, ValueError, "distance must be 'chordal' or 'geo"),
        ({"symmetrize": ""}, ValueError, "symmetrize must be 'average' or 'u"),
    ],
)
def test_errors_for_options_of_a_weighting(options, kind, message):
    with pytest.raises(kind, match=message):
        Heat(**options)


@pytest.mark.parametrize(
    ("weighting", "message"),
    [
        ("warm", "weighting must be 'heat' or 'self-tuned' or .*'warm'"),
        ("cotangent", "got 'cotangent'; .* to delaunay_graph"),
        (FiniteVolume(extent=1), "got 'finite-volume'; .* to delaunay_graph"),
    ],
)
def test_weightings_of_something_else_are_refused(weighting, message):
    sphere = HEALPix(2)
    pattern = nearest_neighbours(sphere.xyz, 8)
    with pytest.raises(ValueError, match=message):
        weigh(sphere, pattern, weighting, k=8)


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_weightings_are_rebuilt_from_their_configuration(name):
    kind = WEIGHTINGS[name]()
    assert (kind.name, kind.config["name"]) == (name, name)
    assert weighting_from_config(json.loads(json.dumps(kind.config))) == kind


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (sp.csr_array((5, 5)), r"the pattern must have shape \(12, 12\)"),
        (sp.csr_array((12, 12)), "the pattern has no links"),
        (sp.csr_array(-np.eye(12)), "hold chords, positive and finite, got -1.0 to -1"),
        (
            sp.csr_array(np.eye(12) * np.nan),
            "hold chords, positive and finite, got nan",
        ),
    ],
)
def test_patterns_that_are_none_are_refused(pattern, message):
    with pytest.raises(ValueError, match=message):
        weigh(HEALPix(1), pattern, "heat", k=4)


def test_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        WEIGHTINGS["mine"] = WEIGHTINGS["heat"]


# -- PyGSP ----------------------------------------------------------------------------
@pytest.mark.oracle
@pytest.mark.parametrize(("k", "t"), [(4, 0.01), (8, 0.02), (15, 0.05)])
def test_heat_graph_is_the_one_of_pygsp(k, t):
    # Scattered points: PyGSP cuts ties between neighbours, which grids have.
    xyz = scattered_points(300)
    theirs = graphs.NNGraph(xyz, k=k, sigma=4 * t, center=False, rescale=False)
    ours = knn_graph(Irregular(xyz), k, Heat(t=t), connect=False)
    np.testing.assert_allclose(
        ours.adjacency.toarray(), theirs.W.toarray(), rtol=1e-9, atol=0
    )


@pytest.mark.oracle
@pytest.mark.parametrize("name", OF_NEIGHBOURS)
@pytest.mark.parametrize(
    "sampling", [HEALPix(4), Equiangular(8, 16)], ids=lambda s: s.name
)
def test_same_weights_have_the_spectrum_of_pygsp(sampling, name):
    graph = knn_graph(sampling, 8, weighting=name)
    theirs = graphs.Graph(graph.adjacency.copy())
    assert theirs.is_connected()
    assert theirs.n_edges == graph.n_edges
    theirs.compute_laplacian("combinatorial")
    ours = laplacian(graph, "combinatorial")
    np.testing.assert_allclose(ours.matrix.toarray(), theirs.L.toarray(), rtol=1e-12)
    theirs.compute_fourier_basis()
    np.testing.assert_allclose(
        np.linalg.eigvalsh(ours.matrix.toarray()), theirs.e, atol=1e-10 * theirs.lmax
    )


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["finite-volume", "cotangent"])
def test_triangulation_weights_have_the_spectrum_of_pygsp(name):
    weights = delaunay_weights(Icosahedral(2), name).adjacency
    theirs = graphs.Graph(weights.copy())
    theirs.compute_fourier_basis()
    dense = weights.toarray()
    ours = np.linalg.eigvalsh(np.diag(dense.sum(axis=1)) - dense)
    np.testing.assert_allclose(ours, theirs.e, atol=1e-10 * theirs.lmax)

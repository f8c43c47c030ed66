"""Graphs of nearest neighbours against dense distances."""

import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from samplings import (
    DisconnectedGraphWarning,
    Equiangular,
    GaussLegendre,
    HEALPix,
    Heat,
    Icosahedral,
    Irregular,
    SphericalGraph,
    knn_graph,
    laplacian,
)
from samplings.points import close_pairs, neighbours
from samplings.points.neighbours import nearest_neighbours
from tests.helpers import scattered_points
from tests.round_off import assert_near

law = settings(max_examples=60, derandomize=True, deadline=None)


# The kernel of the papers, whatever the default is.
heat_graph = partial(knn_graph, weighting="heat")


def dense_adjacency(xyz, k, t, distance, symmetrize):
    """The definition, with every pair of vertices."""
    d = np.linalg.norm(xyz[:, None] - xyz, axis=2)
    kth = np.sort(d, axis=1)[:, k]
    linked = (d <= kth[:, None] * (1 + 1e-9)) & ~np.eye(len(xyz), dtype=bool)
    if distance == "geodesic":
        d = 2 * np.arcsin(np.minimum(d / 2, 1))
    if t is None:
        raise ValueError("give t")
    w = np.where(linked, np.maximum(np.exp(-(d**2) / (4 * t)), 1e-6), 0)
    return (w + w.T) / 2 if symmetrize == "average" else np.maximum(w, w.T)


@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
@law
@given(
    n=st.integers(5, 200),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 1000),
    distance=st.sampled_from(["chordal", "geodesic"]),
    symmetrize=st.sampled_from(["average", "union"]),
)
def test_graph_is_its_definition(n, share, seed, distance, symmetrize):
    k = max(1, int(share * (n - 1)))
    sampling = Irregular(scattered_points(n, seed), extent=np.pi)
    graph = knn_graph(
        sampling,
        k,
        Heat(t=0.1, distance=distance, symmetrize=symmetrize),
        connect=False,
    )
    expected = dense_adjacency(sampling.xyz, k, 0.1, distance, symmetrize)
    np.testing.assert_allclose(graph.adjacency.toarray(), expected, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 8, 11, 40])
@pytest.mark.parametrize(
    "sampling", [HEALPix(4), Equiangular(6, 12), Icosahedral(2)], ids=lambda s: s.name
)
def test_all_neighbours_tied_with_the_kth_are_kept(sampling, k):
    graph = knn_graph(sampling, k, Heat(t=0.1), connect=False)
    expected = dense_adjacency(sampling.xyz, k, 0.1, "chordal", "average")
    np.testing.assert_allclose(graph.adjacency.toarray(), expected, rtol=1e-12)


def test_rings_of_ties_longer_than_the_first_search_are_found():
    # The pole has 60 neighbours at one distance; the search first asks for five.
    lat = np.concatenate([[90], np.full(60, 80.0), np.full(60, 70.0)])
    lon = np.concatenate([[0], np.arange(60) * 6, np.arange(60) * 6])
    sampling = Irregular.from_lonlat(lon, lat, np.full(121, 0.1))
    directed = nearest_neighbours(sampling.xyz, 1)
    assert np.diff(directed.indptr)[0] == 60
    np.testing.assert_array_equal(directed.indices[:60], np.arange(1, 61))


def test_search_in_parts_gives_the_same_graph(monkeypatch):
    # The number of vertices searched for at once falls with k, to bound the memory.
    whole = heat_graph(HEALPix(4), 20).adjacency
    monkeypatch.setattr(neighbours, "CHUNK", 200)
    parts = heat_graph(HEALPix(4), 20).adjacency
    assert np.array_equal(whole.indices, parts.indices)
    assert np.array_equal(whole.data, parts.data)


UNEVEN = np.concatenate(
    [
        scattered_points(300, 1),
        [0, 0, 1] + 1e-2 * np.random.default_rng(2).random((100, 3)),
    ]
)
PAIRED = {
    "healpix": HEALPix(8).xyz,
    "icosahedral": Icosahedral(3).xyz,
    "equiangular": Equiangular(16, 32).xyz,
    "masked": HEALPix(8).xyz[:300],
    "scattered": scattered_points(600, 0),
    "uneven": UNEVEN / np.linalg.norm(UNEVEN, axis=1)[:, None],
}


@pytest.mark.parametrize("k", [1, 4, 5, 8, 20])
@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("crowd", [0.0, 2.2, 1e9])
def test_pairs_within_a_radius_and_single_searches_find_the_same(
    monkeypatch, name, k, crowd
):
    xyz = PAIRED[name]
    singly = nearest_neighbours(xyz, k)
    monkeypatch.setattr(neighbours, "PAIRED_FROM", 2)
    monkeypatch.setattr(close_pairs, "CROWD", crowd)
    in_pairs = nearest_neighbours(xyz, k)
    # To the last bit: ties must not depend on the way of the search.
    for part in ("indptr", "indices", "data"):
        expected, found = getattr(singly, part), getattr(in_pairs, part)
        np.testing.assert_array_equal(expected, found)
        assert expected.dtype == found.dtype


def test_most_vertices_of_an_even_sampling_are_found_in_pairs():
    xyz = HEALPix(16).xyz
    tree = cKDTree(xyz)
    radius = close_pairs.even_radius(tree, xyz, 8)
    chords = close_pairs.close_chords(tree, xyz, radius)
    left = close_pairs.within_kth(chords, 8, radius, 1e-9)[1]
    assert 0 < len(left) < 0.1 * len(xyz)


def test_points_dense_in_places_have_no_even_radius():
    xyz = PAIRED["uneven"]
    assert close_pairs.even_radius(cKDTree(xyz), xyz, 8) == 0


def test_error_for_vertices_that_coincide_among_many():
    xyz = np.concatenate([HEALPix(16).xyz, HEALPix(16).xyz[[700, 5]]])
    with pytest.raises(ValueError, match="distinct, but 5 and 3073 coincide; drop one"):
        nearest_neighbours(xyz, 8)


def test_complete_graph_is_the_largest():
    graph = heat_graph(HEALPix(1), 11)
    assert graph.adjacency.nnz == 12 * 11


def test_geodesic_distance_of_opposite_points_is_pi():
    octahedron = Irregular(np.concatenate([np.eye(3), -np.eye(3)]))
    graph = knn_graph(octahedron, 5, Heat(t=1.0, distance="geodesic"))
    opposite = graph.adjacency[[0], [3]]
    assert_near(opposite, np.exp(-(np.pi**2) / 4), 3)


def test_links_too_long_for_the_kernel_stay_links():
    graph = knn_graph(HEALPix(1), 4, Heat(t=1e-5))
    assert graph.n_components == 1
    assert (graph.adjacency.data == 1e-6).all()


def test_disconnected_graph_warns_once_with_its_component_count():
    sphere = HEALPix(8)
    caps = sphere[np.abs(sphere.xyz[:, 2]) > 0.9]
    with pytest.warns(DisconnectedGraphWarning) as record:
        graph = heat_graph(caps, 6, connect=False)
    assert graph.n_components == 2
    assert len(record) == 1
    assert "healpix-8-masked-k6 has 2 connected components" in str(record[0].message)


def test_masked_sampling_in_pieces_stays_so_with_a_note():
    sphere = HEALPix(8)
    graph = heat_graph(sphere[np.abs(sphere.xyz[:, 2]) > 0.9], 6)
    assert (graph.n_components, graph.n_joined) == (2, 0)
    assert graph.note == "the sampling is in 2 pieces"
    # The same points without the knowledge of a whole are joined.
    points = Irregular(graph.sampling.xyz, graph.sampling.weights)
    joined = heat_graph(points, 6)
    assert joined.n_components == 1 and joined.n_joined > 0 and not joined.note


@pytest.mark.parametrize(
    "weighting", ["heat", "self-tuned", "inverse-distance", "area-corrected"]
)
@pytest.mark.parametrize(
    "sampling", [Equiangular(20, 40), GaussLegendre(16)], ids=lambda s: s.name
)
def test_grids_crowded_at_the_poles_are_joined(sampling, weighting):
    graph = knn_graph(sampling, 4, weighting=weighting)
    assert graph.n_components == 1 and graph.n_joined > 0
    assert f"{graph.n_joined} edges added" in repr(graph)
    values = np.linalg.eigvalsh(laplacian(graph).symmetric().toarray())
    assert values[0] > -1e-12 * values[-1] and values[1] > 1e-7 * values[-1]


def test_connected_graph_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert heat_graph(HEALPix(4), 8).n_components == 1


def test_graph_says_how_it_was_made():
    weighting = Heat(t=0.02, distance="geodesic", symmetrize="union")
    graph = knn_graph(HEALPix(4), 8, weighting)
    assert (graph.k, graph.t, graph.distance) == (8, 0.02, "geodesic")
    assert (graph.symmetrize, graph.name) == ("union", "healpix-4-k8")
    assert repr(graph).startswith(
        "SphericalGraph(healpix-4-k8, heat, t=0.02, geodesic, union)"
    )
    assert graph.n_vertices == 192
    assert not graph.adjacency.data.flags.writeable


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"k": 12}, ValueError, "k=12 for 12 vertices; use at most 11"),
        ({"k": 0}, ValueError, "k must be at least 1, got 0"),
        ({"k": 4.0}, TypeError, r"k must be an integer, got 4\.0"),
    ],
)
def test_errors_for_options(options, kind, message):
    with pytest.raises(kind, match=message):
        heat_graph(HEALPix(1), **options)


def test_error_for_coinciding_vertices():
    xyz = HEALPix(2).xyz[[0, 1, 2, 3, 2, 5]]
    with pytest.raises(ValueError, match="distinct, but 2 and 4 coincide"):
        nearest_neighbours(xyz, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a[:5, :5], r"adjacency must have shape \(12, 12\).* got \(5, 5\)"),
        (lambda a: -a, "finite and not negative, got -"),
        (lambda a: a * np.nan, "finite and not negative, got nan"),
        (lambda a: np.where(a > 0, np.inf, 0), "finite and not negative"),
        (lambda a: a + np.eye(12), "no diagonal, got 12 vertices linked to themselves"),
        (lambda a: np.triu(a), "must be symmetric, got weights that differ"),
        (lambda a: a * (1 + 1e-6 * np.triu(np.ones((12, 12)))), "must be symmetric"),
    ],
)
def test_errors_for_adjacencies(change, message):
    good = heat_graph(HEALPix(1), 11)
    dense = change(good.adjacency.toarray())
    with pytest.raises(ValueError, match=message):
        SphericalGraph(good.sampling, dense, 11, good.t)


def test_graph_leaves_the_matrix_it_was_given_writeable():
    good = heat_graph(HEALPix(1), 11)
    mine = good.adjacency.copy()
    graph = SphericalGraph(good.sampling, mine, 11, good.t)
    mine.data[:] = 0
    assert graph.adjacency.data.min() > 0

"""Delaunay triangulations against their definition, and graphs joined by them."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from samplings import Equiangular, HEALPix, Icosahedral, Irregular, delaunay_faces
from samplings.graphs.pieces import REACH, connect
from samplings.points.neighbours import nearest_neighbours
from samplings.tessellation.hull import convex_hull, delaunay_edges
from tests.helpers import scattered_points
from tests.round_off import assert_near, round_off

law = settings(max_examples=40, derandomize=True, deadline=None)


def clustered(n, seed, spread=0.05, n_clusters=8):
    """Points around a few centres: their nearest neighbours are in pieces."""
    rng = np.random.default_rng(seed)
    centres = scattered_points(n_clusters, seed + 1)[rng.integers(n_clusters, size=n)]
    xyz = centres + spread * rng.standard_normal((n, 3))
    return xyz / np.linalg.norm(xyz, axis=1)[:, None]


def pairs(edges):
    return {tuple(edge) for edge in np.sort(edges, axis=1).tolist()}


def edges_of(xyz):
    return delaunay_edges(xyz, delaunay_faces(xyz))


def pieces(pattern):
    return connected_components(pattern, connection="weak")[0]


def added_edges(before, after):
    """Undirected edges that joining has added."""
    return pairs(np.argwhere(((after - before) > 0).toarray()))


# -- triangulations -------------------------------------------------------------------
@law
@given(n=st.integers(4, 120), seed=st.integers(0, 10**6))
def test_circles_of_delaunay_faces_are_empty(n, seed):
    xyz = scattered_points(n, seed)
    a, b, c = (xyz[corner] for corner in delaunay_faces(xyz).T)
    centre = np.cross(b - a, c - a)
    centre /= np.linalg.norm(centre, axis=1)[:, None]
    nearest = (centre @ xyz.T).max(axis=1)
    np.testing.assert_allclose(nearest, np.einsum("ij,ij->i", centre, a), atol=1e-12)


@pytest.mark.parametrize(
    "sampling",
    [
        HEALPix(8),
        Equiangular(10, 24),
        Icosahedral(3),
        Irregular(scattered_points(99)),
    ],
    ids=lambda s: s.name,
)
def test_faces_cover_the_sphere_once_counterclockwise_from_outside(sampling):
    faces = delaunay_faces(sampling.xyz)
    assert faces.shape == (2 * len(sampling) - 4, 3)
    a, b, c = (sampling.xyz[corner] for corner in faces.T)
    volume = np.einsum("ij,ij->i", a, np.cross(b, c))
    products = sum(np.einsum("ij,ij->i", u, v) for u, v in ((a, b), (b, c), (c, a)))
    areas = 2 * np.arctan2(volume, 1 + products)
    assert (areas > 0).all()
    np.testing.assert_allclose(areas.sum(), 4 * np.pi, rtol=1e-12)


def test_faces_of_the_icosahedral_sampling_are_its_delaunay_faces():
    sampling = Icosahedral(3)
    found, known = delaunay_faces(sampling.xyz), sampling.faces
    assert pairs(found) == pairs(known)


@pytest.mark.parametrize(
    ("sampling", "turn"),
    [
        # A quarter turn moves every pixel of a HEALPix ring by a quarter of its ring.
        (HEALPix(8, nest=False), np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])),
        (Equiangular(9, 16), np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])),
        (Equiangular(8, 12), np.diag([1.0, 1, -1])),
    ],
    ids=["healpix-turned", "grid-turned", "grid-mirrored"],
)
def test_edges_have_the_symmetries_of_the_sampling(sampling, turn):
    xyz = sampling.xyz
    image = np.argmax((xyz @ turn.T) @ xyz.T, axis=1)
    edges = edges_of(xyz)
    assert pairs(image[edges]) == pairs(edges)


def test_grids_have_parallels_and_meridians_but_no_diagonals():
    n_theta, n_phi = 6, 10
    edges = edges_of(Equiangular(n_theta, n_phi).xyz)
    assert len(edges) == n_theta * n_phi + (n_theta - 1) * n_phi
    ring = edges // n_phi
    column = edges % n_phi
    assert ((ring[:, 0] == ring[:, 1]) | (column[:, 0] == column[:, 1])).all()


@law
@given(n=st.integers(4, 100), seed=st.integers(0, 10**6))
def test_edges_hold_the_minimum_spanning_tree(n, seed):
    xyz = clustered(n, seed)
    distances = np.linalg.norm(xyz[:, None] - xyz, axis=2)
    tree = np.argwhere(minimum_spanning_tree(distances).toarray() > 0)
    assert pairs(tree) <= pairs(edges_of(xyz))


def test_faces_beyond_a_hemisphere_are_told_apart():
    xyz = scattered_points(200)
    cap = xyz[xyz[:, 2] > 0.5]
    hull = convex_hull(cap, "tests", "add points")
    behind = hull.offsets < 0
    assert behind.any()
    assert (hull.centres[behind, 2] < 0).all()
    assert (hull.centres[~behind, 2] > 0).any()
    # No four points lie on one circle: all edges count, those behind too.
    assert len(delaunay_edges(cap, hull.faces)) == 3 * len(cap) - 6


@pytest.mark.parametrize(
    ("xyz", "message"),
    [
        (
            np.eye(3),
            "Delaunay triangulations need at least 4 points, got 3; add points",
        ),
        (Equiangular(1, 8).xyz, "not all on one circle"),
        (np.ones((5, 2)), r"xyz must have shape \(V, 3\)"),
        (np.full((5, 3), np.nan), "xyz must be finite"),
        (2 * scattered_points(9), "xyz must be unit vectors"),
        (
            np.repeat(scattered_points(9), 2, axis=0),
            "points are too near to each other for D",
        ),
    ],
)
def test_points_without_a_triangulation_are_refused(xyz, message):
    with pytest.raises(ValueError, match=message):
        delaunay_faces(xyz)


# -- joining --------------------------------------------------------------------------
@law
@given(n=st.integers(30, 200), k=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_joined_graphs_are_connected_and_keep_their_links(n, k, seed):
    sampling = Irregular(clustered(n, seed), extent=np.pi)
    before = nearest_neighbours(sampling.xyz, k)
    after, n_joined = connect(sampling, before)
    assert pieces(after) == 1
    assert (after is before) == (pieces(before) == 1) == (n_joined == 0)
    linked = before.toarray() > 0
    assert np.array_equal(after.toarray()[linked], before.toarray()[linked])
    new = added_edges(before, after)
    assert len(new) == n_joined
    assert new <= pairs(edges_of(sampling.xyz))
    ends = np.array(sorted(new), dtype=int).reshape(-1, 2)
    chords = np.linalg.norm(sampling.xyz[ends[:, 0]] - sampling.xyz[ends[:, 1]], axis=1)
    for low, high in (ends.T, ends.T[::-1]):
        assert_near(after[low, high], chords, 3)


@settings(law, max_examples=15)
@given(n=st.integers(30, 120), k=st.integers(1, 3), seed=st.integers(0, 10**6))
def test_all_edges_up_to_twice_the_bottleneck_are_added_and_no_others(n, k, seed):
    sampling = Irregular(clustered(n, seed), extent=np.pi)
    before = nearest_neighbours(sampling.xyz, k)
    after, _ = connect(sampling, before)
    edges = edges_of(sampling.xyz)
    piece = connected_components(before, connection="weak")[1]
    edges = edges[piece[edges[:, 0]] != piece[edges[:, 1]]]
    length = np.linalg.norm(
        sampling.xyz[edges[:, 0]] - sampling.xyz[edges[:, 1]], axis=1
    )
    # Least longest step between any two pieces, by Floyd's and Warshall's algorithm.
    least = np.full((piece.max() + 1,) * 2, np.inf)
    np.fill_diagonal(least, 0)
    a, b = piece[edges].T
    np.minimum.at(least, (a, b), length)
    np.minimum.at(least, (b, a), length)
    for via in range(len(least)):
        least = np.minimum(least, np.maximum(least[:, [via]], least[[via]]))
    expected = edges[length <= REACH * least[a, b] * (1 + 1e-9)]
    assert added_edges(before, after) == pairs(expected)


@pytest.mark.parametrize("k", [4, 8])
def test_joined_grids_keep_their_turns_and_mirrors(k):
    grid = Equiangular(32, 64)
    before = nearest_neighbours(grid.xyz, k)
    assert pieces(before) > 1
    after, n_joined = connect(grid, before)
    assert pieces(after) == 1
    assert n_joined % 128 == 0
    ring, column = np.divmod(np.arange(len(grid)), 64)
    for image in (ring * 64 + (column + 1) % 64, (31 - ring) * 64 + column):
        moved = after[image][:, image]
        assert abs(moved - after).max() < round_off(float, 10)
        assert moved.nnz == after.nnz


@settings(law, max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_joining_does_not_depend_on_the_order_of_vertices(seed):
    xyz = clustered(100, seed)
    order = np.random.default_rng(seed).permutation(100)
    results = []
    for points in (xyz, xyz[order]):
        sampling = Irregular(points, extent=np.pi)
        results.append(connect(sampling, nearest_neighbours(points, 2)))
    (first, n_first), (second, n_second) = results
    assert n_first == n_second
    assert abs(first[order][:, order] - second).max() < round_off(float, 10)


def test_regional_points_are_not_joined_round_the_globe():
    # Two swarms of stations five degrees apart: hull edges also run around the back.
    rng = np.random.default_rng(0)
    lon = np.concatenate([rng.uniform(0, 5, 60), rng.uniform(10, 15, 60)])
    sampling = Irregular.from_lonlat(lon, rng.uniform(40, 50, 120), extent=np.pi)
    before = nearest_neighbours(sampling.xyz, 5)
    assert pieces(before) == 2
    after, n_joined = connect(sampling, before)
    assert pieces(after) == 1
    assert n_joined > 1
    gap = np.array(sorted(added_edges(before, after)))
    apart = np.linalg.norm(sampling.xyz[gap[:, 0]] - sampling.xyz[gap[:, 1]], axis=1)
    assert apart.max() < np.deg2rad(10)


def test_parts_of_a_sky_that_are_apart_stay_apart():
    sphere = HEALPix(16)
    caps = sphere[np.abs(sphere.lat) > 20]
    before = nearest_neighbours(caps.xyz, 8)
    after, n_joined = connect(caps, before)
    assert after is before or pieces(after) == 2
    assert (pieces(after), n_joined) == (2, 0)


def test_parts_of_a_sky_that_touch_are_joined_also_in_parts_of_parts():
    grid = Equiangular(32, 64)
    north = grid[grid.lat > 0]
    part = north[north.lon > 10]
    before = nearest_neighbours(part.xyz, 4)
    assert pieces(before) > 1
    after, n_joined = connect(part, before)
    assert pieces(after) == 1
    # Joined by edges of the grid itself: along meridians, one ring to the next.
    index = north.index[part.index]
    ends = index[np.array(sorted(added_edges(before, after)))]
    assert np.all(np.diff(ends, axis=1) == 64)
    assert len(ends) == n_joined


def test_pieces_on_one_circle_cannot_be_joined():
    lon = np.concatenate([np.arange(5), 90 + np.arange(5)])
    sampling = Irregular.from_lonlat(lon, np.full(10, 30.0), np.full(10, 0.1))
    pattern = nearest_neighbours(sampling.xyz, 2)
    with pytest.raises(
        ValueError, match=r"all on one circle .* ask for more neighbours"
    ):
        connect(sampling, pattern)


def test_pattern_of_another_sampling_is_refused():
    with pytest.raises(ValueError, match=r"pattern must have shape \(12, 12\)"):
        connect(HEALPix(1), sp.csr_array((48, 48)))


@pytest.mark.slow
def test_half_a_million_points_are_joined():
    xyz = scattered_points(500_000)
    sampling = Irregular(xyz, np.full(len(xyz), 4 * np.pi / len(xyz)))
    before = nearest_neighbours(xyz, 3)
    assert pieces(before) > 500
    after, n_joined = connect(sampling, before)
    assert pieces(after) == 1
    assert n_joined < 0.05 * before.nnz

"""Scattered points: areas, merging, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import SphericalVoronoi

from samplings import Equiangular, HEALPix, Icosahedral, Irregular
from samplings.points.matching import nearest_pairs
from samplings.tessellation.voronoi import point_areas
from tests.round_off import assert_near

law = settings(max_examples=60, derandomize=True, deadline=None)


@st.composite
def points(draw, fewest=4):
    """Even, clustered, or one-sided random points."""
    n = draw(st.integers(fewest, 300))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([1e-2, 0.3, 100.0]))
    xyz = generator.standard_normal((n, 3)) * spread + [0, 0, 1]
    return xyz / np.linalg.norm(xyz, axis=1)[:, None]


@law
@given(points())
def test_areas_sum_to_the_sphere_and_match_scipy(xyz):
    sampling = Irregular(xyz, extent=np.pi)
    # Far corners of the cells of a tight cluster are known to 1e-16 / spread^2.
    assert sampling.area == pytest.approx(4 * np.pi, rel=1e-10)
    voronoi = SphericalVoronoi(sampling.xyz, threshold=1e-9)
    voronoi.sort_vertices_of_regions()
    # scipy leaves the last 1e-8 of a steradian of large thin cells to round-off.
    np.testing.assert_allclose(sampling.weights, voronoi.calculate_areas(), atol=1e-6)


@law
@given(points(fewest=2).filter(lambda xyz: len(xyz) > 1))
def test_merging_conserves_area_and_takes_up_to_four(xyz):
    weights = np.random.default_rng(0).uniform(0.1, 1, len(xyz)) / len(xyz)
    coarsening = Irregular(xyz, weights).coarsen()
    children = np.diff(coarsening.assign.indptr)
    assert children.min() >= 1 and children.max() <= 4
    assert (coarsening.assign.data == 1).all()
    np.testing.assert_allclose(coarsening.assign @ weights, coarsening.coarse.weights)
    # The graph of candidates leaves few points alone.
    assert len(coarsening.coarse) <= 0.5 * len(xyz) + 1


@law
@given(points(fewest=2))
def test_pairs_are_those_of_greedy_matching(xyz):
    n = len(xyz)
    chords = np.linalg.norm(xyz[:, None] - xyz, axis=2)
    np.fill_diagonal(chords, np.inf)
    nearest = np.argsort(chords, axis=1)[:, : min(8, n - 1)]
    edges = {tuple(sorted((i, int(j)))) for i in range(n) for j in nearest[i]}
    partner = list(range(n))
    for i, j in sorted(edges, key=lambda e: (chords[e], e)):
        if partner[i] == i and partner[j] == j:
            partner[i], partner[j] = j, i
    pair = nearest_pairs(xyz)
    expected = np.minimum(np.arange(n), partner)
    np.testing.assert_array_equal(pair, np.unique(expected, return_inverse=True)[1])


@pytest.mark.parametrize(
    "regular", [HEALPix(4), Equiangular(8, 12), Icosahedral(2)], ids=lambda s: s.name
)
def test_coarse_points_are_centroids_of_their_children(regular):
    coarsening = Irregular(regular.xyz, regular.weights).coarsen()
    centroid = coarsening.assign @ (regular.weights[:, None] * regular.xyz)
    centroid /= np.linalg.norm(centroid, axis=1)[:, None]
    assert_near(coarsening.coarse.xyz, centroid, 9)


@pytest.mark.parametrize(
    ("regular", "cell"),
    [(Icosahedral(3), Icosahedral(3).weights), (Equiangular(8, 16), None)],
    ids=["icosahedral", "equiangular"],
)
def test_areas_of_regular_points_are_those_of_their_cells(regular, cell):
    areas = Irregular(regular.xyz).weights
    if cell is None:
        # Voronoi cells of a grid are bounded by great circles, not parallels: equal
        # along a ring, though four points lie on each of their circumcircles.
        rings = areas.reshape(8, 16)
        np.testing.assert_allclose(rings, rings[:, :1] * np.ones(16), rtol=1e-10)
    else:
        np.testing.assert_allclose(areas, cell, rtol=1e-10)


def test_denser_places_have_smaller_cells_and_more_coarse_points():
    generator = np.random.default_rng(0)
    dense = generator.standard_normal((300, 3)) * 0.2 + [0, 0, 1]
    xyz = np.concatenate([dense, generator.standard_normal((100, 3))])
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    coarse = Irregular(xyz).coarsen().coarse
    near = coarse.xyz[:, 2] > 0.8
    assert near.sum() > 2 * (~near).sum()
    assert np.median(coarse.weights[near]) < 0.2 * np.median(coarse.weights[~near])


def test_longitudes_and_latitudes_come_back():
    lon, lat = np.array([-10.0, 0, 200, 359, 45]), np.array([-90.0, -30, 0, 60, 89.9])
    sampling = Irregular.from_lonlat(lon, lat)
    np.testing.assert_allclose(sampling.lon[1:], lon[1:] % 360, atol=1e-11)
    np.testing.assert_allclose(sampling.lat, lat, atol=1e-12)


def test_real_stations_have_cells_that_cover_the_sphere(shared_data):
    stations = np.load(shared_data / "ghcn" / "ghcn_stations_2010-2014.npz")
    lon, lat = stations["lon"], stations["lat"]
    with pytest.raises(ValueError, match=r'or pass duplicates="merge"'):
        Irregular.from_lonlat(lon, lat)
    sampling = Irregular.from_lonlat(lon, lat, duplicates="merge")
    assert len(sampling) == len(np.unique(np.stack([lon, lat], 1), axis=0)) < len(lon)
    assert sampling.area == pytest.approx(4 * np.pi, rel=1e-12)
    merged = sampling.merge_signal(stations["elev"])
    places = sampling.merge_signal(np.stack([lon, lat], 1))
    np.testing.assert_allclose(places[:, 1], sampling.lat, atol=1e-9)
    one = np.flatnonzero(np.bincount(sampling.source_index) == 1)
    first = np.unique(sampling.source_index, return_index=True)[1]
    np.testing.assert_array_equal(merged[one], stations["elev"][first][one])
    coarse = sampling.coarsen().coarse
    assert coarse.area == pytest.approx(4 * np.pi, rel=1e-12)
    assert 0.25 < len(coarse) / len(sampling) < 0.3


TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)


def test_four_points_are_enough():
    np.testing.assert_allclose(Irregular(TETRAHEDRON).weights, np.pi)


def test_given_weights_are_kept():
    sampling = Irregular(TETRAHEDRON[:2], [1.0, 2.0])
    np.testing.assert_array_equal(sampling.weights, [1, 2])


def test_error_for_fewer_than_four_points():
    with pytest.raises(ValueError, match="at least 4 points, got 3; pass weights"):
        Irregular(TETRAHEDRON[:3])


def test_error_for_points_on_one_circle():
    with pytest.raises(ValueError, match="not all on one circle"):
        Irregular.from_lonlat(np.arange(0, 360, 30), np.full(12, 40.0))


@pytest.mark.parametrize("gap", [0, 1e-10])
def test_error_names_coinciding_points(gap):
    again = TETRAHEDRON[1] + np.array([0, gap, -gap])
    xyz = np.vstack([TETRAHEDRON, again])
    with pytest.raises(ValueError, match="distinct, but 1 and 4 coincide"):
        Irregular(xyz)


def test_error_for_points_too_near_for_voronoi_cells():
    cluster = TETRAHEDRON[0] + 1e-8 * np.random.default_rng(0).standard_normal((40, 3))
    xyz = np.concatenate([TETRAHEDRON[1:], cluster])
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    with pytest.raises(ValueError, match="too near to each other for Voronoi areas"):
        point_areas(xyz)


@pytest.mark.parametrize(
    ("lon", "lat", "message"),
    [
        ([0, 1], [0, 1, 2], r"same shape \(V,\), got \(2,\) and \(3,\)"),
        ([[0, 1]], [[0, 1]], "flatten grids with ravel"),
        (
            [0, 1, 2],
            [0, 91, 0],
            "lat must be degrees from -90 to 90, got 91.0 at vertex 1",
        ),
        ([0, 1, -999], [0, 0, 0], "lon must be degrees .* got -999.0 at vertex 2"),
        ([0, np.nan, 2], [0, 0, 0], "lon must be degrees .* got nan at vertex 1"),
        ([0, 1, 2], [0, 0, np.inf], "lat must be degrees .* got inf at vertex 2"),
    ],
)
def test_errors_for_coordinates(lon, lat, message):
    with pytest.raises(ValueError, match=message):
        Irregular.from_lonlat(lon, lat)


def test_errors_for_vectors():
    with pytest.raises(ValueError, match=r"shape \(V, 3\) with V >= 1, got \(0, 3\)"):
        Irregular(np.empty((0, 3)))
    with pytest.raises(ValueError, match=r"shape \(V, 3\) with V >= 1, got \(\)"):
        Irregular(1.0)
    with pytest.raises(ValueError, match="unit vectors, got length 2 at vertex 0"):
        Irregular(2 * TETRAHEDRON)
    with pytest.raises(ValueError, match="xyz must be finite"):
        Irregular(TETRAHEDRON * [1, np.nan, 1])


def test_errors_for_coarsening_too_few_points():
    with pytest.raises(ValueError, match="at least two points, got one; start"):
        Irregular([[0, 0, 1]], [1.0]).coarsen()


def test_opposite_points_merge_into_the_larger():
    coarse = Irregular([[0, 0, 1], [0, 0, -1]], [1.0, 2.0]).coarsen().coarse
    np.testing.assert_array_equal(coarse.xyz, [[0, 0, -1]])
    np.testing.assert_array_equal(coarse.weights, [3.0])


@pytest.mark.parametrize("inner", [2.0, 20.0])
def test_rings_about_one_centre_coarsen_to_distinct_points(inner):
    # Both rings have their centroid at the pole.
    lon = np.concatenate([np.arange(4) * 90.0, np.arange(4) * 90.0 + 17])
    lat = np.repeat([90 - inner, 30.0], 4)
    rings = Irregular.from_lonlat(lon, lat, extent=np.pi)
    coarsening = rings.coarsen()
    assert len(coarsening.coarse) == 2
    np.testing.assert_allclose(coarsening.coarse.area, rings.area)
    for point in coarsening.coarse.xyz:
        assert np.linalg.norm(rings.xyz - point, axis=1).min() < 1e-12

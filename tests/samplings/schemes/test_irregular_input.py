"""Scattered points as users have them: duplicates, regions, radians."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from samplings import (
    Equiangular,
    Icosahedral,
    Irregular,
    RadiansWarning,
    from_config,
)
from samplings.tessellation.spherical_triangles import triangle_areas

law = settings(max_examples=60, derandomize=True, deadline=None)

TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)


@st.composite
def points(draw):
    """Even, clustered, or one-sided random points."""
    n = draw(st.integers(4, 300))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([1e-2, 0.3, 100.0]))
    xyz = generator.standard_normal((n, 3)) * spread + [0, 0, 1]
    return xyz / np.linalg.norm(xyz, axis=1)[:, None]


# -- duplicates ------------------------------------------------------------------


@law
@given(points(), st.integers(0, 2**32 - 1))
def test_merging_keeps_the_first_of_each_place_and_who_went_where(xyz, seed):
    generator = np.random.default_rng(seed)
    distance = cKDTree(xyz).query(xyz, k=2)[0][:, 1]
    xyz = xyz[distance > 1e-5]
    copies = generator.integers(0, len(xyz), 3 * len(xyz))
    # A metre or so off, as rounded coordinates are.
    shaken = xyz[copies] + 1e-8 * generator.standard_normal((len(copies), 3))
    shaken /= np.linalg.norm(shaken, axis=1)[:, None]
    merged = Irregular(shaken, np.full(len(copies), 2**-20), duplicates="merge")
    places, first, inverse = np.unique(copies, return_index=True, return_inverse=True)
    assert len(merged) == len(places)
    np.testing.assert_array_equal(merged.xyz[merged.source_index[first]], shaken[first])
    np.testing.assert_array_equal(
        np.sort(merged.source_index[first]), range(len(places))
    )
    np.testing.assert_array_equal(
        merged.source_index, merged.source_index[first][inverse]
    )
    # In the order of first appearance, with the sum of their weights.
    np.testing.assert_array_equal(
        merged.source_index[np.sort(first)], range(len(places))
    )
    counts = np.bincount(merged.source_index)
    np.testing.assert_array_equal(merged.weights, 2.0**-20 * counts)


def test_signals_are_averaged_onto_merged_points():
    xyz = np.concatenate([TETRAHEDRON, TETRAHEDRON[[2, 0, 2]]])
    merged = Irregular(xyz, duplicates="merge")
    np.testing.assert_array_equal(merged.source_index, [0, 1, 2, 3, 2, 0, 2])
    np.testing.assert_allclose(merged.weights, np.pi)
    signal = np.array([1.0, 2, 3, 4, 5, 7, np.nan])
    np.testing.assert_array_equal(merged.merge_signal(signal), [4, 2, 4, 4])
    channels = np.stack([signal, np.full(7, np.nan)], axis=1)[None].astype(np.float32)
    means = merged.merge_signal(channels, axis=-2)
    assert means.shape == (1, 4, 2) and means.dtype == np.float32
    np.testing.assert_array_equal(means[0, :, 0], [4, 2, 4, 4])
    assert np.isnan(means[..., 1]).all()
    counts = merged.merge_signal(np.arange(7))
    np.testing.assert_allclose(counts, [2.5, 1, 4, 3])
    assert not merged.source_index.flags.writeable


def test_without_duplicates_signals_stay_and_configurations_hold_only_points():
    plain = Irregular(TETRAHEDRON, duplicates="merge")
    np.testing.assert_array_equal(plain.source_index, range(4))
    np.testing.assert_array_equal(plain.merge_signal([3, 1, 4, 1]), [3, 1, 4, 1])
    again = from_config(
        Irregular(np.tile(TETRAHEDRON, (2, 1)), duplicates="merge").config
    )
    np.testing.assert_array_equal(again.xyz, plain.xyz)
    np.testing.assert_array_equal(again.source_index, range(4))


def test_a_place_reported_again_and_again_is_merged_quickly():
    # Pairs of equal points would be 8 * 10^8.
    xyz = np.repeat(TETRAHEDRON, 20_000, axis=0)
    merged = Irregular(xyz, duplicates="merge")
    assert len(merged) == 4
    np.testing.assert_array_equal(np.bincount(merged.source_index), [20_000] * 4)


def test_duplicates_in_files_are_merged(tmp_path):
    path = tmp_path / "points.npy"
    np.save(path, np.concatenate([TETRAHEDRON, TETRAHEDRON[:1]]))
    with pytest.raises(ValueError, match=r'npy: points must be .*duplicates="merge"'):
        Irregular.from_file(path)
    assert len(Irregular.from_file(path, duplicates="merge")) == 4


def test_points_too_near_for_voronoi_cells_are_merged():
    near = TETRAHEDRON + 1e-7
    xyz = np.concatenate([TETRAHEDRON, near / np.linalg.norm(near, axis=1)[:, None]])
    np.testing.assert_allclose(Irregular(xyz, duplicates="merge").weights, np.pi)


def test_errors_for_duplicates():
    with pytest.raises(ValueError, match="duplicates must be 'refuse' or 'merge'"):
        Irregular(TETRAHEDRON, duplicates="drop")
    merged = Irregular(np.tile(TETRAHEDRON, (2, 1)), duplicates="merge")
    with pytest.raises(ValueError, match=r"with 8 entries, got axis 0 of shape \(4,\)"):
        merged.merge_signal(np.ones(4))
    with pytest.raises(ValueError, match="got axis 1 of shape"):
        merged.merge_signal(np.ones(8), axis=1)
    with pytest.raises(ValueError, match="unit vectors, got length 2 at vertex 0"):
        Irregular(2 * TETRAHEDRON, duplicates="merge")


# -- regions ---------------------------------------------------------------------


@law
@given(points(), st.floats(0.02, 3.1))
def test_cells_within_an_extent_cover_what_is_near_to_points(xyz, extent):
    sampling = Irregular(xyz, extent=extent)
    whole = Irregular(xyz, extent=np.pi)
    assert whole.area == pytest.approx(4 * np.pi, rel=1e-9)
    assert (sampling.weights <= whole.weights * (1 + 1e-9) + 1e-12).all()
    disc = 2 * np.pi * (1 - np.cos(extent))
    assert (sampling.weights <= disc * (1 + 1e-9)).all()
    drawn = np.random.default_rng(0).standard_normal((20_000, 3))
    drawn /= np.linalg.norm(drawn, axis=1)[:, None]
    chord, _ = cKDTree(xyz).query(drawn)
    share = np.mean(chord <= 2 * np.sin(extent / 2))
    # Five standard deviations of a share of 20,000.
    error = 5 * np.sqrt(max(share * (1 - share), 1e-3) / 20_000)
    assert sampling.area / (4 * np.pi) == pytest.approx(share, abs=error)


def test_cells_inside_of_a_region_are_as_without_an_extent():
    lon, lat = np.meshgrid(np.arange(-10, 11.0), np.arange(40, 61.0))
    limited = Irregular.from_lonlat(lon.ravel(), lat.ravel(), extent=np.deg2rad(1))
    whole = Irregular.from_lonlat(lon.ravel(), lat.ravel(), extent=np.pi)
    inner = (np.abs(lon) < 10) & (lat > 40) & (lat < 60)
    inner = inner.ravel()
    np.testing.assert_allclose(limited.weights[inner], whole.weights[inner], rtol=1e-9)
    assert (limited.weights[~inner] < 0.1 * whole.weights[~inner]).any()
    assert limited.area == pytest.approx(limited.weights[inner].mean() * 22**2, rel=0.1)


@pytest.mark.parametrize("reach", [1.0, 30.0, 89.0])
def test_points_in_one_half_of_the_sphere_share_their_convex_hull(reach):
    generator = np.random.default_rng(0)
    lat = 90 - generator.uniform(0, 0.9 * reach, 50)
    lat[:8] = 90 - reach
    lon = np.r_[np.arange(8) * 45.0, generator.uniform(0, 360, 42)]
    sampling = Irregular.from_lonlat(lon, lat)
    a, b = sampling.xyz[:8], np.roll(sampling.xyz[:8], -1, axis=0)
    octagon = triangle_areas(np.array([0.0, 0.0, 1.0]), a, b).sum()
    assert sampling.area == pytest.approx(octagon, rel=1e-9)
    whole = Irregular.from_lonlat(lon, lat, extent=np.pi)
    assert whole.area == pytest.approx(4 * np.pi)
    inner = np.argsort(sampling.theta)[:20]
    np.testing.assert_allclose(
        sampling.weights[inner].sum(), whole.weights[inner].sum(), rtol=0.3
    )


def test_points_with_the_equator_have_voronoi_cells():
    grid = Equiangular(9, 16, scheme="clenshaw-curtis")
    half = Irregular(grid.xyz[grid.xyz[:, 2] > -1e-12])
    assert half.area == pytest.approx(4 * np.pi)


def test_errors_for_extents():
    with pytest.raises(ValueError, match="extent must be positive and finite, got -1"):
        Irregular(TETRAHEDRON, extent=-1)
    with pytest.raises(ValueError, match=r"at most pi, got 5\.0; convert degrees with"):
        Irregular(TETRAHEDRON, extent=5)
    with pytest.raises(TypeError, match="extent must be a number, got 'wide'"):
        Irregular(TETRAHEDRON, extent="wide")
    with pytest.raises(ValueError, match="left out where weights are given; pass one"):
        Irregular(TETRAHEDRON, np.ones(4), extent=0.1)


# -- radians, and points without Voronoi cells -------------------------------------


@pytest.mark.parametrize("shift", [0, np.pi])
def test_radians_are_warned_of(shift, tmp_path):
    sampling = Icosahedral(2)
    lon = (sampling.phi + shift) % (2 * np.pi) - shift
    lat = np.pi / 2 - sampling.theta
    message = r"lon from .* and lat from -1\.\d+ to 1\.\d+ look like radians"
    with pytest.warns(RadiansWarning, match=message) as caught:
        Irregular.from_lonlat(lon, lat, np.full(162, 0.05))
    assert caught[0].filename == __file__
    path = tmp_path / "points.npy"
    np.save(path, np.stack([lon, lat], axis=1))
    with pytest.warns(RadiansWarning, match="numpy.rad2deg") as caught:
        Irregular.from_file(path)
    assert caught[0].filename == __file__


def test_small_places_and_whole_globes_in_degrees_are_not_warned_of():
    generator = np.random.default_rng(0)
    lon, lat = generator.uniform(-1, 1, 50), generator.uniform(-1, 1, 50)
    Irregular.from_lonlat(lon, lat, extent=0.01)
    Irregular.from_lonlat(Icosahedral(2).lon, Icosahedral(2).lat)


@pytest.mark.parametrize(
    ("xyz", "message"),
    [
        ([[0, 0, 1], [0, 0, -1]], "at least 4 points, got 2; pass weights"),
        (
            np.concatenate([np.eye(3)[:2], -np.eye(3)[:2]]),
            "not all on one circle .* pass weights",
        ),
    ],
    ids=["two opposite points", "two opposite pairs"],
)
def test_errors_for_points_without_voronoi_cells(xyz, message):
    with pytest.raises(ValueError, match=message):
        Irregular(xyz)
    weights = np.full(len(xyz), 4 * np.pi / len(xyz))
    assert Irregular(xyz, weights).area == pytest.approx(4 * np.pi)


def test_three_opposite_pairs_are_an_octahedron():
    sampling = Irregular(np.concatenate([np.eye(3), -np.eye(3)]))
    np.testing.assert_allclose(sampling.weights, 4 * np.pi / 6)

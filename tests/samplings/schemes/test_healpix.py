"""HEALPix against healpy, and its hierarchy."""

import pickle

import healpy
import numpy as np
import pytest

from samplings import HEALPix, knn_graph, laplacian
from tests.round_off import assert_near


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("nside", "nest"), [(1, True), (8, True), (8, False), (5, False)]
)
def test_angles_and_areas_match_healpy(nside, nest):
    sampling = HEALPix(nside, nest)
    pixels = np.arange(healpy.nside2npix(nside))
    theta, phi = healpy.pix2ang(nside, pixels, nest=nest)
    lon, lat = healpy.pix2ang(nside, pixels, nest=nest, lonlat=True)
    assert_near(sampling.theta, theta, 3)
    assert_near(sampling.phi, phi, 3)
    np.testing.assert_allclose(sampling.lon, lon, atol=1e-12)
    np.testing.assert_allclose(sampling.lat, lat, atol=1e-12)
    np.testing.assert_allclose(sampling.weights, healpy.nside2pixarea(nside))


def test_nested_children_of_p_are_4p_to_4p_plus_3():
    assign = HEALPix(4).coarsen().assign
    np.testing.assert_array_equal(
        assign.indices.reshape(-1, 4), np.arange(192).reshape(-1, 4)
    )


@pytest.mark.oracle
def test_ring_parents_are_the_nested_ones():
    ring = HEALPix(8, nest=False).coarsen().assign
    nested = HEALPix(8, nest=True).coarsen().assign
    fine = healpy.nest2ring(8, np.arange(768))
    coarse = healpy.nest2ring(4, np.arange(192))
    np.testing.assert_array_equal(ring[coarse][:, fine].toarray(), nested.toarray())


@pytest.mark.parametrize("nside", [2, 6, 10, 12, 14, 22, 50])
def test_each_ring_pixel_has_four_children_around_it(nside):
    coarsening = HEALPix(nside, nest=False).coarsen()
    assert (np.diff(coarsening.assign.indptr) == 4).all()
    # The centroid of the children is near the parent, within a fine pixel's size.
    centroid = coarsening.assign @ coarsening.fine.xyz / 4
    size = np.sqrt(coarsening.fine.weights[0])
    assert np.linalg.norm(centroid - coarsening.coarse.xyz, axis=1).max() < size


@pytest.mark.oracle
@pytest.mark.parametrize("nside", [1, 2, 3, 7, 32])
def test_points_match_healpy(nside):
    pixels = np.arange(12 * nside**2)
    for nest in (True, False) if nside.bit_count() == 1 else (False,):
        theirs = np.stack(healpy.pix2vec(nside, pixels, nest=nest), axis=1)
        assert_near(HEALPix(nside, nest).xyz, theirs, 9)


@pytest.mark.parametrize("nest", [True, False])
@pytest.mark.parametrize("k", [8, 20, 40])
def test_quarter_turns_map_the_laplacian_onto_itself(nest, k):
    sampling = HEALPix(16, nest)
    x, y, z = sampling.xyz.T
    turned = healpy.vec2pix(16, -y, x, z, nest=nest)
    for weighting, tolerance in (("heat", 1e-14), ("fitted", 1e-12)):
        matrix = laplacian(knn_graph(sampling, k, weighting=weighting)).matrix
        moved = abs(matrix[turned][:, turned] - matrix).max()
        assert moved < tolerance * abs(matrix).max()


def test_error_names_the_powers_of_two_around_a_nested_nside():
    with pytest.raises(ValueError) as error:
        HEALPix(3, nest=True)
    assert str(error.value) == (
        "nside must be a power of two when nest=True, got 3; use 2, 4, or nest=False"
    )


@pytest.mark.parametrize("nside", [0, -4])
def test_error_for_nside_below_one(nside):
    with pytest.raises(ValueError, match=f"nside must be at least 1, got {nside}"):
        HEALPix(nside)


@pytest.mark.parametrize("nside", [2.0, "8", True, None])
def test_error_for_nside_that_is_no_integer(nside):
    with pytest.raises(TypeError, match="nside must be an integer"):
        HEALPix(nside)


def test_numpy_integers_will_do():
    assert HEALPix(np.int32(4)).config == {"type": "healpix", "nside": 4, "nest": True}


def test_error_for_an_ordering_that_is_no_boolean():
    with pytest.raises(
        TypeError, match=r"nest must be True \(NEST\) or False \(RING\)"
    ):
        HEALPix(4, "RING")


@pytest.mark.parametrize(("nside", "nest"), [(1, True), (1, False), (5, False)])
def test_error_for_coarsening_an_odd_nside(nside, nest):
    with pytest.raises(ValueError, match=f"nside must be even .* got {nside}; start"):
        HEALPix(nside, nest).coarsen()


@pytest.mark.parametrize(
    ("nside", "nest"), [(1, True), (8, True), (1, False), (5, False), (6, False)]
)
def test_positions_of_a_part_are_those_of_the_whole(nside: int, nest: bool) -> None:
    alone, whole = HEALPix(nside, nest), HEALPix(nside, nest)
    some = np.random.default_rng(0).permutation(len(alone))[: 7 * nside]
    part = alone[some]
    assert "xyz" not in alone.__dict__ and "weights" not in alone.__dict__
    np.testing.assert_array_equal(part.xyz, whole.xyz[some])
    np.testing.assert_array_equal(part.weights, whole.weights[some])
    assert alone.positions(some[:0]).shape == (0, 3)
    # And once the others are known.
    np.testing.assert_array_equal(whole.positions(some), part.xyz)
    np.testing.assert_array_equal(whole.areas(some), part.weights)


def test_copies_compute_the_same_positions_and_keep_them_read_only() -> None:
    sampling = HEALPix(4)
    before = pickle.loads(pickle.dumps(sampling))
    np.testing.assert_array_equal(before.xyz, sampling.xyz)
    after = pickle.loads(pickle.dumps(sampling))
    assert not after.xyz.flags.writeable and not sampling.weights.flags.writeable

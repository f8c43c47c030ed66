"""Gaussian grids, full and reduced: exactness, interlacing, ECMWF's conventions."""

import ducc0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import sph_harm_y_all, sph_legendre_p

from samplings import GaussLegendre, ReducedGaussian
from tests.round_off import assert_near, round_off


@settings(max_examples=60, derandomize=True, deadline=None)
@given(n=st.integers(1, 700))
def test_boundaries_of_cumulative_weights_interlace_the_rings(n):
    sampling = GaussLegendre(n, 1)
    theta, edges = sampling.ring_theta, sampling.ring_edges
    assert (edges[:-1] < theta).all() and (theta < edges[1:]).all()
    # The weights between two boundaries are those of the rule.
    # Edges are differences of sums of weights, up to 4 pi.
    areas = -np.diff(np.cos(edges)) * 2 * np.pi
    assert_near(areas, sampling.weights, n, 2 * np.pi)


@pytest.mark.oracle
def test_transform_of_a_bandlimited_map_is_exact():
    # ducc0 synthesises; the quadrature gets the coefficients back.
    bandlimit = 12
    sampling = GaussLegendre(bandlimit)
    rng = np.random.default_rng(0)
    size = bandlimit * (bandlimit + 1) // 2
    alm = rng.standard_normal(size) + 1j * rng.standard_normal(size)
    alm[:bandlimit] = alm[:bandlimit].real
    grid = ducc0.sht.synthesis_2d(
        alm=alm[None],
        spin=0,
        lmax=bandlimit - 1,
        geometry="GL",
        ntheta=bandlimit,
        nphi=2 * bandlimit,
    )[0]
    values = sampling.from_grid(grid) * sampling.quadrature
    harmonics = sph_harm_y_all(
        bandlimit - 1, bandlimit - 1, sampling.theta, sampling.phi
    )
    found = np.concatenate([harmonics[m:, m].conj() @ values for m in range(bandlimit)])
    np.testing.assert_allclose(found, alm, atol=1e-13)


def test_areas_are_the_quadrature_weights():
    sampling = GaussLegendre(9)
    assert sampling.quadrature is sampling.weights
    assert sampling.config == {"type": "gauss-legendre", "L": 9, "n_phi": 18}
    assert sampling.name == "gausslegendre-9x18"


@pytest.mark.parametrize(
    ("bandlimit", "n_phi", "degree"), [(8, None, 15), (8, 12, 11), (8, 40, 15)]
)
def test_exact_degree_is_the_lesser_of_rings_and_longitudes(bandlimit, n_phi, degree):
    assert GaussLegendre(bandlimit, n_phi).exact_degree == degree


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [((8, None), (4, 8)), ((9, None), (5, 10)), ((8, 11), (4, 6)), ((2, 1), (1, 1))],
)
def test_coarsening_halves_bandlimit_and_longitudes(fine, coarse):
    found = GaussLegendre(*fine).coarsen().coarse
    assert (found.L, found.n_phi) == coarse


def test_octahedral_grid_is_that_of_ecmwf():
    # O1280: 6,599,680 points; rings of 20, 24, ... 5136.
    sampling = ReducedGaussian.octahedral(32)
    np.testing.assert_array_equal(sampling.ring_n_phi[:3], [20, 24, 28])
    np.testing.assert_array_equal(sampling.ring_n_phi[31:33], [144, 144])
    assert len(sampling) == 4 * 32 * (32 + 9) == 5248
    assert 4 * 1280 * (1280 + 9) == 6_599_680
    np.testing.assert_array_equal(sampling.ring_theta, GaussLegendre(64).ring_theta)
    assert sampling.name == "reducedgaussian-o32"
    assert repr(sampling) == "ReducedGaussian.octahedral(32) with 5248 vertices"


def test_reduced_grid_with_equal_rings_is_the_full_one():
    full, reduced = GaussLegendre(6, 9), ReducedGaussian([9] * 6)
    np.testing.assert_array_equal(full.xyz, reduced.xyz)
    np.testing.assert_array_equal(full.weights, reduced.weights)
    assert full.exact_degree == reduced.exact_degree == 8
    assert reduced.name == "reducedgaussian-6-54"


def aliases(sampling, degree):
    """Largest alias of each ring in any harmonic up to a degree, shape ``(R,)``."""
    area = np.add.reduceat(sampling.weights, sampling.ring_start[:-1])
    largest = np.zeros(len(area))
    for l in range(degree + 1):  # noqa: E741
        for ring, n in enumerate(sampling.ring_n_phi):
            for m in range(n, l + 1, n):
                value = sph_legendre_p(l, m, sampling.ring_theta[ring]).item()
                largest[ring] = max(largest[ring], abs(value) * area[ring])
    return np.sqrt(2) * largest


@pytest.mark.parametrize("n", [8, 10])
def test_exact_degree_of_octahedral_grids_counts_what_is_above_round_off(n):
    sampling = ReducedGaussian.octahedral(n)
    degree = sampling.exact_degree
    # A full grid of 20 longitudes would be exact below degree 20 only.
    assert 19 < degree < 4 * n - 1
    assert aliases(sampling, degree).sum() < round_off(float, len(sampling))
    assert aliases(sampling, degree + 1).max() > 1e-14 / (2 * n)


@settings(max_examples=30, derandomize=True, deadline=None)
@given(counts=st.lists(st.integers(1, 24), min_size=1, max_size=8))
def test_exact_degree_of_any_reduced_grid_holds(counts):
    sampling = ReducedGaussian(counts)
    degree = sampling.exact_degree
    assert degree <= 2 * len(counts) - 1
    values = sph_harm_y_all(degree, degree, sampling.theta, sampling.phi)
    found = values @ sampling.quadrature
    found[0, 0] -= np.sqrt(4 * np.pi)
    assert np.abs(found).max() < 1e-13


def test_exact_degree_of_a_large_octahedral_grid_holds():
    # Sums over rings: a ring of n longitudes leaves the orders 0, n, 2n ... only.
    sampling = ReducedGaussian.octahedral(160)
    degree = sampling.exact_degree
    assert 200 < degree < 639
    assert aliases_by_recurrence(sampling, degree) < round_off(float, len(sampling))
    assert aliases_by_recurrence(sampling, degree + 40) > 1e-14


def aliases_by_recurrence(sampling, degree):
    """Sum over the northern rings of the alias of order n in one degree."""
    area = np.add.reduceat(sampling.weights, sampling.ring_start[:-1])
    total = 0.0
    for ring in range(len(area) // 2):
        n = int(sampling.ring_n_phi[ring])
        if n <= degree:
            value = sph_legendre_p(degree, n, sampling.ring_theta[ring]).item()
            total += 2 * np.sqrt(2) * abs(value) * area[ring]
    return total


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        ([4, 8, 12, 12, 8, 4], [3, 6, 3]),
        ([4, 8, 12, 8, 4], [2, 6, 2]),
        ([5, 9, 3], [3, 2]),
        ([20, 20, 20, 20], [10, 10]),
        ([1, 1], [1]),
    ],
)
def test_coarsening_halves_rings_and_longitudes(fine, coarse):
    found = ReducedGaussian(fine).coarsen().coarse
    np.testing.assert_array_equal(found.ring_n_phi, coarse)


@pytest.mark.parametrize(("n", "half"), [(8, 4), (5, 3), (2, 1)])
def test_octahedral_grids_coarsen_to_octahedral_ones(n, half):
    coarse = ReducedGaussian.octahedral(n).coarsen().coarse
    assert coarse.name == f"reducedgaussian-o{half}"


def test_errors_for_bandlimits_and_longitudes():
    with pytest.raises(ValueError, match="L must be at least 1, got 0"):
        GaussLegendre(0)
    with pytest.raises(TypeError, match=r"L must be an integer, got 8\.0"):
        GaussLegendre(8.0)
    with pytest.raises(ValueError, match="n_phi must be at least 1, got 0"):
        GaussLegendre(8, 0)
    with pytest.raises(ValueError, match="L must be at least 2 to halve it"):
        GaussLegendre(1).coarsen()


@pytest.mark.parametrize("counts", [[], 4, [[4, 8], [8, 4]]])
def test_error_for_longitudes_that_are_no_list(counts):
    with pytest.raises(
        ValueError, match="must be a list with one number of longitudes"
    ):
        ReducedGaussian(counts)


def test_errors_for_longitudes_of_rings():
    with pytest.raises(ValueError, match="at least 1 longitude, got 0 on ring 1; for"):
        ReducedGaussian([4, 0, 4])
    with pytest.raises(TypeError, match="n_phi_per_ring must be integers, got float64"):
        ReducedGaussian([4.0, 8.0])
    with pytest.raises(TypeError, match="n_phi_per_ring must be integers, got bool"):
        ReducedGaussian([True, False])


def test_errors_for_octahedral_grids():
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        ReducedGaussian.octahedral(0)
    with pytest.raises(ValueError, match=r"octahedral\(1\) with 40 vertices has no"):
        ReducedGaussian.octahedral(1).coarsen()
    with pytest.raises(ValueError, match="has no coarser one; start from more rings"):
        ReducedGaussian([6]).coarsen()

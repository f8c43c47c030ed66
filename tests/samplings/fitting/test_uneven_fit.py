"""Points that are dense in places: their long links, and the solver of their fit."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from samplings import (
    HEALPix,
    Irregular,
    delaunay_graph,
    equivariance_spectrum,
    fit_weights,
    knn_graph,
    nominal_bandlimit,
)
from samplings.fitting.core_solver import core_links
from samplings.fitting.far_neighbours import LENGTH, reach_out
from samplings.fitting.interior_point import minimise_inside
from samplings.fitting.local_sum import LocalSum
from samplings.fitting.natural_neighbours import surround
from samplings.fitting.uneven import SHARE, core, is_uneven
from samplings.points.neighbours import nearest_neighbours
from samplings.tessellation.finite_volumes import sides_over_chords
from tests.round_off import assert_near


def unit(xyz):
    return xyz / np.linalg.norm(xyz, axis=1)[:, None]


def towns(n=1500, wide=250, seed=0):
    """Points all over the sphere, and many more around a few places."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((12, 3)))
    near = centres[rng.integers(0, 12, n)] + 0.08 * rng.standard_normal((n, 3))
    return Irregular(unit(np.vstack([rng.standard_normal((wide, 3)), near])))


@pytest.fixture(scope="module")
def uneven():
    return towns()


def scattered(n):
    return Irregular(unit(np.random.default_rng(0).standard_normal((n, 3))))


# -- which points, which links --------------------------------------------------------
def test_only_points_dense_in_places_and_all_over_the_sphere_are_uneven(uneven):
    assert is_uneven(uneven)
    assert not is_uneven(scattered(1000))
    assert not is_uneven(HEALPix(8))
    north = uneven.xyz[uneven.xyz[:, 2] > 0]
    assert not is_uneven(Irregular(north, extent=math.pi))
    # A part of points that cover the sphere has the cells of the whole.
    assert is_uneven(uneven[uneven.xyz[:, 2] > 0])


def test_the_core_are_the_fewest_that_cover_its_share():
    areas = np.random.default_rng(0).pareto(1, 500)
    chosen = core(areas)
    assert areas[chosen].sum() >= SHARE * areas.sum()
    assert areas[chosen].sum() - areas[chosen].min() < SHARE * areas.sum()
    assert areas[chosen].min() >= areas[~chosen].max()
    assert core(np.ones(100)).sum() == 95


def test_long_links_lead_from_the_core_to_all_sides(uneven):
    pattern, _ = surround(uneven, nearest_neighbours(uneven.xyz, 8))
    both, n_added = reach_out(uneven, pattern)
    added = sp.csr_array(both - pattern)
    added.eliminate_zeros()
    assert added.nnz == 2 * n_added > 0
    assert abs(added - added.T).max() == 0
    i, j = added.nonzero()
    length = np.linalg.norm(uneven.xyz[i] - uneven.xyz[j], axis=1)
    assert_near(added[i, j], length, 3)
    chosen = core(uneven.weights)
    assert (chosen[i] | chosen[j]).all()
    reach = LENGTH * np.sqrt(uneven.weights @ uneven.weights / uneven.area)
    assert length.max() < 2 * reach
    # Each vertex of the core has links in all four quarters about it.
    both = both.maximum(both.T)
    for v in np.flatnonzero(chosen)[::20]:
        ends = uneven.xyz[both.indices[both.indptr[v] : both.indptr[v + 1]]]
        east = np.cross(uneven.xyz[v], [0.3, 0.5, 0.8])
        north = np.cross(uneven.xyz[v], east)
        quarter = np.arctan2(ends @ north, ends @ east) // (np.pi / 2)
        assert len(set(quarter)) == 4


def test_even_points_get_no_long_links():
    for sampling in (scattered(500), HEALPix(4)):
        pattern = nearest_neighbours(sampling.xyz, 8)
        assert reach_out(sampling, pattern) == (pattern, 0)


def test_coasts_are_linked_across_oceans(uneven):
    around, _ = surround(uneven, nearest_neighbours(uneven.xyz, 4))
    sides = sides_over_chords(uneven.xyz)
    i, j = sides.nonzero()
    assert (around.maximum(around.T)[i, j] > 0).all()


def test_what_begins_a_fit_are_finite_volumes_on_the_links_kept(uneven):
    chosen = core(uneven.weights)
    pattern, _ = surround(uneven, nearest_neighbours(uneven.xyz, 12))
    pattern = sp.csr_array(pattern.maximum(pattern.T))
    links, weights = core_links(uneven, pattern, chosen)
    upper = sp.csr_array(sp.triu(links, k=1))
    upper.data = weights
    expected = sides_over_chords(uneven.xyz)
    np.testing.assert_allclose((upper + upper.T).toarray(), expected.toarray())
    dropped = sp.csr_array(pattern - links)
    dropped.eliminate_zeros()
    i, j = dropped.nonzero()
    assert len(i) > 0
    assert not (chosen[i] | chosen[j]).any()
    # Without natural neighbours there is nothing to begin with.
    few = nearest_neighbours(uneven.xyz, 3)
    assert core_links(uneven, sp.csr_array(few.maximum(few.T)), chosen) is None


# -- the solver -----------------------------------------------------------------------
def random_sum(rng, n, size, count):
    """Small matrices on random unknowns, n for none, and their sum."""
    index = np.stack([rng.permutation(n + 1)[:size] for _ in range(count)], axis=1)
    factor = rng.standard_normal((count, size, size + 1))
    blocks = np.einsum("rik,rjk->ijr", factor, factor)
    total = np.zeros((n + 1, n + 1))
    for r in range(count):
        total[np.ix_(index[:, r], index[:, r])] += blocks[:, :, r]
    return LocalSum(n, [(index, blocks)]), total[:n, :n]


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(5, 20), st.integers(1, 12))
def test_local_sums_are_sums_and_their_inverses_those_of_parts(seed, n, count):
    rng = np.random.default_rng(seed)
    found, expected = random_sum(rng, n, 4, count)
    np.testing.assert_allclose(found.matrix.toarray(), expected, atol=1e-12)
    inverse = found.approximate_inverse(np.ones(n)).toarray()
    np.testing.assert_allclose(inverse, inverse.T, rtol=1e-9, atol=1e-12)
    assert np.linalg.eigvalsh(inverse).min() > -1e-12
    alone, expected = random_sum(rng, n, 4, 1)
    there = np.flatnonzero(np.diag(expected))
    inverse = alone.approximate_inverse(np.ones(n)).toarray()
    part = np.ix_(there, there)
    np.testing.assert_allclose(
        inverse[part] @ (expected[part] + np.eye(len(there))),
        np.eye(len(there)),
        atol=1e-8,
    )


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(4, 15), st.integers(1, 12))
def test_interior_points_find_the_least_value(seed, n, count):
    rng = np.random.default_rng(seed)
    function, matrix = random_sum(rng, n, 4, count)
    root = np.linalg.cholesky(matrix + 1e-9 * np.eye(n)).T
    target = matrix @ rng.standard_normal(n)
    best, _ = nnls(root, np.linalg.solve(root.T, target))
    found, gap = minimise_inside(function, target, np.ones(n), 1.0, 60, 60)
    assert (found > 0).all()

    def value(x):
        return 0.5 * x @ matrix @ x - target @ x

    assert value(found) <= value(best) + 1e-5 * (1 + abs(value(best)))
    assert gap < 1e-4


# -- the fit --------------------------------------------------------------------------
@pytest.mark.parametrize("k", [8, pytest.param(20, marks=pytest.mark.slow)])
def test_fits_of_uneven_points_beat_heat_and_finite_volumes_at_every_degree(uneven, k):
    degrees = range(1, nominal_bandlimit(uneven))
    volumes = equivariance_spectrum(delaunay_graph(uneven), degrees)
    heat = equivariance_spectrum(knn_graph(uneven, k, weighting="area-corrected"))
    graph = knn_graph(uneven, k)
    fitted = equivariance_spectrum(graph, degrees)
    assert (fitted.error[4:] < volumes.error[4:]).all()
    assert heat.mean_error(1) > 3 * fitted.mean_error(1)
    assert graph.n_components == 1
    assert graph.adjacency.data.min() > 0
    assert abs(graph.adjacency - graph.adjacency.T).max() == 0


def test_fits_of_uneven_points_repeat_and_keep_masses_that_are_given(uneven):
    pattern, _ = surround(uneven, nearest_neighbours(uneven.xyz, 8))
    one, two = (fit_weights(uneven, pattern, "fitted-single") for _ in range(2))
    np.testing.assert_array_equal(one.adjacency.data, two.adjacency.data)
    assert (one.row_weights == 1).all()
    held = fit_weights(uneven, pattern, "fitted-single", mass=uneven.weights)
    mass = uneven.weights / uneven.weights.mean()
    np.testing.assert_allclose(held.mass, mass, rtol=1e-12)
    calls = []
    fit_weights(
        uneven, pattern, "fitted-single", progress=lambda *done: calls.append(done)
    )
    assert calls[-1][0] == calls[-1][1]
    assert calls == sorted(calls)

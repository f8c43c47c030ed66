"""Scattered points get links all around; others keep the links they have."""

import math

import numpy as np
import pytest
from scipy.spatial import SphericalVoronoi

from samplings import (
    Equiangular,
    HEALPix,
    Irregular,
    equivariance_spectrum,
    knn_graph,
)
from samplings.fitting.natural_neighbours import REACH, surround
from samplings.points.neighbours import nearest_neighbours
from tests.helpers import scattered
from tests.round_off import assert_near


def largest_gap(xyz, i, neighbours):
    """Largest angle without neighbour, seen from vertex i."""
    east = np.cross(xyz[i], [0.3, 0.5, 0.8])
    north = np.cross(xyz[i], east)
    angle = np.sort(np.arctan2(xyz[neighbours] @ north, xyz[neighbours] @ east))
    return np.diff(angle, append=angle[0] + 2 * np.pi).max()


@pytest.mark.oracle
def test_links_are_those_of_cells_that_share_a_side():
    sampling = scattered(400)
    pattern = nearest_neighbours(sampling.xyz, 4)
    around, n_added = surround(sampling, pattern)
    regions = SphericalVoronoi(sampling.xyz).regions
    before = (pattern + pattern.T).toarray() > 0
    after = (around + around.T).toarray() > 0
    sides = np.array([[len(set(a) & set(b)) == 2 for a in regions] for b in regions])
    np.fill_diagonal(sides, False)
    np.testing.assert_array_equal(after, before | sides)
    assert n_added == (after & ~before).sum() // 2 > 0
    i, j = np.nonzero(after)
    expected = np.linalg.norm(sampling.xyz[i] - sampling.xyz[j], axis=1)
    assert_near(around.maximum(around.T)[i, j], expected, 3)


def test_every_point_is_surrounded():
    sampling = scattered(400)
    around, _ = surround(sampling, nearest_neighbours(sampling.xyz, 4))
    around = around.maximum(around.T)
    for i in range(len(sampling)):
        row = around.indices[around.indptr[i] : around.indptr[i + 1]]
        assert largest_gap(sampling.xyz, i, row) < np.pi


@pytest.mark.parametrize(
    "sampling",
    [HEALPix(4), Equiangular(8), HEALPix(8)[np.arange(100)]],
    ids=lambda s: s.name,
)
def test_other_samplings_keep_their_links(sampling):
    pattern = nearest_neighbours(sampling.xyz, 6)
    assert surround(sampling, pattern) == (pattern, 0)


def test_links_do_not_reach_across_what_is_empty():
    whole = scattered(1000)
    north = Irregular(whole.xyz[whole.xyz[:, 2] > 0.2], extent=math.pi)
    pattern = nearest_neighbours(north.xyz, 6)
    around, n_added = surround(north, pattern)
    assert n_added > 0
    assert around.data.max() <= REACH * pattern.data.max()
    # A part of a sampling has the links of the whole, and no others.
    part = whole[whole.xyz[:, 2] > 0.2]
    of_part, _ = surround(part, nearest_neighbours(part.xyz, 6))
    assert of_part.data.max() <= around.data.max()


def test_fitted_weights_are_better_for_it():
    sampling = scattered(2000)
    with_them = knn_graph(sampling, 8, weighting="fitted")
    without = knn_graph(sampling, 8, weighting="fitted", connect=False)
    assert with_them.n_joined > 0 == without.n_joined
    assert with_them.n_edges < 1.2 * without.n_edges
    errors = [
        equivariance_spectrum(graph, range(5, 30)).mean_error(5)
        for graph in (with_them, without)
    ]
    assert errors[0] < 0.75 * errors[1]


def test_complete_graphs_have_nothing_to_add():
    sampling = scattered(10)
    pattern = nearest_neighbours(sampling.xyz, 9)
    assert surround(sampling, pattern)[1] == 0

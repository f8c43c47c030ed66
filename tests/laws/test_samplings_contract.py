"""What holds for every sampling of the sphere."""

import copy
import json
import math
import pickle

import numpy as np
import pytest

from samplings import (
    build_pyramid,
    from_config,
    knn_graph,
    laplacian,
    pyramid_from_config,
    same_sampling,
)
from tests.round_off import assert_near


def test_points_are_unit_vectors(sampling):
    assert_near(np.linalg.norm(sampling.xyz, axis=1), 1, 3)
    assert sampling.xyz.shape == (sampling.n_vertices, 3) == (len(sampling), 3)


def test_areas_are_positive_and_sum_to_the_covered_area(sampling):
    assert (sampling.weights > 0).all()
    whole = 4 * np.pi
    if sampling.name.endswith("masked"):
        assert sampling.area < whole
        np.testing.assert_allclose(
            sampling.weights, sampling.parent.weights[sampling.index], rtol=0
        )
    elif (sampling.xyz[:, 2] > 0).all():
        # Points of a region share their convex hull.
        assert 0.9 < sampling.area / (2 * np.pi * (1 - sampling.xyz[:, 2].min())) < 1
    else:
        assert_near(sampling.weights.sum(), whole, len(sampling))
        assert_near(np.float64(sampling.area), whole, len(sampling))


def test_angles_give_back_the_points(sampling):
    theta, phi = sampling.theta, sampling.phi
    xyz = np.stack(
        [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], 1
    )
    assert_near(xyz, sampling.xyz, 3)
    assert (theta >= 0).all() and (theta <= np.pi).all()
    assert (phi >= 0).all() and (phi < 2 * np.pi).all()
    assert_near(sampling.lon, np.degrees(phi), 1, 360)
    assert_near(sampling.lat, 90 - np.degrees(theta), 1, 180)


def test_arrays_are_read_only(sampling):
    for array in (sampling.xyz, sampling.weights, sampling.theta, sampling.phi):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    "travel", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_copies_are_equal_and_read_only_too(sampling, travel):
    # Data loaders send samplings to worker processes.
    again = travel(laplacian(knn_graph(sampling, 4)))
    assert same_sampling(again.graph.sampling, sampling)
    assert not again.matrix.data.flags.writeable
    assert not again.graph.adjacency.data.flags.writeable
    test_arrays_are_read_only(again.graph.sampling)
    assert not travel(sampling.coarsen()).assign.data.flags.writeable


def test_coarsening_partitions_the_cells_and_conserves_area(sampling):
    coarsening = sampling.coarsen()
    assign, coarse = coarsening.assign, coarsening.coarse
    assert coarsening.fine is sampling
    assert assign.data.min() > 0
    assert_near(assign.sum(axis=0), 1, np.diff(assign.tocsc().indptr).max())
    np.testing.assert_allclose(assign @ sampling.weights, coarse.weights, rtol=1e-12)
    assert_near(np.float64(coarse.area), sampling.area, len(sampling))
    assert len(coarse) < len(sampling) / 2
    assert np.diff(assign.indptr).min() >= 1


def test_coarse_cells_are_near_their_children(sampling):
    coarsening = sampling.coarsen()
    entries = coarsening.assign.tocoo()
    chords = np.linalg.norm(
        coarsening.coarse.xyz[entries.row] - sampling.xyz[entries.col], axis=1
    )
    # A cell of solid angle a has a radius of some sqrt(a / pi); on rings at the poles
    # and in gaps of scattered points it is longer than wide.
    radius = np.sqrt(coarsening.coarse.weights[entries.row] / np.pi)
    assert np.median(chords / radius) < 1.5


def test_configuration_rebuilds_the_sampling_to_the_last_bit(sampling):
    rebuilt = from_config(json.loads(json.dumps(sampling.config)))
    assert type(rebuilt) is type(sampling)
    np.testing.assert_array_equal(rebuilt.xyz, sampling.xyz)
    np.testing.assert_array_equal(rebuilt.weights, sampling.weights)
    assert rebuilt.config == sampling.config
    assert rebuilt.name == sampling.name
    assert same_sampling(rebuilt, sampling)


def test_coarse_sampling_has_a_configuration_too(sampling):
    coarse = sampling.coarsen().coarse
    rebuilt = from_config(json.loads(json.dumps(coarse.config)))
    np.testing.assert_array_equal(rebuilt.xyz, coarse.xyz)
    np.testing.assert_array_equal(rebuilt.weights, coarse.weights)


def test_text_names_the_sampling(sampling):
    assert str(len(sampling)) in repr(sampling)
    assert type(sampling).__name__ in repr(sampling)
    assert type(sampling).__name__.lower() in sampling.name


def test_mask_keeps_vertices_in_order(sampling):
    mask = sampling.xyz[:, 0] > 0
    part = sampling[mask]
    np.testing.assert_array_equal(part.xyz, sampling.xyz[mask])
    np.testing.assert_array_equal(part.weights, sampling.weights[mask])
    np.testing.assert_array_equal(part.mask, mask)
    assert same_sampling(part, sampling[np.flatnonzero(mask)])
    backwards = sampling[np.flatnonzero(mask)[::-1]]
    np.testing.assert_array_equal(backwards.xyz, part.xyz[::-1])
    np.testing.assert_array_equal(backwards.weights, part.weights[::-1])
    np.testing.assert_array_equal(backwards.mask, mask)


def test_pyramid_rebuilds_exactly(sampling):
    pyramid = build_pyramid(sampling, depth=2, k=8)
    rebuilt = pyramid_from_config(json.loads(json.dumps(pyramid.config)))
    assert len(rebuilt) == len(pyramid) == len(pyramid.coarsenings) + 1 == 2
    assert pyramid.sampling is sampling
    for a, b in zip(pyramid.graphs, rebuilt.graphs, strict=True):
        assert same_sampling(a.sampling, b.sampling)
        assert a.t == b.t or (math.isnan(a.t) and math.isnan(b.t))
        assert (a.weighting, a.n_joined, a.note) == (b.weighting, b.n_joined, b.note)
        np.testing.assert_array_equal(a.adjacency.data, b.adjacency.data)
        np.testing.assert_array_equal(a.adjacency.indices, b.adjacency.indices)
    for a, b in zip(pyramid.coarsenings, rebuilt.coarsenings, strict=True):
        np.testing.assert_array_equal(a.assign.toarray(), b.assign.toarray())

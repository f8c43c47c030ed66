"""Pyramids: their levels, and where they end."""

import json

import numpy as np
import pytest

from samplings import (
    Equiangular,
    HEALPix,
    Icosahedral,
    build_pyramid,
    knn_graph,
    pyramid_from_config,
)


@pytest.mark.parametrize(
    ("sampling", "sizes"),
    [
        (HEALPix(8), [768, 192, 48, 12]),
        (HEALPix(12, nest=False), [1728, 432, 108]),
        (Icosahedral(3), [642, 162, 42, 12]),
        (Equiangular(16, 24), [384, 96, 24]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_levels_follow_each_other(sampling, sizes):
    pyramid = build_pyramid(sampling, len(sizes), 8)
    assert [len(graph.sampling) for graph in pyramid.graphs] == sizes
    for i, coarsening in enumerate(pyramid.coarsenings):
        assert coarsening.fine is pyramid.graphs[i].sampling
        assert coarsening.coarse is pyramid.graphs[i + 1].sampling


def test_options_reach_every_level():
    pyramid = build_pyramid(
        HEALPix(4),
        2,
        6,
        t=[0.1, 0.2],
        distance="geodesic",
        symmetrize="union",
        weighting="heat",
    )
    for graph, t in zip(pyramid.graphs, (0.1, 0.2), strict=True):
        alone = knn_graph(graph.sampling, 6, t, "geodesic", "union", weighting="heat")
        np.testing.assert_array_equal(graph.adjacency.data, alone.adjacency.data)


def test_levels_with_too_few_vertices_are_complete_graphs():
    pyramid = build_pyramid(HEALPix(2), 2, 20)
    assert [graph.k for graph in pyramid.graphs] == [20, 11]
    assert pyramid.graphs[1].adjacency.nnz == 12 * 11


def test_single_level_has_no_coarsening():
    pyramid = build_pyramid(HEALPix(3, nest=False), 1, 8)
    assert len(pyramid) == 1 and pyramid.coarsenings == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0, "k": 8}, "depth must be at least 1, got 0"),
        ({"depth": 2, "k": 0}, "k must be at least 1, got 0"),
        (
            {"depth": 4, "k": 8},
            "level 3 is the last: nside must be even .* use depth=3",
        ),
        ({"depth": 2, "k": 8, "t": [0.1]}, r"width a level, 2 in all, got \[0.1\]"),
        ({"depth": 2, "k": 8, "t": 0.1}, "width a level, 2 in all, got 0.1; leave"),
        ({"depth": 2, "k": 8, "distance": "km"}, "distance must be 'chordal'"),
    ],
)
def test_errors_for_options(options, message):
    with pytest.raises(ValueError, match=message):
        build_pyramid(HEALPix(4), **options)


def test_error_for_a_level_of_one_vertex():
    with pytest.raises(ValueError, match="leave 1 vertex of equiangular-2x2"):
        build_pyramid(Equiangular(2, 2), 2, 1)


def test_levels_may_be_any_samplings():
    levels = [Icosahedral(2), HEALPix(1)]
    pyramid = build_pyramid(Equiangular(16), 3, 6, coarser=levels)
    assert [graph.sampling for graph in pyramid.graphs[1:]] == levels
    ones = np.ones(len(pyramid.sampling))
    for coarsening in pyramid.coarsenings:
        ones = coarsening.assign @ (ones * coarsening.fine.weights)
        ones /= coarsening.coarse.weights
        np.testing.assert_allclose(ones, 1, rtol=1e-9)
    rebuilt = pyramid_from_config(json.loads(json.dumps(pyramid.config)))
    for a, b in zip(pyramid.coarsenings, rebuilt.coarsenings, strict=True):
        np.testing.assert_array_equal(a.assign.toarray(), b.assign.toarray())


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([], "coarser must list the 1 levels below healpix-4, got 0"),
        ([Icosahedral(3)], "must be coarser than the one before, got icosahedral-3"),
    ],
)
def test_error_for_wrong_levels(levels, message):
    with pytest.raises(ValueError, match=message):
        build_pyramid(HEALPix(4), 2, 8, coarser=levels)

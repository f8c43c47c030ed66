"""Pyramids: their levels, and where they end."""

import json

import numpy as np
import pytest

from samplings import (
    AreaCorrected,
    Equiangular,
    HEALPix,
    Heat,
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
    widths = [Heat(t=t, distance="geodesic", symmetrize="union") for t in (0.1, 0.2)]
    pyramid = build_pyramid(HEALPix(4), 2, 6, weighting=widths)
    for graph, weighting in zip(pyramid.graphs, widths, strict=True):
        alone = knn_graph(graph.sampling, 6, weighting)
        np.testing.assert_array_equal(graph.adjacency.data, alone.adjacency.data)
        assert (graph.distance, graph.symmetrize) == ("geodesic", "union")
    again = pyramid_from_config(json.loads(json.dumps(pyramid.config)))
    assert again.config == pyramid.config
    assert [graph.t for graph in again.graphs] == [0.1, 0.2]


# As checkpoints of version 0.1 have them.
OLD = {
    "sampling": {"type": "healpix", "nside": 2, "nest": True},
    "depth": 2,
    "coarser": None,
    "k": 8,
    "t": None,
    "distance": "chordal",
    "symmetrize": "average",
    "weighting": "fitted",
    "connect": True,
}
OLDEST = {"sampling": OLD["sampling"], "depth": 2, "k": 8, "t": [0.1, 0.2]}


@pytest.mark.parametrize(
    ("config", "weighting", "connect"),
    [
        (OLD, "fitted", True),
        (OLD | {"weighting": "fitted-irls"}, "fitted-irls", True),
        (
            OLD | {"weighting": "heat", "distance": "geodesic", "symmetrize": "union"},
            Heat(distance="geodesic", symmetrize="union"),
            True,
        ),
        (OLD | {"weighting": "area-corrected"}, AreaCorrected(), True),
        (OLDEST, [Heat(t=0.1), Heat(t=0.2)], False),
    ],
)
def test_configurations_of_older_files_are_read(config, weighting, connect):
    old = pyramid_from_config(config)
    new = build_pyramid(HEALPix(2), 2, 8, weighting=weighting, connect=connect)
    assert old.config == new.config
    for a, b in zip(old.graphs, new.graphs, strict=True):
        np.testing.assert_array_equal(a.adjacency.toarray(), b.adjacency.toarray())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t": 0.1}, "one kernel width a level, got 0.1"),
        ({"t": [0.1, 0.2]}, "'fitted' weights have no option t"),
        ({"distance": "geodesic"}, "'fitted' weights have no option distance"),
        ({"weighting": "warm"}, "weighting must be .*, got 'warm'"),
        ({"weighting": {"name": "heat", "width": 1}}, "have no option width"),
        ({"weighting": 3}, "weighting must be a mapping, got 3"),
    ],
)
def test_errors_for_configurations(change, message):
    with pytest.raises(ValueError, match=message):
        pyramid_from_config(OLD | change)


def test_another_sampling_gets_a_pyramid_built_alike():
    pyramid = build_pyramid(HEALPix(4), 2, 6, weighting=Heat(distance="geodesic"))
    moved = pyramid.with_sampling(Icosahedral(2))
    assert moved.sampling.name == "icosahedral-2"
    alike = {**pyramid.config, "sampling": moved.sampling.config}
    assert moved.config == alike
    for options in (
        {"weighting": Heat(t=0.1)},
        {"weighting": ["heat", "fitted"]},
        {"coarser": [HEALPix(1)]},
    ):
        chosen = build_pyramid(HEALPix(2), 2, 6, **options)
        with pytest.raises(ValueError, match="chosen for its own sampling; build"):
            chosen.with_sampling(HEALPix(4))


def test_levels_with_too_few_vertices_are_complete_graphs():
    pyramid = build_pyramid(HEALPix(2), 2, 20)
    assert [graph.k for graph in pyramid.graphs] == [20, 11]
    assert pyramid.graphs[1].adjacency.nnz == 12 * 11


@pytest.mark.parametrize("weighting", ["heat", "fitted-single"])
def test_progress_counts_vertices_over_all_levels(weighting):
    told = []
    pyramid = build_pyramid(
        HEALPix(4), 3, 8, weighting=weighting, progress=lambda *x: told.append(x)
    )
    done = [x[0] for x in told]
    assert {x[1] for x in told} == {192 + 48 + 12}
    assert done == sorted(done) and done[-1] == 252
    assert {192, 240} <= set(done)
    again = []
    pyramid_from_config(pyramid.config, progress=lambda *x: again.append(x))
    assert again == told


def test_levels_above_the_first_graph_are_only_coarsened():
    whole = build_pyramid(HEALPix(8), 4, 8, weighting="heat")
    told = []
    pyramid = build_pyramid(
        HEALPix(8),
        4,
        8,
        weighting="heat",
        first_graph=2,
        progress=lambda *x: told.append(x),
    )
    assert len(pyramid) == 4 and pyramid.first_graph == 2 and len(pyramid.graphs) == 2
    assert whole.first_graph == 0 and len(whole.graphs) == 4
    assert pyramid.sampling.name == "healpix-8"
    assert repr(pyramid) == (
        "Pyramid(healpix-8) with 768, 192, 48, 12 vertices, graphs from level 2 on"
    )
    for a, b in zip(pyramid.graphs, whole.graphs[2:], strict=True):
        np.testing.assert_array_equal(a.adjacency.toarray(), b.adjacency.toarray())
    assert pyramid.graphs[0].sampling is pyramid.coarsenings[1].coarse
    assert told[-1] == (60, 60)
    again = pyramid_from_config(json.loads(json.dumps(pyramid.config)))
    assert again.config == pyramid.config and again.first_graph == 2
    moved = pyramid.with_sampling(HEALPix(16))
    assert moved.first_graph == 2 and len(moved.graphs[0].sampling) == 192


def test_a_list_of_weightings_has_one_for_each_graph():
    pyramid = build_pyramid(
        HEALPix(4), 3, 6, weighting=[Heat(t=0.1), Heat(t=0.2)], first_graph=1
    )
    assert [graph.t for graph in pyramid.graphs] == [0.1, 0.2]


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
        (
            {"depth": 2, "k": 8, "weighting": ["heat"]},
            "one for each of 2 levels, got 1",
        ),
        (
            {"depth": 2, "k": 8, "first_graph": 2},
            "first_graph must be one of the levels 0 to 1, got 2; pass the level of",
        ),
        ({"depth": 2, "k": 8, "first_graph": -1}, "must be at least 0, got -1"),
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
        ([], "coarser must list the 1 level below healpix-4, got 0"),
        ([Icosahedral(3)], "must be coarser than the one before, got icosahedral-3"),
    ],
)
def test_error_for_wrong_levels(levels, message):
    with pytest.raises(ValueError, match=message):
        build_pyramid(HEALPix(4), 2, 8, coarser=levels)

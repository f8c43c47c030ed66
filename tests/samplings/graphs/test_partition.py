"""Vertices dealt to ranks: regions, balance, levels, and bad input."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplings import (
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    Partition,
    build_pyramid,
    knn_graph,
)

PLACES = {
    "healpix": HEALPix(8, nest=True),
    "ring": HEALPix(8),
    "part": HEALPix(8, nest=True)[range(70, 600)],
    "icosahedral": Icosahedral(3),
    "gauss-legendre": GaussLegendre(12),
    "fibonacci": Fibonacci(400),
}


def pyramid(name, depth=2):
    return build_pyramid(PLACES[name], depth, 6, weighting="heat")


@pytest.mark.parametrize("name", PLACES)
@given(ranks=st.integers(1, 9))
@settings(max_examples=5, deadline=None)
def test_each_vertex_has_one_rank_and_ranks_have_like_numbers_of_edges(name, ranks):
    graph = knn_graph(PLACES[name], 6, weighting="heat")
    partition = Partition(graph, ranks)
    (owners,) = partition.owners
    parts = [partition.vertices(rank) for rank in range(ranks)]
    np.testing.assert_array_equal(
        np.sort(np.concatenate(parts)), np.arange(len(graph.sampling))
    )
    edges = np.diff(graph.adjacency.indptr) + 1.0
    loads = np.bincount(owners, edges, ranks)
    # Each cut may be off by half a vertex, and there are up to four, one in another.
    assert loads.max() - loads.min() <= 4 * edges.max()


@pytest.mark.parametrize("name", PLACES)
def test_ranks_are_regions(name):
    graph = knn_graph(PLACES[name], 6, weighting="heat")
    owners = Partition(graph, 4).owners[0]
    edges = graph.adjacency.tocoo()
    cut = (owners[edges.row] != owners[edges.col]).mean()
    # Dealt at random, three quarters of the edges would lead to other ranks.
    assert cut < 0.25


@pytest.mark.parametrize("name", PLACES)
def test_finer_vertices_go_where_most_of_their_area_is(name):
    levels = pyramid(name, 3)
    partition = Partition(levels, 3)
    for level, coarsening in enumerate(levels.coarsenings):
        fine, coarse = partition.owners_at(level), partition.owners_at(level + 1)
        shares = coarsening.assign.toarray()
        largest = shares.max(axis=0)
        for vertex in range(len(fine)):
            parents = np.flatnonzero(shares[:, vertex] >= largest[vertex] - 1e-12)
            assert fine[vertex] in coarse[parents]


def test_nested_pixels_are_runs():
    partition = Partition(pyramid("healpix", 3), 5)
    for owners in partition.owners:
        assert (np.diff(owners) >= 0).all()
    plain = Partition(PLACES["healpix"], 4)
    np.testing.assert_array_equal(plain.vertices(1), np.arange(192, 384))


def test_few_vertices_leave_ranks_empty():
    partition = Partition(HEALPix(1, nest=True), 24)
    counts = [len(partition.vertices(rank)) for rank in range(24)]
    assert sum(counts) == 12 and max(counts) == 1


def test_copies_are_equal_and_read_only():
    partition = pickle.loads(pickle.dumps(Partition(PLACES["icosahedral"], 3)))
    np.testing.assert_array_equal(
        partition.owners[0], Partition(PLACES["icosahedral"], 3).owners[0]
    )
    with pytest.raises(ValueError, match="read-only"):
        partition.owners[0][0] = 1


def test_bad_arguments_are_refused():
    with pytest.raises(TypeError, match="place must be"):
        Partition(np.eye(3), 2)
    with pytest.raises(ValueError, match="ranks must be at least 1"):
        Partition(HEALPix(1), 0)
    with pytest.raises(TypeError, match="ranks must be an integer"):
        Partition(HEALPix(1), 1.5)
    partition = Partition(HEALPix(1), 2)
    with pytest.raises(ValueError, match="rank must be below 2, got 2"):
        partition.vertices(2)
    with pytest.raises(ValueError, match="level must be below 1, the number of lev"):
        partition.vertices(0, level=1)

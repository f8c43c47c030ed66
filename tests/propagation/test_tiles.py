"""Tiles hold all that polynomials at their cores need, once and in order."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.propagation import cut_into_tiles, whole_tile
from deepsphere_pyg.propagation.signal_groups import groups
from samplings import GaussLegendre, HEALPix, Icosahedral, knn_graph, laplacian


def rows_of(sampling, k=8) -> sp.csr_array:
    return sp.csr_array(laplacian(knn_graph(sampling, k, weighting="heat")).rescaled())


def shuffled(matrix: sp.csr_array) -> sp.csr_array:
    order = np.random.default_rng(0).permutation(matrix.shape[0])
    return sp.csr_array(matrix[order][:, order])


def in_pieces(matrix: sp.csr_array) -> sp.csr_array:
    return sp.csr_array(sp.block_diag([matrix, matrix], format="csr"))


MATRICES = {
    "nested": rows_of(HEALPix(16)),
    "ring": rows_of(HEALPix(16, nest=False), 8),
    "icosahedral": rows_of(Icosahedral(4), 6),
    "rows of a grid": rows_of(GaussLegendre(32)),
    "shuffled": shuffled(rows_of(HEALPix(16))),
    "shuffled, in pieces": shuffled(in_pieces(rows_of(HEALPix(8)))),
    "one way": sp.csr_array(sp.tril(rows_of(HEALPix(16)))),
}


@pytest.fixture(params=MATRICES)
def matrix(request):
    return MATRICES[request.param]


def check_tiles(matrix: sp.csr_array, tiles, hops: int) -> None:
    """Each vertex is in one core; rows are the matrix's; reach grows edge by edge."""
    cores = np.concatenate([tile.core.numpy() for tile in tiles])
    assert np.array_equal(np.sort(cores), np.arange(matrix.shape[0]))
    for tile in tiles:
        vertices = tile.vertices.numpy()
        assert len(np.unique(vertices)) == len(vertices) == tile.counts[-1]
        if tile.first >= 0:
            expected = tile.first + np.arange(tile.counts[0])
            assert np.array_equal(tile.core.numpy(), expected)
        for reach in range(hops):
            offsets, indices, weights = (part.numpy() for part in tile.rows(reach))
            assert len(offsets) == tile.counts[reach] + 1
            # What rows within reach need lies within one edge more.
            assert indices.max(initial=-1) < tile.counts[reach + 1]
            shape = (len(offsets) - 1, len(vertices))
            part = sp.csr_array((weights, indices, offsets), shape=shape)
            expected = matrix[vertices[: tile.counts[reach]]][:, vertices]
            assert abs(part - expected).sum() == 0


@pytest.mark.parametrize("hops", [1, 4])
@pytest.mark.parametrize("size", [300, 1000])
def test_tiles_hold_the_rows_that_polynomials_need(matrix, hops, size):
    tiles = cut_into_tiles(matrix, hops, size, torch.float64)
    assert tiles is not None and len(tiles.table) > 1
    assert tiles.hops == hops
    check_tiles(matrix, tiles, hops)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    n=st.integers(2, 60),
    density=st.floats(0, 0.2),
    hops=st.integers(1, 4),
    size=st.integers(1, 30),
    seed=st.integers(0, 999),
)
def test_tiles_of_any_graph_are_whole(n, density, hops, size, seed):
    rng = np.random.default_rng(seed)
    matrix = sp.csr_array(sp.random_array((n, n), density=density, rng=rng))
    tiles = cut_into_tiles(matrix, hops, size, torch.float64)
    if tiles is not None:
        check_tiles(matrix, tiles, hops)


def test_vertices_in_a_good_order_are_cut_as_they_come():
    tiles = cut_into_tiles(MATRICES["nested"], 4, 768, torch.float32)
    assert tiles is not None
    assert [tile.first for tile in tiles] == [0, 768, 1536, 2304]
    assert tiles.weights.dtype == torch.float32


def test_vertices_in_no_order_are_gathered_by_edges():
    tiles = cut_into_tiles(MATRICES["shuffled"], 4, 768, torch.float32)
    assert tiles is not None
    # Rows computed, over those asked for: compact tiles reach little further.
    computed = sum(sum(tile.counts[:4]) for tile in tiles)
    assert computed < 1.8 * 4 * 3072


def test_what_is_small_or_near_everything_is_not_cut():
    assert cut_into_tiles(MATRICES["nested"], 4, 3072, torch.float64) is None
    everything = sp.csr_array(np.ones((300, 300)))
    assert cut_into_tiles(everything, 4, 50, torch.float64) is None


def test_a_whole_tile_shares_the_tensors_of_the_matrix():
    matrix = MATRICES["icosahedral"]
    parts = (matrix.indptr, matrix.indices, matrix.data)
    offsets, indices, weights = map(torch.from_numpy, parts)
    (tile,) = whole_tile(offsets, indices, weights, 3)
    assert len(tile.vertices) == 0
    assert tile.counts == [2562] * 4
    for part, whole in zip(tile.rows(2), (offsets, indices, weights), strict=True):
        assert part.data_ptr() == whole.data_ptr() and len(part) == len(whole)


def test_signals_of_a_batch_are_one_group_beyond_the_cpu():
    n, channels, batch = 12_288, 16, 32
    parts = torch.arange(n + 1), torch.zeros(n, dtype=torch.int64), torch.ones(n)
    tile = whole_tile(*parts, hops=3)
    # On a core, a signal fills its cache.
    assert [count for _, _, count in groups(tile, batch, channels)] == [1] * batch
    on_a_device = tile.to(torch.device("meta"))
    found = [(first, count) for _, first, count in groups(on_a_device, batch, channels)]
    assert found == [(0, batch)]
    # 256 MB at most.
    numbers = [count * n * 512 for _, _, count in groups(on_a_device, batch, 512)]
    assert 2**25 < max(numbers) <= 2**26 and sum(numbers) == batch * n * 512

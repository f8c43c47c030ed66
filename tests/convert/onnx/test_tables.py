"""Tables of neighbours hold the matrix they were made of."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.convert.onnx.tables import neighbour_table, rows_of_tiles
from deepsphere_pyg.propagation import cut_into_tiles, whole_tile
from samplings import HEALPix, Icosahedral, knn_graph, laplacian


def matrix_of(table, shape):
    matrix = np.zeros(shape)
    rows = np.broadcast_to(np.arange(shape[0])[:, None], table.sources.shape)
    np.add.at(matrix, (rows, table.sources), table.weights)
    np.add.at(matrix, (table.targets, table.more_sources), table.more_weights)
    return matrix


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    density=st.floats(0, 1),
    hubs=st.integers(0, 2),
    seed=st.integers(0, 99),
)
def test_tables_hold_any_matrix(shape, density, hubs, seed):
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=shape) * (rng.random(shape) < density)
    dense[:hubs] = 1
    table = neighbour_table(sp.csr_array(dense))
    np.testing.assert_array_equal(matrix_of(table, shape), dense)


def test_few_wide_rows_do_not_widen_the_table():
    graph = laplacian(knn_graph(HEALPix(16), 8, weighting="heat")).rescaled()
    graph = sp.csr_array(graph)
    # Nine entries a row but where neighbours tie.
    assert neighbour_table(graph).width == 9
    hub = graph.tolil()
    hub[0] = 1
    table = neighbour_table(hub.tocsr())
    assert table.width == 9
    assert len(table.targets) < 3500


def test_pooling_of_nested_pixels_needs_no_table():
    rows = sp.csr_array(HEALPix(2).coarsen().assign)
    assert neighbour_table(rows).in_order
    assert not neighbour_table(sp.csr_array(rows[::-1])).in_order


@pytest.mark.parametrize("sampling", [HEALPix(8), Icosahedral(3)], ids=str)
@pytest.mark.parametrize("size", [100, 300])
def test_tiles_are_put_together_again(sampling, size):
    rows = sp.csr_array(laplacian(knn_graph(sampling, 8, weighting="heat")).rescaled())
    tiles = cut_into_tiles(rows, 1, size, torch.float64)
    assert tiles is not None
    assert (rows_of_tiles(tiles) != rows).nnz == 0
    parts = map(torch.from_numpy, (rows.indptr, rows.indices, rows.data))
    assert (rows_of_tiles(whole_tile(*parts, 3)) != rows).nnz == 0

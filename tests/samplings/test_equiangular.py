"""The regular grid: exact areas, nested blocks, longitude shifts."""

import numpy as np
import pytest

from samplings import Equiangular, knn_graph, laplacian


def test_areas_are_those_between_parallels_and_meridians():
    sampling = Equiangular(6, 10)
    edges = np.cos(np.arange(7) * np.pi / 6)
    area = (edges[:-1] - edges[1:]) * 2 * np.pi / 10
    np.testing.assert_allclose(
        sampling.weights.reshape(6, 10), area[:, None] * np.ones(10)
    )


def test_longitudes_are_twice_the_rings_by_default():
    assert Equiangular(5).config == {"type": "equiangular", "n_theta": 5, "n_phi": 10}
    assert Equiangular(5).name == "equiangular-5x10"


def test_rows_of_a_map_are_rings_from_the_north():
    grid = Equiangular(4, 6)
    lat = grid.lat.reshape(4, 6)
    np.testing.assert_allclose(
        lat, np.array([67.5, 22.5, -22.5, -67.5])[:, None] * np.ones(6)
    )
    np.testing.assert_allclose(grid.lon.reshape(4, 6)[0], np.arange(6) * 60 + 30)


def test_coarse_cells_are_blocks_of_two_by_two():
    coarsening = Equiangular(4, 8).coarsen()
    field = np.random.default_rng(0).random((4, 8))
    blocks = field.reshape(2, 2, 4, 2).sum(axis=(1, 3))
    np.testing.assert_allclose(coarsening.assign @ field.ravel(), blocks.ravel())


def test_coarse_longitude_is_the_mean_of_its_children():
    coarsening = Equiangular(4, 8).coarsen()
    mean = coarsening.assign @ coarsening.fine.phi / 4
    np.testing.assert_allclose(mean, coarsening.coarse.phi)


@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
@pytest.mark.parametrize("k", [4, 8, 20])
@pytest.mark.parametrize("shift", [1, 5])
def test_longitude_shifts_map_the_laplacian_onto_itself(k, shift):
    sampling = Equiangular(16, 32)
    moved = np.roll(np.arange(512).reshape(16, 32), shift, axis=1).ravel()
    matrix = laplacian(knn_graph(sampling, k)).matrix
    assert abs(matrix[moved][:, moved] - matrix).max() < 1e-13


@pytest.mark.parametrize(("shape", "name"), [((5, 8), "n_theta"), ((4, 7), "n_phi")])
def test_error_for_coarsening_odd_sizes(shape, name):
    with pytest.raises(ValueError, match=f"{name} must be even to merge cells"):
        Equiangular(*shape).coarsen()


def test_errors_for_sizes():
    with pytest.raises(ValueError, match="n_theta must be at least 1, got 0"):
        Equiangular(0)
    with pytest.raises(ValueError, match="n_phi must be at least 1, got -2"):
        Equiangular(4, -2)
    with pytest.raises(TypeError, match=r"n_theta must be an integer, got 4\.0"):
        Equiangular(4.0)

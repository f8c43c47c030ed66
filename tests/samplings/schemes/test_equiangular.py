"""The regular grid and its schemes: areas, nested rings, longitude shifts."""

import numpy as np
import pytest

from samplings import Equiangular, from_config, knn_graph, laplacian


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


@pytest.mark.parametrize(("n_theta", "n_phi"), [(1, 1), (6, 10), (7, 13), (64, 128)])
def test_cell_centres_are_what_they_were_to_the_last_bit(n_theta, n_phi):
    # Checkpoints of networks name this grid by its configuration, without a scheme.
    config = {"type": "equiangular", "n_theta": n_theta, "n_phi": n_phi}
    grid = from_config(config)
    theta = (np.arange(n_theta) + 0.5) * (np.pi / n_theta)
    phi = (np.arange(n_phi) + 0.5) * (2 * np.pi / n_phi)
    xyz = np.empty((n_theta, n_phi, 3))
    xyz[..., 0] = np.sin(theta)[:, None] * np.cos(phi)
    xyz[..., 1] = np.sin(theta)[:, None] * np.sin(phi)
    xyz[..., 2] = np.cos(theta)[:, None]
    area = (4 * np.pi / n_phi) * np.sin(theta) * np.sin(np.pi / (2 * n_theta))
    np.testing.assert_array_equal(grid.xyz, xyz.reshape(-1, 3))
    np.testing.assert_array_equal(grid.weights, np.repeat(area, n_phi))
    assert grid.config == config and grid.scheme == "fejer"
    assert repr(grid).startswith(f"Equiangular(n_theta={n_theta}, n_phi={n_phi}) ")


def test_blocks_hold_whole_cells():
    assign = Equiangular(12, 10).coarsen().assign
    np.testing.assert_array_equal(assign.data, np.ones(120))


@pytest.mark.parametrize(
    ("scheme", "n_theta", "lat", "n_vertices"),
    [
        ("clenshaw-curtis", 5, [90, 45, 0, -45, -90], 26),
        ("driscoll-healy", 4, [90, 45, 0, -45], 25),
    ],
)
def test_schemes_with_poles_have_their_colatitudes(scheme, n_theta, lat, n_vertices):
    grid = Equiangular(n_theta, scheme=scheme)
    assert grid.n_phi == 8 and len(grid) == n_vertices
    np.testing.assert_allclose(grid.lat[grid.grid_index[:, 0]], lat, atol=1e-13)
    np.testing.assert_allclose(grid.lon[1:9], np.arange(8) * 45, atol=1e-13)
    np.testing.assert_array_equal(grid.xyz[0], [0, 0, 1])
    assert grid.config["scheme"] == scheme
    assert grid.name == f"equiangular-{scheme}-{n_theta}x8"
    assert f"scheme={scheme}" in repr(grid)


@pytest.mark.parametrize(
    ("grid", "degree"),
    [
        (Equiangular(8), 7),
        (Equiangular(9), 9),
        (Equiangular(9, 6), 5),
        (Equiangular(8, 20, "clenshaw-curtis"), 7),
        (Equiangular(9, 20, "clenshaw-curtis"), 9),
        (Equiangular(8, scheme="driscoll-healy"), 7),
        (Equiangular(9, scheme="driscoll-healy"), 7),
        (Equiangular(9, 1, "driscoll-healy"), 0),
    ],
)
def test_exact_degree_is_the_lesser_of_rings_and_longitudes(grid, degree):
    assert grid.exact_degree == degree


@pytest.mark.parametrize(
    ("scheme", "n_theta", "coarse_n_theta"),
    [("clenshaw-curtis", 9, 5), ("driscoll-healy", 8, 4)],
)
def test_schemes_with_poles_keep_every_other_vertex(scheme, n_theta, coarse_n_theta):
    coarsening = Equiangular(n_theta, 16, scheme).coarsen()
    fine, coarse = coarsening.fine, coarsening.coarse
    assert (coarse.n_theta, coarse.n_phi) == (coarse_n_theta, 8)
    kept = fine.grid_index[::2, ::2]
    np.testing.assert_allclose(coarse.xyz[coarse.grid_index], fine.xyz[kept])
    # What stays lies whole in its own coarse cell, but for meridians at the poles.
    kept, own = kept[1:-1].ravel(), coarse.grid_index[1:-1].ravel()
    np.testing.assert_allclose(coarsening.assign[own, kept], 1)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (Equiangular(8, 16, "clenshaw-curtis"), "n_theta - 1 must be even to drop"),
        (Equiangular(9, 15, "clenshaw-curtis"), "n_phi must be even to drop every"),
        (Equiangular(9, 16, "driscoll-healy"), "n_theta must be even to drop every"),
        (Equiangular(3, 4, "clenshaw-curtis"), "n_theta must be at least 5 to coarsen"),
        (Equiangular(2, 4, "driscoll-healy"), "n_theta must be at least 4 to coarsen"),
    ],
)
def test_errors_for_coarsening_schemes_with_poles(grid, message):
    with pytest.raises(ValueError, match=message):
        grid.coarsen()


def test_errors_for_schemes():
    with pytest.raises(ValueError, match="scheme must be 'fejer' or 'clenshaw-curtis'"):
        Equiangular(4, scheme="gauss")
    with pytest.raises(ValueError, match="n_theta must be at least 3, got 2"):
        Equiangular(2, scheme="clenshaw-curtis")
    with pytest.raises(ValueError, match="n_theta must be at least 2, got 1"):
        Equiangular(1, scheme="driscoll-healy")

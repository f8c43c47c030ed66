"""The subdivided icosahedron against trimesh and scipy."""

import numpy as np
import pytest
from scipy.spatial import SphericalVoronoi, cKDTree

from samplings import Icosahedral, knn_graph, laplacian
from tests.round_off import assert_near


@pytest.mark.parametrize("level", range(5))
def test_counts_of_vertices_and_faces(level):
    sampling = Icosahedral(level)
    assert len(sampling) == 10 * 4**level + 2
    assert sampling.faces.shape == (20 * 4**level, 3)


@pytest.mark.oracle
@pytest.mark.parametrize("level", range(5))
def test_points_are_those_of_the_trimesh_icosphere(level):
    trimesh = pytest.importorskip("trimesh")
    vertices = trimesh.creation.icosphere(subdivisions=level).vertices
    chords, index = cKDTree(vertices).query(Icosahedral(level).xyz)
    assert chords.max() < 1e-12
    assert len(np.unique(index)) == len(vertices)


@pytest.mark.oracle
@pytest.mark.parametrize("level", range(5))
def test_areas_are_those_of_scipy_voronoi_cells(level):
    sampling = Icosahedral(level)
    voronoi = SphericalVoronoi(sampling.xyz)
    voronoi.sort_vertices_of_regions()
    np.testing.assert_allclose(sampling.weights, voronoi.calculate_areas(), rtol=1e-10)


def test_coarse_vertices_come_first():
    np.testing.assert_array_equal(Icosahedral(3).xyz[:162], Icosahedral(2).xyz)


def test_faces_are_counterclockwise_and_cover_the_sphere():
    sampling = Icosahedral(3)
    corners = sampling.xyz[sampling.faces]
    assert (np.linalg.det(corners) > 0).all()
    assert np.bincount(sampling.faces.ravel()).tolist() == [5] * 12 + [6] * 630


def test_midpoints_are_shared_by_their_two_parents_nearly_evenly():
    coarsening = Icosahedral(4).coarsen()
    n = len(coarsening.coarse)
    shares = coarsening.assign.tocsc()
    np.testing.assert_array_equal(shares[:, np.arange(n)].toarray(), np.eye(n))
    middle = shares[:, np.arange(n, len(coarsening.fine))]
    assert (np.diff(middle.indptr) == 2).all()
    assert np.abs(middle.data - 0.5).max() < 0.08
    u, v = middle.indices.reshape(-1, 2).T
    centre = coarsening.coarse.xyz[u] + coarsening.coarse.xyz[v]
    centre /= np.linalg.norm(centre, axis=1)[:, None]
    assert_near(centre, coarsening.fine.xyz[n:], 4)


def test_flows_between_midpoints_are_the_smallest_that_conserve_area():
    coarsening = Icosahedral(2).coarsen()
    n, fine = len(coarsening.coarse), coarsening.fine
    middle = coarsening.assign.toarray()[:, n:]
    u = np.argmax(middle > 0, axis=0)
    v = n - 1 - np.argmax(middle[::-1] > 0, axis=0)
    columns = np.arange(middle.shape[1])
    flow = (middle[u, columns] - 0.5) * fine.weights[n:]
    incidence = np.zeros_like(middle)
    incidence[u, columns], incidence[v, columns] = 1, -1
    halves = np.abs(incidence) @ fine.weights[n:] / 2
    gain = coarsening.coarse.weights - fine.weights[:n] - halves
    least, *_ = np.linalg.lstsq(incidence, gain)
    assert_near(flow, least, n, fine.weights)


def rotation(axis, angle):
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def turned(sampling, turn):
    chords, index = cKDTree(sampling.xyz).query(sampling.xyz @ turn.T)
    assert chords.max() < 1e-12
    return index


@pytest.mark.parametrize("k", [6, 18])
def test_fivefold_and_threefold_turns_map_the_laplacian_onto_itself(k):
    sampling = Icosahedral(3)
    matrix = laplacian(knn_graph(sampling, k)).matrix
    fivefold = rotation(sampling.xyz[0], 2 * np.pi / 5)
    face = sampling.xyz[Icosahedral(0).faces[0]].sum(axis=0)
    for turn in (fivefold, rotation(face, 2 * np.pi / 3)):
        index = turned(sampling, turn)
        assert abs(matrix[index][:, index] - matrix).max() < 1e-13


def test_shares_have_the_fivefold_symmetry():
    coarsening = Icosahedral(3).coarsen()
    turn = rotation(coarsening.fine.xyz[0], 2 * np.pi / 5)
    fine, coarse = turned(coarsening.fine, turn), turned(coarsening.coarse, turn)
    assert abs(coarsening.assign[coarse][:, fine] - coarsening.assign).max() < 1e-11


def test_errors_for_levels():
    with pytest.raises(ValueError, match="level must be at least 0, got -1"):
        Icosahedral(-1)
    with pytest.raises(TypeError, match=r"level must be an integer, got 2\.5"):
        Icosahedral(2.5)
    with pytest.raises(
        ValueError, match="level must be at least 1 to remove midpoints"
    ):
        Icosahedral(0).coarsen()

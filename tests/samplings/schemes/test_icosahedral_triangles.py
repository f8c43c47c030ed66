"""Triangle-centred icosahedral sampling: duality, nesting, symmetry."""

import numpy as np
import pytest
from scipy.spatial import SphericalVoronoi, cKDTree

from samplings import Coarsening, HEALPix, Icosahedral, IcosahedralTriangles
from tests.round_off import assert_near, round_off


def group_size(generators):
    found = [np.eye(3)]
    for element in found:
        for generator in generators:
            product = generator @ element
            if min(np.abs(product - other).max() for other in found) > 1e-9:
                found.append(product)
    return len(found)


@pytest.mark.parametrize("level", range(4))
def test_vertices_are_the_corners_of_the_hexagonal_cells(level):
    triangles, points = IcosahedralTriangles(level), Icosahedral(level)
    np.testing.assert_array_equal(triangles.corners, points.xyz)
    np.testing.assert_array_equal(triangles.faces, points.faces)
    voronoi = SphericalVoronoi(points.xyz)
    assert len(voronoi.vertices) == len(triangles) == 20 * 4**level
    distance, index = cKDTree(triangles.xyz).query(voronoi.vertices)
    assert distance.max() < 1e-12
    assert len(np.unique(index)) == len(triangles)


@pytest.mark.parametrize("level", range(4))
def test_centres_lie_inside_and_equally_far_from_the_corners(level):
    sampling = IcosahedralTriangles(level)
    corners = sampling.corners[sampling.faces]
    chords = np.linalg.norm(corners - sampling.xyz[:, None], axis=2)
    np.testing.assert_allclose(chords, chords[:, :1] * np.ones(3), rtol=1e-12)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        normal = np.cross(corners[:, a], corners[:, b])
        assert (np.einsum("ij,ij->i", normal, sampling.xyz) > 0).all()


@pytest.mark.parametrize("level", [1, 2, 5])
def test_four_children_cover_their_parent(level):
    fine, coarse = IcosahedralTriangles(level), IcosahedralTriangles(level - 1)
    # Midpoints lie on the arcs between the ends, so the areas add up exactly.
    np.testing.assert_allclose(
        fine.weights.reshape(-1, 4).sum(axis=1), coarse.weights, rtol=1e-12
    )
    parent_corners = coarse.corners[coarse.faces]
    for child in range(4):
        for a, b in ((0, 1), (1, 2), (2, 0)):
            normal = np.cross(parent_corners[:, a], parent_corners[:, b])
            points = fine.corners[fine.faces[child::4]]
            assert np.einsum("ij,ikj->ik", normal, points).min() > -1e-15
    coarsening = fine.coarsen()
    np.testing.assert_array_equal(
        coarsening.assign.tocsc().indices, np.arange(len(fine)) // 4
    )
    # The last child is the one in the middle: its corners are on the three sides.
    assert not np.isin(fine.faces[3::4], np.arange(len(coarse.corners))).any()


@pytest.mark.parametrize("level", [0, 3])
def test_symmetries_are_the_120_of_the_icosahedron(level):
    for sampling in (IcosahedralTriangles(level), Icosahedral(level)):
        assert group_size(sampling.symmetries) == 120
        for matrix in sampling.symmetries:
            assert_near(matrix @ matrix.T, np.eye(3), 3)
            distance, image = cKDTree(sampling.xyz).query(sampling.xyz @ matrix.T)
            assert distance.max() < round_off(float, 9)
            assert len(np.unique(image)) == len(sampling)
            np.testing.assert_allclose(
                sampling.weights[image], sampling.weights, rtol=1e-12
            )


@pytest.mark.parametrize("scheme", [Icosahedral, IcosahedralTriangles])
@pytest.mark.parametrize("level", [0, 2])
def test_quadrature_is_exact_to_degree_five_and_no_further(scheme, level):
    sampling = scheme(level)
    assert sampling.exact_degree == 5
    directions = np.random.default_rng(0).standard_normal((40, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    cosine = sampling.xyz @ directions.T
    for degree in range(1, 6):
        zonal = np.polynomial.legendre.legval(cosine, np.eye(7)[degree])
        assert np.abs(sampling.quadrature @ zonal).max() < 2e-13
    zonal = np.polynomial.legendre.legval(cosine, np.eye(7)[6])
    assert np.abs(sampling.quadrature @ zonal).max() > 1e-4


def test_cells_are_the_triangles():
    sampling = IcosahedralTriangles(2)
    cells = sampling.cells()
    np.testing.assert_allclose(cells.areas, sampling.weights, rtol=1e-12)
    np.testing.assert_array_equal(cells.indices.reshape(-1, 3), sampling.faces)
    near = np.linalg.norm(
        sampling.xyz[cells.neighbours.reshape(-1, 3)] - sampling.xyz[:, None], axis=2
    )
    np.testing.assert_allclose(
        np.sort(near, axis=1), cKDTree(sampling.xyz).query(sampling.xyz, k=4)[0][:, 1:]
    )


def test_errors():
    with pytest.raises(ValueError, match="level must be at least 0, got -1"):
        IcosahedralTriangles(-1)
    with pytest.raises(TypeError, match=r"level must be an integer, got 1\.5"):
        IcosahedralTriangles(1.5)
    with pytest.raises(
        ValueError, match="level must be at least 1 to merge triangles by four"
    ):
        IcosahedralTriangles(0).coarsen()
    with pytest.raises(ValueError, match=r"do not nest .*; use Transfer\.conserv"):
        Coarsening.nested(IcosahedralTriangles(2), HEALPix(1))

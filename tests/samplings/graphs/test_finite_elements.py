"""Finite elements and volumes against the harmonics of the sphere and trimesh."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh
from scipy.spatial import cKDTree

from samplings import (
    Equiangular,
    FiniteVolume,
    HEALPix,
    Icosahedral,
    Irregular,
    delaunay_graph,
    delaunay_weights,
    equivariance_spectrum,
    finite_elements,
    laplacian,
)
from tests.helpers import scattered_points
from tests.round_off import assert_near

law = settings(max_examples=30, derandomize=True, deadline=None)
SAMPLINGS = {
    "healpix": HEALPix(8),
    "grid": Equiangular(12, 20),
    "icosahedral": Icosahedral(3),
}


def irregular(n, seed=0):
    # A few points may lie all in one half of the sphere: meant so.
    return Irregular(scattered_points(n, seed), extent=np.pi)


def regional(n, extent, seed=0):
    """Points of a cap of 60 degrees."""
    xyz = scattered_points(4 * n, seed)
    cap = xyz[xyz[:, 2] > 0.5]
    return Irregular(cap, extent=extent)


def energy(xyz, faces, f):
    """Dirichlet integral of a function linear on each triangle, by its gradients."""
    total = 0.0
    for face in faces:
        a, b, c = xyz[face]
        sides = np.stack([b - a, c - a])
        area = np.linalg.norm(np.cross(*sides)) / 2
        gradient = np.linalg.pinv(sides) @ (f[face[1:]] - f[face[0]])
        total += area * gradient @ gradient
    return total


# -- matrices -----------------------------------------------------------------------
@law
@given(n=st.integers(4, 60), seed=st.integers(0, 10**6), masked=st.booleans())
def test_stiffness_is_the_energy_of_gradients(n, seed, masked):
    sampling = irregular(n, seed)
    if masked:
        sampling = sampling[np.arange(n) % 5 != 1]
    elements = finite_elements(sampling)
    f = np.random.default_rng(seed).standard_normal(len(sampling))
    expected = energy(sampling.xyz, elements.faces, f)
    # Slivers have cotangents that cancel.
    size = np.abs(elements.stiffness.diagonal()).max(initial=1)
    assert abs(f @ elements.stiffness @ f - expected) < 1e-9 * size
    assert abs(elements.stiffness - elements.stiffness.T).sum() == 0
    assert np.abs(elements.stiffness.sum(axis=1)).max() < 1e-12 * size
    assert np.linalg.eigvalsh(elements.stiffness.toarray())[0] > -1e-12 * size


@pytest.mark.oracle
@pytest.mark.parametrize("name", SAMPLINGS)
def test_areas_and_angles_are_those_of_trimesh(name):
    sampling = SAMPLINGS[name]
    elements = finite_elements(sampling)
    mesh = trimesh.Trimesh(sampling.xyz, elements.faces, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume > 0
    np.testing.assert_allclose(elements.lumped.sum(), mesh.area, rtol=1e-12)
    mass = elements.mass_matrix
    np.testing.assert_allclose(mass.sum(), mesh.area, rtol=1e-12)
    np.testing.assert_allclose(mass.sum(axis=1), elements.lumped, rtol=1e-12)
    # Angle at a corner, opposite to the edge between the other two.
    expected = np.zeros((len(sampling),) * 2)
    cotangents = 0.5 / np.tan(mesh.face_angles)
    for corner in range(3):
        i, j = elements.faces[:, corner - 2], elements.faces[:, corner - 1]
        np.add.at(expected, (i, j), cotangents[:, corner])
        np.add.at(expected, (j, i), cotangents[:, corner])
    found = elements.adjacency.toarray()
    np.testing.assert_allclose(found, expected, atol=1e-9 * found.max())


def test_weights_of_the_octahedron_are_known():
    octahedron = Irregular(np.concatenate([np.eye(3), -np.eye(3)]))
    elements = finite_elements(octahedron)
    # Eight equilateral triangles of side sqrt(2): each edge has twice cot(60 deg) / 2.
    np.testing.assert_allclose(elements.adjacency.data, 3**-0.5, rtol=1e-12)
    assert elements.adjacency.nnz == 24
    np.testing.assert_allclose(elements.lumped, 4 * 3**0.5 / 6, rtol=1e-12)
    np.testing.assert_allclose(elements.mass_matrix.diagonal(), 4 * 3**0.5 / 12)
    assert elements.n_negative == 0
    assert (
        repr(elements) == "FiniteElements(Irregular with 6 vertices) with 8 triangles"
    )


@law
@given(n=st.integers(4, 80), seed=st.integers(0, 10**6))
def test_cotangents_are_never_negative_where_points_surround_the_centre(n, seed):
    xyz = scattered_points(n, seed)
    elements = finite_elements(Irregular(np.concatenate([xyz, -xyz])))
    assert elements.n_negative == 0
    assert len(elements.faces) == 4 * n - 4


@pytest.mark.parametrize("name", SAMPLINGS)
def test_links_are_the_edges_that_all_triangulations_have(name):
    sampling = SAMPLINGS[name]
    cotangent = delaunay_weights(sampling, "cotangent").adjacency
    volume = delaunay_weights(sampling, "finite-volume").adjacency
    assert np.array_equal(cotangent.indptr, volume.indptr)
    assert np.array_equal(cotangent.indices, volume.indices)


# -- spectra --------------------------------------------------------------------------
@pytest.mark.parametrize("mass", ["consistent", "cells", "lumped"])
@pytest.mark.parametrize(
    "resolutions",
    [(Icosahedral(2), Icosahedral(3)), (HEALPix(4), HEALPix(8))],
    ids=["icosahedral", "healpix"],
)
def test_eigenvalues_converge_to_those_of_the_sphere(resolutions, mass):
    # l (l + 1), 2 l + 1 times each, up to l = 4; the spacing halves.
    degree = np.arange(5)
    expected = np.repeat(degree * (degree + 1), 2 * degree + 1)
    errors = []
    for sampling in resolutions:
        elements = finite_elements(sampling)
        matrix = {
            "consistent": elements.mass_matrix.toarray(),
            "cells": np.diag(sampling.weights),
            "lumped": np.diag(elements.lumped),
        }[mass]
        found = eigh(
            elements.stiffness.toarray(),
            matrix,
            eigvals_only=True,
            subset_by_index=[0, len(expected) - 1],
        )
        assert abs(found[0]) < 1e-10
        errors.append(np.abs(found[1:] / expected[1:] - 1).max())
    assert errors[1] < 0.05
    np.testing.assert_allclose(errors[0] / errors[1], 4, rtol=0.15)


@pytest.mark.parametrize("name", ["finite-volume", "cotangent"])
@pytest.mark.parametrize(
    "sampling",
    [*SAMPLINGS.values(), irregular(3000)],
    ids=[*SAMPLINGS, "irregular"],
)
def test_mean_eigenvalue_of_degree_one_is_two(sampling, name):
    spectrum = equivariance_spectrum(laplacian(delaunay_graph(sampling, name)), [1])
    # Masses of mean one instead of areas.
    symbol = spectrum.symbol * len(sampling) / (4 * np.pi)
    # Vertices are not quite at the centroids of their cells.
    assert 1.95 < symbol[0] < 2


def test_cells_as_masses_commute_better_with_rotations_than_thirds():
    elements = finite_elements(HEALPix(16))
    cells, lumped = (
        equivariance_spectrum(
            elements.matrix(mass), [5, 10], sampling=elements.sampling
        )
        for mass in ("cells", "lumped")
    )
    assert (cells.error < lumped.error / 4).all()


def test_volumes_and_cotangents_differ_by_the_curvature_of_a_cell():
    gaps = []
    for level in (2, 3, 4):
        sampling = Icosahedral(level)
        volume = delaunay_weights(sampling, "finite-volume").adjacency.data
        gaps.append(
            np.abs(delaunay_weights(sampling, "cotangent").adjacency.data / volume - 1)
        )
    worst = [gap.max() for gap in gaps]
    assert worst[-1] < 1e-3
    np.testing.assert_allclose(worst[0] / worst[1], 4, rtol=0.1)
    np.testing.assert_allclose(worst[1] / worst[2], 4, rtol=0.1)


@settings(law, max_examples=8)
@given(n=st.integers(4, 60), seed=st.integers(0, 10**6))
def test_finite_volumes_are_exact_for_degree_one(n, seed):
    # By Gauss' theorem the flow of x out of a cell is twice the integral of x over it,
    # however uneven the cells are.
    sampling = irregular(n, seed)
    weights = delaunay_weights(sampling).adjacency
    xyz = sampling.xyz
    flow = weights.sum(axis=1)[:, None] * xyz - weights @ xyz
    np.testing.assert_allclose(flow, 2 * centroids(sampling), atol=1e-2)


def centroids(sampling):
    """Integrals of x over Voronoi cells, by nearest vertices of a fine HEALPix map."""
    fine = HEALPix(64)
    owner = cKDTree(sampling.xyz).query(fine.xyz)[1]
    n = len(sampling)
    return np.stack(
        [np.bincount(owner, fine.weights * x, minlength=n) for x in fine.xyz.T], axis=1
    )


# -- parts of the sphere --------------------------------------------------------------
def test_triangles_of_a_part_are_those_of_the_whole_with_all_corners_in_it():
    sphere = HEALPix(8)
    kept = sphere.lat > 20
    inner = sphere[sphere.lat > -30]
    for part in (sphere[kept], inner[inner.lat > 20]):
        whole, elements = finite_elements(sphere), finite_elements(part)
        number = np.cumsum(kept) - 1
        expected = number[whole.faces[kept[whole.faces].all(axis=1)]]
        assert np.array_equal(elements.faces, expected)
        # A third of the kept triangles, none of it beyond the border.
        assert elements.lumped.sum() < part.area
        assert (elements.lumped > 0).all()


def test_constants_have_no_energy_in_any_part():
    part = HEALPix(8)[np.random.default_rng(0).random(768) < 0.7]
    elements = finite_elements(part)
    assert np.abs(elements.stiffness @ np.ones(len(part))).max() < 1e-12
    assert elements.n_negative > 0
    assert (elements.adjacency.data > 0).all()
    dense = elements.stiffness.toarray()
    off = dense[~np.eye(len(part), dtype=bool)]
    assert elements.n_negative == (off > 0).sum() / 2
    assert np.linalg.eigvalsh(dense)[0] > -1e-12


def test_vertices_without_a_triangle_keep_the_mass_of_their_cell():
    sphere = HEALPix(4)
    part = sphere[[0, 191]]
    elements = finite_elements(part)
    assert elements.faces.shape == (0, 3)
    assert elements.stiffness.nnz == 0
    np.testing.assert_allclose(elements.lumped, part.weights)
    np.testing.assert_allclose(elements.mass_matrix.toarray(), np.diag(part.weights))


@pytest.mark.parametrize("name", ["finite-volume", "cotangent"])
def test_weights_of_a_part_are_those_of_the_whole(name):
    sphere = HEALPix(8)
    kept = np.flatnonzero(np.random.default_rng(0).random(768) < 0.6)
    whole, part = (delaunay_weights(s, name).adjacency for s in (sphere, sphere[kept]))
    assert abs(whole[kept][:, kept] - part).sum() == 0


def test_faces_behind_regional_points_are_left_out():
    sampling = regional(300, 0.2)
    elements = finite_elements(sampling)
    a, b, c = (sampling.xyz[corner] for corner in elements.faces.T)
    outward = np.einsum("ij,ij->i", a + b + c, np.cross(b - a, c - a))
    assert (outward > 0).all()
    assert len(elements.faces) < 2 * len(sampling) - 4


@pytest.mark.parametrize("extent", [None, 0.3, 0.1, 0.02])
def test_sides_of_regional_cells_end_at_their_extent(extent):
    sampling = regional(300, extent)
    weights = delaunay_weights(sampling, FiniteVolume(extent=extent)).adjacency
    free = delaunay_weights(sampling).adjacency
    if extent is not None:
        assert weights.sum() < free.sum()
    if extent == 0.3:
        inside = sampling.xyz[:, 2] > np.cos(np.pi / 3 - 0.3)
        assert abs(free[inside] - weights[inside]).max() < 1e-12 * free.max()
    assert (weights.data > 0).all()
    assert abs(weights - weights.T).max() < 1e-12 * weights.max()


def test_side_within_an_extent_is_known_on_the_octahedron():
    # Cells are faces of the cube: sides of 70.5 degrees, their middle 45 from points.
    octahedron = Irregular(np.concatenate([np.eye(3), -np.eye(3)]))
    full = np.arccos(1 / 3)
    for extent in (0.7, np.pi / 4 + 0.05, 0.95, 1.0, np.pi):
        reach = np.arccos(np.clip(np.cos(extent) / np.cos(np.pi / 4), -1, 1))
        expected = min(full, 2 * reach) / 2**0.5
        weights = delaunay_weights(octahedron, FiniteVolume(extent=extent)).adjacency
        assert weights.nnz == (24 if expected > 0 else 0)
        np.testing.assert_allclose(weights.data, expected, rtol=1e-12)


# -- operators ------------------------------------------------------------------------
def test_operator_solves_with_the_consistent_mass():
    elements = finite_elements(irregular(100))
    signals = np.random.default_rng(0).standard_normal((100, 7))
    dense = elements.mass_matrix.toarray(), elements.stiffness.toarray()
    expected = np.linalg.solve(dense[0], dense[1] @ signals)
    operator = elements.operator()
    assert operator.shape == (100, 100)
    np.testing.assert_allclose(operator @ signals, expected, atol=1e-9)
    np.testing.assert_allclose(operator @ signals[:, 0], expected[:, 0], atol=1e-9)


def test_matrices_divide_by_the_masses():
    elements = finite_elements(HEALPix(4))
    stiffness = elements.stiffness.toarray()
    for mass, diagonal in (
        ("cells", elements.sampling.weights),
        ("lumped", elements.lumped),
    ):
        expected = stiffness / diagonal[:, None]
        assert_near(elements.matrix(mass).toarray(), expected)
    assert not elements.matrix().data.flags.writeable


def test_graph_has_the_laplacian_of_finite_elements():
    sampling = HEALPix(8)
    graph = delaunay_graph(sampling, "cotangent")
    expected = finite_elements(sampling).matrix().toarray()
    found = laplacian(graph).matrix.toarray() * len(sampling) / sampling.area
    np.testing.assert_allclose(found, expected, atol=1e-12 * expected.max())


def test_consistent_mass_has_no_sparse_matrix():
    elements = finite_elements(HEALPix(2))
    with pytest.raises(ValueError, match=r"dense matrix with .* use operator\(\)"):
        elements.matrix("consistent")
    with pytest.raises(
        ValueError, match="mass must be 'cells' or 'lumped', got 'area'"
    ):
        elements.matrix("area")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: finite_elements(Equiangular(1, 9)),
            "finite elements need points that are not all on one circle",
        ),
        (
            lambda: finite_elements(Irregular(np.eye(3), np.ones(3))),
            "finite elements need at least 4 points, got 3; add points",
        ),
        (
            lambda: delaunay_weights(Equiangular(1, 9)),
            "Voronoi cells need points that are not all on one circle",
        ),
        (
            lambda: delaunay_weights(HEALPix(1), "heat"),
            "must be 'finite-volume' or 'cotangent', got 'heat'; .* knn_graph",
        ),
        (
            lambda: FiniteVolume(extent=20.0),
            "extent must be an angle in radian, at most pi, got 20.0; convert degrees",
        ),
        (
            lambda: FiniteVolume(extent=0),
            "extent must be positive and finite, got 0",
        ),
    ],
)
def test_errors_say_what_is_wrong(build, message):
    with pytest.raises(ValueError, match=message):
        build()

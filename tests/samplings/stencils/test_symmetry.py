"""Orbits of vertices and edges under the symmetries of samplings."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from samplings import (
    Equiangular,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    Irregular,
    Sampling,
    knn_graph,
)
from samplings.fitting.pattern import fit_pattern
from samplings.points.neighbours import nearest_neighbours
from samplings.stencils.symmetry import (
    commutes,
    edge_permutation,
    orbits,
    vertex_permutations,
)


class Turned(Sampling):
    """A sampling that claims the symmetries it is given."""

    def __init__(self, xyz, weights, symmetries):
        object.__setattr__(self, "claimed", symmetries)
        super().__init__(xyz, weights)

    @property
    def config(self):
        return {"type": "turned"}

    @property
    def symmetries(self):
        return self.claimed


@pytest.mark.parametrize(
    ("sampling", "largest"),
    [
        (HEALPix(8), 16),
        (HEALPix(6, nest=False), 16),
        (Icosahedral(3), 120),
        # A meridian is its own mirror image: two rings per class.
        (Equiangular(6, 16), 2 * 16),
        (GaussLegendre(8), 2 * 16),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_orbits_divide_the_order_of_the_group(sampling, largest):
    classes = orbits(len(sampling), vertex_permutations(sampling))
    assert classes.size.sum() == len(sampling)
    assert (largest % classes.size == 0).all()
    assert classes.size.max() == largest
    np.testing.assert_array_equal(np.bincount(classes.label), classes.size)
    np.testing.assert_array_equal(classes.label[classes.first], np.arange(len(classes)))


@pytest.mark.parametrize("sampling", [HEALPix(4), Icosahedral(2)], ids=lambda s: s.name)
def test_permutations_move_vertices_as_the_matrices_do(sampling):
    for matrix, moved in zip(
        sampling.symmetries, vertex_permutations(sampling), strict=True
    ):
        np.testing.assert_allclose(
            sampling.xyz[moved], sampling.xyz @ matrix.T, atol=1e-12
        )


def test_edges_alike_have_equal_length_and_all_of_an_orbit_is_found():
    sphere = HEALPix(8)
    pattern = fit_pattern(sphere, nearest_neighbours(sphere.xyz, 8))
    upper = sp.triu(pattern.pattern, k=1, format="csr")
    first = upper.data[pattern.edges.first]
    np.testing.assert_allclose(upper.data, first[pattern.edges.label], rtol=1e-12)
    assert pattern.edges.size.max() == 16
    # Every entry of a row finds its edge.
    weights = np.arange(1.0, len(pattern.edges) + 1)
    whole = pattern.assemble(weights)
    rows = whole[pattern.vertices.first]
    np.testing.assert_array_equal(rows.data, weights[pattern.unknown])
    assert abs(whole - whole.T).max() == 0


def test_patterns_that_lack_a_symmetry_are_fitted_without_it():
    sphere = HEALPix(4)
    cut = nearest_neighbours(sphere.xyz, 8)
    near = cut.indices[0]
    cut = sp.csr_array(cut.multiply(cut.T > 0))
    cut[0, near] = cut[near, 0] = 0
    cut.eliminate_zeros()
    whole = fit_pattern(sphere, nearest_neighbours(sphere.xyz, 8))
    part = fit_pattern(sphere, cut)
    assert len(whole.vertices) < len(part.vertices)


def test_values_that_lack_a_symmetry_break_the_orbits():
    sphere = HEALPix(4)
    pattern = nearest_neighbours(sphere.xyz, 8)
    assert len(fit_pattern(sphere, pattern, 2 + sphere.xyz[:, 0]).vertices) > len(
        fit_pattern(sphere, pattern).vertices
    )


def test_operators_are_known_to_commute_or_not():
    sphere = HEALPix(4)
    adjacency = knn_graph(sphere, 8, weighting="heat").adjacency
    broken = adjacency.copy()
    broken.data = broken.data.copy()
    broken.data[5] *= 1 + 1e-6
    for permutation in vertex_permutations(sphere):
        assert commutes(adjacency, permutation)
        assert not commutes(broken, permutation)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.lists(st.permutations(range(12)), min_size=0, max_size=3))
def test_orbits_are_the_components_of_the_moves(permutations):
    arrays = [np.array(p) for p in permutations]
    classes = orbits(12, arrays)
    graph = sp.csr_array((12, 12))
    for p in arrays:
        graph = graph + sp.csr_array((np.ones(12), (np.arange(12), p)), shape=(12, 12))
    count, label = sp.csgraph.connected_components(graph, directed=False)
    assert len(classes) == count
    same = classes.label[:, None] == classes.label
    np.testing.assert_array_equal(same, label[:, None] == label)


def test_images_in_another_order_along_the_direction_are_found():
    # Pairs of points that differ by round-off along any one direction.
    rng = np.random.default_rng(0)
    xyz = rng.standard_normal((60, 3))
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    points = np.concatenate(
        [xyz @ np.linalg.matrix_power(quarter, i) for i in range(4)]
    )
    shaken = points + 1e-15 * rng.standard_normal(points.shape)
    sampling = Turned(shaken, np.full(240, 0.05), (quarter,))
    assert len(orbits(240, vertex_permutations(sampling))) == 60


def test_edges_taken_to_no_edge_are_told():
    low, high = np.array([0]), np.array([1])
    assert edge_permutation(np.array([1, 2, 0]), low, high) is None
    assert edge_permutation(np.array([1, 0, 2]), low, high).tolist() == [0]


def test_error_for_matrices_that_are_no_symmetries():
    points = Irregular(np.concatenate([np.eye(3), -np.eye(3)[:2]]), np.ones(5))
    mirror = np.diag([1.0, 1, -1])
    with pytest.raises(ValueError, match=r"symmetry 0 of .* does not map its vertices"):
        vertex_permutations(Turned(points.xyz, points.weights, (mirror,)))
    with pytest.raises(ValueError, match="vertices of the same area"):
        vertex_permutations(
            Turned(points.xyz, [1, 1, 1, 2, 1], (np.diag([-1.0, 1, 1]),))
        )

"""Laplacians of fields of spin: identities, symmetries, and harmonics of healpy."""

import healpy
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from samplings import (
    ConnectionLaplacian,
    Equiangular,
    HEALPix,
    Icosahedral,
    Irregular,
    SphericalGraph,
    connection_laplacian,
    knn_graph,
    lambda_max,
    laplacian,
    tangent_frames,
)
from samplings.stencils.symmetry import vertex_permutations
from tests.helpers import scattered
from tests.round_off import assert_near, round_off

KINDS = ["combinatorial", "normalized", "mass-weighted"]
# With a vertex at each pole, without one, with longest rows, and scattered points.
SAMPLINGS = [Equiangular(8, scheme="clenshaw-curtis"), HEALPix(4), Icosahedral(2)]
SAMPLINGS.append(scattered(150))


def graph_of(sampling, k=8):
    """Fitted weights have masses."""
    return knn_graph(sampling, k, weighting="fitted-single")


def turn(frames, moved_frames):
    """Matrix of each vertex that turns components of one frame to those of another."""
    return np.einsum("vac,vbc->vab", moved_frames, frames)


def block_diagonal(blocks):
    n = len(blocks)
    return sp.bsr_array((blocks, np.arange(n), np.arange(n + 1))).tocsr()


@pytest.mark.parametrize("kind", KINDS)
def test_without_spin_it_is_the_scalar_laplacian_of_both_components(kind):
    graph = graph_of(HEALPix(4))
    scalar, both = laplacian(graph, kind), connection_laplacian(graph, 0, kind)
    assert (both.matrix != sp.kron(scalar.matrix, np.eye(2), format="csr")).nnz == 0
    assert both.matrix.nnz == 2 * scalar.matrix.nnz
    np.testing.assert_array_equal(both.mass, np.repeat(scalar.mass, 2))


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda s: s.name)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spin", [1, 2])
def test_self_adjoint_and_positive_semi_definite(sampling, kind, spin):
    operator = connection_laplacian(graph_of(sampling), spin, kind)
    weighted = sp.diags_array(operator.mass) @ operator.matrix
    assert_near(weighted.toarray(), weighted.toarray().T, 4)
    symmetric = operator.symmetric().toarray()
    values = np.linalg.eigvalsh(symmetric)
    n = len(symmetric)
    assert values[0] > -round_off(float, n, values[-1])
    assert operator.lambda_max == pytest.approx(values[-1], rel=0.011)
    assert operator.lambda_max >= values[-1] * (1 - round_off(float, n))
    rescaled = np.linalg.eigvalsh(2 * symmetric / operator.lambda_max - np.eye(n))
    assert np.abs(rescaled).max() <= 1 + round_off(float, n)
    roots = np.sqrt(operator.mass)
    assert_near(
        operator.rescaled().toarray() * roots[:, None] / roots,
        2 * symmetric / operator.lambda_max - np.eye(n),
        4,
    )


@pytest.mark.parametrize("spin", [1, 2])
def test_commutes_with_quarter_turns_of_all_components(spin):
    matrix = connection_laplacian(graph_of(HEALPix(4)), spin).matrix
    quarter = sp.kron(sp.eye_array(192), [[0, -1], [1, 0]], format="csr")
    assert (matrix @ quarter != quarter @ matrix).nnz == 0


@given(st.integers(0, 2**32 - 1), st.sampled_from(SAMPLINGS), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_rotated_points_give_the_matrix_in_their_own_frames(seed, sampling, spin):
    # Vertices that were near a pole are so no longer, and others are.
    rotation = Rotation.random(random_state=seed).as_matrix()
    graph = graph_of(sampling)
    moved = Irregular(sampling.xyz @ rotation.T, sampling.weights)
    of_moved = SphericalGraph(moved, graph.adjacency, 8, np.nan, mass=graph.mass)
    angle = turn(tangent_frames(sampling) @ rotation.T, tangent_frames(moved))
    angle = np.arctan2(angle[:, 1, 0], angle[:, 0, 0])
    cos, sin = np.cos(spin * angle), np.sin(spin * angle)
    turns = block_diagonal(np.array([[cos, -sin], [sin, cos]]).transpose(2, 0, 1))
    expected = turns @ connection_laplacian(graph, spin, "mass-weighted").matrix
    expected = (expected @ turns.T).toarray()
    found = connection_laplacian(of_moved, spin, "mass-weighted").matrix.toarray()
    # At a distance d from a pole the frame, from coordinates, is known to eps / d.
    distance = np.sin(moved.theta).min()
    assert_near(found, expected, 9, np.abs(expected).max() * (1 + spin / distance))


@pytest.mark.parametrize("spin", [1, 2])
@pytest.mark.parametrize("sampling", SAMPLINGS[:3], ids=lambda s: s.name)
def test_exact_symmetries_of_the_sampling(sampling, spin):
    # Rotations take f to R f with its frames turned; reflections also conjugate it.
    matrix = connection_laplacian(graph_of(sampling), spin).matrix
    frames, n = tangent_frames(sampling), len(sampling)
    for symmetry, permutation in zip(
        sampling.symmetries, vertex_permutations(sampling), strict=True
    ):
        blocks = turn(frames @ np.asarray(symmetry).T, frames[permutation])
        angle = np.arctan2(blocks[:, 1, 0], blocks[:, 0, 0])
        sign = np.linalg.det(blocks).round()
        cos, sin = np.cos(spin * angle), np.sin(spin * angle)
        turns = np.array([[cos, -sign * sin], [sin, sign * cos]]).transpose(2, 0, 1)
        place = sp.csr_array((np.ones(n), (permutation, np.arange(n))), shape=(n, n))
        move = sp.kron(place, np.eye(2), format="csr") @ block_diagonal(turns)
        difference = abs(move @ matrix - matrix @ move)
        # Symmetries map points onto each other to some eps, as do fits.
        assert difference.max() < round_off(float, 30, abs(matrix).max(), c=100)


@pytest.mark.oracle
@pytest.mark.parametrize("nest", [True, False])
@pytest.mark.parametrize("spin", [1, 2, 3])
def test_spin_harmonics_of_healpy_are_nearly_eigenvectors(spin, nest):
    # l (l + 1) - s^2 is the eigenvalue on the sphere: the transport has the sign and
    # the handedness of healpy's Q and U, and of its vectors to the south and the east.
    nside, degree = 8, 4
    operator = connection_laplacian(knn_graph(HEALPix(nside, nest=nest), 20), spin)
    rng = np.random.default_rng(0)
    size = healpy.Alm.getsize(degree)
    alm = np.zeros((2, size), complex)
    rows = healpy.Alm.getidx(degree, degree, np.arange(degree + 1))
    alm[:, rows] = rng.normal(size=(2, degree + 1)) + 1j * rng.normal(
        size=(2, degree + 1)
    )
    alm[:, rows[0]] = alm[:, rows[0]].real
    field = np.stack(healpy.alm2map_spin(alm, nside, spin, degree), axis=1)
    if nest:
        field = field[healpy.nest2ring(nside, np.arange(len(field)))]
    image = (operator.matrix @ field.ravel()).reshape(-1, 2)
    symbol = (field * image).sum() / (field**2).sum()
    assert symbol == pytest.approx(degree * (degree + 1) - spin**2, rel=0.06)
    error = np.linalg.norm(image - symbol * field) / np.linalg.norm(image)
    assert error < 0.01


def test_largest_eigenvalue_is_measured_on_the_matrix():
    operator = connection_laplacian(graph_of(HEALPix(4)), 2)
    assert operator.lambda_max == lambda_max(operator.symmetric())


def test_copies_stay_read_only_and_names_say_what_it_is():
    operator = connection_laplacian(knn_graph(HEALPix(1), 4, "heat"), 2, "normalized")
    assert isinstance(operator, ConnectionLaplacian)
    assert not operator.matrix.data.flags.writeable
    assert repr(operator).startswith("ConnectionLaplacian(normalized, spin=2) of")


def test_messages():
    graph = knn_graph(HEALPix(1), 4, weighting="heat")
    with pytest.raises(ValueError, match="spin must be at least 0, got -1"):
        connection_laplacian(graph, -1)
    with pytest.raises(ValueError, match="spin must be at most 64, got 65"):
        connection_laplacian(graph, 65)
    with pytest.raises(TypeError, match="spin must be an integer"):
        connection_laplacian(graph, 1.5)
    with pytest.raises(TypeError, match="graph must be a SphericalGraph"):
        connection_laplacian(HEALPix(1), 1)
    with pytest.raises(ValueError, match="kind must be 'combinatorial'"):
        connection_laplacian(graph, 1, "random-walk")
    complete = knn_graph(HEALPix(1), 11, weighting="heat")
    with pytest.raises(ValueError, match="antipodal"):
        connection_laplacian(complete, 1)

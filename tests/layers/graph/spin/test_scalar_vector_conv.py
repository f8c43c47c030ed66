"""Scalars and vectors together: calculus, adjointness, and laws of covariance."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from deepsphere_pyg import (
    ChebConv,
    EdgeOperator,
    ScalarVectorConv,
    ScalarVectorOperators,
    SpinChebConv,
    laplacian_operator,
)
from samplings import (
    HEALPix,
    connection_laplacian,
    gradient_matrix,
    knn_graph,
    laplacian,
    tangent_frames,
)
from samplings.stencils.symmetry import vertex_permutations
from tests.helpers import random
from tests.layers.graph.spin.test_spin_layers import (
    ICOSAHEDRON,
    is_rotation,
    moved,
    turned,
)
from tests.round_off import assert_near

AXIS = np.array([0.3, -0.5, 0.81])


@pytest.mark.parametrize(("k", "bound"), [(8, 0.2), (20, 0.02), (40, 0.02)])
def test_gradients_and_divergences_of_known_fields(k, bound):
    # Wider stencils have a symbol further from l (l + 1), and hence another scale.
    # Of z and its like: the gradient is the axis on the tangent plane; the divergence
    # of that is -2 z, and its curl vanishes.
    sampling = HEALPix(16)
    matrix = laplacian(knn_graph(sampling, k))
    gradient = gradient_matrix(matrix)
    height = sampling.xyz @ AXIS
    field = tangent_frames(sampling) @ AXIS
    error = (gradient @ height).reshape(-1, 2) - field
    assert np.sqrt((error**2).sum(1).mean()) < bound / 4
    masses = np.repeat(matrix.mass, 2)
    divergence = -(gradient.T @ (masses * field.ravel())) / matrix.mass
    assert np.sqrt(((divergence + 2 * height) ** 2).mean()) < bound
    turned_field = np.stack([-field[:, 1], field[:, 0]], axis=1)
    curl = -(gradient.T @ (masses * turned_field.ravel())) / matrix.mass
    assert np.sqrt((curl**2).mean()) < bound


def test_constants_have_no_gradient():
    gradient = gradient_matrix(laplacian(knn_graph(HEALPix(4), 8)))
    assert_near(gradient @ np.ones(192), np.zeros(384), 9, abs(gradient).max())


def test_divergence_is_minus_the_adjoint_of_the_gradient():
    matrix = laplacian(knn_graph(HEALPix(4), 20))
    operators = ScalarVectorOperators(matrix).double()
    gradient = operators.gradient.to_scipy().toarray()
    divergence = operators.divergence.to_scipy().toarray()
    left = matrix.mass[:, None] * divergence
    assert_near(left, -(np.repeat(matrix.mass, 2)[:, None] * gradient).T, 4)
    # Cauchy and Schwarz bound the size of gradients by the square root of eight.
    assert 0.5 < np.linalg.svd(gradient, compute_uv=False)[0] < 8**0.5


def test_convolution_is_the_sum_of_its_parts():
    graph = knn_graph(HEALPix(2), 8)
    operators = ScalarVectorOperators(graph).double()
    conv = ScalarVectorConv(3, 2, 5, 4, K=3).double()
    x, v = random(6, 48, 3), random(6, 48, 2, 2, seed=2)
    y, u = conv(x, v, operators)
    i = torch.tensor([[0.0, -1], [1, 0]], dtype=torch.float64)

    def complex_product(v, real, imaginary):
        return v @ real + torch.einsum("ab,...bc->...ac", i, v) @ imaginary

    mixed = complex_product(v, conv.to_scalars, conv.to_scalars_turned)
    wanted = conv.scalars(x, laplacian_operator(graph).double())
    wanted = wanted + operators.divergence(mixed.reshape(6, 96, 5))
    assert_near(y.detach(), wanted.detach(), 100, scale=10)
    of_vectors = laplacian_operator(connection_laplacian(graph, 1)).double()
    gradient = operators.gradient(x).reshape(6, 48, 2, 3)
    wanted = conv.vectors(v, of_vectors) + complex_product(
        gradient, conv.to_vectors, conv.to_vectors_turned
    )
    assert_near(u.detach(), wanted.detach(), 100, scale=10)
    assert isinstance(conv.scalars, ChebConv)
    assert isinstance(conv.vectors, SpinChebConv)


def in_other_frames(operators, angle):
    """Operators for frames that are turned by angles ``(V,)``."""
    n = len(angle)
    cos, sin = np.cos(angle.numpy()), np.sin(angle.numpy())
    blocks = np.array([[cos, -sin], [sin, cos]]).transpose(2, 0, 1)
    turn = sp.bsr_array((blocks, np.arange(n), np.arange(n + 1))).tocsr()
    other = copy.deepcopy(operators)
    for name, left, right in (
        ("vectors", turn, turn.T),
        ("gradient", turn, sp.eye_array(n)),
        ("divergence", sp.eye_array(n), turn.T),
    ):
        matrix = left @ getattr(operators, name).to_scipy() @ right
        setattr(other, name, EdgeOperator(sp.csr_array(matrix), dtype=torch.float64))
    return other


@pytest.mark.parametrize("parity", [True, False])
def test_turns_of_the_frames_commute(parity):
    operators = ScalarVectorOperators(knn_graph(HEALPix(2), 8)).double()
    torch.manual_seed(0)
    conv = ScalarVectorConv(3, 2, 5, 4, K=3, parity=parity).double()
    x, v, angle = random(6, 48, 3), random(6, 48, 2, 2, seed=2), random(48, seed=3)
    y, u = conv(x, v, operators)
    found = conv(x, turned(v, angle), in_other_frames(operators, angle))
    assert_near(found[0].detach(), y.detach(), 100, scale=10)
    assert_near(found[1].detach(), turned(u, angle).detach(), 100, scale=10)


@pytest.mark.parametrize("parity", [True, False])
@pytest.mark.parametrize("number", range(len(ICOSAHEDRON.symmetries)))
def test_symmetries_of_the_icosahedron_commute(parity, number):
    operators = ScalarVectorOperators(knn_graph(ICOSAHEDRON, 6)).double()
    torch.manual_seed(0)
    conv = ScalarVectorConv(3, 2, 5, 4, K=3, parity=parity).double()
    x, v = random(6, 42, 3), random(6, 42, 2, 2, seed=2)
    permutation = torch.from_numpy(vertex_permutations(ICOSAHEDRON)[number])

    def both(x, v):
        place = torch.empty_like(x)
        place[..., permutation, :] = x
        return place, moved(v, ICOSAHEDRON, number, 1)

    wanted = both(*conv(x, v, operators))
    found = conv(*both(x, v), operators)
    if parity or is_rotation(number):
        for one, other in zip(found, wanted, strict=True):
            # The symmetries map points onto each other to some eps.
            assert_near(one.detach(), other.detach(), 100, scale=10, c=100)
    else:
        assert (found[0] - wanted[0]).abs().max() > 0.01
        assert (found[1] - wanted[1]).abs().max() > 0.01


def test_error_falls_with_the_number_of_neighbours():
    # A layer that commutes with rotations takes P_4 about any axis, and its gradient,
    # to multiples of these, since it keeps the turns about the axis, degrees and, with
    # parity, reflections.
    sampling = HEALPix(8)
    t, axis = sampling.xyz @ AXIS, tangent_frames(sampling) @ AXIS
    t, axis = t / np.linalg.norm(AXIS), axis / np.linalg.norm(AXIS)
    x = torch.from_numpy((35 * t**4 - 30 * t**2 + 3) / 8)[:, None]
    v = torch.from_numpy((35 * t**3 - 15 * t)[:, None] / 2 * axis)[..., None]
    torch.manual_seed(0)
    conv = ScalarVectorConv(1, 1, 3, 2, K=3, parity=True).double()
    errors = []
    for k in (8, 20, 40):
        operators = ScalarVectorOperators(knn_graph(sampling, k)).double()
        with torch.no_grad():
            y, u = conv(x, v, operators)
        rest_y = y - x * ((x * y).sum(0) / x.square().sum())
        rest_u = u - v * ((v * u).sum((0, 1)) / v.square().sum())
        error = max(
            (rest_y.square().sum() / y.square().sum()).sqrt().item(),
            (rest_u.square().sum() / u.square().sum()).sqrt().item(),
        )
        errors.append(error)
    assert errors[0] > 3 * errors[1] > 3 * errors[2]
    assert errors[1] < 0.02


def test_messages():
    operators = ScalarVectorOperators(HEALPix(1))
    conv = ScalarVectorConv(3, 2, 5, 4, K=3)
    x, v = torch.ones(12, 3), torch.ones(12, 2, 2)
    with pytest.raises(TypeError, match=r"ScalarVectorOperators\(graph\)"):
        conv(x, v, laplacian_operator(HEALPix(1)))
    with pytest.raises(ValueError, match="vectors must have 2 channels, got 3"):
        conv(x, torch.ones(12, 2, 3), operators)
    with pytest.raises(ValueError, match="expected 3 input channels, got 4"):
        conv(torch.ones(12, 4), v, operators)
    with pytest.raises(TypeError, match="sampling must be a Sampling or a Spherical"):
        ScalarVectorOperators(3)
    with pytest.raises(TypeError, match="laplacian must be a Laplacian"):
        gradient_matrix(connection_laplacian(knn_graph(HEALPix(2), 8), 1))

"""Layers on fields of spin: reference, turns of frames, reflections and symmetries."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from deepsphere_pyg import (
    EdgeOperator,
    MagnitudeActivation,
    MagnitudeNorm,
    SpinChebConv,
    SpinMeanPool,
    SpinUnpool,
    laplacian_operator,
    pooling_operator,
    unpooling_operator,
)
from deepsphere_pyg.layers.graph.spin.components import quarter_turn
from samplings import (
    HEALPix,
    Icosahedral,
    Transfer,
    connection_laplacian,
    knn_graph,
    tangent_frames,
)
from samplings.stencils.symmetry import vertex_permutations
from tests.helpers import random
from tests.round_off import assert_near

ICOSAHEDRON = Icosahedral(1)


def operator_of(sampling, spin, k=6, dtype=torch.float64):
    graph = knn_graph(sampling, k, weighting="heat")
    return laplacian_operator(connection_laplacian(graph, spin)).to(dtype)


def turned(x, angle):
    """Components after a turn by angles ``(V,)``, in complex numbers."""
    f = torch.complex(x[..., 0, :], x[..., 1, :]) * torch.exp(1j * angle)[:, None]
    return torch.stack([f.real, f.imag], dim=-2)


def moved(x, sampling, number, spin):
    """A field after a symmetry of the sampling: at other vertices, in their frames."""
    symmetry = np.asarray(sampling.symmetries[number])
    permutation = vertex_permutations(sampling)[number]
    frames = tangent_frames(sampling)
    blocks = np.einsum("vac,vbc->vab", frames[permutation], frames @ symmetry.T)
    angle = torch.from_numpy(np.arctan2(blocks[:, 1, 0], blocks[:, 0, 0]))
    y = x.clone()
    if np.linalg.det(symmetry) < 0:
        y[..., 1, :] *= -1
    y = turned(y, spin * angle)
    result = torch.empty_like(y)
    result[..., torch.from_numpy(permutation), :, :] = y
    return result


def is_rotation(number):
    return np.linalg.det(ICOSAHEDRON.symmetries[number]) > 0


@pytest.mark.parametrize("execution", ["auto", "message_passing", "csr"])
@pytest.mark.parametrize("channels", [(2, 5), (5, 2), (3, 3)])
@pytest.mark.parametrize("parity", [True, False])
def test_convolution_is_the_polynomial_in_complex_numbers(execution, channels, parity):
    operator = operator_of(HEALPix(2), 2)
    operator.execution = execution
    layer = SpinChebConv(*channels, K=4, parity=parity).double()
    x = random(3, 48, 2, channels[0])
    f = torch.complex(x[..., 0, :], x[..., 1, :])
    dense = operator.to_scipy().toarray()
    matrix = torch.from_numpy(dense[::2, ::2] + 1j * dense[1::2, ::2])
    terms = [f, matrix @ f]
    for _ in range(2):
        terms.append(2 * matrix @ terms[-1] - terms[-2])
    weight = layer.weight.detach().to(f.dtype)
    if not parity:
        weight = torch.complex(layer.weight.detach(), layer.weight_turned.detach())
    wanted = sum(term @ w for term, w in zip(terms, weight, strict=True))
    found = layer(x, operator)
    # Four products with 9 entries a row each, and 2 * 5 * 4 mixed terms.
    assert_near(found[..., 0, :], wanted.real, 4 * 9 + 40, scale=10)
    assert_near(found[..., 1, :], wanted.imag, 4 * 9 + 40, scale=10)


@pytest.mark.parametrize("channels", [(2, 5), (5, 2)])
def test_gradients(channels):
    operator = operator_of(HEALPix(1), 1, k=4)
    layer = SpinChebConv(*channels, K=3).double()
    x = random(1, 12, 2, channels[0]).requires_grad_()
    torch.autograd.gradcheck(lambda x: layer(x, operator), (x,))


@pytest.mark.parametrize("spin", [1, 2])
def test_turns_of_the_frames_commute_with_all_layers(spin):
    # Other frames at the vertices: components and operators are turned by any angles.
    coarsening = HEALPix(2).coarsen()
    angle, coarse = random(48, seed=2), random(12, seed=3)

    def gauge(operator, of_targets, of_sources):
        matrix = operator.to_scipy().toarray()
        matrix = matrix[::2, ::2] + 1j * matrix[1::2, ::2]
        matrix = np.exp(1j * of_targets.numpy())[:, None] * matrix
        matrix = matrix * np.exp(-1j * of_sources.numpy())
        blocks = np.array([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
        full = blocks.transpose(2, 0, 3, 1).reshape(2 * len(matrix), -1)
        return EdgeOperator(sp.csr_array(full), dtype=torch.float64)

    laplacian = operator_of(HEALPix(2), spin)
    down = pooling_operator(coarsening, spin=spin).double()
    up = unpooling_operator(coarsening, spin=spin).double()
    torch.manual_seed(0)
    conv = SpinChebConv(3, 4, K=3).double()
    gate, norm = MagnitudeActivation(4).double(), MagnitudeNorm(4).double()

    def network(x, laplacian, down, up):
        y = gate(norm(conv(x, laplacian)))
        return SpinUnpool()(SpinMeanPool()(y, down), up) + y

    x = random(2, 48, 2, 3)
    wanted = turned(network(x, laplacian, down, up), angle)
    others = (
        gauge(laplacian, angle, angle),
        gauge(down, coarse, angle),
        gauge(up, angle, coarse),
    )
    # Sums of some 10 neighbours in 2 terms, of 3 channels, and means of 2 * 48 * 4.
    assert_near(network(turned(x, angle), *others), wanted, 100, scale=10)


@pytest.mark.parametrize("spin", [1, 2])
@pytest.mark.parametrize("parity", [True, False])
@pytest.mark.parametrize("number", range(len(ICOSAHEDRON.symmetries)))
def test_symmetries_of_the_icosahedron_commute(spin, parity, number):
    operator = operator_of(ICOSAHEDRON, spin)
    torch.manual_seed(0)
    layer = SpinChebConv(3, 4, K=3, parity=parity).double()
    norm, gate = MagnitudeNorm(4).double(), MagnitudeActivation(4).double()
    x = random(2, 42, 2, 3)
    wanted = moved(gate(norm(layer(x, operator))), ICOSAHEDRON, number, spin)
    found = gate(norm(layer(moved(x, ICOSAHEDRON, number, spin), operator)))
    if parity or is_rotation(number):
        # The symmetries map points onto each other to some eps.
        assert_near(found, wanted, 100, scale=10, c=100)
    else:
        assert (found - wanted).abs().max() > 0.01


@pytest.mark.parametrize("spin", [0, 1, 2])
def test_pooling_keeps_adjointness_and_magnitudes_of_smooth_fields(spin):
    coarsening = Icosahedral(2).coarsen()
    down = pooling_operator(coarsening, spin=spin).double()
    up = unpooling_operator(coarsening, spin=spin).double()
    fine, coarse = coarsening.fine.weights, coarsening.coarse.weights
    left = np.repeat(fine, 2)[:, None] * up.to_scipy().toarray()
    right = np.repeat(coarse, 2)[:, None] * down.to_scipy().toarray()
    assert_near(left, right.T, 4)
    # Constant vectors in space, projected on the sphere, of magnitude sin(angle).
    if spin == 1:
        axis = np.array([0.3, -0.5, 0.81])
        x = torch.from_numpy(tangent_frames(coarsening.fine) @ axis)[..., None]
        y = torch.from_numpy(tangent_frames(coarsening.coarse) @ axis)[..., None]
        found = SpinMeanPool()(x, down)
        # Cells of 0.3 rad lose their spread in direction, to second order.
        assert (found - y).abs().max() < 0.1
        assert (SpinUnpool()(y, up) - x).abs().max() < 0.4


def test_pooling_of_a_transfer_is_that_of_its_coarsening():
    transfer = Transfer.conservative(HEALPix(2), HEALPix(1))
    coarsening = HEALPix(2).coarsen()
    for make in (pooling_operator, unpooling_operator):
        found = make(transfer, spin=2).double().to_scipy().toarray()
        wanted = make(coarsening, spin=2).double().to_scipy().toarray()
        # Overlaps are areas of polygons, whose curved sides are cut into arcs.
        np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_norm_brings_components_to_variance_one_and_keeps_means_for_evaluation():
    norm = MagnitudeNorm(3, momentum=0.5).double()
    x = random(50, 20, 2, 3) * torch.tensor([0.1, 1.0, 30.0])
    y = norm(x)
    variance = y.detach().square().mean((0, 1, 2))
    np.testing.assert_allclose(variance, 1, rtol=2e-3)  # eps is 1e-5 of 0.01
    assert_near(norm.mean_square, x.square().mean((0, 1, 2)), 2000, scale=1000)
    assert int(norm.n_batches) == 1
    norm.eval()
    assert_near(norm(x), y, 2000)
    other = copy.deepcopy(norm).train()
    other(2 * x)
    np.testing.assert_allclose(other.mean_square / norm.mean_square, 2.5)
    other(x[:0])
    assert int(other.n_batches) == 2


def test_activation_gates_magnitudes_and_is_smooth_at_zero():
    gate = MagnitudeActivation(2).double()
    x = torch.zeros(4, 2, 2, dtype=torch.float64, requires_grad=True)
    y = gate(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.isfinite(gradient).all()
    torch.autograd.gradcheck(gate, (random(4, 2, 2).requires_grad_(),))
    x = random(4, 2, 2)
    size = x.square().sum(1, keepdim=True).sqrt()
    # eps is 1e-8 of the square.
    torch.testing.assert_close(
        gate(x), x * torch.sigmoid(2 * size - 1), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [(), (1,), (2, 3), (0,)])
def test_batch_dimensions_and_dtype_are_kept(dtype, batch):
    operator = operator_of(HEALPix(1), 1, k=4, dtype=dtype)
    x = torch.ones(*batch, 12, 2, 3, dtype=dtype)
    for layer in (SpinChebConv(3, 5, 3), SpinChebConv(3, 2, 1, parity=True)):
        y = layer.to(dtype)(x, operator)
        assert y.shape == (*batch, 12, 2, layer.out_channels)
        assert y.dtype == dtype
    for layer in (MagnitudeActivation(3), MagnitudeNorm(3)):
        y = layer.to(dtype)(x)
        assert y.shape == x.shape
        assert y.dtype == dtype


def test_quarter_turn_is_a_product_with_i():
    x = random(5, 2, 3)
    assert torch.equal(quarter_turn(quarter_turn(x)), -x)
    f = 1j * torch.complex(x[:, 0], x[:, 1])
    assert torch.equal(quarter_turn(x)[:, 0], f.real)


def test_state_dict_holds_weights_only():
    assert list(SpinChebConv(2, 3, 4).state_dict()) == ["weight", "weight_turned"]
    assert list(SpinChebConv(2, 3, 4, parity=True).state_dict()) == ["weight"]
    assert repr(SpinChebConv(2, 3, 4)) == "SpinChebConv(2, 3, K=4, parity=False)"


def test_messages():
    operator = operator_of(HEALPix(1), 1, k=4, dtype=torch.float32)
    layer = SpinChebConv(3, 5, 3)
    with pytest.raises(ValueError, match=r"x must have shape \(\*batch, vertex, 2"):
        layer(torch.ones(12, 3), operator)
    with pytest.raises(ValueError, match="x must have 3 channels, got 4"):
        layer(torch.ones(12, 2, 4), operator)
    with pytest.raises(ValueError, match="x has 26 vertices"):
        layer(torch.ones(13, 2, 3), operator)
    with pytest.raises(TypeError, match=r"real and floating, got torch\.complex64"):
        layer(torch.ones(12, 2, 3, dtype=torch.complex64), operator)
    with pytest.raises(TypeError, match=r"connection_laplacian\(graph, spin\)"):
        layer(torch.ones(12, 2, 3), None)
    with pytest.raises(TypeError, match=r"pooling_operator\(coarsening, spin"):
        SpinMeanPool()(torch.ones(12, 2, 3), None)
    with pytest.raises(ValueError, match="momentum must be at most 1, got 2"):
        MagnitudeNorm(2, momentum=2)
    with pytest.raises(ValueError, match="eps must be positive"):
        MagnitudeActivation(2, eps=0)
    with pytest.raises(ValueError, match="spin must be at least 0"):
        pooling_operator(HEALPix(2).coarsen(), spin=-1)

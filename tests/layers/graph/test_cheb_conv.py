"""Laws of the Chebyshev convolution."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from deepsphere_pyg import ChebConv, EdgeOperator, laplacian_operator, pooling_operator
from samplings import Equiangular, HEALPix, SphericalGraph, knn_graph, laplacian
from tests.helpers import EXECUTIONS

SHAPES = [(3, 5), (5, 3), (4, 4)]
K = 5


def layer_and_signal(in_channels, out_channels, n, K=K):
    torch.manual_seed(0)
    layer = ChebConv(in_channels, out_channels, K).double()
    torch.nn.init.normal_(layer.bias)
    return layer, torch.randn(2, n, in_channels, dtype=torch.float64)


@pytest.fixture(scope="module", params=["combinatorial", "normalized"])
def graph_laplacian(request):
    return laplacian(knn_graph(HEALPix(2), 8), request.param)


@pytest.mark.parametrize(("in_channels", "out_channels"), SHAPES)
def test_chebyshev_matches_dense_eigendecomposition(
    graph_laplacian, in_channels, out_channels
):
    dense = graph_laplacian.rescaled().toarray()
    values, vectors = (torch.from_numpy(part) for part in np.linalg.eigh(dense))
    layer, x = layer_and_signal(in_channels, out_channels, len(dense))
    angle = torch.arccos(values.clamp(-1, 1))
    expected = layer.bias + sum(
        vectors @ (torch.cos(k * angle)[:, None] * (vectors.T @ x)) @ layer.weight[k]
        for k in range(K)
    )
    y = layer(x, laplacian_operator(graph_laplacian).double())
    torch.testing.assert_close(y, expected, atol=1e-10, rtol=0)


@pytest.fixture(scope="module")
def mass_weighted():
    """Laplacian of an equiangular grid whose vertices weigh what their cells do."""
    graph = knn_graph(Equiangular(6, 12), 12, weighting="heat")
    mass = graph.sampling.weights / graph.sampling.weights.mean()
    both = sp.diags_array(mass) @ graph.adjacency @ sp.diags_array(mass)
    return laplacian(SphericalGraph(graph.sampling, both, 12, graph.t, mass=mass))


@pytest.mark.parametrize(("in_channels", "out_channels"), SHAPES)
def test_chebyshev_of_a_mass_weighted_laplacian_is_that_of_its_eigenvalues(
    mass_weighted, in_channels, out_channels
):
    # L = M^-1/2 V diag(values) V' M^1/2, with V orthogonal.
    scale = 2 / mass_weighted.lambda_max
    values, v = np.linalg.eigh(mass_weighted.symmetric().toarray() * scale - np.eye(72))
    root = torch.from_numpy(np.sqrt(mass_weighted.mass))[:, None]
    values, v = torch.from_numpy(values), torch.from_numpy(v)
    layer, x = layer_and_signal(in_channels, out_channels, 72)
    angle = torch.arccos(values.clamp(-1, 1))
    expected = layer.bias + sum(
        (v @ (torch.cos(k * angle)[:, None] * (v.T @ (root * x))))
        / root
        @ layer.weight[k]
        for k in range(K)
    )
    y = layer(x, laplacian_operator(mass_weighted).double())
    torch.testing.assert_close(y, expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize(("in_channels", "out_channels"), [(2, 3), (3, 2)])
def test_gradients_through_a_mass_weighted_laplacian(
    mass_weighted, execution, in_channels, out_channels
):
    # Not symmetric: the gradient must go back through the transpose.
    operator = laplacian_operator(mass_weighted, execution=execution).double()
    layer, x = layer_and_signal(in_channels, out_channels, 72, 4)
    assert torch.autograd.gradcheck(
        lambda signal: layer(signal, operator), x[:1].requires_grad_()
    )


@pytest.mark.oracle
@pytest.mark.parametrize("terms", [1, 2, 5])
@pytest.mark.parametrize(("in_channels", "out_channels"), SHAPES)
def test_chebyshev_matches_pytorch_geometric(
    graph_laplacian, in_channels, out_channels, terms
):
    from torch_geometric.nn import ChebConv as Oracle

    layer, x = layer_and_signal(in_channels, out_channels, 48, terms)
    kind = {"combinatorial": None, "normalized": "sym"}[graph_laplacian.kind]
    oracle = Oracle(in_channels, out_channels, terms, normalization=kind).double()
    with torch.no_grad():
        for k, linear in enumerate(oracle.lins):  # codespell:ignore lins
            linear.weight.copy_(layer.weight[k].T)
        oracle.bias.copy_(layer.bias)
    adjacency = EdgeOperator(graph_laplacian.graph.adjacency, dtype=torch.float64)
    expected = oracle(
        x,
        adjacency.edge_index,
        adjacency.edge_weight,
        lambda_max=torch.tensor(graph_laplacian.lambda_max, dtype=torch.float64),
    )
    y = layer(x, laplacian_operator(graph_laplacian).double())
    torch.testing.assert_close(y, expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize(("in_channels", "out_channels"), SHAPES)
def test_gradients_of_weights_and_bias(execution, in_channels, out_channels):
    operator = laplacian_operator(HEALPix(1), 4, execution=execution)
    operator.double()
    layer, x = layer_and_signal(in_channels, out_channels, 12, 4)

    def convolve(x, weight, bias):
        parameters = {"weight": weight, "bias": bias}
        return torch.func.functional_call(layer, parameters, (x, operator))

    inputs = (x.requires_grad_(), layer.weight, layer.bias)
    assert torch.autograd.gradcheck(convolve, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(convolve, inputs, fast_mode=True)


@pytest.mark.parametrize(("in_channels", "out_channels"), SHAPES)
def test_convolution_commutes_with_permutations(in_channels, out_channels):
    matrix = laplacian(knn_graph(HEALPix(2), 8)).rescaled()
    order = np.random.default_rng(0).permutation(48)
    layer, x = layer_and_signal(in_channels, out_channels, 48)
    y = layer(x, EdgeOperator(matrix, dtype=torch.float64))
    permuted = layer(
        x[:, order], EdgeOperator(matrix[order][:, order], dtype=torch.float64)
    )
    # Sums over neighbours in another order.
    torch.testing.assert_close(permuted, y[:, order], atol=1e-12, rtol=0)


@pytest.mark.parametrize("shift", [1, 5])
@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
def test_equiangular_shifts_in_longitude_commute_with_the_convolution(shift):
    sampling = Equiangular(8, 16)
    operator = laplacian_operator(sampling, 20).double()
    layer, x = layer_and_signal(5, 3, len(sampling))

    def shifted(signal):
        grid = signal.unflatten(1, (8, 16))
        return grid.roll(shift, dims=2).flatten(1, 2)

    torch.testing.assert_close(
        layer(shifted(x), operator), shifted(layer(x, operator)), atol=1e-11, rtol=0
    )


def test_one_term_is_a_linear_map_of_each_vertex():
    layer, x = layer_and_signal(3, 5, 48, K=1)
    operator = laplacian_operator(HEALPix(2), 8).double()
    expected = x @ layer.weight[0] + layer.bias
    torch.testing.assert_close(layer(x, operator), expected)


def test_initial_weights_keep_the_spread_through_relu():
    torch.manual_seed(0)
    layer = ChebConv(64, 128, 4)
    variance = float(layer.weight.detach().var())
    # 32,768 numbers: the relative error of their variance is about 1 %.
    assert variance == pytest.approx(2 / (64 * 4), rel=0.05)
    assert layer.bias is not None and not layer.bias.any()
    assert ChebConv(2, 3, 4, bias=False).bias is None


def test_convolution_runs_under_autocast():
    torch.manual_seed(0)
    operator = laplacian_operator(HEALPix(2), 8)
    for in_channels, out_channels in SHAPES:
        layer = ChebConv(in_channels, out_channels, 4)
        x = torch.randn(2, 48, in_channels)
        exact = layer(x, operator)
        with torch.autocast("cpu", torch.bfloat16):
            y = layer(x, operator)
            y.float().square().sum().backward()
        # Eight significant bits.
        torch.testing.assert_close(y.float(), exact, atol=0.1, rtol=0.1)


@pytest.mark.parametrize("name", ["in_channels", "out_channels", "K"])
def test_sizes_below_one_are_refused(name):
    sizes = {"in_channels": 2, "out_channels": 3, "K": 4, name: 0}
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        ChebConv(**sizes)


def test_wrong_channels_are_refused():
    operator = laplacian_operator(HEALPix(1), 4)
    with pytest.raises(ValueError, match="expected 16 input channels, got 5"):
        ChebConv(16, 3, 2)(torch.zeros(12, 5), operator)
    with pytest.raises(ValueError, match=r"must have shape \(\*batch, vertex, channel"):
        ChebConv(16, 3, 2)(torch.zeros(()), operator)


def test_what_is_no_operator_of_a_sampling_is_refused():
    graph_laplacian = laplacian(knn_graph(HEALPix(1), 4))
    with pytest.raises(
        TypeError, match=r"got Laplacian; make one .*laplacian_operator"
    ):
        ChebConv(3, 2, 2)(torch.zeros(12, 3), graph_laplacian)
    pooling = pooling_operator(HEALPix(2).coarsen())
    with pytest.raises(ValueError, match="an operator from 48 to 12 vertices"):
        ChebConv(3, 2, 2)(torch.zeros(48, 3), pooling)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((3, 8), r"^ChebConv.__init__\(\) missing .*'K'"),
        ((3, 8, 4, False), r"^ChebConv.__init__\(\) takes 4 positional"),
    ],
)
def test_arguments_are_counted_by_the_name_of_the_layer(arguments, told):
    with pytest.raises(TypeError, match=told):
        ChebConv(*arguments)

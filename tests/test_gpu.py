"""What must hold on a CUDA device; skipped where there is none."""

import copy

import pytest
import torch

from deepsphere_pyg import ChebConv, EdgeOperator, laplacian_operator
from deepsphere_pyg.models import SMALL, SphericalUNet
from deepsphere_pyg.propagation import available_executions
from samplings import HEALPix, build_pyramid
from tests.helpers import random
from tests.layers.cases import LAYERS, OneInput
from tests.propagation.test_triton_sums import MATRICES
from tests.round_off import assert_near

CUDA = torch.device("cuda")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]
# Of the sums of a layer and of its gradients, as in tests/layers/test_every_layer.py.
TERMS = 500


def values_and_gradients(module, x, device):
    """Those of a copy of a module on a device, in float64, brought back."""
    module = copy.deepcopy(module).to(device)
    leaf = x.to(device).requires_grad_()
    y = module(leaf)
    parts = [leaf, *module.parameters()]
    found = [y, *torch.autograd.grad(y.square().sum(), parts)]
    return [one.detach().cpu() for one in found]


@pytest.mark.parametrize("name", LAYERS)
def test_layers_and_their_gradients_are_those_of_the_cpu(name):
    module = OneInput(LAYERS[name], torch.float64).eval()
    x = random(2, *LAYERS[name].shape_in)
    wanted = values_and_gradients(module, x, "cpu")
    for found, one in zip(values_and_gradients(module, x, CUDA), wanted, strict=True):
        assert_near(found, one, TERMS)


@pytest.mark.parametrize("execution", available_executions(CUDA))
@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [1, 3, 16, 65])
def test_executions_are_those_of_the_dense_matrix(execution, name, dtype, channels):
    operator = EdgeOperator(MATRICES[name], dtype=dtype, execution=execution).to(CUDA)
    dense = torch.from_numpy(MATRICES[name].toarray()).to(dtype)
    x = random(2, 3, operator.n_in, channels, dtype=dtype)
    weight = random(2, 3, operator.n_out, channels, dtype=dtype, seed=2)
    leaf = x.to(CUDA).requires_grad_()
    y = operator(leaf)
    (gradient,) = torch.autograd.grad((y * weight.to(CUDA)).sum(), leaf)
    assert_near(y.detach().cpu(), dense @ x, 300, 10)
    assert_near(gradient.cpu(), dense.T @ weight, 300, 10)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-10)]
)
@pytest.mark.parametrize("execution", available_executions(CUDA))
@pytest.mark.parametrize("channels", [(3, 5), (5, 3)])
def test_convolution_and_its_gradient_equal_those_of_the_cpu(
    dtype, tolerance, execution, channels
):
    torch.manual_seed(0)
    operator = laplacian_operator(HEALPix(8), 8).to(dtype)
    layer = ChebConv(*channels, K=4).to(dtype)
    results = []
    for device in ("cpu", "cuda"):
        moved = copy.deepcopy(layer).to(device)
        x = torch.linspace(-1, 1, 2 * 768 * channels[0], dtype=dtype)
        x = x.reshape(2, 768, channels[0]).to(device).requires_grad_()
        graph = copy.deepcopy(operator).to(device)
        graph.execution = execution if device == "cuda" else "message_passing"
        y = moved(x, graph)
        y.square().sum().backward()
        results.append([y, x.grad, moved.weight.grad])
    for cpu, cuda in zip(*results, strict=True):
        torch.testing.assert_close(cuda.cpu(), cpu, rtol=tolerance, atol=tolerance)


def test_network_gives_what_it_gives_on_the_cpu():
    torch.manual_seed(0)
    pyramid = build_pyramid(HEALPix(16), SMALL.levels, k=8)
    network = SphericalUNet(4, 3, pyramid, configuration=SMALL).eval()
    x = torch.randn(2, 3072, 4)
    with torch.no_grad():
        expected = network(x)
        torch.testing.assert_close(
            network.cuda()(x.cuda()).cpu(), expected, rtol=1e-3, atol=1e-4
        )

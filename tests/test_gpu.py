"""What must hold on a CUDA device; skipped where there is none."""

import copy

import pytest
import torch

from deepsphere_pyg import ChebConv, laplacian_operator
from deepsphere_pyg.models import SMALL, SphericalUNet
from samplings import HEALPix, build_pyramid

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-10)]
)
def test_convolution_and_its_gradient_equal_those_of_the_cpu(dtype, tolerance):
    torch.manual_seed(0)
    operator = laplacian_operator(HEALPix(8), 8).to(dtype)
    layer = ChebConv(3, 5, K=4).to(dtype)
    results = []
    for device in ("cpu", "cuda"):
        moved = copy.deepcopy(layer).to(device)
        x = torch.linspace(-1, 1, 2 * 768 * 3, dtype=dtype).reshape(2, 768, 3)
        x = x.to(device).requires_grad_()
        y = moved(x, copy.deepcopy(operator).to(device))
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

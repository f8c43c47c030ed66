"""Transforms on a CUDA device give what they give on the CPU."""

import pytest
import torch

from deepsphere_pyg.harmonics import ISHT, SHT
from samplings import Equiangular, Fibonacci, GaussLegendre, HEALPix, McEwenWiaux

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]


@pytest.mark.parametrize(
    "sampling",
    [
        GaussLegendre(16),
        Equiangular(17, scheme="clenshaw-curtis"),
        Equiangular(16),
        McEwenWiaux(16),
        HEALPix(8),
        Fibonacci(600),
    ],
    ids=lambda sampling: sampling.name,
)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.float64, 1e-12)]
)
def test_transforms_and_gradients_equal_those_of_the_cpu(
    sampling, dtype, tolerance
) -> None:
    generator = torch.Generator().manual_seed(0)
    c = torch.randn(3, 256, 2, generator=generator, dtype=torch.float64).to(dtype)
    for direction in (ISHT, SHT):
        results = []
        for device in ("cpu", "cuda"):
            method = "auto" if isinstance(sampling, Fibonacci) else "rings"
            transform = direction(sampling, 16, method, dtype=dtype).to(device)
            n_in = 256 if direction is ISHT else len(sampling)
            x = torch.linspace(-1, 1, 3 * n_in * 2, dtype=dtype).view(3, n_in, 2)
            x = (c if direction is ISHT else x).to(device).requires_grad_()
            y = transform(x)
            y.square().sum().backward()
            results.append([y.detach().cpu(), x.grad.cpu()])
        for cpu, cuda in zip(*results, strict=True):
            scale = float(cpu.abs().max())
            torch.testing.assert_close(cuda, cpu, rtol=0, atol=tolerance * scale)

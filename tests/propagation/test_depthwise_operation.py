"""The depthwise Chebyshev convolution as one operation: values and derivatives."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from deepsphere_pyg import EdgeOperator
from deepsphere_pyg.layers.graph.cheb_conv import chebyshev_terms
from deepsphere_pyg.propagation import depthwise_convolution, signal_groups
from samplings import HEALPix, knn_graph, laplacian
from tests.helpers import KERNELS
from tests.round_off import assert_near

HEAT = laplacian(knn_graph(HEALPix(4), 8, weighting="heat")).rescaled()
# Not its own transpose, with the same pattern of norm at most one.
LOPSIDED = HEAT.copy()
LOPSIDED.data *= np.random.default_rng(1).uniform(0.2, 1, LOPSIDED.nnz)
# Sums over neighbours, terms, vertices and a batch.
TERMS = 2000


def signal(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def reference(x, weight, bias, operator):
    """Term after term, differentiated by PyTorch."""
    terms = chebyshev_terms(x, operator, len(weight))
    return sum(term * w for term, w in zip(terms, weight, strict=True)) + bias


@pytest.fixture(params=[30, 192], ids=["tiles", "whole"])
def size(request):
    return request.param


@pytest.mark.parametrize("matrix", [HEAT, LOPSIDED], ids=["symmetric", "lopsided"])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("together", [1, 2**18])
def test_values_and_gradients_are_those_of_the_terms(
    matrix, kernel, dtype, size, together, monkeypatch
):
    monkeypatch.setattr(signal_groups, "numbers_of_a_tile", lambda device: together)
    operator = EdgeOperator(sp.csr_array(matrix), dtype=dtype)
    tiles = operator.tiles(3, size)
    operands = [
        signal(3, 192, 5, dtype=dtype),
        signal(4, 5, seed=1, dtype=dtype),
        signal(5, seed=2, dtype=dtype),
    ]
    leaves = [one.clone().requires_grad_() for one in operands]
    y = depthwise_convolution(*leaves, *tiles, kernel)
    expected = reference(*operands, operator)
    assert_near(y, expected, TERMS)
    g = signal(*y.shape, seed=3, dtype=dtype)
    others = [one.clone().requires_grad_() for one in operands]
    wanted = torch.autograd.grad(reference(*others, operator), others, g)
    for found, one in zip(torch.autograd.grad(y, leaves, g), wanted, strict=True):
        assert_near(found, one, TERMS)
    # Each gradient alone takes another path.
    for i in range(2):
        leaves = [one.clone() for one in operands]
        leaves[i].requires_grad_()
        y = depthwise_convolution(*leaves, *tiles, kernel)
        assert_near(torch.autograd.grad(y, leaves[i], g)[0], wanted[i], TERMS)


def test_derivatives_of_first_and_second_order(size):
    operator = EdgeOperator(sp.csr_array(LOPSIDED), dtype=torch.float64)
    tiles = operator.tiles(2, size)
    operands = [
        part.requires_grad_()
        for part in (signal(2, 192, 2), signal(3, 2, seed=1), signal(2, seed=2))
    ]

    def apply(*some):
        return depthwise_convolution(*some, *tiles, "auto")

    assert torch.autograd.gradcheck(apply, operands, fast_mode=True)
    assert torch.autograd.gradgradcheck(
        lambda *some: apply(*some).square(), operands, fast_mode=True, atol=1e-4
    )


def test_maps_over_any_argument_and_their_gradients(size):
    operator = EdgeOperator(sp.csr_array(LOPSIDED), dtype=torch.float64)
    tiles = operator.tiles(2, size)
    x, w = signal(4, 2, 192, 2), signal(4, 3, 2, seed=1)

    def loss(a, b):
        return depthwise_convolution(a, b, None, *tiles, "auto").pow(3).sum()

    derivative = torch.func.grad(loss, argnums=(0, 1))
    for dims in ((0, 0), (0, None), (None, 0)):
        a, b = (
            part if dim == 0 else part[0]
            for part, dim in zip((x, w), dims, strict=True)
        )
        found = torch.vmap(derivative, in_dims=dims)(a, b)
        for i in range(4):
            one = [
                (part[i] if dim == 0 else part).clone().requires_grad_()
                for part, dim in zip((a, b), dims, strict=True)
            ]
            wanted = torch.autograd.grad(loss(*one), one)
            for gradient, other in zip(found, wanted, strict=True):
                assert_near(gradient[i], other, TERMS)


def test_it_passes_the_checks_of_pytorch_for_operations():
    from deepsphere_pyg.propagation import depthwise

    operator = EdgeOperator(sp.csr_array(HEAT))
    tiles = operator.tiles(2, 30)
    x, w, b = signal(2, 192, 3).float(), torch.ones(3, 3), torch.ones(3)
    arguments = [one.requires_grad_() for one in (x, w, b)]
    tests = ("test_schema", "test_faketensor")
    operations = {
        depthwise.depthwise_convolution: (*arguments, *tiles, "auto"),
        depthwise.depthwise_gradients: (x, x, w, *tiles, "auto"),
        depthwise.depthwise_weight_gradient: (x, x, 3, *tiles, "auto"),
    }
    for operation, given in operations.items():
        torch.library.opcheck(operation, given, test_utils=tests)

"""The Chebyshev convolution as one operation: values, derivatives, compilers."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg import ChebConv, EdgeOperator, laplacian_operator
from deepsphere_pyg.layers.graph.cheb_conv import chebyshev_terms
from deepsphere_pyg.propagation import chebyshev_convolution, signal_groups
from deepsphere_pyg.propagation.chebyshev import (
    chebyshev_gradients,
    chebyshev_weight_gradient,
)
from samplings import HEALPix, knn_graph, laplacian
from tests.helpers import KERNELS
from tests.round_off import assert_near

SHAPES = [(3, 5), (5, 3), (4, 4), (2, 7), (1, 1)]


def signal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def largest(x: torch.Tensor) -> float:
    return float(x.detach().abs().max())


def lopsided(matrix: sp.csr_array) -> sp.csr_array:
    """Not its own transpose, with the same pattern of norm at most one."""
    other = matrix.copy()
    other.data *= np.random.default_rng(1).uniform(0.2, 1, other.nnz)
    return other


HEAT = laplacian(knn_graph(HEALPix(4), 8, weighting="heat")).rescaled()
MATRICES = {"symmetric": HEAT, "lopsided": lopsided(HEAT)}


@pytest.fixture(params=MATRICES)
def matrix(request):
    return MATRICES[request.param]


def reference(x, weight, bias, operator):
    """Term after term, differentiated by PyTorch."""
    terms = chebyshev_terms(x, operator, len(weight))
    y = sum(term @ w for term, w in zip(terms, weight, strict=True))
    return y if bias is None else y + bias


def operation(operator, hops, size, kernel="auto"):
    tiles = operator.tiles(hops, size)
    return lambda x, w, b=None: chebyshev_convolution(x, w, b, *tiles, kernel)


def inputs(n, in_channels, out_channels, K, batch=3, dtype=torch.float64):
    x = signal(batch, n, in_channels, dtype=dtype)
    weight = signal(K, in_channels, out_channels, seed=1, dtype=dtype)
    bias = signal(out_channels, seed=2, dtype=dtype)
    return [part.requires_grad_() for part in (x, weight, bias)]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", [24, 48, 192])
@pytest.mark.parametrize("K", [2, 3, 5])
@pytest.mark.parametrize("channels", SHAPES)
def test_values_and_gradients_are_those_of_the_equation(
    matrix, kernel, size, K, channels
):
    operator = EdgeOperator(matrix, dtype=torch.float64, execution="message_passing")
    given = inputs(192, *channels, K)
    results = []
    for f in (
        operation(operator, K - 1, size, kernel),
        lambda *parts: reference(*parts, operator),
    ):
        y = f(*given)
        gradients = torch.autograd.grad((y * torch.sin(y)).sum(), given)
        results.append((y, *gradients))
    for got, expected in zip(*results, strict=True):
        # Sums of a thousand products of numbers near one.
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    n=st.integers(1, 40),
    density=st.floats(0, 0.3),
    K=st.integers(2, 5),
    size=st.integers(1, 50),
    batch=st.integers(0, 4),
    channels=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    at_once=st.integers(1, 200),
    seed=st.integers(0, 99),
)
def test_any_matrix_any_tiles_any_groups(
    n, density, K, size, batch, channels, at_once, seed
):
    rng = np.random.default_rng(seed)
    matrix = sp.csr_array(sp.random_array((n, n), density=density, rng=rng))
    operator = EdgeOperator(matrix, dtype=torch.float64, execution="message_passing")
    given = inputs(n, *channels, K, batch)
    before = signal_groups.numbers_of_a_tile
    signal_groups.numbers_of_a_tile = lambda device: at_once
    try:
        y = operation(operator, K - 1, size)(*given)
        got = torch.autograd.grad(y.sum(), given)
    finally:
        signal_groups.numbers_of_a_tile = before
    expected = reference(*given, operator)
    torch.testing.assert_close(y, expected, rtol=1e-11, atol=1e-11)
    for one, other in zip(got, torch.autograd.grad(expected.sum(), given), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("channels", [(2, 3), (3, 2), (1, 4)])
def test_derivatives_of_first_and_second_order(channels):
    operator = EdgeOperator(lopsided(HEAT), dtype=torch.float64)
    f = operation(operator, 2, 48)
    given = inputs(192, *channels, 3, batch=2)
    assert torch.autograd.gradcheck(f, given, fast_mode=True)
    assert torch.autograd.gradgradcheck(f, given, fast_mode=True)
    for fixed in range(2):
        # One of signals and weights alone asks for gradients.
        parts = [p.detach() if i == fixed else p for i, p in enumerate(given)]
        assert torch.autograd.gradcheck(f, parts, fast_mode=True)
        assert torch.autograd.gradgradcheck(f, parts, fast_mode=True)


def test_operations_keep_their_word_to_pytorch():
    operator = EdgeOperator(lopsided(HEAT), dtype=torch.float64)
    tiles = operator.tiles(2, 48)
    x, weight, bias = inputs(192, 2, 3, 3)
    y = signal(3, 192, 3, seed=4).requires_grad_()
    for op, parts in (
        (chebyshev_convolution, (x, weight, bias, *tiles, "auto")),
        (chebyshev_gradients, (x, y, weight, *tiles, "auto")),
        (chebyshev_weight_gradient, (x, y, 3, *tiles, "auto")),
    ):
        torch.library.opcheck(getattr(op, "operation", op), parts)


def test_equal_inputs_give_equal_bits():
    operator = EdgeOperator(HEAT, dtype=torch.float32)
    given = inputs(192, 4, 4, 4, dtype=torch.float32)
    f = operation(operator, 3, 48)
    runs = []
    for _ in range(2):
        y = f(*given)
        runs.append((y, *torch.autograd.grad(y.square().sum(), given)))
    for one, other in zip(*runs, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("channels", SHAPES)
def test_half_precision_rounds_signals_and_weights_once(dtype, channels):
    operator = EdgeOperator(HEAT, dtype=dtype)
    given = inputs(192, *channels, 4, dtype=dtype)
    exact = [part.detach().double().requires_grad_() for part in given]
    y = operation(operator, 3, 48)(*given)
    expected = reference(*exact, EdgeOperator(HEAT, dtype=torch.float64))
    assert y.dtype == dtype
    gradients = torch.autograd.grad(y.sum(), given)
    expected_gradients = torch.autograd.grad(expected.sum(), exact)
    # Where channels are mixed first, each of 4 terms is rounded; else the sum.
    few = torch.finfo(dtype).eps * 8
    for got, true in zip((y, *gradients), (expected, *expected_gradients), strict=True):
        assert got.dtype == dtype
        assert largest(got.double() - true) < few * largest(true)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_constants_stay_constant_in_half_precision(dtype):
    # Rows of the rescaled Laplacian sum to -1, as T_k(-1) = (-1)^k needs.
    x = torch.full((1, 192, 1), 0.7)
    weight = torch.tensor([1.5, 0.25, -0.5, 1.0], dtype=dtype).view(4, 1, 1)
    tiles = EdgeOperator(HEAT, dtype=torch.float32).tiles(3, 48)
    y = chebyshev_convolution(x, weight, None, *tiles, "auto")
    rounded = torch.tensor(0.7).to(dtype).double()
    expected = ((1.5 - 0.25 - 0.5 - 1.0) * rounded).to(dtype)
    assert torch.equal(y, expected.expand(1, 192, 1))


@pytest.mark.parametrize("channels", SHAPES)
def test_signals_may_be_more_precise_than_weights(channels):
    operator = EdgeOperator(HEAT, dtype=torch.float32)
    given = inputs(192, *channels, 4, dtype=torch.float32)
    half = [given[0], *(p.detach().bfloat16().requires_grad_() for p in given[1:])]
    exact = [part.detach().double().requires_grad_() for part in half]
    y = operation(operator, 3, 48)(*half)
    expected = reference(*exact, EdgeOperator(HEAT, dtype=torch.float64))
    assert y.dtype == torch.bfloat16
    gradients = torch.autograd.grad(y.sum(), half)
    expected_gradients = torch.autograd.grad(expected.sum(), exact)
    few = torch.finfo(torch.bfloat16).eps * 8
    for got, true in zip((y, *gradients), (expected, *expected_gradients), strict=True):
        assert largest(got.double() - true) < few * largest(true)
    assert [g.dtype for g in gradients] == [p.dtype for p in half]


@pytest.mark.parametrize("signals", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("edges", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("execution", ["auto", "message_passing"])
def test_autocast_takes_signals_and_edges_of_any_precision(signals, edges, execution):
    operator = EdgeOperator(HEAT, dtype=edges, execution=execution)
    layer, x = ChebConv(3, 4, 3), signal(2, 192, 3)
    exact = copy.deepcopy(layer).double()(x, EdgeOperator(HEAT, dtype=torch.float64))
    leaf = x.to(signals).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(leaf, operator)
        y.float().sum().backward()
    assert y.dtype == torch.bfloat16 and leaf.grad.dtype == signals
    torch.testing.assert_close(y.double(), exact, atol=0.1, rtol=0.1)


def test_tiles_follow_conversions():
    operator = EdgeOperator(HEAT, dtype=torch.float32)
    layer = ChebConv(3, 4, 3)
    x = signal(2, 192, 3)
    layer(x.float(), operator)
    exact = copy.deepcopy(layer).double()(x, copy.deepcopy(operator).double())
    fresh = copy.deepcopy(layer).double()(x, EdgeOperator(HEAT, dtype=torch.float64))
    assert torch.equal(exact, fresh)
    with pytest.raises(ValueError, match="polynomials, got one from 192 to 48"):
        EdgeOperator(HEAT[:48]).tiles(2, 48)


class Block(torch.nn.Module):
    """Two convolutions of more and of fewer channels, and what is between them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = ChebConv(3, 5, 4), ChebConv(5, 2, 3)
        self.operator = laplacian_operator(HEALPix(4), 8)

    def forward(self, x):
        return self.second(self.first(x, self.operator).relu(), self.operator)


def test_compiled_networks_give_the_same_gradients():
    block, x = Block(), signal(2, 192, 3, dtype=torch.float32)
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
    results = []
    for f in (block, compiled):
        leaf = x.clone().requires_grad_()
        y = f(leaf)
        y.square().sum().backward()
        results.append((y.detach(), leaf.grad))
    for one, other in zip(*results, strict=True):
        assert_near(one, other, 500)


def test_exported_networks_take_other_batches_and_are_read_back(tmp_path):
    block = Block().eval()
    batch = torch.export.Dim("batch")
    x = signal(2, 192, 3, dtype=torch.float32)
    program = torch.export.export(block, (x,), dynamic_shapes={"x": {0: batch}})
    torch.export.save(program, tmp_path / "block.pt2")
    again = torch.export.load(tmp_path / "block.pt2").module()
    more = signal(5, 192, 3, dtype=torch.float32)
    assert_near(again(more), block(more), 100)

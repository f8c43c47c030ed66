"""Layers under torch.func: mapped, and differentiated in both directions."""

import copy

import pytest
import torch
from torch.func import (
    functional_call,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    stack_module_state,
    vmap,
)

from deepsphere_pyg import EdgeOperator
from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.harmonics.sht.ducc import ducc_is_installed
from samplings import Fibonacci, GaussLegendre, HEALPix
from tests.layers.cases import OneInput

# PyTorch's own forward derivatives use what it calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
# Sums of some hundred products of numbers of size one, in another order.
TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


@pytest.fixture
def layer(layer_case):
    return OneInput(layer_case, torch.float64)


def signals(case, count):
    generator = torch.Generator().manual_seed(1)
    shape = (count, *case.shape_in)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def close(one, other):
    torch.testing.assert_close(one, other, **TOLERANCE)


def loss(layer, weights, x):
    return functional_call(layer, weights, (x,)).square().sum()


def test_a_map_over_signals_is_the_layer_of_each(layer, layer_case):
    x = signals(layer_case, 3)
    each = torch.stack([layer(one) for one in x])
    close(vmap(layer)(x), each)
    close(vmap(layer, in_dims=1)(x.movedim(0, 1)), each)
    close(vmap(vmap(layer))(x[None]), each[None])


def test_gradients_of_each_signal_are_those_of_the_signal_alone(layer, layer_case):
    x = signals(layer_case, 3)
    weights = dict(layer.named_parameters())
    found = vmap(grad(lambda w, a: loss(layer, w, a)), in_dims=(None, 0))(weights, x)
    for i, one in enumerate(x):
        leaves = list(weights.values())
        if leaves:
            expected = torch.autograd.grad(layer(one).square().sum(), leaves)
            for name, gradient in zip(weights, expected, strict=True):
                close(found[name][i], gradient)


def test_several_layers_are_mapped_by_their_weights(layer, layer_case):
    layers = [copy.deepcopy(layer) for _ in range(2)]
    with torch.no_grad():
        for weight in layers[1].parameters():
            weight.add_(0.1)
    weights, buffers = stack_module_state(layers)
    if not weights:
        return  # nothing is learned
    x = signals(layer_case, 2)

    def apply(w, b, a):
        return functional_call(layer, (w, b), (a,))

    for dims, given in ((None, x[0]), (0, x)):
        found = vmap(apply, in_dims=(0, 0, dims))(weights, buffers, given)
        expected = [layers[i](given if dims is None else given[i]) for i in range(2)]
        close(found, torch.stack(expected))
    found = vmap(grad(lambda w, b, a: apply(w, b, a).square().sum()))(
        weights, buffers, x
    )
    for i in range(2):
        leaves = list(layers[i].parameters())
        expected = torch.autograd.grad(layers[i](x[i]).square().sum(), leaves)
        for one, other in zip(found.values(), expected, strict=True):
            close(one[i], other)


def test_jacobians_of_both_directions_are_those_of_autograd(layer, layer_case):
    (x,) = signals(layer_case, 1)
    expected = torch.autograd.functional.jacobian(layer, x)
    close(jacrev(layer)(x), expected)
    close(jacfwd(layer)(x), expected)
    direction = torch.ones_like(x)
    value, along = jvp(layer, (x,), (direction,))
    close(value, layer(x).detach())
    close(along, (expected * direction).sum((-2, -1)))


def test_second_derivatives_are_those_of_autograd(layer, layer_case):
    (x,) = signals(layer_case, 1)
    weights = dict(layer.named_parameters())

    def of_signal(a):
        return layer(a).pow(3).sum()

    # Not from zero, where the roots of some layers have no derivative.
    close(hessian(of_signal)(x), torch.autograd.functional.hessian(of_signal, x))
    for name, weight in weights.items():
        if weight.numel() > 60:
            continue

        def of_weight(w, name=name):
            return functional_call(layer, {name: w}, (x,)).pow(3).sum()

        given = weight.detach()
        expected = torch.autograd.functional.hessian(of_weight, given)
        close(hessian(of_weight)(given), expected)


def test_maps_compile(traced_operator_layer_case):
    torch.compiler.reset()
    layer = OneInput(traced_operator_layer_case).double()
    x = signals(traced_operator_layer_case, 3)

    def apply(x):
        return layer(x)

    # Not of the module: compilers cannot trace the repr of nested ones, which vmap
    # makes to name what it maps.
    compiled = torch.compile(vmap(apply), fullgraph=True, backend="aot_eager")
    close(compiled(x), layer(x))


TRANSFORMS = {
    "rings": lambda: SHT(GaussLegendre(4), 4, method="rings"),
    "back": lambda: ISHT(HEALPix(2, nest=True), 4, method="rings"),
    "iterated": lambda: SHT(HEALPix(2, nest=True), 4, method="rings"),
    "matrix": lambda: SHT(Fibonacci(40), 3),
}
if ducc_is_installed():
    TRANSFORMS["ducc"] = lambda: SHT(HEALPix(2, nest=True), 4, method="ducc")


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_are_mapped_and_differentiated_both_ways(name):
    transform = TRANSFORMS[name]().double()
    n = 16 if name == "back" else len(transform.sampling)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(3, n, 2, generator=generator, dtype=torch.float64)
    close(vmap(transform)(x), transform(x))
    expected = torch.autograd.functional.jacobian(transform, x[0])
    close(jacrev(transform)(x[0]), expected)
    close(jacfwd(transform)(x[0]), expected)


def test_forward_derivatives_without_torch_func():
    import scipy.sparse as sp
    from torch.autograd import forward_ad

    matrix = sp.random_array((6, 6), density=0.5, rng=0)
    operator = EdgeOperator(matrix, dtype=torch.float64)
    x, direction = torch.ones(6, 2).double(), torch.randn(6, 2).double()
    with forward_ad.dual_level():
        y = operator(forward_ad.make_dual(x, direction))
        close(forward_ad.unpack_dual(y).tangent, operator(direction))


def test_a_map_over_graphs_is_refused():
    from deepsphere_pyg.propagation import edge_sum

    offsets, indices = torch.tensor([0, 1, 2]), torch.tensor([1, 0])
    weights = torch.ones(3, 2)
    x = torch.ones(1, 2, 1)

    def apply(weight):
        rows = [offsets, indices, weight]
        return edge_sum(x, rows, rows, "embedding_bag")

    with pytest.raises(ValueError, match="not over graphs and tables, which are fixed"):
        vmap(apply)(weights)

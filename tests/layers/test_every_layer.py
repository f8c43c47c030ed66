"""Laws of every layer in the list of cases.py."""

import copy
import math

import numpy as np
import pytest
import torch

from deepsphere_pyg.fixed_tensors.fixed_tensors import tensors_of
from deepsphere_pyg.harmonics import ISHT, SHT, Rotation, rotate
from deepsphere_pyg.layers.fragments.generalized_block import ends_of
from samplings import HEALPix
from tests.helpers import EXECUTIONS
from tests.layers.cases import OneInput
from tests.round_off import assert_near, round_off


def build(case, dtype=torch.float64, execution="auto"):
    torch.manual_seed(0)
    layer = case.build().to(dtype)
    if case.operator is None:
        return layer
    operator = case.operator().to(dtype)
    operator.execution = execution
    return lambda x: layer(x, operator)


# Of the sums of a layer and of its gradients: channels, rows, orders and a batch.
TERMS = 500


def assert_kept(case, dtype, batch):
    y = build(case, dtype)(torch.ones(*batch, *case.shape_in, dtype=dtype))
    assert y.shape == (*batch, *case.shape_out)
    assert y.dtype == dtype


def test_batch_dimensions_and_dtype_are_kept(layer_case):
    assert_kept(layer_case, torch.float32, (2, 3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [(), (1,), (4,), (0,)])
def test_all_batch_dimensions_and_dtypes_are_kept(kind_of_layer, dtype, batch):
    assert_kept(kind_of_layer, dtype, batch)


def quarter_turn(n_vertices):
    """Vertices of HEALPix, in the order in which a quarter turn takes their places."""
    xyz = HEALPix(math.isqrt(n_vertices // 12)).xyz
    turned = xyz @ np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    return torch.from_numpy((xyz @ turned.T).argmax(axis=1))


def rotated(x, layout):
    """Rotate coefficients of a layout, each its own way, or turn vertices (None)."""
    if layout is None:
        return x[..., quarter_turn(x.shape[-2]), :]
    turns = Rotation.random(x.shape[:-2], torch.Generator().manual_seed(1))
    return rotate(x, turns, layout)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("training", [False, True])
def test_layers_commute_with_rotations(layer_case, generator, dtype, training):
    module = OneInput(layer_case, dtype).train(training)
    with torch.no_grad():
        # Weights that are one, or biases that are zero, at first might hide errors.
        for weight in module.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=generator).to(dtype)
    x = torch.randn(5, *layer_case.shape_in, generator=generator).to(dtype)
    ends = ends_of(module.layer)
    torch.manual_seed(0)  # What is dropped in training.
    y = module(x)
    torch.manual_seed(0)
    found = module(rotated(x, ends.layout))
    invariant = layer_case.equivariance == "invariant"
    wanted = y if invariant else rotated(y, ends.layout_out)
    assert not invariant or y.ndim == 2
    error = (found - wanted).norm()
    if layer_case.equivariance == "approximate":
        # Of smooth activations, on the smallest grid; rotations of degree 2 differ by
        # more than the size of the signal.
        assert round_off(dtype, TERMS, y.norm()) < error < 0.3 * y.norm()
    else:
        assert error <= round_off(dtype, TERMS, y.norm())


def test_signals_of_a_batch_do_not_mix(layer_case, generator):
    layer = build(layer_case)
    x = torch.randn(3, *layer_case.shape_in, generator=generator).double()
    alone = torch.stack([layer(one) for one in x])
    assert_near(layer(x), alone, TERMS)


def test_gradients_of_first_and_second_order(layer_case, generator):
    layer = build(layer_case)
    x = torch.randn(2, *layer_case.shape_in, generator=generator).double()
    assert torch.autograd.gradcheck(layer, x.requires_grad_(), fast_mode=True)
    assert torch.autograd.gradgradcheck(
        lambda x: layer(x).square(), x, fast_mode=True, atol=1e-4
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_executions_agree_in_value_and_gradient(operator_layer_case, dtype, generator):
    x = torch.randn(2, *operator_layer_case.shape_in, generator=generator).to(dtype)
    results = []
    for execution in EXECUTIONS:
        leaf = x.clone().requires_grad_()
        y = build(operator_layer_case, dtype, execution)(leaf)
        y.square().sum().backward()
        results.append((y.detach(), leaf.grad))
    for y, gradient in results[1:]:
        assert_near(y, results[0][0], TERMS)
        assert_near(gradient, results[0][1], TERMS)


def test_wrong_vertex_counts_are_refused(operator_layer_case):
    vertices, channels = operator_layer_case.shape_in
    with pytest.raises(ValueError, match=f"x has {vertices + 1} vertices, this"):
        build(operator_layer_case)(torch.zeros(2, vertices + 1, channels).double())


def values_and_gradients(module, x):
    leaf = x.detach().clone().requires_grad_()
    y = module(leaf)
    parts = (leaf, *module.parameters())
    return (y.detach(), *torch.autograd.grad(y.square().sum(), parts))


def assert_all_close(some, others):
    for one, other in zip(some, others, strict=True):
        assert_near(one, other, TERMS)


def assert_compiles(case, generator, backend):
    torch.compiler.reset()
    module = OneInput(case)
    compiled = torch.compile(module, fullgraph=True, backend=backend)
    # With another batch the second time, for which it may compile again.
    for batch in (2, 5):
        x = torch.randn(batch, *case.shape_in, generator=generator)
        assert_all_close(
            values_and_gradients(compiled, x), values_and_gradients(module, x)
        )


def test_layers_compile_without_graph_breaks(traced_layer_case, generator):
    assert_compiles(traced_layer_case, generator, "aot_eager")


@pytest.mark.slow
# The compiler uses what PyTorch itself calls deprecated.
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_layers_compile_to_native_code(layer_case, generator):
    assert_compiles(layer_case, generator, "inductor")


def test_exported_layers_take_other_batches_and_are_read_back(
    traced_layer_case, generator, tmp_path
):
    module = OneInput(traced_layer_case).eval()
    x = torch.randn(2, *traced_layer_case.shape_in, generator=generator)
    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(module, (x,), dynamic_shapes=(batch,))
    torch.export.save(program, tmp_path / "layer.pt2")
    again = torch.export.load(tmp_path / "layer.pt2").module()
    more = torch.randn(5, *traced_layer_case.shape_in, generator=generator)
    assert_near(again(more), module(more), TERMS)


def test_autocast_costs_roundings_of_its_dtype(layer_case, generator):
    module = OneInput(layer_case)
    x = torch.randn(2, *layer_case.shape_in, generator=generator)
    exact = values_and_gradients(module, x)
    with torch.autocast("cpu", torch.bfloat16):
        got = values_and_gradients(module, x)
    # Signals, weights and up to four terms are rounded, each to 8 bits; gradients
    # of squares carry the rounding of the values too.
    bound = 8 * torch.finfo(torch.bfloat16).eps
    for one, other in zip(got, exact, strict=True):
        assert one.isfinite().all()
        assert (one.float() - other).abs().max() <= bound * other.abs().max()


def own_memory(module):
    """Where a module writes; all harmonic transforms share tables that they read."""
    transforms = [part for part in module.modules() if isinstance(part, SHT | ISHT)]
    tables = {id(table) for part in transforms for table in tensors_of(part)}
    owned = tensors_of(module)
    return {part.data_ptr() for part in owned if id(part) not in tables}


def test_copies_share_nothing_and_give_the_same(layer_case, generator):
    module = OneInput(layer_case)
    x = torch.randn(2, *layer_case.shape_in, generator=generator)
    before = values_and_gradients(module, x)
    copied = copy.deepcopy(module)
    assert_all_close(values_and_gradients(copied, x), before)
    assert own_memory(module).isdisjoint(own_memory(copied))
    copied.double()(x.double())
    assert_all_close(values_and_gradients(module, x), before)


def test_layers_from_meta_need_nothing_but_their_state(layer_case):
    x = torch.ones(2, *layer_case.shape_in)
    given = layer_case.build()
    operator = [] if layer_case.operator is None else [layer_case.operator()]
    with torch.device("meta"):
        layer = layer_case.build()
    parts = list(tensors_of(layer))
    # Operators of layers that hold theirs were made before.
    if "WithOperator" not in repr(given):
        assert {part.device.type for part in parts} <= {"meta"}
    layer.to_empty(device="cpu").load_state_dict(given.state_dict())
    assert torch.equal(layer.eval()(x, *operator), given.eval()(x, *operator))

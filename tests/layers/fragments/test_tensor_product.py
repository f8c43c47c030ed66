"""Products of fragments: against e3nn and definitions, under rotations, bad input."""

# ruff: noqa: E741 (the degree's own letter)

import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg import EdgeOperator
from deepsphere_pyg.fixed_tensors.fixed_tensors import tensors_of
from deepsphere_pyg.harmonics import (
    DegreeMixing,
    HarmonicLayout,
    clebsch_gordan,
    degree_mixing,
    to_e3nn,
)
from deepsphere_pyg.layers import TensorProductActivation
from tests.helpers import random
from tests.round_off import assert_near

EXECUTIONS = ("sparse", "grouped")
LAYOUT = HarmonicLayout(5, [2, 3, 0, 1, 2])


def product(layout, mixing="full", L_out=None, dtype=torch.float64, **options):
    options = {"mixing": mixing, "L_out": L_out, **options}
    return TensorProductActivation(layout, **options).to(dtype)


def by_definition(x, layer):
    """Fragment by fragment, with dense coefficients."""
    parts = []
    for l, l1, t1, l2, t2 in layer.fragments.tolist():
        coupling = torch.from_numpy(clebsch_gordan(l1, l2, l).dense())
        first = x[..., layer.layout.fragment(l1, t1), :]
        second = x[..., layer.layout.fragment(l2, t2), :]
        parts.append(torch.einsum("kij,...ic,...jc->...kc", coupling, first, second))
    return torch.cat(parts, dim=-2)


@pytest.mark.oracle
@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("kind", ["full", "mst", "rmst"])
# Some degrees have their only product in the tree of another; L = 11 is lmax 10.
@pytest.mark.parametrize("L", [2, pytest.param(11, marks=pytest.mark.slow)])
def test_every_product_is_that_of_e3nn(L, kind, execution):
    o3 = pytest.importorskip("e3nn.o3")
    layer = product(L, kind, execution=execution)
    channels = 2
    inputs = o3.Irreps([(channels, (l, (-1) ** l)) for l in range(L)])
    outputs, paths = [], []
    for number, (l, l1, _, l2, _) in enumerate(layer.fragments.tolist()):
        outputs.append((channels, (l, (-1) ** (l1 + l2))))
        paths.append((l1, l2, number, "uuu", False))
    torch.set_default_dtype(torch.float64)
    try:
        theirs = o3.TensorProduct(inputs, inputs, o3.Irreps(outputs), paths)
    finally:
        torch.set_default_dtype(torch.float32)
    x = random(3, L * L, channels)
    features = to_e3nn(x, layer.layout)
    expected = theirs(features, features)
    got = to_e3nn(layer(x), layer.layout_out)
    # Of both orders of two degrees.
    assert_near(got, expected, (2 * L) ** 2)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("layout", [LAYOUT, HarmonicLayout(3), HarmonicLayout(1, [3])])
@pytest.mark.parametrize("options", [{}, {"L_out": 1}, {"mixing": "mst"}])
def test_fragments_are_the_products_that_they_are_said_to_be(
    layout, options, execution
):
    layer = product(layout, execution=execution, **options)
    assert layer.layout_out.L == options.get("L_out", layout.L)
    x = random(2, 3, layout.n_rows, 2)
    assert_near(
        layer(x), by_definition(x, layer), (2 * layout.L) ** 2, x.square().max()
    )


tau = st.lists(st.integers(0, 3), min_size=1, max_size=5)
sets = st.sampled_from([{}, {"mixing": "mst"}, {"mixing": "mst", "L_out": 1}])


@given(tau.filter(any), sets, st.booleans(), st.sampled_from(EXECUTIONS))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_any_layout_has_the_fragments_of_its_triples(tau, options, even, execution):
    layout = HarmonicLayout(len(tau), tau)
    options = {"even_self_pairs": even, "execution": execution, **options}
    layer = product(layout, **options)
    expected = []
    for l1, l2, l in layer.mixing:
        pairs = [(a, b) for a in range(tau[l1]) for b in range(tau[l2])]
        if l1 == l2:
            pairs = [(a, b) for a, b in pairs if a < b or (a == b and l % 2 == 0)]
        expected += [(l, l1, a, l2, b) for a, b in pairs]
    assert [tuple(row) for row in layer.fragments.tolist()] == expected
    x = random(layout.n_rows, 2)
    assert_near(
        layer(x), by_definition(x, layer), (2 * layout.L) ** 2, x.square().max()
    )


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_channels_do_not_mix_and_may_be_permuted(execution):
    layer = product(LAYOUT, execution=execution)
    x = random(2, LAYOUT.n_rows, 5)
    order = torch.tensor([3, 1, 4, 0, 2])
    permuted = layer(x[..., order])
    terms = (2 * LAYOUT.L) ** 2
    assert_near(permuted, layer(x)[..., order], terms)
    alone = torch.cat([layer(one) for one in x.split(1, dim=-1)], dim=-1)
    assert_near(layer(x), alone, terms)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_is_quadratic(execution):
    layer = product(6, "mst", execution=execution)
    x, y = random(2, 36, 3)
    torch.testing.assert_close(layer(-2 * x), 4 * layer(x))
    # The parallelogram law.
    both = layer(x + y) + layer(x - y)
    torch.testing.assert_close(both, 2 * (layer(x) + layer(y)))


def test_products_have_the_stated_variance():
    layer = product(6, dtype=torch.float32)
    y = layer(random(20_000, 36, 1, dtype=torch.float32))
    for number, (l, l1, _, l2, _) in enumerate(layer.fragments.tolist()):
        rows = layer.layout_out.fragment(l, number - sum(layer.layout_out.tau[:l]))
        expected = 1.0
        if l1 == l2:
            expected = 2.0 + (2 * l1 + 1) * (l == 0)
        assert y[:, rows].square().mean() == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize("layout", [HarmonicLayout(7), LAYOUT])
def test_executions_agree_with_all_derivatives(layout):
    x, h = random(2, 3, layout.n_rows, 2)
    found = []
    for execution in EXECUTIONS:
        layer = product(layout, execution=execution)
        leaf = x.clone().requires_grad_()
        y = layer(leaf)
        (first,) = torch.autograd.grad(y.sin().sum(), leaf, create_graph=True)
        (second,) = torch.autograd.grad((first * h).sum(), leaf, create_graph=True)
        (third,) = torch.autograd.grad(second.square().sum(), leaf)
        found.append((y, first, second, third))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_derivatives_are_those_of_differences(execution):
    layer = product(HarmonicLayout(3, [2, 1, 1]), execution=execution)
    x = random(2, 10, 1).requires_grad_()
    assert torch.autograd.gradcheck(layer, x)
    assert torch.autograd.gradgradcheck(layer, x)


def test_blocks_cut_anywhere_give_the_same(monkeypatch):
    x = random(2, 144, 3).requires_grad_()
    expected = product(12)(x)
    (gradient,) = torch.autograd.grad(expected.square().sum(), x)
    blocks = set()
    monkeypatch.setattr("deepsphere_pyg.propagation.pair_sums.WIDEST", 4)
    for size in (1, 1000, 10**9):
        monkeypatch.setattr(
            "deepsphere_pyg.layers.fragments.pair_tables.PAIRS_OF_A_BLOCK", size
        )
        layer = product(12)
        blocks.add(len(layer.blocks) // 6)
        y = layer(x)
        assert_near(y, expected, 24**2)
        (got,) = torch.autograd.grad(y.square().sum(), x)
        torch.testing.assert_close(got, gradient)
    # From all pairs of degrees that couple to the degrees themselves.
    assert max(blocks) == 12 * 13 // 2 and min(blocks) == 12


@pytest.mark.parametrize("strided", ["rows", "channels", "batch"])
def test_strided_signals_are_taken(strided):
    layer = product(4, "mst", dtype=torch.float32)
    x = random(3, 16, 2, dtype=torch.float32)
    axis = {"batch": 0, "rows": 1, "channels": 2}[strided]
    other = x.movedim(axis, 0).contiguous().movedim(0, axis).requires_grad_()
    y = layer(other)
    assert_near(y, layer(x), 8**2)
    # A gradient with strides of its own, none of them ours.
    y.backward(torch.ones(1).expand_as(y))
    again = x.clone().requires_grad_()
    layer(again).sum().backward()
    # Of all products that a coefficient is in.
    assert_near(other.grad, again.grad, layer.layout_out.n_rows)


@pytest.mark.parametrize(
    ("L", "full", "trees", "pairs"),
    [(10, 25_964, 3_931, 81), (32, 7_903_416, 374_433, 961)],
)
def test_costs_are_those_that_were_counted(L, full, trees, pairs):
    # Trees have no edges to degree 0, where the power spectrum is kept beside them.
    mixing = degree_mixing(L, "mst")
    assert degree_mixing(L).multiply_adds == full
    assert mixing.multiply_adds == trees + L**2
    layer = TensorProductActivation(L, mixing="mst")
    assert layer.layout_out.n_fragments == pairs + L


def test_pairs_of_rows_are_the_nodes_of_a_graph():
    """The same sums by message passing, with all pairs made at once."""
    layer = product(LAYOUT, "mst")
    rows, columns, values = [], [], []
    for number, (l, l1, t1, l2, t2) in enumerate(layer.fragments.tolist()):
        coupling = clebsch_gordan(l1, l2, l)
        target = layer.layout_out.fragment(l, number - sum(layer.layout_out.tau[:l]))
        first, second = LAYOUT.fragment(l1, t1), LAYOUT.fragment(l2, t2)
        rows.append(target.start + coupling.m + l)
        j = first.start + coupling.m1 + l1
        columns.append(j * LAYOUT.n_rows + second.start + coupling.m2 + l2)
        values.append(coupling.values)
    edges = (np.concatenate(rows), np.concatenate(columns))
    shape = (layer.layout_out.n_rows, LAYOUT.n_rows**2)
    matrix = sp.coo_array((np.concatenate(values), edges), shape=shape).tocsr()
    operator = EdgeOperator(matrix, execution="message_passing").double()
    x = random(2, LAYOUT.n_rows, 3)
    nodes = (x[:, :, None] * x[:, None]).flatten(1, 2)
    torch.testing.assert_close(layer(x), operator(nodes), atol=1e-13, rtol=0)


def test_float64_after_float32_is_exact():
    layer = TensorProductActivation(5)
    twice = layer.double()
    values = clebsch_gordan(1, 2, 2).values
    assert np.isin(values, twice.weights.numpy()).all()
    assert torch.equal(twice.weights.sort()[0], twice.weights_t.sort()[0])
    assert not twice.state_dict()


def test_is_made_on_the_device_in_force():
    for execution in EXECUTIONS:
        with torch.device("meta"):
            layer = TensorProductActivation(4, execution=execution)
        assert {b.device.type for b in tensors_of(layer)} == {"meta"}


def test_autocast_changes_no_precision():
    for execution in EXECUTIONS:
        layer = TensorProductActivation(4, execution=execution)
        x = random(2, 16, 3, dtype=torch.float32)
        with torch.autocast("cpu", torch.bfloat16):
            y = layer(x)
            rounded = layer(x.bfloat16())
        assert torch.equal(y, layer(x))
        assert rounded.dtype == torch.float32


def test_batches_are_not_materialised_as_pairs():
    """All pairs of rows at once would be 20 times the result."""
    layer = TensorProductActivation(12, mixing="rmst")
    x = random(64, 144, 16, dtype=torch.float32)
    with torch.profiler.profile(profile_memory=True) as profiler:
        y = layer(x)
    largest = max(event.self_cpu_memory_usage for event in profiler.events())
    assert largest <= 4 * (y.nbytes + 8 * 1024 * 64 * 16)


def test_printed_form():
    assert repr(TensorProductActivation(3, mixing="mst", L_out=2)) == (
        "TensorProductActivation(HarmonicLayout(L=3, tau=1), "
        "DegreeMixing(L=3, pairs=5), L_out=2, fragments=5, execution='auto')"
    )


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((4, degree_mixing(5)), {}, ValueError, "layout's L=4, got L=5; pass a set"),
        ((4, "some"), {}, ValueError, "mixing must be 'full' or .*, got 'some'"),
        ((4, 3), {}, TypeError, "'rmst' or a DegreeMixing, got int; make a set"),
        ((4, "mst", 5), {}, ValueError, "L_out must be at most the bandlimit 4, got 5"),
        ((4, "mst", 0), {}, ValueError, "L_out must be at least 1, got 0"),
        ((4, "mst", 2.5), {}, TypeError, "L_out must be an integer, got 2.5"),
        ((1, "rmst"), {}, ValueError, "got L=1; pass mixing='mst', or"),
        ((0,), {}, ValueError, "layout must be at least 1, got 0"),
        (("4",), {}, TypeError, "layout must be .* L, got '4'"),
        ((4,), {"execution": "fast"}, ValueError, "'grouped', got 'fast'"),
        (
            (4, degree_mixing(4, "mst")),
            {"even_self_pairs": True},
            ValueError,
            "got a DegreeMixing; add the pairs to it",
        ),
        (
            (2, DegreeMixing(2, [(1, 1, 1)])),
            {},
            ValueError,
            r"must couple fragments of HarmonicLayout\(L=2, tau=1\)",
        ),
    ],
)
def test_bad_arguments_are_refused(arguments, options, error, message):
    with pytest.raises(error, match=message):
        product(*arguments, **options)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(9, 2), ValueError, r"have 9 rows, HarmonicLayout\(L=4, tau=1\)"),
        (torch.ones(16), ValueError, r"got \(16,\); add a channel"),
        (torch.ones(16, 2).double(), TypeError, "must be torch.float32 like the mod"),
        (torch.ones(16, 2).half(), TypeError, "float32 or float64, got torch.float16"),
    ],
)
def test_bad_coefficients_are_refused(x, execution, error, message):
    with pytest.raises(error, match=message):
        TensorProductActivation(4, execution=execution)(x)


def test_half_precision_is_refused():
    with pytest.raises(TypeError, match=r"float32 or float64, got torch.float16"):
        TensorProductActivation(4).half()


def test_one_degree_is_the_square():
    x = random(5, 1, 2)
    torch.testing.assert_close(product(1, "mst")(x), x.square())
    vectors = random(5, 4, 1)
    length = product(2)(vectors)[:, 1]
    expected = vectors[:, 1:].square().sum(1) / math.sqrt(3)
    torch.testing.assert_close(length, expected)

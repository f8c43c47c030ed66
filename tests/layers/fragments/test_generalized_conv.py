"""Generalized convolutions: definitions, special cases, weights, equivariance."""

# ruff: noqa: E741 (the degree's own letter)

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import HarmonicLayout, Rotation, rotate
from deepsphere_pyg.layers import (
    ChannelWiseConv,
    ConstrainedGeneralizedConv,
    CrossChannelConv,
    GeneralizedConv,
    TensorProductActivation,
    UniformConv,
    ZonalConv,
)
from tests.helpers import random
from tests.round_off import assert_near, round_off

BEFORE = HarmonicLayout(4, [3, 2, 0, 1])
AFTER = HarmonicLayout(3, [2, 3, 0])
CONVOLUTIONS = {
    "generalized": lambda: GeneralizedConv(4, 5, BEFORE, AFTER, bias=True),
    "constrained": lambda: ConstrainedGeneralizedConv(4, 5, BEFORE, AFTER, bias=True),
    "constrained-shared": lambda: ConstrainedGeneralizedConv(
        4, 5, BEFORE, AFTER, shared=True
    ),
    "uniform": lambda: UniformConv(BEFORE, AFTER),
    "channel-wise": lambda: ChannelWiseConv(4, BEFORE, AFTER),
    "cross-channel": lambda: CrossChannelConv(4, 5, BEFORE, bias=True),
    "cross-channel-shared": lambda: CrossChannelConv(4, 5, BEFORE, shared=True),
}


def made(build, dtype=torch.float64):
    torch.manual_seed(0)
    layer = build().to(dtype)
    for name, parameter in layer.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter)
    return layer


def count(layer):
    return sum(parameter.numel() for parameter in layer.parameters())


def by_definition(layer, x, term):
    """Degree by degree, ``term`` being an einsum of fragments and weights."""
    parts = []
    for name, weight in layer.weights.items():
        l = int(name)
        part = x[..., layer.layout.rows(l), :]
        part = part.unflatten(-2, (layer.layout.tau[l], 2 * l + 1))
        if getattr(layer, "shared", False):
            weight = weight.expand(layer.layout.tau[l], -1, -1)
        mapped = torch.einsum(f"...tmc,{term}", part, weight)
        if l == 0 and layer.bias is not None:
            mapped = mapped + layer.bias[:, None]
        parts.append(mapped.flatten(-3, -2))
    return torch.cat(parts, dim=-2)


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("generalized", "tcud->...umd"),
        ("uniform", "tu->...umc"),
        ("channel-wise", "tuc->...umc"),
        ("cross-channel", "tcd->...tmd"),
        ("cross-channel-shared", "tcd->...tmd"),
    ],
)
def test_are_the_sums_of_their_definitions(name, term):
    layer = made(CONVOLUTIONS[name])
    for batch in ((), (2, 3)):
        x = random(*batch, BEFORE.n_rows, 4)
        expected = by_definition(layer, x, term)
        terms = 4 * BEFORE.n_fragments
        assert_near(layer(x), expected, terms)
        strided = x.movedim(-2, 0).contiguous().movedim(0, -2)
        assert_near(layer(strided), expected, terms)


def test_constrained_is_a_generalized_convolution_of_products_of_weights():
    layer = made(CONVOLUTIONS["constrained"])
    free = made(CONVOLUTIONS["generalized"])
    with torch.no_grad():
        for degree, weight in free.weights.items():
            steps = (layer.uniform, layer.channel_wise, layer.cross_channel)
            factors = [step.weights[degree] for step in steps]
            weight.copy_(torch.einsum("tu,uvc,vcd->tcvd", *factors))
        free.bias.copy_(layer.cross_channel.bias)
    x = random(2, BEFORE.n_rows, 4)
    assert_near(layer(x), free(x), 4 * BEFORE.n_fragments)


# Names of degrees from 10 on sort between others.
@pytest.mark.parametrize("L", [4, 13])
def test_one_fragment_a_degree_is_the_zonal_convolution(L):
    zonal = made(lambda: ZonalConv(3, 5, L=L, bias=False))
    conv = made(lambda: GeneralizedConv(3, 5, L, L))
    with torch.no_grad():
        for degree, weight in conv.weights.items():
            weight[0, :, 0] = zonal.weight[int(degree)]
    x = random(2, L * L, 3)
    assert_near(conv(x), zonal(x), 3)


@pytest.mark.parametrize(
    "build",
    [
        lambda layout: GeneralizedConv(2, 3, layout, layout),
        lambda layout: ConstrainedGeneralizedConv(2, 3, layout, layout),
    ],
)
def test_commute_with_rotations_at_degrees_of_two_digits(build):
    layout = HarmonicLayout(14, [2] * 14)
    layer = made(lambda: build(layout))
    x = random(4, layout.n_rows, 2)
    turns = Rotation.random((4,), torch.Generator().manual_seed(0))
    after = rotate(layer(x), turns, layout)
    error = layer(rotate(x, turns, layout)) - after
    terms = layout.n_rows  # More than of rotations, and of fragments and channels.
    assert error.norm() <= round_off(torch.float64, terms, after.norm())


@pytest.mark.parametrize(
    ("kind", "free", "steps"), [("mst", 36_400, 4_291), ("full", 102_000, 4_455)]
)
def test_weights_are_as_many_as_counted(kind, free, steps):
    layout = TensorProductActivation(10, mixing=kind).layout_out
    assert count(GeneralizedConv(20, 20, layout, 10)) == free
    assert count(ConstrainedGeneralizedConv(20, 20, layout, 10)) == steps
    assert free == 400 * layout.n_fragments
    assert steps == layout.n_fragments + 20 * 10 + 400 * 10


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), min_size=1, max_size=5),
    st.integers(1, 3),
    st.integers(1, 3),
)
@settings(deadline=None, derandomize=True, max_examples=30)
def test_any_layouts_have_the_counted_weights(types, K, after_K):
    before, after = ([pair[side] for pair in types] for side in (0, 1))
    if not any(after):
        after[0] = 1
    into, out = HarmonicLayout(len(types), before), HarmonicLayout(len(types), after)
    mixed = sum(t * u for t, u in zip(before, after, strict=True))
    conv = GeneralizedConv(K, after_K, into, out)
    assert count(conv) == K * after_K * mixed
    assert conv(torch.ones(into.n_rows, K)).shape == (out.n_rows, after_K)
    steps = ConstrainedGeneralizedConv(K, after_K, into, out)
    within = sum(t * t for t in after)
    assert count(steps) == mixed + K * within + K * after_K * sum(after)
    shared = ConstrainedGeneralizedConv(K, after_K, into, out, shared=True)
    present = sum(t > 0 for t in after)
    assert count(shared) == mixed + K * within + K * after_K * present


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_first_weights_keep_the_variance_of_fragments(name):
    layout = HarmonicLayout(3, [30, 20, 10])
    build = {
        "generalized": lambda: GeneralizedConv(16, 32, layout, layout),
        "constrained": lambda: ConstrainedGeneralizedConv(16, 32, layout, layout),
        "constrained-shared": lambda: ConstrainedGeneralizedConv(
            16, 32, layout, layout, shared=True
        ),
        "uniform": lambda: UniformConv(layout, layout),
        "channel-wise": lambda: ChannelWiseConv(16, layout),
        "cross-channel": lambda: CrossChannelConv(16, 32, layout),
        "cross-channel-shared": lambda: CrossChannelConv(16, 32, layout, shared=True),
    }[name]
    y = made(build)(random(50, layout.n_rows, 16))
    for l in range(3):
        # Sums over weights that orders and signals share: a tenth each step.
        assert y[:, layout.rows(l)].square().mean().item() == pytest.approx(1, abs=0.35)


def test_constants_are_added_to_degree_zero_only():
    for build in (
        lambda: GeneralizedConv(4, 5, BEFORE, AFTER, bias=True),
        lambda: CrossChannelConv(4, 5, BEFORE, bias=True),
    ):
        layer = made(build)
        y = layer(torch.zeros(BEFORE.n_rows, 4).double())
        scalars = layer.layout_out.tau[0]
        assert torch.equal(y[:scalars], layer.bias)
        assert not y[scalars:].any()
        layer.reset_parameters()
        assert not layer.bias.any()


def test_autocast_changes_no_precision():
    layer = made(CONVOLUTIONS["constrained"], torch.float32)
    x = random(2, BEFORE.n_rows, 4, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
    assert_near(y, layer(x), 4 * BEFORE.n_fragments)


def test_weights_are_named_by_degree():
    layer = GeneralizedConv(4, 5, BEFORE, AFTER)
    assert set(layer.state_dict()) == {"weights.0", "weights.1"}
    other = GeneralizedConv(4, 5, BEFORE, AFTER)
    other.load_state_dict(layer.state_dict())
    x = random(BEFORE.n_rows, 4, dtype=torch.float32)
    assert_near(other(x), layer(x), 4 * BEFORE.n_fragments)


def test_are_made_on_the_device_in_force():
    for build in CONVOLUTIONS.values():
        with torch.device("meta"):
            layer = build()
        assert {part.device.type for part in layer.parameters()} == {"meta"}


def test_printed_forms():
    layouts = f"{HarmonicLayout(2, [2, 1])}, {HarmonicLayout(2)}"
    free = GeneralizedConv(3, 4, HarmonicLayout(2, [2, 1]), 2)
    assert f"3, 4, {layouts}, bias=False" in repr(free)
    steps = repr(ConstrainedGeneralizedConv(3, 4, HarmonicLayout(2, [2, 1]), 2))
    assert layouts in steps
    assert "3, HarmonicLayout(L=2, tau=1), HarmonicLayout(L=2, tau=1)" in steps
    assert "3, 4, HarmonicLayout(L=2, tau=1), shared=False, bias=False" in steps


@pytest.mark.parametrize("conv", [GeneralizedConv, ConstrainedGeneralizedConv])
@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((1, 1, 3, 4), {}, ValueError, r"degree 3 \(L=4, tau=1\), .*L=3.* lower L"),
        (
            (1, 1, BEFORE, HarmonicLayout(3)),
            {},
            ValueError,
            r"degree 2 \(L=3, tau=1\), .* set tau\[2\] to 0",
        ),
        (
            (1, 1, 3, HarmonicLayout(2, [0, 1])),
            {"bias": True},
            ValueError,
            "bias is added to degree 0, of which .* has no fragments; pass bias=False",
        ),
        ((0, 1, 3, 3), {}, ValueError, "channels must be at least 1, got 0"),
        ((1, 0, 3, 3), {}, ValueError, "out_channels must be at least 1, got 0"),
        ((1.5, 1, 3, 3), {}, TypeError, "channels must be an integer, got 1.5"),
        ((1, 1, "3", 3), {}, TypeError, "layout must be .* L, got '3'"),
    ],
)
def test_bad_sizes_are_refused(conv, arguments, options, error, message):
    with pytest.raises(error, match=message):
        conv(*arguments, **options)


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(9, 4), ValueError, r"have 9 rows, HarmonicLayout\(L=4, tau=\(3,"),
        (torch.ones(16), ValueError, r"got \(16,\); add a channel"),
        (torch.ones(16, 4).double(), TypeError, "must be torch.float32 like the mod"),
        (torch.ones(16, 4).half(), TypeError, "float32 or float64, got torch.float16"),
    ],
)
def test_bad_coefficients_are_refused(name, x, error, message):
    with pytest.raises(error, match=message):
        CONVOLUTIONS[name]()(x)


def test_other_numbers_of_channels_are_refused():
    for name in ("generalized", "channel-wise", "cross-channel", "constrained"):
        with pytest.raises(ValueError, match="expected 4 input channels, got 3; coeff"):
            CONVOLUTIONS[name]()(torch.ones(BEFORE.n_rows, 3))

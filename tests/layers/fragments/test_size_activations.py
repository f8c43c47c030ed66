"""Nonlinearities of sizes and gates: definitions, rotations, derivatives, input."""

import pytest
import torch
from torch import nn

from deepsphere_pyg.fixed_tensors.fixed_tensors import tensors_of
from deepsphere_pyg.harmonics import (
    SHT,
    HarmonicLayout,
    power_spectrum,
)
from deepsphere_pyg.layers import GatedActivation, NormActivation
from samplings import GaussLegendre
from tests.helpers import random
from tests.round_off import round_off

LAYOUT = HarmonicLayout(4, [2, 3, 0, 1])
LAYERS = (NormActivation, GatedActivation)


def made(layer, **options):
    torch.manual_seed(0)
    module = layer(3, LAYOUT, **options).double()
    nn.init.normal_(module.bias)
    return module


def test_sizes_become_those_of_the_function():
    module = made(NormActivation, activation=nn.Softplus(), eps=1e-24)
    x = random(5, LAYOUT.n_rows, 3)
    y = module(x)
    before, after = (power_spectrum(c, LAYOUT).sqrt() for c in (x, y))
    expected = nn.functional.softplus(before + module.bias)
    torch.testing.assert_close(after, expected)
    # Directions stay: each fragment is a positive multiple of what it was.
    for degree, tau in enumerate(LAYOUT.tau):
        for fragment in range(tau):
            rows = LAYOUT.fragment(degree, fragment)
            cosine = nn.functional.cosine_similarity(x[:, rows], y[:, rows], dim=1)
            torch.testing.assert_close(cosine, torch.ones_like(cosine))


def test_scalars_are_activated_and_others_gated():
    module = made(GatedActivation, activation=nn.ReLU())
    x = random(5, LAYOUT.n_rows, 3)
    y = module(x)
    assert torch.equal(y[:, :2], x[:, :2].relu())
    gates = torch.einsum("btc,tgc->bgc", x[:, :2], module.weight) + module.bias
    gates = gates.sigmoid()
    number = 0
    for degree in range(1, 4):
        for fragment in range(LAYOUT.tau[degree]):
            rows = LAYOUT.fragment(degree, fragment)
            expected = gates[:, number, None] * x[:, rows]
            torch.testing.assert_close(y[:, rows], expected)
            number += 1
    assert number == module.weight.shape[1]


def test_scalars_alone_are_activated():
    module = GatedActivation(2, HarmonicLayout(1, [3]))
    x = random(4, 3, 2, dtype=torch.float32)
    torch.testing.assert_close(module(x), nn.functional.silu(x))


def test_nothing_stays_nothing_with_derivatives():
    x = torch.zeros(LAYOUT.n_rows, 3, requires_grad=True)
    module = NormActivation(3, LAYOUT)
    module(x).sum().backward()
    assert not module(x).any() and x.grad.isfinite().all()


@pytest.mark.parametrize("value", [1.0, 5.0, 50.0])
def test_round_off_stays_round_off(value):
    flat = SHT(GaussLegendre(8), 6)(torch.full((128, 1), value))
    module = NormActivation(1, 6)
    nn.init.ones_(module.bias)
    noise = flat[1:].abs().max()
    assert noise <= round_off(torch.float32, 128, flat[0].abs())
    assert module(flat)[1:].abs().max() <= 2 * noise
    # Made here too, should the transform have made exact zeros.
    flat[1:] = 1e-7 * value * torch.tensor([1.0, -1.0]).repeat(18)[:35, None]
    assert module(flat)[1:].abs().max() <= 2e-7 * value


@pytest.mark.parametrize("bias", [-1.0, 0.0, 1.0])
def test_slopes_of_sizes_are_bounded(bias):
    module = NormActivation(1, 2).double()
    nn.init.constant_(module.bias, bias)
    size = torch.cat([torch.zeros(1), torch.logspace(-9, 2, 400)]).double()
    x = torch.zeros(len(size), 4, 1).double()
    x[:, 0, 0], x[:, 3, 0] = size, size * 3**0.5
    x.requires_grad_()
    y = module(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    at_zero = torch.tensor(abs(bias)).sigmoid() * abs(bias)
    assert slope.abs().max() <= 1.2 + 0.6 * at_zero / module.eps**0.5
    # Nothing has the slope of the activation, what is large its value.
    argument = torch.tensor(bias).double().requires_grad_()
    nn.functional.silu(argument).backward()
    expected = argument.grad.expand(2)
    torch.testing.assert_close(slope[0, [0, 3], 0], expected, rtol=1e-2, atol=1e-2)
    large = size > 10
    expected = nn.functional.silu(size[large] + bias)
    torch.testing.assert_close(y[large, 0, 0], expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", [nn.ReLU(inplace=True), torch.relu_])
@pytest.mark.parametrize("with_gradient", [True, False])
def test_activations_in_place_change_no_one_elses(layer, activation, with_gradient):
    module = made(layer, activation=activation)
    twin = made(layer, activation=nn.ReLU())
    x = random(5, LAYOUT.n_rows, 3)
    before = x.clone(), module.bias.detach().clone()
    x.requires_grad_(with_gradient)
    with torch.set_grad_enabled(with_gradient):
        y, expected = module(x), twin(x)
    assert torch.equal(y, expected)
    assert torch.equal(x.detach(), before[0])
    assert torch.equal(module.bias.detach(), before[1])
    if with_gradient:
        (found,) = torch.autograd.grad(y.square().sum(), x)
        (known,) = torch.autograd.grad(expected.square().sum(), x)
        assert torch.equal(found, known)


def test_parameters_are_reset():
    for layer in LAYERS:
        module = made(layer)
        module.reset_parameters()
        assert not module.bias.any()


def test_are_made_on_the_device_in_force():
    for layer in LAYERS:
        with torch.device("meta"):
            module = layer(3, LAYOUT)
        parts = list(tensors_of(module))
        assert {part.device.type for part in parts} == {"meta"}


def test_printed_forms():
    assert f"3, {LAYOUT}, eps=0.0001" in repr(NormActivation(3, LAYOUT))
    assert f"3, {LAYOUT}" in repr(GatedActivation(3, LAYOUT))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 3), ValueError, "channels must be at least 1, got 0"),
        ((1.5, 3), TypeError, "channels must be an integer, got 1.5"),
        ((1, "3"), TypeError, "layout must be .* L, got '3'"),
        ((1, 3, nn.ReLU), TypeError, r"not its class; pass ReLU\(\)"),
        ((1, 3, 2), TypeError, "activation must be a module or a function, got int"),
    ],
)
def test_bad_arguments_are_refused(layer, arguments, error, message):
    channels, layout, *activation = arguments
    with pytest.raises(error, match=message):
        layer(channels, layout, activation=activation[0] if activation else None)


def test_other_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="eps must be"):
        NormActivation(1, 3, eps=0)
    with pytest.raises(ValueError, match="no fragments; add some, or take NormAct"):
        GatedActivation(1, HarmonicLayout(2, [0, 1]))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(8, 2), ValueError, r"have 8 rows, HarmonicLayout\(L=3, tau=1\)"),
        (torch.ones(9, 3), ValueError, "expected 2 input channels, got 3; coeff"),
        (torch.ones(9), ValueError, r"got \(9,\); add a channel"),
        (torch.ones(9, 2).double(), TypeError, "must be torch.float32 like the mod"),
        (torch.ones(9, 2).half(), TypeError, "float32 or float64, got torch.float16"),
    ],
)
def test_bad_coefficients_are_refused(layer, x, error, message):
    with pytest.raises(error, match=message):
        layer(2, 3)(x)

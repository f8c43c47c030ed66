"""Nonlinearities of sizes and gates: definitions, rotations, derivatives, input."""

import pytest
import torch
from torch import nn

from deepsphere_pyg.harmonics import HarmonicLayout, Rotation, power_spectrum, rotate
from deepsphere_pyg.layers import GatedActivation, NormActivation

LAYOUT = HarmonicLayout(4, [2, 3, 0, 1])
LAYERS = (NormActivation, GatedActivation)


def random(*shape, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(shape, generator=generator, dtype=dtype)


def made(layer, *arguments, dtype=torch.float64, **options):
    torch.manual_seed(0)
    module = layer(*arguments, **options).to(dtype)
    nn.init.normal_(module.bias)
    return module


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.float64, 1e-14)]
)
def test_commute_with_rotations(layer, dtype, tolerance):
    module = made(layer, LAYOUT, 3, dtype=dtype)
    x = random(8, LAYOUT.n_rows, 3, dtype=dtype)
    turns = Rotation.random((8,), torch.Generator().manual_seed(0))
    after = rotate(module(x), turns, LAYOUT)
    error = module(rotate(x, turns, LAYOUT)) - after
    assert error.norm() <= tolerance * after.norm()


def test_sizes_become_those_of_the_function():
    module = made(NormActivation, LAYOUT, 3, nn.Softplus(), eps=1e-24)
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
    module = made(GatedActivation, LAYOUT, 3, nn.ReLU())
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
    module = GatedActivation(HarmonicLayout(1, [3]), 2)
    x = random(4, 3, 2, dtype=torch.float32)
    torch.testing.assert_close(module(x), nn.functional.silu(x))


def test_nothing_stays_nothing_with_derivatives():
    x = torch.zeros(LAYOUT.n_rows, 3, requires_grad=True)
    module = NormActivation(LAYOUT, 3)
    module(x).sum().backward()
    assert not module(x).any() and x.grad.isfinite().all()


def test_parameters_are_reset():
    for layer in LAYERS:
        module = made(layer, LAYOUT, 3)
        module.reset_parameters()
        assert not module.bias.any()


def test_are_made_on_the_device_in_force():
    for layer in LAYERS:
        with torch.device("meta"):
            module = layer(LAYOUT, 3)
        parts = (*module.parameters(), *module.buffers())
        assert {part.device.type for part in parts} == {"meta"}


def test_printed_forms():
    assert f"{LAYOUT}, 3, eps=1e-08" in repr(NormActivation(LAYOUT, 3))
    assert f"{LAYOUT}, 3" in repr(GatedActivation(LAYOUT, 3))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3, 0), ValueError, "channels must be at least 1, got 0"),
        ((3, 1.5), TypeError, "channels must be an integer, got 1.5"),
        (("3", 1), TypeError, "L must be an integer, got '3'"),
        ((3, 1, nn.ReLU), TypeError, r"not its class; pass ReLU\(\)"),
        ((3, 1, 2), TypeError, "activation must be a module or a function, got int"),
    ],
)
def test_bad_arguments_are_refused(layer, arguments, error, message):
    with pytest.raises(error, match=message):
        layer(*arguments)


def test_other_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="eps must be"):
        NormActivation(3, 1, eps=0)
    with pytest.raises(ValueError, match="no fragments; add some, or take NormAct"):
        GatedActivation(HarmonicLayout(2, [0, 1]), 1)


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
        layer(3, 2)(x)

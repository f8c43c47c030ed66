"""Invariant features: against spectra, under rotations, derivatives, bad input."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import HarmonicLayout, Rotation, power_spectrum, rotate
from deepsphere_pyg.layers import PowerSpectrumReadout
from tests.helpers import random

LAYOUT = HarmonicLayout(4, [2, 3, 0, 1])


@pytest.mark.parametrize("scalars", [True, False])
def test_features_are_spectra_and_scalars(scalars):
    x = random(2, LAYOUT.n_rows, 3)
    y = PowerSpectrumReadout(LAYOUT, scalars=scalars)(x).unflatten(-1, (6, 3))
    power = power_spectrum(x, LAYOUT)
    assert torch.equal(y[:, 2:], power[:, 2:])
    assert torch.equal(y[:, :2], x[:, :2] if scalars else power[:, :2])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8).filter(any))
@settings(deadline=None, derandomize=True, max_examples=20)
def test_any_layout_has_invariants_as_many_as_fragments(tau):
    layout = HarmonicLayout(len(tau), tau)
    x = random(layout.n_rows, 2)
    turn = Rotation.random((), torch.Generator().manual_seed(0))
    y = PowerSpectrumReadout(layout)(x)
    assert y.shape == (2 * sum(tau),)
    turned = PowerSpectrumReadout(layout)(rotate(x, turn, layout))
    torch.testing.assert_close(turned, y, atol=1e-12, rtol=0)


def test_signs_of_signals_are_told_apart_by_scalars_only():
    x = random(9, 1)
    with_sign, without = PowerSpectrumReadout(3), PowerSpectrumReadout(3, scalars=False)
    assert torch.equal(without(x), without(-x))
    assert not torch.equal(with_sign(x), with_sign(-x))


def test_gradients_at_zero_are_zero():
    x = torch.zeros(16, 1, requires_grad=True)
    PowerSpectrumReadout(4, scalars=False)(x).sum().backward()
    assert not x.grad.any()


def test_autocast_s_roundings_are_taken_in_float32():
    with torch.autocast("cpu", torch.bfloat16):
        y = PowerSpectrumReadout(2)(torch.ones(4, 1, dtype=torch.bfloat16))
    assert y.dtype == torch.float32


def test_printed_form():
    expected = "PowerSpectrumReadout(HarmonicLayout(L=2, tau=1), scalars=True)"
    assert repr(PowerSpectrumReadout(2)) == expected


@pytest.mark.parametrize("layout", ["4", 2.5])
def test_bad_layouts_are_refused(layout):
    with pytest.raises(TypeError, match=f"layout must be .* L, got {layout!r}"):
        PowerSpectrumReadout(layout)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(8, 2), ValueError, r"have 8 rows, HarmonicLayout\(L=3, tau=1\)"),
        (torch.ones(9), ValueError, r"got \(9,\); add a channel"),
        (torch.ones(9, 2).half(), TypeError, "float32 or float64, got torch.float16"),
    ],
)
def test_bad_coefficients_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        PowerSpectrumReadout(3)(x)

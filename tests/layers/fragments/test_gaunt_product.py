"""Products of signals: values, sums of couplings, exactness, equivariance, input."""

# ruff: noqa: E741 (the degree's own letter)

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import ISHT, clebsch_gordan
from deepsphere_pyg.layers import GauntProduct, TensorProductActivation
from samplings import Fibonacci
from tests.helpers import random
from tests.round_off import assert_near


def gaunt(L, L_other=None, L_out=None, dtype=torch.float64):
    return GauntProduct(L, L_other=L_other, L_out=L_out).to(dtype)


@given(st.integers(1, 8), st.integers(1, 8))
@settings(deadline=None, derandomize=True, max_examples=20)
def test_values_are_multiplied_at_every_point(L, L_other):
    """With all degrees that the product has, on points that are not the grid's."""
    out = L + L_other - 1
    layer = gaunt(L, L_other, L_out=out)
    x, y = random(2, L * L, 3), random(2, L_other**2, 3, seed=2)
    points = Fibonacci(50)

    def values(c, bandlimit):
        return ISHT(points, bandlimit, dtype=torch.float64)(c)

    expected = values(x, L) * values(y, L_other)
    # Values are sums over all degrees, made of values on the grid of the product.
    scale = values(x, L).abs().max() * values(y, L_other).abs().max() * out
    assert_near(values(layer(x, y), out), expected, 2 * out**2, scale)


@pytest.mark.parametrize("L_out", [1, 3, 6, 9, 11])
def test_lower_degrees_are_those_of_the_whole_product(L_out):
    x, y = random(2, 2, 36, 2)
    whole = gaunt(6, L_out=11)(x, y)
    part = gaunt(6, L_out=L_out)(x, y)
    assert_near(part, whole[:, : L_out**2], 11**2, whole.abs().max())


def test_is_a_sum_of_the_products_of_fragments():
    L = 6
    layer = TensorProductActivation(L).double()
    x = random(2, L * L, 3)
    products = layer(x)
    expected = torch.zeros(2, L * L, 3).double()
    for number, (l, l1, _, l2, _) in enumerate(layer.fragments.tolist()):
        first = number - sum(layer.layout_out.tau[:l])
        fragment = products[:, layer.layout_out.fragment(l, first)]
        middle = clebsch_gordan(l1, l2, l).dense()[l, l1, l2]
        weight = middle * math.sqrt(
            (2 * l1 + 1) * (2 * l2 + 1) / (4 * math.pi * (2 * l + 1))
        )
        # Pairs of two degrees are there in both orders.
        expected[:, l * l : (l + 1) ** 2] += (1 + (l1 < l2)) * weight * fragment
    assert_near(gaunt(L)(x), expected, (2 * L) ** 2)


def test_one_signal_is_squared():
    layer = gaunt(4)
    x = random(2, 16, 3)
    assert_near(layer(x), layer(x, x), 16)


def test_autocast_s_roundings_are_taken_in_float32():
    with torch.autocast("cpu", torch.bfloat16):
        y = GauntProduct(2)(torch.ones(4, 1, dtype=torch.bfloat16))
    assert y.dtype == torch.float32


def test_gradients_of_both_signals():
    layer = gaunt(2, 3)
    x, y = random(4, 2).requires_grad_(), random(9, 2).requires_grad_()
    assert torch.autograd.gradcheck(layer, (x, y))
    assert torch.autograd.gradgradcheck(layer, (x, y))


def test_printed_form():
    assert "L=3, L_other=2, L_out=4" in repr(GauntProduct(3, L_other=2, L_out=4))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "L must be at least 1, got 0"),
        ((2, 0), ValueError, "L_other must be at least 1, got 0"),
        ((2, 2, 0), ValueError, "L_out must be at least 1, got 0"),
        ((2, 3, 5), ValueError, r"at most L \+ L_other - 1 = 4, got 5; products have"),
        ((2.5,), TypeError, "L must be an integer, got 2.5"),
    ],
)
def test_bad_bandlimits_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        gaunt(*arguments)


def test_a_missing_signal_is_missed():
    with pytest.raises(ValueError, match="L=2 and L_other=3 differ; pass both"):
        GauntProduct(2, L_other=3)(torch.ones(4, 1))


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(8, 2), ValueError, r"have 8 rows, HarmonicLayout\(L=3, tau=1\)"),
        (torch.ones(9), ValueError, r"got \(9,\); add a channel"),
        (torch.ones(9, 2).double(), TypeError, "must be torch.float32 like this"),
        (torch.ones(9, 2).half(), TypeError, "float32 or float64, got torch.float16"),
    ],
)
def test_bad_coefficients_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        GauntProduct(3)(x)

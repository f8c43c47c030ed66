"""The model of round-off holds for any order of sums, and hides no fault."""

import math

import numpy as np
import pytest
import torch

from tests.round_off import assert_near, round_off


def in_many_orders(x):
    """One after another, backwards, shuffled, in pairs, in blocks, as a product."""
    yield np.cumsum(x)[-1]
    yield np.cumsum(x[::-1])[-1]
    yield np.cumsum(np.random.default_rng(1).permutation(x))[-1]
    yield x.sum()
    yield x.reshape(-1, 16).sum(axis=0).sum()
    yield x @ np.ones_like(x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("terms", [16, 4096, 65536])
def test_sums_in_any_order_are_within_the_bound(dtype, terms):
    x = np.random.default_rng(0).standard_normal(terms).astype(dtype)
    # Partial sums of random signs are as large as the root of how many they are.
    exact, scale = math.fsum(x), math.sqrt(terms)
    for found in in_many_orders(x):
        assert found.dtype == dtype
        assert abs(float(found) - exact) <= round_off(dtype, terms, scale)


def test_single_precision_does_not_pass_for_double():
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0)).double()
    x = x / 3
    with pytest.raises(AssertionError, match="not close"):
        assert_near(x.float().double(), x, 10_000)
    with pytest.raises(AssertionError, match="dtype"):
        assert_near(x.float(), x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_missing_term_and_a_wrong_sign_are_faults(dtype):
    a = torch.randn(64, 256, generator=torch.Generator().manual_seed(0)).to(dtype)
    b = torch.randn(256, 8, generator=torch.Generator().manual_seed(1)).to(dtype)
    wanted = (a.double() @ b.double()).to(dtype)
    assert_near(a @ b, wanted, 256)
    with pytest.raises(AssertionError):
        assert_near(a[:, 1:] @ b[1:], wanted, 256)
    a[3, 5] = -a[3, 5]
    with pytest.raises(AssertionError):
        assert_near(a @ b, wanted, 256)


def test_integers_must_be_equal():
    assert_near(torch.tensor([1, 2]), torch.tensor([1, 2]))
    with pytest.raises(AssertionError):
        assert_near(np.array([1, 2]), np.array([1, 3]))

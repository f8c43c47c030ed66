"""Convolutions onto and on SO(3): equivariance, special cases, variance."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import rotate, so3_layout
from deepsphere_pyg.layers import LocalGrid, SO3Conv, SphereToSO3Conv, ZonalConv
from tests.helpers import random
from tests.layers.rotation_group.convolutions import (
    BOTH,
    FILTERS,
    LOCAL,
    conv,
    turns,
    values,
)
from tests.round_off import assert_near, round_off

DTYPES = pytest.mark.parametrize(
    # Sums of some hundred products of numbers near one, rotated before or after.
    ("dtype", "tolerance"),
    [(dtype, round_off(dtype, 500)) for dtype in (torch.float32, torch.float64)],
)


def equivariance_error(layer, dtype):
    x = random(4, layer.layout.n_rows, layer.in_channels, dtype=dtype)
    after = rotate(layer(x), turns(4), layer.layout_out)
    error = layer(rotate(x, turns(4), layer.layout)) - after
    return max(error.norm() / after.norm(), error.abs().max() / after.abs().max())


BANDLIMITS = st.integers(1, 6).flatmap(
    lambda L: st.integers(1, L).flatmap(
        lambda M: st.tuples(
            st.just(L), st.integers(1, L), st.just(M), st.integers(1, M)
        )
    )
)


@given(BANDLIMITS, st.booleans())
@settings(deadline=None, derandomize=True, max_examples=30)
def test_all_bandlimits_have_their_layouts_and_commute(bandlimits, local):
    L, N, L_out, N_out = bandlimits
    options = {"L_out": L_out, "local": LOCAL if local else None}
    layer = conv(SO3Conv, 1, 2, L=L, N=N, N_out=N_out, **options)
    assert layer.layout == so3_layout(L, N)
    assert (layer.L, layer.N, layer.L_out, layer.N_out) == bandlimits
    assert layer.layout_out == so3_layout(L_out, N_out)
    assert equivariance_error(layer, torch.float64) <= 1e-12
    lift = conv(SphereToSO3Conv, 1, 2, L=L, N=N_out, **options)
    assert lift.layout_out == layer.layout_out
    assert (lift.L, lift.N, lift.L_out) == (L, N_out, L_out)
    assert equivariance_error(lift, torch.float64) <= 1e-12


def test_lift_with_one_order_is_the_zonal_convolution():
    lift = conv(SphereToSO3Conv, 3, 2, L=5, N=1, bias=False)
    zonal = conv(ZonalConv, 3, 2, L=5, bias=False)
    zonal.load_state_dict(lift.state_dict())
    x = random(25, 3)
    assert_near(lift(x), zonal(x), 3)


def test_functions_of_one_order_are_lifted_by_the_convolution():
    lift = conv(SphereToSO3Conv, 3, 2, L=5, N=4)
    layer = conv(SO3Conv, 3, 2, L=5, N=1, N_out=4)
    layer.load_state_dict(lift.state_dict())
    x = random(25, 3)
    assert_near(layer(x), lift(x), 3 * 9)


def test_convolutions_in_a_row_multiply_their_matrices():
    first = conv(SO3Conv, 3, 4, L=5, N=3, bias=False)
    second = conv(SO3Conv, 4, 2, L=5, N=3, L_out=4, N_out=2, bias=False)
    whole = conv(SO3Conv, 3, 2, L=5, N=3, L_out=4, N_out=2, bias=False)
    products = [
        torch.einsum("aibj,bjco->acio", a, b).flatten(0, 1)
        for a, b in zip(first.response(), second.response(), strict=False)
    ]
    with torch.no_grad():
        whole.weight.copy_(torch.cat(products))
    x = random(first.layout.n_rows, 3)
    torch.testing.assert_close(whole(x), second(first(x)), atol=1e-12, rtol=0)


def test_unit_matrices_are_the_identity():
    layer = conv(SO3Conv, 2, 2, L=4, N=2, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
        for matrix in layer.response():
            for n in range(matrix.shape[0]):
                matrix[n, :, n] = torch.eye(2)
    x = random(layer.layout.n_rows, 2)
    assert torch.equal(layer(x), x)


def test_unit_points_turn_functions_from_the_right():
    # One point, a turn by t about the pole: y(R) = s f(R Z(t)).
    grid = LocalGrid(rings=1, angles=1, max_beta=1e-9, turns=1)
    layer = conv(SO3Conv, 1, 1, L=4, local=grid, bias=False)
    x = random(layer.layout.n_rows, 1)
    expected = layer.table[0, 0] * layer.weight[0] * x
    torch.testing.assert_close(layer(x), expected, atol=1e-7, rtol=0)


@BOTH
@FILTERS
def test_bias_adds_a_constant(kind, sizes, local):
    layer = conv(kind, 3, 2, **sizes, local=local)
    without = conv(kind, 3, 2, **sizes, local=local, bias=False)
    x = random(layer.layout.n_rows, 3)
    difference = values(layer(x) - without(x), turns(5), layer.layout_out)
    torch.testing.assert_close(difference, layer.bias.expand(5, 2))


@pytest.mark.parametrize(
    "layer",
    [
        lambda local: SphereToSO3Conv(32, 64, 12, 5, local=local),
        lambda local: SphereToSO3Conv(32, 64, 12, L_out=7, local=local),
        lambda local: SO3Conv(32, 64, 8, 3, L_out=6, N_out=6, local=local),
        lambda local: SO3Conv(32, 64, 8, 1, N_out=3, local=local),
    ],
)
@pytest.mark.parametrize("local", [None, LocalGrid()], ids=["spectral", "local"])
def test_first_weights_keep_the_variance(layer, local):
    torch.manual_seed(0)
    layer = layer(local)
    y = layer(random(8, layer.layout.n_rows, 32, dtype=torch.float32))
    assert 0.8 <= y.square().mean() <= 1.25

"""Zonal convolution: the integral it stands for, equivariance, variance, input."""

import math

import numpy as np
import pytest
import torch

from deepsphere_pyg.fixed_tensors.fixed_tensors import tensors_of
from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.layers import ZonalConv
from deepsphere_pyg.layers.sphere.zonal_conv import anchor_interpolation
from samplings import GaussLegendre
from tests.helpers import random
from tests.round_off import assert_near

L = 10


def conv(ins, outs, L, anchors=None, dtype=torch.float64, bias=True):
    torch.manual_seed(0)
    layer = ZonalConv(ins, outs, L, anchors=anchors, bias=bias).to(dtype)
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias)
    return layer


@pytest.mark.parametrize("anchors", [None, 3])
def test_is_the_integral_against_its_kernel(anchors):
    layer = conv(3, 2, 6, anchors)
    sampling = GaussLegendre(6)
    to_signal = ISHT(sampling, 6, dtype=torch.float64)
    c = random(36, 3)
    f = to_signal(c)
    angle = np.arccos(np.clip(sampling.xyz @ sampling.xyz.T, -1, 1))
    h = layer.kernel(angle.ravel()).reshape(*angle.shape, 3, 2)
    area = torch.tensor(sampling.quadrature)
    y = torch.einsum("xzio,zi,z->xo", h, f, area) + layer.bias
    # The arc cosine near one keeps half of the digits of small angles.
    torch.testing.assert_close(to_signal(layer(c)), y, atol=1e-7, rtol=0)


def test_one_everywhere_is_the_identity_and_one_degree_projects():
    x = random(L * L, 2)
    layer = conv(2, 2, L, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(2).expand(L, 2, 2))
        assert torch.equal(layer(x), x)
        layer.weight[3] = 0
    y = layer(x)
    assert not y[9:16].any()
    assert torch.equal(y[16:], x[16:])


def test_bias_adds_a_constant_to_signals():
    layer, without = conv(2, 3, 5), conv(2, 3, 5, bias=False)
    sampling = GaussLegendre(5)
    to_signal = ISHT(sampling, 5, dtype=torch.float64)
    x = random(25, 2)
    difference = to_signal(layer(x)) - to_signal(without(x))
    expected = layer.bias.expand(len(sampling), 3)
    assert_near(difference, expected, 25, to_signal(layer(x)))


@pytest.mark.parametrize("anchors", [None, 1, 5, 16])
def test_first_weights_keep_the_variance(anchors):
    layer = conv(32, 64, 16, anchors, bias=False)
    y = layer(random(8, 256, 32))
    # Of 256 x 64 sums over weights that they share: a tenth, and more of one anchor.
    assert 0.8 <= y.square().mean() <= 1.25


def test_few_anchors_make_filters_that_stay_near_their_axis():
    angle = np.linspace(0, math.pi, 1000)
    energies = []
    for anchors in (None, 8):
        layer = conv(4, 32, 64, anchors)
        squares = layer.kernel(angle).square().mean((1, 2)).detach().numpy()
        energy = np.cumsum(squares * np.sin(angle))
        energies.append(energy[angle <= math.pi * 8 / 64][-1] / energy[-1])
    free, localised = energies
    assert localised >= 0.85
    assert free <= 0.7


def test_anchors_interpolate_linearly():
    degrees = np.arange(11.0)
    for anchors in (2, 4, 11, [0, 3, 10]):
        matrix = anchor_interpolation(11, anchors)
        assert_near(matrix.sum(1), 1, 2)
        positions = np.linspace(0, 10, anchors) if np.ndim(anchors) == 0 else anchors
        # Lines are kept.
        assert_near(matrix @ positions, degrees, 2)
    assert np.array_equal(anchor_interpolation(11, 11), np.eye(11))
    assert np.array_equal(anchor_interpolation(3, 1), np.ones((3, 1)))
    assert np.array_equal(anchor_interpolation(1, [0]), np.ones((1, 1)))


def test_float64_after_float32_is_exact():
    layer = conv(1, 1, 7, 3, dtype=torch.float32)
    expected = torch.from_numpy(anchor_interpolation(7, 3))
    assert torch.equal(layer.double().interpolation, expected)
    assert set(layer.state_dict()) == {"weight", "bias"}


def test_kernel_and_response_have_gradients():
    layer = conv(1, 1, 7, 3)
    layer.kernel([0.1, 0.5]).sum().backward()
    assert layer.weight.grad.all()


def test_is_made_on_the_device_in_force():
    with torch.device("meta"):
        layer = ZonalConv(2, 3, 8, anchors=4)
    parts = list(tensors_of(layer))
    assert [part.device.type for part in parts] == ["meta"] * 3


def test_printed_form():
    assert (
        repr(ZonalConv(2, 3, 8, anchors=4))
        == "ZonalConv(2, 3, L=8, anchors=4, bias=True)"
    )
    assert repr(ZonalConv(2, 3, 8)) == "ZonalConv(2, 3, L=8, bias=True)"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 1, 4), ValueError, "in_channels must be at least 1, got 0"),
        ((1, 0, 4), ValueError, "out_channels must be at least 1, got 0"),
        ((1, 1, 0), ValueError, "L must be at least 1, got 0"),
        ((1, 1, 2.5), TypeError, "L must be an integer, got 2.5"),
        ((1, 1, 4, 5), ValueError, "at most the number of degrees L = 4, got 5; pass"),
        ((1, 1, 4, 0), ValueError, "anchors must be at least 1, got 0"),
        ((1, 1, 4, "few"), TypeError, "anchors must be an integer, got 'few'"),
        ((1, 1, 4, [0, 2]), ValueError, r"from 0 to L - 1 = 3, got \[0, 2\]"),
        ((1, 1, 4, [1, 3]), ValueError, r"from 0 to L - 1 = 3, got \[1, 3\]"),
        ((1, 1, 4, [0, 2, 2, 3]), ValueError, r"that ascend .* got \[0, 2, 2, 3\]"),
        ((1, 1, 4, []), ValueError, r"got \[\]"),
        ((1, 1, 4, [0, 1.5, 3]), TypeError, "anchors must be an integer, got 1.5"),
    ],
)
def test_bad_sizes_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        conv(*arguments)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(9, 2), ValueError, r"have 9 rows, HarmonicLayout\(L=4, tau=1\)"),
        (torch.ones(16, 3), ValueError, "expected 2 input channels, got 3; coeff"),
        (torch.ones(16), ValueError, r"got \(16,\); add a channel"),
        (torch.ones(16, 2).double(), TypeError, "must be torch.float32 like the mod"),
        (torch.ones(16, 2).half(), TypeError, "float32 or float64, got torch.float16"),
        (np.ones((16, 2)), TypeError, "must be a tensor .* got ndarray"),
    ],
)
def test_bad_coefficients_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        ZonalConv(2, 1, 4)(x)


def test_half_precision_is_refused():
    with pytest.raises(TypeError, match=r"got torch\.float16: its 8 to 11 bits"):
        ZonalConv(2, 1, 4).half()


def test_spectrum_of_a_signal_is_filtered_degree_by_degree():
    sampling = GaussLegendre(4)
    to_rows = SHT(sampling, 4, dtype=torch.float64)
    layer = conv(1, 1, 4, bias=False)
    z = torch.tensor(sampling.xyz[:, 2:])
    torch.testing.assert_close(layer(to_rows(z)), layer.weight[1] * to_rows(z))

"""Activations on grids of rotations: exact cases, known errors, bad input."""

import math

import pytest
import torch
from torch import nn

from deepsphere_pyg.harmonics import Rotation, rotate, so3_layout
from deepsphere_pyg.layers import (
    GridActivation,
    SO3GridActivation,
    SO3Mean,
    SpectralPool,
)
from samplings import GaussLegendre, McEwenWiaux, SO3Grid
from samplings.schemes.so3 import SCHEMES
from tests.helpers import random
from tests.round_off import assert_near, round_off


def equivariance_error(layer, dtype=torch.float64, n=20):
    """Mean of relative errors, of white coefficients under random rotations."""
    layer = layer.to(dtype)
    x = random(n, layer.layout.n_rows, 1, dtype=dtype)
    turns = Rotation.random((n,), torch.Generator().manual_seed(0))
    after = rotate(layer(x), turns, layer.layout_out)
    error = layer(rotate(x, turns, layer.layout)) - after
    return float((error.flatten(1).norm(dim=1) / after.flatten(1).norm(dim=1)).mean())


# Means of 20 signals are known to some 4 %; those of the docstring are of 100.
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("N", "scheme", "oversampling", "expected"),
    [
        (2, "mcewen-wiaux", 1, 0.37),  # published
        (2, "mcewen-wiaux", 2, 0.020),
        (10, "mcewen-wiaux", 1, 0.26),
        (3, "gauss-legendre", 1, 0.33),
        (2, "kostelec-rockmore", 1, 0.134),
    ],
)
def test_relu_has_the_known_equivariance_error(
    N, scheme, oversampling, expected, dtype
):
    layer = SO3GridActivation(10, N, oversampling=oversampling, scheme=scheme)
    assert equivariance_error(layer, dtype) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("N", [1, 2, 6])
def test_errors_fall_with_oversampling_and_faster_where_activations_are_smooth(N):
    errors = {
        activation: [
            equivariance_error(
                SO3GridActivation(6, N, activation=activation(), oversampling=n)
            )
            for n in (1, 2, 4)
        ]
        for activation in (nn.ReLU, nn.SiLU)
    }
    for coarse, fine, finer in errors.values():
        assert coarse > 5 * fine > 15 * finer
    assert errors[nn.SiLU][2] < errors[nn.ReLU][2] / 20


# A square has twice the degrees and orders, less one, which such grids resolve.
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(dtype, round_off(dtype, 1000)) for dtype in (torch.float32, torch.float64)],
)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_squares_on_twice_the_bandlimits_are_equivariant(scheme, dtype, tolerance):
    options = {"oversampling": 2, "scheme": scheme}
    layer = SO3GridActivation(5, 3, activation=lambda x: x - x**2 / 10, **options)
    assert equivariance_error(layer, dtype, n=5) <= tolerance


def test_identity_and_positive_functions_are_kept():
    c = random(2, so3_layout(5, 3).n_rows, 3)
    identity = SO3GridActivation(5, 3, activation=nn.Identity()).double()
    torch.testing.assert_close(identity(c), c, atol=1e-12, rtol=0)
    positive = torch.cat([c[:, :1].abs() + 300, c[:, 1:]], dim=1)
    relu = SO3GridActivation(5, 3).double()
    torch.testing.assert_close(relu(positive), positive, atol=1e-11, rtol=0)
    assert not relu(-positive).any()


@pytest.mark.parametrize(
    ("sampling", "scheme", "oversampling"),
    [
        (McEwenWiaux(6), "mcewen-wiaux", 1),
        (GaussLegendre(12, 23), "gauss-legendre", 2),
    ],
)
def test_functions_of_one_order_are_signals_on_the_sphere(
    sampling, scheme, oversampling
):
    c, scale = random(2, 36, 3), math.sqrt(2 * math.pi)
    options = {"oversampling": oversampling, "scheme": scheme}
    layer = SO3GridActivation(6, 1, activation=nn.SiLU(), **options).double()
    sphere = GridActivation(sampling, 6, activation=nn.SiLU()).double()
    torch.testing.assert_close(layer(scale * c), scale * sphere(c), atol=1e-12, rtol=0)
    assert layer.grid.shape[2] == 1


def test_lower_bandlimits_of_the_output_are_some_of_its_rows():
    c = random(2, so3_layout(6, 3).n_rows, 3)
    whole = SO3GridActivation(6, 3).double()(c)
    lower = SO3GridActivation(6, 3, L_out=4).double()
    terms = len(lower.grid)
    assert_near(lower(c), SpectralPool(so3_layout(6, 3), 4)(whole), terms, whole)
    narrow = SO3GridActivation(6, 3, L_out=4, N_out=2).double()
    rows = lower.layout_out
    kept = torch.from_numpy(abs(rows.fragments - (rows.degrees.clip(max=2))) < 2)
    assert_near(narrow(c), lower(c)[:, kept], terms, whole)
    mean = SO3Mean(1)(SO3GridActivation(6, 3, L_out=1).double()(c))
    assert_near(mean, SO3Mean(6, 3)(whole), terms, whole)


def test_one_degree_is_the_activation_itself():
    layer = SO3GridActivation(1).double()
    x = random(3, 1, 2)
    torch.testing.assert_close(layer(x), x.relu())


def test_bandlimits_of_the_grid_are_rounded_up():
    def grid(*bandlimits, more):
        return SO3GridActivation(*bandlimits, oversampling=more).grid

    assert grid(10, 3, more=1.5) == SO3Grid(15, 5)
    assert grid(10, 10, more=1.1) == SO3Grid(11, 11)
    assert grid(10, 1, more=2) == SO3Grid(20, 1)
    assert grid(7, 2, more=1) == SO3Grid(7, 2)


def test_activations_may_learn_and_change_channels():
    gate = nn.Sequential(nn.Linear(3, 4), nn.GLU())
    layer = SO3GridActivation(3, 2, activation=gate)
    y = layer(random(2, 25, 3, dtype=torch.float32))
    assert y.shape == (2, 25, 2)
    y.sum().backward()
    assert all(p.grad is not None for p in layer.parameters())
    assert set(layer.state_dict()) == {"activation.0.weight", "activation.0.bias"}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"N": 5}, ValueError, "N must be at most L = 4, got 5"),
        ({"L_out": 5}, ValueError, "L_out must be at most L = 4, .* got 5"),
        ({"L_out": 2, "N_out": 3}, ValueError, "N_out must be at most the ban.* got 3"),
        ({"N": 2, "N_out": 3}, ValueError, "N_out must be at most N = 2, .*an SO3Conv"),
        ({"oversampling": 0.5}, ValueError, "oversampling must be at least 1, got 0.5"),
        ({"oversampling": "two"}, TypeError, "oversampling must be a number, got 'two"),
        ({"scheme": "healpix"}, ValueError, "scheme must be 'mcewen-wiaux' or .* got"),
        (
            {"activation": "relu"},
            TypeError,
            "activation must be a module or a function, got str; pass one such as",
        ),
        (
            {"activation": nn.ReLU},
            TypeError,
            r"must be a module, not its class; pass ReLU\(\)",
        ),
    ],
)
def test_bad_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        SO3GridActivation(4, **options)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(9, 2), ValueError, r"have 9 rows, HarmonicLayout\(L=3, tau=\(1, 3"),
        (torch.ones(25, 2).double(), TypeError, "must be torch.float32"),
        (torch.ones(25, 2).half(), TypeError, "float32 or float64, got torch.float16"),
    ],
)
def test_bad_coefficients_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        SO3GridActivation(3, 2)(x)


def test_activations_that_mix_points_away_are_refused():
    layer = SO3GridActivation(3, 2, activation=lambda x: x[..., :4, :])
    with pytest.raises(ValueError, match="x has 4 vertices, this operator takes 45"):
        layer(torch.ones(25, 1))

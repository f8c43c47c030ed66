"""Averages of functions on SO(3): the integrals they are, invariance, bad input."""

import math

import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import (
    ISO3Transform,
    Rotation,
    so3_layout,
    spherical_harmonics,
)
from deepsphere_pyg.layers import SO3Conv, SO3Mean, SO3ToSphere
from samplings import SO3Grid
from tests.helpers import random

BANDLIMITS = pytest.mark.parametrize(("L", "N"), [(1, 1), (5, 1), (5, 3), (5, 5)])


@BANDLIMITS
def test_averages_are_those_of_the_values(L, N):
    grid = SO3Grid(L, N)
    c = random(so3_layout(L, N).n_rows, 3)
    f = ISO3Transform(grid, dtype=torch.float64)(c)
    alpha, beta, _ = grid.angles.reshape(*grid.shape, 3)[:, :, 0].reshape(-1, 3).T
    y = torch.from_numpy(spherical_harmonics(beta, alpha, L)) @ SO3ToSphere(L, N)(c)
    about_z = f.view(-1, grid.shape[2], 3).mean(1)
    torch.testing.assert_close(y, about_z, atol=1e-13, rtol=0)
    weights = torch.tensor(grid.weights)
    mean = weights @ f / weights.sum()
    torch.testing.assert_close(SO3Mean(L, N)(c), mean, atol=1e-13, rtol=0)


def test_turns_from_the_right_leave_the_average_over_them():
    # A filter that is one turn about z: y(R) = f(R Z(t)).
    layer = SO3Conv(1, 1, 4, bias=False).double()
    turn = Rotation.from_euler(0.7, 0.0, 0.0).angles[0]
    with torch.no_grad():
        layer.weight.zero_()
        for degree, w in enumerate(layer.response()):
            for m in range(-degree, degree + 1):
                w[degree + m, 0, degree + m, 0] = math.cos(m * turn)
                w[degree + m, 0, degree - m, 0] += math.sin(m * turn) * (m != 0)
    c = random(layer.layout.n_rows, 1)
    to_sphere = SO3ToSphere(4)
    torch.testing.assert_close(to_sphere(layer(c)), to_sphere(c), atol=1e-13, rtol=0)


def test_printed_forms():
    assert repr(SO3ToSphere(4, 2)) == "SO3ToSphere(L=4, N=2)"
    assert repr(SO3Mean(4)) == "SO3Mean(L=4, N=4)"


@pytest.mark.parametrize("kind", [SO3ToSphere, SO3Mean])
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(16, 2), ValueError, r"have 16 rows, HarmonicLayout\(L=4, tau=\("),
        (torch.ones(46), ValueError, r"got \(46,\); add a channel"),
        (torch.ones(46, 2).half(), TypeError, "float32 or float64, got torch.float16"),
        (np.ones((46, 2)), TypeError, "must be a tensor .* got ndarray"),
    ],
)
def test_bad_input_is_refused(kind, x, error, message):
    with pytest.raises(error, match=message):
        kind(4, 2)(x)
    with pytest.raises(ValueError, match="N must be at most L = 4, got 5"):
        kind(4, 5)
    with pytest.raises(TypeError, match=r"L must be an integer, got 4\.0"):
        kind(4.0)

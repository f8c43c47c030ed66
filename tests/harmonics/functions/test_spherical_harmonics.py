"""Real spherical and solid harmonics: oracles, laws, derivatives, bad input."""

import importlib

import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import (
    HarmonicLayout,
    solid_harmonics,
    spherical_harmonics,
)
from samplings import GaussLegendre
from tests.round_off import assert_near

THETA = st.floats(0, np.pi)
PHI = st.floats(-10, 10)
COORDINATES = st.lists(st.floats(-2, 2), min_size=3, max_size=3)


def unit_vectors(n, seed=0):
    xyz = np.random.default_rng(seed).normal(size=(n, 3))
    xyz /= np.linalg.norm(xyz, axis=1, keepdims=True)
    # The poles, and a point on the seam of longitudes.
    return np.concatenate([xyz, [[0, 0, 1], [0, 0, -1], [-1, 0, 0]]])


def angles(xyz):
    x, y, z = xyz.T
    return np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)


def test_harmonics_of_degree_one_are_y_z_x():
    xyz = unit_vectors(20)
    expected = np.sqrt(3 / (4 * np.pi)) * xyz[:, [1, 2, 0]]
    harmonics = spherical_harmonics(*angles(xyz), 2)
    assert_near(harmonics[:, 1:], expected, 3)
    assert_near(harmonics[:, 0], 1 / np.sqrt(4 * np.pi))


@pytest.mark.oracle
@pytest.mark.skipif(
    not hasattr(scipy.special, "sph_harm_y"), reason="needs sph_harm_y of SciPy 1.15"
)
def test_harmonics_match_scipy():
    theta, phi = angles(unit_vectors(30))
    layout = HarmonicLayout(30)
    m = np.abs(layout.orders)
    values = scipy.special.sph_harm_y(layout.degrees, m, theta[:, None], phi[:, None])
    sign = np.where(m > 0, np.sqrt(2) * (-1.0) ** m, 1)
    expected = sign * np.where(layout.orders < 0, values.imag, values.real)
    harmonics = spherical_harmonics(theta, phi, 30)
    np.testing.assert_allclose(harmonics, expected, atol=1e-12)


@pytest.mark.parametrize("bandlimit", [1, 2, 24])
def test_harmonics_are_orthonormal_under_gauss_legendre(bandlimit):
    grid = GaussLegendre(bandlimit)
    harmonics = spherical_harmonics(grid.theta, grid.phi, bandlimit)
    gram = harmonics.T @ (grid.quadrature[:, None] * harmonics)
    assert_near(gram, np.eye(bandlimit**2), len(grid))


@settings(deadline=None, derandomize=True, max_examples=50)
@given(THETA, PHI, THETA, PHI, st.integers(1, 20))
def test_addition_theorem(theta, phi, other_theta, other_phi, bandlimit):
    a, b = spherical_harmonics([theta, other_theta], [phi, other_phi], bandlimit)
    cosine = np.cos(theta) * np.cos(other_theta)
    cosine += np.sin(theta) * np.sin(other_theta) * np.cos(phi - other_phi)
    degrees = np.arange(bandlimit)
    sums = np.add.reduceat(a * b, degrees**2)
    expected = scipy.special.eval_legendre(degrees, np.clip(cosine, -1, 1))
    expected *= (2 * degrees + 1) / (4 * np.pi)
    # P_l varies by l(l+1)/2 times the round-off of the cosine.
    assert_near(sums, expected, 2 * bandlimit, bandlimit**2 * bandlimit / (4 * np.pi))


def test_many_points_are_computed_in_parts_that_do_not_show(monkeypatch):
    theta, phi = angles(unit_vectors(50))
    whole = spherical_harmonics(theta, phi, 6)
    module = importlib.import_module(spherical_harmonics.__module__)
    monkeypatch.setattr(module, "CHUNK", 7)
    np.testing.assert_array_equal(spherical_harmonics(theta, phi, 6), whole)


@pytest.mark.parametrize(
    ("theta", "phi", "bandlimit", "error", "message"),
    [
        ([0.5], [0.5], 0, ValueError, "L must be at least 1, got 0"),
        ([0.5], [0.5], 1.5, TypeError, r"L must be an integer, got 1\.5"),
        ([4.0], [0.5], 2, ValueError, r"in \[0, pi\] radian, got 4\.0 at index 0"),
        ([0.5], [0.5, 1], 2, ValueError, r"shape \(1,\), got \(2,\); .*meshgrid"),
        (
            [0.5],
            [np.inf],
            2,
            ValueError,
            "phi must be finite, got inf at index 0; drop",
        ),
    ],
)
def test_wrong_angles_are_refused(theta, phi, bandlimit, error, message):
    with pytest.raises(error, match=message):
        spherical_harmonics(theta, phi, bandlimit)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bandlimit", [1, 2, 3, 25])
def test_solid_harmonics_are_the_spherical_ones_on_the_sphere(bandlimit, dtype):
    xyz = unit_vectors(30)
    expected = spherical_harmonics(*angles(xyz), bandlimit)
    solid = solid_harmonics(torch.as_tensor(xyz, dtype=dtype), bandlimit)
    assert solid.dtype == dtype
    # Functions turn a rounding of the point into one of their degree times their size.
    assert_near(solid, expected, 3, bandlimit * expected)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(COORDINATES, st.floats(0.1, 3))
def test_solid_harmonics_are_homogeneous(xyz, scale):
    layout = HarmonicLayout(7)
    point = torch.tensor(xyz, dtype=torch.float64)
    grown = torch.tensor(scale**layout.degrees) * solid_harmonics(point, 7)
    np.testing.assert_allclose(
        solid_harmonics(scale * point, 7), grown, rtol=1e-10, atol=1e-10
    )


@settings(deadline=None, derandomize=True, max_examples=20)
@given(COORDINATES)
def test_solid_harmonics_have_no_laplacian(xyz):
    # A sum over the degrees, weighted at random, is as good as each of them.
    weights = torch.from_numpy(np.random.default_rng(0).normal(size=36))
    point = torch.tensor(xyz, dtype=torch.float64, requires_grad=True)
    signal = solid_harmonics(point, 6) @ weights
    (gradient,) = torch.autograd.grad(signal, point, create_graph=True)
    second = [
        torch.autograd.grad(gradient[i], point, retain_graph=True)[0][i]
        for i in range(3)
    ]
    assert abs(sum(second)) < 1e-10


def test_solid_harmonics_have_derivatives_at_the_poles_and_the_origin():
    points = torch.tensor(
        [[0.0, 0, 1], [0, 0, -1], [0, 0, 0], [0.3, -0.2, 0.5]],
        dtype=torch.float64,
        requires_grad=True,
    )
    assert torch.autograd.gradcheck(solid_harmonics, (points, 5))
    assert torch.autograd.gradgradcheck(solid_harmonics, (points, 4))


def test_solid_harmonics_compile_as_one_graph():
    points = torch.as_tensor(unit_vectors(5)).reshape(2, 4, 3)
    compiled = torch.compile(solid_harmonics, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(points, 4), solid_harmonics(points, 4))


@pytest.mark.parametrize(
    ("xyz", "bandlimit", "error", "message"),
    [
        (torch.zeros(4, 3), 0, ValueError, "L must be at least 1, got 0"),
        ([[0.0, 0, 1]], 2, TypeError, r"xyz must be a tensor .*, got list; convert"),
        (torch.zeros(3).half(), 2, TypeError, r"got torch\.float16: errors .*\.float"),
        (torch.zeros(3, 4), 2, ValueError, r"shape \(\*batch, 3\), got \(3, 4\); put"),
        (torch.zeros(()), 2, ValueError, r"shape \(\*batch, 3\), got \(\); put"),
    ],
)
def test_wrong_points_are_refused(xyz, bandlimit, error, message):
    with pytest.raises(error, match=message):
        solid_harmonics(xyz, bandlimit)

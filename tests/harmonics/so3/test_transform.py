"""Wigner transforms: exactness, laws, the sphere within, derivatives, bad input."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import (
    HarmonicRotation,
    ISO3Transform,
    Rotation,
    SO3Transform,
    rotate,
    so3_layout,
    spherical_harmonics,
    wigner_matrices,
)
from samplings import HEALPix, SO3Grid
from samplings.schemes.so3 import SCHEMES
from tests.helpers import random
from tests.round_off import assert_near, round_off

BANDLIMITS = st.integers(1, 7).flatmap(
    lambda G: st.tuples(
        st.just(G), st.integers(1, G), st.integers(1, G), st.integers(1, G)
    )
)


def basis(rotation, L, N):
    """Orthonormal real functions at rotations, by Wigner's matrices."""
    columns = []
    for degree, matrices in enumerate(wigner_matrices(rotation, L)):
        k = min(degree, N - 1)
        inner = matrices[:, :, degree - k : degree + k + 1]
        norm = np.sqrt((2 * degree + 1) / (8 * np.pi**2))
        columns.append(norm * inner.mT.flatten(1))
    return torch.cat(columns, 1)


def pair(grid, L=None, N=None, dtype=torch.float64):
    return SO3Transform(grid, L, N, dtype=dtype), ISO3Transform(grid, L, N, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@given(BANDLIMITS, st.sampled_from(SCHEMES))
@settings(deadline=None, derandomize=True, max_examples=30)
def test_transforms_are_sums_of_wigner_matrices_and_inverse(dtype, bandlimits, scheme):
    G, K, L, N = bandlimits
    N = min(N, L, K)
    grid = SO3Grid(G, K, scheme)
    to_rows, to_points = pair(grid, L, N, dtype)
    c = random(2, to_rows.layout.n_rows, 3, dtype=dtype)
    x = to_points(c)
    rotation = Rotation(torch.from_numpy(grid.angles.copy()))
    expected = (basis(rotation, L, N) @ c.double()).to(dtype)
    # Functions of degree L are at most of the size of L at the norm of a rotation.
    assert_near(x, expected, c.shape[1], L * c.abs().max())
    assert (to_rows(x) - c).norm() <= round_off(dtype, 2 * len(grid), c.norm())


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_round_trips_stay_exact_at_higher_degree(scheme, dtype):
    to_rows, to_points = pair(SO3Grid(24, 5, scheme), dtype=dtype)
    c = random(to_rows.layout.n_rows, 2, dtype=dtype)
    # Sums over one angle after another.
    bound = round_off(dtype, 2 * sum(to_rows.grid.shape), c.norm())
    assert (to_rows(to_points(c)) - c).norm() <= bound


@pytest.mark.parametrize("scheme", ["gauss-legendre", "driscoll-healy"])
def test_energy_of_points_is_that_of_coefficients(scheme):
    # Squares have twice the degrees, which these quadratures still integrate.
    grid = SO3Grid(6, 4, scheme)
    to_points = ISO3Transform(grid, dtype=torch.float64)
    c = random(to_points.layout.n_rows, 2)
    weights = torch.from_numpy(grid.weights.copy())
    energy = weights @ to_points(c).square()
    assert_near(energy, c.square().sum(0), len(grid))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_adjoints_are_transposes(scheme):
    grid = SO3Grid(5, 3, scheme)
    for transform in (*pair(grid), *pair(grid, 4, 2)):
        rows, points = transform.layout.n_rows, len(grid)
        n_in, n_out = (
            (points, rows) if isinstance(transform, SO3Transform) else (rows, points)
        )
        x, y = random(n_in, 2), random(n_out, 2, seed=1)
        one, other = (transform(x) * y).sum(), (x * transform.adjoint(y)).sum()
        scale = transform(x).norm() * y.norm()
        assert (one - other).abs() <= round_off(torch.float64, points, scale)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_values_in_another_order_are_the_same(scheme):
    grid = SO3Grid(5, 3, scheme)
    # By gamma, within it by alpha, within it by beta.
    order = torch.arange(len(grid)).view(grid.shape).permute(2, 1, 0).flatten()
    for transform in (*pair(grid), *pair(grid, 4, 2)):
        synthesis = isinstance(transform, ISO3Transform)
        to_points, to_rows = transform.adjoint, transform
        if synthesis:
            to_points, to_rows = transform, transform.adjoint
        c, x = random(2, transform.layout.n_rows, 3), random(2, len(grid), 3)
        assert_near(transform.values(c), to_points(c)[:, order], c.shape[1])
        torch.testing.assert_close(
            transform.from_values(x[:, order]), to_rows(x), atol=1e-12, rtol=0
        )
    empty = random(0, transform.layout.n_rows, 2)
    assert transform.values(empty).shape == (0, len(grid), 2)
    assert transform.from_values(transform.values(empty)).shape == empty.shape


def test_functions_on_the_sphere_are_those_of_order_zero():
    # F(R) = f(R z): the coefficients of f times sqrt(2 pi), and nothing else.
    L, grid = 5, SO3Grid(5, 3)
    f = random(L * L, 1)
    alpha, beta, _ = grid.angles.T
    x = torch.from_numpy(spherical_harmonics(beta, alpha, L)) @ f
    c = SO3Transform(grid, dtype=torch.float64)(x)
    layout = so3_layout(L, 3)
    expected = torch.zeros_like(c)
    for degree in range(L):
        middle = layout.fragment(degree, min(degree, 2))
        expected[middle] = (2 * np.pi) ** 0.5 * f[degree**2 : (degree + 1) ** 2]
    assert_near(c, expected, len(grid))


def test_one_azimuthal_order_is_the_sphere():
    grid, layout = SO3Grid(6, 1, "gauss-legendre"), so3_layout(6, 1)
    assert layout.n_rows == 36 and grid.shape[2] == 1
    x = torch.from_numpy(spherical_harmonics(grid.angles[:, 1], grid.angles[:, 0], 6))
    c = SO3Transform(grid, dtype=torch.float64)(x)
    unit = torch.eye(36, dtype=torch.float64)
    assert_near(c, (2 * np.pi) ** 0.5 * unit, len(grid))


def test_rotated_functions_have_rotated_coefficients():
    # (R F)(x) = F(R^-1 x), evaluated at the rotated points of the grid.
    grid = SO3Grid(5, 3)
    to_rows = SO3Transform(grid, dtype=torch.float64)
    rotation = Rotation.random((), torch.Generator().manual_seed(0))
    points = Rotation(torch.from_numpy(grid.angles.copy()))
    c = random(to_rows.layout.n_rows, 2)
    turned = to_rows(basis(rotation.inverse() @ points, 5, 3) @ c)
    assert_near(turned, rotate(c, rotation, to_rows.layout), 2 * len(grid))


@pytest.mark.parametrize("direction", [SO3Transform, ISO3Transform])
def test_gradients_of_every_order(direction):
    grid = SO3Grid(3, 2)
    transform = direction(grid, dtype=torch.float64)
    n_in = len(grid) if direction is SO3Transform else transform.layout.n_rows
    x = random(2, n_in, 1).requires_grad_()
    assert torch.autograd.gradcheck(transform, x)
    assert torch.autograd.gradgradcheck(
        lambda x: transform(x).square(), x, fast_mode=True
    )
    y = random(*transform(x).shape, seed=1)
    (gradient,) = torch.autograd.grad(transform(x), x, y)
    torch.testing.assert_close(gradient, transform.adjoint(y), atol=1e-12, rtol=0)


@pytest.mark.parametrize("direction", [SO3Transform, ISO3Transform])
@pytest.mark.parametrize("batch", [(), (0,), (2, 3)])
def test_batches_compile_and_copies_are_the_same(direction, batch):
    grid = SO3Grid(3, 2, "driscoll-healy")
    transform = direction(grid, 3, 2)
    n_in = len(grid) if direction is SO3Transform else so3_layout(3, 2).n_rows
    x = random(*batch, n_in, 2, dtype=torch.float32)
    if batch == (2, 3):  # Before anything was computed.
        torch.compiler.reset()
        compiled = torch.compile(transform, fullgraph=True, backend="aot_eager")
        assert_near(compiled(x), transform(x), n_in)
    y = transform(x)
    assert y.shape[:-2] == batch and y.dtype == torch.float32
    assert torch.equal(copy.deepcopy(transform)(x), y)
    assert not transform.state_dict()
    double, direct = transform.double(), direction(grid, 3, 2, dtype=torch.float64)
    assert torch.equal(double(x.double()), direct(x.double()))


def test_exported_chains_take_other_batches():
    to_rows, to_points = pair(SO3Grid(3, 2), dtype=torch.float32)
    rotation = Rotation.random((), torch.Generator().manual_seed(0))
    turn = HarmonicRotation(to_rows.layout)

    class Chain(torch.nn.Module):
        def forward(self, c):
            return to_rows(torch.relu(to_points(turn(c, rotation))))

    c = random(5, to_rows.layout.n_rows, 2, dtype=torch.float32)
    dynamic = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(Chain(), (c[:2],), dynamic_shapes=dynamic)
    assert_near(program.module()(c), Chain()(c), 2 * c.shape[1])


def test_transforms_of_the_same_settings_share_their_table():
    grid = SO3Grid(4, 3)
    one, other = SO3Transform(grid, dtype=torch.float32), SO3Transform(SO3Grid(4, 3))
    assert one.table.data_ptr() == other.table.data_ptr()
    assert one.table.data_ptr() != ISO3Transform(grid).table.data_ptr()
    # 5 x 10 rows on 4 rings, in both precisions.
    assert one.table_bytes == 5 * 10 * 4 * (4 + 8)


def test_autocast_keeps_full_precision():
    to_rows, to_points = pair(SO3Grid(3, 2), dtype=torch.float32)
    c = random(to_rows.layout.n_rows, 2, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        x = to_points(c)
        again = to_rows(x)
    assert x.dtype == again.dtype == torch.float32
    assert (again - c).norm() <= round_off(torch.float32, 2 * c.shape[0], c.norm())


def test_errors_for_bandlimits_of_wigner_transforms():
    grid = SO3Grid(4, 2)
    with pytest.raises(ValueError, match=r"N must be at most L = 2, got 3"):
        so3_layout(2, 3)
    with pytest.raises(ValueError, match=r"N must be at least 1, got 0"):
        so3_layout(2, 0)
    with pytest.raises(ValueError, match=r"must be at most 4 and 2, up to .* 5 and 2"):
        SO3Transform(grid, 5)
    with pytest.raises(ValueError, match=r"got 4 and 3; use SO3Grid\(4, 3, 'mcewen"):
        ISO3Transform(grid, 4, 3)
    with pytest.raises(TypeError, match="grid must be an SO3Grid, got HEALPix"):
        SO3Transform(HEALPix(2))
    with pytest.raises(ValueError, match="L must be at most 900, got 901"):
        SO3Transform(SO3Grid(901, 1))
    assert SO3Transform(grid, 1).layout.n_rows == 1
    assert SO3Transform(grid, 3).N == 2


def test_errors_for_functions_on_rotations():
    grid = SO3Grid(4, 2)
    to_rows, to_points = pair(grid, dtype=torch.float32)
    with pytest.raises(ValueError, match="x has 83 vertices, this operator takes 84"):
        to_rows(torch.zeros(83, 1))
    with pytest.raises(TypeError, match=r"x must be torch.float32"):
        to_rows(torch.zeros(84, 1).double())
    with pytest.raises(ValueError, match="coefficients have 3 rows, Harmonic"):
        to_points(torch.zeros(3, 1))
    with pytest.raises(TypeError, match=r"float32 or float64, got torch.float16"):
        SO3Transform(grid, dtype=torch.float16)
    with pytest.raises(TypeError, match=r"float32 or float64, got torch.float16"):
        to_rows.half()

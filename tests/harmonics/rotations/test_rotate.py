"""Rotation of coefficients: against matrices and fields, derivatives, bad input."""

import copy
import math

import ducc0
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import (
    HarmonicLayout,
    HarmonicRotation,
    Rotation,
    rotate,
    solid_harmonics,
    to_healpy,
    wigner_matrices,
)
from tests.helpers import random
from tests.round_off import assert_near, round_off

TAUS = st.lists(st.integers(0, 3), min_size=1, max_size=12).filter(any)


def generator():
    return torch.Generator().manual_seed(0)


def by_matrices(x, rotation, layout):
    y = torch.zeros(
        torch.broadcast_shapes(x.shape[:-2], rotation.shape) + x.shape[-2:],
        dtype=torch.float64,
    )
    for degree, block in enumerate(wigner_matrices(rotation, layout.L)):
        for t in range(layout.tau[degree]):
            rows = layout.fragment(degree, t)
            y[..., rows, :] = block @ x[..., rows, :].double()
    return y


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@given(TAUS)
@settings(deadline=None, derandomize=True, max_examples=25)
def test_any_layout_is_rotated_as_by_matrices(dtype, tau):
    layout = HarmonicLayout(len(tau), tau)
    rotation = Rotation.random((2,), generator())
    x = random(2, layout.n_rows, 3, dtype=dtype)
    y = rotate(x, rotation, layout)
    expected = by_matrices(x, rotation, layout).to(dtype)
    assert_near(y, expected, 2 * layout.L, x.abs().max())


@pytest.mark.oracle
def test_rotations_match_ducc():
    angles, L = (0.4, 2.1, -1.3), 40
    x = random(L * L, 1)
    alm = to_healpy(x)[0].numpy()
    # Its angles are those of the turns in the order in which they happen.
    theirs = ducc0.sht.rotate_alm(alm, L - 1, *angles[::-1])
    ours = to_healpy(rotate(x, Rotation.from_euler(*angles), L))[0]
    assert_near(ours, torch.from_numpy(theirs), 2 * L, x.abs().max())


def test_rotated_fields_are_fields_at_points_turned_back():
    rotation = Rotation.random((), generator())
    xyz = torch.nn.functional.normalize(random(30, 3), dim=1)
    x = random(64, 2)
    turned_back = xyz @ rotation.matrix()
    harmonics = solid_harmonics(xyz, 8)
    assert_near(
        harmonics @ rotate(x, rotation, 8),
        solid_harmonics(turned_back, 8) @ x,
        64,
        # Harmonics of degree 7 turn a rounding of a point into one of 7 their size.
        7 * harmonics.abs().max() * x.abs().max(),
    )


@pytest.mark.parametrize("angles", [(0, 0, 0), (0.2, 0, 0.4), (1, math.pi, 2)])
def test_rotations_that_keep_the_poles(angles):
    rotation, x = Rotation.from_euler(*angles), random(100, 1)
    expected = by_matrices(x, rotation, HarmonicLayout(10))
    assert_near(rotate(x, rotation, 10), expected, 20, x.abs().max())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rotations_compose_and_keep_norms_at_high_degree(dtype):
    # Relative. Degree l turns a rounding of an angle, which float64 has, into l of it.
    bound = round_off(dtype, 3 * 256) + round_off(torch.float64, 3, scale=128)
    a, b = Rotation.random((2,), generator()).angles.unbind(0)
    a, b = Rotation(a), Rotation(b)
    x = random(128**2, 2, dtype=dtype)
    y = rotate(x, a @ b, 128)
    assert (y.norm() / x.norm() - 1).abs() < bound
    assert (rotate(rotate(x, b, 128), a, 128) - y).norm() / x.norm() < bound


@pytest.mark.parametrize(
    ("batch", "rotations"),
    [((), ()), ((3,), ()), ((), (3,)), ((2, 3), (3,)), ((3,), (2, 1)), ((0,), ())],
)
def test_batches_broadcast(batch, rotations):
    rotation = Rotation.random(rotations, generator())
    x = random(*batch, 25, 2)
    expected = by_matrices(x, rotation, HarmonicLayout(5))
    y = rotate(x, rotation, 5)
    assert y.shape == expected.shape
    assert_near(y, expected, 10, x.abs().max() if x.numel() else 0)


def test_gradients_are_rotations_back():
    x = random(2, 36, 2).requires_grad_()
    rotation = Rotation.random((2,), generator())
    v = random(2, 36, 2)
    (gradient,) = torch.autograd.grad(rotate(x, rotation, 6), x, v)
    back = rotate(v, rotation.inverse(), 6)
    assert_near(gradient, back, 12, v.abs().max())
    assert torch.autograd.gradcheck(lambda x: rotate(x, rotation, 6), x)
    assert torch.autograd.gradgradcheck(
        lambda x: rotate(x, rotation, 6).square(), x, fast_mode=True
    )


def test_gradients_reach_the_angles():
    x = random(16, 1)
    angles = random(3).requires_grad_()
    assert torch.autograd.gradcheck(lambda a: rotate(x, Rotation(a), 4), angles)


def test_modules_compile_and_keep_what_they_have():
    layout = HarmonicLayout(5, [1, 3, 3, 3, 3])
    turn = HarmonicRotation(layout, dtype=torch.float64)
    rotation, x = Rotation.random((2,), generator()), random(2, layout.n_rows, 3)
    expected = turn(x, rotation)
    compiled = torch.compile(turn, fullgraph=True, backend="aot_eager")
    assert_near(compiled(x, rotation), expected, 10)
    assert not turn.state_dict()
    again = copy.deepcopy(turn).float().double()
    assert_near(again(x, rotation), expected, 10)
    assert repr(turn) == (
        "HarmonicRotation(HarmonicLayout(L=5, tau=(1, 3, 3, 3, 3)), torch.float64)"
    )


def test_autocast_keeps_full_precision():
    x, rotation = random(25, 2, dtype=torch.float32), Rotation.random((), generator())
    turn = HarmonicRotation(5)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(turn(x, rotation), turn(x, rotation).float())
        half = turn(x.bfloat16(), rotation)
    assert torch.equal(half, turn(x.bfloat16().float(), rotation))


def test_errors_for_rotated_coefficients():
    rotation, turn = Rotation.identity(), HarmonicRotation(3)
    with pytest.raises(ValueError, match="coefficients have 8 rows, Harmonic"):
        rotate(torch.zeros(8, 1), rotation, 3)
    with pytest.raises(TypeError, match=r"float32 or float64, got torch.float16"):
        rotate(torch.zeros(9, 1).half(), rotation, 3)
    with pytest.raises(TypeError, match="rotation must be a Rotation, got Tensor"):
        rotate(torch.zeros(9, 1), torch.eye(3), 3)
    with pytest.raises(ValueError, match=r"batch axes \(2,\), rotations \(3,\), which"):
        rotate(torch.zeros(2, 9, 1), Rotation.identity((3,)), 3)
    with pytest.raises(TypeError, match=r"must be torch.float32 like the module"):
        turn(torch.zeros(9, 1).double(), rotation)
    with pytest.raises(TypeError, match=r"float32 or float64, got torch.bfloat16"):
        HarmonicRotation(3, dtype=torch.bfloat16)
    with pytest.raises(TypeError, match=r"float32 or float64, got torch.float16"):
        turn.half()
    with pytest.raises(ValueError, match=r"coefficients are on meta, the module is on"):
        turn(torch.zeros(9, 1, device="meta"), rotation)
    with pytest.raises(ValueError, match="L must be at most 900, got 901"):
        HarmonicRotation(901)
    with pytest.raises(ValueError, match="layout must be at least 1, got 0"):
        rotate(torch.zeros(1, 1), rotation, 0)

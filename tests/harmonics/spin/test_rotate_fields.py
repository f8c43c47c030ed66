"""Rotated fields: vectors over the poles, healpy's rotations, polarization."""

import healpy
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import (
    FieldRotation,
    Rotation,
    SpinSHT,
    from_healpy,
    iau_to_cosmo,
    power_spectrum,
    rotate_spin,
    spin_power_spectrum,
)
from samplings import Equiangular, GaussLegendre, HEALPix, McEwenWiaux
from tests.helpers import random
from tests.round_off import assert_near

ANGLES = st.floats(-7, 7)
SCHEMES = [
    GaussLegendre(6),
    McEwenWiaux(6),
    Equiangular(7, 12, scheme="clenshaw-curtis"),
    Equiangular(12, scheme="driscoll-healy"),
]


def frame(xyz):
    """South and east at points, at a pole those of longitude 0, ``(V, 2, 3)``."""
    x, y, z = xyz.unbind(-1)
    r = (x * x + y * y).sqrt()
    c = torch.where(r > 1e-12, x / r.clamp_min(1e-300), 1.0)
    s = torch.where(r > 1e-12, y / r.clamp_min(1e-300), 0.0)
    south = torch.stack([z * c, z * s, -r], -1)
    return torch.stack([south, torch.stack([-s, c, 0 * s], -1)], -2)


def analytic(xyz):
    """A smooth vector field of degrees below 4: tangent parts of polynomials."""
    x, y, z = xyz.unbind(-1)
    return torch.stack([y * z + 0.3, x - z * z, x * y + 0.5 * y], -1)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(alpha=ANGLES, beta=ANGLES, gamma=ANGLES, sampling=st.sampled_from(SCHEMES))
def test_rotated_vectors_are_the_analytic_ones(alpha, beta, gamma, sampling) -> None:
    rotation = Rotation.from_euler(alpha, beta, gamma)
    matrix = rotation.matrix()
    xyz = torch.tensor(sampling.xyz)
    x = (frame(xyz) @ analytic(xyz)[..., None]).double()
    turn = FieldRotation(sampling, 6, 1, dtype=torch.float64)
    # (R V)(x) = R V(R^-1 x)
    moved = (matrix @ analytic(xyz @ matrix)[..., None])[..., 0]
    wanted = frame(xyz) @ moved[..., None]
    assert_near(turn(x, rotation), wanted, len(sampling), 4.0)


@pytest.mark.parametrize("spin", [1, 2, -2])
def test_rotations_compose_and_keep_power(spin) -> None:
    L = 8
    c = random(3, L * L, 2, 2)
    a, b = Rotation.from_euler(0.3, 1.2, -2.0), Rotation.from_euler(1.0, 2.5, 0.4)
    both = rotate_spin(rotate_spin(c, b, L), a, L)
    assert_near(both, rotate_spin(c, a @ b, L), 4 * L, 10.0)
    power = spin_power_spectrum(c, L)
    assert_near(spin_power_spectrum(both, L), power, 4 * L, 10.0)
    sampling = GaussLegendre(L)
    turn = FieldRotation(sampling, L, spin, dtype=torch.float64)
    x = turn.synthesis(c)
    found = turn.analysis(turn(x, a))
    wanted = turn.analysis(turn.synthesis(rotate_spin(c, a, L)))
    assert_near(found, wanted, 8 * L, 10.0)


@pytest.mark.oracle
def test_polarization_rotates_as_in_healpy() -> None:
    L, nside = 16, 8
    alms = healpy.synalm([np.ones(L)] * 4, lmax=L - 1, new=True)
    degrees = healpy.Alm.getlm(L - 1)[0]
    alms = [np.where(degrees < 2, 0, alm).astype(complex) for alm in alms]
    maps = healpy.alm2map([alm.copy() for alm in alms], nside, lmax=L - 1, pol=True)
    x = torch.from_numpy(np.stack(maps[1:], -1))[..., None]
    angles = 0.4, 1.1, -0.7
    turned = [alm.copy() for alm in alms]
    # healpy turns the axes by the negative angles, in the opposite order.
    healpy.rotate_alm(turned, *angles[::-1], lmax=L - 1)
    wanted = np.stack(healpy.alm2map(turned, nside, lmax=L - 1, pol=True)[1:], -1)
    sampling = HEALPix(nside, nest=False)
    turn = FieldRotation(sampling, L, 2, dtype=torch.float64)
    found = turn(x, Rotation.from_euler(*angles))[..., 0]
    bound = turn.analysis.error_bound * float(x.norm())
    np.testing.assert_allclose(found, wanted, rtol=0, atol=max(bound, 1e-11))


def test_batches_of_rotations_broadcast() -> None:
    L = 5
    rotations = Rotation.random((4,), torch.Generator().manual_seed(0))
    c = random(L * L, 2, 2)
    found = rotate_spin(c, rotations, L)
    assert found.shape == (4, L * L, 2, 2)
    one = Rotation(rotations.angles[2])
    assert_near(found[2], rotate_spin(c, one, L), 4 * L)


def test_derivatives_by_fields() -> None:
    turn = FieldRotation(GaussLegendre(4), 4, 2, dtype=torch.float64)
    x = random(32, 2, 1).requires_grad_()
    rotation = Rotation.from_euler(0.3, 1.2, -2.0)
    assert torch.autograd.gradcheck(lambda x: turn(x, rotation), x, fast_mode=True)


def test_conventions_of_polarization_differ_by_the_sign_of_u_and_b() -> None:
    sampling = GaussLegendre(6)
    x = random(2, len(sampling), 2, 1)
    assert torch.equal(iau_to_cosmo(iau_to_cosmo(x)), x)
    assert torch.equal(iau_to_cosmo(x)[..., 0, :], x[..., 0, :])
    assert torch.equal(iau_to_cosmo(x)[..., 1, :], -x[..., 1, :])
    minus = SpinSHT(sampling, 6, -2, dtype=torch.float64)
    plus = SpinSHT(sampling, 6, 2, dtype=torch.float64)
    assert torch.equal(plus(iau_to_cosmo(x)), minus(x))


@pytest.mark.oracle
def test_spectra_are_those_of_healpy() -> None:
    L = 12
    alms = healpy.synalm([np.ones(L)] * 4, lmax=L - 1, new=True)[1:]
    c = torch.stack([from_healpy(torch.from_numpy(a)[None]) for a in alms], -2)
    found = spin_power_spectrum(c, L)[..., 0]
    for i, j in ((0, 0), (1, 1), (0, 1), (1, 0)):
        wanted = torch.from_numpy(healpy.alm2cl(alms[i], alms[j]))
        assert_near(found[:, i, j], wanted, 2 * L, 4.0)


def test_spectra_with_other_fields() -> None:
    L = 4
    c, other = random(3, L * L, 2, 2), random(L * L, 2, 2, seed=2)
    found = spin_power_spectrum(c, L, other)
    assert found.shape == (3, L, 2, 2, 2)
    wanted = power_spectrum(c[..., 0, :], L, other[..., 1, :])
    assert torch.equal(found[:, :, 0, 1], wanted)
    with pytest.raises(ValueError, match=r"other must have shape \(\*batch, row, 2"):
        spin_power_spectrum(c, L, other[:, 0])

"""Laws of exact spin transforms: harmonics, round trips, adjoints, other libraries."""

import healpy
import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import (
    ISHT,
    SHT,
    SpinISHT,
    SpinSHT,
    from_healpy,
    spin_harmonics,
)
from samplings import Equiangular, GaussLegendre, HEALPix, McEwenWiaux, ReducedGaussian
from tests.helpers import random
from tests.round_off import assert_near, round_off

SCHEMES = {
    "gauss-legendre": GaussLegendre,
    "mcewen-wiaux": McEwenWiaux,
    "fejer": lambda L: Equiangular(L, 2 * L - 1),
    "fejer, quadrature": lambda L: Equiangular(2 * L - 1, 2 * L),
    "clenshaw-curtis": lambda L: Equiangular(L + 1, 2 * L, scheme="clenshaw-curtis"),
    "clenshaw-curtis, quadrature": lambda L: Equiangular(
        2 * L + 1, 2 * L, scheme="clenshaw-curtis"
    ),
    "driscoll-healy": lambda L: Equiangular(2 * L, scheme="driscoll-healy"),
    "driscoll-healy, odd": lambda L: Equiangular(2 * L + 1, scheme="driscoll-healy"),
    "reduced": lambda L: ReducedGaussian(np.full(L, 2 * L)),
}
METHODS = ("rings", "ducc")
SPINS = (0, 1, -1, 2, -2, 3)


def pair(sampling, L, spin, method="rings", dtype=torch.float64):
    return SpinSHT(sampling, L, spin, method=method, dtype=dtype), SpinISHT(
        sampling, L, spin, method=method, dtype=dtype
    )


def coefficients(*batch, L, spin, channels=1, dtype=torch.float64):
    """Random coefficients, zero below the spin."""
    c = random(*batch, L * L, 2, channels, dtype=dtype)
    c[..., : spin * spin, :, :] = 0
    return c


def field(sampling, L, spin, c):
    """Sums of harmonics: i times those of gradients are those of curls."""
    y = torch.from_numpy(spin_harmonics(sampling.theta, sampling.phi, L, spin))
    sign = -1 if spin < 0 else 1
    gradient, curl = c.unbind(-2)
    first = y[:, 0] @ gradient - sign * y[:, 1] @ curl
    return torch.stack([first, y[:, 1] @ gradient + sign * y[:, 0] @ curl], -2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("spin", SPINS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_synthesis_sums_harmonics_and_analysis_gives_them_back(
    scheme, spin, method
) -> None:
    L = 7
    sampling = SCHEMES[scheme](L)
    analysis, synthesis = pair(sampling, L, spin, method)
    c = coefficients(2, L=L, spin=spin, channels=3)
    signal = synthesis(c)
    # Harmonics grow to about the square root of the degree.
    scale = L * c.abs().max()
    assert_near(signal, field(sampling, L, spin, c), L * L, scale)
    assert_near(analysis(signal), c, L * L + len(sampling), scale)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("L", "spin"), [(32, 1), (32, 2), (128, 2)])
def test_round_trip(scheme, dtype, L, spin) -> None:
    sampling = SCHEMES[scheme](L)
    analysis, synthesis = pair(sampling, L, spin, dtype=dtype)
    c = coefficients(1, L=L, spin=spin, dtype=dtype)
    error = float((analysis(synthesis(c)) - c).norm() / c.norm())
    # Sums over degrees and as many rings; the tables are rounded from float64.
    assert error < round_off(dtype, 4 * L)
    assert error < 1e-12 or dtype == torch.float32


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["gauss-legendre", "mcewen-wiaux"])
def test_round_trip_at_512(scheme) -> None:
    sampling = SCHEMES[scheme](512)
    analysis, synthesis = pair(sampling, 512, 2)
    c = coefficients(L=512, spin=2)
    assert float((analysis(synthesis(c)) - c).norm() / c.norm()) < 1e-12


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_adjoints_are_adjoint(scheme, method) -> None:
    L, spin = 12, 1
    sampling = SCHEMES[scheme](L)
    x, c = random(len(sampling), 2, 2), random(L * L, 2, 2)
    transforms = pair(sampling, L, spin, method)
    for transform, a, b in zip(transforms, (x, c), (c, x), strict=True):
        image, back = transform(a), transform.adjoint(b)
        bound = round_off(torch.float64, len(sampling), image.norm() * b.norm())
        assert float(((image * b).sum() - (a * back).sum()).abs()) < bound


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("spin", [1, 2])
def test_fields_beyond_the_bandlimit_go_the_same_way_as_in_ducc0(scheme, spin) -> None:
    L = 9
    sampling = SCHEMES[scheme](L)
    x = random(len(sampling), 2, 2)
    ours, theirs = (
        SpinSHT(sampling, L, spin, method=method, dtype=torch.float64)(x)
        for method in METHODS
    )
    assert_near(ours, theirs, len(sampling), x.abs().max())


@pytest.mark.parametrize("method", METHODS)
def test_spin_0_is_the_scalar_transform_of_both_components(method) -> None:
    sampling, L = McEwenWiaux(6), 6
    analysis, synthesis = pair(sampling, L, 0, method)
    x, c = random(len(sampling), 2, 3), random(L * L, 2, 3)
    for k in (0, 1):
        one = SHT(sampling, L, method=method, dtype=torch.float64)(x[:, k].clone())
        assert_near(analysis(x)[:, k], one, len(sampling))
        one = ISHT(sampling, L, method=method, dtype=torch.float64)(c[:, k].clone())
        assert_near(synthesis(c)[:, k], one, L * L, 10.0)


def test_negative_spins_are_conjugates() -> None:
    sampling, L = GaussLegendre(8), 8
    x = random(len(sampling), 2, 1)
    conjugate = x * x.new_tensor([1, -1])[:, None]
    minus, _ = pair(sampling, L, -2)
    plus, _ = pair(sampling, L, 2)
    assert torch.equal(minus(x), plus(conjugate))


@pytest.mark.parametrize("spin", [1, 2])
def test_degrees_below_the_spin_are_zero(spin) -> None:
    sampling, L = GaussLegendre(8), 8
    analysis, synthesis = pair(sampling, L, spin)
    assert not analysis(random(len(sampling), 2, 1))[: spin * spin].any()
    c = torch.zeros(L * L, 2, 1, dtype=torch.float64)
    c[: spin * spin] = 1
    assert not synthesis(c).any()


def complex_pair(L, spin):
    """Complex coefficients of two real functions, zero below the spin, and rows."""
    alms = healpy.synalm([np.ones(L)] * 4, lmax=L - 1, new=True)[:2]
    degrees = healpy.Alm.getlm(L - 1)[0]
    alms = [np.where(degrees < spin, 0, alm) for alm in alms]
    rows = [from_healpy(torch.from_numpy(alm)[None]) for alm in alms]
    return alms, torch.stack(rows, -2)


@pytest.mark.oracle
@pytest.mark.parametrize("nest", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("spin", [1, 2, 3])
def test_synthesis_is_that_of_healpy(spin, method, nest) -> None:
    L, nside = 20, 8
    alms, c = complex_pair(L, spin)
    wanted = healpy.alm2map_spin(alms, nside, spin, L - 1)
    if nest:
        wanted = [healpy.reorder(one, r2n=True) for one in wanted]
    sampling = HEALPix(nside, nest)
    found = SpinISHT(sampling, L, spin, method=method, dtype=torch.float64)(c)
    assert_near(found[..., 0], torch.from_numpy(np.stack(wanted, -1)), L * L, 10.0)


@pytest.mark.oracle
@pytest.mark.parametrize("spin", [1, 2])
def test_analysis_on_healpix_has_the_signs_of_healpy_and_its_bound(spin) -> None:
    L, nside = 16, 8
    alms, c = complex_pair(L, spin)
    maps = healpy.alm2map_spin(alms, nside, spin, L - 1)
    x = torch.from_numpy(np.stack(maps, -1))[..., None]
    theirs = healpy.map2alm_spin(maps, spin, L - 1)
    analysis = SpinSHT(HEALPix(nside, nest=False), L, spin, dtype=torch.float64)
    found = analysis(x)
    assert float((found - c).norm() / c.norm()) < analysis.error_bound * 1.01
    for k in (0, 1):
        # healpy integrates once, with equal weights.
        rows = from_healpy(torch.from_numpy(theirs[k])[None])
        assert float((found[:, k] - rows).norm() / rows.norm()) < 0.05


@pytest.mark.oracle
def test_polarization_is_that_of_healpy() -> None:
    L, nside = 16, 16
    alms, c = complex_pair(L, 2)
    temperature = np.zeros_like(alms[0])
    _, q, u = healpy.alm2map([temperature, *alms], nside, lmax=L - 1, pol=True)
    x = torch.from_numpy(np.stack([q, u], -1))[..., None]
    sampling = HEALPix(nside, nest=False)
    found = SpinSHT(sampling, L, 2, iterations=12, dtype=torch.float64)(x)
    # Iterations leave what is below round-off of float64 at twice the resolution.
    torch.testing.assert_close(found, c, rtol=0, atol=1e-10)


@pytest.mark.parametrize("spin", [1, 2, 3])
def test_one_colatitude_is_right_next_to_the_pole(spin) -> None:
    theta = np.array([0.0, 1e-12, np.pi - 1e-12, np.pi])
    y = spin_harmonics(theta, np.full(4, 0.3), 12, spin)
    # At the pole a field is continuous, in the frame of one meridian.
    np.testing.assert_allclose(y[0], y[1], rtol=0, atol=1e-10)
    np.testing.assert_allclose(y[3], y[2], rtol=0, atol=1e-10)
    # Sums of squares are the same everywhere (the addition theorem).
    l = np.arange(12)  # noqa: E741
    power = np.add.reduceat((y**2).sum(1), l * l, axis=1)
    wanted = np.where(l >= spin, (2 * l + 1) / (4 * np.pi), 0)
    # Half of the power is in gradients, the other half in curls: at a pole both alike.
    np.testing.assert_allclose(power, np.tile(wanted, (4, 1)), atol=1e-12)

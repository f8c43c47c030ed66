"""HEALPix: iterated quadrature against healpy, least squares and its own bound."""

import healpy
import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import ISHT, SHT, from_healpy, spherical_harmonics
from deepsphere_pyg.harmonics.sht.geometry import ring_geometry
from deepsphere_pyg.harmonics.sht.iterated import ring_weights
from samplings import HEALPix, McEwenWiaux
from tests.helpers import random
from tests.round_off import assert_near


@pytest.fixture(params=["rings", "ducc"])
def method(request):
    return request.param


@pytest.mark.parametrize("nest", [False, True])
def test_synthesis_is_that_of_healpy(nest, method) -> None:
    nside, L = 8, 20
    alm = healpy.synalm(np.ones(L), lmax=L - 1, new=True)
    c = from_healpy(torch.from_numpy(alm)[None])
    signal = ISHT(HEALPix(nside, nest), L, method=method, dtype=torch.float64)(c)[:, 0]
    wanted = healpy.alm2map(alm, nside, lmax=L - 1)
    if nest:
        wanted = healpy.reorder(wanted, r2n=True)
    np.testing.assert_allclose(signal, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("nside", "L"), [(16, 32), (16, 38), (16, 48)])
def test_analysis_is_better_than_that_of_healpy_with_as_many_iterations(
    nside, L, method
) -> None:
    sampling = HEALPix(nside, nest=False)
    # On average: of single signals, either may come out better.
    c = random(L * L, 10)
    signal = ISHT(sampling, L, method=method, dtype=torch.float64)(c)
    ours = SHT(sampling, L, method=method, dtype=torch.float64)(signal)
    maps = signal.T.numpy()
    alm = np.stack([healpy.map2alm(one, lmax=L - 1, iter=3) for one in maps])
    theirs = from_healpy(torch.from_numpy(alm))
    assert float((ours - c).norm()) < float((theirs - c).norm())


@pytest.mark.parametrize(("L", "tolerance"), [(8, 1e-11), (16, 1e-11)])
def test_many_iterations_are_exact(L, tolerance, method) -> None:
    sampling = HEALPix(8)
    c = random(2, L * L, 1)
    signal = ISHT(sampling, L, method=method, dtype=torch.float64)(c)
    found = SHT(sampling, L, method=method, iterations=20, dtype=torch.float64)(signal)
    torch.testing.assert_close(found, c, rtol=0, atol=tolerance)


@pytest.mark.parametrize("iterations", [0, 1, 3, 6])
@pytest.mark.parametrize("L", [4, 8, 16, 24])
def test_error_is_within_the_bound_stated(L, iterations, method) -> None:
    sampling = HEALPix(8)
    analysis = SHT(
        sampling, L, method=method, iterations=iterations, dtype=torch.float64
    )
    synthesis = ISHT(sampling, L, method=method, dtype=torch.float64)
    # All signals at once: the norm of what is left of the identity.
    left = analysis(synthesis(torch.eye(L * L, dtype=torch.float64)))
    left -= torch.eye(L * L, dtype=torch.float64)
    norm = float(torch.linalg.matrix_norm(left, 2))
    # The spectrum is known to a thousandth.
    assert norm <= analysis.error_bound * 1.01 + 1e-13
    if L <= 16:
        assert norm >= analysis.error_bound * 0.3 - 1e-13


def test_iterations_lead_to_least_squares(method) -> None:
    sampling, L = HEALPix(4), 8
    x = random(len(sampling), 2)
    weights = ring_weights(ring_geometry(sampling), L, 4)
    area = np.empty(len(sampling))
    geometry = ring_geometry(sampling)
    area[geometry.order] = np.repeat(weights, geometry.n_phi)
    root = np.sqrt(area)[:, None]
    harmonics = spherical_harmonics(sampling.theta, sampling.phi, L)
    wanted = np.linalg.lstsq(root * harmonics, root * x.numpy(), rcond=None)[0]
    found = SHT(sampling, L, method=method, iterations=30, dtype=torch.float64)(x)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("nside", [4, 16])
def test_weights_of_rings_integrate_zonal_harmonics(nside) -> None:
    sampling, L = HEALPix(nside, nest=False), 2 * nside
    geometry = ring_geometry(sampling)
    weights = ring_weights(geometry, L, nside)
    assert np.abs(weights / sampling.weights[0] - 1).max() < 0.2
    degree = 5 * nside // 2
    harmonics = spherical_harmonics(geometry.theta, np.zeros(len(geometry)), degree + 1)
    l = np.arange(degree + 1)  # noqa: E741
    integrals = (weights * geometry.n_phi) @ harmonics[:, l * l + l]
    wanted = np.where(l == 0, np.sqrt(4 * np.pi), 0)
    np.testing.assert_allclose(integrals, wanted, atol=1e-12)


def test_adjoint_of_the_iterated_analysis(method) -> None:
    sampling, L = HEALPix(8), 20
    analysis = SHT(sampling, L, method=method, dtype=torch.float64)
    x, c = random(len(sampling), 1), random(L * L, 1)
    forward, back = (analysis(x) * c).sum(), (x * analysis.adjoint(c)).sum()
    scale = analysis(x).norm() * c.norm()
    assert_near(forward, back, len(sampling), scale)


def test_orderings_agree(method) -> None:
    ring, nest = HEALPix(8, nest=False), HEALPix(8, nest=True)
    x = random(len(ring), 2)
    order = torch.from_numpy(healpy.nest2ring(8, np.arange(len(ring))))
    a = SHT(ring, 12, method=method, dtype=torch.float64)(x)
    b = SHT(nest, 12, method=method, dtype=torch.float64)(x[order])
    assert_near(a, b, len(ring), x.abs().max())


def test_degrees_that_pixels_do_not_resolve_are_refused() -> None:
    with pytest.raises(ValueError, match=r"below 3 nside = 12, got L = 13; use L <= 1"):
        SHT(HEALPix(4), 13)


def test_iterations_elsewhere_are_refused() -> None:
    with pytest.raises(ValueError, match="only quadrature on HEALPix is iterated"):
        SHT(McEwenWiaux(4), 4, iterations=3)
    with pytest.raises(ValueError, match="iterations must be at least 0, got -1"):
        SHT(HEALPix(4), 4, iterations=-1)

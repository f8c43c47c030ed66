"""Least squares on any points: exactness, conditioning, ridges, what is refused."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import (
    ISHT,
    SHT,
    IllConditionedWarning,
    spherical_harmonics,
)
from samplings import Fibonacci, GaussLegendre, HEALPix, Icosahedral
from tests.helpers import random, scattered
from tests.round_off import assert_near

SAMPLINGS = {
    "fibonacci": Fibonacci(500),
    "icosahedral": Icosahedral(3),
    "scattered": scattered(600),
}


@pytest.mark.parametrize("name", SAMPLINGS)
def test_signals_below_the_bandlimit_come_back(name) -> None:
    sampling, L = SAMPLINGS[name], 10
    analysis = SHT(sampling, L, dtype=torch.float64)
    assert analysis.method == "least-squares"
    assert 1 <= analysis.condition < 100
    c = random(2, L * L, 3)
    signal = ISHT(sampling, L, dtype=torch.float64)(c)
    torch.testing.assert_close(analysis(signal), c, rtol=0, atol=1e-12)


def test_residual_is_orthogonal_to_the_harmonics_in_the_areas() -> None:
    sampling, L = SAMPLINGS["scattered"], 8
    x = random(len(sampling), 2)
    analysis = SHT(sampling, L, dtype=torch.float64)
    synthesis = ISHT(sampling, L, dtype=torch.float64)
    residual = x - synthesis(analysis(x))
    areas = torch.tensor(sampling.weights)[:, None]
    product = synthesis.adjoint(areas * residual)
    scale = analysis.condition * (areas * x).norm()
    assert_near(product, torch.zeros_like(product), len(sampling), scale)


def test_condition_is_that_of_the_weighted_harmonics() -> None:
    sampling, L = SAMPLINGS["scattered"], 8
    harmonics = spherical_harmonics(sampling.theta, sampling.phi, L)
    weighted = np.sqrt(sampling.weights)[:, None] * harmonics
    assert SHT(sampling, L).condition == pytest.approx(np.linalg.cond(weighted))


def test_rings_can_be_fitted_beyond_their_theorem() -> None:
    sampling = GaussLegendre(8, 16)
    with pytest.raises(
        ValueError, match=r"exact up to L = 8, got L = 9.*least-squares"
    ):
        SHT(sampling, 9)
    # Of the highest order, the sines vanish on 16 longitudes: no fit without a ridge.
    with pytest.raises(ValueError, match="magnify errors"):
        SHT(sampling, 9, method="least-squares")
    fine = SHT(GaussLegendre(8, 18), 8, method="least-squares", dtype=torch.float64)
    c = random(64, 1)
    signal = ISHT(GaussLegendre(8, 18), 8, dtype=torch.float64)(c)
    torch.testing.assert_close(fine(signal), c, rtol=0, atol=1e-12)


def test_masked_sky_needs_a_ridge_and_the_ridge_solves_the_normal_equations() -> None:
    whole, L, ridge = HEALPix(8), 12, 1e-3
    sky = whole[whole.lat > 0]
    with pytest.raises(ValueError, match=r"magnify errors up to .* or a ridge above 0"):
        SHT(sky, L)
    analysis = SHT(sky, L, ridge=ridge, dtype=torch.float64)
    assert analysis.condition <= np.sqrt(1.2 / ridge)
    x = random(len(sky), 1)
    harmonics = spherical_harmonics(sky.theta, sky.phi, L)
    gram = harmonics.T @ (sky.weights[:, None] * harmonics)
    right = harmonics.T @ (sky.weights[:, None] * x.numpy())
    wanted = np.linalg.solve(gram + ridge * np.eye(L * L), right)
    np.testing.assert_allclose(analysis(x), wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize("method", ["rings", "ducc", "dense"])
@pytest.mark.parametrize("nest", [False, True])
def test_synthesis_on_a_part_is_a_part_of_the_synthesis(method, nest) -> None:
    whole, L = HEALPix(4, nest), 6
    north = whole[whole.lat > 10]
    part = north[north.lon < 200]
    kept = north.index[part.index]
    c = random(2, L * L, 1)
    wanted = ISHT(whole, L, method="dense", dtype=torch.float64)(c)[:, kept]
    synthesis = ISHT(part, L, method=method, dtype=torch.float64)
    assert_near(synthesis(c), wanted, L * L)
    x = random(2, len(part), 1)
    forward, back = (synthesis(c) * x).sum(), (c * synthesis.adjoint(x)).sum()
    assert_near(forward, back, len(part), synthesis(c).norm() * x.norm())


def test_fewer_vertices_than_coefficients_need_a_ridge() -> None:
    sampling = Fibonacci(30)
    with pytest.raises(ValueError, match=r"30 vertices do not .* use L <= 5, or a"):
        SHT(sampling, 6)
    analysis = SHT(sampling, 6, ridge=0.01)
    assert analysis.condition == pytest.approx(10, rel=0.5)


def test_poor_conditions_are_told() -> None:
    whole = HEALPix(8)
    with pytest.warns(IllConditionedWarning, match=r"L = 8 .* magnify errors"):
        analysis = SHT(whole[whole.lat > -30], 8)
    assert 1e2 < analysis.condition < 1e6


@pytest.mark.parametrize("ridge", [-1.0, float("nan"), float("inf"), "much", None])
def test_ridges_that_are_none_are_refused(ridge) -> None:
    with pytest.raises(ValueError, match="ridge must be a number, at least 0"):
        SHT(Fibonacci(100), 4, ridge=ridge)


def test_a_ridge_without_least_squares_is_refused() -> None:
    with pytest.raises(ValueError, match=r"only least squares have a ridge.*'rings'"):
        SHT(GaussLegendre(4), 4, ridge=1e-3)


def test_matrices_that_are_too_large_are_refused_before_they_are_made() -> None:
    with pytest.raises(ValueError, match=r"would take 4\.1 GiB, more than 4; use"):
        ISHT(Fibonacci(20_000), 166, method="dense")

"""Laws of exact transforms: known functions, Parseval, round trips, adjoints."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import ISHT, SHT, exact_bandlimit, spherical_harmonics
from samplings import Equiangular, GaussLegendre, McEwenWiaux, ReducedGaussian
from tests.helpers import random
from tests.round_off import assert_near, round_off

SCHEMES = {
    "gauss-legendre": GaussLegendre,
    "gauss-legendre, fewest longitudes": lambda L: GaussLegendre(L, 2 * L - 1),
    "mcewen-wiaux": McEwenWiaux,
    "fejer": lambda L: Equiangular(L, max(1, 2 * L - 1)),
    "fejer, quadrature": lambda L: Equiangular(2 * L - 1, 2 * L),
    "clenshaw-curtis": lambda L: Equiangular(
        max(3, L + 1), 2 * L, scheme="clenshaw-curtis"
    ),
    "clenshaw-curtis, quadrature": lambda L: Equiangular(
        2 * L + 1, 2 * L, scheme="clenshaw-curtis"
    ),
    "driscoll-healy": lambda L: Equiangular(2 * L, scheme="driscoll-healy"),
    "driscoll-healy, odd": lambda L: Equiangular(2 * L + 1, scheme="driscoll-healy"),
    "reduced": lambda L: ReducedGaussian(np.full(L, 2 * L)),
}
METHODS = ("rings", "ducc")


def pair(sampling, L: int, method: str = "rings", dtype=torch.float64):
    return SHT(sampling, L, method=method, dtype=dtype), ISHT(
        sampling, L, method=method, dtype=dtype
    )


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """Largest error over the root mean square of what was wanted."""
    scale = wanted.double().square().mean().sqrt()
    return float((found.double() - wanted.double()).abs().max() / scale)


def round_trip(dtype: torch.dtype, L: int, c: torch.Tensor) -> float:
    """Sums over degrees and over as many rings, and recurrences of the harmonics.

    Harmonics are tabulated in float64, with errors that grow with the degree.
    """
    own = round_off(dtype, 4 * L, c.norm())
    return own + round_off(torch.float64, 1, L * c.norm())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("L", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_synthesis_sums_harmonics_and_analysis_gives_them_back(
    scheme, L, method
) -> None:
    sampling = SCHEMES[scheme](L)
    assert exact_bandlimit(sampling) >= L
    analysis, synthesis = pair(sampling, L, method)
    c = random(2, L * L, 3)
    harmonics = torch.from_numpy(spherical_harmonics(sampling.theta, sampling.phi, L))
    signal = synthesis(c)
    scale = harmonics.abs().max() * c.abs().max()
    assert_near(signal, harmonics @ c, L * L, L * scale)
    assert_near(analysis(signal), c, L * L + len(sampling), L * scale)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_known_functions_have_known_coefficients(scheme) -> None:
    sampling = SCHEMES[scheme](4)
    x, y, z = torch.tensor(sampling.xyz.T)
    functions = torch.stack([torch.ones_like(x), x, y, z, x * y, 3 * z**2 - 1], -1)
    c = SHT(sampling, 4, dtype=torch.float64)(functions)
    wanted = torch.zeros(16, 6, dtype=torch.float64)
    wanted[0, 0] = math.sqrt(4 * math.pi)
    # Y_{1,-1}, Y_{1,0}, Y_{1,1} are sqrt(3 / 4 pi) times y, z, x.
    wanted[3, 1] = wanted[1, 2] = wanted[2, 3] = math.sqrt(4 * math.pi / 3)
    wanted[4, 4] = math.sqrt(4 * math.pi / 15)
    wanted[6, 5] = math.sqrt(16 * math.pi / 5)
    assert_near(c, wanted, len(sampling))


@pytest.mark.parametrize(
    "scheme",
    ["gauss-legendre", "fejer, quadrature", "driscoll-healy", "reduced"],
)
def test_power_is_the_integral_of_the_square(scheme) -> None:
    L = 12
    sampling = SCHEMES[scheme](L)
    c = random(L * L, 1)
    signal = ISHT(sampling, L, dtype=torch.float64)(c)
    integral = torch.tensor(sampling.quadrature) @ signal.square()
    # Quadrature is exact for squares of these.
    assert_near(integral, c.square().sum(0), len(sampling))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("L", [32, 128])
def test_round_trip(scheme, dtype, L) -> None:
    sampling = SCHEMES[scheme](L)
    analysis, synthesis = pair(sampling, L, dtype=dtype)
    c = random(1, L * L, 1, dtype=dtype)
    error = analysis(synthesis(c)) - c
    assert float(error.norm()) < round_trip(dtype, L, c)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "scheme", ["gauss-legendre", "mcewen-wiaux", "clenshaw-curtis", "driscoll-healy"]
)
def test_round_trip_at_512(scheme, method) -> None:
    sampling = SCHEMES[scheme](512)
    for dtype in (torch.float64, torch.float32):
        analysis, synthesis = pair(sampling, 512, method, dtype)
        c = random(512 * 512, 1, dtype=dtype)
        error = analysis(synthesis(c)) - c
        assert float(error.norm()) < round_trip(dtype, 512, c)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_adjoints_are_adjoint(scheme, method) -> None:
    L = 16
    sampling = SCHEMES[scheme](L)
    x, c = random(len(sampling), 2), random(L * L, 2)
    for transform, a, b in zip(pair(sampling, L, method), (x, c), (c, x), strict=True):
        image, back = transform(a), transform.adjoint(b)
        bound = round_off(torch.float64, len(sampling), image.norm() * b.norm())
        assert float(((image * b).sum() - (a * back).sum()).abs()) < bound


@pytest.mark.parametrize("scheme", SCHEMES)
def test_signals_beyond_the_bandlimit_go_the_same_way_as_in_ducc0(scheme) -> None:
    L = 9
    sampling = SCHEMES[scheme](L)
    x = random(len(sampling), 2)
    ours, theirs = (
        SHT(sampling, L, method=method, dtype=torch.float64)(x) for method in METHODS
    )
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    L=st.integers(1, 12),
    n_theta=st.integers(3, 26),
    n_phi=st.integers(1, 26),
    scheme=st.sampled_from(["fejer", "clenshaw-curtis", "driscoll-healy"]),
)
def test_any_equiangular_grid_is_exact_or_refused(L, n_theta, n_phi, scheme) -> None:
    sampling = Equiangular(n_theta, n_phi, scheme)
    c = random(L * L, 1)
    if exact_bandlimit(sampling) < L:
        with pytest.raises(ValueError, match=f"exact up to L = .*, got L = {L}"):
            SHT(sampling, L)
    else:
        analysis, synthesis = pair(sampling, L)
        torch.testing.assert_close(analysis(synthesis(c)), c, rtol=0, atol=1e-12)
    # Synthesis is exact on any grid, however few its longitudes.
    harmonics = torch.from_numpy(spherical_harmonics(sampling.theta, sampling.phi, L))
    signal = ISHT(sampling, L, dtype=torch.float64)(c)
    torch.testing.assert_close(signal, harmonics @ c, rtol=0, atol=1e-12)


def test_turning_longitudes_turns_pairs_of_orders() -> None:
    L, shift = 8, 3
    sampling = GaussLegendre(L)
    analysis, synthesis = pair(sampling, L)
    c = random(L * L, 1)
    grid = synthesis(c).view(L, 2 * L, 1)
    turned = analysis(grid.roll(shift, 1).reshape(-1, 1))
    angle = 2 * math.pi * shift / (2 * L)
    for degree in range(L):
        for m in range(1, degree + 1):
            row = degree * degree + degree
            cos, sin = math.cos(m * angle), math.sin(m * angle)
            a, b = c[row + m], c[row - m]
            torch.testing.assert_close(turned[row + m], cos * a - sin * b)
            torch.testing.assert_close(turned[row - m], sin * a + cos * b)


def test_one_coefficient_is_one_harmonic() -> None:
    L = 6
    sampling = McEwenWiaux(L)
    signals = ISHT(sampling, L, dtype=torch.float64)(
        torch.eye(L * L, dtype=torch.float64)
    )
    harmonics = spherical_harmonics(sampling.theta, sampling.phi, L)
    assert_near(signals, harmonics, L * L)

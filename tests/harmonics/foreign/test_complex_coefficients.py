"""Real coefficients against the complex ones of healpy, ducc0, torch-harmonics."""

import healpy
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import (
    from_healpy,
    from_torch_harmonics,
    spherical_harmonics,
    to_healpy,
    to_torch_harmonics,
)
from samplings import GaussLegendre, HEALPix

COMPLEX = {torch.float32: torch.complex64, torch.float64: torch.complex128}


def random_coefficients(bandlimit, channels=2, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (bandlimit**2, channels)
    return torch.randn(shape, generator=generator, dtype=dtype)


@pytest.mark.oracle
def test_healpy_makes_the_same_maps():
    grid = HEALPix(8, nest=False)
    coefficients = random_coefficients(16, channels=1)
    alm = to_healpy(coefficients)[0].numpy()
    expected = healpy.alm2map(alm, nside=8, lmax=15)
    signal = spherical_harmonics(grid.theta, grid.phi, 16) @ coefficients.numpy()
    np.testing.assert_allclose(signal[:, 0], expected, atol=1e-12)


@pytest.mark.oracle
def test_ducc0_makes_the_same_maps():
    ducc0 = pytest.importorskip("ducc0")
    grid = GaussLegendre(12, n_phi=25)
    coefficients = random_coefficients(12, channels=1)
    expected = ducc0.sht.synthesis_2d(
        alm=to_healpy(coefficients).numpy(),
        ntheta=12,
        nphi=25,
        lmax=11,
        spin=0,
        geometry="GL",
    )
    signal = spherical_harmonics(grid.theta, grid.phi, 12) @ coefficients.numpy()
    np.testing.assert_allclose(signal[:, 0], expected.ravel(), atol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize("csphase", [True, False])
def test_torch_harmonics_makes_the_same_maps(csphase):
    peer = pytest.importorskip("torch_harmonics")
    grid = GaussLegendre(12)
    coefficients = random_coefficients(12)
    inverse = peer.InverseRealSHT(
        12, 24, lmax=12, mmax=12, grid="legendre-gauss", csphase=csphase
    ).double()
    expected = inverse(to_torch_harmonics(coefficients, csphase=csphase))
    harmonics = torch.from_numpy(spherical_harmonics(grid.theta, grid.phi, 12))
    signal = (harmonics @ coefficients).T.reshape(2, 12, 24)
    torch.testing.assert_close(signal, expected, rtol=0, atol=1e-11)
    forward = peer.RealSHT(
        12, 24, lmax=12, mmax=12, grid="legendre-gauss", csphase=csphase
    ).double()
    back = from_torch_harmonics(forward(signal), csphase=csphase)
    torch.testing.assert_close(back, coefficients, rtol=0, atol=1e-11)


@pytest.mark.parametrize("dtype", COMPLEX)
@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(1, 12), st.lists(st.integers(1, 3), max_size=2))
def test_conversions_there_and_back_change_nothing(dtype, bandlimit, batch):
    coefficients = torch.randn(*batch, bandlimit**2, 2, dtype=dtype)
    alm = to_healpy(coefficients)
    assert alm.dtype == COMPLEX[dtype]
    assert alm.shape == (*batch, 2, bandlimit * (bandlimit + 1) // 2)
    torch.testing.assert_close(from_healpy(alm), coefficients)
    for csphase in (True, False):
        square = to_torch_harmonics(coefficients, csphase=csphase)
        assert square.shape == (*batch, 2, bandlimit, bandlimit)
        back = from_torch_harmonics(square, csphase=csphase)
        torch.testing.assert_close(back, coefficients)


def test_entries_are_where_healpy_has_them():
    coefficients = random_coefficients(9)
    alm = to_healpy(coefficients)
    square = to_torch_harmonics(coefficients)
    for degree in range(9):
        for m in range(degree + 1):
            entry = alm[:, healpy.Alm.getidx(8, degree, m)]
            torch.testing.assert_close(square[:, degree, m], entry)
            row = degree**2 + degree
            expected = coefficients[row]
            if m:
                sign = (-1) ** m / 2**0.5
                expected = sign * coefficients[row + m]
                torch.testing.assert_close(entry.imag, -sign * coefficients[row - m])
            torch.testing.assert_close(entry.real, expected)
    assert not square[:, ~torch.ones(9, 9, dtype=torch.bool).tril()].any()


def test_sums_of_squares_agree_where_positive_orders_count_twice():
    coefficients = random_coefficients(8)
    alm = to_healpy(coefficients).numpy()
    squares = 2 * (np.abs(alm) ** 2).sum(axis=1) - (np.abs(alm[:, :8]) ** 2).sum(axis=1)
    np.testing.assert_allclose(squares, coefficients.square().sum(0), rtol=1e-13)


def test_round_off_in_the_imaginary_part_of_order_zero_is_let_pass():
    alm = to_healpy(random_coefficients(6))
    alm[:, :6] += 1e-14j
    assert from_healpy(alm).shape == (36, 2)


def test_conversions_are_differentiable():
    coefficients = random_coefficients(3).requires_grad_()
    assert torch.autograd.gradcheck(to_healpy, (coefficients,))
    assert torch.autograd.gradcheck(to_torch_harmonics, (coefficients,))

    def there_and_back(c):
        return from_healpy(to_healpy(c))

    assert torch.autograd.gradcheck(there_and_back, (coefficients,))


@pytest.mark.parametrize(
    ("convert", "given", "error", "message"),
    [
        (from_healpy, np.zeros((1, 3)), TypeError, r"alm must be a tensor .*got ndarr"),
        (from_healpy, torch.zeros(1, 3), TypeError, r"complex128, got torch\.float32"),
        (
            from_healpy,
            torch.zeros(3).cfloat(),
            ValueError,
            r"got \(3,\); .*alm\[None\]",
        ),
        (
            from_healpy,
            torch.zeros(1, 5).cfloat(),
            ValueError,
            "got 5, .*L = 2 and L = 3",
        ),
        (
            from_healpy,
            torch.zeros(1, 0).cfloat(),
            ValueError,
            "got 0, .*L = 0 and L = 1",
        ),
        (
            from_healpy,
            torch.full((1, 3), 1 + 1e-3j),
            ValueError,
            r"alm of order 0 must be real.*part of 0\.001; convert a complex signal",
        ),
        (
            from_torch_harmonics,
            torch.full((1, 2, 2), 1j),
            ValueError,
            "coefficients of order 0 must be real.*part of 1; convert",
        ),
        (
            from_torch_harmonics,
            torch.zeros(1, 3, 2).cfloat(),
            ValueError,
            r"got 3 degrees and 2 orders; pass lmax=L, mmax=L to RealSHT",
        ),
        (
            from_torch_harmonics,
            torch.zeros(2, 2).cfloat(),
            ValueError,
            r"must have shape \(\*batch, channel, L, L\), got \(2, 2\); add a channel",
        ),
        (to_healpy, torch.zeros(5, 1), ValueError, r"L\*\*2 rows, got 5, .*L = 2 and"),
        (to_healpy, torch.zeros(0, 1), ValueError, r"got 0, .*L = 0 and L = 1"),
        (
            to_healpy,
            torch.zeros(4),
            ValueError,
            r"row, channel\), got \(4,\); add a ch",
        ),
        (to_healpy, torch.zeros(4, 1).half(), TypeError, r"got torch\.float16: sums"),
        (
            to_healpy,
            torch.zeros(4, 1).cfloat(),
            TypeError,
            "must be real, got torch.compl",
        ),
        (to_torch_harmonics, [[1.0]], TypeError, "must be a tensor .*, got list"),
    ],
)
def test_wrong_coefficients_are_refused(convert, given, error, message):
    with pytest.raises(error, match=message):
        convert(given)

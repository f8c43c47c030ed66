"""Power spectra: known values, Parseval, invariance, gradients, bad input."""

import healpy
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import (
    HarmonicLayout,
    from_healpy,
    power_spectrum,
    spherical_harmonics,
    to_healpy,
)
from samplings import GaussLegendre
from tests.round_off import assert_near


def random_coefficients(layout, *batch, channels=2, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (*batch, layout.n_rows, channels)
    return torch.randn(shape, generator=generator, dtype=dtype)


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_spectra_are_those_of_healpy(dtype):
    layout = HarmonicLayout(20)
    a = random_coefficients(layout, dtype=dtype)
    b = random_coefficients(layout, dtype=dtype, seed=1)
    alm, blm = to_healpy(a).numpy(), to_healpy(b).numpy()
    for channel in range(2):
        of_one = healpy.alm2cl(alm[channel].astype(complex))
        of_two = healpy.alm2cl(
            alm[channel].astype(complex), blm[channel].astype(complex)
        )
        size = max(float(c.abs().max()) for c in (a, b)) ** 2
        # healpy is given coefficients that are rounded too.
        assert_near(power_spectrum(a, layout)[:, channel], of_one, 40, size)
        assert_near(power_spectrum(a, layout, b)[:, channel], of_two, 40, size)


def test_spectrum_sums_to_the_mean_square_on_the_sphere():
    layout, grid = HarmonicLayout(10), GaussLegendre(10)
    a = random_coefficients(layout)
    signal = spherical_harmonics(grid.theta, grid.phi, 10) @ a.numpy()
    mean_square = grid.quadrature @ signal**2 / (4 * np.pi)
    factor = torch.from_numpy((2.0 * np.arange(10) + 1) / (4 * np.pi))
    total = factor @ power_spectrum(a, layout)
    np.testing.assert_allclose(total, mean_square, rtol=1e-12)


def test_rotations_leave_the_spectrum_as_it_is():
    layout = HarmonicLayout(12)
    a = random_coefficients(layout, channels=3)
    alm = to_healpy(a).numpy().copy()
    healpy.rotate_alm(list(alm), 0.3, 1.2, 2.5)
    turned = from_healpy(torch.from_numpy(alm))
    assert not torch.allclose(turned, a)
    torch.testing.assert_close(
        power_spectrum(turned, layout), power_spectrum(a, layout), rtol=1e-12, atol=0
    )


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=5).filter(any))
def test_each_fragment_has_its_own_power(tau):
    layout = HarmonicLayout(len(tau), tau)
    a = random_coefficients(layout, 3)
    spectrum = power_spectrum(a, layout)
    expected = [
        a[:, layout.fragment(degree, t)].square().mean(1)
        for degree in range(len(tau))
        for t in range(tau[degree])
    ]
    torch.testing.assert_close(spectrum, torch.stack(expected, 1))


def test_spectra_of_all_pairs_of_channels_broadcast():
    layout = HarmonicLayout(3)
    a = random_coefficients(layout, channels=4)
    pairs = power_spectrum(a.T[:, None, :, None], layout, a.T[None, :, :, None])
    assert pairs.shape == (4, 4, 3, 1)
    torch.testing.assert_close(pairs[1, 2, :, 0], pairs[2, 1, :, 0])
    torch.testing.assert_close(
        torch.einsum("iilc->li", pairs), power_spectrum(a, layout)
    )


def test_spectra_have_derivatives_of_zero_too_and_compile():
    layout = HarmonicLayout(3, [2, 0, 1])
    a = random_coefficients(layout).requires_grad_()
    zero = torch.zeros_like(a, requires_grad=True)
    for point in (a, zero):
        assert torch.autograd.gradcheck(power_spectrum, (point, layout))
        assert torch.autograd.gradgradcheck(power_spectrum, (point, layout))
    compiled = torch.compile(power_spectrum, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(a, layout), power_spectrum(a, layout))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((torch.zeros(4, 1), "2"), TypeError, "bandlimit L, got '2'"),
        ((np.zeros((4, 1)), HarmonicLayout(2)), TypeError, "tensor .*, got ndarray"),
        (
            (torch.zeros(4, 1).bfloat16(), HarmonicLayout(2)),
            TypeError,
            r"float32 or float64, got torch\.bfloat16: sums .*with \.float",
        ),
        (
            (torch.zeros(4, 1).cfloat(), HarmonicLayout(2)),
            TypeError,
            r"must be real, got torch\.complex64; .*from_healpy",
        ),
        ((torch.zeros(4), HarmonicLayout(2)), ValueError, r"got \(4,\); add a channel"),
        (
            (torch.zeros(1, 4), HarmonicLayout(2)),
            ValueError,
            r"have 1 rows, HarmonicLayout\(L=2, tau=1\) has 4; rows are the",
        ),
        (
            (torch.zeros(4, 1), HarmonicLayout(2), torch.zeros(4, 1).double()),
            TypeError,
            r"other must be torch\.float32 .*, got torch\.float64; convert",
        ),
        (
            (torch.zeros(4, 2), HarmonicLayout(2), torch.zeros(4, 3)),
            ValueError,
            r"shape \(4, 2\) of the coefficients, .*, got \(4, 3\); add axes",
        ),
    ],
)
def test_wrong_coefficients_have_no_spectrum(arguments, error, message):
    with pytest.raises(error, match=message):
        power_spectrum(*arguments)


def test_a_bandlimit_stands_for_its_layout():
    x = random_coefficients(HarmonicLayout(4), 3)
    assert torch.equal(power_spectrum(x, 4), power_spectrum(x, HarmonicLayout(4)))
    told = "layout must be a HarmonicLayout or a bandlimit L, got"
    for wrong in ("4", None, GaussLegendre(4)):
        with pytest.raises(TypeError, match=told):
            power_spectrum(x, wrong)
    with pytest.raises(ValueError, match="layout must be at least 1, got 0"):
        power_spectrum(x, 0)


def test_the_other_signal_is_called_so():
    x = random_coefficients(HarmonicLayout(4))
    with pytest.raises(TypeError, match=r"other must be a tensor .* got int"):
        power_spectrum(x, 4, 3)

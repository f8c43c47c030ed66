"""Smoothing by Gaussian beams: healpy, known responses, borders, missing values."""

import time

import astropy.units as u
import healpy
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg import GaussianSmoothing
from samplings import GaussLegendre, HEALPix, Icosahedral, Irregular
from tests.helpers import random, scattered
from tests.round_off import assert_near

NSIDE = 16
SPHERE = HEALPix(NSIDE, nest=False)
PIXEL = (np.pi / 3) ** 0.5 / NSIDE
# With holes, and in pieces.
MASK = (SPHERE.lat > 0) & ~((SPHERE.lat > 40) & (SPHERE.lon < 90)) | (SPHERE.lat < -60)
PART = SPHERE[MASK]


def red_map(nside=NSIDE, seed=0):
    """A map of degrees up to 2 nside, and its coefficients."""
    degrees = np.arange(2 * nside + 1)
    rng = np.random.default_rng(seed)
    l, m = healpy.Alm.getlm(degrees[-1])  # noqa: E741
    real, imaginary = rng.standard_normal((2, len(l)))
    alm = np.where(m == 0, real, (real + 1j * imaginary) / 2**0.5) / (l + 10.0)
    alm[0] = 0
    return healpy.alm2map(alm, nside, lmax=degrees[-1]), alm


def smoothed(layer, values):
    return layer.double()(torch.as_tensor(values)[:, None])[:, 0].numpy()


@pytest.mark.parametrize("pixels", [1.0, 2.0, 5.0, 20.0])
def test_whole_skies_are_those_of_healpy(pixels):
    values, alm = red_map()
    fwhm = pixels * PIXEL
    beam = healpy.gauss_beam(fwhm, lmax=2 * NSIDE)
    expected = healpy.alm2map(healpy.almxfl(alm, beam), NSIDE, lmax=2 * NSIDE)
    for method, tolerance in (("graph", 1.2e-3), ("harmonic", 1e-4)):
        found = smoothed(GaussianSmoothing(SPHERE, fwhm, method=method), values)
        assert (found - expected).std() < tolerance * values.std()


def test_healpy_smoothing_itself_agrees():
    values, _ = red_map()
    expected = healpy.smoothing(values, fwhm=5 * PIXEL)
    found = smoothed(GaussianSmoothing(SPHERE, 5 * PIXEL), values)
    assert (found - expected).std() < 1e-3 * values.std()


@pytest.mark.slow
@pytest.mark.parametrize("nside", [32, 64])
@pytest.mark.parametrize(
    ("k", "weighting", "bound"),
    [(20, "fitted", 6.5e-4), (8, "fitted", 5.3e-3), (40, "heat", 1.8e-3)],
)
def test_stated_errors_hold(nside, k, weighting, bound):
    values, alm = red_map(nside)
    for pixels in (1, 1.5, 2, 3, 5, 10, 20, 50):
        fwhm = pixels * PIXEL * NSIDE / nside
        beam = healpy.gauss_beam(fwhm, lmax=2 * nside)
        expected = healpy.alm2map(healpy.almxfl(alm, beam), nside, lmax=2 * nside)
        layer = GaussianSmoothing(
            HEALPix(nside, nest=False), fwhm, k=k, weighting=weighting
        )
        assert (smoothed(layer, values) - expected).std() < bound * values.std()


@pytest.mark.parametrize("method", ["graph", "harmonic"])
@pytest.mark.parametrize("boundary", ["normalized", "zero"])
def test_masked_skies_are_those_of_healpy_filled_with_zeros(method, boundary):
    values, _ = red_map()
    fwhm = 5 * PIXEL
    layer = GaussianSmoothing(PART, fwhm, method=method, boundary=boundary)
    found = smoothed(layer, values[MASK])
    expected = healpy.smoothing(values * MASK, fwhm=fwhm)
    if boundary == "normalized":
        expected /= healpy.smoothing(MASK * 1.0, fwhm=fwhm)
    assert (found - expected[MASK]).std() < 2e-3 * values.std()


@pytest.mark.parametrize("boundary", ["normalized", "reflecting", "zero"])
def test_constants_do_not_darken_towards_borders(boundary):
    layer = GaussianSmoothing(PART, [3 * PIXEL, 0.5], boundary=boundary).double()
    ones = torch.ones(len(PART), 2, dtype=torch.float64)
    if boundary == "zero":
        assert (layer(ones) < 0.6).any()
    else:
        assert_near(layer(ones), ones, 1e4)


@pytest.mark.parametrize("sampling", [SPHERE, Icosahedral(3), scattered(150)], ids=repr)
def test_constants_are_kept_on_any_sampling(sampling):
    layer = GaussianSmoothing(sampling, 0.6).double()
    ones = torch.ones(len(sampling), 1, dtype=torch.float64)
    assert_near(layer(ones), ones, 1e5)


@pytest.mark.parametrize(
    "layer",
    [
        GaussianSmoothing(SPHERE, 0.6, k=8, weighting="heat"),
        GaussianSmoothing(GaussLegendre(8), 0.6, method="harmonic"),
    ],
    ids=["graph", "harmonic"],
)
def test_the_integral_is_kept(layer):
    areas = torch.tensor(layer.domain.quadrature)
    x = random(len(areas), 2)
    assert_near(areas @ layer.double()(x), areas @ x, 1e5, scale=areas.sum() * 4)


@pytest.mark.parametrize("boundary", ["zero", "reflecting"])
@pytest.mark.parametrize("method", ["graph", "harmonic"])
def test_smoothing_is_self_adjoint_in_the_areas(boundary, method):
    if method == "harmonic" and boundary == "reflecting":
        boundary = "zero"
    sampling = GaussLegendre(6) if method == "harmonic" else PART
    layer = GaussianSmoothing(sampling, 0.6, method=method, boundary=boundary).double()
    x, y = random(len(sampling), 1), random(len(sampling), 1, seed=2)
    areas = torch.tensor(sampling.quadrature)[:, None]
    first, second = (areas * y * layer(x)).sum(), (areas * x * layer(y)).sum()
    if method == "graph":
        # The fitted masses, which differ from the areas by a few parts in a thousand.
        assert abs(first - second) < 5e-3 * areas.sum()
    else:
        assert_near(first, second, 1e5, scale=areas.sum() * 4)


def test_heat_graphs_are_self_adjoint_in_the_areas_to_round_off():
    layer = GaussianSmoothing(
        PART, 0.3, boundary="zero", k=8, weighting="heat"
    ).double()
    x, y = random(len(PART), 1), random(len(PART), 1, seed=2)
    assert_near((y * layer(x)).sum(), (x * layer(y)).sum(), 1e5, scale=len(PART))


@settings(derandomize=True, deadline=None, max_examples=6)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["UNSEEN", "NaN", "infinity"]))
def test_missing_values_are_as_left_out_of_the_mask(seed, code):
    gone = np.random.default_rng(seed).random(len(SPHERE)) < 0.3
    marks = {"UNSEEN": healpy.UNSEEN, "NaN": np.nan, "infinity": np.inf}
    values, _ = red_map()
    with_gaps = torch.as_tensor(np.where(gone, marks[code], values))[:, None]
    found = LAYER(with_gaps)[:, 0].numpy()
    expected = smoothed(
        GaussianSmoothing(SPHERE[~gone], 0.3, k=8, weighting="heat"), values[~gone]
    )
    # Polynomials for the symbols of different rows differ by the tolerance.
    np.testing.assert_allclose(found[~gone], expected, atol=1e-3 * values.std())
    np.testing.assert_array_equal(found[gone], with_gaps[gone, 0])


LAYER = GaussianSmoothing(SPHERE, 0.3, k=8, weighting="heat").double()


def test_channels_have_their_own_widths_and_missing_places():
    widths = [0.2, 0.0, 0.5]
    values = random(2, len(PART), 3)
    values[0, 5, 0] = healpy.UNSEEN
    together = GaussianSmoothing(PART, widths, k=8).double()(values)
    for channel, width in enumerate(widths):
        alone = GaussianSmoothing(PART, width, k=8).double()
        part = values[..., channel, None]
        # Polynomials of other lengths differ by the tolerance.
        found, expected = together[..., channel, None], alone(part)
        known = part > -1e30
        assert (found - expected)[known].abs().max() < 3e-3
        assert torch.equal(found[~known], part[~known])
    assert_near(together[..., 1], values[..., 1], 1e3)


def test_gradients_leave_missing_places_out():
    values = random(len(PART), 1)
    values[7] = torch.nan
    values.requires_grad_()
    layer = GaussianSmoothing(PART, 0.3, k=8).double()
    layer(values)[:7].sum().backward()
    assert values.grad[7] == 0 and values.grad.isfinite().all()
    small = HEALPix(1)
    layer = GaussianSmoothing(small[small.lat > -10], 1.5, k=4).double()
    x = random(3, 8, 2).requires_grad_()
    assert torch.autograd.gradcheck(layer, x, fast_mode=True)


def test_units_of_widths():
    values = random(len(SPHERE), 1)
    wide = GaussianSmoothing(SPHERE, 600 * u.arcmin, k=8).double()(values)
    assert torch.equal(
        wide, GaussianSmoothing(SPHERE, np.deg2rad(10), k=8).double()(values)
    )


def test_float32_is_near_float64():
    values = random(len(PART), 1)
    layer = GaussianSmoothing(PART, 0.5, k=8)
    single = layer(values.float())
    assert_near(single.double(), layer.double()(values), 1e4, c=16 * 2**29)
    assert (single.double() - layer(values)).abs().max() < 1e-5


@pytest.mark.slow
def test_cost_grows_with_the_vertices_of_a_large_cap():
    sky = HEALPix(256)
    times = []
    for lowest in (70, 45):
        cap = sky[sky.lat > lowest]
        layer = GaussianSmoothing(cap, np.deg2rad(1), k=20, weighting="heat")
        assert len(layer.domain) < 1.4 * len(cap)
        x = torch.ones(len(cap), 1)
        layer(x)
        start = time.perf_counter()
        for _ in range(5):
            y = layer(x)
        times.append((time.perf_counter() - start) / len(cap))
        assert (y - 1).abs().max() < 1e-4
    assert times[1] < 4 * times[0]


# -- errors ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fwhm": -0.1}, "fwhm must be in radian, from 0 to pi, got -0.1; convert deg"),
        ({"fwhm": 10.0}, "fwhm must be in radian, from 0 to pi, got 10.0"),
        ({"fwhm": PIXEL / 2}, "fwhm must be at least the spacing of the vertices, "),
        ({"fwhm": np.ones((2, 2))}, r"fwhm must be a number or one a channel, got sha"),
        ({"fwhm": 0.3, "method": "fft"}, "method must be 'graph' or 'harmonic', got"),
        (
            {"fwhm": 0.3, "method": "harmonic", "boundary": "reflecting"},
            "boundary='reflecting' is diffusion on the graph of the kept vertices, got",
        ),
        ({"fwhm": 0.3, "tolerance": 0.0}, r"tolerance must be in \(1e-12, 1\), got 0"),
    ],
)
def test_errors_of_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianSmoothing(PART, **arguments)


def test_error_for_another_number_of_channels():
    layer = GaussianSmoothing(SPHERE, [0.3, 0.4], k=8)
    with pytest.raises(ValueError, match="x must have 2 channels, one a width of fwhm"):
        layer(torch.zeros(len(SPHERE), 3))


def test_points_of_a_region_without_a_whole_are_smoothed_on_their_graph():
    cap = SPHERE[SPHERE.lat > 30]
    layer = GaussianSmoothing(Irregular(cap.xyz, cap.weights), 0.4).double()
    ones = torch.ones(len(cap), 1, dtype=torch.float64)
    assert_near(layer(ones), ones, 1e4)

"""The search of the kernel's width, against the published ones and its definition."""

import numpy as np
import pytest

from samplings import (
    WEIGHTINGS,
    Equiangular,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    equivariance_spectrum,
    kernel_width,
    knn_graph,
    nominal_bandlimit,
    optimal_width,
)


@pytest.mark.oracle
@pytest.mark.parametrize("k", [8, 20])
def test_published_widths_are_found(k):
    # The table holds half-maximum widths, proportional to the root of t.
    sampling = HEALPix(32, nest=False)
    ratio = np.sqrt(optimal_width(sampling, k) / kernel_width(sampling, k))
    assert ratio == pytest.approx(1, abs=0.02)


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("nside", [32, 64])
@pytest.mark.parametrize("k", [8, 20, 40, 60])
def test_all_published_widths_are_found_within_ten_percent(nside, k):
    sampling = HEALPix(nside, nest=False)
    ratio = np.sqrt(optimal_width(sampling, k) / kernel_width(sampling, k))
    assert ratio == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("sampling", "weighting"),
    [
        (HEALPix(8), "heat"),
        (Icosahedral(3), "area-corrected"),
        (GaussLegendre(16), "area-corrected"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_no_other_width_has_a_lower_error(sampling, weighting):
    degrees = np.arange(1, nominal_bandlimit(sampling))
    t = optimal_width(sampling, 20, weighting=weighting, degrees=degrees)
    least, *others = (
        equivariance_spectrum(
            knn_graph(sampling, 20, WEIGHTINGS[weighting](t=factor * t)), degrees
        ).mean_error(1)
        for factor in (1, 0.5, 0.8, 0.95, 1.05, 1.2, 2)
    )
    assert least < min(others)


def test_error_where_the_least_error_is_out_of_reach():
    # The links of a grid crowded at the poles are best weighed alike, whatever t.
    with pytest.raises(ValueError, match=r"no width from .* on equiangular"):
        optimal_width(Equiangular(20), 20)


def test_error_for_a_weighting_without_width():
    with pytest.raises(
        ValueError,
        match="'area-corrected', got 'self-tuned'",
    ):
        optimal_width(HEALPix(4), 8, weighting="self-tuned")

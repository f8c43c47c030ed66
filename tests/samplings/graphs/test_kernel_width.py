"""Kernel widths: the published table and the rule fitted to it."""

import numpy as np
import pytest

from samplings import Equiangular, HEALPix, Icosahedral, kernel_width, knn_graph
from samplings.graphs.kernel_width import HALF_WIDTHS, NSIDES, OFFSET, SLOPE
from samplings.points.neighbours import nearest_neighbours
from tests.round_off import round_off


@pytest.mark.parametrize(("k", "s"), [(8, 0.025), (20, 0.03185), (40, 0.042432)])
@pytest.mark.parametrize("nest", [True, False])
def test_published_half_widths_apply_to_the_whole_sphere(k, s, nest):
    t = kernel_width(HEALPix(32, nest), k)
    assert t == pytest.approx(s**2 / (4 * np.log(2)), rel=round_off(float, 4))
    # The kernel falls to one half at distance s / 2^(...): w(s) = 2^-1.
    assert np.exp(-(s**2) / (4 * t)) == pytest.approx(0.5)


@pytest.mark.parametrize("nside", [32, 64])
@pytest.mark.parametrize("k", list(HALF_WIDTHS))
def test_rule_reproduces_the_table_within_seven_percent(nside, k):
    chords = nearest_neighbours(HEALPix(nside).xyz, k).data
    rule = (OFFSET + SLOPE / k) * np.mean(chords**2)
    assert rule == pytest.approx(kernel_width(HEALPix(nside), k), rel=0.07)


def test_half_widths_halve_with_each_doubling_of_nside():
    for widths in HALF_WIDTHS.values():
        assert len(widths) == len(NSIDES)
        ratio = np.array(widths[:-1]) / np.array(widths[1:])
        np.testing.assert_allclose(ratio, 2, rtol=0.05)


@pytest.mark.parametrize(
    "sampling",
    [HEALPix(16), Equiangular(12), Icosahedral(3), HEALPix(32)[np.arange(3000)]],
    ids=lambda s: s.name,
)
def test_rule_applies_elsewhere_and_is_what_the_graph_uses(sampling):
    chords = nearest_neighbours(sampling.xyz, 12).data
    expected = (OFFSET + SLOPE / 12) * np.mean(chords**2)
    assert kernel_width(sampling, 12) == pytest.approx(expected, rel=1e-12)
    assert kernel_width(sampling, 12, np.mean(chords**2)) == pytest.approx(expected)
    assert knn_graph(sampling, 12, weighting="heat").t == pytest.approx(
        expected, rel=1e-12
    )


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_error_for_a_mean_that_is_not_positive(value):
    with pytest.raises(ValueError, match="mean_squared_distance must be positive"):
        kernel_width(HEALPix(4), 8, value)


def test_errors_for_k():
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        kernel_width(HEALPix(32), 0)
    with pytest.raises(ValueError, match="use at most 11"):
        kernel_width(HEALPix(1), 12)


@pytest.mark.slow
def test_rule_is_the_least_squares_fit_to_the_table():
    design = []
    for nside in (32, 64, 128):
        for k in HALF_WIDTHS:
            chords = nearest_neighbours(HEALPix(nside).xyz, k).data
            # Divided by its own width, so that relative errors are minimised.
            ratio = np.mean(chords**2) / kernel_width(HEALPix(nside), k)
            design.append((ratio, ratio / k))
    fitted, *_ = np.linalg.lstsq(np.array(design), np.ones(len(design)), rcond=None)
    # The constants are rounded to three digits.
    np.testing.assert_allclose([OFFSET, SLOPE], fitted, rtol=2e-3)

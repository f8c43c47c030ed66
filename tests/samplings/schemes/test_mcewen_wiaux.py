"""McEwen-Wiaux grid: its points, its sampling theorem, its one pole."""

import ducc0
import numpy as np
import pytest

from samplings import McEwenWiaux
from tests.round_off import round_off


def test_points_are_those_of_the_paper():
    sampling = McEwenWiaux(4)
    theta = np.pi * (2 * np.arange(4) + 1) / 7
    phi = 2 * np.pi * np.arange(7) / 7
    np.testing.assert_allclose(sampling.theta[:21:7], theta[:3])
    np.testing.assert_allclose(sampling.phi[:7], phi)
    np.testing.assert_array_equal(sampling.xyz[-1], [0, 0, -1])
    for bandlimit in (1, 2, 9):
        n = (bandlimit - 1) * (2 * bandlimit - 1) + 1
        assert len(McEwenWiaux(bandlimit)) == n


@pytest.mark.oracle
def test_quadrature_integrates_what_ducc_analyses():
    # The coefficient of degree 0 that ducc0's exact analysis finds is the integral.
    sampling = McEwenWiaux(10)
    values = np.random.default_rng(0).standard_normal(len(sampling))
    alm = ducc0.sht.analysis_2d(
        map=sampling.to_grid(values)[None], spin=0, lmax=9, geometry="MW"
    )
    integral = sampling.quadrature @ values
    found = alm[0, 0].real * np.sqrt(4 * np.pi)
    assert found == pytest.approx(integral, rel=round_off(float, len(sampling)))


def test_areas_are_those_between_mid_parallels():
    sampling = McEwenWiaux(5)
    edges = np.append(np.arange(0, 10, 2) * np.pi / 9, np.pi)
    heights = -np.diff(np.cos(edges)) * 2 * np.pi
    np.testing.assert_allclose(sampling.weights[:36:9] * 9, heights[:4])
    assert sampling.weights[-1] == pytest.approx(heights[4])


def test_bandlimit_one_is_the_south_pole_alone():
    sampling = McEwenWiaux(1)
    np.testing.assert_array_equal(sampling.xyz, [[0, 0, -1]])
    assert sampling.area == pytest.approx(4 * np.pi) and sampling.exact_degree == 0


@pytest.mark.parametrize(("fine", "coarse"), [(8, 4), (9, 5), (2, 1)])
def test_coarsening_halves_the_bandlimit(fine, coarse):
    assert McEwenWiaux(fine).coarsen().coarse.L == coarse


def test_text_and_configuration():
    sampling = McEwenWiaux(4)
    assert sampling.config == {"type": "mcewen-wiaux", "L": 4}
    assert sampling.name == "mcewenwiaux-4"
    assert (sampling.n_theta, sampling.n_phi) == (4, 7)


def test_errors_for_bandlimits():
    with pytest.raises(ValueError, match="L must be at least 1, got 0"):
        McEwenWiaux(0)
    with pytest.raises(TypeError, match="L must be an integer, got '8'"):
        McEwenWiaux("8")
    with pytest.raises(ValueError, match="L must be at least 2 to halve it"):
        McEwenWiaux(1).coarsen()

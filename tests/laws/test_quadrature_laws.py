"""What samplings claim of their quadrature and symmetries, held to it."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.special import sph_harm_y_all

from tests.round_off import assert_near

# The round-off of summing some hundred weighted harmonics of size one.
EXACT = 1e-12


def integrals(sampling, degree):
    """Integrals of all harmonics ``(degree + 1, 2 degree + 1)`` by quadrature."""
    values = sph_harm_y_all(degree, degree, sampling.theta, sampling.phi)
    return values @ sampling.quadrature


def test_quadrature_integrates_harmonics_up_to_the_exact_degree(sampling):
    degree = sampling.exact_degree
    found = integrals(sampling, degree)
    # Only the constant has an integral: sqrt(4 pi), or its part on a masked sphere.
    expected = np.zeros_like(found)
    expected[0, 0] = sampling.area / np.sqrt(4 * np.pi)
    np.testing.assert_allclose(found, expected, rtol=0, atol=EXACT)


def test_exact_degree_claims_no_less_than_there_is(sampling):
    # A mirror at the equator makes every odd degree exact for nothing.
    degree = sampling.exact_degree
    beyond = integrals(sampling, degree + 2)[degree + 1 :]
    assert np.abs(beyond).max() > 100 * EXACT


def test_quadrature_sums_to_the_area(sampling):
    assert sampling.quadrature.shape == sampling.weights.shape
    assert_near(sampling.quadrature.sum(), sampling.area, len(sampling))
    with pytest.raises(ValueError, match="read-only"):
        sampling.quadrature[0] = 0


def test_symmetries_map_vertices_and_areas_onto_themselves(sampling):
    tree = cKDTree(sampling.xyz)
    for generator in sampling.symmetries:
        assert_near(generator @ generator.T, np.eye(3), 3)
        distance, image = tree.query(sampling.xyz @ generator.T)
        assert_near(distance, 0, 9, 1)
        np.testing.assert_array_equal(np.sort(image), np.arange(len(sampling)))
        np.testing.assert_allclose(
            sampling.weights[image], sampling.weights, rtol=1e-12
        )
        np.testing.assert_allclose(
            sampling.quadrature[image], sampling.quadrature, rtol=1e-12
        )
        with pytest.raises(ValueError, match="read-only"):
            generator[0, 0] = 0

"""Random signals and rotations behind the equivariance error."""

import healpy
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from deepsphere_pyg.harmonics import from_healpy
from deepsphere_pyg.metrics.rotation_protocols import (
    ExactProtocol,
    PublishedProtocol,
    random_fragment,
)
from samplings import HEALPix


@pytest.mark.parametrize("degree", [0, 1, 7])
def test_random_fragments_have_unit_variances(degree):
    drawn = random_fragment(np.random.default_rng(0), degree, 4000)
    assert drawn.shape == (2 * degree + 1, 4000)
    # Four standard errors: variance of the square is 2.
    np.testing.assert_allclose((drawn**2).mean(1), 1, atol=4 * np.sqrt(2 / 4000))


def test_random_fragments_are_the_published_complex_coefficients():
    drawn = random_fragment(np.random.default_rng(5), 4, 2)
    x, y = np.random.default_rng(5).standard_normal((2, 2, 5))
    alm = np.zeros((2, 15), dtype=complex)
    for m in range(5):
        entry = healpy.Alm.getidx(4, 4, m)
        alm[:, entry] = x[:, m] if m == 0 else (x[:, m] + 1j * y[:, m]) / np.sqrt(2)
    wanted = from_healpy(torch.from_numpy(alm))[16:]
    np.testing.assert_allclose(drawn, wanted, atol=1e-14)


def test_uniform_rotations_carry_the_pole_anywhere_alike():
    protocol = ExactProtocol(HEALPix(1), HEALPix(1), None, 1)
    rng = np.random.default_rng(0)
    angles = np.array([protocol.draw_angles(rng) for _ in range(4000)])
    pole = Rotation.from_euler("ZYZ", angles).apply([0.0, 0.0, 1.0])
    # Four standard errors of means with variance 1/3 and of second moments.
    assert np.abs(pole.mean(axis=0)).max() < 4 * np.sqrt(1 / 3 / 4000)
    second = pole.T @ pole / len(pole)
    np.testing.assert_allclose(second, np.eye(3) / 3, atol=4 * np.sqrt(0.1 / 4000))


@pytest.mark.oracle
@pytest.mark.parametrize("nest", [True, False])
def test_published_protocol_is_that_of_healpy(nest):
    sampling = HEALPix(4, nest)
    protocol = PublishedProtocol(sampling, sampling, 5)
    rng = np.random.default_rng(0)
    coefficients, rotation = protocol.draw(rng, 5, 1, 3)
    signals = protocol.signals_of(coefficients)
    rotated = protocol.rotate(coefficients, signals, signals, rotation)
    torch.testing.assert_close(rotated.signals, rotated.outputs)
    order = healpy.nest2ring(4, np.arange(192)) if nest else np.arange(192)
    for signal, angles, found in zip(
        signals[..., 0], rotation.angles, rotated.signals[..., 0], strict=True
    ):
        ring = np.empty(192)
        ring[order] = signal
        alm = healpy.map2alm(ring, lmax=11, iter=0)
        healpy.rotate_alm(alm, *angles.tolist()[::-1])
        wanted = healpy.alm2map(alm, 4, lmax=11)[order]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)

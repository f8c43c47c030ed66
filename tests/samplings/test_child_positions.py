"""Places of children in their parents, and polynomials of their positions."""

import healpy
import numpy as np
import pytest

from samplings import CubedSphere, Equiangular, HEALPix, IcosahedralTriangles
from samplings.child_positions import tangent_frames, zernike, zernike_indices

NESTED = [
    (HEALPix(8), HEALPix(2)),
    (HEALPix(8, nest=False), HEALPix(4)),
    (HEALPix(6, nest=False), HEALPix(2, nest=False)),
    (CubedSphere(6), CubedSphere(2)),
    (IcosahedralTriangles(2), IcosahedralTriangles(0)),
]


@pytest.mark.parametrize(("fine", "coarse"), NESTED, ids=repr)
def test_each_parent_has_one_child_at_each_place(fine, coarse):
    places, count = fine.places_in(coarse)
    assert count == len(fine) // len(coarse)
    pairs = fine.parents_in(coarse) * count + places
    assert np.array_equal(np.sort(pairs), np.arange(len(fine)))


def test_places_of_healpix_are_those_of_the_nested_order():
    places, count = HEALPix(8).places_in(HEALPix(2))
    assert np.array_equal(places, np.arange(768) % count)
    places, _ = HEALPix(8, nest=False).places_in(HEALPix(2))
    assert np.array_equal(places, healpy.ring2nest(8, np.arange(768)) % count)


def test_places_of_masked_samplings_are_those_of_the_whole():
    part = HEALPix(4)[[5, 4, 3]]
    places, count = part.places_in(part.coarsen().coarse)
    assert places.tolist() == [1, 0, 3]
    assert count == 4


def test_schemes_that_do_not_nest_have_no_places():
    assert Equiangular(8, 16).places_in(Equiangular(4, 8)) is None
    assert HEALPix(4).places_in(CubedSphere(2)) is None
    assert HEALPix(6, nest=False).places_in(HEALPix(4)) is None


def test_zernike_polynomials_are_orthonormal_on_the_disc():
    # Gauss's rule in rho^2 and equal angles are exact for these degrees.
    nodes, weights = np.polynomial.legendre.leggauss(8)
    rho, angle = np.meshgrid(np.sqrt((nodes + 1) / 2), 2 * np.pi * np.arange(16) / 16)
    area = np.broadcast_to(weights / 2 / 16, rho.shape).ravel()
    basis = np.stack([zernike(*one, rho, angle).ravel() for one in zernike_indices(5)])
    # Of 128 products of numbers up to 12.
    np.testing.assert_allclose((basis * area) @ basis.T, np.eye(21), atol=1e-12)
    assert zernike_indices(5, isotropic=True) == [(0, 0), (2, 0), (4, 0)]


@pytest.mark.parametrize("sampling", [HEALPix(4), Equiangular(5, 8, "clenshaw-curtis")])
def test_frames_are_right_handed(sampling):
    east, north = tangent_frames(sampling)
    np.testing.assert_allclose(np.cross(east, north), sampling.xyz, atol=1e-15)
    assert (north[np.abs(sampling.xyz[:, 2]) < 0.9, 2] > 0).all()

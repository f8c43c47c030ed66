"""Means over areas where the target is coarser, and linear weights where it is not."""

import healpy
import numpy as np
import pytest
from scipy.special import sph_harm_y

from deepsphere_pyg.datasets import Regridder
from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    HEALPix,
    Icosahedral,
    Rectilinear,
    ReducedGaussian,
    Transfer,
)

FINE = [
    Equiangular(24),
    Equiangular(25, 48, "clenshaw-curtis"),
    HEALPix(8),
    Icosahedral(3),
    ReducedGaussian.octahedral(10),
    Fibonacci(900),
    CubedSphere(10),
    Rectilinear([80.0, 31, 11, -20, -66], np.arange(0, 360, 4.0)),
]
COARSE = [HEALPix(4), Icosahedral(2), Equiangular(8)]


@pytest.mark.parametrize("target", COARSE, ids=lambda s: s.name)
@pytest.mark.parametrize("source", FINE, ids=lambda s: s.name)
def test_coarser_targets_get_means_that_keep_the_mean_of_the_sphere(source, target):
    rng = np.random.default_rng(0)
    regridder = Regridder(source, target)
    assert regridder.used == "conservative"
    values = rng.normal(size=(2, len(source)))
    result = regridder.fields(values)
    # areas are balanced to 1e-11 of themselves
    np.testing.assert_allclose(
        result @ target.weights, values @ source.weights, atol=1e-9
    )
    np.testing.assert_allclose(
        regridder.fields(np.full(len(source), 7.0)), 7, rtol=1e-13
    )
    assert (result.min(axis=1) >= values.min(axis=1)).all()
    assert (result.max(axis=1) <= values.max(axis=1)).all()


def test_weights_are_those_of_the_transfer_and_adjoint_to_the_way_back():
    source, target = FINE[0], COARSE[0]
    transfer = Transfer.conservative(source, target)
    matrix = Regridder(source, target).matrix
    np.testing.assert_allclose(
        matrix.toarray(), transfer.pooling().toarray(), atol=1e-12
    )
    back = transfer.unpooling()
    rng = np.random.default_rng(1)
    s, t = rng.normal(size=len(source)), rng.normal(size=len(target))
    one, other = (matrix @ s * t) @ target.weights, (s * (back @ t)) @ source.weights
    assert one == pytest.approx(other, rel=1e-9)


def test_white_noise_of_a_fine_grid_does_not_alias():
    grid = Equiangular(120, 240)
    noise = np.random.default_rng(0).normal(size=len(grid))
    by_area = Regridder(grid, HEALPix(8)).fields(noise)
    at_points = Regridder(grid, HEALPix(8), "bilinear").fields(noise)
    # some 37 cells per pixel at the equator, more at the poles
    assert by_area.std() < 0.2
    assert at_points.std() > 0.6


@pytest.mark.parametrize("degree", [1, 3, 6])
def test_harmonics_are_averaged_over_the_cells(degree):
    source, target = Equiangular(96), HEALPix(4)
    values = sph_harm_y(degree, 1, source.theta, source.phi).real
    result = Regridder(source, target).fields(values)
    # The mean over the pixels of nside 4, of 1024 of nside 128 each.
    points = HEALPix(128)
    exact = sph_harm_y(degree, 1, points.theta, points.phi).real
    exact = exact.reshape(len(target), -1).mean(axis=1)
    # Values in the middle of cells of 2 degrees stand for their means: second order.
    assert np.abs(result - exact).max() < 0.005 * np.abs(exact).max()


@pytest.mark.oracle
@pytest.mark.parametrize("nest", [True, False])
def test_finer_targets_of_pixels_are_healpys(nest):
    source, target = HEALPix(4, nest), Icosahedral(4)
    values = np.random.default_rng(0).normal(size=len(source))
    regridder = Regridder(source, target)
    assert regridder.used == "bilinear"
    expected = healpy.get_interp_val(values, target.theta, target.phi, nest=nest)
    np.testing.assert_allclose(regridder.fields(values), expected, rtol=1e-12)
    labels, _ = regridder.labels(np.arange(len(source)))
    # some vertices lie on borders of pixels
    same = labels == healpy.ang2pix(4, target.theta, target.phi, nest=nest)
    assert same.mean() > 0.998


@pytest.mark.parametrize(
    "source",
    [Icosahedral(2), Fibonacci(200), ReducedGaussian.octahedral(6)],
    ids=lambda s: s.name,
)
def test_finer_targets_of_points_are_linear_on_triangles(source):
    target = HEALPix(16)
    regridder = Regridder(source, target)
    assert regridder.used == "linear"
    np.testing.assert_allclose(regridder.matrix.sum(axis=1), 1, rtol=1e-13)
    assert np.diff(regridder.matrix.indptr).max() <= 3
    # Linear functions of space are exact in the direction of the vertex.
    xyz = regridder.fields(source.xyz.T).T
    length = np.linalg.norm(xyz, axis=1, keepdims=True)
    np.testing.assert_allclose(xyz / length, target.xyz, atol=1e-12)
    itself = Regridder(source, source, "linear")
    values = np.random.default_rng(0).normal(size=len(source))
    np.testing.assert_allclose(itself.fields(values), values, rtol=1e-9)


def test_missing_cells_count_by_their_area():
    source, target = HEALPix(4), HEALPix(2)
    values = np.repeat(np.arange(48.0), 4)
    values[[0, 4, 5, 8, 9, 10, 12, 13, 14, 15]] = np.nan
    result = Regridder(source, target).fields(values)
    # one, two, three and four of the four pixels are missing
    np.testing.assert_array_equal(result[:5], [0, 1, np.nan, np.nan, 4])


def test_labels_are_those_of_the_largest_area_and_the_lowest_of_equal_ones():
    source, target = HEALPix(4), HEALPix(2)
    codes = np.zeros(192, dtype=np.int16)
    codes[:12] = [5, 5, 5, 2, 5, 5, 2, 2, 9, 7, 5, 5]
    labels, known = Regridder(source, target).labels(codes)
    np.testing.assert_array_equal(labels[:3], [5, 2, 5])
    assert labels.dtype == np.int16
    assert known.all()
    hidden = np.ma.array(codes, mask=np.isin(np.arange(192), [0, 1, 2, 4, 5]))
    labels, known = Regridder(source, target).labels(hidden)
    np.testing.assert_array_equal(known[:3], [False, True, True])
    assert labels[1] == 2


@pytest.mark.parametrize(
    "source", [HEALPix(8), Icosahedral(3), Equiangular(24)], ids=lambda s: s.name
)
@pytest.mark.parametrize("target", [HEALPix(4), HEALPix(32)], ids=lambda s: s.name)
def test_vertices_outside_of_a_part_are_missing(source, target):
    part = source[source.lat > 30]
    regridder = Regridder(part, target)
    known = np.isfinite(regridder.fields(np.ones(len(part))))
    far = np.abs(target.lat - 30) > 10
    np.testing.assert_array_equal(known[far], target.lat[far] > 30)
    _, inside = regridder.labels(np.ones(len(part)))
    np.testing.assert_array_equal(inside[far], target.lat[far] > 30)


def test_methods_can_be_named_and_others_are_refused():
    source, target = Equiangular(8), HEALPix(8)
    assert Regridder(source, target).used == "bilinear"
    assert Regridder(source, target, "conservative").used == "conservative"
    assert Regridder(target, source, "linear").used == "bilinear"
    with pytest.raises(
        ValueError, match=r"must be one of auto, .* got 'nearest'; auto"
    ):
        Regridder(source, target, "nearest")
    with pytest.raises(TypeError, match="or an XarraySampling, got ndarray"):
        Regridder(np.zeros(3), target)


def test_weights_of_the_same_samplings_are_computed_once():
    one = Regridder(Equiangular(10), HEALPix(2))
    other = Regridder(Equiangular(10), HEALPix(2))
    assert one.matrix is not None
    from samplings.interpolation import weights

    kept = [entry[3] for entry in weights._kept]
    assert other.matrix is not None
    assert weights._kept[0][3] is kept[0]

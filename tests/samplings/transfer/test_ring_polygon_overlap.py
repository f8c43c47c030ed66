import numpy as np
import pytest

from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    Irregular,
    Rectilinear,
    ReducedGaussian,
    Transfer,
)
from samplings.transfer.ring_polygon_overlap import ring_polygon_overlap
from tests.helpers import scattered

WHOLE = [
    Equiangular(8),
    Equiangular(19, 36, "clenshaw-curtis"),
    GaussLegendre(7, 5),
    ReducedGaussian.octahedral(8),
    Rectilinear([80.0, 31, 11, -20, -66], [3.0, 50, 100, 180, 201, 300]),
]
OTHERS = [HEALPix(4), Icosahedral(2), CubedSphere(4), Fibonacci(7), scattered(150, 0)]


@pytest.mark.parametrize("other", OTHERS, ids=lambda s: s.name)
@pytest.mark.parametrize("rings", WHOLE, ids=lambda s: s.name)
def test_overlaps_add_up_to_both_cells(rings, other):
    cells = other.cells()
    overlap = ring_polygon_overlap(rings, rings.bands(), cells)
    assert overlap.data.min() > 0
    # sums of some hundred differences of numbers of order one
    np.testing.assert_allclose(overlap.sum(axis=1), rings.weights, atol=1e-13)
    np.testing.assert_allclose(overlap.sum(axis=0), cells.areas, atol=1e-13)


@pytest.mark.parametrize("other", OTHERS, ids=lambda s: s.name)
def test_parts_of_the_globe_share_what_they_cover(other):
    part = Rectilinear([49.0, 47, 44, 20], [350.0, 355, 360, 372, 390])
    overlap = ring_polygon_overlap(part, part.bands(), other.cells())
    np.testing.assert_allclose(overlap.sum(axis=1), part.weights, atol=1e-13)
    whole = Rectilinear(
        [80.0, 49.0, 47, 44, 20, -40],
        [350.0, 355, 360, 372, 390, 550],
        lat_bounds=[90.0, *part.lat_bounds, -90],
        lon_bounds=[*part.lon_bounds, part.lon_bounds[0] + 360],
    )
    full = ring_polygon_overlap(whole, whole.bands(), other.cells())
    expected = full[whole.grid_index[1:5, :5].ravel()].toarray()
    np.testing.assert_allclose(overlap.toarray(), expected, atol=1e-13)


def test_octants_are_octants():
    octahedron = Irregular(
        np.array([[x, y, z] for x in (1, -1) for y in (1, -1) for z in (1, -1)])
        / np.sqrt(3)
    )
    grid = Equiangular(2, 4)
    overlap = ring_polygon_overlap(grid, grid.bands(), octahedron.cells()).toarray()
    np.testing.assert_allclose(np.sort(overlap.ravel())[-8:], np.pi / 2, atol=1e-14)
    np.testing.assert_allclose(np.sort(overlap.ravel())[:-8], 0, atol=1e-14)


def test_longitudes_shared_with_a_cell_are_those_of_its_sides():
    # The cell of the cube on +x: |y| <= x and |z| <= x. At latitudes below the corner's
    # the meridians 45 degrees from its middle bound it.
    cube = Irregular(np.concatenate([np.eye(3), -np.eye(3)]))
    band = Rectilinear(
        [0.0, 60.0], [0.0, 90.0, 180, 270], [-30, 30, 90], [-45.0, 45, 135, 225, 315]
    )
    overlap = ring_polygon_overlap(band, band.bands(), cube.cells()).toarray()
    # tan(lat) of the upper side is cos(lon): above 35.3 degrees at the corner.
    np.testing.assert_allclose(overlap[:4].max(axis=1), np.pi / 2, rtol=1e-13)
    lon = np.linspace(-np.pi / 4, np.pi / 4, 200_001)
    above = np.trapezoid(np.sin(np.arctan(np.cos(lon))) - 0.5, lon)
    # the trapezoidal rule is off by a twelfth of the step squared times f'
    assert overlap[4, 0] == pytest.approx(above, abs=1e-9)


def test_scaled_overlaps_have_the_areas_of_both_samplings():
    fine, coarse = Equiangular(181, 360, "clenshaw-curtis"), HEALPix(16)
    transfer = Transfer.conservative(fine, coarse)
    np.testing.assert_allclose(transfer.target_areas, coarse.weights, rtol=1e-9)
    np.testing.assert_allclose(transfer.source_areas, fine.weights, rtol=1e-9)


@pytest.mark.parametrize(("nside", "nest"), [(1, True), (4, False), (5, False)])
def test_outlines_of_pixels_are_the_pixels(nside, nest):
    pixels = HEALPix(nside, nest)
    areas = pixels.outlines().areas
    assert areas.sum() == pytest.approx(4 * np.pi, rel=1e-13)
    np.testing.assert_allclose(areas, pixels.weights, rtol=1e-3)


def test_grids_far_finer_than_pixels_are_shared():
    # The borders of Voronoi cells are too far from those of pixels to be balanced.
    fine, coarse = Equiangular(192, 288, "clenshaw-curtis"), HEALPix(1)
    transfer = Transfer.conservative(fine, coarse)
    np.testing.assert_allclose(transfer.target_areas, coarse.weights, rtol=1e-9)
    assert np.diff(transfer.overlap.tocsc().indptr).max() <= 4

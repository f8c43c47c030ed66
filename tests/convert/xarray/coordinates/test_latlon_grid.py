import numpy as np
import pytest

from deepsphere_pyg.datasets import LatLonGrid

LAT = np.linspace(-90, 90, 19)
LON = np.arange(0, 360, 10.0)


@pytest.mark.parametrize(
    "lon",
    [
        LON,
        LON - 180,
        LON[::-1],
        np.append(LON, 360),
        np.append(LON - 180, 180),
        np.append(LON, 360).astype(np.float32),
        LON + 5,
        np.append(np.arange(0, 180, 10.0), np.arange(-180, 0, 10.0)),
    ],
    ids=["0", "-180", "west", "wrap", "wrap-180", "float32", "centres", "two parts"],
)
def test_global_longitudes_are_one_circle_of_36_meridians(lon):
    grid = LatLonGrid(LAT, lon)
    assert grid.is_periodic
    assert len(grid.meridians) == 36
    np.testing.assert_allclose(grid.gaps, 10, atol=1e-4)
    # each column is at the meridian it claims
    difference = (lon[grid.columns] - grid.meridians + 180) % 360 - 180
    np.testing.assert_allclose(difference, 0, atol=1e-4)


@pytest.mark.parametrize("lat", [LAT, LAT[::-1], np.linspace(-85, 85, 18)])
@pytest.mark.parametrize("lon", [LON, np.append(LON, 360)])
def test_cells_of_a_global_grid_cover_the_sphere(lat, lon):
    grid = LatLonGrid(lat, lon)
    assert grid.cell_areas.shape == grid.shape
    assert grid.cell_areas.sum() == pytest.approx(4 * np.pi, rel=1e-12)


def test_cells_of_a_regional_grid_cover_their_region():
    grid = LatLonGrid(np.arange(0.5, 60), np.arange(-9.5, 10))
    band = np.sin(np.deg2rad(60)) * np.deg2rad(20)
    assert grid.cell_areas.sum() == pytest.approx(band, rel=1e-12)
    assert not grid.is_periodic
    assert grid.holes.sum() == 1


def test_radians_are_refused_unless_the_unit_is_given():
    lat, lon = np.deg2rad(LAT), np.deg2rad(LON)
    with pytest.raises(ValueError, match="the globe in radians; pass unit='radian'"):
        LatLonGrid(lat, lon)
    np.testing.assert_allclose(LatLonGrid(lat, lon, "radian").lat, LAT)
    assert LatLonGrid(lat, lon, "degree").lat.max() < 1.6


@pytest.mark.parametrize(
    ("lat", "lon", "message"),
    [
        (np.zeros((3, 4)), LON, "two-dimensional coordinates"),
        ([0.0], LON, "at least two coordinates"),
        ([0, np.nan, 10], LON, "lat must be finite, got nan at position 1"),
        (LAT, [0, np.inf], "lon must be finite, got inf at position 1"),
        (LAT * 1.1, LON, "from -90 to 90 degrees.*are they in degrees"),
        (LON[:19] - 170, LAT, "are lat and lon exchanged"),
        (LAT, [0, 10, 1e20], "go round the globe at most once"),
        (LAT, np.arange(0, 720, 10), "go round the globe at most once"),
        ([0, 10, 10], LON, "latitudes must be distinct, but 10 repeats"),
        (LAT, [0, 10, 10, 20], "longitudes must be distinct, but 10 repeats"),
    ],
)
def test_bad_coordinates_are_explained(lat, lon, message):
    with pytest.raises(ValueError, match=message):
        LatLonGrid(lat, lon)


def test_unknown_unit_is_refused():
    with pytest.raises(ValueError, match="unit must be 'degree' or 'radian'"):
        LatLonGrid(LAT, LON, "gon")


def test_float32_copy_of_a_grid_matches():
    lat, lon = np.linspace(-90, 90, 768), np.arange(1152) * 0.3125
    grid = LatLonGrid(lat, lon)
    assert grid.matches(LatLonGrid(lat.astype(np.float32), lon.astype(np.float32)))
    assert not grid.matches(LatLonGrid(lat[::-1], lon))
    assert not grid.matches(LatLonGrid(lat[1:], lon))

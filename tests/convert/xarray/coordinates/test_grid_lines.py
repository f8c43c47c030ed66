import numpy as np
import pytest

from deepsphere_pyg.convert.xarray.coordinates.grid_lines import grid_lines
from tests.helpers import latlon_cell_areas

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
    lines = grid_lines(LAT, lon)
    sampling, vertex = lines.rectilinear()
    assert sampling.is_periodic
    assert sampling.shape == (19, 36)
    np.testing.assert_allclose(np.diff(lines.lon), 10, atol=1e-4)
    # each column is at the meridian it claims
    difference = (sampling.lon[vertex[9]] - lon + 180) % 360 - 180
    np.testing.assert_allclose(difference, 0, atol=1e-4)


@pytest.mark.parametrize("lat", [LAT, LAT[::-1], np.linspace(-85, 85, 18)])
@pytest.mark.parametrize("lon", [LON, np.append(LON, 360)])
def test_cells_of_a_global_grid_cover_the_sphere(lat, lon):
    sampling, vertex = grid_lines(lat, lon).rectilinear()
    assert sampling.area == pytest.approx(4 * np.pi, rel=1e-12)
    areas = np.bincount(vertex.ravel(), latlon_cell_areas(lat, lon).ravel())
    np.testing.assert_allclose(sampling.weights, areas, rtol=1e-12)


def test_cells_of_a_regional_grid_cover_their_region():
    sampling = grid_lines(np.arange(0.5, 60), np.arange(-9.5, 10)).rectilinear()[0]
    band = np.sin(np.deg2rad(60)) * np.deg2rad(20)
    assert sampling.area == pytest.approx(band, rel=1e-12)
    assert not sampling.is_periodic
    np.testing.assert_allclose(sampling.lon_bounds[[0, -1]], [350, 370])


def test_radians_are_refused_unless_the_unit_is_given():
    lat, lon = np.deg2rad(LAT), np.deg2rad(LON)
    with pytest.raises(ValueError, match="the globe in radians; pass unit='radian'"):
        grid_lines(lat, lon)
    np.testing.assert_allclose(grid_lines(lat, lon, "radian").lat, LAT[::-1])
    assert grid_lines(lat, lon, "degree").lat.max() < 1.6


@pytest.mark.parametrize(
    ("lat", "lon", "message"),
    [
        ([0.0], LON, "at least two coordinates"),
        ([0, np.nan, 10], LON, "lat must be finite, got nan at position 1"),
        (LAT, [0, np.inf], "lon must be finite, got inf at position 1"),
        (LAT * 1.1, LON, "from -90 to 90 degrees.*are they in degrees"),
        (LON[:19] - 170, LAT, "are lat and lon exchanged"),
        (LAT, [0, 10, 1e20], "go around the globe at most once"),
        (LAT, np.arange(0, 720, 10), "go around the globe at most once"),
        ([0, 10, 10], LON, "latitudes must be distinct, but 10 repeats"),
        (LAT, [0, 10, 10, 20], "longitudes must be distinct, but 10 repeats"),
    ],
)
def test_bad_coordinates_are_explained(lat, lon, message):
    with pytest.raises(ValueError, match=message):
        grid_lines(lat, lon)


def test_unknown_unit_is_refused():
    with pytest.raises(ValueError, match="unit must be 'degree' or 'radian'"):
        grid_lines(LAT, LON, "gon")

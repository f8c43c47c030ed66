import healpy
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator
from scipy.special import roots_legendre, sph_harm_y

from deepsphere_pyg.convert import from_xarray
from deepsphere_pyg.datasets import Regridder
from samplings import Equiangular, HEALPix, Icosahedral, Irregular
from tests.round_off import assert_near

xr = pytest.importorskip("xarray")

SAMPLINGS = [HEALPix(8), Equiangular(12), Icosahedral(3)]


class Grid:
    """Rows and columns as a file has them."""

    def __init__(self, lat, lon):
        self.lat, self.lon = np.asarray(lat), np.asarray(lon)
        self.shape = (len(lat), len(lon))
        coordinates = {"lat": self.lat, "lon": self.lon}
        data = xr.DataArray(np.zeros(self.shape), coordinates, ("lat", "lon"))
        self.places = from_xarray(data)

    @property
    def is_periodic(self):
        return abs(self.places.sampling.area / (4 * np.pi) - 1) < 1e-9


def bilinear(grid, sampling):
    return Regridder(grid.places, sampling, "bilinear")


def gaussian_latitudes(n):
    return np.rad2deg(np.arcsin(roots_legendre(n)[0]))


GRIDS = {
    "poles": Grid(np.linspace(90, -90, 37), np.arange(0, 360, 5.0)),
    "centres": Grid(np.arange(-87.5, 90, 5), np.arange(-177.5, 180, 5)),
    "wrap": Grid(np.linspace(-90, 90, 37), np.linspace(-180, 180, 73)),
    "gaussian": Grid(gaussian_latitudes(36), np.arange(0, 360, 5.0)),
    "westward": Grid(np.linspace(-90, 90, 37), np.arange(355, -5, -5.0)),
    "no poles": Grid(np.linspace(85, -85, 35), np.arange(0, 360, 5.0)),
}


def on_grid(grid, function):
    lat, lon = np.meshgrid(np.deg2rad(grid.lat), np.deg2rad(grid.lon), indexing="ij")
    return function(np.pi / 2 - lat, lon)


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda s: s.name)
@pytest.mark.parametrize("name", GRIDS)
def test_constants_are_exact_and_weights_are_shares(name, sampling):
    regridder = bilinear(GRIDS[name], sampling)
    assert regridder.matrix.data.min() > 0
    assert_near(regridder.matrix.sum(axis=1), 1, 10)
    ones = np.full((2, *GRIDS[name].shape), 7.0)
    assert_near(regridder.fields(ones), 7.0, 10)


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda s: s.name)
@pytest.mark.parametrize("name", GRIDS)
def test_fields_linear_in_latitude_are_exact_between_the_rings(name, sampling):
    grid = GRIDS[name]
    field = np.repeat(grid.lat[:, None], grid.shape[1], axis=1)
    between = np.abs(sampling.lat) <= grid.lat.max()
    result = bilinear(grid, sampling).fields(field)
    np.testing.assert_allclose(result[between], sampling.lat[between], atol=1e-11)
    # beyond the last ring: its mean, here its latitude
    np.testing.assert_allclose(np.abs(result[~between]), grid.lat.max(), atol=1e-11)


@pytest.mark.parametrize("name", ["poles", "wrap", "westward"])
def test_fields_linear_in_longitude_are_exact_away_from_the_seam(name):
    grid, sampling = GRIDS[name], HEALPix(8)
    field = np.repeat(grid.lon[None, :], grid.shape[0], axis=0)
    lon = sampling.lon if grid.lon.min() == 0 else (sampling.lon + 180) % 360 - 180
    away = (lon > grid.lon.min() + 5) & (lon < grid.lon.max() - 5)
    result = bilinear(grid, sampling).fields(field)
    np.testing.assert_allclose(result[away], lon[away], atol=1e-11)


@pytest.mark.oracle
@given(seed=st.integers(0, 2**32 - 1), descending=st.booleans(), west=st.booleans())
@example(seed=0, descending=True, west=True)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_interior_agrees_with_scipy(seed, descending, west):
    rng = np.random.default_rng(seed)
    lat = np.sort(rng.choice(np.arange(-89, 90), 30, replace=False)).astype(float)
    lon = np.sort(rng.choice(np.arange(0, 360), 40, replace=False)).astype(float)
    values = rng.standard_normal((30, 40))
    oracle = RegularGridInterpolator((lat, lon), values)
    points = Irregular.from_lonlat(
        rng.uniform(lon[0], lon[-1], 50),
        rng.uniform(lat[0], lat[-1], 50),
        np.full(50, 0.01),
    )
    expected = oracle(np.stack([points.lat, points.lon], axis=1))
    rows = slice(None, None, -1 if descending else 1)
    shown = np.where(lon > 180, lon - 360, lon) if west else lon
    grid = Grid(lat[rows], shown)
    result = bilinear(grid, points).fields(values[rows])
    # a random gap may be the one where a regional grid ends
    filled = np.isfinite(result)
    assert filled.all() or not grid.is_periodic
    assert len(np.unique(np.searchsorted(lon, points.lon[~filled]))) <= 1
    np.testing.assert_allclose(result[filled], expected[filled], atol=1e-9)


@pytest.mark.parametrize("kind", ["poles", "centres", "gaussian"])
def test_spherical_harmonics_converge_at_second_order(kind):
    def grid(n):
        if kind == "poles":
            return Grid(np.linspace(-90, 90, n + 1), np.arange(2 * n) * 180 / n)
        lat = (np.arange(n) + 0.5) * 180 / n - 90
        return Grid(
            gaussian_latitudes(n) if kind == "gaussian" else lat,
            np.arange(2 * n) * 180 / n,
        )

    sampling = HEALPix(16)
    for degree, order in ((1, 0), (2, 1), (4, 3)):

        def harmonic(theta, phi, degree=degree, order=order):
            return sph_harm_y(degree, order, theta, phi).real

        exact = harmonic(sampling.theta, sampling.phi)
        errors = []
        for n in (20, 40, 80):
            values = on_grid(grid(n), harmonic)
            result = bilinear(grid(n), sampling).fields(values)
            errors.append(np.abs(result - exact).max())
        # halving the spacing quarters the error; 3.4 leaves room for where points lie
        assert errors[0] / errors[1] > 3.4, (degree, errors)
        assert errors[1] / errors[2] > 3.4, (degree, errors)


@pytest.mark.parametrize("shift", [7.5, -12.0])
def test_turning_grid_and_sampling_alike_changes_nothing(shift):
    rng = np.random.default_rng(0)
    values = rng.standard_normal(GRIDS["centres"].shape)
    lon, lat = rng.uniform(0, 360, 200), rng.uniform(-90, 90, 200)
    here = Irregular.from_lonlat(lon, lat, np.full(200, 0.01))
    there = Irregular.from_lonlat((lon + shift) % 360, lat, np.full(200, 0.01))
    turned = Grid(GRIDS["centres"].lat, GRIDS["centres"].lon + shift)
    np.testing.assert_allclose(
        bilinear(turned, there).fields(values),
        bilinear(GRIDS["centres"], here).fields(values),
        atol=1e-10,
    )


def test_pole_is_the_mean_of_the_last_ring():
    poles = Irregular.from_lonlat([0, 0], [90, -90], [1, 1])
    values = np.random.default_rng(0).standard_normal(GRIDS["centres"].shape)
    result = bilinear(GRIDS["centres"], poles).fields(values)
    np.testing.assert_allclose(result, [values[-1].mean(), values[0].mean()])


def test_vertices_outside_a_regional_grid_are_missing():
    grid = Grid(np.arange(20, 61, 2.0), np.arange(-20, 41, 2.0))
    sampling = HEALPix(16)
    lon = (sampling.lon + 180) % 360 - 180
    inside = (sampling.lat >= 20) & (sampling.lat <= 60) & (lon >= -20) & (lon <= 40)
    regridder = bilinear(grid, sampling)
    assert 0 < inside.sum() < len(sampling) / 10
    np.testing.assert_array_equal(
        np.isfinite(regridder.fields(np.ones(grid.shape))), inside
    )
    np.testing.assert_array_equal(regridder.labels(np.ones(grid.shape))[1], inside)


def test_missing_cells_are_left_out_or_make_vertices_missing():
    grid = Grid([-10.0, 0.0, 10.0], np.arange(0, 360, 10.0))
    points = Irregular.from_lonlat([2.0, 8.0, 5.0, 25.0], [0.0] * 4, [1.0] * 4)
    values = np.tile(np.arange(36.0), (3, 1))
    values[:, 0] = np.nan
    # shares of the missing meridian: .8, .2, .5, 0
    result = bilinear(grid, points).fields(values)
    np.testing.assert_allclose(result, [np.nan, 1.0, 1.0, 2.5], atol=1e-12)
    filled = np.where(np.isnan(values), -999.0, values)
    np.testing.assert_array_equal(bilinear(grid, points).fields(filled, -999), result)


def test_missing_cells_of_one_map_leave_the_others_alone():
    values = np.ones((2, *GRIDS["poles"].shape))
    values[1, :10] = np.inf
    result = bilinear(GRIDS["poles"], HEALPix(8)).fields(values)
    assert np.isfinite(result[0]).all()
    assert 0.05 < np.isnan(result[1]).mean() < 0.3


@pytest.mark.parametrize("name", GRIDS)
def test_labels_are_those_of_the_nearest_row_and_column(name):
    grid, sampling = GRIDS[name], HEALPix(8)
    codes = np.arange(grid.lat.size * grid.lon.size).reshape(grid.shape)
    labels, inside = bilinear(grid, sampling).labels(codes)
    assert inside.all()
    row, column = np.divmod(labels, grid.shape[1])
    steps = np.abs(sampling.lat[:, None] - grid.lat)
    np.testing.assert_allclose(
        np.abs(sampling.lat - grid.lat[row]), steps.min(axis=1), atol=1e-9
    )
    away = np.abs((sampling.lon - grid.lon[column] + 180) % 360 - 180)
    assert away.max() <= 2.5 + 1e-9


@pytest.mark.oracle
def test_agrees_with_healpy_map_on_smooth_fields():
    # nearest cell of an equiangular grid against healpy's pixel of the cell centre
    sampling = HEALPix(8, nest=False)
    grid = Grid(np.arange(-89.5, 90), np.arange(0.5, 360))
    lon, lat = np.meshgrid(grid.lon, grid.lat)
    pixel = healpy.ang2pix(8, lon, lat, lonlat=True)
    labels, _ = bilinear(grid, sampling).labels(pixel)
    np.testing.assert_array_equal(labels, np.arange(len(sampling)))


def test_maps_of_another_shape_are_refused():
    regridder = bilinear(GRIDS["poles"], HEALPix(2))
    with pytest.raises(ValueError, match=r"lat, lon\) = \(..., 37, 72\), got"):
        regridder.fields(np.zeros((72, 37)))
    with pytest.raises(ValueError, match="move the dimensions of places to the end"):
        regridder.labels(np.zeros((37, 72, 3)))


def test_what_masked_arrays_hide_is_missing():
    grid = GRIDS["centres"]
    rng = np.random.default_rng(0)
    known = rng.random(grid.shape) > 0.3
    values = rng.normal(size=grid.shape)
    regridder = bilinear(grid, HEALPix(4))
    masked = np.ma.array(np.where(known, values, 1e36), mask=~known)
    np.testing.assert_array_equal(
        regridder.fields(masked), regridder.fields(np.where(known, values, np.nan))
    )
    codes = np.ma.array(np.where(known, 3, -9), mask=~known)
    labels, inside = regridder.labels(codes)
    np.testing.assert_array_equal(inside, regridder.labels(known)[0])
    assert set(labels[inside]) == {3}
    assert labels.dtype == codes.dtype


def test_points_without_a_sampling_are_refused():
    with pytest.raises(TypeError, match=r"must be a sampling, .* got ndarray; make"):
        bilinear(GRIDS["poles"], HEALPix(1).xyz)


@pytest.mark.parametrize("method", ["auto", "conservative", "bilinear", "linear"])
@pytest.mark.parametrize("sampling", [*SAMPLINGS, Irregular(Icosahedral(2).xyz)])
def test_a_sampling_is_carried_to_itself_to_the_last_bit(sampling, method):
    signal = np.random.default_rng(0).normal(size=(2, len(sampling)))
    signal[1, 3] = np.nan
    regridder = Regridder(sampling, sampling, method)
    np.testing.assert_array_equal(regridder.fields(signal), signal)
    codes = (signal[0] * 10).astype(int)
    np.testing.assert_array_equal(regridder.labels(codes)[0], codes)

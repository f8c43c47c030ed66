"""Grids of latitudes and longitudes are recognised for what they are."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.convert import from_xarray
from samplings import (
    Equiangular,
    GaussLegendre,
    Irregular,
    Masked,
    McEwenWiaux,
    Rectilinear,
    ReducedGaussian,
    same_sampling,
)
from tests.helpers import latlon_cell_areas

xr = pytest.importorskip("xarray")


def on(lat, lon, dtype=np.float64, dims=("lat", "lon")):
    """Distinct values on a grid of latitudes and longitudes."""
    values = np.random.default_rng(0).standard_normal((len(lat), len(lon)))
    coordinates = {
        dims[0]: (dims[0], np.asarray(lat, dtype), {"units": "degrees_north"}),
        dims[1]: (dims[1], np.asarray(lon, dtype), {"units": "degrees_east"}),
    }
    return xr.DataArray(values, dims=dims, coords=coordinates, name="v")


def grid_of(sampling):
    """Latitudes and longitudes of a regular sampling, north to south."""
    lat = 90 - np.rad2deg(sampling.ring_theta)
    lon = (np.arange(sampling.n_phi) + sampling.ring_shift[0] / 2) * 360
    return lat, lon / sampling.n_phi


REGULAR = {
    "cell centres": Equiangular(18, 36),
    "uneven centres": Equiangular(19, 24),
    "poles": Equiangular(19, 36, "clenshaw-curtis"),
    "north pole": Equiangular(18, 36, "driscoll-healy"),
    "gaussian": GaussLegendre(32, 64),
    "odd gaussian": GaussLegendre(15, 31),
    "mcewen-wiaux": McEwenWiaux(12),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("way", ["as it is", "north", "west", "-180", "wrap", "all"])
@pytest.mark.parametrize("name", REGULAR)
def test_schemes_are_recognised_in_any_order(name, way, dtype):
    sampling = REGULAR[name]
    lat, lon = grid_of(sampling)
    if way in ("north", "all"):
        lat = lat[::-1]
    if way in ("-180", "all"):
        lon = np.sort((lon + 180) % 360 - 180)
    if way in ("wrap", "all"):
        lon = np.append(lon, lon[0] + 360)
    if way in ("west", "all"):
        lon = lon[::-1]
    data = on(lat, lon, dtype)
    places = from_xarray(data)
    assert same_sampling(places.sampling, sampling)
    assert type(places.sampling) is type(sampling)
    vertex = places.vertex
    np.testing.assert_allclose(
        places.sampling.lat[vertex],
        np.broadcast_to(lat[:, None], vertex.shape),
        atol=1e-5,
    )
    turn = (places.sampling.lon[vertex] - lon + 180) % 360 - 180
    np.testing.assert_allclose(turn[np.abs(lat) < 90 - 1e-9], 0, atol=1e-4)


@pytest.mark.parametrize("decimals", [2, 3, 4])
def test_gaussian_rows_are_recognised_to_the_decimals_of_the_file(decimals):
    lat, lon = grid_of(GaussLegendre(48, 96))
    places = from_xarray(on(lat.round(decimals), lon))
    assert same_sampling(places.sampling, GaussLegendre(48, 96))
    off = lat + np.random.default_rng(0).uniform(-0.02, 0.02, 48)
    assert isinstance(from_xarray(on(off, lon)).sampling, Rectilinear)


def test_equal_steps_that_are_not_those_of_a_scheme_are_not_bent_to_one():
    # 0.7 degrees divide no half circle; 180 / 257 is near enough to be mistaken.
    lat, lon = 0.35 + 0.7 * np.arange(10), np.arange(0, 360, 4.0)
    sampling = from_xarray(on(lat, lon)).sampling
    assert isinstance(sampling, Rectilinear)
    np.testing.assert_array_equal(sampling.row_lat, lat[::-1])


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (np.arange(-87.5, 90, 5), np.arange(0, 360, 5.0)),
        (np.linspace(90, -90, 37), np.arange(2.5, 360, 5)),
        (np.linspace(-90, 90, 37), np.arange(0, 360, 5.0) + 1),
        ([-60, -20, 0, 10, 70], [0, 10, 50, 100, 180, 210, 300]),
    ],
    ids=["centres from 0", "poles and half steps", "turned", "uneven"],
)
def test_other_grids_of_the_globe_are_rectilinear(lat, lon):
    data = on(lat, lon)
    places = from_xarray(data)
    assert isinstance(places.sampling, Rectilinear)
    reference = latlon_cell_areas(lat, lon)
    areas = np.bincount(places.vertex.ravel(), reference.ravel())
    np.testing.assert_allclose(places.sampling.weights, areas, rtol=1e-12)


@pytest.mark.parametrize(
    ("whole", "rows", "columns"),
    [
        (Equiangular(36, 72), slice(3, 20), slice(5, 30)),
        (Equiangular(36, 72), slice(0, 36), slice(70, 80)),
        (Equiangular(36, 72), slice(10, 12), slice(0, 72)),
        (Equiangular(37, 72, "clenshaw-curtis"), slice(1, 9), slice(60, 90)),
        (Equiangular(37, 72, "clenshaw-curtis"), slice(2, 35), slice(0, 72)),
        (GaussLegendre(32, 64), slice(4, 20), slice(3, 9)),
    ],
)
def test_regions_are_parts_of_whole_grids(whole, rows, columns):
    lat, lon = grid_of(whole)
    lon = np.arange(columns.start, columns.stop) * (lon[1] - lon[0]) + lon[0]
    data = on(lat[rows], (lon + 180) % 360 - 180)
    places = from_xarray(data)
    assert isinstance(places.sampling, Masked)
    assert same_sampling(places.sampling.parent, whole)
    assert len(places.sampling) == data.size
    np.testing.assert_allclose(
        places.sampling.lat[places.vertex], np.repeat(lat[rows, None], data.shape[1], 1)
    )
    reference = latlon_cell_areas(data.lat.values, data.lon.values)
    if not isinstance(whole, GaussLegendre):
        np.testing.assert_allclose(
            places.sampling.weights[places.vertex], reference, rtol=1e-10
        )


def test_a_region_at_the_pole_has_its_share_of_the_cap():
    whole = Equiangular(37, 72, "clenshaw-curtis")
    lat, lon = grid_of(whole)
    places = from_xarray(on(lat[:5], lon[:18]))
    assert len(places.sampling) == 4 * 18 + 1
    assert places.sampling.weights[0] == pytest.approx(whole.weights[0] / 4)
    assert places.sampling.area == pytest.approx(
        latlon_cell_areas(lat[:5], lon[:18]).sum(), rel=1e-12
    )


def test_small_regions_of_huge_grids_do_not_build_the_globe():
    data = on(46 + 0.005 + 0.01 * np.arange(20), 7 + 0.005 + 0.01 * np.arange(30))
    sampling = from_xarray(data).sampling
    assert isinstance(sampling, Rectilinear)
    assert len(sampling) == 600
    area = np.deg2rad(0.3) * (np.sin(np.deg2rad(46.2)) - np.sin(np.deg2rad(46)))
    assert sampling.area == pytest.approx(area, rel=1e-9)


def test_rows_that_are_a_pole_but_for_rounding_are_one_vertex():
    lat = np.rad2deg(np.array([1.5707962, 1.0, -0.2, -1.5707962], dtype=np.float32))
    sampling = from_xarray(on(lat, np.arange(0, 360, 40.0))).sampling
    assert len(sampling) == 2 + 2 * 9


def test_radians_are_told_by_units():
    lat, lon = grid_of(Equiangular(18, 36))
    data = on(np.deg2rad(lat), np.deg2rad(lon))
    with pytest.raises(ValueError, match="globe in radians; pass unit='radian'"):
        from_xarray(data.assign_coords(lat=np.deg2rad(lat), lon=np.deg2rad(lon)))
    for coordinate in (data.lat, data.lon):
        coordinate.attrs.update(units="radians", standard_name=None)
    assert same_sampling(from_xarray(data).sampling, Equiangular(18, 36))
    bare = data.assign_coords(lat=np.deg2rad(lat), lon=np.deg2rad(lon))
    assert same_sampling(from_xarray(bare, unit="radian").sampling, Equiangular(18, 36))
    data.lat.attrs["units"] = "degrees_north"
    with pytest.raises(
        ValueError, match=r"lat and lon are in different units, deg.*ra"
    ):
        from_xarray(data)


@pytest.mark.parametrize("turned", [False, True])
def test_two_dimensional_coordinates_of_rows_and_columns_are_that_grid(turned):
    lat, lon = grid_of(GaussLegendre(16))
    north, east = np.meshgrid(lat[::-1], lon, indexing="ij")
    dims = ("j", "i")
    if turned:
        north, east, dims = north.T, east.T, ("i", "j")
    data = xr.DataArray(
        north + east / 1000,
        dims=dims,
        coords={"lat": (dims, north), "lon": (dims, east)},
    )
    places = from_xarray(data)
    assert same_sampling(places.sampling, GaussLegendre(16))
    values, _ = places.signal(data)
    np.testing.assert_allclose(
        values[:, 0], places.sampling.lat + places.sampling.lon / 1000
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize(
    "sampling",
    [ReducedGaussian.octahedral(16), ReducedGaussian([4, 8, 12, 12, 7, 5])],
    ids=["octahedral", "uneven"],
)
def test_lists_of_rings_are_reduced_gaussian_grids(sampling, shuffled, dtype):
    order = np.arange(len(sampling))
    if shuffled:
        order = np.random.default_rng(0).permutation(order)
    data = xr.DataArray(
        np.arange(len(sampling))[order],
        dims="values",
        coords={
            "latitude": ("values", sampling.lat[order].astype(dtype)),
            "longitude": ("values", sampling.lon[order].astype(dtype)),
        },
    )
    places = from_xarray(data)
    assert isinstance(places.sampling, ReducedGaussian)
    assert same_sampling(places.sampling, sampling)
    np.testing.assert_array_equal(
        places.signal(data)[0][:, 0], np.arange(len(sampling))
    )


def test_lists_of_a_whole_gaussian_grid_are_one():
    whole = GaussLegendre(12, 20)
    data = xr.Dataset(
        {"v": ("cell", np.arange(240.0))},
        {"lat": ("cell", whole.lat), "lon": ("cell", whole.lon)},
    )
    assert same_sampling(from_xarray(data).sampling, whole)
    part = from_xarray(data.isel(cell=slice(1, None))).sampling
    assert isinstance(part, Irregular)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    n_lat=st.integers(2, 12),
    n_lon=st.integers(3, 12),
    wrap=st.booleans(),
    poles=st.booleans(),
)
def test_any_grid_goes_round_bit_for_bit(seed, n_lat, n_lon, wrap, poles):
    rng = np.random.default_rng(seed)
    lat = np.linspace(-80, 80, n_lat) + rng.uniform(-3, 3, n_lat)
    lon = np.arange(n_lon) * 360 / n_lon + rng.uniform(-9, 9, n_lon) / n_lon
    if poles:
        lat[0], lat[-1] = -90, 90
    if wrap:
        lon = np.append(lon, lon[0] + 360)
    lat = lat[:: rng.choice([-1, 1])]
    data = on(lat, np.roll(lon, rng.integers(n_lon)) if not wrap else lon)
    if wrap:
        data[:, -1] = data[:, 0]
    if poles:
        data[0], data[-1] = data[0, 0], data[-1, 0]
    data = data.where(rng.random(data.shape) < 0.8) if not (wrap or poles) else data
    places = from_xarray(data)
    values, mask = places.signal(data)
    np.testing.assert_array_equal(mask, ~np.isnan(values))
    assert places.to_xarray(values, like=data).identical(data)
    # and the values are where the vertices are
    north = data.lat.broadcast_like(data)
    np.testing.assert_allclose(
        places.signal(north)[0][:, 0], places.sampling.lat, atol=1e-4
    )


def test_era_interim_is_a_clenshaw_curtis_grid(shared_data):
    with xr.open_dataset(shared_data / "eraint" / "basin_mask.nc") as basins:
        places = from_xarray(basins)
        assert same_sampling(places.sampling, Equiangular(180, 360))
        values, mask = places.signal(basins, ["basin"])
        assert values.shape == (33, 64800, 1) and values.dtype == np.float32
        assert places.to_xarray(values, like=basins).identical(basins.load())
        # as much ocean as the cells of the file say
        area = latlon_cell_areas(basins.Y.values, basins.X.values)
        sea = np.isfinite(basins.basin[0].values)
        assert places.sampling.weights[mask[0, :, 0]].sum() == pytest.approx(
            area[sea].sum(), rel=1e-12
        )


def open_quietly(path):
    """Open a file whose unused encodings xarray warns about."""
    with pytest.warns(xr.SerializationWarning):
        return xr.open_dataset(path)


def test_era_interim_with_poles(shared_data):
    data = open_quietly(shared_data / "eraint" / "eraint_uvz.nc")
    places = from_xarray(data)
    assert same_sampling(places.sampling, Equiangular(241, 480, "clenshaw-curtis"))
    z = data.z.load()
    values, mask = places.signal(z, channel="level")
    assert values.shape == (2, 241 * 480 - 2 * 479, 3) and mask.all()
    back = places.to_xarray(values, like=z, channel="level")
    assert back.isel(latitude=slice(1, -1)).identical(z.isel(latitude=slice(1, -1)))
    pole = z.isel(latitude=0).mean("longitude").values
    np.testing.assert_allclose(back.isel(latitude=0, longitude=7).values, pole)
    areas = latlon_cell_areas(data.latitude.values, data.longitude.values)
    np.testing.assert_allclose(
        np.einsum("mvl,v->ml", values, places.sampling.weights),
        np.einsum("mlij,ij->ml", z.values, areas),
        rtol=1e-12,
    )
    data.close()


@pytest.mark.parametrize("name", ["uwnd", "vwnd"])
def test_winds_with_bounds(shared_data, name):
    with xr.open_dataset(shared_data / "wind200" / f"{name}_mean.nc") as data:
        places = from_xarray(data)
        assert same_sampling(places.sampling, Equiangular(73, 144, "clenshaw-curtis"))
        values, _ = places.signal(data)
        back = places.to_xarray(values, like=data)
        assert set(back.variables) == set(data.variables)
        inner = {"latitude": slice(1, -1)}
        assert back.isel(inner).identical(data.isel(inner).load())


def test_topography_wraps_round(shared_data):
    def column(name):
        path = shared_data / "topography" / f"etopo20{name}.gz"
        return np.loadtxt(gzip.open(path))

    data = on(column("lats"), column("lons"))
    data.values = column("data")
    places = from_xarray(data)
    assert same_sampling(places.sampling, Equiangular(540, 1080))
    values, _ = places.signal(data)
    np.testing.assert_array_equal(data[:, 0], data[:, -1])
    assert places.to_xarray(values, like=data).identical(data)
    areas = latlon_cell_areas(data.lat.values, data.lon.values)
    # The file's steps are off by 4e-8 degrees each.
    assert values[:, 0] @ places.sampling.weights == pytest.approx(
        (areas * data.values).sum(), rel=1e-6
    )

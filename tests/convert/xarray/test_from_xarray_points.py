"""Curvilinear and unstructured grids."""

import healpy
import numpy as np
import pytest

from deepsphere_pyg.convert import UnusableAreasWarning, from_xarray
from samplings import Equiangular, HEALPix, Icosahedral, Irregular, same_sampling
from samplings.tessellation.voronoi import point_areas
from tests.round_off import assert_near

xr = pytest.importorskip("xarray")


def rotated(n_row=41, n_column=61, half=(10.0, 15.0)):
    """A regional grid about the equator of a pole tilted by 50 degrees."""
    lat = np.linspace(-half[0], half[0], n_row)
    lon = np.linspace(-half[1], half[1], n_column)
    north, east = np.deg2rad(np.meshgrid(lat, lon, indexing="ij"))
    xyz = [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)]
    c, s = np.cos(np.deg2rad(50)), np.sin(np.deg2rad(50))
    x, y, z = c * xyz[0] - s * xyz[2], xyz[1], s * xyz[0] + c * xyz[2]
    data = xr.Dataset(
        {"t": (("rlat", "rlon"), x + 2 * y)},
        coords={
            "rlat": ("rlat", lat, {"standard_name": "grid_latitude", "axis": "Y"}),
            "rlon": ("rlon", lon, {"standard_name": "grid_longitude", "axis": "X"}),
            "lat": (
                ("rlat", "rlon"),
                np.rad2deg(np.arcsin(z)),
                {"standard_name": "latitude", "units": "degrees_north"},
            ),
            "lon": (
                ("rlat", "rlon"),
                np.rad2deg(np.arctan2(y, x)),
                {"standard_name": "longitude", "units": "degrees_east"},
            ),
        },
    )
    areas = np.deg2rad(lon[1] - lon[0]) * 2 * np.cos(np.deg2rad(lat))
    areas *= np.sin(np.deg2rad(lat[1] - lat[0]) / 2)
    return data, np.repeat(areas[:, None], n_column, 1)


def test_curvilinear_regions_have_the_areas_of_their_cells():
    data, exact = rotated()
    places = from_xarray(data)
    assert isinstance(places.sampling, Irregular)
    assert places.dims == ("rlat", "rlon")
    np.testing.assert_array_equal(places.vertex.ravel(), np.arange(data.t.size))
    # second order in the spacing of half a degree, at the edges too
    np.testing.assert_allclose(
        places.sampling.weights[places.vertex], exact, rtol=2.5e-4
    )
    assert places.sampling.area == pytest.approx(exact.sum(), rel=1e-4)
    values, _ = places.signal(data)
    xyz = places.sampling.xyz
    np.testing.assert_allclose(values[:, 0], xyz[:, 0] + 2 * xyz[:, 1], atol=0.8)
    assert places.to_xarray(values, like=data).identical(data)


def test_areas_of_curvilinear_cells_converge_to_second_order():
    errors = []
    for n in (11, 21, 41):
        data, exact = rotated(n, n)
        weights = from_xarray(data).sampling.weights
        errors.append(np.abs(weights / exact.ravel() - 1).max())
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


def test_cells_without_coordinates_are_left_out_and_come_back_missing():
    data, exact = rotated()
    land = np.zeros(data.t.shape, dtype=bool)
    land[10:20, 30:] = land[0, 0] = land[30:35, 5:9] = True
    whole = data.t.copy()
    data = data.assign_coords(lat=data.lat.where(~land), lon=data.lon.where(~land))
    places = from_xarray(data)
    assert len(places.sampling) == (~land).sum()
    np.testing.assert_array_equal(places.mask, ~land)
    # next to the holes cells are continued: a few per cent at most
    np.testing.assert_allclose(places.sampling.weights, exact[~land], rtol=2e-3)
    values, mask = places.signal(data)
    assert mask.all()
    back = places.to_xarray(values, like=data)
    np.testing.assert_array_equal(back.t.values, whole.where(~land).values)
    codes = places.to_xarray(np.arange(len(places.sampling)), name="number")
    assert codes.dtype == np.float64
    np.testing.assert_array_equal(np.isnan(codes), land)
    assert codes.coords.to_dataset().identical(places.coordinates)


def test_overlapping_columns_are_merged_and_refilled():
    # Ocean models repeat columns where the grid goes round.
    lat, lon = np.meshgrid(
        np.linspace(-70, 80, 16), np.arange(0, 380, 10), indexing="ij"
    )
    lat = lat + 4 * np.sin(np.deg2rad(lon))
    data = xr.Dataset(
        {"sst": (("y", "x"), np.cos(np.deg2rad(lon)) + lat)},
        {
            "nav_lat": (("y", "x"), lat),
            "nav_lon": (("y", "x"), (lon + 180) % 360 - 180),
        },
    )
    places = from_xarray(data)
    assert len(places.sampling) == 16 * 36
    np.testing.assert_array_equal(places.vertex[:, 36:], places.vertex[:, :2])
    values, _ = places.signal(data)
    np.testing.assert_allclose(places.to_xarray(values, like=data).sst, data.sst)
    band = 2 * np.pi * (np.sin(np.deg2rad(85)) + np.sin(np.deg2rad(75)))
    assert places.sampling.area == pytest.approx(band, rel=0.01)
    with pytest.raises(
        ValueError, match=r"at positions 0, 0 and 0, 36 coincide \(32 r"
    ):
        from_xarray(data, duplicates="refuse")


def test_columns_that_overlap_in_float32_are_merged_too():
    lat, lon = np.meshgrid(
        np.linspace(-70, 80, 9), np.arange(0.1, 370, 10), indexing="ij"
    )
    lat = (lat + 4 * np.sin(np.deg2rad(lon))).astype(np.float32)
    data = xr.Dataset(
        {"sst": (("y", "x"), lat)},
        {"lat": (("y", "x"), lat), "lon": (("y", "x"), lon.astype(np.float32))},
    )
    assert len(from_xarray(data).sampling) == 9 * 36


def icon(sampling, kind=np.float64):
    """A file of ICON: cells, and vertices that are not asked for."""
    attributes = {"standard_name": "latitude", "units": "radian"}
    east = {"standard_name": "longitude", "units": "radian"}
    n = len(sampling)
    lat, lon = np.deg2rad(sampling.lat), np.deg2rad(sampling.lon)
    return xr.Dataset(
        {"ta": (("time", "height", "ncells"), np.arange(6.0 * n).reshape(2, 3, n))},
        coords={
            "clat": ("ncells", lat.astype(kind), {**attributes, "bounds": "clat_vert"}),
            "clon": ("ncells", lon.astype(kind), {**east, "bounds": "clon_vert"}),
            "vlat": ("vertices", lat[:9], attributes),
            "vlon": ("vertices", lon[:9], east),
            "time": [0, 1],
        },
    )


def test_icon_is_unstructured_in_radians():
    sampling = Icosahedral(3)
    data = icon(sampling)
    places = from_xarray(data)
    assert places.dims == ("ncells",)
    assert_near(places.sampling.xyz, sampling.xyz, 3)
    np.testing.assert_allclose(
        places.sampling.weights, point_areas(sampling.xyz), rtol=1e-9
    )
    values, _ = places.signal(data)
    assert values.shape == (2, 3, len(sampling), 1)
    assert places.to_xarray(values, like=data).identical(data)
    by_level, _ = places.signal(data.ta, channel="height")
    assert by_level.shape == (2, len(sampling), 3)
    assert places.to_xarray(by_level, like=data.ta, channel="height").identical(data.ta)


def test_bounds_of_cells_give_their_exact_areas():
    pixels = HEALPix(4)
    corners = np.moveaxis(healpy.boundaries(4, np.arange(192), step=1, nest=True), 1, 2)
    lat = np.arcsin(corners[..., 2])
    lon = np.arctan2(corners[..., 1], corners[..., 0])
    data = icon(pixels).drop_vars(["vlat", "vlon"])
    data["clat_vert"] = (("ncells", "nv"), lat)
    data["clon_vert"] = (("ncells", "nv"), lon)
    weights = from_xarray(data).sampling.weights
    # Four great circles for the edges of a pixel, which are none.
    np.testing.assert_allclose(weights, pixels.weights, rtol=0.1)
    assert weights.sum() == pytest.approx(4 * np.pi, rel=1e-12)


def test_cell_measures_give_areas():
    sampling = Icosahedral(2)
    data = icon(sampling)
    radius = 6_371_229.0
    data["cell_area"] = ("ncells", sampling.weights * radius**2, {"units": "m2"})
    data.ta.attrs["cell_measures"] = "area: cell_area"
    found = from_xarray(data, "ta").sampling
    np.testing.assert_allclose(found.weights, sampling.weights, rtol=1e-12)
    for areas in ("cell_area", data.cell_area, sampling.weights):
        given = from_xarray(data, "ta", areas=areas).sampling
        np.testing.assert_allclose(given.weights, sampling.weights, rtol=1e-12)
    # masked areas, as over land in ocean models, are of no use
    data["cell_area"] = data.cell_area.where(data.ncells > 3)
    with pytest.warns(
        UnusableAreasWarning, match=r"got nan at .*estimates are used instead"
    ):
        estimated = from_xarray(data, "ta").sampling
    np.testing.assert_allclose(estimated.weights, point_areas(sampling.xyz))
    with pytest.raises(
        ValueError, match=r"areas must be positive .* got nan at posi.* 0"
    ):
        from_xarray(data, "ta", areas="cell_area")


def test_unstructured_regions_do_not_reach_round_the_globe():
    rng = np.random.default_rng(0)
    lat, lon = rng.uniform(40, 60, 2000), rng.uniform(-20, 20, 2000)
    data = xr.Dataset(
        {"v": ("station", lat)}, {"lat": ("station", lat), "lon": ("station", lon)}
    )
    sampling = from_xarray(data).sampling
    region = np.deg2rad(40) * (np.sin(np.deg2rad(60)) - np.sin(np.deg2rad(40)))
    assert sampling.area == pytest.approx(region, rel=0.05)
    # great circles as borders: a little beyond the northern parallel
    assert sampling.weights.max() < 0.01 * region


def test_stations_at_one_place_are_refused_or_merged():
    lat = np.append(Icosahedral(1).lat, [10.0, 10.0, 10.0])
    lon = np.append(Icosahedral(1).lon, [20.0, 20.0, 380.0])
    data = xr.Dataset(
        {"v": ("station", np.arange(45.0))},
        {"lat": ("station", lat), "lon": ("station", lon)},
    )
    with pytest.raises(ValueError, match=r"positions 42 and 43 coincide \(2 repeat"):
        from_xarray(data)
    places = from_xarray(data, duplicates="merge")
    assert len(places.sampling) == 43
    values, _ = places.signal(data)
    assert values[42, 0] == 43
    data["v"][43] = np.nan
    values, mask = places.signal(data)
    assert values[42, 0] == 43 and mask.all()
    assert places.to_xarray(values, like=data).v[43] == 43
    with pytest.raises(ValueError, match="duplicates must be 'merge' or 'refuse'"):
        from_xarray(data, duplicates="drop")


def test_real_stations(shared_data):
    with np.load(shared_data / "ghcn" / "ghcn_stations_2010-2014.npz") as file:
        lat, lon = file["lat"][::10], file["lon"][::10]
    data = xr.Dataset(
        {"v": ("station", lat)}, {"lat": ("station", lat), "lon": ("station", lon)}
    )
    places = from_xarray(data, duplicates="merge")
    assert places.sampling.area == pytest.approx(4 * np.pi, rel=1e-12)
    values, _ = places.signal(data)
    np.testing.assert_allclose(values[:, 0], places.sampling.lat, atol=2e-5)


def test_transposed_variables_come_back_in_their_order():
    data, _ = rotated(5, 7)
    turned = xr.concat([data, 2 * data], "time").t.transpose("rlon", "time", "rlat")
    places = from_xarray(turned)
    values, _ = places.signal(turned)
    assert values.shape == (2, 35, 1)
    back = places.to_xarray(values, like=turned)
    assert back.dims == ("rlon", "time", "rlat")
    assert back.identical(turned)


def test_curvilinear_and_rectilinear_coordinates_mix():
    # latitude along rows, longitude of every cell: a swath
    lon = np.arange(0, 40, 2.0) + np.arange(12)[:, None] / 3
    data = xr.Dataset(
        {"v": (("y", "x"), lon)},
        {"lat": ("y", np.arange(12.0)), "lon": (("y", "x"), lon)},
    )
    places = from_xarray(data)
    assert places.dims == ("y", "x") and len(places.sampling) == 240
    values, _ = places.signal(data)
    np.testing.assert_allclose(values[:, 0], places.sampling.lon, atol=1e-12)


def test_a_grid_needs_no_variable():
    whole = Equiangular(6, 12)
    lat, lon = whole.lat[::12], whole.lon[:12]
    data = xr.Dataset(coords={"lat": lat, "lon": lon})
    assert same_sampling(from_xarray(data).sampling, whole)

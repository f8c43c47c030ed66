"""Winds of files as tangent vectors, at poles and on grids with axes of their own."""

import numpy as np
import pytest
import xarray as xr

from deepsphere_pyg.convert import earth_relative_winds, from_xarray, wind_signal
from samplings import HEALPix, tangent_frames
from tests.round_off import assert_near

SPIN = np.array([0.6, -0.5, 0.3])  # axis of a solid rotation, which blows over poles
LAT, LON = np.linspace(-90, 90, 7), np.arange(8) * 45.0


def true_winds(lat, lon):
    """Eastward and northward wind of the rotation, at degrees of one shape."""
    phi, theta = np.deg2rad(lon), np.deg2rad(90 - lat)
    x = np.stack(
        [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)]
    )
    wind = np.cross(SPIN, x, axisb=0)
    east = np.stack([-np.sin(phi), np.cos(phi), 0 * phi], axis=-1)
    south = np.stack(
        [np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), -np.sin(theta)], -1
    )
    return (wind * east).sum(-1), -(wind * south).sum(-1)


def at_vertices(sampling):
    """South and east components of the rotation, without any frame of a grid."""
    return np.einsum(
        "vkc,vc->vk", tangent_frames(sampling), np.cross(SPIN, sampling.xyz)
    )


def on_grid(lat=LAT, lon=LON, names=("eastward_wind", "northward_wind")):
    winds = true_winds(*np.meshgrid(lat, lon, indexing="ij"))
    return xr.Dataset(
        {
            name: (("time", "lat", "lon"), np.stack([one, 2 * one]))
            for name, one in zip("uv", winds, strict=True)
        },
        coords={
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    )


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (LAT, LON),
        (LAT[::-1], LON),
        (LAT, LON - 180),
        (LAT, np.append(LON, 360.0)),  # a meridian that repeats
        (LAT + 180 / 14, LON),  # a row at neither pole
    ],
)
def test_winds_are_those_of_the_field_at_the_poles_too(lat, lon):
    data = on_grid(lat[np.abs(lat) <= 90], lon)
    places = from_xarray(data)
    found = wind_signal(places, data, "u", "v")
    assert found.shape == (2, len(places.sampling), 2, 1)
    # Sums of three products of numbers of size one, and means over a row.
    assert_near(found[0, ..., 0], at_vertices(places.sampling), 12, scale=1)
    assert_near(found[1], 2 * found[0], 12, scale=1)


def test_missing_values_are_missing_in_both_components():
    data = on_grid()
    data["u"][0, 2, 3] = np.nan
    places = from_xarray(data)
    missing = np.isnan(wind_signal(places, data, "u", "v"))[0, ..., 0]
    assert missing.sum() == 2 and missing[places.vertex[2, 3]].all()


def test_components_of_one_pole_without_longitudes_are_refused():
    data = on_grid()
    places = from_xarray(data)
    bare = type(places)(
        places.sampling, places.dims, places.vertex, places.coordinates.drop_vars("lon")
    )
    with pytest.raises(ValueError, match="need the longitude of each of its cells"):
        wind_signal(bare, data.drop_vars("lon"), "u", "v")


def rotated(n=9, pole=(39.25, -162.0), step=0.44):
    """Winds along the axes of a rotated pole, at a limited area of Europe."""
    rlat = (np.arange(n) - n // 2) * step
    rlon = (np.arange(n + 2) - n // 3) * step
    data = xr.Dataset(
        {"ua": (("rlat", "rlon"), np.zeros((n, n + 2)))},
        coords={
            "rlat": ("rlat", rlat, {"standard_name": "grid_latitude", "axis": "Y"}),
            "rlon": ("rlon", rlon, {"standard_name": "grid_longitude", "axis": "X"}),
            "rotated_pole": (
                (),
                0,
                {
                    "grid_mapping_name": "rotated_latitude_longitude",
                    "grid_north_pole_latitude": pole[0],
                    "grid_north_pole_longitude": pole[1],
                },
            ),
        },
    )
    data["ua"].attrs = {"grid_mapping": "rotated_pole", "standard_name": "x_wind"}
    places = from_xarray(data, "ua")
    sampling = places.sampling
    lat, lon = sampling.lat[places.vertex], sampling.lon[places.vertex]
    u, v = true_winds(lat, lon)
    # East about the rotated pole is the cross product of its axis with the place.
    axis_lat, axis_lon = np.deg2rad(pole)
    axis = np.array(
        [
            np.cos(axis_lat) * np.cos(axis_lon),
            np.cos(axis_lat) * np.sin(axis_lon),
            np.sin(axis_lat),
        ]
    )
    x = sampling.xyz[places.vertex]
    ahead = np.cross(axis, x)
    ahead /= np.linalg.norm(ahead, axis=-1, keepdims=True)
    wind = np.cross(SPIN, x)
    along, across = (wind * ahead).sum(-1), (wind * np.cross(x, ahead)).sum(-1)
    data["ua"].values[...] = along
    data["va"] = data["ua"].copy(data=across)
    data["va"].attrs["standard_name"] = "y_wind"
    return data, u, v


@pytest.mark.parametrize("flip", [False, True])
def test_winds_about_a_rotated_pole_turn_to_east_and_north(flip):
    data, u, v = rotated()
    if flip:
        data, u, v = data.isel(rlon=slice(None, None, -1)), u[:, ::-1], v[:, ::-1]
    found = earth_relative_winds(data, "ua", "va")
    assert found.ua.attrs["standard_name"] == "eastward_wind"
    # Exact between the ends, where chords are parallel to the axis; differences of
    # places at 0.0077 from each other lose two digits.
    for one, right in ((found.ua, u), (found.va, v)):
        assert_near(one.values[:, 1:-1], right[:, 1:-1], 10, scale=100)
        assert np.abs(one.values - right).max() < 1e-4
    places = from_xarray(found, "ua")
    wind = wind_signal(places, found, "ua", "va")[..., 0]
    assert np.abs(wind - at_vertices(places.sampling)).max() < 1e-4


def stereographic(n):
    """A polar stereographic map of the same area with any number of cells."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.1, n), np.linspace(-0.6, -0.1, n))
    lat = 90 - 2 * np.rad2deg(np.arctan(np.hypot(x, y)))
    lon = np.rad2deg(np.arctan2(x, -y))
    u, v = true_winds(lat, lon)
    turn = np.deg2rad(lon)  # of x against east, by the map's definition
    along = u * np.cos(turn) - v * np.sin(turn)
    across = u * np.sin(turn) + v * np.cos(turn)
    attrs = {"standard_name": "x_wind"}
    data = xr.Dataset(
        {"U": (("y", "x"), along, attrs), "V": (("y", "x"), across, attrs)},
        coords={
            "lat": (("y", "x"), lat, {"units": "degrees_north"}),
            "lon": (("y", "x"), lon, {"units": "degrees_east"}),
        },
    )
    return data, u, v


def test_winds_on_a_map_turn_to_second_order():
    errors = []
    for n in (9, 17):
        data, u, v = stereographic(n)
        found = earth_relative_winds(data, "U", "V")
        errors.append(max(abs(found.U - u).max(), abs(found.V - v).max()).item())
    assert errors[0] < 0.02 and errors[0] / errors[1] > 3


@pytest.mark.parametrize(
    "attrs", [{"GRIB_uvRelativeToGrid": 1}, {"standard_name": "grid_eastward_wind"}, {}]
)
def test_grid_relative_winds_are_refused_as_vectors(attrs):
    data, _, _ = rotated()
    for name in ("ua", "va"):
        data[name].attrs = {"grid_mapping": "rotated_pole", **attrs}
    words = "along the axes of its grid" if attrs else "does not say so on a grid"
    with pytest.raises(ValueError, match=words + ".*earth_relative_winds"):
        wind_signal(from_xarray(data, "ua"), data, "ua", "va")


def test_axes_of_parallels_and_meridians_are_true():
    data = on_grid()
    data["u"].attrs["standard_name"], data["v"].attrs["standard_name"] = (
        "x_wind",
        "y_wind",
    )
    data["u"].attrs["GRIB_uvRelativeToGrid"] = 1
    places = from_xarray(data)
    found = wind_signal(places, data, "u", "v")
    assert_near(found[0, ..., 0], at_vertices(places.sampling), 12, scale=1)


@pytest.mark.parametrize(
    "names", [("eastward_wind", "northward_wind"), ("x_wind", "y_wind")]
)
def test_components_in_the_other_order_are_refused(names):
    data = on_grid()
    data["u"].attrs["standard_name"], data["v"].attrs["standard_name"] = names
    places = from_xarray(data)
    wind_signal(places, data, "u", "v")
    words = f"v is given as the eastward one .* '{names[1]}'; exchange v and u, or"
    with pytest.raises(ValueError, match=words):
        wind_signal(places, data, "v", "u")
    # One of the two states enough.
    data["v"].attrs = {}
    with pytest.raises(ValueError, match="u is given as the northward one"):
        wind_signal(places, data, "v", "u")


def test_what_cannot_be_turned_is_refused():
    data, _, _ = rotated()
    true = earth_relative_winds(data, "ua", "va")
    with pytest.raises(ValueError, match="ua is eastward or northward already"):
        earth_relative_winds(true, "ua", "va")
    with pytest.raises(ValueError, match="along must be a dimension of the grid, rlat"):
        earth_relative_winds(data, "ua", "va", along="time")
    cells = HEALPix(1)
    points = xr.Dataset(
        {name: ("node", np.zeros(12)) for name in ("u", "v")},
        coords={"lat": ("node", cells.lat), "lon": ("node", cells.lon)},
    )
    with pytest.raises(ValueError, match="turned on grids of two dimensions"):
        earth_relative_winds(points, "u", "v")

"""What from_xarray says of data it cannot place, and how it chooses."""

import sys

import numpy as np
import pytest

from deepsphere_pyg.convert import from_xarray
from samplings import Equiangular, Irregular, RadiansWarning, same_sampling

xr = pytest.importorskip("xarray")
LAT, LON = np.linspace(-75, 75, 6), np.arange(15, 360, 30.0)


def grid(
    lat=LAT, lon=LON, lat_attributes=None, lon_attributes=None, dims=("lat", "lon")
):
    return xr.Dataset(
        {"v": (dims, np.zeros((len(lat), len(lon))))},
        coords={
            dims[0]: (dims[0], lat, lat_attributes or {}),
            dims[1]: (dims[1], lon, lon_attributes or {}),
        },
    )


def curved(lat, lon):
    return xr.Dataset(
        {"v": (("y", "x"), np.zeros(np.shape(lat)))},
        coords={"lat": (("y", "x"), lat), "lon": (("y", "x"), lon)},
    )


def listed(lat, lon):
    return xr.Dataset(
        {"v": ("cell", np.zeros(len(lat)))},
        coords={"lat": ("cell", lat), "lon": ("cell", lon)},
    )


NAN = np.full((4, 5), np.nan)
CURVED = np.meshgrid(np.arange(5.0), np.arange(4.0))[::-1]
CURVED = (CURVED[0] + CURVED[1] / 9, CURVED[1])
METRES = {"standard_name": "projection_y_coordinate", "units": "m"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            xr.Dataset({"v": (("a", "b"), np.zeros((2, 3)))}),
            r"the data set has no latitudes .* a \(2\), b \(3\); give coordinates stan",
        ),
        (
            xr.DataArray(np.zeros(3), dims="a"),
            r"the array has no latitudes and longitu",
        ),
        (
            xr.DataArray(np.zeros(3), dims="a", name="v"),
            r"v has no latitudes and longit",
        ),
        (
            grid(LAT * 1e5, LON * 1e5, METRES, {**METRES, "units": "km"}, ("y", "x")),
            r"y \(6\), x \(12\); y, x are of a map projection .*with pyproj",
        ),
        (
            grid(LAT, LON, {"standard_name": "grid_latitude"}, {"units": "km"}),
            r"lat, lon are of a map projection or a rotated pole: add the two-dimensio",
        ),
        (
            xr.DataArray(np.zeros(3), dims="time", coords={"lat": 47.0, "lon": 8.0}),
            r"a single place, by lat, lon",
        ),
        (
            grid(LAT * 2),
            r"latitudes must be from -90 to 90 degrees, got -150; .*degrees",
        ),
        (
            curved(CURVED[0] * 40, CURVED[1]),
            r"latitudes must be from -90 to 90 degrees",
        ),
        (
            listed([0, 10, 95.0], [0, 1, 2.0]),
            r"latitudes must be from -90 to 90 degree",
        ),
        (
            curved(CURVED[0], CURVED[1] * 1000),
            r"longitudes must be degrees that go around",
        ),
        (curved(NAN, NAN), r"lat, lon \(y, x\) are missing everywhere"),
        (listed(NAN[0], NAN[0]), r"lat, lon \(cell\) are missing everywhere"),
        (grid(np.where(LAT > 0, LAT, np.nan)), r"lat must be finite, got nan at posi"),
        (grid(np.zeros(6)), r"latitudes must be distinct, but 0 repeats"),
        (
            curved(CURVED[0][:1], CURVED[1][:1]),
            r"curvilinear grid of 1 x 5 cells has no",
        ),
        (listed([0, 1.0], [0, 1.0]), r"need at least 4 points, got 2; pass areas="),
        (listed([0.0] * 9, np.arange(9.0)), r"not all on one circle .*; pass areas="),
        (
            listed(np.deg2rad([-80, 80, 0, 3]), np.deg2rad([0, 80, 180, 359.0])),
            r"the globe in radians; pass unit='radian'",
        ),
        (
            [1, 2],
            r"data must be an xarray.Dataset or DataArray, got list; open files with",
        ),
    ],
)
def test_data_without_a_place_are_explained(data, message):
    with pytest.raises((ValueError, TypeError), match=message):
        from_xarray(data)


def test_lone_cells_have_no_size():
    lat, lon = (np.array(one) for one in CURVED)
    alone = np.zeros(lat.shape, dtype=bool)
    alone[1, 2] = alone[3, 4] = True
    data = curved(np.where(alone, lat, np.nan), lon)
    with pytest.raises(
        ValueError, match=r"position 1, 2 has the area 0: .*pass areas="
    ):
        from_xarray(data)
    assert len(from_xarray(data, areas=np.full(lat.shape, 1e-4)).sampling) == 2


@pytest.mark.parametrize(
    ("areas", "message"),
    [
        ("area", r"no variable 'area' of areas; there are: v, lat, lon"),
        (np.ones(3), r"areas must have the shape of the grid, \(4, 5\), got \(3,\)"),
        (np.zeros((4, 5)), r"areas must be positive .* got 0\.0 at position 0, 0"),
        (
            xr.DataArray(np.ones(4), dims="y"),
            r"areas lie along \(y\), but the cells",
        ),
        (
            xr.DataArray(np.ones((4, 5)), dims=("y", "x"), attrs={"units": "acre"}),
            r"areas must be in sr, m2 or km2, got the units 'acre'",
        ),
    ],
)
def test_bad_areas_are_explained(areas, message):
    with pytest.raises(ValueError, match=message):
        from_xarray(curved(*CURVED), areas=areas)


def test_areas_in_square_metres_are_those_of_the_earth_of_the_file():
    area = xr.DataArray(np.full((5, 4), 4.0), dims=("x", "y"), attrs={"units": "km2"})
    data = curved(*CURVED)
    found = from_xarray(data, areas=area).sampling.weights
    np.testing.assert_allclose(found, 4e6 / 6_371_229.0**2)
    data["crs"] = ((), 0, {"grid_mapping_name": "x", "earth_radius": 6.0e6})
    found = from_xarray(data, areas=area).sampling.weights
    np.testing.assert_allclose(found, 4e6 / 6.0e6**2)


def test_options_of_other_grids_are_refused():
    with pytest.raises(ValueError, match=r"areas= is for .*; this is a grid of latit"):
        from_xarray(grid(), areas=np.ones((6, 12)))
    with pytest.raises(ValueError, match=r"duplicates= is for curvilinear and unstr"):
        from_xarray(grid(), duplicates="merge")
    with pytest.raises(
        ValueError, match=r"unit must be 'degree' or 'radian', got 'gon'"
    ):
        from_xarray(grid(), unit="gon")


def ocean():
    """Tracer and velocity places along the same dimensions, as POP writes them."""
    north, east = CURVED
    attributes = {"units": "degrees_north"}, {"units": "degrees_east"}
    dims = ("nlat", "nlon")
    return xr.Dataset(
        {"TEMP": (dims, north), "UVEL": (dims, north)},
        coords={
            "TLAT": (dims, north, attributes[0]),
            "TLONG": (dims, east, attributes[1]),
            "ULAT": (dims, north + 0.5, attributes[0]),
            "ULONG": (dims, east + 0.5, attributes[1]),
        },
    )


def test_two_pairs_of_coordinates_are_told_apart_by_the_variable_or_the_user():
    data = ocean()
    with pytest.raises(
        ValueError, match=r"more than one pair of coordinates fits \(TLAT"
    ):
        from_xarray(data, "TEMP")
    chosen = from_xarray(data, "TEMP", latitude="ULAT", longitude="ULONG")
    np.testing.assert_allclose(chosen.sampling.lat.min(), 0.5)
    data.TEMP.encoding["coordinates"] = "TLONG TLAT"
    data.UVEL.attrs["coordinates"] = "ULONG ULAT"
    for name, south in (("TEMP", 0), ("UVEL", 0.5)):
        places = from_xarray(data, name)
        np.testing.assert_allclose(places.sampling.lat.min(), south, atol=1e-12)
    with pytest.raises(
        ValueError, match=r"on several grids: TEMP on TLAT, TLONG \(nlat"
    ):
        from_xarray(data)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"latitude": "north"}, r"no latitude 'north'; there are: v, lat, lon"),
        ({"longitude": "v2"}, r"no longitude 'v2'"),
        ({"variable": "w"}, r"no variable 'w'; there are: v"),
    ],
)
def test_unknown_names_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        from_xarray(grid(), **names)


def test_names_that_do_not_fit_are_refused():
    data = grid().assign_coords(t=("t", [0.0, 1.0]), top=3.0)
    for name in ("t", "top"):
        with pytest.raises(
            ValueError, match=rf"latitude '{name}' lies along .*, but mus"
        ):
            from_xarray(
                data.v if name == "top" else data,
                "v" if name == "t" else None,
                latitude=name,
            )
    with pytest.raises(ValueError, match=r"variable='v' chooses one of a Dataset"):
        from_xarray(data.v, "v")


def test_grids_of_other_dimensions_are_no_grid():
    data = xr.Dataset(
        {"v": (("a", "b", "c"), np.zeros((2, 3, 4)))},
        coords={"lat": (("a", "b"), np.zeros((2, 3))), "lon": ("c", np.zeros(4))},
    )
    with pytest.raises(
        ValueError, match=r"lat lies along \(a, b\) but lon along \(c\)"
    ):
        from_xarray(data)


def test_coordinates_that_are_variables_are_found():
    data = curved(*CURVED).reset_coords(["lat", "lon"])
    places = from_xarray(data)
    assert isinstance(places.sampling, Irregular)
    assert {"lat", "lon"} == set(places.coordinates.coords)
    values, _ = places.signal(data)
    assert values.shape == (20, 1)
    assert places.to_xarray(values, like=data).identical(data)


@pytest.mark.parametrize(
    ("dims", "attributes"),
    [
        (("y", "x"), ({}, {})),
        (("b", "a"), ({"axis": "Y"}, {"axis": "X"})),
        (("a", "b"), ({"units": "degree_N"}, {"units": "degree_E"})),
        (("p", "q"), ({"standard_name": "latitude"}, {"standard_name": "longitude"})),
        (("lon", "lat"), ({"units": "degrees_north"}, {"units": "degrees_east"})),
    ],
)
def test_coordinates_are_told_by_attributes_before_names(dims, attributes):
    data = grid(LAT, LON, *attributes, dims)
    places = from_xarray(data)
    assert places.dims == dims
    assert same_sampling(places.sampling, Equiangular(6, 12))


def test_dimensions_named_x_and_y_do_not_hide_two_dimensional_coordinates():
    data = curved(*CURVED).assign_coords(y=np.arange(4) * 1e5, x=np.arange(5) * 1e5)
    assert isinstance(from_xarray(data).sampling, Irregular)


def test_xarray_is_asked_for_when_it_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"pip install 'deepsphere-pyg\[climate\]'"):
        from_xarray(grid())


def test_radians_said_to_be_degrees_warn():
    degrees = {"units": "degrees_north"}, {"units": "degrees_east"}
    with pytest.warns(RadiansWarning, match="look like radians"):
        from_xarray(grid(np.deg2rad(LAT), np.deg2rad(LON - 15), *degrees))

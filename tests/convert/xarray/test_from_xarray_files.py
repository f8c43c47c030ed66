"""Attributes, units, missing values and numbers of variables as files have them."""

import sys
import warnings

import astropy.units
import healpy
import numpy as np
import pytest
import torch

from deepsphere_pyg.convert import UnusableAreasWarning, from_xarray
from samplings import Equiangular, Fibonacci, HEALPix, Irregular, same_sampling
from samplings.units import degrees_of, steradians_of

xr = pytest.importorskip("xarray")
WHOLE = Equiangular(6, 12)
LAT, LON = WHOLE.lat[::12], WHOLE.lon[:12]
POINTS = Fibonacci(200)
RADIUS = 6_371_229.0


def grid(lat_attributes=None, lon_attributes=None, values=None, **attributes):
    values = np.arange(72.0).reshape(6, 12) if values is None else values
    return xr.Dataset(
        {"t": (("a", "b"), values, attributes)},
        coords={
            "a": ("a", LAT, lat_attributes or {"units": "degrees_north"}),
            "b": ("b", LON, lon_attributes or {"units": "degrees_east"}),
        },
    )


def listed(lat, lon, **attributes):
    return xr.Dataset(
        {"t": ("cell", np.arange(float(len(lat))), attributes)},
        coords={"lat": ("cell", lat), "lon": ("cell", lon)},
    )


@pytest.mark.parametrize(
    "attributes",
    [
        ({"units": ["degrees_north"]}, {"units": ["degrees_east"]}),
        ({"units": b"degrees_north"}, {"units": np.array([b"degree_E"])}),
        ({"units": "degrees north "}, {"units": "Degrees_East"}),
        ({"standard_name": b"latitude"}, {"standard_name": np.str_("longitude")}),
        ({"standard_name": ["latitude"], "units": 1}, {"standard_name": "longitude"}),
        ({"axis": ["Y"], "units": "°"}, {"axis": b"X", "units": "deg"}),
        ({"units": "degrees_north", "bounds": ["a_b"]}, {"units": "degreesE"}),
    ],
)
def test_attributes_of_any_type_are_read(attributes):
    found = from_xarray(grid(*attributes, coordinates=["a", b"b"]))
    assert same_sampling(found.sampling, WHOLE)


@pytest.mark.parametrize("nside", [[4], np.int64(4), np.array([4]), "4", b"4", 4.0])
def test_numbers_of_healpix_of_any_type_are_read(nside):
    mapping = {"grid_mapping_name": [b"healpix"], "healpix_nside": nside}
    mapping["healpix_order"] = np.array(["ring"])
    data = xr.Dataset(
        {"t": ("cell", np.arange(192), {"grid_mapping": ["crs"]})},
        coords={"crs": ((), 0, mapping)},
    )
    assert same_sampling(from_xarray(data).sampling, HEALPix(4, nest=False))


UNITS = [
    ("radians", np.pi / 180),
    (astropy.units.rad, np.pi / 180),
    (astropy.units.deg, 1.0),
    ("grad", 1 / 0.9),
    ("gon", 1 / 0.9),
    ("arcmin", 60.0),
    (astropy.units.arcsec, 3600.0),
]


@pytest.mark.parametrize(("unit", "of_one"), UNITS)
def test_angles_in_other_units_are_converted(unit, of_one):
    data = listed(POINTS.lat * of_one, POINTS.lon * of_one)
    data.lat.attrs["units"] = data.lon.attrs["units"] = unit
    found = from_xarray(data).sampling
    np.testing.assert_allclose(found.xyz, POINTS.xyz, atol=1e-12)


@pytest.mark.parametrize("hours", ["hours", "h", "hourangle", astropy.units.hourangle])
def test_right_ascensions_in_hours_are_converted(hours):
    data = listed(POINTS.lat, POINTS.lon / 15)
    data.lon.attrs["units"] = hours
    for latitude in ({}, {"units": "deg"}, {"units": "degrees_north"}):
        data.lat.attrs = latitude
        found = from_xarray(data).sampling
        np.testing.assert_allclose(found.xyz, POINTS.xyz, atol=1e-12)
    data = data.assign_coords(lat=("cell", np.deg2rad(POINTS.lat), {"units": "rad"}))
    found = from_xarray(data).sampling
    np.testing.assert_allclose(found.xyz, POINTS.xyz, atol=1e-12)


def test_units_that_are_no_angles_or_areas_are_not_taken_for_such():
    for unit in ("K", "m", "", "1", "degC", "hours since 2000", "north", "n"):
        assert degrees_of(unit, "latitude") is None
    for unit in ("acre", "m", "m3", "K2", "2", "sr2"):
        assert steradians_of(unit) is None


AREAS = [
    ("m2", RADIUS**2),
    ("m^2", RADIUS**2),
    ("m**2", RADIUS**2),
    ("km²", RADIUS**2 / 1e6),
    ("cm^2", RADIUS**2 * 1e4),
    ("km 2", RADIUS**2 / 1e6),
    ("hectares", RADIUS**2 / 1e4),
    ("square radians", 1.0),
    ("radians^2", 1.0),
    ("rad2", 1.0),
    ("steradian", 1.0),
    ("deg2", (180 / np.pi) ** 2),
    (astropy.units.deg**2, (180 / np.pi) ** 2),
    (astropy.units.km**2, RADIUS**2 / 1e6),
    (["sr"], 1.0),
    (1, 1.0),
]


@pytest.mark.parametrize(("unit", "of_one"), AREAS)
def test_areas_in_other_units_are_converted(unit, of_one):
    data = listed(POINTS.lat, POINTS.lon, cell_measures="area: area")
    data["area"] = ("cell", POINTS.weights * of_one, {"units": unit})
    for areas in (None, "area", data.area):
        found = from_xarray(data, "t", areas=areas).sampling
        np.testing.assert_allclose(found.weights, POINTS.weights, rtol=1e-9)


@pytest.mark.parametrize("unit", ["acre", "furlongs squared", "%", "kg"])
def test_areas_in_strange_units_are_refused_only_where_they_are_asked_for(unit):
    data = listed(POINTS.lat, POINTS.lon, cell_measures="area: area")
    data["area"] = ("cell", POINTS.weights, {"units": unit})
    with pytest.warns(UnusableAreasWarning, match=f"got the units '{unit}'.*estimates"):
        found = from_xarray(data, "t")
    assert found.sampling.area == pytest.approx(4 * np.pi, rel=1e-12)
    with pytest.raises(ValueError, match=f"in sr, m2 or km2, got the units '{unit}'"):
        from_xarray(data, "t", areas="area")


def test_areas_of_more_than_the_sphere_are_refused_or_estimated():
    data = listed(POINTS.lat, POINTS.lon, cell_measures="area: area")
    data["area"] = ("cell", POINTS.weights * 1.2)
    message = r"at most 4 pi steradian, got 15\.08"
    for areas in ("area", data.area, data.area.values):
        with pytest.raises(ValueError, match=message):
            from_xarray(data, "t", areas=areas)
    with pytest.warns(UnusableAreasWarning, match=message):
        found = from_xarray(data, "t").sampling
    assert found.area == pytest.approx(4 * np.pi, rel=1e-12)


CODES = [
    (9.969209968386869e36, {}),
    (healpy.UNSEEN, {}),
    (float(np.float32(healpy.UNSEEN)), {}),
    (np.inf, {}),
    (-999.0, {"_FillValue": -999.0}),
    (-999.0, {"missing_value": [np.float32(-999)]}),
    (1e3, {"valid_max": 100.0}),
]


@pytest.mark.parametrize("dtype", [">f4", "<f4", ">f8", "<f8"])
@pytest.mark.parametrize(("code", "attributes"), CODES)
def test_missing_values_and_places_are_told_by_one_rule(code, attributes, dtype):
    hidden = np.zeros(200, dtype=bool)
    hidden[5:9] = True
    lat = np.where(hidden, code, POINTS.lat).astype(dtype)
    data = xr.Dataset(
        {"t": ("cell", np.where(hidden[::-1], code, 1.0).astype(dtype), attributes)},
        coords={
            "lat": ("cell", lat, attributes),
            "lon": ("cell", POINTS.lon.astype(dtype), {}),
        },
    )
    places = from_xarray(data, duplicates="merge")
    np.testing.assert_array_equal(places.mask, ~hidden)
    np.testing.assert_allclose(places.sampling.lat, POINTS.lat[~hidden], atol=1e-4)
    values, mask = places.signal(data)
    assert int((~mask).sum()) == 4 and set(values[mask]) == {1.0}
    assert torch.from_numpy(values).shape == (196, 1)


def test_packed_coordinates_of_undecoded_files_are_unpacked():
    data = listed(
        np.round(POINTS.lat / 0.01).astype(">i2"),
        np.round(POINTS.lon / 1.5).astype("i1"),
    )
    data.lat.attrs = {"scale_factor": [0.01], "add_offset": 0}
    data.lon.attrs = {"scale_factor": 1.5, "_Unsigned": "true"}
    found = from_xarray(data, duplicates="merge").sampling
    np.testing.assert_allclose(found.lat, POINTS.lat, atol=0.0051)
    np.testing.assert_allclose(found.lon, np.round(POINTS.lon / 1.5) * 1.5, atol=1e-9)


def many(n):
    names = {f"v{i}": (("a", "b"), np.broadcast_to(0, (6, 12))) for i in range(n)}
    return grid().assign(names)


def calls(data, **options):
    """How many functions are called to recognise a data set."""
    count = 0

    def count_call(frame, event, arg):
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        from_xarray(data, **options)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("options", [{}, {"variable": "v7"}])
def test_work_grows_with_the_number_of_variables(options):
    few, more, most = (calls(many(n), **options) for n in (50, 100, 200))
    # linear: twice the variables are twice the calls, and no more
    assert most - more < 2.2 * (more - few)
    assert (most - more) / 100 < 300


def test_a_hidden_variable_of_data_is_not_taken_for_a_coordinate():
    data = grid()
    data["x"] = (("a", "b"), np.ones((6, 12)))
    places = from_xarray(data)
    assert same_sampling(places.sampling, WHOLE)
    assert places.signal(data)[0].shape == (72, 2)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_variables_and_coordinates_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    data = listed(POINTS.lat, POINTS.lon)
    data["u"] = ("cell", np.zeros(200), {"cell_measures": "area: area"})
    data["area"] = ("cell", POINTS.weights, {"units": "sr"})
    data["far"] = ("cell", POINTS.weights, {"units": "m2"})
    data = data.assign_coords(height=2.0, crs=((), 0, {"earth_radius": 6e6}))
    names = rng.permutation(list(data.variables))
    turned = xr.Dataset({str(name): data.variables[name] for name in names})
    turned = turned.set_coords([str(n) for n in names if n in data.coords])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = from_xarray(data).sampling, from_xarray(turned).sampling
    assert isinstance(second, Irregular)
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.xyz, second.xyz)

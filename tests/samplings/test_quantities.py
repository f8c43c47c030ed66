"""Units that coordinates and areas carry, and values that they hide."""

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from samplings import (
    Fibonacci,
    FiniteVolume,
    HEALPix,
    Irregular,
    Rectilinear,
    delaunay_weights,
)
from samplings.quantities import degrees, radians
from samplings.units import EARTH, degrees_of, steradians_of

u = pytest.importorskip("astropy.units")
LON = np.array([0.0, 60, 120, 200, 280, 340, 30])
LAT = np.array([5.0, -5, 8, -8, 70, -70, 20])
EXPECTED = Irregular.from_lonlat(LON, LAT)
OF_DEGREES = {
    "hourangle": 1 / 15,
    "rad": np.pi / 180,
    "arcmin": 60,
    "arcsec": 3600,
    "mas": 3.6e6,
    "deg": 1,
    "cycle": 1 / 360,
}


@pytest.mark.parametrize(("unit", "factor"), OF_DEGREES.items())
def test_quantities_of_astropy_are_converted(unit, factor):
    lon, lat = LON * factor * u.Unit(unit), LAT * factor * u.Unit(unit)
    made = Irregular.from_lonlat(lon, lat)
    np.testing.assert_allclose(made.xyz, EXPECTED.xyz, atol=1e-14)
    grid = Rectilinear(np.array([-10, 0, 10]) * factor * u.Unit(unit), [0, 10, 20])
    np.testing.assert_allclose(grid.row_lat, [-10, 0, 10], atol=1e-13)


def test_what_other_packages_call_angles_is_converted():
    coordinates = pytest.importorskip("astropy.coordinates")
    table = pytest.importorskip("astropy.table")
    sky = coordinates.SkyCoord(LON * u.deg, LAT * u.deg)
    in_radians = np.deg2rad(LON), np.deg2rad(LAT)
    pairs = [
        (sky.ra, sky.dec),
        (
            coordinates.Longitude(LON / 15, "hourangle"),
            coordinates.Latitude(LAT, "deg"),
        ),
        ([x * u.deg for x in LON], LAT.tolist()),
        [table.Column(x, unit="rad") for x in in_radians],
        [xr.DataArray(x, attrs={"units": "radians"}) for x in in_radians],
        (xr.DataArray(LON, attrs={"units": "degrees_east"}), pd.Series(LAT)),
        [pd.Series(x).astype("Float64") for x in (LON, LAT)],
        [torch.from_numpy(x) for x in (LON, LAT)],
        [x.astype(">f8") for x in (LON, LAT)],
    ]
    series = [pd.Series(x) for x in in_radians]
    for one in series:
        one.attrs["units"] = "radian"
    for lon, lat in [*pairs, series]:
        made = Irregular.from_lonlat(lon, lat)
        np.testing.assert_allclose(made.xyz, EXPECTED.xyz, atol=1e-14)
        # In the byte order that torch reads.
        assert torch.from_numpy(made.xyz.copy()).dtype == torch.float64
    with pytest.raises(
        TypeError, match=r"got SkyCoord; pass .* coord.ra and coord.dec"
    ):
        Irregular.from_lonlat(sky, sky)


def test_quantities_of_pint_are_converted():
    pint = pytest.importorskip("pint")
    quantity = pint.UnitRegistry().Quantity
    lon, lat = quantity(np.deg2rad(LON), "radian"), quantity(LAT, "degree")
    made = Irregular.from_lonlat(lon, lat)
    np.testing.assert_allclose(made.xyz, EXPECTED.xyz, atol=1e-14)
    with pytest.raises(ValueError, match=r"lon must be in a unit of angle.*'meter'"):
        Irregular.from_lonlat(quantity(LON, "meter"), LAT)


@pytest.mark.parametrize(
    ("unit", "steradian"),
    [
        ("sr", 1.0),
        ("rad2", 1.0),
        ("deg2", (np.pi / 180) ** 2),
        ("arcmin2", (np.pi / 180 / 60) ** 2),
        ("m2", EARTH**-2),
        ("km2", 1e6 * EARTH**-2),
        ("cm2", 1e-4 * EARTH**-2),
    ],
)
def test_areas_are_converted(unit, steradian):
    points = Fibonacci(200)
    for areas in (
        points.weights / steradian * u.Unit(unit),
        xr.DataArray(points.weights / steradian, attrs={"units": unit}),
    ):
        made = Irregular(points.xyz, areas)
        np.testing.assert_allclose(made.weights, points.weights, rtol=1e-12)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("radians^2", 1.0),
        ("Steradians", 1.0),
        ("square degrees", (np.pi / 180) ** 2),
        ("deg²", (np.pi / 180) ** 2),
        ("m**2", EARTH**-2),
        ("square_kilometres", 1e6 / EARTH**2),
        ("meter ** 2", EARTH**-2),
        ("K", None),
        ("m", None),
        ("m3", None),
    ],
)
def test_areas_by_their_names(written, expected):
    found = steradians_of(written)
    assert found == (expected if expected is None else pytest.approx(expected))


def test_angles_by_their_names():
    names = {
        1.0: ("degrees_north", "Degrees", "degE", "°", " deg "),
        -1.0: ("degrees_west", "degree_south"),
        15.0: ("hourangle", "hours", "h"),
        0.9: ("gon", "gradians"),
        1 / 60: ("arcminutes",),
    }
    for value, several in names.items():
        assert [degrees_of(name) for name in several] == [value] * len(several)
    assert [degrees_of(one) for one in ("metres", "K", "s", "degC", "")] == [None] * 5


@pytest.mark.parametrize(
    ("lon", "lat", "message"),
    [
        (
            LON * u.m,
            LAT,
            "lon must be in a unit of angle, .* got the unit 'm'; convert",
        ),
        (LON, LAT * u.K, "lat must be in a unit of angle, .* got the unit 'K'"),
        (
            xr.DataArray(LAT, attrs={"units": "degrees_north"}),
            LON,
            "lon has the unit 'degrees_north', that of latitudes; exchange lon and lat",
        ),
        (
            np.ma.array(LON, mask=LON > 300),
            LAT,
            "lon must .* a masked array that hides 1 of 7, the first of them 5; drop",
        ),
        (LON, np.where(LAT > 60, np.nan, LAT), "lat must be degrees .* got nan at ver"),
        (
            np.where(LON > 300, -1.6375e30, LON),
            LAT,
            "got -1.6375e.30 at vertex 5; drop",
        ),
        (xr.DataArray(LON, attrs={"missing_value": 30.0}), LAT, "got nan at vertex 6"),
    ],
)
def test_coordinates_that_are_no_angles_or_missing_are_refused(lon, lat, message):
    with pytest.raises(ValueError, match=message):
        Irregular.from_lonlat(lon, lat)


@pytest.mark.parametrize(
    "values",
    [["a", "b"], [1j, 2j], [True, False], np.array(["2020"], "M8[Y]"), {}],
)
def test_what_is_no_number_is_refused(values):
    with pytest.raises(
        TypeError, match=r"lon must be real numbers, got .* convert them"
    ):
        degrees("lon", values)


def test_masks_of_astropy_are_seen():
    masked = pytest.importorskip("astropy.utils.masked").Masked
    lon = masked(LON * u.deg, mask=LON > 300)
    with pytest.raises(ValueError, match=r"lon must .* hides 1 of 7"):
        Irregular.from_lonlat(lon, LAT)


def test_hidden_points_and_areas_are_refused():
    points = Fibonacci(50)
    hidden = np.arange(50) == 3
    with pytest.raises(ValueError, match=r"xyz must .* hides 3 of 150"):
        Irregular(np.ma.array(points.xyz, mask=np.eye(50, 3, -3)))
    with pytest.raises(ValueError, match=r"weights must .* hides 1 of 50"):
        Irregular(points.xyz, np.ma.array(points.weights, mask=hidden))
    with pytest.raises(ValueError, match=r"lat must .* hides 1 of 3"):
        Rectilinear(np.ma.array([1, 2, 3], mask=[0, 1, 0]), [1, 2])
    with pytest.raises(ValueError, match="xyz must be unit vectors, got the unit 'km'"):
        Irregular(points.xyz * u.km)
    assert len(Irregular(points.xyz.astype(">f8"), points.weights[::1])) == 50


def test_extents_are_converted():
    points = Fibonacci(40).xyz
    expected = Irregular(points, extent=np.deg2rad(10)).weights
    found = Irregular(points, extent=10 * u.deg).weights
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    weights = delaunay_weights(Fibonacci(40), FiniteVolume(extent=60 * u.arcmin))
    straight = delaunay_weights(Fibonacci(40), FiniteVolume(extent=np.deg2rad(1)))
    assert abs(weights.adjacency - straight.adjacency).sum() < 1e-12
    with pytest.raises(ValueError, match=r"extent must be in a unit of angle.*'km'"):
        Irregular(points, extent=300 * u.km)
    assert radians("angle", 90 * u.deg) == pytest.approx(np.pi / 2)


# -- areas beyond the sphere -----------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (1.02, "1.02 times as much, .* make sure that cells do not overlap"),
        ((180 / np.pi) ** 2, "if they are in square degrees, divide by"),
        (EARTH**2, r"if they are in m2 on Earth, divide by 6371229\*\*2"),
        (EARTH**2 / 1e6, r"if they are in km2 on Earth, divide by 6371.229\*\*2"),
        (200 / 4 / np.pi, "look like masses of mean one: divide by their sum and mul"),
        (1e20, "convert them to steradian"),
    ],
)
def test_areas_that_add_up_to_more_than_the_sphere_are_refused(factor, message):
    points = Fibonacci(200)
    areas = points.weights * factor
    for build in (
        lambda: Irregular(points.xyz, areas),
        lambda: Irregular(points.xyz, areas, duplicates="merge"),
        lambda: Irregular.from_lonlat(points.lon, points.lat, areas),
    ):
        with pytest.raises(ValueError, match=message):
            build()


def test_areas_of_another_radius_or_rounded_are_taken():
    points = Fibonacci(200)
    # On an Earth of the equatorial radius, in units of the mean one.
    areas = points.weights * (6378.137 / 6371.0) ** 2
    assert Irregular(points.xyz, areas).area > 4 * np.pi


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_areas_that_are_none_are_refused(bad):
    points = HEALPix(2)
    areas = points.weights.copy()
    areas[7] = bad
    with pytest.raises(
        ValueError, match=f"must be positive, got {bad} at vertex 7; dr"
    ):
        Irregular(points.xyz, areas)

"""Reports of stations in NetCDF files."""

import numpy as np
import pytest

from deepsphere_pyg.datasets import read_station_reports

xarray = pytest.importorskip("xarray")


def write(path, **changes):
    """Write a file of hourly reports, with other variables or coordinates."""
    values = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]], dtype=np.float32)
    place = ("station",)
    given = {
        "station": (place, ["0E4", "1V1"]),
        "lat": (place, [34.23, 39.53]),
        "lon": (place, [-111.33, -107.8]),
        "elev": (place, [1498.0, 1622.0]),
        "hour": (("hour",), [0, 1, 2]),
        "T": (("station", "hour"), values, {"units": "degC"}),
    }
    given.update(changes)
    kept = {name: value for name, value in given.items() if value is not None}
    coords = {n: v for n, v in kept.items() if n != "T"}
    data = {"T": kept["T"]} if "T" in kept else {}
    xarray.Dataset(data, coords).to_netcdf(path)
    return path


def test_reports_are_read_with_their_places_and_gaps(tmp_path):
    found = read_station_reports(write(tmp_path / "a.nc"))
    assert found.names == ("0E4", "1V1")
    assert (found.channel_names, found.unit) == (("T",), "degC")
    np.testing.assert_array_equal(found.values[..., 0], [[1, 4], [np.nan, 5], [3, 6]])
    np.testing.assert_array_equal(found.heights, [1498, 1622])
    np.testing.assert_array_equal(found.hours, [0, 1, 2])


def test_axes_may_be_in_the_other_order_and_without_heights(tmp_path):
    turned = (("hour", "station"), np.arange(6.0).reshape(3, 2))
    found = read_station_reports(write(tmp_path / "a.nc", T=turned, elev=None))
    np.testing.assert_array_equal(found.values[..., 0], np.arange(6).reshape(3, 2))
    assert np.isnan(found.heights).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"T": None}, "a.nc has no variable 'T', only not one; pass one of these"),
        ({"lat": None}, "a.nc must have lon and lat of the stations"),
        ({"hour": None}, "a.nc has no times: no coordinate 'hour'; add the hours"),
        ({"lat": (("station",), [134.0, 0.0])}, "a.nc: lat must be degrees from -90"),
        ({"hour": (("hour",), [0, 1, 1])}, "a.nc: times must ascend, got 1.0 twice"),
        ({"hour": (("hour",), [0, 1, 4])}, "a.nc: times must .* got a gap from 1.0"),
        (
            {"T": (("station", "hour"), np.full((2, 3), np.nan))},
            "a.nc: values must have a report of each channel",
        ),
    ],
)
def test_files_without_reports_are_refused_by_name(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_station_reports(write(tmp_path / "a.nc", **changes))


def test_a_damaged_or_missing_file_is_named(tmp_path):
    file = write(tmp_path / "a.nc")
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"a\.nc"):
        read_station_reports(file)
    with pytest.raises(FileNotFoundError, match=r"b.nc does not exist; pass a NetCDF"):
        read_station_reports(tmp_path / "b.nc")

import numpy as np
import pytest

from deepsphere_pyg.convert import from_xarray
from deepsphere_pyg.convert.xarray.coordinates.cf_coordinates import find_time

xr = pytest.importorskip("xarray")
LAT, LON = np.linspace(-80, 80, 5), np.arange(0, 360, 45.0)


def data(row, column, row_attributes=None, column_attributes=None, lat=LAT, lon=LON):
    coordinates = {
        row: (row, lat, row_attributes or {}),
        column: (column, lon, column_attributes or {}),
    }
    values = np.zeros((3, 5, 8))
    return xr.Dataset({"v": (("n", row, column), values)}, coords=coordinates)


@pytest.mark.parametrize(
    ("row", "column", "row_attributes", "column_attributes"),
    [
        ("lat", "lon", {}, {}),
        ("latitude", "Longitude", {}, {}),
        ("Y", "X", {}, {}),
        ("a", "b", {"standard_name": "latitude"}, {"standard_name": "longitude"}),
        ("a", "b", {"units": "degrees_north"}, {"units": "degree_east"}),
        ("a", "b", {"units": "degreeN"}, {"units": "degreesE"}),
        ("a", "b", {"axis": "Y"}, {"axis": "X"}),
        # attributes rule over names
        ("x", "y", {"units": "degrees_north"}, {"units": "degrees_east"}),
    ],
)
def test_latitude_and_longitude_are_found(
    row, column, row_attributes, column_attributes
):
    dataset = data(row, column, row_attributes, column_attributes)
    assert from_xarray(dataset, "v").dims == (row, column)
    assert find_time(dataset, "v") is None


@pytest.mark.parametrize(
    ("name", "values", "attributes"),
    [
        ("time", [0, 1, 2], {}),
        ("month", [1, 4, 7], {}),
        ("n", [0, 1, 2], {"standard_name": "time"}),
        ("n", [0, 1, 2], {"units": "months since 1960-01-01"}),
        ("n", [0, 1, 2], {"axis": "T"}),
        ("n", np.array(["2001-01", "2001-02", "2001-03"], "datetime64[ns]"), {}),
        (
            "n",
            xr.date_range("2001", periods=3, calendar="360_day", use_cftime=True),
            {},
        ),
    ],
)
def test_time_is_found(name, values, attributes):
    dataset = data("lat", "lon").rename(n=name) if name != "n" else data("lat", "lon")
    dataset = dataset.assign_coords({name: (name, values, attributes)})
    assert find_time(dataset, "v") == name
    assert from_xarray(dataset, "v").dims == ("lat", "lon")


def test_decoded_times_are_found_by_their_type(tmp_path):
    dataset = data("lat", "lon").assign_coords(
        n=("n", [0.0, 1.0, 2.0], {"units": "days since 2000-01-01"})
    )
    dataset.to_netcdf(tmp_path / "a.nc")
    with xr.open_dataset(tmp_path / "a.nc") as decoded:
        assert find_time(decoded, "v") == "n"


def test_two_times_are_refused():
    dataset = data("lat", "lon").expand_dims(time=2).rename(n="month")
    with pytest.raises(ValueError, match=r"more than one dimension of time: time, mo"):
        find_time(dataset, "v")

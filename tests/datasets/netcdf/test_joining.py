"""Files that hold parts of one series: what is joined, and what is refused."""

import numpy as np
import pytest
import xarray as xr

from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource

LAT, LON = np.linspace(-60, 60, 3), np.arange(4) * 90.0


def times(first, last):
    start = np.datetime64("2001-01-01T00", "ns")
    return start + np.arange(first, last) * np.timedelta64(6, "h")


def data(first, last, name="x", **coords):
    """States whose value is their time in steps, with further dimensions in front."""
    along = {k: np.atleast_1d(v) for k, v in coords.items()}
    shape = (*(len(v) for v in along.values()), last - first, len(LAT), len(LON))
    values = np.broadcast_to(np.arange(first, last)[:, None, None], shape)
    found = xr.Dataset(
        {name: ((*along, "time", "lat", "lon"), values.astype("f4"))},
        coords={**along, "time": times(first, last), "lat": LAT, "lon": LON},
    )
    return found.squeeze([k for k, v in coords.items() if np.ndim(v) == 0])


@pytest.fixture
def joined(tmp_path):
    def join(*parts):
        paths = []
        for part in parts:
            paths.append(str(tmp_path / f"part-{len(paths)}.nc"))
            part.to_netcdf(paths[-1])
        return XarraySource(paths).dataset

    return join


def test_years_follow_each_other_and_variables_lie_beside_each_other(joined):
    found = joined(data(4, 9), data(0, 4), data(0, 9, "y"))
    np.testing.assert_array_equal(found.time, times(0, 9))
    np.testing.assert_array_equal(found.x[:, 0, 0], np.arange(9))
    assert found.y.dims == ("time", "lat", "lon")


def test_levels_of_one_value_are_dropped_where_variables_differ_by_them(joined):
    """Geopotential at 500 and temperature at 850 hPa have a scalar level each."""
    found = joined(data(0, 4, "z", level=500), data(0, 4, "t", level=850))
    assert "level" not in found.coords and set(found.data_vars) == {"z", "t"}


def test_a_level_that_all_files_share_stays(joined):
    found = joined(data(0, 4, level=500), data(4, 6, level=500))
    assert found.level.ndim == 0 and found.level == 500


@pytest.mark.parametrize("name", ["number", "level"])
def test_one_file_for_each_value_makes_a_dimension(joined, name):
    found = joined(*(data(0, 4, **{name: one}) + one for one in (7, 3)))
    np.testing.assert_array_equal(found[name], [3, 7])
    np.testing.assert_array_equal(found.x.isel(time=1, lat=0, lon=0), [4, 8])


def test_times_apart_keep_the_times_beside_them(joined):
    """As GRIB files of a single time, which have a time and a valid time."""
    parts = [
        data(k, k + 1).isel(time=0).assign_coords(valid_time=times(k + 1, k + 2)[0])
        for k in (2, 0, 1)
    ]
    found = joined(*parts)
    np.testing.assert_array_equal(found.time, times(0, 3))
    assert found.valid_time.dims == ("time",)
    np.testing.assert_array_equal(found.valid_time, times(1, 4))


def test_features_of_several_stores_follow_each_other(joined):
    names = (["z500", "t850"], ["tisr"])
    found = joined(*(data(0, 4, "data", feature=one) for one in names))
    assert found.feature.values.tolist() == ["z500", "t850", "tisr"]


def test_fields_without_time_may_be_in_every_file(joined):
    ground = xr.DataArray(np.ones((3, 4)), dims=("lat", "lon"))
    found = joined(*(data(*one).assign(ground=ground) for one in ((0, 3), (3, 5))))
    assert found.ground.dims == ("lat", "lon") and len(found.time) == 5


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            [data(0, 5), data(4, 9)],
            r"both have x at time 2001-01-02; pass each time in",
        ),
        (
            [data(0, 4, member=[0, 1, 2]), data(4, 8, member=[0, 1])],
            r"must have the same member.*part-1.nc lacks member 2; leave it out, or",
        ),
        (
            [data(0, 4, number=0), data(0, 3, number=1)],
            r"must have the same time.*part-1.nc lacks time 2001-01-01T18",
        ),
        (
            [data(0, 4, number=0), data(0, 4, number=1), data(4, 8, number=1)],
            r"all combinations of 2 of \w+ and 2 of \w+, 4 files, got 3",
        ),
        (
            [data(0, 4), data(0, 3, "q")],
            r"must have the same time, but q of .* lacks time 2001-01-01T18",
        ),
        (
            [data(0, 4), data(0, 4, "q").assign_coords(lat=LAT + 1)],
            r"must have the same lat, but q of .* lacks lat -60, 0, 60",
        ),
        (
            [data(0, 4, level=[500, 850]), data(0, 4)],
            r"has x along level, and .*part-1.nc has it along time, lat, lon",
        ),
        (
            [data(0, 2, "data", feature=["a", "b"]), data(0, 2, "data", feature=["a"])],
            r"both have a along feature; pass one of them",
        ),
    ],
)
def test_files_that_do_not_fit_are_named(joined, parts, message):
    with pytest.raises(ValueError, match=message):
        joined(*parts)


def test_a_file_is_given_once(tmp_path):
    data(0, 2).to_netcdf(tmp_path / "one.nc")
    with pytest.raises(ValueError, match=r"one.nc is given twice; name each file once"):
        XarraySource([str(tmp_path / "one.nc")] * 2).dataset  # noqa: B018


def test_folders_of_stores_are_read_and_nested_ones_listed(tmp_path):
    store = tmp_path / "bc" / "time_chunked" / "bc.zarr"
    data(0, 2).to_zarr(store, zarr_format=2)
    found = XarraySource(str(tmp_path / "bc" / "time_chunked")).dataset
    assert set(found.data_vars) == {"x"}
    with pytest.raises(ValueError, match=r"folders inside of it have: .*time_chunked;"):
        XarraySource(str(tmp_path))

"""Series of stations: places, times, missing reports."""

import numpy as np
import pytest

from deepsphere_pyg.datasets import StationSeries

DAYS = np.datetime64("2011-12-30") + np.arange(4)


def series(**changes):
    given = {
        "names": ["a", "b", "c"],
        "lon": [0.0, 120.0, 240.0],
        "lat": [10.0, 20.0, 30.0],
        "times": DAYS,
        "values": np.arange(12.0).reshape(4, 3, 1),
        "channel_names": ["T"],
        "unit": "degC",
    }
    return StationSeries(**{**given, **changes})


def test_codes_and_infinities_are_missing_and_stay_so():
    values = np.arange(12.0).reshape(4, 3, 1)
    values[0, 0], values[1, 1], values[2, 2] = np.nan, np.inf, -1.6375e30
    found = series(values=values)
    assert found.n_reports == 9
    assert np.isnan(found.values[[0, 1, 2], [0, 1, 2], 0]).all()


def test_stations_of_one_place_are_merged_by_the_mean_of_their_reports():
    values = np.arange(12.0).reshape(4, 3, 1)
    values[0, 2] = np.nan
    twice = series(
        lon=[0, 120, 0], lat=[10, 20, 10], values=values, elevation=[5, np.nan, 7]
    )
    with pytest.raises(ValueError, match='pass duplicates="merge"'):
        _ = twice.sampling
    found = twice.merged()
    assert found.names == ("a", "b")
    np.testing.assert_array_equal(found.values[:, 0, 0], [0, 4, 7, 10])
    np.testing.assert_array_equal(found.heights, [6, np.nan])
    assert len(found.sampling) == 2
    assert series().merged().names == ("a", "b", "c")


def test_days_and_hours_are_those_of_the_dates():
    np.testing.assert_array_equal(series().days, [364, 365, 1, 2])
    hours = np.datetime64("2020-02-28T22", "h") + np.arange(4)
    np.testing.assert_array_equal(series(times=hours).hours, [22, 23, 0, 1])
    np.testing.assert_array_equal(series(times=[22, 23, 24, 25]).hours, [22, 23, 0, 1])
    with pytest.raises(ValueError, match="got numbers of hours; pass datetime64"):
        _ = series(times=[0, 1, 2, 3]).days


def test_selected_stations_keep_all_they_have():
    found = series(elevation=[1, 2, 3]).select([2, 0])
    assert found.names == ("c", "a")
    np.testing.assert_array_equal(found.lon, [240, 0])
    np.testing.assert_array_equal(found.values[0, :, 0], [2, 0])
    np.testing.assert_array_equal(found.heights, [3, 1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lat": [10, 91, 0]}, r"lat must be degrees from -90 to 90, got 91.0 at vert"),
        ({"lon": [0, np.nan, 0]}, "lon must be degrees from -360 to 360, got nan"),
        ({"times": DAYS[[0, 1, 1, 2]]}, "got 2011-12-31 twice at 1 and 2; sort the ro"),
        ({"times": DAYS[[0, 2, 1, 3]]}, "got 2012-01-01 before 2011-12-31 at 1 and 2"),
        ({"times": [0, 1, 3, 4]}, "got a gap from 1.0 to 3.0; insert rows of NaN"),
        ({"times": [0, 1, np.nan, 4]}, "times must be known, got a missing one at 2"),
        ({"times": [0, 1]}, r"values must have shape \(2, 3, 1\), times by stations"),
        ({"values": np.full((4, 3, 1), np.nan)}, "got only missing ones of T; leave"),
        ({"names": ["a", "b", "a"]}, "names must differ, got 'a' 2 times; drop the"),
        ({"names": ["a"]}, "names must be one for each of the 3 stations, got 1"),
        ({"elevation": [1, 2]}, r"elevation must have shape \(3,\)"),
    ],
)
def test_what_is_no_series_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        series(**changes)

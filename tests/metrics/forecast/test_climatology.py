"""Normal states: weights written down again, seasons, leap days, missing days."""

import cftime
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.metrics.forecast import Climatology
from tests.round_off import assert_near

# Three years, of which 2000 has a leap day.
TIMES = np.arange("1999-01-01", "2002-01-01", np.timedelta64(12, "h"), dtype="M8[h]")


def states(times, seed=0):
    return np.random.default_rng(seed).normal(size=(len(times), 2, 1))


def days_of(times):
    return (times.astype("M8[D]") - times.astype("M8[Y]").astype("M8[D]")).astype(
        int
    ) + 1


def windowed(fields, times, day, hour, weight):
    """Weighted mean of all states at an hour, by distance in days of the year."""
    total, count = 0.0, 0.0
    doy = days_of(times)
    year = times.astype("M8[Y]").astype(int) + 1970
    at = (times - times.astype("M8[D]")).astype(int) == hour
    for field, d, y, right in zip(fields, doy, year, at, strict=True):
        if not right:
            continue
        # The last day of a year of 365 days is the 366th too.
        for one in (365, 366) if d == 365 and y != 2000 else (d,):
            distance = (one - day + 183) % 366 - 183
            w = weight(distance)
            total, count = total + w * field, count + w
    return total / count


@pytest.mark.parametrize(
    ("shape", "weight"),
    [
        ("triangle", lambda d: max(0.0, 1 - abs(d) / 30)),
        ("gaussian", lambda d: np.exp(-0.5 * (6 * d / 61) ** 2) * (abs(d) <= 30)),
        ("box", lambda d: float(abs(d) <= 30)),
    ],
)
def test_windows_are_weighted_means_by_distance_and_hour(shape, weight):
    fields = states(TIMES)
    found = Climatology(shape=shape)
    # In parts, since a series need not fit in memory.
    for part in (slice(0, 700), slice(700, None)):
        found.update(fields[part], TIMES[part])
    for date, hour in (("2000-01-03", 0), ("2001-06-30", 12), ("2000-12-31", 0)):
        time = np.datetime64(f"{date}T{hour:02d}", "h")
        wanted = windowed(fields, TIMES, days_of(time[None])[0], hour, weight)
        assert_near(found.at([time])[0], wanted, 400, scale=10)


def test_leap_days_have_states_of_leap_years_alone_without_a_window():
    fields = states(TIMES)
    found = Climatology(window=1).update(fields, TIMES)
    # The last day of a leap year; in other years, the 365th stands for it.
    noon = (TIMES - TIMES.astype("M8[D]")).astype(int) == 12
    last = [
        fields[noon & (TIMES.astype("M8[D]") == np.datetime64(day))][0]
        for day in ("1999-12-31", "2000-12-31", "2001-12-31")
    ]
    leap = found.at([np.datetime64("2004-12-31T12")])[0]
    assert_near(leap, np.mean(last, axis=0), 3, scale=10)
    # The first of March is the 61st day of leap years, the 60th of others.
    day = found.at(np.array(["2004-02-29T12", "2003-03-01T12"], "M8[h]"))
    np.testing.assert_array_equal(day[0], day[1])


@pytest.mark.parametrize(("by", "length"), [("month", 12), ("week", 52)])
def test_months_and_weeks_are_plain_means(by, length):
    fields = states(TIMES)
    found = Climatology(by).update(fields, TIMES)
    month = TIMES.astype("M8[M]").astype(int) % 12
    season = month if by == "month" else np.minimum((days_of(TIMES) - 1) // 7, 51)
    assert len(set(season)) == length
    for place in (0, 700, 1460, -1):
        wanted = fields[season == season[place]].mean(0)
        assert_near(found.at(TIMES[[place]])[0], wanted, 400, scale=10)


def test_a_climatology_of_all_times_takes_numbers():
    fields = states(TIMES)
    found = Climatology("all").update(fields, np.arange(len(TIMES)))
    assert_near(found.at([3, -7])[1], fields.mean(0), len(TIMES), scale=10)
    assert found.at(np.zeros((4, 3))).shape == (4, 3, 2, 1)


def test_an_annual_cycle_is_found_smoothed():
    """A window multiplies a wave of period P by its Fourier transform."""
    phase = 2 * np.pi * (days_of(TIMES) - 1) / 366
    fields = np.cos(phase)[:, None, None]
    found = Climatology().update(fields, TIMES)
    offset = np.arange(-30, 31)
    weight = 1 - abs(offset) / 30
    gain = (weight * np.cos(2 * np.pi * offset / 366)).sum() / weight.sum()
    wanted = gain * np.cos(2 * np.pi * (days_of(TIMES) - 1) / 366)
    # Away from the turn of the year, where the 365th day counts twice.
    middle = (days_of(TIMES) > 40) & (days_of(TIMES) < 325)
    assert_near(found.at(TIMES)[middle, 0, 0], wanted[middle], 400, scale=10)


def test_missing_values_are_left_out():
    fields = states(TIMES)
    hidden = np.array(fields)
    hidden[::3, 0] = np.nan
    found = Climatology("month").update(hidden, TIMES)
    month = TIMES.astype("M8[M]").astype(int) % 12
    some = fields[:, 0][(month == 0) & (np.arange(len(TIMES)) % 3 > 0)]
    assert_near(found.at(TIMES[:1])[0, 0], some.mean(0), 400, scale=10)
    hidden[:, 1] = np.nan
    found = Climatology("month").update(hidden, TIMES).at(TIMES[:1])
    assert np.isnan(found[0, 1]) and np.isfinite(found[0, 0])


@pytest.mark.parametrize(
    ("calendar", "days"), [("noleap", 365), ("360_day", 360), ("standard", 366)]
)
def test_calendars_of_climate_models(calendar, days):
    start = "days since 2001-01-01"
    times = cftime.num2date(np.arange(2 * days), start, calendar)
    phase = 2 * np.pi * np.arange(2 * days) / days
    found = Climatology(window=5).update(np.cos(phase)[:, None, None], times)
    offset = np.arange(-2, 3)
    weight = 1 - abs(offset) / 2
    gain = (weight * np.cos(2 * np.pi * offset / days)).sum() / weight.sum()
    if calendar != "standard":
        # The window goes around the turn of the year.
        assert_near(found.at(times)[:, 0, 0], gain * np.cos(phase), 9, scale=10)
        with pytest.raises(ValueError, match=f"calendar of {days} days"):
            found.at(TIMES)
    else:
        assert np.isfinite(found.at(times)).all()


@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(1, 365))
@settings(max_examples=5, deadline=None, derandomize=True)
def test_parts_of_a_series_may_come_in_any_order(seed, cut):
    times = TIMES[:732]
    fields = states(times, seed)
    one = Climatology(window=9).update(fields, times)
    other = Climatology(window=9).update(fields[cut:], times[cut:])
    other.update(fields[:cut], times[:cut])
    assert_near(one.at(times), other.at(times), 9, scale=10)


def test_missing_days_are_told_and_not_extrapolated():
    winter = TIMES[(TIMES >= np.datetime64("1999-01-01T00"))][:60]
    found = Climatology().update(states(winter), winter)
    assert np.isfinite(found.at(winter)).all()
    later = np.array(["1999-02-10T00", "1999-08-01T00"], "M8[h]")
    message = r"lacks 2 days, the first of which is day 41 .* at 00:00.*by='month'"
    with pytest.raises(ValueError, match=message):
        found.at(later)
    with pytest.raises(ValueError, match=r"no state at 06:00 o'clock; .*by='month'"):
        found.at([np.datetime64("1999-01-10T06")])
    month = Climatology("month").update(states(winter), winter)
    with pytest.raises(ValueError, match=r"no state of month 2; .*by='all'"):
        month.at(later)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Climatology("day"), ValueError, "'all' or 'month' or 'week'"),
        (lambda: Climatology(window=60), ValueError, "odd number .* got 60; pass 61"),
        (lambda: Climatology(window=361), ValueError, "at most 359, got 361"),
        (lambda: Climatology(window=2.5), TypeError, "window must be an integer"),
        (lambda: Climatology(shape="hat"), ValueError, "'triangle' or 'gaussian'"),
        (lambda: Climatology().at(TIMES), ValueError, "needs states; call update"),
        (
            lambda: Climatology().update(states(TIMES), np.arange(len(TIMES))),
            TypeError,
            "times must be dates, got int64",
        ),
        (
            lambda: Climatology().update(states(TIMES)[:3], TIMES),
            ValueError,
            r"\(2192, V, C\), one state for each time",
        ),
        (
            lambda: Climatology("all").update(np.full((1, 2, 1), np.inf), [0]),
            ValueError,
            "infinite values",
        ),
        (
            lambda: (
                Climatology("all")
                .update(np.zeros((1, 2, 1)), [0])
                .update(np.zeros((1, 3, 1)), [0])
            ),
            ValueError,
            r"\(T, 2, 1\), as those before",
        ),
    ],
)
def test_arguments_are_checked(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_climatology_without_leap_days_has_none_for_29_february():
    days = cftime.num2date(np.arange(730), "days since 2001-01-01", "noleap")
    found = Climatology("day-hour").update(np.zeros((730, 1, 1)), days)
    with pytest.raises(
        ValueError, match=r"calendar of 365 days.* 366, without the leap"
    ):
        found.at(np.array(["2004-02-29"], "M8[D]"))


def test_years_without_leap_days_serve_29_february_by_its_day_of_the_year():
    """As in the climatologies of WeatherBench 2, which have 366 days."""
    times = np.arange("2001-01-01", "2003-01-01", dtype="M8[D]")
    day = (times - times.astype("M8[Y]").astype("M8[D]")).astype(int) + 1.0
    found = Climatology(window=1).update(day[:, None, None], times)
    wanted = np.array(["2004-02-29", "2004-12-31"], "M8[D]")
    # The last day of a leap year has the normal state of the 365th.
    np.testing.assert_array_equal(found.at(wanted).ravel(), [60, 365])

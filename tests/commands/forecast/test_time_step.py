"""Steps in time of hours, days, months and years, in any calendar."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from deepsphere_pyg.commands.forecast.time_step import MONTHS, SECONDS, TimeStep
from tests.commands.forecast.series import START

KINDS = {
    "6h": (21600, SECONDS, "6 h"),
    "30min": (1800, SECONDS, "30 min"),
    "D": (86400, SECONDS, "1 day"),
    "5D": (5 * 86400, SECONDS, "5 days"),
    "MS": (1, MONTHS, "1 month"),
    "ME": (1, MONTHS, "1 month"),
    "QS": (3, MONTHS, "3 months"),
    "YS": (12, MONTHS, "1 year"),
}


def times(freq, n, calendar="standard"):
    own = calendar == "standard"
    found = xr.date_range(
        "1999-10-01", periods=n, freq=freq, calendar=calendar, use_cftime=not own
    )
    return found.to_numpy()


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
@pytest.mark.parametrize("freq", KINDS)
def test_steps_continue_the_ranges_of_xarray(freq, calendar):
    every = times(freq, 40, calendar)
    step = TimeStep.of(every[:20][::-1], "1")
    length, unit, text = KINDS[freq]
    assert step == TimeStep(length, unit) and step.text() == text
    assert [step.after(every[19], k) for k in range(21)] == every[19:].tolist() or (
        np.array([step.after(every[19], k) for k in range(21)]) == every[19:]
    ).all()
    np.testing.assert_array_equal(step.counts(every), np.arange(40))


@given(
    st.sampled_from(list(KINDS)),
    st.sets(st.integers(0, 200), min_size=2, max_size=20),
)
def test_counts_are_those_of_the_range_whatever_is_left_out(freq, kept):
    chosen = np.sort(list(kept))
    length, unit, _ = KINDS[freq]
    counts = TimeStep(length, unit).counts(times(freq, 201)[chosen])
    np.testing.assert_array_equal(counts, chosen - chosen[0])


def test_gaps_do_not_change_the_step():
    every = np.delete(times("MS", 40), [7, 8, 20])
    assert TimeStep.of(every, "1") == TimeStep(1, MONTHS)
    assert TimeStep.of(np.delete(times("6h", 40), [7, 8]), "1").text() == "6 h"


def test_mid_months_are_a_month_apart():
    days = xr.date_range("2001-01-01", periods=24, freq="MS").to_numpy()
    middle = days + (np.roll(days, -1)[0] - days[0]) * 0 + np.timedelta64(14, "D")
    middle[::2] += np.timedelta64(12, "h")
    step = TimeStep.of(middle, "1")
    assert step == TimeStep(1, MONTHS)
    np.testing.assert_array_equal(step.counts(middle), np.arange(24))


def test_numbers_and_durations():
    step = TimeStep.of(np.array([1990, 1991, 1992, 1995]), "year")
    assert step.text(3) == "3 years" and step.after(np.int64(1995), 2) == 1997
    hours = np.arange(5) * np.timedelta64(3, "h")
    step = TimeStep.of(hours, "step")
    assert step.text(2) == "6 h" and step.after(hours[4], 1) == np.timedelta64(15, "h")
    assert TimeStep.of(np.array([2001]), "year") is None


def test_missing_times_and_texts_are_refused():
    with pytest.raises(ValueError, match="leave them out with --select"):
        TimeStep.of(np.array(["2001-01-01", "NaT"], "M8[ns]"), "1")
    with pytest.raises(ValueError, match="must be dates or numbers"):
        TimeStep.of(np.array(["r1", "r2"]), "1")


def test_gaps_are_counted():
    hours = np.array([0, 6, 12, 24, 30, 54])
    times = START + np.timedelta64(1, "h") * hours
    step = TimeStep.of(times, "")
    # Members repeat times, and times may be in no order.
    assert step.gaps(np.concatenate([times[::-1], times])) == 2


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        ([0, 6, 12, 18, 21, 27], r"whole steps of 6 h apart, got 2001-01-01T21:00"),
        (
            [0, 6, 12, 18, 24, 36, 48],
            r"mixed steps: 4 of 6 h and 2 of 12 h, as from 2001-01-02 to "
            r"2001-01-02T12:00; choose times of one step with --select",
        ),
    ],
)
def test_mixed_steps_are_refused(hours, message):
    times = START + np.timedelta64(1, "h") * np.array(hours)
    with pytest.raises(ValueError, match=message):
        TimeStep.of(times, "").gaps(times)

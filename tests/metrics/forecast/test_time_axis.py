"""Axes of time: steps that are equal, and clear words where they are not."""

import cftime
import numpy as np
import pytest

from deepsphere_pyg.metrics.forecast import regular_step

DAYS = np.arange("2001-01-01", "2001-01-11", dtype="M8[D]")


def test_equal_steps_are_found():
    assert regular_step(DAYS) == np.timedelta64(1, "D")
    assert regular_step([1890, 1891, 1892]) == 1
    assert regular_step(np.linspace(0, 1, 11)) == pytest.approx(0.1)
    dates = cftime.num2date([0, 0.25, 0.5], "days since 2001-01-01", "noleap")
    assert regular_step(dates).total_seconds() == 6 * 3600


@pytest.mark.parametrize(
    ("times", "error", "message"),
    [
        (np.delete(DAYS, 4), ValueError, "a gap: 2001-01-04 is followed by 2001-01-06"),
        (np.repeat(DAYS, 2), ValueError, "got 2001-01-01 twice, at 0 and 1; leave"),
        (DAYS[::-1], ValueError, "in order, got 2001-01-09 after 2001-01-10"),
        ([0.0, 1.0, 2.0, 2.5, 3.5], ValueError, "mixed steps: 2.0 is followed by 2.5"),
        ([0], ValueError, "at least 2, got 1"),
        ([[0, 1]], ValueError, r"one axis, got shape \(1, 2\)"),
        ("now", TypeError, "dates or numbers, got str"),
        ([0.0, np.nan], ValueError, "got 1 missing of 2"),
        (np.array(["2001", "NaT"], "M8[D]"), ValueError, "got 1 missing of 2"),
        (["a", "b"], TypeError, "dates or numbers"),
    ],
)
def test_what_is_wrong_with_times_is_told(times, error, message):
    with pytest.raises(error, match=message):
        regular_step(times)

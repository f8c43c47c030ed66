"""Windows hold consecutive states: all of them, and no others."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from deepsphere_pyg.training import forecast_windows


def series(n, vertices=2):
    """A series whose values are the indices of their times."""
    return np.broadcast_to(np.arange(n, dtype=float)[:, None, None], (n, vertices, 1))


def all_windows(times, step, missing, history, steps):
    """Brute force: the times of every window."""
    length = history + steps
    found = []
    for start in range(len(times) - length + 1):
        part = range(start, start + length)
        even = all(times[i + 1] - times[i] == step for i in part[:-1])
        if even and not missing.intersection(part):
            found.append(list(part))
    return found


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from([1, 1, 1, 1, 2, -5]), min_size=3, max_size=25),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sets(st.integers(0, 25), max_size=2),
    st.sampled_from(["integers", "floats", "dates"]),
)
def test_windows_are_those_of_consecutive_times(changes, history, steps, missing, kind):
    times = np.cumsum([0, *changes])
    forward = sorted(change for change in changes if change > 0)
    step = forward[(len(forward) - 1) // 2] if forward else 1
    fields = np.array(series(len(times)))
    missing = {i for i in missing if i < len(times)}
    fields[sorted(missing)] = np.nan
    wanted = all_windows(times, step, missing, history, steps)
    given = {
        "integers": times,
        "floats": times * 0.25,
        "dates": np.datetime64("2001-02-27T00") + 6 * times.astype("timedelta64[h]"),
    }[kind]
    if not wanted:
        with pytest.raises(ValueError, match=f"{history + steps} consecutive states"):
            forecast_windows(fields, history, steps, times=given)
        return
    windows = forecast_windows(fields, history, steps, times=given)
    found = [
        [*window.x[:, 0, 0].int().tolist(), *window.y[:, 0, 0].int().tolist()]
        for window in windows
    ]
    assert found == wanted
    cut = len(times) // 2
    before = [found[i] for i in windows.within(0, cut)]
    after = [found[i] for i in windows.within(cut, len(times))]
    assert before == [w for w in wanted if w[-1] < cut]
    assert after == [w for w in wanted if w[0] >= cut]


def test_months_are_equal_steps_in_their_own_unit():
    months = np.arange("1999-11", "2000-05", dtype="datetime64[M]")
    assert len(forecast_windows(series(6), times=months)) == 5
    days = months.astype("datetime64[D]")
    with pytest.raises(ValueError, match="consecutive states"):
        forecast_windows(series(6), 3, 3, times=days)


def test_batches_have_missing_values_as_nan_and_masks():
    fields = np.array(series(5, 3), dtype=np.float32)
    fields[2, 1] = -1.6375e30  # healpy's code
    forcing = np.ones((5, 3, 2))
    windows = forecast_windows(torch.from_numpy(fields), 1, 2, forcing=forcing)
    batch = next(iter(DataLoader(windows, 3)))
    assert batch.x.shape == (3, 1, 3, 1) and batch.y.shape == (3, 2, 3, 1)
    assert batch.forcing.shape == (3, 2, 3, 2)
    assert batch.mask.dtype == torch.bool
    assert bool(batch.x[2, 0, 1].isnan()) and not bool(batch.x[2, 0, 0].isnan())
    assert batch.mask[:, :, 1, 0].tolist() == [[True, False], [False, True], [True] * 2]
    assert bool(batch.y.isfinite().all())


def test_unknown_forcing_is_told():
    forcing = np.ones((5, 2, 1))
    forcing[3] = np.nan
    windows = forecast_windows(series(5), forcing=forcing)
    assert len(windows) == 4
    with pytest.raises(ValueError, match="missing values after time 2; fill them"):
        windows[2]

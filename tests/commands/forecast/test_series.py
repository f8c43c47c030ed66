"""Windows of series of several members with gaps in time."""

import numpy as np
import pytest
import xarray as xr

from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.parts import read_parts, sample_parts
from deepsphere_pyg.commands.forecast.series import open_series
from tests.commands.forecast.series import LAT, LON, START, STEP

# A gap lies after step 11, and the times of the file are in no order.
STEPS = np.random.default_rng(2).permutation([*range(12), *range(15, 30)])
MEMBERS = 3


def write(path, steps=STEPS, members=MEMBERS):
    """Write states whose values tell their member and step: 100 member + step."""
    values = 100.0 * np.arange(members)[:, None] + np.asarray(steps)
    cells = np.broadcast_to(values[..., None, None], (*values.shape, 6, 10)).copy()
    xr.Dataset(
        {"x": (("member", "time", "lat", "lon"), cells)},
        coords={
            "member": np.arange(members),
            "time": START + STEP * np.asarray(steps),
            "lat": ("lat", LAT, {"units": "degrees_north"}),
            "lon": ("lon", LON, {"units": "degrees_east"}),
        },
    ).to_netcdf(path)
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write(tmp_path_factory.mktemp("members") / "members.nc")


def parts_of(file, history=2, **options):
    options = ForecastOptions(
        fields=(str(file),), sampling="own", history=history, **options
    )
    series = open_series(options)
    samples = sample_parts(options, series, history, only_test=False)
    return read_parts(options, series, samples, history)


def states(part):
    """Return the states of each window, ``(windows, history + steps)``."""
    found = [part.windows[i] for i in part.indices]
    return np.array([[*one.x[:, 0, 0], *one.y[:, 0, 0]] for one in found])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"validation": "2001-01-05", "test": "2001-01-07/2001-01-08", "steps": 2},
        {"train": "member=0", "validation": "member=1", "test": "member=2"},
        {"gap": 2, "validation": "0.3", "scored_steps": 2},
    ],
)
def test_windows_cross_neither_members_nor_gaps_nor_parts(file, options):
    found = {name: states(part) for name, part in parts_of(file, **options).items()}
    assert list(found) == ["train", "validation", "test"]
    for windows in found.values():
        assert len(windows) and (np.diff(windows, axis=1) == 1).all()
    seen = [set(windows.ravel()) for windows in found.values()]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def test_every_window_of_every_part_is_found(file):
    """Against a count of the consecutive steps in each part, member by member."""
    found = parts_of(file, history=3, steps=2, scored_steps=1)
    distinct = np.sort(STEPS)
    held = round(0.15 * len(distinct))
    cuts = np.split(distinct, [-2 * held, -held])
    for (name, part), steps in zip(found.items(), cuts, strict=True):
        length = 3 + (2 if name == "train" else 1)
        whole = [s for s in steps if set(range(s, s + length)) <= set(steps)]
        right = sorted(100 * m + s for m in range(MEMBERS) for s in whole)
        assert sorted(states(part)[:, 0]) == right


def test_missing_states_are_gaps(tmp_path):
    path = write(tmp_path / "all.nc", range(30), 1)
    data = xr.load_dataset(path)
    data["x"][:, 5] = np.nan
    data["x"][:, 8, 0] = np.nan
    data.to_netcdf(tmp_path / "gaps.nc")
    part = parts_of(tmp_path / "gaps.nc", history=1)["train"]
    first = [part.samples[part.windows.present[i]] for i in part.indices]
    # Neither from the missing state nor to it; states with some values count.
    assert first == [*range(4), *range(6, 21)]


def test_two_states_at_one_time_are_refused(tmp_path):
    path = write(tmp_path / "twice.nc", [0, 1, 2, 2, 3], 1)
    with pytest.raises(ValueError, match="along time twice"):
        parts_of(path)

"""``deepsphere-pyg stations``: the whole command on a few stations."""

import csv
import gzip
import json

import numpy as np
import pytest

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.commands.stations.climatology import climatology, year_fraction
from deepsphere_pyg.commands.stations.regressions import (
    pooled_regression,
    station_regressions,
)
from deepsphere_pyg.datasets import StationSeries

pytestmark = pytest.mark.usefixtures("coarse_pictures")
SMALL = "--epochs 1 --widths 4 --k 3 --threads 1 --device cpu".split()


def run(out, *options):
    return main(["stations", "--out", str(out), *SMALL, *map(str, options)])


def rows_of(folder):
    with (folder / "results.csv").open(newline="") as file:
        return {(row["method"], row["part"]): row for row in csv.DictReader(file)}


@pytest.fixture
def hourly(tmp_path):
    """A file of 60 stations and 24 hours, a tenth of whose reports are missing."""
    xarray = pytest.importorskip("xarray")
    random = np.random.default_rng(0)
    lon, lat = random.uniform(-120, -70, 60), random.uniform(25, 50, 60)
    # The last station stands where the first does.
    lon[59], lat[59] = lon[0], lat[0]
    values = 30 - 0.5 * lat[:, None] + np.sin(np.arange(24) / 4 + lon[:, None] / 15)
    values[random.uniform(size=values.shape) < 0.1] = np.nan
    data = {"T": (("station", "hour"), values, {"units": "degC"})}
    places = {"lat": ("station", lat), "lon": ("station", lon)}
    names = {"station": [f"S{i}" for i in range(60)], "hour": np.arange(24)}
    xarray.Dataset(data, {**places, **names}).to_netcdf(tmp_path / "reports.nc")
    return tmp_path / "reports.nc"


def test_generated_days_are_predicted_beside_the_optimum(tmp_path, capsys):
    given = ("--n-stations", 30, "--n-days", 60, "--seeds", 0, 1)
    methods = ("--methods", "persistence", "climatology", "order-1", "optimum")
    assert run(tmp_path, *given, *methods) == 0
    text = capsys.readouterr().out
    assert "generated: 60 times, 30 stations, T, 100.0 % of the reports" in text
    assert "| optimum of 5 days |" in text and "| optimum of all days |" in text
    rows = rows_of(tmp_path)
    # Only networks have a result for each seed.
    assert len(rows) == 5 and ("order-1", "1") in rows
    mse = {name: float(row["mse"]) for (name, _), row in rows.items()}
    assert mse["optimum"] < min(mse["persistence"], mse["climatology"])
    assert int(rows["optimum", "0"]["reports"]) == 18 * 30
    assert (tmp_path / "errors.png").exists()
    facts = json.loads((tmp_path / "metrics.json").read_text())
    limits = list(facts["limits"].values())
    assert limits[1] <= limits[0] < 17

    assert run(tmp_path, *given, *methods) == 2
    assert "pass --resume to continue the table" in capsys.readouterr().err
    more = (*methods, "pooled-regression")
    assert run(tmp_path, *given, *more, "--resume") == 0
    assert "order-1, seed" not in capsys.readouterr().out
    assert ("pooled-regression", "0") in rows_of(tmp_path)


def test_hours_are_interpolated_and_predicted(hourly, tmp_path, capsys):
    pytest.importorskip("sklearn")
    file = ("--data", "hourly", "--file", hourly)
    assert run(tmp_path / "a", *file, "--folds", 2, "--masks", 1) == 0
    text = capsys.readouterr().out
    assert "1 stations stand where another does, and are merged" in text
    rows = rows_of(tmp_path / "a")
    assert len(rows) == 12
    counts = [int(rows["kriging", part]["reports"]) for part in "01"]
    assert 0.85 * 59 * 24 < sum(counts) < 0.95 * 59 * 24
    # All are tested on the same reports, all of which are held out once.
    assert {row["reports"] for row in rows.values()} == set(map(str, counts))

    assert run(tmp_path / "b", *file, "--task", "next-hour") == 0
    rows = rows_of(tmp_path / "b")
    assert {name for name, _ in rows} == {
        *("persistence", "pooled-regression", "station-regression"),
        *("order-0", "order-4"),
    }
    assert int(rows["persistence", "0"]["reports"]) < 8 * 59


def test_reports_of_noaa_are_predicted_in_both_elements(tmp_path):
    lines, rows = [], []
    days = np.arange("2011-01-01", "2012-01-01", dtype="datetime64[D]")
    random = np.random.default_rng(0)
    for i in range(8):
        name = f"USW0000000{i}"
        lines.append(f"{name} {40 + i:8.4f} {-80 - 2 * i:9.4f} {100.0:6.1f}    NAME\n")
        for t, day in enumerate(days):
            date = str(day).replace("-", "")
            for element in ("TMIN", "TMAX"):
                value = round(100 * np.cos(t / 58) + 30 * random.normal())
                rows.append(f"{name},{date},{element},{value},,,W,2400\n")
    (tmp_path / "ghcnd-stations.txt").write_text("".join(lines))
    with gzip.open(tmp_path / "2011.csv.gz", "wt") as file:
        file.writelines(rows)
    given = ("--data", "ghcn", "--root", tmp_path, "--years", 2011)
    methods = ("--methods", "persistence", "station-regression", "order-1")
    assert run(tmp_path / "out", *given, *methods) == 0
    found = rows_of(tmp_path / "out")
    # The last 110 of 365 days, at 8 stations, of two elements.
    assert {row["reports"] for row in found.values()} == {str(110 * 8 * 2)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--data", "hourly"), "--file is required by --data hourly: a NetCDF file"),
        (("--data", "ghcn"), "--root is required by --data ghcn: the folder of ghcnd"),
        (("--file", "a.nc"), "--file is of --data hourly, got --data generated; leav"),
        (
            ("--task", "next-hour"),
            "--task of --data generated must be next-day, day-of-",
        ),
        (("--methods", "krige"), "--methods of this task must be persistence, clim"),
        (("--n-days", "8"), "--past 5 leaves 1 of 8 times to train on, fewer than 5"),
        (("--n-stations", "0"), "--n-stations must be at least 1, got 0"),
        (("--seeds", "1", "1"), "--seeds must be distinct values, got 1 1"),
        (
            ("--task", "interpolate", "--n-stations", "30", "--n-days", "2"),
            "--folds must be from 2 to a twentieth of the 30 stations, got 5",
        ),
    ],
)
def test_options_without_sense_are_refused(options, message, tmp_path, capsys):
    assert run(tmp_path, *options) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "metrics.json").exists()


def daily(n, values):
    times = np.datetime64("2011-03-01") + np.arange(n)
    return StationSeries(["a"], [0.0], [0.0], times, values, ["T"], "degC")


def test_the_climatology_follows_seasons_through_leap_days():
    n = 3 * 365 + 1
    days = daily(n, np.zeros((n, 1, 1)))
    fraction = year_fraction(days)
    leap = np.flatnonzero(days.times == np.datetime64("2012-02-29"))[0]
    assert fraction[leap] == pytest.approx(59 / 366)
    assert 0 <= fraction.min() and fraction.max() < 1
    season = 8 + 5 * np.cos(2 * np.pi * fraction) - np.sin(4 * np.pi * fraction)
    values = season[:, None, None].copy()
    values[::7] = np.nan
    found = climatology(daily(n, values), 700)
    # Least squares of 600 values near ten.
    np.testing.assert_allclose(found[:, 0, 0], season, rtol=0, atol=1e-10)
    # Fewer than ten reports tell no season.
    values[:] = np.nan
    values[:9] = 1.0
    assert np.isnan(climatology(daily(n, values), 700)).all()


def test_regressions_find_linear_recurrences_and_leave_gaps():
    n = 400
    values = np.zeros((n, 3, 1))
    random = np.random.default_rng(1)
    values[:2] = random.normal(size=(2, 3, 1))
    for t in range(2, n):
        values[t] = 1.2 * values[t - 1] - 0.9 * values[t - 2]
        values[t] += 30 * random.normal(size=(3, 1)) * (t % 10 == 0)
    kicked = np.arange(n) % 10 == 0
    found = pooled_regression(values, 2, 300)
    quiet = np.where(kicked[:, None, None], np.nan, values)
    target = quiet.copy()
    # Without kicks the function is exact.
    exact = pooled_regression(target, 2, 300)
    known = np.isfinite(exact) & np.isfinite(quiet)
    np.testing.assert_allclose(exact[known], quiet[known], atol=1e-9)
    assert np.isnan(exact[1:3]).all() and np.isfinite(found[2:]).all()
    own = station_regressions(values, 2, 300)
    assert np.nanmean((own - values)[300:] ** 2) < 1.1 * np.nanmean(
        (found - values)[300:] ** 2
    )
    # A constant station is predicted by its value, with any number of hours.
    still = np.full((9, 1, 1), 7.0)
    np.testing.assert_allclose(station_regressions(still, 5, 7)[5:], 7.0, rtol=1e-12)

"""``deepsphere-pyg stations --task day-of-year``: the season from a day's map."""

import csv
import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.commands.stations.day_of_year import DayOfYear, day_number, season
from deepsphere_pyg.commands.stations.options import StationsOptions
from deepsphere_pyg.commands.stations.regressions import ridge_regression
from deepsphere_pyg.datasets import StationSeries

pytestmark = pytest.mark.usefixtures("coarse_pictures")
SMALL = "--epochs 1 --widths 4 --k 3 --threads 1 --device cpu".split()
SIZE = ("--task", "day-of-year", "--n-stations", "10", "--n-days", "600")


def run(out, *options):
    return main(["stations", "--out", str(out), *SMALL, *options])


def test_the_command_compares_networks_with_simple_methods(tmp_path, capsys):
    assert run(tmp_path, *SIZE) == 0
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert set(rows) == {*DayOfYear.simple, "order-0", "order-4"}
    # The last 30 % of the days.
    assert {row["reports"] for row in rows.values()} == {"180"}
    mse = {name: float(row["mse"]) for name, row in rows.items()}
    assert mse["station-regression"] < mse["pooled-regression"] < mse["mean"]
    assert "| method | MSE | MAE | R² |" in capsys.readouterr().out
    assert (tmp_path / "errors.png").exists()


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 12, 31)))
def test_days_are_counted_through_leap_years(date):
    number = day_number(np.array([date], dtype="datetime64[D]"))[0]
    assert number == date.timetuple().tm_yday
    assert season(number) == pytest.approx(np.sin(np.pi * number / 367) ** 2)


def clear_days(n=3 * 365 + 1, missing=False):
    """Temperatures of three stations without weather, in phases of their own."""
    times = np.datetime64("2011-01-01") + np.arange(n)
    turns = 2 * np.pi * (day_number(times) - 1) / 365.25
    values = np.stack([10 * np.cos(turns - lag) for lag in (0.4, 2.0, 3.6)], axis=1)
    if missing:
        values[::5, 1] = np.nan
        values[-1] = np.nan
    names = ["a", "b", "c"]
    lon, lat = [0.0, 100.0, -100.0], [40.0, 30.0, -40.0]
    return StationSeries(names, lon, lat, times, values[..., None], ["T"], "degC")


@pytest.mark.parametrize("missing", [False, True])
def test_days_without_weather_tell_their_season(missing):
    task = DayOfYear(StationsOptions(task="day-of-year"), clear_days(missing=missing))
    scored = task.scored(0)
    # The last day has no report of any station.
    assert scored.sum() == len(scored) - task.n_train - missing
    errors = {}
    for method in DayOfYear.simple:
        values = task.answer(method, 0).values
        assert np.isnan(values[: task.n_train]).all()
        errors[method] = np.abs(values - task.truth)[scored].max()
    # Seasons of neighbouring days differ by at most pi / 367.
    assert errors["climatology"] < 2 * np.pi / 367
    assert errors["mean"] > 0.4
    if not missing:
        assert errors["station-regression"] < 0.02 < errors["pooled-regression"]


def test_ridge_regression_finds_linear_functions_of_more_inputs_than_samples():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(60, 100))
    slope = random.normal(size=100)
    target = inputs @ slope + 3
    found = ridge_regression(inputs, target, slice(0, 40), slice(40, 60))
    # Without a penalty, the shortest slope that fits the 40 samples.
    centred = inputs[:40] - inputs[:40].mean(0)
    shortest = np.linalg.lstsq(centred, target[:40] - target[:40].mean(), rcond=None)[0]
    np.testing.assert_allclose(found[:40], target[:40], rtol=0, atol=0.5)
    wanted = target[:40].mean() + (inputs - inputs[:40].mean(0)) @ shortest
    assert np.corrcoef(found[40:], wanted[40:])[0, 1] > 0.99
    # Inputs that never change tell nothing.
    flat = ridge_regression(np.ones((60, 2)), target, slice(0, 40), slice(40, 60))
    np.testing.assert_allclose(flat, target[:40].mean())


def test_less_than_a_year_is_refused(tmp_path, capsys):
    assert run(tmp_path, *SIZE[:-1], "500") == 2
    wanted = "must be at least 366, got 350 of 500; pass --n-days 524"
    assert wanted in capsys.readouterr().err

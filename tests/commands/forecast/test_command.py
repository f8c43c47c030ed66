"""``forecast``: series in files in, forecasts with times and grid out."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
import xarray as xr
import yaml

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.commands.forecast import memory
from deepsphere_pyg.commands.options.kept import read_kept
from tests.commands.forecast.series import (
    LAT,
    LON,
    START,
    STEP,
    Linear,
    dataset,
    oscillation,
)

pytestmark = pytest.mark.usefixtures("coarse_pictures_of_module")
LENGTH = 60
NETWORK = ["--model", f"{Linear.__module__}.Linear", "--sampling", "own"]
PIXEL = ["--network", "pixel", "--nside", "2", "--weighting", "heat"]
# The linear law is approached, since training stops; states are of size 1 to 3.
CLOSE = 0.05


def command(*options):
    try:
        return main(["forecast", *map(str, options)])
    except SystemExit as end:
        return end.code


def train(file, out, *options, network=NETWORK):
    start = ["--fields", file, *network, "--threads", 1, "--batch-size", 16]
    return command(*start, "--lr", 0.1, "--out", out, *options)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("series") / "series.nc"
    dataset(range(LENGTH)).to_netcdf(path)
    return path


@pytest.fixture(scope="module")
def run(file, tmp_path_factory, coarse_pictures_of_module):
    """A linear network that learns the oscillation, on the shell."""
    out = tmp_path_factory.mktemp("forecast") / "run"
    options = "--inputs u v --steps 2 --scored-steps 4 --epochs 30 --n-rollouts 99"
    assert train(file, out, *options.split()) == 0
    return out


def test_scores_are_those_of_the_file_of_forecasts(file, run):
    """Against errors computed with NumPy from the files."""
    rows = json.loads((run / "metrics.json").read_text())["test"]
    found, truth = xr.load_dataset(run / "predictions.nc"), xr.load_dataset(file)
    area = read_kept(run / "best.ckpt").sampling.weights.reshape(6, 10)
    weights = xr.DataArray(area, dims=("lat", "lon"))

    def rmse(error):
        return np.sqrt((error**2 * weights).sum(("lat", "lon")).mean() / weights.sum())

    held = 9  # The nearest integer to 15 % of 60.
    climatology = truth.isel(time=slice(LENGTH - 2 * held)).mean("time")
    assert [(row["variable"], row["lead"]) for row in rows] == [
        (name, lead) for name in "uv" for lead in (1, 2, 3, 4)
    ]
    for row in rows:
        name, lead = row["variable"], row["lead"]
        forecast = found[name].isel(lead=lead - 1)
        right = truth[name].sel(time=forecast.valid_time).drop_vars("time")
        before = truth[name].sel(time=forecast.init_time).drop_vars("time")
        right = right.transpose(*forecast.dims)
        for who, error in (
            ("rmse", forecast - right),
            ("persistence", before - right),
            # The climatology is of both members.
            ("climatology", climatology[name].mean("member") - right),
        ):
            assert row[who] == pytest.approx(float(rmse(error)), rel=1e-3, abs=1e-5)
        assert row["skill"] == pytest.approx(1 - row["rmse"] / row["persistence"])
        assert (row["unit"], row["lead_time"]) == ("m s-1", f"{6 * lead} h")
        assert row["skill"] > 0.9 and row["rmse"] < 0.1 * row["climatology"]
    with (run / "scores.csv").open() as lines:
        assert len(list(csv.DictReader(lines))) == len(rows)


def test_forecasts_follow_the_law_from_each_initial_time(run):
    found = xr.load_dataset(run / "predictions.nc")
    assert found.u.dims == ("member", "init_time", "lead", "lat", "lon")
    assert dict(found.sizes) == {
        **{"member": 2, "init_time": 5, "lead": 4},
        **{"lat": 6, "lon": 10},
    }
    first = START + STEP * (LENGTH - 9)
    np.testing.assert_array_equal(found.init_time, first + STEP * np.arange(5))
    valid = found.init_time.values[:, None] + STEP * np.arange(1, 5)
    np.testing.assert_array_equal(found.valid_time, valid)
    assert found.lead.attrs["standard_name"] == "forecast_period"
    assert found.init_time.attrs["standard_name"] == "forecast_reference_time"
    assert found.u.attrs["units"] == "m s-1"
    for i in range(5):
        steps = LENGTH - 9 + i + 1 + np.arange(4)
        for name, right in zip("uv", oscillation(steps), strict=True):
            np.testing.assert_allclose(found[name][:, i], right, atol=CLOSE)


def test_forecasts_go_on_beyond_the_file(run, tmp_path, capsys):
    best = run / "best.ckpt"
    options = ["--checkpoint", best, "--from", "last", "--lead", 6, "--out", tmp_path]
    assert command(*options) == 0
    assert "6 steps of 6 h of 2 members" in capsys.readouterr().out
    found = xr.load_dataset(tmp_path / "predictions.nc")
    assert found.v.dims == ("member", "time", "lat", "lon")
    steps = LENGTH + np.arange(6)
    np.testing.assert_array_equal(found.time, START + STEP * steps)
    assert found.time.attrs["standard_name"] == "time"
    assert found.init_time.values == START + STEP * (LENGTH - 1)
    np.testing.assert_array_equal(found.member, [3, 7])
    for name, right in zip("uv", oscillation(steps), strict=True):
        np.testing.assert_allclose(found[name], right, atol=CLOSE)
    assert (tmp_path / "forecast.png").exists()


def test_forecasts_start_at_any_time_of_any_file(run, tmp_path):
    other = tmp_path / "other.nc"
    # A state, and times whose states are not known yet.
    late = dataset(range(100, 103))
    late[["u", "v"]] = late[["u", "v"]].where(late.time < START + STEP * 102)
    late.isel(member=[1]).to_netcdf(other)
    for start, step in (("last", 101), ("2001-01-26T00", 100)):
        out = tmp_path / start
        options = ["--fields", other, "--from", start, "--lead", 2, "--out", out]
        assert command("--checkpoint", run / "best.ckpt", *options) == 0
        found = xr.load_dataset(out / "predictions.nc")
        u, _ = oscillation([step + 1, step + 2])
        np.testing.assert_allclose(found.u, u[1:], atol=CLOSE)


def test_a_checkpoint_brings_all_and_tests_other_files(run, tmp_path, capsys):
    best = run / "best.ckpt"
    assert command("--checkpoint", best, "--out", tmp_path / "a") == 0
    again, before = (
        json.loads((place / "metrics.json").read_text())["test"]
        for place in (tmp_path / "a", run)
    )
    assert [row["rmse"] for row in again] == pytest.approx(
        [row["rmse"] for row in before], rel=1e-5
    )
    other = tmp_path / "other.nc"
    dataset(range(200, 208)).to_netcdf(other)
    capsys.readouterr()
    options = ["--fields", other, "--epochs", 3, "--scored-steps", 5]
    options += ["--out", tmp_path / "b"]
    assert command("--checkpoint", best, *options) == 0
    said = capsys.readouterr().out
    assert "6 for testing" in said and "ignored    --epochs" in said
    coarse = tmp_path / "coarse.nc"
    dataset(range(0, 40, 2)).to_netcdf(coarse)
    assert command("--checkpoint", best, "--fields", coarse) == 2
    assert "steps of 6 h" in capsys.readouterr().err


def test_the_configuration_of_a_run_runs_it_again(run, tmp_path):
    kept = yaml.safe_load((run / "config.yaml").read_text())
    assert kept["inputs"] == ["u", "v"] and kept["scored_steps"] == 4
    options = ["--config", run / "config.yaml", "--out", tmp_path / "run"]
    assert command(*options, "--epochs", 1) == 0
    one, other = (
        (place / "history.csv").read_text().splitlines()
        for place in (tmp_path / "run", run)
    )
    assert len(one) == 2 and one[0] == other[0]


@pytest.mark.slow
def test_interrupted_trainings_go_on_to_the_same_weights(
    file, tmp_path, stopped_after, capsys
):
    options = ["--epochs", 2, "--predict", "state", "--history", 2]
    assert train(file, tmp_path / "whole", *options, network=PIXEL) == 0
    with stopped_after(1):
        train(file, tmp_path / "part", *options, network=PIXEL)
    assert train(file, tmp_path / "part", *options, network=PIXEL) == 2
    assert "pass --resume" in capsys.readouterr().err
    options.append("--resume")
    one = [*options, "--history", 1]
    assert train(file, tmp_path / "part", *one, network=PIXEL) == 2
    assert "trained with --history 2" in capsys.readouterr().err
    assert train(file, tmp_path / "part", *options, network=PIXEL) == 0
    whole, part = (
        torch.load(tmp_path / name / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("whole", "part")
    )
    for name, weights in whole.items():
        torch.testing.assert_close(part[name], weights, rtol=0, atol=0)


@pytest.mark.slow
def test_two_processes_that_share_each_map_train_as_one(file, tmp_path):
    options = ["--fields", file, "--inputs", "u", "v", "--steps", 2, "--epochs", 1]
    options += ["--network", "small", "--nside", 8, "--K", 2, "--weighting", "heat"]
    # Not Adam, which divides by gradients, of which those that vanish are round-off.
    options += ["--optimizer", "sgd", "--lr", 0.01, "--schedule", "constant"]
    options += ["--batch-size", 8, "--threads", 1, "--trainer.precision", "64-true"]
    assert command(*options, "--out", tmp_path / "one") == 0
    shared = ["--trainer.strategy", "space", "--trainer.devices", 2]
    words = ["forecast", *options, *shared, "--out", tmp_path / "two"]
    done = subprocess.run(
        [sys.executable, "-m", "deepsphere_pyg", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("scores on") == 1
    one, two = (
        json.loads((tmp_path / name / "metrics.json").read_text())["test"]
        for name in ("one", "two")
    )
    assert len(one) == len(two) == 4
    for row, other in zip(one, two, strict=True):
        for score in ("rmse", "skill", "acc"):
            # Forecasts are kept in single precision.
            assert other[score] == pytest.approx(row[score], rel=1e-5, abs=1e-5)


@pytest.fixture(scope="module")
def forced(tmp_path_factory):
    """Months of t, whose increment is a forcing times a static field, NaN on land."""
    path = tmp_path_factory.mktemp("forced") / "forced.nc"
    rng = np.random.default_rng(1)
    forcing = rng.normal(size=(40, 6, 10)).astype(np.float32)
    depth = np.linspace(-0.2, 0.2, 60, dtype=np.float32).reshape(6, 10)
    t = np.cumsum(forcing + depth, axis=0)
    t[:, :, 9] = np.nan
    t[36:] = np.nan
    months = np.arange("1999-11", "2003-03", dtype="M8[M]").astype("M8[ns]")
    grid = ("time", "lat", "lon")
    xr.Dataset(
        {"t": (grid, t), "sun": (grid, forcing), "depth": (grid[1:], depth)},
        coords={
            "time": months,
            "lat": ("lat", LAT, {"units": "degrees_north"}),
            "lon": ("lon", LON, {"units": "degrees_east"}),
        },
    ).to_netcdf(path)
    return path


def test_forcing_and_static_fields_and_missing_values(forced, tmp_path, capsys):
    """t(next) = t + sun(next) + depth, in the ocean alone, by months."""
    options = ["--forcing", "sun", "--static", "depth", "--epochs", 25]
    options += ["--test", "0.25", "--batch-size", 4]
    assert train(forced, tmp_path / "run", *options) == 0
    assert (
        "40 states, 1 month apart, of t; 4 states missing; forcing sun"
        in capsys.readouterr().out
    )
    best = tmp_path / "run/best.ckpt"
    out = tmp_path / "ahead"
    options = ["--checkpoint", best, "--from", "last", "--lead", "4", "--out", out]
    assert command(*options) == 0
    given, found = xr.load_dataset(forced), xr.load_dataset(out / "predictions.nc")
    assert [str(t)[:7] for t in found.time.values] == [
        *("2002-11", "2002-12", "2003-01", "2003-02")
    ]
    step = given.sun[36:] + given.depth
    right = given.t[35].to_numpy() + np.cumsum(step.to_numpy(), axis=0)
    np.testing.assert_allclose(found.t[..., :9], right[..., :9], atol=0.1)
    assert found.t[..., 9].isnull().all()
    assert command(*options[:-3], "5", "--out", tmp_path / "more") == 2
    assert "pass --lead 4" in capsys.readouterr().err


def test_a_series_larger_than_memory_is_refused(file, tmp_path, capsys, monkeypatch):
    assert (memory.available_memory() or 1) > 0
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    assert train(file, tmp_path / "run", "--inputs", "u") == 2
    said = capsys.readouterr().err
    assert "120 states, 60 vertices and 1 channel" in said
    assert "pass a coarser --sampling" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "last"], "pass --checkpoint"),
        (["--lead", "3"], "pass --from last"),
        (["--test", "all"], "--test all needs --checkpoint"),
        (["--test", "other.nc"], "test other files with --checkpoint FILE --fields"),
        (["--test", "1.5"], "between 0 and 1"),
        (["--scored-steps", "20"], "--validation 0.15 must have 21 consecutive"),
        (["--train", "2001-01-01T00/2001-01-01T06", "--steps", "4"], "fewer --steps"),
        (["--history", "0"], "--history must be at least 1"),
        (["--lead", "0"], "pass --from"),
        (["--step-weights", "1", "2"], "--step-weights must be one for each of 1"),
        (["--gap", "-1"], "--gap must be at least 0"),
        (["--inputs", "u", "--static", "v"], "pass it as --forcing v"),
        (["--inputs", "w"], "w"),
        (["--select", "time=2001-01-01T00"], "at least two values of time"),
        (["--checkpoint", "none.ckpt"], "none.ckpt"),
        (["--checkpoint", "RUN", "--resume"], "pass one of them"),
        (["--checkpoint", "RUN", "--from", "2001-01-03"], "stands for 4 times"),
        (["--checkpoint", "RUN", "--from", "2031-01-03"], "has no values"),
        (["--checkpoint", "RUN", "--sampling", "healpix:2"], "leave out --sampling"),
        (["--checkpoint", "RUN", "--inputs", "v", "u"], "name the same --inputs"),
    ],
)
def test_what_cannot_be_is_told_in_words_of_the_shell(
    file, run, tmp_path, capsys, options, message
):
    options = [str(run / "best.ckpt") if one == "RUN" else one for one in options]
    if "--checkpoint" in options:
        status = command(*options, "--out", tmp_path / "run")
    else:
        status = train(file, tmp_path / "run", "--epochs", 1, *options)
    assert status == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith("deepsphere-pyg forecast: error: ")
    assert not (tmp_path / "run").exists()

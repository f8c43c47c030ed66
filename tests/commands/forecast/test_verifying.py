"""Scores of the command: references and definitions on laws that are known."""

import json

import numpy as np
import pytest
import xarray as xr

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.commands.forecast.options import NAMED_REGIONS
from deepsphere_pyg.commands.forecast.references import bandlimit_of
from deepsphere_pyg.metrics.forecast import REGIONS
from samplings import Equiangular, HEALPix, Irregular

pytestmark = pytest.mark.usefixtures("coarse_pictures_of_module")
#: Factors of the zonal harmonics 1 and 2 in a day, and a wave of the year.
RHO, DAYS = (0.9, 0.5), 800


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A red process in two harmonics about a season, on a grid with exact weights."""
    path = tmp_path_factory.mktemp("series") / "series.nc"
    grid = Equiangular(8, 16)
    lat, lon = grid.to_grid(grid.lat)[:, 0], grid.to_grid(grid.lon)[0]
    z = np.sin(np.deg2rad(lat))
    draw = np.random.default_rng(0)
    shapes = (z, (3 * z**2 - 1) / 2)
    states = np.zeros((DAYS, len(z)))
    for rho, shape in zip(RHO, shapes, strict=True):
        a = draw.normal()
        for day in range(DAYS):
            states[day] += a * shape
            a = rho * a + np.sqrt(1 - rho**2) * draw.normal()
    season = 5 * np.cos(2 * np.pi * np.arange(DAYS) / 365.25)[:, None]
    field = np.repeat((states + season)[..., None], len(lon), -1)
    xr.Dataset(
        {"t": (("time", "lat", "lon"), field.astype(np.float32), {"units": "K"})},
        coords={
            "time": np.datetime64("2001-01-01", "ns")
            + np.arange(DAYS) * np.timedelta64(1, "D"),
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    ).to_netcdf(path)
    return path


def run(file, out, *options):
    model = "tests.commands.forecast.series.Linear"
    start = ["--fields", file, "--model", model, "--sampling", "own", "--epochs", 1]
    start += ["--threads", 1, "--batch-size", 64, "--scored-steps", 3, "--out", out]
    try:
        status = main(["forecast", *map(str, [*start, *options])])
    except SystemExit as end:
        status = end.code
    return status


@pytest.fixture(scope="module")
def seasonal(file, tmp_path_factory, coarse_pictures_of_module):
    out = tmp_path_factory.mktemp("run") / "run"
    options = ["--climatology", "day-hour", "--regions", "global", "tropics"]
    assert run(file, out, *options, "--definition", "weatherbench2") == 0
    return out, json.loads((out / "metrics.json").read_text())


def test_references_are_those_of_the_law(seasonal):
    out, metrics = seasonal
    rows = metrics["test"]
    assert [(r["region"], r["lead"]) for r in rows] == [
        (region, lead) for region in ("global", "tropics") for lead in (1, 2, 3)
    ]
    assert metrics["regression"] == "degree"
    assert metrics["definition"] == "weatherbench2"
    for row in rows[:3]:
        # The season is known to the climatology, not to persistence alone; what is
        # left are the two harmonics, of mean squares 1/3 and 1/5.
        assert row["climatology"] < 1.0
        assert row["regression"] < min(row["persistence"], row["climatology"])
        assert row["acc_regression"] > 0.2
    # Errors of the best linear forecast, sqrt(sum (1 - rho^2 lead) / (2 l + 1)).
    # The climatology and a test of 120 correlated days are uncertain by a few tenths.
    wanted = np.sqrt(sum((1 - rho**2) / (2 * i + 3) for i, rho in enumerate(RHO)))
    assert rows[0]["regression"] == pytest.approx(wanted, rel=0.3)
    assert rows[0]["activity"] > 0
    for name in ("lead_errors", "error_growth", "spectra", "hovmoller", "forecast"):
        assert (out / f"{name}.png").stat().st_size > 1000


def test_a_checkpoint_has_the_mean_of_the_training_alone(seasonal, file, tmp_path):
    out, _ = seasonal
    best = out / "best.ckpt"
    options = ["forecast", "--checkpoint", str(best), "--out", str(tmp_path / "a")]
    assert main([*options, "--definition", "weatherbench1"]) == 0
    metrics = json.loads((tmp_path / "a/metrics.json").read_text())
    assert metrics["regression"] is None
    assert metrics["test"][0]["regression"] is None
    assert metrics["test"][0]["acc"] is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--regions", "atlantis"], "--regions must be of global, tropics"),
        (["--hovmoller", "60", "30"], "--hovmoller must be a south and a north"),
        (["--definition", "wb2"], "weatherbench2"),
    ],
)
def test_options_are_checked(file, tmp_path, capsys, options, message):
    assert run(file, tmp_path / "run", *options) == 2
    assert message in capsys.readouterr().err


def test_a_climatology_by_season_needs_the_training_times(seasonal, tmp_path, capsys):
    best = seasonal[0] / "best.ckpt"
    options = ["--checkpoint", str(best), "--climatology", "month"]
    with pytest.raises(SystemExit) as end:
        raise SystemExit(main(["forecast", *options, "--out", str(tmp_path)]))
    assert end.value.code == 2
    assert "a checkpoint keeps the mean alone" in capsys.readouterr().err


def test_names_of_regions_are_those_of_the_metrics():
    assert NAMED_REGIONS == tuple(REGIONS)


def test_bandlimits_are_those_that_samplings_resolve():
    assert bandlimit_of(Equiangular(8, 16)) == 8
    assert bandlimit_of(HEALPix(4)) == 8
    grid = HEALPix(4)
    assert bandlimit_of(grid[grid.lat > 0]) is None
    assert bandlimit_of(Irregular(grid.xyz, grid.weights)) == 6

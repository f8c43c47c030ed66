"""``regress``, ``classify`` and ``predict``: own files in, own results out."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.commands.fields import data
from deepsphere_pyg.commands.options.fields import part_of
from deepsphere_pyg.datasets import FieldMaps
from deepsphere_pyg.training import load_task
from samplings import HEALPix

pytestmark = pytest.mark.usefixtures("coarse_pictures")
xr = pytest.importorskip("xarray")
LAT, LON = np.linspace(-84, 84, 15), np.arange(30) * 12.0


class Linear(nn.Module):
    """A network of a user's own, which tells nothing of itself."""

    def __init__(self, n_in: int, n_out: int, sampling: HEALPix, width: int = 4):
        super().__init__()
        self.first, self.last = nn.Linear(n_in, width), nn.Linear(width, n_out)

    def forward(self, x):
        return self.last(self.first(x))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Twelve months of u, of t, which follows u, and of an index and a kind."""
    path = tmp_path_factory.mktemp("fields") / "fields.nc"
    rng = np.random.default_rng(0)
    level = np.linspace(-1, 1, 12)
    u = rng.normal(size=(12, 15, 30)) + 3 * level[:, None, None]
    time = np.arange("2001-01", "2002-01", dtype="M8[M]").astype("M8[ns]")
    xr.Dataset(
        {
            "u": (("time", "lat", "lon"), u, {"units": "m s-1"}),
            "t": (("time", "lat", "lon"), 250 + 5 * u, {"units": "K"}),
            "index": ("time", 10 * level),
            "kind": ("time", (level > 0).astype(np.int8)),
        },
        coords={
            "time": time,
            "lat": ("lat", LAT, {"units": "degrees_north"}),
            "lon": ("lon", LON, {"units": "degrees_east"}),
        },
    ).to_netcdf(path)
    return path


def command(name, *options):
    return main([name, *map(str, options)])


def train(name, file, out, *options):
    start = ["--fields", file, "--inputs", "u", "--nside", "4", "--weighting", "heat"]
    return command(name, *start, "--threads", "1", "--out", out, *options)


@pytest.fixture(scope="module")
def regression(file, tmp_path_factory):
    """A network of single pixels, which can learn t from u, on the shell."""
    out = tmp_path_factory.mktemp("regress") / "run"
    options = "--targets t --network pixel --epochs 60 --lr 0.03".split()
    assert train("regress", file, out, *options) == 0
    return out


def test_two_commands_lead_from_own_files_to_own_predictions(
    file, regression, tmp_path
):
    best, out = regression / "best.ckpt", tmp_path / "t.nc"
    assert command("predict", "--checkpoint", best, "--fields", file, "--out", out) == 0
    found, given = xr.load_dataset(out), xr.load_dataset(file)
    xr.testing.assert_equal(found.time, given.time)
    assert found.t.dims == given.t.dims and found.t.attrs["units"] == "K"
    # Predicted on pixels of the size of the cells, and carried back to them.
    error = (found.t - given.t).std()
    assert error < 0.8 * given.t.std()
    assert {path.name for path in tmp_path.iterdir()} == {"t.nc", "t.png"}


def test_a_linear_law_is_learned_and_reported_in_its_units(regression):
    metrics = json.loads((regression / "metrics.json").read_text())
    network, mean = metrics["test"]
    assert (network["predictor"], mean["predictor"]) == ("network", "training mean")
    assert network["rmse"] < 0.2 * mean["rmse"] and network["r2"] > 0.9
    assert load_task(regression / "best.ckpt").notes["target_units"] == ["K"]
    names = {path.name for path in regression.iterdir()}
    assert names >= {
        *("best.ckpt", "last.ckpt", "history.csv", "config.yaml", "metrics.json"),
        *("scores.csv", "predictions.nc", "map.png", "learning_curves.png"),
    }
    predictions = xr.load_dataset(regression / "predictions.nc")
    assert [str(t)[:7] for t in predictions.time.values] == ["2001-11", "2001-12"]


def test_scores_are_those_of_the_predictions(file, regression):
    """Against scores computed from arrays with NumPy."""
    (row, _) = json.loads((regression / "metrics.json").read_text())["test"]
    maps = FieldMaps(file, inputs=["u"], targets=["t"], sampling=HEALPix(4))
    task = load_task(regression / "best.ckpt")
    error = task.predict(maps.X[-2:]) - maps.y[-2:]
    # HEALPix pixels have equal areas.
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-4)
    assert row["bias"] == pytest.approx(np.mean(error), rel=1e-3, abs=1e-4)


@pytest.mark.slow
def test_after_a_training_of_two_processes_all_samples_are_tested(
    file, regression, tmp_path
):
    words = ["regress", "--fields", file, "--inputs", "u", "--nside", 4]
    words += ["--weighting", "heat", "--targets", "t", "--network", "pixel"]
    words += ["--epochs", 1, "--threads", 1, "--out", tmp_path / "run"]
    words += ["--trainer.devices", 2, "--trainer.strategy", "ddp"]
    command = [sys.executable, "-m", "deepsphere_pyg", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (_, mean), (_, wanted) = (
        json.loads((folder / "metrics.json").read_text())["test"]
        for folder in (tmp_path / "run", regression)
    )
    # The score of the training mean is one of the test maps alone.
    assert mean == pytest.approx(wanted)


def test_a_checkpoint_brings_all_and_tests_other_samples(
    file, regression, tmp_path, capsys
):
    best = regression / "best.ckpt"
    assert command("regress", "--checkpoint", best, "--out", tmp_path / "a") == 0
    again = json.loads((tmp_path / "a/metrics.json").read_text())["test"]
    before = json.loads((regression / "metrics.json").read_text())["test"]
    assert again[0]["rmse"] == pytest.approx(before[0]["rmse"], rel=1e-6)
    capsys.readouterr()
    options = ["--fields", file, "--epochs", 3, "--out", tmp_path / "b"]
    assert command("regress", "--checkpoint", best, *options) == 0
    said = capsys.readouterr().out
    assert "12 for testing" in said and "ignored    --epochs" in said
    options = ["--test", "2001-03/2001-05", "--nside", "8", "--out", tmp_path / "c"]
    assert command("regress", "--checkpoint", best, *options) == 0
    said = capsys.readouterr().out
    assert "3 for testing" in said
    assert "transfer   weights of healpix-4 move to healpix-8" in said


def test_the_configuration_of_a_run_runs_it_again(regression, tmp_path):
    kept = yaml.safe_load((regression / "config.yaml").read_text())
    assert kept["targets"] == ["t"] and "resume" not in kept
    options = ["--config", regression / "config.yaml", "--out", tmp_path / "run"]
    assert command("regress", *options, "--epochs", 1) == 0
    one, other = (
        (place / "history.csv").read_text().splitlines()
        for place in (tmp_path / "run", regression)
    )
    assert len(one) == 2 and one[0] == other[0]


def test_numbers_and_classes_of_whole_samples(file, tmp_path):
    options = ["--K", "2", "--epochs", "1", "--validation", "2001-06"]
    options += ["--test", "2001-11/2001-12"]
    out = tmp_path / "index"
    assert train("regress", file, out, "--targets", "index", *options) == 0
    found = xr.load_dataset(out / "predictions.nc")
    assert [dict(one.sizes) for one in found.data_vars.values()] == [{"time": 2}]
    out = tmp_path / "kind"
    assert train("classify", file, out, "--targets", "kind", *options) == 0
    rows = json.loads((out / "metrics.json").read_text())["test"]
    assert [row["samples"] for row in rows] == [0, 2]
    assert (out / "confusion.png").exists()


def test_networks_of_ones_own_by_import_path(file, tmp_path):
    path = f"{Linear.__module__}.Linear"
    options = ["--targets", "t", "--model", path, "--model.width", "3"]
    options += ["--epochs", "1", "--trainer.precision", "64-true"]
    assert train("regress", file, tmp_path / "run", *options) == 0
    best = tmp_path / "run/best.ckpt"
    state = torch.load(best, weights_only=True)["state_dict"]
    assert state["network.first.weight"].shape == (3, 1)
    assert state["network.first.weight"].dtype == torch.float64
    assert command("regress", "--checkpoint", best, "--out", tmp_path / "test") == 0
    one, other = (
        json.loads((tmp_path / name / "metrics.json").read_text())["test"][0]
        for name in ("run", "test")
    )
    assert one["rmse"] == pytest.approx(other["rmse"], rel=1e-5)


def test_interrupted_trainings_go_on(file, tmp_path, stopped_after):
    options = ["--targets", "t", "--network", "pixel", "--epochs", "3"]
    assert train("regress", file, tmp_path / "whole", *options) == 0
    with stopped_after(1):
        train("regress", file, tmp_path / "part", *options)
    assert train("regress", file, tmp_path / "part", *options) == 2
    assert train("regress", file, tmp_path / "part", *options, "--resume") == 0
    whole, part = (
        torch.load(tmp_path / name / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("whole", "part")
    )
    for name, weights in whole.items():
        torch.testing.assert_close(part[name], weights, rtol=0, atol=0)


def test_pretrained_networks_predict_at_once(tmp_path, capsys):
    out = tmp_path / "events.nc"
    options = ["--checkpoint", "climate-events-small", "--n-maps", "1", "--out", out]
    assert command("predict", *options) == 0
    assert "generated climate events" in capsys.readouterr().out
    found = xr.load_dataset(out)
    assert found.class_map.attrs["flag_meanings"] == "background TC AR"
    total = found.class_map_probability.sum("class")
    np.testing.assert_allclose(total, 1, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("regress", [], "--fields is required"),
        ("regress", ["--fields", "none.nc"], "--targets is required"),
        ("regress", ["--targets", "kind"], None),
        ("classify", ["--targets", "t"], "codes of classes"),
        ("regress", ["--targets", "t", "--test", "all"], "--test all needs --checkp"),
        ("regress", ["--targets", "t", "--test", "1.5"], "between 0 and 1"),
        ("regress", ["--targets", "index", "--network", "pixel"], "predicts maps"),
        ("regress", ["--targets", "t", "--sampling", "healpx"], "unknown sampling"),
        ("regress", ["--targets", "t", "--model", "nowhere.Net"], "nowhere"),
        ("regress", ["--targets", "t", "--trainer.precision", "x"], "precision"),
        ("predict", [], "--checkpoint is required"),
        ("predict", ["--checkpoint", "climate-event-small"], "climate-event-small"),
    ],
)
def test_what_cannot_be_is_told_in_words_of_the_shell(
    file, tmp_path, capsys, name, options, message
):
    if options and "none.nc" not in options and name != "predict":
        options = ["--fields", file, "--nside", "4", "--epochs", "1", *options]
        options += ["--out", tmp_path / "run", "--weighting", "heat"]
    try:
        status = command(name, *options)
    except SystemExit as end:
        status = end.code
    error = capsys.readouterr().err
    assert status == (0 if message is None else 2)
    if message is not None:
        assert message in error
        assert error.startswith(f"deepsphere-pyg {name}: error: ")
        assert not (tmp_path / "run").exists()


def test_pixels_have_about_the_size_of_the_cells(file):
    grid = FieldMaps(file, inputs=["u"])
    options = type("Named", (), {"sampling": None, "names_sampling": False})()
    # 450 cells are nearest to the 768 pixels of nside 8, and 192 of nside 4.
    assert len(data.sampling_for(options, grid)) in (192, 768)


def test_filled_parts_of_the_sphere_are_told(file, regression, tmp_path, capsys):
    whole = ["--checkpoint", regression / "best.ckpt", "--out", tmp_path / "new.nc"]
    assert command("predict", *whole, "--fields", file) == 0
    assert "filled  " not in capsys.readouterr().out
    north = tmp_path / "north.nc"
    with xr.open_dataset(file) as known:
        known.isel(lat=slice(7, None)).to_netcdf(north)
    assert command("predict", *whole, "--fields", north) == 0
    # Pixels of nside 4 south of the equator, beyond half a cell.
    outside = int((HEALPix(4).lat < -6).sum())
    assert f"filled     {outside} of 192 vertices" in capsys.readouterr().out


def test_maps_on_their_own_grid_are_not_called_regridded(file):
    grid = FieldMaps(file, inputs=["u"])
    assert data.regridded(grid) == "on the grid of the files"
    # All cells at a pole are one vertex.
    lat = np.linspace(-90, 90, 7)
    u = xr.DataArray(
        np.zeros((2, 7, 30)),
        coords={"time": [0, 1], "lat": lat, "lon": LON},
        dims=("time", "lat", "lon"),
        name="u",
    )
    with_poles = FieldMaps(u.to_dataset(), inputs=["u"], sample_dims=["time"])
    assert len(with_poles.sampling) < 7 * 30
    assert data.regridded(with_poles) == "on the grid of the files"
    moved = FieldMaps(file, inputs=["u"], sampling=HEALPix(8))
    assert data.regridded(moved) == "regridded by bilinear interpolation"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, None),
        ("0.2", 0.2),
        ("1950/1989", "1950/1989"),
        ("member=57,r1", {"member": [57.0, "r1"]}),
        ("/data/a=b/test.nc", "/data/a=b/test.nc"),
    ],
)
def test_parts_are_read_from_texts(text, part):
    assert part_of(text) == part

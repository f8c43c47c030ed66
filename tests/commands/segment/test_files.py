"""``segment`` on files: what a checkpoint knows need not be said again."""

import json

import numpy as np
import pytest

from deepsphere_pyg.commands.command_line import main

pytestmark = pytest.mark.usefixtures("coarse_pictures")
xr = pytest.importorskip("xarray")
LAT, LON = np.linspace(-85, 85, 18), np.arange(36) * 10.0


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "a.nc"
    values = np.random.default_rng(0).normal(size=(4, 2, 18, 36))
    zone = (np.abs(LAT) > 40)[:, None] * np.ones(36, int)
    xr.Dataset(
        {
            "t": (("time", "member_id", "lat", "lon"), values),
            "zone": (("lat", "lon"), zone),
        },
        coords={
            "time": np.arange(4),
            "member_id": ["r1i1p1f1", "r2i1p1f1"],
            "lat": ("lat", LAT, {"units": "degrees_north"}),
            "lon": ("lon", LON, {"units": "degrees_east"}),
        },
    ).to_netcdf(path)
    return path


def call(file, *options):
    start = ["segment", "--data", "netcdf", "--fields", str(file), "--threads", "1"]
    return main([*start, *map(str, options)])


@pytest.fixture(scope="module")
def checkpoint(file, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    options = "--inputs t --select member_id=r2i1p1f1 --targets zone --nside 8"
    more = ["--epochs", "1", "--regrid", "bilinear", "--out", out / "run"]
    assert call(file, *options.split(), *more) == 0
    metrics = json.loads((out / "run" / "metrics.json").read_text())
    assert "regridded by bilinear interpolation" in metrics["data"]
    return out / "run" / "best.ckpt"


def test_a_checkpoint_brings_sampling_variables_and_regridding(
    file, checkpoint, tmp_path, capsys
):
    assert call(file, "--checkpoint", checkpoint, "--out", tmp_path) == 0
    said = capsys.readouterr().out
    assert "sampling   HEALPix(nside=8, nest=True)" in said
    assert "regridded by bilinear interpolation" in said


def test_another_sampling_moves_the_weights(file, checkpoint, tmp_path, capsys):
    options = ["--checkpoint", checkpoint, "--out", tmp_path]
    assert call(file, *options, "--sampling", "healpix:8") == 0
    assert "transfer" not in capsys.readouterr().out
    assert call(file, *options, "--nside", "16") == 0
    said = capsys.readouterr().out
    assert "transfer   weights of healpix-8 move to healpix-16" in said


def test_options_without_effect_are_told(file, checkpoint, tmp_path, capsys):
    options = ["--checkpoint", checkpoint, "--out", tmp_path]
    assert call(file, *options, "--network", "wider", "--epochs", "3") == 0
    said = capsys.readouterr().out
    assert "ignored    --network, --epochs: the checkpoint brings its own" in said


@pytest.mark.parametrize("text", ["member_id", "=3", "Z="])
def test_selections_without_name_or_value_are_refused(file, text, capsys):
    assert call(file, "--select", text) == 2
    assert "expected DIM=VALUE, such as level=850" in capsys.readouterr().err

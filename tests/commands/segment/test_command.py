"""The main job, end to end: what it writes, resumes, refuses and survives."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import xarray as xr

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.metrics.segmentation import segmentation_scores
from deepsphere_pyg.models import load_model
from samplings import HEALPix, same_sampling


def test_run_writes_numbers_pictures_and_checkpoints(trained):
    names = {path.name for path in trained.iterdir()}
    assert {
        "metrics.json",
        "scores.csv",
        "history.csv",
        "predictions.npz",
        "map.png",
        "precision_recall.png",
        "learning_curves.png",
        "best.ckpt",
        "last.ckpt",
    } <= names
    for name in ("map.png", "precision_recall.png", "learning_curves.png"):
        assert (trained / name).read_bytes().startswith(b"\x89PNG")
    # Temporary files begin with a dot; none is left.
    assert not [name for name in names if name.startswith(".")]


def test_metrics_are_those_of_the_predictions_it_wrote(trained):
    metrics = json.loads((trained / "metrics.json").read_text())
    with np.load(trained / "predictions.npz") as kept:
        area = np.broadcast_to(kept["area"], kept["mask"].shape)[kept["mask"]]
        scores = segmentation_scores(
            kept["truth"][kept["mask"]],
            kept["probability"][kept["mask"]],
            kept["class_names"].tolist(),
            area,
        )
        assert kept["lat"].shape == kept["area"].shape == (768,)
    test = metrics["networks"]["small"]["test"]
    # Probabilities are kept as float16, which can change the order of near ties.
    assert test["mean_average_precision"] == pytest.approx(
        scores.mean_average_precision, abs=5e-3
    )
    assert test["overall_accuracy"] == pytest.approx(scores.overall_accuracy, abs=5e-3)
    assert set(metrics["networks"]) == {"small", "pixel"}


def test_history_has_one_row_an_epoch(trained):
    with (trained / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["epoch"]) for row in rows] == [1, 2]
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())


def test_checkpoint_rebuilds_the_network_with_its_sampling(trained):
    network = load_model(trained / "best.ckpt")
    assert same_sampling(network.sampling, HEALPix(8))
    assert not network.standardize.std.eq(1).all()
    assert network(torch.zeros(1, 768, 16)).shape == (1, 768, 3)


def numbers(scores):
    """Leaves of nested dictionaries and lists, NaN where there is no score."""
    if isinstance(scores, dict):
        scores = [scores[name] for name in sorted(scores)]
    if not isinstance(scores, list):
        return [np.nan if scores is None else scores]
    return [leaf for part in scores for leaf in numbers(part)]


def test_evaluating_a_checkpoint_gives_the_scores_of_its_run(
    trained, segment, tmp_path
):
    out = tmp_path / "again"
    assert segment("--checkpoint", str(trained / "best.ckpt"), out=out) == 0
    first = json.loads((trained / "metrics.json").read_text())["networks"]["small"]
    second = json.loads((out / "metrics.json").read_text())["networks"]["checkpoint"]
    again = pytest.approx(numbers(second["test"]), rel=1e-5, nan_ok=True)
    assert numbers(first["test"]) == again
    assert not (out / "learning_curves.png").exists()


def test_resumed_training_equals_an_uninterrupted_one(
    trained, segment, tmp_path, monkeypatch
):
    whole, parts = trained, tmp_path / "parts"

    from deepsphere_pyg.training.callbacks import History

    rows = History.on_train_epoch_end

    def interrupt(self, trainer, module):
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt
        rows(self, trainer, module)

    handler = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(History, "on_train_epoch_end", interrupt)
        assert segment("--epochs", "2", out=parts) == 130
    assert signal.getsignal(signal.SIGINT) is handler
    assert load_model(parts / "last.ckpt") is not None
    assert segment("--epochs", "2", "--resume", out=parts) == 0
    for name in ("best.ckpt", "last.ckpt"):
        a = load_model(whole / name).state_dict()
        b = load_model(parts / name).state_dict()
        for key in a:
            torch.testing.assert_close(a[key], b[key], rtol=0, atol=0, msg=key)
    histories = [
        np.genfromtxt(folder / "history.csv", delimiter=",", names=True)
        for folder in (whole, parts)
    ]
    assert histories[0].dtype == histories[1].dtype
    for name in histories[0].dtype.names:
        np.testing.assert_allclose(histories[1][name], histories[0][name], rtol=1e-5)


def test_resuming_a_finished_run_only_reports_again(trained, segment, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(trained, out)
    weights = (out / "last.ckpt").read_bytes()
    scores = json.loads((out / "metrics.json").read_text())["networks"]
    (out / "map.png").unlink()
    assert segment("--epochs", "2", "--baseline", "--resume", out=out) == 0
    assert (out / "last.ckpt").read_bytes() == weights
    assert (out / "map.png").exists()
    assert json.loads((out / "metrics.json").read_text())["networks"] == scores


def test_a_run_is_not_overwritten(trained, segment, capsys):
    before = (trained / "last.ckpt").read_bytes()
    assert segment("--epochs", "2", out=trained) == 2
    assert "pass --resume" in capsys.readouterr().err
    assert (trained / "last.ckpt").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--nside", "4"], "healpix"),
        (["--K", "3"], "trained with --"),
        (["--k", "9"], "trained with --"),
    ],
)
def test_resuming_something_else_is_refused(trained, segment, capsys, options, message):
    before = (trained / "last.ckpt").read_bytes()
    assert segment("--epochs", "2", "--resume", *options, out=trained) == 2
    assert message in capsys.readouterr().err
    assert (trained / "last.ckpt").read_bytes() == before


def test_corrupt_checkpoint_is_named_and_left(trained, segment, tmp_path, capsys):
    broken = tmp_path / "broken.ckpt"
    broken.write_bytes((trained / "best.ckpt").read_bytes()[:1000])
    assert segment("--checkpoint", str(broken)) == 2
    assert "broken.ckpt" in capsys.readouterr().err
    assert len(broken.read_bytes()) == 1000


def test_checkpoint_of_other_classes_is_refused(trained, segment, capsys, tmp_path):
    file = tmp_path / "zones.nc"
    lat, lon = np.arange(-85.0, 90, 10), np.arange(0.0, 360, 10)
    rng = np.random.default_rng(0)
    xr.Dataset(
        {
            "u": (("time", "lat", "lon"), rng.random((4, len(lat), len(lon)))),
            "zone": (("lat", "lon"), np.repeat(lat[:, None] > 0, len(lon), 1) * 1),
        },
        {"time": range(4), "lat": lat, "lon": lon},
    ).to_netcdf(file)
    options = ["--data", "netcdf", "--fields", str(file), "--inputs", "u"]
    options += ["--targets", "zone"]
    checkpoint = ["--checkpoint", str(trained / "best.ckpt")]
    assert segment(*options, *checkpoint) == 2
    assert "was trained with the class names background" in capsys.readouterr().err
    for split in (["--by", "area"], ["--by", "time"]):
        out = tmp_path / split[1]
        assert segment(*options, *split, "--epochs", "1", out=out) == 0
        scores = json.loads((out / "metrics.json").read_text())["networks"]["small"]
        assert set(scores["test"]["classes"]) == {"0", "1"}


def test_maps_without_labels_are_predicted(segment, tmp_path):
    file, run, out = tmp_path / "u.nc", tmp_path / "run", tmp_path / "predicted.nc"
    lat, lon = np.arange(-85.0, 90, 10), np.arange(0.0, 360, 10)
    fields = np.random.default_rng(0).normal(size=(3, len(lat), len(lon)))
    fields[1, 5:9, 5:9] = np.nan
    zone = np.repeat(lat[:, None] > 0, len(lon), 1) * 1
    coordinates = {"time": range(3), "lat": lat, "lon": lon}
    u = (("time", "lat", "lon"), fields)
    xr.Dataset({"u": u, "zone": (("lat", "lon"), zone)}, coordinates).to_netcdf(file)
    options = ["--fields", str(file), "--inputs", "u", "--targets", "zone"]
    assert segment(*options, "--epochs", "1", out=run) == 0
    new = tmp_path / "new.nc"
    xr.Dataset({"u": u}, coordinates).to_netcdf(new)
    checkpoint = ["--checkpoint", str(run / "best.ckpt")]
    place = ["--fields", str(new), "--out", str(out)]
    assert main(["predict", *checkpoint, *place]) == 0
    found = xr.load_dataset(out)
    assert found.zone.dims == ("time", "lat", "lon")
    assert found.zone.attrs["flag_meanings"] == "0 1"
    probability = found.zone_probability
    np.testing.assert_allclose(probability.sum("class"), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "netcdf"], "--fields is required"),
        (["--data", "climatenet"], "--data climatenet needs --root"),
        (["--data", "climate-sphere-l5", "--root", "none"], "none does not exist"),
        (
            [*("--data", "netcdf", "--fields", "none.nc"), *("--inputs", "u")],
            "--targets is required",
        ),
        (
            [
                *("--data", "netcdf", "--fields", "none.nc", "--inputs", "u"),
                *("--targets", "zone"),
            ],
            "none.nc",
        ),
    ],
)
def test_missing_data_are_named(segment, capsys, options, message):
    assert segment("--epochs", "1", *options) == 2
    assert message in capsys.readouterr().err


def test_weights_of_a_checkpoint_move_to_another_sampling(trained, segment, capsys):
    options = ["--sampling", "icosahedral", "--level", "3"]
    assert segment(*options, "--checkpoint", str(trained / "best.ckpt")) == 0
    said = capsys.readouterr().out
    assert "transfer   weights of healpix-8 move to icosahedral-3" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--nside", "3"], "nside must be a power of two"),
        (["--sampling", "points"], "--sampling points needs --points FILE"),
        (["--sampling", "points", "--points", "none.csv"], "none.csv"),
        (["--loss-weights", "1,2"], "a number >= 0 per class"),
        (["--loss-weights", "heavy"], "'none', 'balanced'"),
        (["--loss-weights", "0,0,0"], "not all zero"),
        (["--loss-weights", "1,nan,1"], "a number >= 0 per class"),
        (["--loss-weights", "1,inf,1"], "a number >= 0 per class"),
        (["--device", "abacus"], "--device must be"),
        (
            ["--device", "meta"],
            "--device must be auto, cpu, cuda or cuda:N, got 'meta'",
        ),
        (["--device", "cuda:99"], "--device cuda:99: PyTorch finds"),
        (["--threads", "0"], "--threads must be at least 1"),
        (["--checkpoint", "none.ckpt", "--resume"], "--checkpoint evaluates and"),
        (["--nside", "1048576"], "not enough memory"),
        (["--k", "0"], "k must be"),
        (["--k", "768"], "k must be"),
        (["--n-train", "0"], "--n-train must be at least 1"),
        (["--epochs", "0"], "--epochs must be at least 1"),
        (["--batch-size", "0"], "--batch-size must be at least 1"),
        (["--lr", "nan"], "--lr must be positive"),
        (["--checkpoint", "none.ckpt"], "none.ckpt"),
    ],
)
def test_bad_options_are_refused_on_one_line(segment, capsys, options, message):
    assert segment("--epochs", "1", *options) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("deepsphere-pyg segment: error: ")
    assert message in error


def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(tmp_path):
    """A real interrupt of a real process, in the middle of an epoch."""
    out = tmp_path / "run"
    command = [
        *(sys.executable, "-m", "deepsphere_pyg", "segment", "--nside", "8"),
        *("--K", "2", "--n-train", "8", "--n-validation", "2", "--n-test", "2"),
        *("--epochs", "500", "--threads", "1", "--out", str(out)),
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        # Shells start what runs in the background deaf to interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + 120
        while not (out / "history.csv").exists():
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, text
    assert "--resume continues from there" in text
    assert load_model(out / "last.ckpt")(torch.zeros(1, 768, 16)).shape == (1, 768, 3)

"""``deepsphere-pyg qm7``: the whole command on a small file of molecules."""

import csv
import json

import numpy as np
import pytest
import scipy.io
import torch

from deepsphere_pyg import load_model
from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.datasets import QM7, molecule_energies

pytestmark = pytest.mark.usefixtures("coarse_pictures")
SMALL = (
    "--bandlimits 3 2 1 --channels 2 2 2 --width 8 --epochs 3 --batch-size 8 "
    "--n-validation 6 --lr 1e-2"
).split()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Chains of three to six atoms, whose energy depends on how they are bent."""
    rng = np.random.default_rng(0)
    n = 50
    charges, positions = np.zeros((n, 23)), np.zeros((n, 23, 3))
    energies = np.zeros(n)
    for i in range(n):
        atoms = int(rng.integers(3, 7))
        steps = rng.standard_normal((atoms, 3)) * 0.3 + [2.5, 0, 0]
        positions[i, :atoms] = np.cumsum(steps, axis=0)
        charges[i, :atoms] = rng.choice([1, 6, 7, 8, 16], atoms)
        length = np.linalg.norm(positions[i, atoms - 1] - positions[i, 0])
        energies[i] = -10 * charges[i].sum() + length
    folder = tmp_path_factory.mktemp("qm7")
    content = {"R": positions, "Z": charges, "T": energies[None]}
    content["P"] = rng.permutation(n).reshape(5, 10)
    scipy.io.savemat(folder / "qm7.mat", content)
    return folder


def run(data, out, *options):
    return main(["qm7", "--root", str(data), "--out", str(out), *SMALL, *options])


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "trained"
    assert run(data, out, "--fold", "2") == 0
    return out


def test_all_that_is_promised_is_written(data, trained):
    metrics = json.loads((trained / "metrics.json").read_text())
    with (trained / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    folds = scipy.io.loadmat(data / "qm7.mat")["P"]
    assert sorted(int(row["molecule"]) for row in rows) == sorted(folds[2])
    error = [float(row["network"]) - float(row["energy"]) for row in rows]
    # Answers are written with four digits after the point.
    rms = np.sqrt(np.mean(np.square(error)))
    assert metrics["test"]["rmse"] == pytest.approx(rms, rel=1e-3)
    assert metrics["parameters"] > 0
    assert metrics["settings"]["mixing"] == "mst"
    with (trained / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert [float(row["epoch"]) for row in history] == [1, 2, 3]
    best = min(float(row["val/rmse"]) for row in history)
    assert metrics["validation"]["rmse"] == pytest.approx(best)
    for name in ("scatter.png", "learning_curves.png"):
        assert (trained / name).stat().st_size > 5000
    assert load_model(trained / "best.ckpt").scale > 0


def test_an_interrupted_training_goes_on_to_the_same_weights(
    data, trained, tmp_path, stopped_after
):
    with stopped_after(1):
        run(data, tmp_path, "--fold", "2")
    assert run(data, tmp_path, "--fold", "2", "--resume") == 0
    whole = load_model(trained / "last.ckpt").state_dict()
    for name, weight in load_model(tmp_path / "last.ckpt").state_dict().items():
        assert torch.equal(weight, whole[name]), name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "--epochs must be at least 1, got 0"),
        (["--lr", "-1"], "--lr must be positive and finite"),
        (["--fold", "7"], "fold"),
        (["--n-validation", "45"], "--n-validation 45 leaves 0 of 40 molecules"),
        (["--n-validation", "31"], "leaves 9 of 40 molecules for training, fewer"),
        (["--device", "tpu"], "--device must be auto, cpu, cuda"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    data, tmp_path, capsys, options, message
):
    assert run(data, tmp_path / "out", *options) == 2
    told = capsys.readouterr().err
    assert told.startswith("deepsphere-pyg qm7: error: ")
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--bandlimits 3 4 1", "--bandlimits must not rise, got 3 4 1; start"),
        ("--bandlimits 3 1 0", "--bandlimits must be at least 1, got 3 1 0"),
        ("--bandlimits 3 1", "same length, at least two, got 3 1 and 2 2 2"),
        ("--bandlimits 3 --channels 2", "at least two, got 3 and 2"),
        ("--channels 2 -2 2", "--channels must be at least 1, got 2 -2 2"),
        ("--mixing rmst --bandlimits 3 1 1", "got 3 1 1; pass --mixing mst"),
        ("--tau-max 0", "--tau-max must be positive and finite, got 0.0"),
        ("--tau-max nan", "--tau-max must be positive and finite, got nan"),
        ("--seed -1", "--seed must be at least 0, got -1"),
        (f"--seed {2**63}", f"--seed must be at most 2**63 - 1, got {2**63}"),
    ],
)
def test_networks_that_cannot_be_are_told_before_data_are_read(
    tmp_path, capsys, options, message
):
    nowhere = tmp_path / "missing"
    assert run(nowhere, tmp_path / "out", *options.split()) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_finished_training_is_not_overwritten(data, trained, capsys):
    assert run(data, trained, "--fold", "2") == 2
    assert "pass --resume" in capsys.readouterr().err
    assert run(data, trained, "--fold", "3", "--resume") == 2
    assert "was trained with --fold 2, got 3" in capsys.readouterr().err
    assert run(data, trained, "--fold", "2", "--resume", "--width", "9") == 2
    assert "was trained with --width 8, got 9" in capsys.readouterr().err


def test_a_file_without_folds_is_refused(data, tmp_path, capsys):
    content = scipy.io.loadmat(data / "qm7.mat")
    scipy.io.savemat(tmp_path / "qm7.mat", {k: content[k] for k in "RZT"})
    assert run(tmp_path, tmp_path / "out") == 2
    assert "fold" in capsys.readouterr().err


def test_a_network_for_molecules_segments_nothing(trained, tmp_path, capsys):
    maps = ["--nside", "8", "--n-train", "1", "--n-validation", "1", "--n-test", "1"]
    out = ["--out", str(tmp_path / "out")]
    checkpoint = ["--checkpoint", str(trained / "best.ckpt")]
    assert main(["segment", *maps, *out, *checkpoint]) == 2
    assert "EnergyTask" in capsys.readouterr().err


def test_a_trained_network_gives_the_energies_that_it_reported(data, trained):
    molecules = QM7(data).molecules
    network = load_model(trained / "best.ckpt")
    assert network.radius == molecules.largest_radius
    with (trained / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        (energy,) = molecule_energies(network, molecules[[int(row["molecule"])]])
        # Reported with four digits after the point, of sums in float32.
        bound = 1e-4 + 100 * float(np.finfo(np.float32).eps) * abs(float(energy))
        assert float(energy) == pytest.approx(float(row["network"]), abs=bound)

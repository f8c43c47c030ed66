"""The studies of QM7 and of digits, run on small data."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch

from benchmarks.studies import qm7_baselines, spherical_mnist
from benchmarks.studies.coulomb_network import CoulombNetwork, Expansion, Settings

ENERGY = {1: -65.0, 6: -155.0, 8: -95.0}

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Molecules whose energies are those of their atoms."""
    rng = np.random.default_rng(0)
    charges = np.zeros((40, 5), dtype=np.float32)
    places = np.zeros((40, 5, 3), dtype=np.float32)
    corners = 2.0 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])
    for i in range(40):
        size = rng.integers(2, 6)
        charges[i, :size] = rng.choice(list(ENERGY), size)
        places[i, :size] = corners[:size] + rng.uniform(-0.1, 0.1, (size, 3))
    energies = [[sum(ENERGY.get(int(z), 0) for z in row) for row in charges]]
    content = {"R": places, "Z": charges, "T": energies}
    content["P"] = rng.permutation(40).reshape(5, 8)
    scipy.io.savemat(tmp_path / "qm7.mat", content)
    return tmp_path


def test_both_methods_report_each_fold(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = root / "out"
    words = ["--root", str(root), "--out", str(out), "--folds", "0", "3"]
    qm7_baselines.main([*words, "--epochs", "30", "--batch-size", "8"])
    results = json.loads((out / "results.json").read_text())
    keys = [(result["method"], result["fold"]) for result in results]
    assert keys == [(m, f) for m in ("composition", "network") for f in (0, 3)]
    # Energies are those of the atoms, to float32: least squares finds them.
    assert all(result["rmse"] < 0.01 for result in results[:2])
    with np.load(out / "network-fold3.npz") as file:
        error = file["predicted"] - file["energy"]
        assert results[3]["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
        # Better than the mean of all.
        assert results[3]["rmse"] < 0.5 * file["energy"].std()
    printed = capsys.readouterr().out
    assert "fitted to all molecules: RMSE 0.00" in printed
    assert printed.count("| composition |") == printed.count("| network |") == 3


def test_the_network_is_the_same_for_the_same_seed() -> None:
    rng = np.random.default_rng(0)
    matrices = rng.uniform(0, 5, (20, 3, 3))
    matrices += matrices.transpose(0, 2, 1)
    predictions = []
    for seed in (1, 1, 2):
        settings = Settings(epochs=2, batch_size=5, seed=seed)
        network = CoulombNetwork(settings)
        network.fit(matrices, np.arange(20.0))
        predictions.append(network.predict(matrices))
    assert np.array_equal(predictions[0], predictions[1])
    assert not np.array_equal(predictions[0], predictions[2])


def test_entries_are_expanded_near_the_values_there_are() -> None:
    entries = torch.tensor([[0.0, 40.0], [1.0, 40.5]])
    expansion = Expansion(entries, 1.0)
    first = expansion.thresholds[expansion.which == 0]
    second = expansion.thresholds[expansion.which == 1]
    assert first.tolist() == [0, 1]
    assert second.tolist() == [38, 39, 40, 41]
    out = expansion(entries)
    torch.testing.assert_close(out.mean(0), torch.zeros(6), rtol=0, atol=1e-6)


def test_bad_options_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        qm7_baselines.arguments(["--root", ".", "--batch-size", "0"])
    assert "--batch-size must be above 0, got 0" in capsys.readouterr().err
    words = ["--root", ".", "--predictions", ".", "--columns", "0"]
    with pytest.raises(SystemExit):
        spherical_mnist.arguments(["confusions", *words])
    assert "--columns must be at least 1, got 0" in capsys.readouterr().err


def test_confused_digits_are_drawn(root: Path) -> None:
    images = np.zeros((4, 28, 28), np.uint8)
    images[:, 8:20, 13:15] = 255
    np.savez(root / "mnist.npz", x_test=images, y_test=[4, 6, 9, 6])
    table = root / "predictions.csv"
    table.write_text("digit,truth,NR,R\n0,4,9,4\n1,6,9,9\n2,9,6,9\n3,6,6,9\n")
    rows = spherical_mnist.predictions_of(table)
    assert spherical_mnist.confused(rows) == [(1, 6), (2, 9)]
    out = root / "confusions.png"
    words = ["--root", str(root), "--predictions", str(table), "--out", str(out)]
    spherical_mnist.main(["confusions", *words, "--columns", "2", "--n-theta", "24"])
    drawn = out.read_bytes()
    assert drawn.startswith(b"\x89PNG")
    # What is kept beside the picture gives the same picture.
    kept = root / "digits_confused.csv"
    assert kept.read_text() == "digit,truth,NR\n1,6,9\n2,9,6\n3,6,6\n"
    words[3] = str(kept)
    spherical_mnist.main(["confusions", *words, "--columns", "2", "--n-theta", "24"])
    assert out.read_bytes() == drawn
    words[3] = str(table)
    # None at all is no error.
    table.write_text("digit,truth,NR,R\n0,4,9,4\n")
    spherical_mnist.main(["confusions", *words, "--n-theta", "24"])


def test_finished_runs_are_listed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = {
        "a": ("planar", "NR", {"NR/NR": 99.2, "NR/R": 12.0}, {}),
        "b": ("so3", "R", {"R/NR": 95.0, "R/R": 96.5}, {}),
        "c": ("so3", "NR", {"NR/NR": 97.0, "NR/R": 80.0}, {}),
        "d": ("so3", "NR", {"NR/NR": 9.0, "NR/R": 8.0}, {"interpolation": "published"}),
    }
    for name, (network, train, accuracy, more) in runs.items():
        (root / name).mkdir()
        options = {"network": network, "train": train, "epochs": 3, **more}
        found = {"settings": options, "accuracy": accuracy, "parameters": 54321}
        found["seconds"] = {"training": 240.0}
        (root / name / "metrics.json").write_text(json.dumps(found))
        table = "digit,truth,NR,R\n0,4,4,4\n1,6,6,9\n2,9,9,9\n3,6,6,5\n"
        (root / name / "predictions.csv").write_text(table)
    folders = [str(root / name) for name in (*runs, "unfinished")]
    spherical_mnist.main(["table", *folders])
    told = capsys.readouterr()
    assert told.out.splitlines()[2:] == [
        "| so3 | bilinear | 54,321 | 97.00 % | 96.50 % | 80.00 % | 75.00 % "
        "| 95.00 % | 3 / 3 | 4 / 4 |",
        "| planar | bilinear | 54,321 | 99.20 % |  | 12.00 % | 75.00 % |  | 3 | 4 |",
        "| so3 | published | 54,321 | 9.00 % |  | 8.00 % | 75.00 % |  | 3 | 4 |",
    ]
    assert "unfinished has no metrics.json" in told.err

"""``qm7 --checkpoint``: energies of a file, and of a fold, by a trained network."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch

from deepsphere_pyg import load_model
from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.convert.molecules.elements import SYMBOLS
from deepsphere_pyg.convert.molecules.listed import UNITS
from deepsphere_pyg.datasets import QM7, qm7_coefficients
from deepsphere_pyg.models import PixelNetwork, save_model
from deepsphere_pyg.pyg import DataLoader
from samplings import HEALPix
from tests.round_off import round_off

pytestmark = pytest.mark.usefixtures("coarse_pictures")
SMALL = (
    "--bandlimits 3 2 1 --channels 2 2 2 --width 8 --epochs 2 --batch-size 8 "
    "--n-validation 6 --lr 1e-2"
).split()
REAL = Path(__file__).parents[4] / "shared/data/qm7.mat"
FOLD = 2


def chains(n=40):
    """Chains of three to six atoms, whose energy depends on how they are bent."""
    rng = np.random.default_rng(0)
    charges, positions, energies = np.zeros((n, 8)), np.zeros((n, 8, 3)), np.zeros(n)
    for i in range(n):
        atoms = int(rng.integers(3, 7))
        steps = rng.standard_normal((atoms, 3)) * 0.3 + [2.5, 0, 0]
        positions[i, :atoms] = np.cumsum(steps, axis=0)
        charges[i, :atoms] = rng.choice([1, 6, 7, 8, 16], atoms)
        length = np.linalg.norm(positions[i, atoms - 1] - positions[i, 0])
        energies[i] = -10 * charges[i].sum() + length
    return {"R": positions, "Z": charges, "T": energies[None]}


def real(n=200):
    """Every so many molecules of QM7."""
    if not REAL.exists():
        pytest.skip(f"needs the real QM7 file, {REAL}")
    content = scipy.io.loadmat(REAL)
    some = np.arange(0, 7165, 7165 // n)[:n]
    return {
        "R": content["R"][some],
        "Z": content["Z"][some],
        "T": content["T"][:, some],
    }


@pytest.fixture(scope="module", params=[chains, real])
def trained(request, tmp_path_factory):
    """Folder with qm7.mat and a training on it."""
    folder = tmp_path_factory.mktemp(request.param.__name__)
    content = request.param()
    n = content["Z"].shape[0]
    content["P"] = np.random.default_rng(1).permutation(n).reshape(5, n // 5)
    scipy.io.savemat(folder / "qm7.mat", content)
    out = ["--out", str(folder / "run"), "--fold", str(FOLD)]
    assert main(["qm7", "--root", str(folder), *out, *SMALL]) == 0
    return folder


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def predict(folder, out, *options):
    checkpoint = ["--checkpoint", str(folder / "run/best.ckpt"), "--out", str(out)]
    return main(["qm7", *checkpoint, *map(str, options)])


def write_xyz(path, charges, positions):
    """Write molecules in angstrom, with a digit more than float64 has."""
    frames = []
    for z, places in zip(charges, positions, strict=True):
        there = z > 0
        frames += [str(there.sum()), "a molecule"]
        frames += [
            f"{SYMBOLS[int(a) - 1]} " + " ".join(f"{x:.17g}" for x in p)
            for a, p in zip(z[there], places[there] / UNITS["angstrom"], strict=True)
        ]
    path.write_text("\n".join(frames) + "\n")


def test_data_set_network_and_command_give_the_same_energies(trained, tmp_path, capsys):
    molecules = QM7(trained).molecules
    network = load_model(trained / "run/best.ckpt")
    # The first path: signals of the data set, in batches.
    radius = molecules.largest_radius
    dataset = QM7(
        trained,
        features=lambda m: (
            qm7_coefficients(m, network.L, radius=radius, dtype=torch.float32).packed
        ),
    )
    with torch.no_grad():
        expected = torch.cat(
            [
                network(batch.x, batch.z, batch.batch, batch.num_graphs)
                for batch in DataLoader(dataset, batch_size=64)
            ]
        )
    # The second: positions alone, without the data set, one by one.
    charges = [z[z > 0] for z in molecules.charges]
    pairs = zip(molecules.charges, molecules.positions, strict=True)
    places = [p[z > 0] for z, p in pairs]
    few = range(0, len(charges), 7)
    found = torch.stack(
        [network.energies(charges[i], places[i], unit="bohr") for i in few]
    )
    size = float(expected.abs().max()) + 23 * float(network.composition.abs().max())
    bound = round_off(torch.float32, network.spheres.n_invariants, size)
    torch.testing.assert_close(found, expected[few], rtol=0, atol=bound)
    # The third: the command, on three kinds of files.
    np.savez(tmp_path / "all.npz", R=molecules.positions, Z=molecules.charges)
    write_xyz(tmp_path / "all.xyz", molecules.charges, molecules.positions)
    for file in (trained / "qm7.mat", tmp_path / "all.npz", tmp_path / "all.xyz"):
        assert predict(trained, tmp_path, "--molecules", file) == 0
        table = rows(tmp_path / "predictions.csv")
        energies = torch.tensor([float(row["energy"]) for row in table]).double()
        # Written with four digits after the point.
        torch.testing.assert_close(energies, expected, rtol=0, atol=bound + 1e-4)
        assert [int(row["molecule"]) for row in table] == list(range(len(charges)))
        assert [int(row["n_atoms"]) for row in table] == [len(z) for z in charges]
        assert list(table[0]) == ["molecule", "formula", "n_atoms", "energy"]
        told = capsys.readouterr().out
        assert f"and {len(charges) - 10} more" in told
        assert f"{float(table[0]['energy']):.2f}" in told


def test_a_fold_is_tested_as_after_the_training(trained, tmp_path):
    assert predict(trained, tmp_path, "--root", trained) == 0
    before, after = (rows(d / "predictions.csv") for d in (trained / "run", tmp_path))
    assert [row["molecule"] for row in after] == [row["molecule"] for row in before]
    energies = [[float(row["network"]) for row in table] for table in (before, after)]
    bound = round_off(np.float32, 100, max(map(abs, energies[0])))
    np.testing.assert_allclose(*energies, rtol=0, atol=1e-4 + bound)
    files = [d / "metrics.json" for d in (trained / "run", tmp_path)]
    metrics = [json.loads(file.read_text()) for file in files]
    assert metrics[0]["fold"] == metrics[1]["fold"] == FOLD
    assert metrics[1]["test"]["rmse"] == pytest.approx(metrics[0]["test"]["rmse"], 1e-4)
    assert metrics[1]["composition"] == metrics[0]["composition"]
    assert "validation" not in metrics[1]
    assert (tmp_path / "scatter.png").read_bytes().startswith(b"\x89PNG")


def test_a_fold_of_the_training_is_noted(trained, tmp_path, capsys):
    assert predict(trained, tmp_path, "--root", trained, "--fold", "0") == 0
    assert "fold 2 is the one that it has not seen" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--root FOLDER is needed to train; to predict energies, pass --checkp"),
        (["--molecules", "a.xyz"], "--molecules needs --checkpoint FILE"),
        (["--checkpoint", "a"], "--checkpoint needs --root FOLDER, to test it"),
        (["--checkpoint", "a", "--root", "b", "--molecules", "c"], "pass one of them"),
        (["--checkpoint", "a", "--root", "b", "--resume"], "and --resume trains"),
        (["--root", "b", "--unit", "bohr"], "--unit is that of the positions of"),
        (["--checkpoint", "a", "--molecules", "c"], "there is no checkpoint a"),
    ],
)
def test_options_that_do_not_go_together_are_told(
    tmp_path, monkeypatch, capsys, options, message
):
    monkeypatch.chdir(tmp_path)
    assert main(["qm7", *options]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_molecules_that_cannot_be_predicted_are_told(tmp_path_factory, capsys):
    folder = tmp_path_factory.mktemp("chlorine")
    save_model(PixelNetwork(1, 1, HEALPix(1)), folder / "pixels.pt")
    file = folder / "molecules.xyz"
    file.write_text("2\n\nH 0 0 0\nCl 0 0 1.3\n")
    arguments = ["--molecules", str(file), "--out", str(folder / "out")]
    assert main(["qm7", "--checkpoint", str(folder / "pixels.pt"), *arguments]) == 2
    assert "holds a PixelNetwork, which does not predict" in capsys.readouterr().err
    assert not (folder / "out/predictions.csv").exists()


def test_a_wrong_unit_and_unknown_elements_are_told(trained, tmp_path, capsys):
    file = tmp_path / "molecules.xyz"
    options = ["--molecules", file]
    file.write_text("2\n\nH 0 0 0\nCl 0 0 1.3\n")
    assert predict(trained, tmp_path / "out", *options) == 2
    assert "molecule 0 has an atom of charge 17 (Cl)" in capsys.readouterr().err
    file.write_text("2\n\nH 0 0 0\nH 0 0 0.74\n")
    assert predict(trained, tmp_path / "out", *options, "--unit", "bohr") == 2
    assert "check the unit of the positions" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

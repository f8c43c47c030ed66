"""QM7: its file, its folds, its molecules as data of PyTorch Geometric."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch

from deepsphere_pyg.datasets import (
    QM7,
    QM7_ELEMENTS,
    Molecules,
    qm7_coefficients,
)
from deepsphere_pyg.pyg import Batch

ANGSTROM = 1.8897  # Bohr


def small_file(**changes: Any) -> dict[str, Any]:
    """Water, methane, carbon monoxide and hydrogen, as the published file has them."""
    side = 1.09 * ANGSTROM / np.sqrt(3)
    corners = [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
    places = np.zeros((4, 5, 3), dtype=np.float32)
    places[0, 1:3] = [[0, 1.43, 1.11], [0, -1.43, 1.11]]
    places[1, 1:] = side * np.array(corners)
    places[2, 1] = [0, 0, 1.128 * ANGSTROM]
    places[3, 1] = [1.4, 0, 0]
    charges = [[8, 1, 1, 0, 0], [6, 1, 1, 1, 1], [6, 8, 0, 0, 0], [1, 1, 0, 0, 0]]
    content = {
        "R": places,
        "Z": np.array(charges, dtype=np.float32),
        "T": np.array([[-231.0, -417.96, -258.0, -109.5]], dtype=np.float32),
        "P": np.array([[2, 0], [3, 1]]),
    }
    content.update(changes)
    return {name: value for name, value in content.items() if value is not None}


def saved(folder: Path, **changes: Any) -> Path:
    path = folder / "qm7.mat"
    scipy.io.savemat(path, small_file(**changes), do_compression=True)
    return path


# -- the published file ----------------------------------------------------------
def test_the_published_molecules_are_read(shared_data: Path) -> None:
    data = QM7(shared_data)
    molecules = data.molecules
    assert len(data) == len(molecules) == 7165
    assert molecules.n_atoms.max() == 23 and molecules.n_atoms.min() == 4
    assert molecules.energies.mean() == pytest.approx(-1538.04, abs=0.005)
    # Carbon-hydrogen bonds of .97 Angstrom are the shortest.
    assert molecules.smallest_distance == pytest.approx(1.8265, abs=1e-4)
    first = data[0]
    assert first.z.tolist() == [6, 1, 1, 1, 1]
    assert first.y.tolist() == [pytest.approx(-417.96)]
    distance = (first.pos[0] - first.pos[1]).norm().item() / ANGSTROM
    assert distance == pytest.approx(1.09, abs=0.01)
    assert (first.y.dtype, first.pos.dtype, first.z.dtype) == (
        torch.float32,
        torch.float32,
        torch.int64,
    )


def test_published_folds_hold_each_molecule_once(shared_data: Path) -> None:
    data = QM7(shared_data / "qm7.mat")
    tests = []
    for fold in range(5):
        train, test = data.fold_split(fold)
        assert len(test) == 1433
        assert np.array_equal(np.union1d(train, test), np.arange(7165))
        assert len(train) + len(test) == 7165
        tests.append(test)
    assert np.array_equal(np.sort(np.concatenate(tests)), np.arange(7165))
    assert np.array_equal(data[torch.as_tensor(tests[1])][0].z, data[tests[1][0]].z)


def test_composition_alone_predicts_within_20_kcal(shared_data: Path) -> None:
    molecules = QM7(shared_data).molecules
    columns = np.column_stack([molecules.composition, np.ones(len(molecules))])

    def error(train: np.ndarray, test: np.ndarray) -> float:
        fit, *_ = np.linalg.lstsq(columns[train], molecules.energies[train], rcond=None)
        return float(np.std(columns[test] @ fit - molecules.energies[test]))

    every = np.arange(len(molecules))
    assert error(every, every) == pytest.approx(20.16, abs=0.005)
    folds = [error(*molecules.fold_split(k)) for k in range(5)]
    assert np.mean(folds) == pytest.approx(20.18, abs=0.02)


# -- files of its form -----------------------------------------------------------
def test_molecules_are_data_of_pytorch_geometric(tmp_path: Path) -> None:
    data = QM7(saved(tmp_path), transform=lambda d: d.clone())
    assert data[1].z.tolist() == [6, 1, 1, 1, 1]
    assert len(data[[0, 2]]) == 2 and len(data[1:]) == 3
    batch = Batch.from_data_list(list(data))
    assert batch.y.tolist() == pytest.approx([-231.0, -417.96, -258.0, -109.5])
    assert batch.batch.bincount().tolist() == [3, 5, 2, 2]
    assert batch.pos.shape == (12, 3)


def test_features_are_signals_of_the_atoms(tmp_path: Path) -> None:
    data = QM7(saved(tmp_path), features=lambda m: qm7_coefficients(m, 3).packed)
    whole = qm7_coefficients(data.molecules, 3).x
    assert data[2].x.shape == (2, 9, 5)
    assert torch.equal(data[2].x, whole[2, :2])
    batch = Batch.from_data_list(list(data))
    assert batch.x.shape == (12, 9, 5)
    with pytest.raises(
        ValueError, match=r"a tensor \(12, ...\), .* got \(4, 5, 9, 5\)"
    ):
        QM7(tmp_path, features=lambda m: qm7_coefficients(m, 3).x)
    with pytest.raises(ValueError, match=r"got int; take .packed"):
        QM7(tmp_path, features=len)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (4,)])
def test_energies_are_read_in_any_shape_of_one_axis(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = saved(tmp_path, T=np.reshape([-1.0, -2.0, -3.0, -4.0], shape))
    assert QM7(path).molecules.energies.tolist() == [-1, -2, -3, -4]


def test_coulomb_matrices_are_those_of_the_file_or_computed(tmp_path: Path) -> None:
    computed = QM7(saved(tmp_path)).coulomb_matrices
    # The first entries of the published X.
    np.testing.assert_allclose(computed[1, 0, 0], 36.858105, rtol=1e-6)
    np.testing.assert_allclose(computed[1, 0, 1], 6 / (1.09 * ANGSTROM), rtol=1e-6)
    given = (2 * computed).astype(np.float32)
    assert np.array_equal(QM7(saved(tmp_path, X=given)).coulomb_matrices, given)


def test_what_stands_where_no_atom_is_does_not_matter(tmp_path: Path) -> None:
    places = small_file()["R"]
    places[small_file()["Z"] == 0] = np.nan
    data = QM7(saved(tmp_path, R=places))
    assert np.isfinite(data.molecules.positions).all()


# -- bad files -------------------------------------------------------------------
def test_a_missing_file_is_told_with_where_it_comes_from(tmp_path: Path) -> None:
    for place in (tmp_path / "missing.mat", tmp_path):
        with pytest.raises(FileNotFoundError, match=r"download_qm7\(folder\), or from"):
            QM7(place)


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    for compressed in (True, False):
        path = tmp_path / "whole.mat"
        scipy.io.savemat(path, small_file(), do_compression=compressed)
        content = path.read_bytes()
        cut = tmp_path / "cut.mat"
        for length in (*range(0, 140), *range(140, len(content), 13)):
            cut.write_bytes(content[:length])
            try:
                data = QM7(cut)
            except ValueError as error:
                assert str(cut) in str(error)
            else:
                # The folds are last: a cut right before them leaves whole molecules.
                assert data.molecules.folds is None


def test_the_published_file_cut_short_is_refused(
    shared_data: Path, tmp_path: Path
) -> None:
    content = (shared_data / "qm7.mat").read_bytes()
    cut = tmp_path / "qm7.mat"
    for part in (0.001, 0.3, 0.7, 0.98):
        cut.write_bytes(content[: int(part * len(content))])
        with pytest.raises(ValueError, match=r"cannot be read|has no"):
            QM7(cut)


@pytest.mark.parametrize(
    "content", [b"", b"text that is no MATLAB file\n" * 30, b"\x89HDF\r\n\x1a\n" * 80]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "qm7.mat"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"cannot be read as a MATLAB file: .* copy it"
    ):
        QM7(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"R": None}, r"has no R; it has: Z, T, P\. QM7 has R \(positions in Bohr\)"),
        ({"Z": None, "T": None}, "has no Z, T; it has: R, P"),
        ({"R": "text"}, "R must hold real numbers, got text"),
        ({"Z": np.ones((4, 5)) * 1j}, "Z must hold real numbers, got complex ones"),
        (
            {"T": np.zeros((1, 3))},
            r"energies must have shape \(4,\), one per mol.* \(3,\)",
        ),
        ({"T": np.zeros((2, 2))}, r"energies must have shape \(4,\), .* got \(2, 2\)"),
        (
            {"T": np.array([[1, 2, np.nan, 4]])},
            "energies must be finite, got nan in m.*2",
        ),
        ({"R": np.zeros((4, 5, 2))}, r"positions must have shape \(4, 5, 3\)"),
        ({"R": np.zeros((3, 5, 3))}, r"positions must have .* got \(3, 5, 3\)"),
        ({"R": np.full((4, 5, 3), np.inf)}, "positions must be finite, got"),
        ({"Z": np.zeros((4, 5))}, "molecule 0 has no atom: all its charges are 0"),
        ({"Z": np.full((4, 5), 9)}, "molecule 0 has an atom of charge 9 .* elements="),
        ({"Z": np.full((4, 5), 1.5)}, r"charge 1\.5 \(number 0\), the elements are 1,"),
        ({"Z": np.full((4, 5), np.nan)}, "an atom of charge nan"),
        ({"Z": np.zeros((0, 5))}, r"charges must have shape .* got \(0, 5\); pad"),
        ({"Z": np.ones((2, 2, 2))}, r"charges must have shape .* got \(2, 2, 2\)"),
        (
            {"R": np.zeros((4, 5, 3))},
            "atoms 0 and 1 of molecule 0 coincide: they are 0 B",
        ),
        ({"P": np.array([[0, 1, 2, 3]])}, r"folds must have shape .* got \(1, 4\)"),
        ({"P": np.array([[1, 2], [3, 4]])}, "each of the 4 molecules once, .* 1 to 4"),
        ({"P": np.array([[0, 2], [3, 0]])}, "once, .* 4 numbers, 3 of them distinct"),
        (
            {"X": np.zeros((4, 3, 3))},
            r"X must be .* \(4, 5, 5\), got shape \(4, 3, 3\)",
        ),
        ({"X": np.full((4, 5, 5), np.nan)}, "X must be finite .* drop X"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = saved(tmp_path, **changes)
    with pytest.raises(ValueError, match=message) as caught:
        QM7(path)
    assert str(caught.value).startswith(str(path))


def test_missing_folds_are_told_when_asked_for(tmp_path: Path) -> None:
    data = QM7(saved(tmp_path, P=None))
    with pytest.raises(
        ValueError, match=r"no folds: the file lacks P, .* fetch the orig"
    ):
        data.fold_split(0)
    with pytest.raises(ValueError, match="have no folds"):
        QM7(saved(tmp_path)).molecules[[0, 1]].fold_split(0)


def test_bad_folds_are_refused(tmp_path: Path) -> None:
    data = QM7(saved(tmp_path))
    with pytest.raises(
        ValueError, match=r"fold must be one of 0 to 1, got 2; .* from 0"
    ):
        data.fold_split(2)
    with pytest.raises(ValueError, match="fold must be at least 0, got -1"):
        data.fold_split(-1)
    with pytest.raises(TypeError, match=r"fold must be an integer, got 0\.5"):
        data.fold_split(0.5)  # type: ignore[arg-type]


# -- molecules -------------------------------------------------------------------
def test_other_elements_can_be_named() -> None:
    fluoride = Molecules([[9, 1]], [[[0, 0, 0], [0, 0, 1.7]]], [-141], elements=(1, 9))
    assert fluoride.composition.tolist() == [[1, 1]]
    for elements in ((), (9, 1), (1, 1, 9)):
        with pytest.raises(
            ValueError, match=r"ascending, each once, got .* those of QM7"
        ):
            Molecules([[1]], [[[0, 0, 0]]], [0], elements=elements)
    with pytest.raises(ValueError, match=r"elements\[\d\] must be at least 1, got 0"):
        Molecules([[1]], [[[0, 0, 0]]], [0], elements=(0, 1))


def test_molecules_can_be_chosen(tmp_path: Path) -> None:
    molecules = QM7(saved(tmp_path)).molecules
    chosen = molecules[[3, 0]]
    assert chosen.energies.tolist() == [-109.5, -231]
    assert chosen.smallest_distance == pytest.approx(1.4)
    assert len(molecules[molecules.n_atoms == 2]) == 2
    assert molecules.composition.sum(axis=1).tolist() == [3, 5, 2, 2]
    assert QM7_ELEMENTS == (1, 6, 7, 8, 16)
    with pytest.raises(ValueError, match=r"a list of numbers .*, got 0; pass \[i\]"):
        molecules[0]
    with pytest.raises(ValueError, match="read-only"):
        molecules.positions[0] = 0

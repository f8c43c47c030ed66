"""Molecules from files: what is written is read, and what is no molecule is told."""

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.convert.molecules.elements import CHARGES, SYMBOLS
from deepsphere_pyg.datasets import read_molecules

WATER = "3\nwater\nO 0 0 0\nH 0 0.757 0.587\nH 0 -0.757 0.587\n"
REAL = st.floats(-1e3, 1e3, allow_nan=False)
ATOMS = st.lists(
    st.tuples(st.integers(1, 118), REAL, REAL, REAL), min_size=1, max_size=6
)


@settings(max_examples=60)
@given(st.lists(ATOMS, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_all_frames_are_read_to_the_last_bit(tmp_path_factory, frames, end):
    path = tmp_path_factory.mktemp("xyz") / "molecules.xyz"
    lines = []
    for i, atoms in enumerate(frames):
        lines += [f" {len(atoms)}", f"frame {i}"]
        lines += [f"{SYMBOLS[z - 1]}\t{x!r}  {y!r} {w!r} 0.1" for z, x, y, w in atoms]
    path.write_bytes(end.join(lines).encode())
    found = read_molecules(path)
    assert found.unit == "angstrom"
    assert [z.tolist() for z in found.charges] == [[a[0] for a in f] for f in frames]
    for places, atoms in zip(found.positions, frames, strict=True):
        np.testing.assert_array_equal(places, [a[1:] for a in atoms])


def test_symbols_are_those_of_the_periodic_table():
    # Noble gases and the last element stand where the periods end.
    periods = {"He": 2, "Ne": 10, "Ar": 18, "Kr": 36, "Xe": 54, "Rn": 86, "Og": 118}
    assert {s: CHARGES[s] for s in periods} == periods
    assert len(set(SYMBOLS)) == 118


def test_writers_differ_in_harmless_ways(tmp_path):
    path = tmp_path / "molecules.XYZ"
    extended = 'Lattice="1 0 0 0 1 0 0 0 1" pbc="F F F" Properties=species:S:1:pos:R:3'
    path.write_text(f"\ufeff\n1\n{extended}\n6 .5 -1.e0 +2E-1\n\n\n1\n\nCL 0 0 0\n\n")
    found = read_molecules(path)
    assert found.formulas == ["C", "Cl"]
    np.testing.assert_array_equal(found.positions[0], [[0.5, -1, 0.2]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no molecule"),
        (WATER[:-20], "line 1: 3 atoms are announced, 2 lines follow"),
        (WATER + "trailing text\n", "line 6: a number of atoms is due, got 'trailing"),
        (WATER.replace("3", "2", 1), "line 5: a number of atoms is due, got 'H 0 -0.7"),
        (WATER.replace("3", "0", 1), "line 1: a number of atoms is due, got '0'"),
        (WATER.replace("O", "Qq"), "line 3: 'Qq' is the symbol of no element"),
        (WATER.replace("O", "119"), "'119' is the symbol of no element"),
        (WATER.replace("0.757", "nan", 1), "line 4: a coordinate is due, got 'nan'"),
        (WATER.replace("0.757", "1e999", 1), "line 4: a coordinate is due, got '1e999"),
        (WATER.replace("0.757", "1_0", 1), "line 4: a coordinate is due, got '1_0'"),
        (WATER.replace("0.757", "1.2*^-6", 1), r"got '1\.2\*\^-6'"),
        (WATER.replace("O 0 0 0", "O 0 0"), "line 3: symbol, x, y and z are due"),
        (
            WATER.replace("water", "Properties=pos:R:3:species:S:1"),
            "line 2: columns must begin with species:S:1:pos:R:3, got pos:R:3",
        ),
        (
            WATER.replace("water", 'Lattice="5 0 0 0 5 0 0 0 5"'),
            "line 2: its molecule repeats in a lattice.*cut one molecule out",
        ),
        (WATER.replace("water", 'lattice="5" pbc="F T F"'), "repeats in a lattice"),
        (WATER.replace("water", "\0\x7f").replace("O", "\x00"), "symbol of no element"),
    ],
)
def test_what_is_no_xyz_file_is_told_by_its_line(tmp_path, text, message):
    path = tmp_path / "molecules.xyz"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_molecules(path)
    assert str(path) in str(error.value)


def arrays():
    charges = np.array([[8, 1, 1], [1, 1, 0]])
    positions = np.random.default_rng(0).normal(size=(2, 3, 3))
    positions[1, 2] = np.nan  # no atom
    return {"Z": charges, "R": positions}


@pytest.mark.parametrize("ending", ["mat", "npz"])
def test_padded_arrays_are_read_like_qm7(tmp_path, ending):
    path = tmp_path / f"molecules.{ending}"
    given = arrays()
    if ending == "mat":
        scipy.io.savemat(path, {**given, "T": np.zeros((1, 2))})
    else:
        np.savez(path, **given, names=["a", "b"])
    found = read_molecules(path)
    assert (found.formulas, found.unit) == (["H2O", "H2"], "bohr")
    np.testing.assert_array_equal(found.positions[0], given["R"][0])
    np.testing.assert_array_equal(found.positions[1], given["R"][1, :2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Z": [[8, 1, 1]]}, r"got \(1, 3\) and \(2, 3, 3\)"),
        ({"Z": [[8, 1, 1], [1, 1, 0.5]]}, "atom 2 of molecule 1 has the charge 0.5"),
        ({"Z": [[8, 1, 1], [0, 0, 0]]}, "molecule 1 has no atom; leave it out"),
        ({"Z": [[8, 1, 1], [1, 1, 1]]}, "finite, got others in molecule 1"),
        ({"Z": [["O", "H", "H"]] * 2}, "must hold real numbers"),
    ],
)
def test_impossible_atoms_are_told(tmp_path, change, message):
    path = tmp_path / "molecules.npz"
    np.savez(path, **{**arrays(), **change})
    with pytest.raises(ValueError, match=message):
        read_molecules(path)


def test_other_files_are_told(tmp_path):
    np.savez(tmp_path / "a.npz", Z=[[1]])
    with pytest.raises(ValueError, match="has no array 'R'"):
        read_molecules(tmp_path / "a.npz")
    scipy.io.savemat(tmp_path / "a.mat", {"R": [1.0]})
    with pytest.raises(ValueError, match=r"has no Z; it has: R; pass an \.xyz file"):
        read_molecules(tmp_path / "a.mat")
    with pytest.raises(ValueError, match=r"must end with \.xyz, .*got '\.pdb'"):
        read_molecules(tmp_path / "a.pdb")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_molecules(tmp_path / "a.xyz")
    (tmp_path / "b.xyz").write_bytes(b"\xff\xfe3\n")
    with pytest.raises(ValueError, match=r"b\.xyz cannot be read as an xyz file"):
        read_molecules(tmp_path / "b.xyz")

"""Coulomb matrices of molecules, sorted, with noise and without."""

import numpy as np
import pytest

from deepsphere_pyg.datasets import (
    Molecules,
    coulomb_matrices,
    sorted_coulomb_matrices,
)


@pytest.fixture
def molecules() -> Molecules:
    """Water, methane and hydrogen, in Bohr."""
    charges = [[8, 1, 1, 0, 0], [6, 1, 1, 1, 1], [1, 1, 0, 0, 0]]
    places = np.zeros((3, 5, 3))
    places[0, 1:3] = [[0, 1.43, 1.11], [0, -1.43, 1.11]]
    places[1, 1:] = 1.19 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    places[2, 1] = [1.4, 0, 0]
    return Molecules(charges, places, [-231.0, -418.0, -109.5])


def test_entries_are_those_of_the_definition(molecules: Molecules) -> None:
    matrices = coulomb_matrices(molecules)
    for m in range(3):
        z, p = molecules.charges[m], molecules.positions[m]
        for i in range(5):
            for j in range(5):
                gap = np.linalg.norm(p[i] - p[j])
                expected = 0.5 * z[i] ** 2.4 if i == j else 0.0
                if i != j and z[i] and z[j]:
                    expected = z[i] * z[j] / gap
                assert matrices[m, i, j] == pytest.approx(expected, rel=1e-14)


def test_sorted_matrices_do_not_know_the_order_of_atoms(molecules: Molecules) -> None:
    order = [4, 1, 3, 0, 2]
    mixed = Molecules(
        molecules.charges[:, order], molecules.positions[:, order], molecules.energies
    )
    matrices, others = coulomb_matrices(molecules), coulomb_matrices(mixed)
    assert not np.allclose(matrices, others)
    ordered = sorted_coulomb_matrices(matrices)
    norms = np.linalg.norm(ordered, axis=2)
    assert (np.diff(norms, axis=1) <= 1e-12).all()
    # Equal rows, those of hydrogens, may be exchanged: eigenvalues are the same anyway.
    np.testing.assert_allclose(
        norms, np.linalg.norm(sorted_coulomb_matrices(others), axis=2)
    )
    np.testing.assert_allclose(
        np.linalg.eigvalsh(ordered), np.linalg.eigvalsh(others), atol=1e-12
    )


def test_noise_exchanges_rows_but_missing_atoms_stay_last(molecules: Molecules) -> None:
    matrices = coulomb_matrices(molecules)
    rng = np.random.default_rng(0)
    drawn = [sorted_coulomb_matrices(matrices, 30.0, rng) for _ in range(20)]
    assert any(not np.array_equal(one, drawn[0]) for one in drawn)
    for one in drawn:
        np.testing.assert_allclose(
            np.linalg.eigvalsh(one), np.linalg.eigvalsh(matrices), atol=1e-12
        )
        assert not one[0, 3:].any() and not one[0, :, 3:].any()
        assert one[0, :3].any(axis=1).all()


def test_bad_arguments_of_the_sorting_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"shape \(molecule, atom, atom\), got \(2, 2\)"
    ):
        sorted_coulomb_matrices(np.eye(2))
    with pytest.raises(ValueError, match="noise must be finite and not negative"):
        sorted_coulomb_matrices(np.eye(2)[None], -1)
    with pytest.raises(
        TypeError, match=r"rng must be a Generator, got NoneType; .*noise"
    ):
        sorted_coulomb_matrices(np.eye(2)[None], 1)

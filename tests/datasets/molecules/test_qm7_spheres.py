"""Potentials round atoms: against sums and transforms, and turned with molecules."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.convert.molecules import spheres as qm7_spheres
from deepsphere_pyg.datasets import (
    QM7,
    QM7_ELEMENTS,
    Molecules,
    coulomb_matrices,
    qm7_coefficients,
    qm7_potentials,
)
from deepsphere_pyg.harmonics import SHT, Rotation, rotate, spherical_harmonics
from samplings import Fibonacci, GaussLegendre, HEALPix
from tests.round_off import assert_near

SIZES = (4, 1, 6, 2)


def made(seed: int = 0, sizes: tuple[int, ...] = SIZES) -> Molecules:
    """Molecules of random elements on the points of a lattice, shaken."""
    rng = np.random.default_rng(seed)
    n, atoms = len(sizes), max(sizes)
    lattice = np.stack(np.meshgrid(*[np.arange(3.0)] * 3), axis=-1).reshape(-1, 3)
    charges = np.zeros((n, atoms), dtype=int)
    positions = np.full((n, atoms, 3), np.nan)
    for row, size in enumerate(sizes):
        charges[row, :size] = rng.choice(QM7_ELEMENTS, size)
        places = 2.5 * rng.permutation(lattice)[:size]
        positions[row, :size] = places + rng.uniform(-0.4, 0.4, (size, 3))
    return Molecules(charges, positions, np.zeros(n))


def turned(molecules: Molecules, matrix: np.ndarray, shift: np.ndarray) -> Molecules:
    positions = molecules.positions @ matrix.T + shift
    return Molecules(molecules.charges, positions, molecules.energies)


# -- values ----------------------------------------------------------------------
def test_potentials_are_the_sums_over_other_atoms() -> None:
    molecules, sampling = made(), Fibonacci(30)
    x, mask = qm7_potentials(molecules, sampling, radius=0.7, dtype=torch.float64)
    assert x.shape == (4, 6, 30, 5) and mask.sum(1).tolist() == list(SIZES)
    for m, size in enumerate(SIZES):
        z, p = molecules.charges[m], molecules.positions[m]
        for i in range(size):
            points = p[i] + 0.7 * sampling.xyz
            for c, element in enumerate(QM7_ELEMENTS):
                expected = np.zeros(30)
                for j in range(size):
                    if j != i and z[j] == element:
                        expected += z[i] * z[j] / np.linalg.norm(points - p[j], axis=1)
                assert_near(x[m, i, :, c], expected, 30)
        assert not x[m, size:].any()


def test_coefficients_are_the_transform_of_the_potentials() -> None:
    molecules = made(1)
    # Degrees above 64 that fold back are below 2^-54, as no atom is nearer than 2 r.
    sampling = GaussLegendre(64)
    x = qm7_potentials(molecules, sampling, dtype=torch.float64).x
    c = qm7_coefficients(molecules, 12).x
    transform = SHT(sampling, 64, dtype=torch.float64)
    atoms, rows = molecules.charges.shape[1], 144
    for m in range(len(molecules)):
        expected = torch.stack(
            [transform(x[m, i].contiguous())[:rows] for i in range(atoms)]
        )
        torch.testing.assert_close(c[m], expected, rtol=0, atol=1e-11)


def test_coefficients_give_the_potentials_to_the_stated_bound() -> None:
    molecules, sampling, L = made(2), HEALPix(4), 8
    r = 0.9 * molecules.smallest_distance / 2
    x = qm7_potentials(molecules, sampling, radius=r, dtype=torch.float64).x
    c = qm7_coefficients(molecules, L, radius=r).x
    harmonics = spherical_harmonics(sampling.theta, sampling.phi, L)
    error = np.abs(x.numpy() - harmonics @ c.numpy()).max(axis=2).sum(axis=-1)
    distance = np.concatenate([molecules.distances(p) for p in molecules.chunks()])
    z = molecules.charges
    q = r / distance
    share = z[:, :, None] * z[:, None] / distance * q**L / (1 - q)
    bound = np.where(np.isfinite(distance), share, 0).sum(axis=-1)
    assert (error <= bound + 1e-13).all()
    assert error.max() > 0.05 * bound.max()


def test_degree_0_is_the_coulomb_matrix() -> None:
    molecules = made(3)
    c = qm7_coefficients(molecules, 3).x.numpy()
    matrices = coulomb_matrices(molecules)
    others = matrices.sum(axis=2) - np.einsum("mii->mi", matrices)
    mean = c[:, :, 0].sum(axis=-1) / np.sqrt(4 * np.pi)
    assert_near(mean, others, 100)


def test_an_atom_is_left_out_by_number_not_by_distance() -> None:
    places = [[[0, 0, 0], [0, 0, 0.1], [0, 0, 1.4]]]
    crowd = Molecules([[1, 1, 1]], places, [0])
    x = qm7_potentials(crowd, HEALPix(1), dtype=torch.float64).x
    # Two neighbours each, of which one is a tenth of a Bohr away.
    centre = qm7_coefficients(crowd, 1).x[0, :, 0, 0] / np.sqrt(4 * np.pi)
    expected = [10 + 1 / 1.4, 10 + 1 / 1.3, 1 / 1.4 + 1 / 1.3]
    np.testing.assert_allclose(centre, expected, rtol=1e-12)
    assert torch.isfinite(x).all() and (x[..., 0] > 0).all()


def test_single_atoms_see_nothing() -> None:
    lonely = Molecules([[6], [8]], np.zeros((2, 1, 3)), [0, 0])
    assert not qm7_coefficients(lonely, 4).x.any()
    assert not qm7_potentials(lonely, HEALPix(1), radius=3.0).x.any()


def test_float32_is_float64_rounded_once() -> None:
    molecules = made(4)
    exact = qm7_coefficients(molecules, 5)
    assert exact.x.dtype == torch.float64
    rounded = qm7_coefficients(molecules, 5, dtype=torch.float32).x
    assert torch.equal(rounded, exact.x.float())
    assert qm7_potentials(molecules, HEALPix(1)).x.dtype == torch.float32
    assert exact.packed.shape == (sum(SIZES), 25, 5)
    assert torch.equal(exact.packed[4], exact.x[1, 0])


def test_results_do_not_depend_on_the_molecules_beside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    molecules = made(5, (5, 3, 6, 2, 4))
    c = qm7_coefficients(molecules, 6).x
    u = qm7_potentials(molecules, HEALPix(2), dtype=torch.float64).x
    monkeypatch.setattr(qm7_spheres, "_NUMBERS", 1)
    r = molecules.smallest_distance / 2
    assert_near(qm7_coefficients(molecules, 6).x, c, 30)
    alone = qm7_potentials(molecules[[3]], HEALPix(2), radius=r, dtype=torch.float64)
    assert_near(alone.x, u[3:4], 30)


# -- equivariance ----------------------------------------------------------------
@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 1000))
def test_coefficients_turn_with_the_molecule(seed: int) -> None:
    molecules = made(seed)
    rotation = Rotation.random((), torch.Generator().manual_seed(seed))
    shift = np.random.default_rng(seed).normal(0, 5, 3)
    moved = turned(molecules, rotation.matrix().numpy(), shift)
    r = 0.8 * molecules.smallest_distance / 2
    c, other = (qm7_coefficients(m, 8, radius=r).x for m in (molecules, moved))
    torch.testing.assert_close(other, rotate(c, rotation, 8), rtol=0, atol=1e-11)


def test_potentials_turn_with_the_molecule() -> None:
    # A quarter turn about z maps the pixels of HEALPix onto one another.
    molecules, sampling = made(6), HEALPix(2)
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    moved = turned(molecules, quarter, np.zeros(3))
    gap = np.linalg.norm(sampling.xyz[:, None] @ quarter.T - sampling.xyz, axis=-1)
    before, after = np.nonzero(gap < 1e-12)
    x, y = (
        qm7_potentials(m, sampling, radius=0.5, dtype=torch.float64).x
        for m in (molecules, moved)
    )
    torch.testing.assert_close(y[:, :, after], x[:, :, before], rtol=1e-12, atol=0)


def test_channels_and_atoms_follow_the_order_of_atoms() -> None:
    molecules = made(7, (6, 6))
    order = [3, 0, 5, 1, 4, 2]
    mixed = Molecules(
        molecules.charges[:, order], molecules.positions[:, order], molecules.energies
    )
    c, other = (qm7_coefficients(m, 5).x for m in (molecules, mixed))
    torch.testing.assert_close(other, c[:, order], rtol=1e-12, atol=1e-13)


# -- the data and bad arguments --------------------------------------------------
def test_spheres_of_the_published_molecules(shared_data: Path) -> None:
    molecules = QM7(shared_data).molecules
    r = molecules.smallest_distance / 2
    few = molecules[np.arange(0, 7165, 100)]
    c, mask = qm7_coefficients(few, 6, radius=r, dtype=torch.float32)
    assert c.shape == (72, 23, 36, 5) and torch.isfinite(c).all()
    assert torch.equal(mask, torch.tensor(few.mask))
    assert (c[..., 0, :].sum(-1) > 0).equal(mask)


def test_bad_arguments_are_refused() -> None:
    molecules = made()
    with pytest.raises(
        TypeError, match=r"molecules must be a Molecules, got QM7.*|got list"
    ):
        qm7_coefficients([molecules], 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"sampling must be a sampling, .* got int"):
        qm7_potentials(molecules, 3)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"at most half the smallest .*got 3: spheres w"
    ):
        qm7_potentials(molecules, HEALPix(1), radius=3)
    with pytest.raises(ValueError, match=r"radius must be positive .* length in Bohr"):
        qm7_coefficients(molecules, 3, radius=0)
    with pytest.raises(ValueError, match="L must be at least 1, got 0"):
        qm7_coefficients(molecules, 0)
    with pytest.raises(TypeError, match=r"dtype must be torch.float32 or .*float16"):
        qm7_coefficients(molecules, 2, dtype=torch.float16)

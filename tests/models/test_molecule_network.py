"""Energies of molecules do not depend on how they lie, or how atoms are numbered."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from deepsphere_pyg import load_model, save_model
from deepsphere_pyg.datasets import Molecules, qm7_coefficients
from deepsphere_pyg.models import GeneralizedSphericalCNN, MoleculeNetwork
from tests.round_off import round_off

ELEMENTS = (1, 6, 8)


@pytest.fixture
def network():
    torch.manual_seed(0)
    spheres = GeneralizedSphericalCNN(3, None, (5, 3, 1), (4, 4, 4))
    network = MoleculeNetwork(spheres, ELEMENTS, width=16)
    counts = torch.tensor([[4, 1, 0], [2, 0, 1], [4, 2, 1], [6, 2, 0], [6, 2, 1]])
    energies = torch.tensor([-420.0, -230.0, -790.0, -711.0, -805.0])
    network.fit_composition(counts, energies)
    return network.eval()


def molecules(positions):
    charges = [[8, 1, 1, 6, 1]]
    return Molecules(charges, [positions], [-500.0], elements=ELEMENTS)


def energy(network, found, dtype=torch.float32):
    spheres = qm7_coefficients(found, 5, radius=0.5, dtype=dtype).packed
    charges = torch.from_numpy(np.array(found.charges[found.mask]))
    one = torch.zeros(len(charges), dtype=torch.long)
    with torch.no_grad():
        return float(network(spheres, charges, one, 1))


@pytest.fixture
def positions():
    rng = np.random.default_rng(0)
    return np.cumsum(rng.uniform(1, 2, (5, 3)), axis=0)


def of_energies(network, found, dtype=torch.float32):
    """Round-off of energies: sums of the composition and of what the network adds."""
    atoms = 5
    composition = float(network.composition.abs().max())
    added = max(abs(energy) for energy in found) + atoms * composition
    # An atom's energy is of products of coefficients and of all its invariants.
    return round_off(dtype, network.spheres.n_invariants, added + composition)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_molecule_turned_or_moved_has_the_same_energy(network, positions, dtype):
    network.to(dtype)
    turned = Rotation.random(random_state=1).apply(positions) + np.array([3, -2, 1])
    before = energy(network, molecules(positions), dtype)
    after = energy(network, molecules(turned), dtype)
    assert abs(after - before) <= of_energies(network, [before], dtype)
    stretched = energy(network, molecules(1.1 * positions), dtype)
    assert abs(stretched - before) > 1e-3 * float(network.scale)


def test_atoms_have_no_order_and_molecules_no_neighbours(network, positions):
    spheres = qm7_coefficients(molecules(positions), 5, dtype=torch.float32).packed
    charges = torch.tensor([8, 1, 1, 6, 1])
    both = torch.cat([spheres, 2 * spheres]), torch.cat([charges, charges])
    number = torch.tensor([0] * 5 + [1] * 5)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        together = network(*both, number, 2)
        shuffled = network(both[0][order], both[1][order], number[order], 2)
        alone = network(spheres, charges, number[:5], 1)
    # Sums in another order, in single precision.
    bound = of_energies(network, together.tolist())
    torch.testing.assert_close(shuffled, together, rtol=0, atol=bound)
    torch.testing.assert_close(alone, together[:1], rtol=0, atol=bound)


def test_the_composition_is_the_least_squares_fit():
    spheres = GeneralizedSphericalCNN(3, None, (3, 1), (2, 2))
    network = MoleculeNetwork(spheres, ELEMENTS)
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 6, (40, 3))
    energies = counts @ [-60.0, -150.0, -100.0] + 7 + rng.standard_normal(40)
    left = network.fit_composition(torch.from_numpy(counts), torch.from_numpy(energies))
    table = np.column_stack([counts, np.ones(40)])
    expected, *_ = np.linalg.lstsq(table, energies, rcond=None)
    np.testing.assert_allclose(network.composition, expected, rtol=1e-12)
    residual = np.sqrt(np.mean((energies - table @ expected) ** 2))
    assert left == pytest.approx(residual, rel=1e-12)


def linear_energies(counts):
    return counts.double() @ torch.tensor([-60.0, -150.0, -100.0]).double() + 7


COUNTS = torch.from_numpy(np.random.default_rng(0).integers(0, 6, (40, 3)))


@pytest.mark.parametrize(
    ("counts", "energies"),
    [
        (COUNTS, linear_energies(COUNTS)),
        (COUNTS, (linear_energies(COUNTS) / 3).float()),
        (COUNTS, torch.zeros(40)),
        # As many numbers as unknowns.
        (COUNTS[:4], torch.tensor([1.0, -2.0, 5.0, 0.0])),
    ],
)
def test_energies_of_composition_alone_have_no_scale(network, counts, energies):
    before = network.composition.clone(), network.scale.clone()
    with pytest.raises(
        ValueError, match=r"must leave something .* for .* molecules of"
    ):
        network.fit_composition(counts, energies)
    assert torch.equal(network.composition, before[0])
    assert torch.equal(network.scale, before[1])


def test_a_saved_network_is_the_same_again(network, positions, tmp_path):
    save_model(network, tmp_path / "model.pt")
    again = load_model(tmp_path / "model.pt")
    assert again.composition.dtype == torch.float64
    assert next(again.parameters()).dtype == torch.float32
    found = molecules(positions)
    for name, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    before = energy(network, found)
    bound = of_energies(network, [before])
    assert energy(again, found) == pytest.approx(before, rel=0, abs=bound)


def test_what_does_not_fit_is_refused(network):
    x, one = torch.zeros(2, 25, 3), torch.zeros(2, dtype=torch.long)
    with pytest.raises(ValueError, match=r"knows the elements \[1, 6, 8\], got .* 7"):
        network(x, torch.tensor([6, 7]), one, 1)
    with pytest.raises(ValueError, match="one channel an element: out_channels=None"):
        MoleculeNetwork(GeneralizedSphericalCNN(3, 1, (3, 1), (2, 2)), ELEMENTS)
    spheres = GeneralizedSphericalCNN(3, None, (3, 1), (2, 2))
    with pytest.raises(
        ValueError, match=r"elements must differ, got \[1, 6, 1\]; pass"
    ):
        MoleculeNetwork(spheres, (1, 6, 1))
    with pytest.raises(ValueError, match="width must be at least 1, got 0"):
        MoleculeNetwork(spheres, ELEMENTS, width=0)
    with pytest.raises(ValueError, match="in_channels=3, got"):
        MoleculeNetwork(GeneralizedSphericalCNN(2, None, (3, 1), (2, 2)), ELEMENTS)

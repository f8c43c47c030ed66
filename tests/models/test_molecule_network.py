"""Energies of molecules do not depend on how they lie, or how atoms are numbered."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from deepsphere_pyg import load_model, save_model
from deepsphere_pyg.datasets import Molecules, molecule_energies, qm7_coefficients
from deepsphere_pyg.models import GeneralizedSphericalCNN, MoleculeNetwork
from deepsphere_pyg.models.checkpoint_file import DIGEST
from tests.round_off import round_off

ELEMENTS = (1, 6, 8)


@pytest.fixture
def network():
    torch.manual_seed(0)
    spheres = GeneralizedSphericalCNN(3, None, bandlimits=(5, 3, 1), channels=(4, 4, 4))
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
    spheres = GeneralizedSphericalCNN(3, None, bandlimits=(3, 1), channels=(2, 2))
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
    with pytest.raises(ValueError, match=r"residuals of .* for .* molecules of"):
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
    with pytest.raises(ValueError, match="out_channels=None and in_channels=3, got"):
        MoleculeNetwork(
            GeneralizedSphericalCNN(3, 1, bandlimits=(3, 1), channels=(2, 2)), ELEMENTS
        )
    spheres = GeneralizedSphericalCNN(3, None, bandlimits=(3, 1), channels=(2, 2))
    with pytest.raises(
        ValueError, match=r"elements must differ, got \[1, 6, 1\]; pass"
    ):
        MoleculeNetwork(spheres, (1, 6, 1))
    with pytest.raises(ValueError, match="width must be at least 1, got 0"):
        MoleculeNetwork(spheres, ELEMENTS, width=0)
    with pytest.raises(ValueError, match="in_channels=3, got"):
        MoleculeNetwork(
            GeneralizedSphericalCNN(2, None, bandlimits=(3, 1), channels=(2, 2)),
            ELEMENTS,
        )


# -- from molecules to energies --------------------------------------------------------
def chains(n=6):
    """Molecules of several sizes, whose nearest atoms are of different distances."""
    rng = np.random.default_rng(1)
    charges, positions = np.zeros((n, 6), int), np.zeros((n, 6, 3))
    for i in range(n):
        size = 2 + i % 5
        steps = [1.6 + 0.3 * i, 0, 0] + 0.2 * rng.standard_normal((size, 3))
        positions[i, :size] = np.cumsum(steps, axis=0)
        charges[i, :size] = rng.choice(ELEMENTS, size)
    return Molecules(charges, positions, np.zeros(n), elements=ELEMENTS)


def close(found, expected):
    # Sums of some thousand products in float32, of energies of this spread and size.
    scale = float(expected.abs().max())
    bound = 100 * torch.finfo(torch.float32).eps * scale
    torch.testing.assert_close(found, expected, rtol=0, atol=bound)


def test_a_molecule_has_the_same_energy_alone_and_among_others(network, tmp_path):
    found = chains()
    network.radius = found.largest_radius
    save_model(network, tmp_path / "model.pt")
    again = load_model(tmp_path / "model.pt")
    assert again.radius == found.largest_radius
    together = molecule_energies(again, found)
    assert together.shape == (6,) and together.dtype == torch.float64
    alone = torch.cat([molecule_energies(again, found[[i]]) for i in range(6)])
    close(alone, together)
    close(molecule_energies(again, found[[5, 0, 3]]), together[[5, 0, 3]])
    close(molecule_energies(again, found, batch_size=4), together)
    # Spheres of another radius are a different input.
    other = qm7_coefficients(found[[5]], 5, dtype=torch.float32).packed
    charges = torch.from_numpy(found.charges[5][found.mask[5]])
    with torch.no_grad():
        wrong = again(other, charges, torch.zeros(len(charges), dtype=torch.long), 1)
    assert float((wrong - together[5]).abs()) > 1e-3 * float(network.scale)


def test_channels_of_molecules_are_put_in_the_networks_order(network):
    found = chains()
    network.radius = found.largest_radius
    more = (1, 6, 7, 8, 16)
    parts = found.charges, found.positions, found.energies
    expected = molecule_energies(network, found)
    assert torch.equal(
        molecule_energies(network, Molecules(*parts, elements=more)), expected
    )
    turned = MoleculeNetwork(
        network.spheres, (8, 6, 1), width=16, radius=found.largest_radius
    )
    coefficients = qm7_coefficients(
        found, 5, radius=found.largest_radius, dtype=torch.float32
    ).packed
    atoms = torch.from_numpy(found.charges[found.mask])
    number = torch.from_numpy(np.nonzero(found.mask)[0])
    with torch.no_grad():
        direct = turned.eval()(coefficients.flip(-1), atoms, number, 6)
    close(molecule_energies(turned, found), direct)


def test_what_a_network_does_not_know_of_its_input_is_told(network):
    found = chains()
    with pytest.raises(ValueError, match=r"does not know the radius .* set network\."):
        molecule_energies(network, found)
    network.radius = 2 * found.largest_radius
    message = r"two atoms of molecule 0 are 1\..* less than twice the radius"
    with pytest.raises(ValueError, match=message):
        molecule_energies(network, found)
    network.radius = found.largest_radius
    nitrogen = Molecules([[1, 1], [7, 7]], [[[0, 0, 0], [0, 0, 4.0]]] * 2, [0, 0])
    message = r"knows the elements \[1, 6, 8\], got an atom of charge 7 in molecule 1"
    with pytest.raises(ValueError, match=message):
        molecule_energies(network, nitrogen)
    with pytest.raises(ValueError, match=r"training mode.*call network\.eval\(\)"):
        molecule_energies(network.train(), found)
    with pytest.raises(TypeError, match="network must be a MoleculeNetwork, got Linea"):
        molecule_energies(torch.nn.Linear(1, 1), found)
    with pytest.raises(TypeError, match="molecules must be a Molecules, got list"):
        molecule_energies(network.eval(), [found])
    with pytest.raises(ValueError, match="radius must be positive"):
        network.radius = -1


def test_files_of_before_the_radius_was_kept_are_read(network, tmp_path):
    save_model(network, tmp_path / "model.pt")
    content = torch.load(tmp_path / "model.pt")
    del content["deepsphere_pyg"]["model_config"]["radius"], content[DIGEST]
    torch.save(content, tmp_path / "old.pt")
    again = load_model(tmp_path / "old.pt")
    assert again.radius is None
    again.radius = chains().largest_radius
    assert molecule_energies(again, chains()).isfinite().all()


def test_elements_are_told_by_the_state_and_checked(network):
    state = network.state_dict()
    assert state["elements"].tolist() == [1, 6, 8]
    assert "elements" not in dict(network.named_buffers())
    other = MoleculeNetwork(network.spheres, (1, 6, 16), width=16)
    with pytest.raises(
        RuntimeError, match=r"elements must be \[1, 6, 16\].* \[1, 6, 8"
    ):
        other.load_state_dict(state)
    del state["elements"]
    with pytest.raises(RuntimeError, match=r'Missing key.*"elements"'):
        network.load_state_dict(state)


def test_energies_stay_in_float64_from_meta_on(network):
    state = network.state_dict()
    with torch.device("meta"):
        other = MoleculeNetwork(network.spheres.config, ELEMENTS, width=16)
    other.to_empty(device="cpu").load_state_dict(state)
    assert other.composition.dtype == torch.float64
    assert torch.equal(other.composition, network.composition)

"""Energies from positions: of the network alone, whatever lies beside a molecule."""

import numpy as np
import pytest
import scipy.constants
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg import load_model, save_model
from deepsphere_pyg.datasets import Molecules, molecule_energies
from deepsphere_pyg.models import GeneralizedSphericalCNN, MoleculeNetwork
from tests.round_off import round_off

ELEMENTS = (8, 1, 6)  # not ascending: channels are in this order
RADIUS = 0.5


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    spheres = GeneralizedSphericalCNN(3, None, bandlimits=(5, 3, 1), channels=(4, 4, 4))
    network = MoleculeNetwork(spheres, ELEMENTS, width=16, radius=RADIUS)
    counts = torch.tensor([[0, 4, 1], [1, 2, 0], [1, 4, 2], [0, 6, 2], [1, 6, 2]])
    energies = torch.tensor([-420.0, -230.0, -790.0, -711.0, -805.0])
    network.fit_composition(counts, energies)
    return network.eval()


@pytest.fixture(scope="module")
def again(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.pt"
    save_model(network, path)
    return load_model(path)


def of_energies(network, found, dtype=torch.float32, atoms=7):
    """Round-off of energies: sums of the composition and of what the network adds."""
    composition = float(network.composition.abs().max())
    added = float(found.abs().max()) + atoms * composition
    return round_off(dtype, network.spheres.n_invariants, added + composition)


def chain(seed, atoms):
    """A bent chain, whose nearest atoms are at a distance of its own."""
    rng = np.random.default_rng(seed)
    steps = [rng.uniform(1.6, 3), 0, 0] + 0.2 * rng.standard_normal((atoms, 3))
    return rng.choice(ELEMENTS, atoms), np.cumsum(steps, axis=0)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 7)), min_size=1, max_size=5),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_energies_are_the_same_alone_in_any_batch_and_after_loading(
    network, again, shapes, size, random
):
    molecules = [chain(*shape) for shape in shapes]
    charges, places = ([m[i] for m in molecules] for i in (0, 1))
    together = network.energies(charges, places, unit="bohr")
    assert together.shape == (len(molecules),) and together.dtype == torch.float64
    bound = of_energies(network, together)

    def same(found):
        torch.testing.assert_close(found, together, rtol=0, atol=bound)

    for one in (network, again):
        alone = [one.energies(*m, unit="bohr") for m in molecules]
        assert alone[0].shape == ()
        same(torch.stack(alone))
        same(one.energies(charges, places, unit="bohr", batch_size=size))
    order = random.sample(range(len(molecules)), len(molecules))
    shuffled = network.energies(
        [charges[i] for i in order], [places[i] for i in order], unit="bohr"
    )
    same(shuffled[np.argsort(order)])
    # Padded, as data sets have them.
    most = max(map(len, charges))
    padded = np.stack([np.pad(z, (0, most - len(z))) for z in charges])
    points = np.stack([np.pad(p, ((0, most - len(p)), (0, 0))) for p in places])
    same(network.energies(padded, points, unit="bohr"))
    same(molecule_energies(network, Molecules(padded, points, np.zeros(len(points)))))


def test_energies_are_those_of_the_molecules_spheres(network):
    charges, places = chain(3, 5)
    whole = Molecules(charges[None], places[None], [0.0])
    expected = molecule_energies(network, whole)
    assert torch.equal(network.energies(charges, places, unit="bohr"), expected[0])
    # The radius is not that of the data.
    assert whole.largest_radius > 1.2 * RADIUS
    network_of_data = MoleculeNetwork(
        network.spheres, ELEMENTS, width=16, radius=whole.largest_radius
    )
    network_of_data.load_state_dict(network.state_dict())
    other = network_of_data.eval().energies(charges, places, unit="bohr")
    assert abs(float(other - expected[0])) > 1e-3 * float(network.scale)


def test_units_are_those_of_physics(network):
    charges, places = chain(4, 5)
    bohr = scipy.constants.physical_constants["Bohr radius"][0] / 1e-10
    in_angstrom = network.energies(charges, places * bohr, unit="angstrom")
    in_bohr = network.energies(charges, places, unit="bohr")
    bound = of_energies(network, in_bohr[None])
    torch.testing.assert_close(in_angstrom, in_bohr, rtol=0, atol=bound)


def test_double_networks_give_double_energies(network):
    charges, places = chain(5, 6)
    double = MoleculeNetwork(network.spheres.config, ELEMENTS, width=16, radius=RADIUS)
    double.load_state_dict(network.state_dict())
    double.double().eval()
    found = double.energies([charges], [places], unit="bohr")
    moved = double.energies([charges], [places + 7.0], unit="bohr")
    bound = of_energies(network, found, torch.float64)
    # Positions lose a digit beside 7.
    torch.testing.assert_close(moved, found, rtol=0, atol=10 * bound)


TWO = [[0.0, 0, 0], [0, 0, 2]]


@pytest.mark.parametrize(
    ("charges", "positions", "unit", "error", "message"),
    [
        ([17, 1], TWO, "bohr", ValueError, r"molecule 0 .* charge 17 \(Cl\), the netw"),
        ([[1], [8, 7]], [TWO[:1], TWO], "bohr", ValueError, r"molecule 1 .* \(N\), .*"),
        ([1.5, 1], TWO, "bohr", ValueError, r"charge 1\.5 \(of no element\)"),
        ([1, np.nan], TWO, "bohr", ValueError, r"charge nan \(of no element\)"),
        ([1, 1], [TWO[0]] * 2, "bohr", ValueError, "atoms 0 and 1 of molecule 0 coinc"),
        ([1, 1], [[0, 0, 0], [0, 0, 0.9]], "bohr", ValueError, "check the unit of the"),
        ([1, 1], [[0, 0, 0], [0, 0, np.nan]], "bohr", ValueError, "for atom 1 of mole"),
        ([[1], [1]], [TWO[:1], [[1e7, 0, 0]]], "bohr", ValueError, "within 1e.06 Bohr"),
        ([1, 1], TWO[:1], "bohr", ValueError, r"got shapes \(2,\) and \(1, 3\)"),
        ([[1, 1]], TWO, "bohr", ValueError, "of the same molecules, .* got 1 and 2"),
        ([1], 3.0, "bohr", ValueError, r"got shapes \(1,\) and \(\)"),
        ([[1]], 3.0, "bohr", TypeError, "positions must be a list of one array"),
        ([], [], "bohr", ValueError, r"got shapes \(0,\)"),
        (np.zeros((0, 2)), np.zeros((0, 2, 3)), "bohr", ValueError, "got 0 and 0"),
        ([0, 0], TWO, "bohr", ValueError, "charges must hold an atom, got none"),
        (["H", "H"], TWO, "bohr", TypeError, "charges must be real numbers"),
        ([1, 1], TWO, "nm", ValueError, "unit must be 'bohr' or 'angstrom', got 'nm'"),
    ],
)
def test_what_is_no_molecule_is_told(network, charges, positions, unit, error, message):
    with pytest.raises(error, match=message):
        network.energies(charges, positions, unit=unit)


def test_what_a_network_cannot_predict_is_told(network):
    old = MoleculeNetwork(network.spheres, ELEMENTS, width=16)
    with pytest.raises(ValueError, match=r"training mode.*call network\.eval\(\)"):
        network.train()
        try:
            network.energies([1], [[0, 0, 0]], unit="bohr")
        finally:
            network.eval()
    with pytest.raises(ValueError, match="does not know the radius"):
        old.eval().energies([1], [[0, 0, 0]], unit="bohr")
    with pytest.raises(TypeError, match="unit"):
        network.energies([1], [[0, 0, 0]])

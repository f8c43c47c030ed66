"""Energies of molecules by a trained network, which knows how its input is made."""

from __future__ import annotations

from typing import Protocol, SupportsIndex, cast

import numpy as np
import torch
from torch import Tensor, nn

from deepsphere_pyg.datasets.molecules.qm7_molecules import Molecules
from deepsphere_pyg.datasets.molecules.qm7_spheres import qm7_coefficients
from samplings.arguments import integer_argument

# What a network has to tell of its input.
TOLD = ("radius", "L", "elements", "composition")


class _Network(Protocol):
    """What is asked of a network of molecules."""

    training: bool
    radius: float | None
    L: int
    elements: Tensor

    def __call__(self, x: Tensor, charges: Tensor, molecule: Tensor, n: int) -> Tensor:
        """Return the energy of each molecule."""


@torch.no_grad()
def molecule_energies(
    network: nn.Module, molecules: Molecules, batch_size: SupportsIndex = 64
) -> Tensor:
    """Return the energies that a trained network gives to molecules.

    The spheres round their atoms are made as those that it was trained on: of the
    radius, the bandlimit and the elements that it keeps. So a molecule has the same
    energy alone and among others, to round-off.

    Parameters
    ----------
    network
        A :class:`~deepsphere_pyg.models.MoleculeNetwork` in evaluation mode.
    molecules
        Charges and positions in Bohr; their own energies are not looked at.
    batch_size
        Molecules whose spheres are made at once.

    Returns
    -------
    Tensor
        Shape ``(molecule,)``, float64, on the CPU, in the unit of the training.

    Raises
    ------
    TypeError
        If ``molecules`` are something else, or the network is none of molecules.
    ValueError
        If the network does not know the radius of its spheres, or is in training mode;
        if a molecule has an element that the network does not know, or two atoms closer
        than twice the radius.

    Examples
    --------
    >>> from deepsphere_pyg.models import GeneralizedSphericalCNN, MoleculeNetwork
    >>> spheres = GeneralizedSphericalCNN(
    ...     2, None, bandlimits=(3, 1), channels=(4, 4)
    ... )
    >>> network = MoleculeNetwork(spheres, elements=(1, 8), radius=0.6).eval()
    >>> hydrogen = Molecules([[1, 1]], [[[0, 0, 0], [0, 0, 1.4]]], [-109.5])
    >>> molecule_energies(network, hydrogen).shape
    torch.Size([1])
    """
    size = integer_argument("batch_size", batch_size, 1)
    asked, radius = _checked_network(network)
    elements = [int(z) for z in asked.elements]
    known = _with_elements(molecules, elements)
    _refuse_close_atoms(known, radius)
    like = next(network.parameters())
    # Channels in the order that the network has them.
    order = [sorted(elements).index(z) for z in elements]
    energies = []
    for part in known.chunks(size):
        some = known[np.arange(len(known))[part]]
        dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
        spheres = qm7_coefficients(some, asked.L, radius=radius, dtype=dtype)
        charges = torch.from_numpy(some.charges[some.mask])
        number = torch.from_numpy(np.nonzero(some.mask)[0])
        x = spheres.packed[..., order].to(like.device)
        there = charges.to(like.device), number.to(like.device)
        energies.append(asked(x, *there, len(some)).cpu())
    return torch.cat(energies)


def _checked_network(network: nn.Module) -> tuple[_Network, float]:
    """Return a network that knows how its input is made, and the radius."""
    if not all(hasattr(network, name) for name in TOLD):
        raise TypeError(
            "network must be a MoleculeNetwork, got "
            f"{type(network).__name__}; load one with deepsphere_pyg.load_model"
        )
    asked = cast(_Network, network)
    if asked.radius is None:
        raise ValueError(
            "this network does not know the radius of the spheres that it was trained "
            "on, as files of earlier versions do not; set network.radius to the "
            "largest_radius of the whole data set that it was trained on, and save it "
            "again"
        )
    if asked.training:
        raise ValueError(
            "the network is in training mode, in which the molecules of a batch are "
            "normalised together; call network.eval() first"
        )
    return asked, asked.radius


def _with_elements(molecules: Molecules, elements: list[int]) -> Molecules:
    """Return the molecules with a network's elements as channels."""
    if not isinstance(molecules, Molecules):
        raise TypeError(
            f"molecules must be Molecules, got {type(molecules).__name__}; pass "
            "QM7(root).molecules, or make them of charges and positions"
        )
    given = np.unique(molecules.charges[molecules.mask])
    unknown = np.setdiff1d(given, elements)
    if len(unknown):
        first = int(np.argmax((molecules.charges == unknown[0]).any(axis=1)))
        raise ValueError(
            f"the network knows the elements {elements}, got an atom of charge "
            f"{unknown[0]} in molecule {first}; leave the molecule out"
        )
    parts = molecules.charges, molecules.positions, molecules.energies
    return Molecules(*parts, elements=sorted(elements))


def _refuse_close_atoms(molecules: Molecules, radius: float) -> None:
    """Refuse molecules whose spheres would meet at the radius of a network."""
    if radius <= molecules.smallest_distance / 2:
        return
    nearest = np.concatenate(
        [molecules.distances(part).min(axis=(1, 2)) for part in molecules.chunks()]
    )
    closest = int(nearest.argmin())
    raise ValueError(
        f"two atoms of molecule {closest} are {nearest[closest]:.6g} Bohr apart, "
        f"nearer than twice the radius of the network's spheres, {radius:.6g} Bohr: "
        "spheres would meet, which the network has not seen; leave the molecule out, "
        "or train a network with spheres of a smaller radius"
    )

"""Energies of molecules predicted by a trained network."""

from __future__ import annotations

from typing import Protocol, SupportsIndex, cast

import numpy as np
import torch
from torch import Tensor, nn

from deepsphere_pyg.convert.molecules.molecules import GET_MOLECULES, Molecules
from deepsphere_pyg.convert.molecules.spheres import qm7_coefficients
from samplings.arguments import instance_argument, integer_argument

# Attributes of a network that describe its input.
_DESCRIPTION = ("radius", "L", "elements", "composition")


class _Network(Protocol):
    """The attributes and the call of a molecule network that are used here."""

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
    """Predict the energies of molecules with a trained network.

    The spheres around their atoms have the radius, bandlimit and elements of the
    training, which the network keeps. To round-off, the energy of a molecule does not
    depend on the other molecules.

    Parameters
    ----------
    network
        A :class:`~deepsphere_pyg.models.MoleculeNetwork` in evaluation mode.
    molecules
        Charges and positions in Bohr; their energies are ignored.
    batch_size
        Number of molecules per batch.

    Returns
    -------
    Tensor
        Shape ``(molecule,)``, float64, on the CPU, in the unit of the training.

    Raises
    ------
    TypeError
        If ``molecules`` are not :class:`Molecules`, or the network does not describe
        its input as a :class:`~deepsphere_pyg.models.MoleculeNetwork` does.
    ValueError
        If the network does not know its radius or is in training mode, or a molecule
        has an element that the network lacks or two atoms closer than twice the radius.

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
    # Channels in the order of the network.
    order = [sorted(elements).index(z) for z in elements]
    dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
    energies = []
    for part in known.chunks(size):
        some = known[np.arange(len(known))[part]]
        spheres = qm7_coefficients(some, asked.L, radius=radius, dtype=dtype)
        charges = torch.from_numpy(some.charges[some.mask])
        number = torch.from_numpy(np.nonzero(some.mask)[0])
        x = spheres.packed[..., order].to(like.device)
        there = charges.to(like.device), number.to(like.device)
        energies.append(asked(x, *there, len(some)).cpu())
    return torch.cat(energies)


def _checked_network(network: nn.Module) -> tuple[_Network, float]:
    """Check that a network describes its input; return it and its radius."""
    if not all(hasattr(network, name) for name in _DESCRIPTION):
        raise TypeError(
            "network must be a MoleculeNetwork, got "
            f"{type(network).__name__}; load one with deepsphere_pyg.load_model"
        )
    asked = cast(_Network, network)
    if asked.radius is None:
        raise ValueError(
            "the network does not know the radius of the spheres that it was trained "
            "on, which files of earlier versions lack; set network.radius to the "
            "largest_radius of the whole training data set, and save it again"
        )
    if asked.training:
        raise ValueError(
            "the network is in training mode, in which the molecules of a batch are "
            "normalised together; call network.eval() first"
        )
    return asked, asked.radius


def _with_elements(molecules: Molecules, elements: list[int]) -> Molecules:
    """Return the molecules with a network's elements as channels."""
    instance_argument("molecules", molecules, Molecules, GET_MOLECULES)
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
        f"less than twice the radius of the network's spheres, {radius:.6g} Bohr: "
        "spheres would overlap, unlike in training; check the unit of the positions, "
        "leave the molecule out, or train a network with spheres of a smaller radius"
    )

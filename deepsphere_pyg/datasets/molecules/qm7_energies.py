"""Energies of molecules predicted by a trained network."""

from __future__ import annotations

from typing import Protocol, SupportsIndex, cast

import numpy as np
import torch
from torch import Tensor, nn

from deepsphere_pyg.datasets.molecules.qm7_molecules import Molecules
from deepsphere_pyg.datasets.molecules.qm7_spheres import qm7_coefficients
from samplings.arguments import integer_argument

# Attributes of a network that describe its input.
_DESCRIPTION = ("radius", "L", "elements", "composition")


class _Network(Protocol):
    """The part of a molecule network that is used here."""

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
    """Return the energies of molecules predicted by a trained network.

    The spheres around their atoms have the radius, bandlimit and elements of the
    training, which the network keeps. So a molecule has the same energy alone and among
    others, to round-off.

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
        If the network has no radius of its spheres, or is in training mode; if a
        molecule has an element that the network lacks, or two atoms closer than twice
        the radius.

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
    """Return a network that describes its input, and the radius of its spheres."""
    if not all(hasattr(network, name) for name in _DESCRIPTION):
        raise TypeError(
            "network must be a MoleculeNetwork, got "
            f"{type(network).__name__}; load one with deepsphere_pyg.load_model"
        )
    asked = cast(_Network, network)
    if asked.radius is None:
        raise ValueError(
            "this network does not know the radius of the spheres that it was trained "
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
        f"less than twice the radius of the network's spheres, {radius:.6g} Bohr: "
        "spheres would overlap, unlike in training; leave the molecule out, "
        "or train a network with spheres of a smaller radius"
    )

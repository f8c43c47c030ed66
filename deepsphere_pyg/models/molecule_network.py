"""Energies of molecules, from the sphere around each of their atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
import torch
from torch import Tensor, nn

from deepsphere_pyg.convert.molecules.energies import molecule_energies
from deepsphere_pyg.convert.molecules.listed import listed_molecules
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.models.base import SavedModel
from deepsphere_pyg.models.blocks import DenseHead
from deepsphere_pyg.models.generalized_cnn import GeneralizedSphericalCNN
from samplings.arguments import (
    instance_argument,
    integer_argument,
    integers_argument,
    positive_argument,
)


class MoleculeNetwork(FixedTensors, SavedModel):
    r"""Predict a molecule's energy from per-atom outputs of one spherical network.

    .. math::
        E = \sum_z n_z e_z + e_0
        + s \Big(\sum_i a(h_i) + b\big(\tfrac{1}{10} \sum_i h_i\big)\Big),
        \qquad h_i = d(\text{invariants of atom } i, z_i)

    with the same spherical network for all atoms, dense networks a, b and d, and a
    linear function of the composition that is fitted beforehand. The energy depends
    neither on the orientation of the molecule nor on the order of its atoms.

    Parameters
    ----------
    spheres
        Network of the spheres with ``out_channels=None`` and one input channel for
        each element; or its arguments as a mapping.
    elements
        Nuclear charges that may occur.
    width
        Width of the dense networks.
    radius
        Radius in Bohr of the spheres that it is trained on; None if unknown.

    Attributes
    ----------
    radius
        As given; it may be set on a network from an older file, which does not store
        it. Energies are right only for spheres of this radius, which :meth:`energies`
        makes.
    composition
        Energies e of each element, then the constant, float64; zero until
        :meth:`fit_composition`.
    scale
        Standard deviation s of the energies about the fit; one until then.

    Shapes
    ------
    ``x (atom, L * L, element), charges (atom,), molecule (atom,) -> (n_molecules,)``

    Raises
    ------
    ValueError
        If the network of the spheres has outputs of its own or another number of
        channels, an element is listed twice, the width is below 1, or the radius is not
        positive; in ``forward``, if an element is unknown.

    Notes
    -----
    Source: Cohen et al. 2018 (arXiv:1801.10130), section 5.3, for the spheres and the
    sum over atoms. Their network sees no composition.

    Examples
    --------
    >>> sizes = {"bandlimits": (3, 1), "channels": (4, 4)}
    >>> spheres = GeneralizedSphericalCNN(2, None, **sizes)
    >>> network = MoleculeNetwork(spheres, elements=(1, 8)).eval()
    >>> water = torch.tensor([8, 1, 1])
    >>> network(torch.zeros(3, 9, 2), water, torch.zeros(3, dtype=torch.long), 1).shape
    torch.Size([1])
    """

    # Energies have five digits before the point.
    exact_buffers = ("composition", "scale")

    composition: Tensor
    scale: Tensor
    elements: Tensor

    def __init__(
        self,
        spheres: GeneralizedSphericalCNN | Mapping[str, Any],
        elements: Sequence[int],
        *,
        width: int = 128,
        radius: SupportsFloat | None = None,
    ) -> None:
        super().__init__()
        remedy = "make one with out_channels=None, or pass its arguments as a mapping"
        if isinstance(spheres, Mapping):
            try:
                spheres = GeneralizedSphericalCNN(**spheres)
            except TypeError as error:
                raise TypeError(f"spheres do not fit: {error}; {remedy}") from error
        instance_argument("spheres", spheres, GeneralizedSphericalCNN, remedy)
        charges = [*integers_argument("elements", elements, 1)]
        if len(set(charges)) < len(charges):
            raise ValueError(
                f"elements must differ, got {charges}; pass the charge of each once"
            )
        config = spheres.config
        if config["out_channels"] is not None or config["in_channels"] != len(charges):
            raise ValueError(
                "spheres must give invariants and have one channel for each element: "
                f"out_channels=None and in_channels={len(charges)}, got "
                f"out_channels={config['out_channels']} and "
                f"in_channels={config['in_channels']}"
            )
        self.spheres = spheres
        self.width = width = integer_argument("width", width, 1)
        self.radius = radius
        self.atoms = nn.Sequential(
            DenseHead(spheres.n_invariants + len(charges), width, [width]), nn.SiLU()
        )
        self.of_atoms = nn.Linear(width, 1)
        self.of_molecules = nn.Sequential(
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
        )
        self.keep("elements", np.array(charges), stated=True)
        count = len(charges) + 1
        self.register_buffer("composition", torch.zeros(count, dtype=torch.float64))
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the constructor, JSON-serialisable."""
        return {
            "spheres": self.spheres.config,
            "elements": self.elements.tolist(),
            "width": self.width,
            "radius": self.radius,
        }

    @property
    def radius(self) -> float | None:
        """Radius in Bohr of the spheres that it is trained on."""
        return self._radius

    @radius.setter
    def radius(self, radius: SupportsFloat | None) -> None:
        remedy = "pass the length in Bohr that its spheres are made with, or None"
        self._radius = (
            None if radius is None else positive_argument("radius", radius, remedy)
        )

    @property
    def L(self) -> int:
        """Bandlimit of the spheres that it takes."""
        return int(self.spheres.config["bandlimits"][0])

    def energies(
        self,
        charges: Any,
        positions: Any,
        *,
        unit: str,
        batch_size: SupportsIndex = 64,
    ) -> Tensor:
        """Predict the energies of molecules from their atoms.

        The spheres around the atoms have the radius and the bandlimit of the training,
        which the network and its file keep. To round-off, the energy of a molecule does
        not depend on the molecules beside it.

        Parameters
        ----------
        charges
            Nuclear charges of one molecule, shape ``(atom,)``; or of several, as a list
            of such arrays or an array ``(molecule, atom)`` with 0 for no atom.
        positions
            Positions of the atoms, shape ``(atom, 3)``; or a list of such arrays, or an
            array ``(molecule, atom, 3)``.
        unit
            Unit of the positions: ``"bohr"``, as in QM7's file, or ``"angstrom"``, as
            in xyz files.
        batch_size
            Number of molecules that are computed at once.

        Returns
        -------
        Tensor
            Shape ``(molecule,)``, or ``()`` for one molecule; float64, on the CPU, in
            the unit of the training, which is kcal/mol for QM7.

        Raises
        ------
        TypeError
            If an argument has another type than these.
        ValueError
            If the network does not know its radius or is in training mode; if shapes do
            not fit, an element is unknown to the network, a position is not finite, two
            atoms coincide or are closer than twice the radius.

        Examples
        --------
        >>> sizes = {"bandlimits": (3, 1), "channels": (4, 4)}
        >>> spheres = GeneralizedSphericalCNN(2, None, **sizes)
        >>> network = MoleculeNetwork(spheres, elements=(1, 8), radius=0.6).eval()
        >>> hydrogen, oxygen = [[0, 0, 0], [0, 0, 1.4]], [[0, 0, 0], [0, 0, 2.3]]
        >>> network.energies([[1, 1], [8, 8]], [hydrogen, oxygen], unit="bohr").shape
        torch.Size([2])
        """
        elements = [int(z) for z in self.elements]
        molecules, many = listed_molecules(charges, positions, unit, elements)
        found = molecule_energies(self, molecules, batch_size)
        return found if many else found[0]

    def fit_composition(self, counts: Tensor, energies: Tensor) -> float:
        """Fit the linear function of the composition to the training set.

        Parameters
        ----------
        counts
            Number of atoms of each element, shape ``(molecule, element)``.
        energies
            Shape ``(molecule,)``.

        Returns
        -------
        float
            Root mean square of the residuals, in the unit of the energies.

        Raises
        ------
        ValueError
            If the fit is exact to the precision of float32: there is no scale then.
        """
        table = torch.cat([counts.double(), torch.ones(len(counts), 1)], dim=1)
        y = energies.double()
        found = torch.linalg.lstsq(table, y[:, None], driver="gelsd").solution[:, 0]
        left = (y - table @ found).square().mean().sqrt()
        size = y.square().mean().sqrt()
        # Energies are often kept in single precision: residuals below are round-off.
        if not left > torch.finfo(torch.float32).eps * size:
            raise ValueError(
                "the energies must not be a function of the composition alone, got "
                f"residuals of {left:.2g} in {size:.2g} for {len(y)} molecules of "
                f"{len(self.elements)} elements; pass more molecules, whose energies "
                "depend on the positions of their atoms"
            )
        self.composition.copy_(found)
        self.scale.copy_(left)
        return float(self.scale)

    def forward(
        self, x: Tensor, charges: Tensor, molecule: Tensor, n_molecules: int
    ) -> Tensor:
        """Return the energy of each molecule.

        Parameters
        ----------
        x
            Coefficients of the sphere around each atom, ``(atom, L * L, element)``.
        charges
            Nuclear charge of each atom, ``(atom,)``.
        molecule
            Index of the molecule that each atom is in, ``(atom,)``.
        n_molecules
            Number of molecules.

        Returns
        -------
        Tensor
            Shape ``(n_molecules,)``, float64: the energies of molecules may differ by
            less than a thousandth.
        """
        is_element = charges[:, None] == self.elements
        if not torch.compiler.is_compiling() and not bool(is_element.any(1).all()):
            unknown = charges[~is_element.any(1)][0]
            raise ValueError(
                f"the network knows the elements {self.elements.tolist()}, got an atom "
                f"of charge {int(unknown)}; leave the molecule out"
            )
        features = self.spheres.invariants(x)
        h = self.atoms(torch.cat([features, is_element.to(features.dtype)], dim=1))
        summed = h.new_zeros(n_molecules, self.width).index_add(0, molecule, h / 10)
        energies = self.of_atoms(h).new_zeros(n_molecules, 1)
        energies = energies.index_add(0, molecule, self.of_atoms(h))
        energies = energies + self.of_molecules(summed)
        counts = is_element.double().new_zeros(n_molecules, len(self.elements))
        counts = counts.index_add(0, molecule, is_element.double())
        linear = counts @ self.composition[:-1] + self.composition[-1]
        found: Tensor = linear + self.scale * energies[:, 0].double()
        return found

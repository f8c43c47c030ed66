"""QM7: energies of small organic molecules, as data of PyTorch Geometric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.convert.molecules.molecules import QM7_ELEMENTS, Molecules
from deepsphere_pyg.datasets.files import PathLike
from deepsphere_pyg.datasets.molecules.qm7_coulomb import coulomb_matrices
from deepsphere_pyg.datasets.molecules.qm7_file import qm7_path, read_qm7
from deepsphere_pyg.pyg import Data, InMemoryDataset
from samplings.arguments import function_argument
from samplings.arrays import FloatArray, IntArray


class QM7(InMemoryDataset):  # type: ignore[misc]
    """7165 organic molecules of up to 23 atoms (H, C, N, O, S) and their energies.

    Each molecule is a ``Data`` with ``z (atom,)``, charges; ``pos (atom, 3)``,
    positions in **Bohr** as in the file, float32; ``y (1,)``, atomization energy in
    **kcal/mol** (PBE0), negative, float32; and ``x (atom, ...)`` if ``features`` are
    given. Indexing, slices, loaders and transforms are those of PyTorch Geometric.

    Parameters
    ----------
    root
        The file ``qm7.mat``, or its folder. :func:`download_qm7` fetches it.
    features
        Called once with the :class:`Molecules`; returns signals of all atoms, one
        molecule after the other, shape ``(atoms of all, ...)``.
    transform
        Applied to each ``Data`` on access.
    elements
        Charges that may occur, ascending.

    Attributes
    ----------
    molecules
        All molecules of the file, padded to 23 atoms, also of a slice of the data set.
    coulomb_matrices
        Float64, shape ``(molecule, 23, 23)``, from the file or computed.

    Raises
    ------
    FileNotFoundError
        If the file is missing; the message says where to get it.
    ValueError
        If the file is damaged, lacks an array or has arrays that do not fit together;
        or if ``features`` do not have one row per atom.

    Notes
    -----
    Source: Blum and Reymond 2009, J. Am. Chem. Soc. 131, 8732 (molecules); Rupp,
    Tkatchenko, Müller and von Lilienfeld 2012, Phys. Rev. Lett. 108, 058301 (energies);
    folds of Montavon et al. 2012, NIPS 25. From quantum-machine.org.

    Examples
    --------
    >>> import tempfile, scipy.io
    >>> folder = tempfile.TemporaryDirectory()
    >>> water = {"R": np.array([[[0, 0, 0], [0, 1.43, 1.11], [0, -1.43, 1.11]]])}
    >>> water |= {"Z": np.array([[8, 1, 1]]), "T": np.array([[-231.0]])}
    >>> scipy.io.savemat(folder.name + "/qm7.mat", water)
    >>> molecule = QM7(folder.name)[0]
    >>> molecule.z, molecule.y
    (tensor([8, 1, 1]), tensor([-231.]))
    >>> folder.cleanup()
    """

    def __init__(
        self,
        root: PathLike,
        *,
        features: Callable[[Molecules], Tensor] | None = None,
        transform: Callable[[Data], Any] | None = None,
        elements: Sequence[int] = QM7_ELEMENTS,
    ) -> None:
        # Without a root, PyTorch Geometric keeps no processed copy on disk, which would
        # be slower to read than the file.
        super().__init__(None, transform)
        self.molecules, self._coulomb = read_qm7(qm7_path(root), elements)
        self._data, self.slices = _collated(self.molecules, features)

    @property
    def coulomb_matrices(self) -> FloatArray:
        """Coulomb matrices, float64, shape ``(molecule, atom, atom)``."""
        if self._coulomb is None:
            self._coulomb = coulomb_matrices(self.molecules)
        return self._coulomb

    def fold_split(self, fold: SupportsIndex) -> tuple[IntArray, IntArray]:
        """Return training and test molecules: see :meth:`Molecules.fold_split`."""
        return self.molecules.fold_split(fold)


def _collated(
    molecules: Molecules, features: Callable[[Molecules], Tensor] | None
) -> tuple[Data, dict[str, Tensor]]:
    """Return one ``Data`` of all molecules, and the place where each begins."""
    mask = molecules.mask
    atoms = torch.from_numpy(np.concatenate([[0], np.cumsum(molecules.n_atoms)]))
    values = {
        "y": torch.tensor(molecules.energies, dtype=torch.float32),
        "z": torch.tensor(molecules.charges[mask]),
        "pos": torch.tensor(molecules.positions[mask], dtype=torch.float32),
    }
    slices = {"y": torch.arange(len(molecules) + 1), "z": atoms, "pos": atoms}
    function_argument("features", features, "features(molecules)")
    if features is not None:
        x = features(molecules)
        if not isinstance(x, Tensor) or x.ndim < 2 or len(x) != int(atoms[-1]):
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(
                f"features must return a tensor ({int(atoms[-1])}, ...), one row for "
                f"each atom, got {got}; take .packed of qm7_coefficients or "
                "qm7_potentials"
            )
        values["x"], slices["x"] = x, atoms
    return Data(**values), slices

"""QM7: molecules, the spheres around their atoms, and energies."""

from deepsphere_pyg.convert.molecules.energies import molecule_energies
from deepsphere_pyg.convert.molecules.molecules import QM7_ELEMENTS, Molecules
from deepsphere_pyg.convert.molecules.spheres import (
    AtomSpheres,
    qm7_coefficients,
    qm7_potentials,
)
from deepsphere_pyg.datasets.molecules.molecule_files import (
    FileMolecules,
    read_molecules,
)
from deepsphere_pyg.datasets.molecules.qm7 import QM7
from deepsphere_pyg.datasets.molecules.qm7_coulomb import (
    coulomb_matrices,
    sorted_coulomb_matrices,
)
from deepsphere_pyg.datasets.molecules.qm7_file import download_qm7

__all__ = [
    "QM7",
    "QM7_ELEMENTS",
    "AtomSpheres",
    "FileMolecules",
    "Molecules",
    "coulomb_matrices",
    "download_qm7",
    "molecule_energies",
    "qm7_coefficients",
    "qm7_potentials",
    "read_molecules",
    "sorted_coulomb_matrices",
]

"""QM7: molecules, the spheres around their atoms, and energies."""

from deepsphere_pyg.datasets.molecules.qm7 import QM7
from deepsphere_pyg.datasets.molecules.qm7_coulomb import (
    coulomb_matrices,
    sorted_coulomb_matrices,
)
from deepsphere_pyg.datasets.molecules.qm7_energies import molecule_energies
from deepsphere_pyg.datasets.molecules.qm7_file import download_qm7
from deepsphere_pyg.datasets.molecules.qm7_molecules import QM7_ELEMENTS, Molecules
from deepsphere_pyg.datasets.molecules.qm7_spheres import (
    AtomSpheres,
    qm7_coefficients,
    qm7_potentials,
)

__all__ = [
    "QM7",
    "QM7_ELEMENTS",
    "AtomSpheres",
    "Molecules",
    "coulomb_matrices",
    "download_qm7",
    "molecule_energies",
    "qm7_coefficients",
    "qm7_potentials",
    "sorted_coulomb_matrices",
]

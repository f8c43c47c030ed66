"""QM7: molecules, the spheres around their atoms, and energies.

Names are imported on first use, since PyTorch Geometric, which ``QM7`` alone needs,
takes seconds to load.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepsphere_pyg.convert.molecules.energies import (
        molecule_energies as molecule_energies,
    )
    from deepsphere_pyg.convert.molecules.molecules import QM7_ELEMENTS as QM7_ELEMENTS
    from deepsphere_pyg.convert.molecules.molecules import Molecules as Molecules
    from deepsphere_pyg.convert.molecules.spheres import AtomSpheres as AtomSpheres
    from deepsphere_pyg.convert.molecules.spheres import (
        qm7_coefficients as qm7_coefficients,
    )
    from deepsphere_pyg.convert.molecules.spheres import (
        qm7_potentials as qm7_potentials,
    )
    from deepsphere_pyg.datasets.molecules.molecule_files import (
        FileMolecules as FileMolecules,
    )
    from deepsphere_pyg.datasets.molecules.molecule_files import (
        read_molecules as read_molecules,
    )
    from deepsphere_pyg.datasets.molecules.qm7 import QM7 as QM7
    from deepsphere_pyg.datasets.molecules.qm7_coulomb import (
        coulomb_matrices as coulomb_matrices,
    )
    from deepsphere_pyg.datasets.molecules.qm7_coulomb import (
        sorted_coulomb_matrices as sorted_coulomb_matrices,
    )
    from deepsphere_pyg.datasets.molecules.qm7_file import download_qm7 as download_qm7
else:
    from samplings.late_names import late_names

    __getattr__, __dir__ = late_names(
        __name__,
        {
            "deepsphere_pyg.convert.molecules.energies": ["molecule_energies"],
            "deepsphere_pyg.convert.molecules.molecules": ["QM7_ELEMENTS", "Molecules"],
            "deepsphere_pyg.convert.molecules.spheres": [
                "AtomSpheres",
                "qm7_coefficients",
                "qm7_potentials",
            ],
            ".molecule_files": ["FileMolecules", "read_molecules"],
            ".qm7": ["QM7"],
            ".qm7_coulomb": ["coulomb_matrices", "sorted_coulomb_matrices"],
            ".qm7_file": ["download_qm7"],
        },
    )

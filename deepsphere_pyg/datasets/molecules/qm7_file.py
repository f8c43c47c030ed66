"""Reading of QM7's file, qm7.mat, as published or without Coulomb matrices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.molecules.molecules import QM7_ELEMENTS, Molecules
from deepsphere_pyg.datasets.download import download
from deepsphere_pyg.datasets.files import DataFileError, PathLike, reading
from deepsphere_pyg.datasets.molecules.matlab_file import NotNumbersError, read_matlab
from samplings.arguments import path_argument
from samplings.arrays import FloatArray, read_only

QM7_URL = "http://quantum-machine.org/data/qm7.mat"

_LAYOUT = (
    "fetch qm7.mat with deepsphere_pyg.datasets.download_qm7(folder), or from "
    f"{QM7_URL}, and pass it or its folder"
)


def download_qm7(root: PathLike) -> Path:
    """Fetch ``qm7.mat`` from its authors, 18 MB, into a folder, unless it is there.

    Returns
    -------
    Path
        The file, which :class:`QM7` reads.

    Raises
    ------
    ConnectionError
        If it cannot be fetched; the message says from where and where to put it.
    ValueError
        If the fetched file is not QM7; it is then deleted.

    Notes
    -----
    Source: quantum-machine.org. Cite Blum and Reymond 2009, J. Am. Chem. Soc. 131,
    8732, and Rupp, Tkatchenko, Müller and von Lilienfeld 2012, Phys. Rev. Lett. 108,
    058301.
    """
    return download(QM7_URL, path_argument("root", root) / "qm7.mat", check=read_qm7)


def qm7_path(root: PathLike) -> Path:
    """Return the path of the file, which may be given by its folder."""
    path = path_argument("root", root)
    return path / "qm7.mat" if (path / "qm7.mat").is_file() else path


def read_qm7(
    path: PathLike, elements: Sequence[int] = QM7_ELEMENTS
) -> tuple[Molecules, FloatArray | None]:
    """Read the molecules of a file like ``qm7.mat``, and its Coulomb matrices or None.

    Parameters
    ----------
    path
        A MATLAB file (before 7.3) with ``R`` (n, A, 3) positions in Bohr, ``Z`` (n, A)
        charges, ``T`` (1, n) energies in kcal/mol, and optionally ``P``
        (folds, n / folds) and ``X`` (n, A, A).
    elements
        As in :class:`Molecules`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it cannot be read, lacks an array, or holds impossible molecules.
    """
    file = Path(path)
    arrays, found = _read_arrays(file)
    missing = [name for name in ("R", "Z", "T") if name not in arrays]
    if missing:
        raise ValueError(
            f"{file} has no {', '.join(missing)}; it has: "
            f"{', '.join(found) or 'nothing'}. QM7 has R (positions in Bohr), Z "
            f"(charges), T (energies in kcal/mol), P (folds); {_LAYOUT}"
        )
    energies = arrays["T"]
    if energies.ndim == 2 and 1 in energies.shape:
        energies = energies.ravel()
    try:
        molecules = Molecules(
            arrays["Z"], arrays["R"], energies, arrays.get("P"), elements
        )
        return molecules, _checked_coulomb(arrays.get("X"), molecules)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _read_arrays(file: Path) -> tuple[dict[str, npt.NDArray[Any]], list[str]]:
    """Return the arrays R, Z, T, P and X as far as they exist, and all names."""
    if file.is_dir():
        raise FileNotFoundError(f"{file} is a folder without qm7.mat; {_LAYOUT}")
    if not file.exists():
        raise FileNotFoundError(f"{file} does not exist; {_LAYOUT}")
    with reading(file, "a MATLAB file"):
        try:
            return read_matlab(file, "RZTPX")
        except NotNumbersError as error:
            raise DataFileError(f"{file}: {error}; {_LAYOUT}") from error


def _checked_coulomb(
    given: npt.NDArray[Any] | None, molecules: Molecules
) -> FloatArray | None:
    if given is None:
        return None
    n, atoms = molecules.charges.shape
    if given.shape != (n, atoms, atoms) or not np.isfinite(given).all():
        raise ValueError(
            f"X must be finite Coulomb matrices of shape ({n}, {atoms}, {atoms}), got "
            f"shape {given.shape}; drop X, which is computed from R and Z"
        )
    return read_only(given)

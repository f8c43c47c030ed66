"""Molecules to predict, from files of several formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.molecules.elements import SYMBOLS, formula_of
from deepsphere_pyg.datasets.files import DataFileError, PathLike, reading
from deepsphere_pyg.datasets.molecules.matlab_file import NotNumbersError, read_matlab
from deepsphere_pyg.datasets.molecules.xyz_file import read_xyz
from samplings.arguments import path_argument
from samplings.arrays import FloatArray, IntArray
from samplings.reading import numpy_arrays

_FORMATS = (
    "pass an .xyz file, or a .mat or .npz file with R (molecule, atom, 3) and "
    "Z (molecule, atom)"
)


class FileMolecules(NamedTuple):
    """Molecules of a file, as :meth:`MoleculeNetwork.energies` takes them.

    Attributes
    ----------
    charges
        Nuclear charges of each molecule, shape ``(atom,)``.
    positions
        Positions of the atoms of each molecule, shape ``(atom, 3)``.
    unit
        Unit of the positions by the convention of the format: ``"angstrom"`` in xyz
        files, ``"bohr"`` in files like QM7's.
    """

    charges: list[IntArray]
    positions: list[FloatArray]
    unit: str

    @property
    def formulas(self) -> list[str]:
        """Formula of each molecule, in the order of Hill."""
        return [formula_of(z.tolist()) for z in self.charges]


def read_molecules(path: PathLike) -> FileMolecules:
    r"""Read the charges and positions of molecules from a file.

    Parameters
    ----------
    path
        An ``.xyz`` file of one or several frames; or a ``.mat`` file (before 7.3) or
        ``.npz`` archive like QM7's, with ``R`` (n, A, 3), positions, and ``Z`` (n, A),
        nuclear charges with 0 for no atom. Further arrays are ignored.

    Returns
    -------
    FileMolecules
        In the order of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, has another ending, lacks an array or holds impossible atoms.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = Path(folder.name) / "water.xyz"
    >>> atoms = ["O 0 0 0", "H 0 0.757 0.587", "H 0 -0.757 0.587"]
    >>> _ = file.write_text("\n".join(["3", "water", *atoms]))
    >>> molecules = read_molecules(file)
    >>> molecules.formulas, molecules.unit
    (['H2O'], 'angstrom')
    >>> folder.cleanup()
    """
    file = path_argument("path", path)
    ending = file.suffix.lower()
    if ending not in (".xyz", ".mat", ".npz"):
        raise ValueError(
            f"{file} must end with .xyz, .mat or .npz, got {ending or 'no ending'!r}; "
            f"{_FORMATS}"
        )
    if ending == ".xyz":
        with reading(file, "an xyz file"):
            frames = read_xyz(file)
        return FileMolecules([z for z, _ in frames], [p for _, p in frames], "angstrom")
    arrays = _arrays(file) if ending == ".npz" else _matlab_arrays(file)
    charges, positions = _checked(file, arrays)
    there = [z != 0 for z in charges]
    return FileMolecules(
        [z[mask] for z, mask in zip(charges, there, strict=True)],
        [p[mask] for p, mask in zip(positions, there, strict=True)],
        "bohr",
    )


def _arrays(file: Path) -> dict[str, npt.NDArray[Any]]:
    return numpy_arrays(file, "an archive of molecules", ["R", "Z"])


def _matlab_arrays(file: Path) -> dict[str, npt.NDArray[Any]]:
    with reading(file, "a MATLAB file"):
        try:
            arrays, found = read_matlab(file, "RZ")
        except NotNumbersError as error:
            raise DataFileError(f"{file}: {error}; {_FORMATS}") from error
        absent = [name for name in "RZ" if name not in arrays]
        if absent:
            raise DataFileError(
                f"{file} has no {' and no '.join(absent)}; it has: "
                f"{', '.join(found) or 'nothing'}; {_FORMATS}"
            )
    return arrays


def _checked(
    file: Path, arrays: dict[str, npt.NDArray[Any]]
) -> tuple[IntArray, FloatArray]:
    """Return charges and positions of padded molecules, if they are possible."""
    z, r = arrays["Z"], arrays["R"]
    if z.ndim != 2 or not z.size or r.shape != (*z.shape, 3):
        raise DataFileError(
            f"{file}: Z must have shape (molecule, atom) and R (molecule, atom, 3), "
            f"got {z.shape} and {r.shape}; {_FORMATS}"
        )
    if z.dtype.kind not in "iuf" or r.dtype.kind not in "iuf":
        raise DataFileError(
            f"{file}: Z and R must hold real numbers, got {z.dtype} and {r.dtype}; "
            f"{_FORMATS}"
        )
    known = np.isin(z, np.arange(len(SYMBOLS) + 1))
    if not known.all():
        molecule, atom = np.argwhere(~known)[0]
        raise DataFileError(
            f"{file}: atom {atom} of molecule {molecule} has the charge "
            f"{z[molecule, atom]:g}, which is of no element; charges are 1 for H, 6 "
            "for C, ..., 0 for no atom"
        )
    there = z != 0
    if not there.any(axis=1).all():
        empty = int((~there.any(axis=1)).argmax())
        raise DataFileError(f"{file}: molecule {empty} has no atom; leave it out")
    if not np.isfinite(r[there]).all():
        wrong = int((~np.isfinite(r).all(axis=2) & there).any(axis=1).argmax())
        raise DataFileError(
            f"{file}: positions must be finite, got others in molecule {wrong}; leave "
            "it out"
        )
    return z.astype(np.int64), r.astype(np.float64)

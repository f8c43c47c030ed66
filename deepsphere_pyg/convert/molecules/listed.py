"""Charges and positions as users give them: of one molecule, or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.molecules.elements import symbol_of
from deepsphere_pyg.convert.molecules.molecules import Molecules
from samplings.arguments import choice_argument, real_array, shown
from samplings.arrays import FloatArray, IntArray

#: Bohr in a unit of length. One Bohr is 0.529177210903 angstrom (CODATA 2018).
UNITS = {"bohr": 1.0, "angstrom": 1 / 0.529177210903}
# Bohr. Larger molecules are mistakes, and the squares of much larger numbers overflow.
FARTHEST = 1e6
_ONE = "charges (atom,) and positions (atom, 3)"


def listed_molecules(
    charges: Any, positions: Any, unit: str, elements: Sequence[int]
) -> tuple[Molecules, bool]:
    """Return molecules with energies of zero, and whether there is a list of them.

    Parameters
    ----------
    charges
        Nuclear charges of one molecule, shape ``(atom,)``; or a list of them, one array
        per molecule, or an array ``(molecule, atom)``, where 0 stands for no atom.
    positions
        Likewise, ``(atom, 3)`` for each molecule.
    unit
        Unit of the positions: ``"bohr"`` or ``"angstrom"``.
    elements
        Nuclear charges that may occur.

    Raises
    ------
    TypeError
        If charges or positions are not real numbers.
    ValueError
        If shapes do not fit, the list is empty, a charge is not among the elements, a
        position is not finite or is farther than 1e6 Bohr from the origin, or atoms
        coincide.
    """
    scale = UNITS[choice_argument("unit", unit, tuple(UNITS))]
    many = _is_list(charges)
    given = charges if many else [charges]
    places = positions if many else [positions]
    try:
        n, n_places = len(given), len(places)
    except TypeError:
        raise TypeError(
            f"positions must be a list of one array per molecule, got "
            f"{shown(positions)}; pass (atom, 3) for each"
        ) from None
    if n != n_places or not n:
        raise ValueError(
            f"charges and positions must be of the same molecules, at least one, got "
            f"{n} and {n_places}; pass {_ONE} for each"
        )
    atoms = [
        _molecule(given[i], places[i], scale, f"[{i}]" if many else "", elements, i)
        for i in range(n)
    ]
    largest = max(len(z) for z, _ in atoms)
    padded = np.zeros((n, largest), dtype=np.int64)
    points = np.zeros((n, largest, 3))
    for i, (z, p) in enumerate(atoms):
        padded[i, : len(z)], points[i, : len(z)] = z, p
    return Molecules(padded, points, np.zeros(n), elements=sorted(elements)), many


def _is_list(charges: Any) -> bool:
    """Whether charges are those of several molecules."""
    if isinstance(charges, list | tuple):
        return (
            bool(charges)
            and getattr(charges[0], "ndim", None) != 0
            and not (np.isscalar(charges[0]))
        )
    return getattr(charges, "ndim", 1) == 2


def _molecule(
    charges: Any,
    positions: Any,
    scale: float,
    at: str,
    elements: Sequence[int],
    number: int,
) -> tuple[IntArray, FloatArray]:
    """Return charges and positions in Bohr of the atoms of one molecule."""
    z: npt.NDArray[Any] = real_array(f"charges{at}", charges)
    places = real_array(f"positions{at}", positions).astype(np.float64)
    if z.ndim != 1 or places.shape != (len(z), 3):
        raise ValueError(
            f"a molecule needs {_ONE}, got shapes {z.shape} and {places.shape} for "
            f"charges{at} and positions{at}; pass a list of arrays for several "
            "molecules"
        )
    there = z != 0
    z, places = z[there], places[there]
    if not len(z):
        raise ValueError(f"charges{at} must hold an atom, got none; leave it out")
    unknown = ~np.isin(z, elements)
    if unknown.any():
        charge = z[unknown][0]
        known = ", ".join(f"{symbol_of(int(e))} ({e})" for e in elements)
        name = symbol_of(int(charge)) if charge % 1 == 0 else "of no element"
        raise ValueError(
            f"molecule {number} has an atom of charge {charge:g} ({name}), the network "
            f"knows the elements {known}; leave the molecule out"
        )
    places = places * scale
    # The comparison is also false for NaN.
    wrong = ~(np.abs(places) <= FARTHEST).all(axis=1)
    if wrong.any():
        atom = int(np.flatnonzero(there)[wrong.argmax()])
        raise ValueError(
            f"positions must be finite and within {FARTHEST:g} Bohr of the origin, got "
            f"{(places[wrong][0] / scale).tolist()} for atom {atom} of molecule "
            f"{number}; correct them, or leave the molecule out"
        )
    return z.astype(np.int64), places

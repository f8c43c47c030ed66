"""Molecules as padded arrays: charges, positions, energies and folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from samplings.arguments import (
    array_argument,
    counted,
    integer_argument,
    integers_argument,
    real_array,
    shown,
)
from samplings.arrays import FloatArray, IntArray, ReadOnly, read_only

#: Nuclear charges of hydrogen, carbon, nitrogen, oxygen and sulphur.
QM7_ELEMENTS = (1, 6, 7, 8, 16)
# Bohr. The shortest bond, of hydrogen, is 1.4 Bohr long.
COINCIDENT = 0.1
# Number of molecules, and of pairs of atoms, whose distances are computed at once.
_CHUNK = 512
_PAIRS = 1 << 21
GET_MOLECULES = "pass QM7(root).molecules, or make them of charges and positions"


@dataclass(frozen=True, eq=False, repr=False)
class Molecules(ReadOnly):
    """Molecules with their energies, padded to the largest.

    Parameters
    ----------
    charges
        Nuclear charges, integers, shape ``(molecule, atom)``; 0 for a missing atom.
    positions
        Positions in Bohr, shape ``(molecule, atom, 3)``; ignored for missing atoms.
    energies
        Atomization energies in kcal/mol, shape ``(molecule,)``.
    folds
        Published test sets, shape ``(fold, molecule of the fold)``, each molecule once;
        or None.
    elements
        Charges that may occur, ascending; the channels of signals.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, a charge is not among
        ``elements``, a molecule has no atom, two of its atoms are closer than 0.1 Bohr,
        or the folds do not hold each molecule once.

    Examples
    --------
    >>> hydrogen = Molecules([[1, 1]], [[[0, 0, 0], [0, 0, 1.4]]], [-109.5])
    >>> hydrogen, hydrogen.smallest_distance
    (Molecules(1 of up to 2 atoms), 1.4)
    """

    charges: IntArray
    positions: FloatArray
    energies: FloatArray
    folds: IntArray | None = None
    elements: tuple[int, ...] = QM7_ELEMENTS

    def __init__(
        self,
        charges: npt.ArrayLike,
        positions: npt.ArrayLike,
        energies: npt.ArrayLike,
        folds: npt.ArrayLike | None = None,
        elements: Sequence[int] = QM7_ELEMENTS,
    ) -> None:
        numbers = _checked_charges(charges, _checked_elements(elements))
        n, atoms = numbers.shape
        places = array_argument("positions", positions)
        if places.shape != (n, atoms, 3):
            raise ValueError(
                f"positions must have shape ({n}, {atoms}, 3), one point for each "
                f"charge, got {places.shape}; pass (molecule, atom, 3) in Bohr"
            )
        # A file may hold anything for missing atoms.
        places[numbers == 0] = 0.0
        labels = array_argument("energies", energies)
        if labels.shape != (n,):
            raise ValueError(
                f"energies must have shape ({n},), one per molecule, got "
                f"{labels.shape}; labels and molecules are from different data"
            )
        for name, values in (("positions", places), ("energies", labels)):
            wrong = ~np.isfinite(values).reshape(n, -1).all(axis=1)
            if wrong.any():
                raise ValueError(
                    f"{name} must be finite, got {values[wrong][0].tolist()} in "
                    f"molecule {wrong.argmax()}; leave such molecules out"
                )
        for name, value in (
            ("charges", numbers),
            ("positions", read_only(places)),
            ("energies", read_only(labels)),
            ("elements", tuple(int(z) for z in elements)),
            ("folds", None if folds is None else _checked_folds(folds, n)),
        ):
            object.__setattr__(self, name, value)
        _refuse_coincident(self)

    def __len__(self) -> int:
        return len(self.charges)

    def __repr__(self) -> str:
        return (
            f"Molecules({len(self)} of up to {counted(self.charges.shape[1], 'atom')})"
        )

    def __getitem__(self, index: npt.ArrayLike) -> Molecules:
        """Select molecules by a list of numbers or a mask, without folds."""
        at, n = real_array("index", index), len(self)
        mask = at.dtype == np.bool_ and at.shape == (n,)
        numbers = at.dtype.kind in "iu" and at.ndim == 1
        if not mask and not (numbers and ((-n <= at) & (at < n)).all()):
            raise ValueError(
                f"index must be a list of numbers from 0 to {n - 1}, or a mask of {n} "
                f"booleans, got {shown(index)}; pass [i] for one molecule"
            )
        parts = (self.charges[at], self.positions[at], self.energies[at])
        return Molecules(*parts, elements=self.elements)

    # -- derived quantities -----------------------------------------------------
    @cached_property
    def mask(self) -> npt.NDArray[np.bool_]:
        """True where there is an atom, shape ``(molecule, atom)``."""
        mask = self.charges > 0
        mask.setflags(write=False)
        return mask

    @property
    def n_atoms(self) -> IntArray:
        """Atoms of each molecule, shape ``(molecule,)``."""
        return np.asarray(self.mask.sum(axis=1))

    @property
    def composition(self) -> IntArray:
        """Atoms of each element in each molecule, shape ``(molecule, element)``."""
        equal = self.charges[:, :, None] == np.array(self.elements)
        return np.asarray(equal.sum(axis=1))

    @cached_property
    def smallest_distance(self) -> float:
        """Smallest distance of atoms of a molecule in Bohr; inf for single atoms."""
        return min(float(part.min()) for part in map(self.distances, self.chunks()))

    @property
    def largest_radius(self) -> float:
        """Largest radius in Bohr of spheres around all atoms that do not overlap.

        It is half the smallest distance, and 1 for single atoms.
        """
        half = self.smallest_distance / 2
        return half if np.isfinite(half) else 1.0

    def chunks(self, size: int | None = None) -> list[slice]:
        """Return ranges of molecules to process one after the other.

        By default they are as many as distances fit into some 50 MB.
        """
        if size is None:
            size = min(_CHUNK, max(1, _PAIRS // self.charges.shape[1] ** 2))
        return [slice(i, i + size) for i in range(0, len(self), size)]

    def distances(self, part: slice) -> FloatArray:
        """Return distances in Bohr between atoms, shape ``(molecule, atom, atom)``.

        They are inf for missing atoms and on the diagonal.
        """
        places, mask = self.positions[part], self.mask[part]
        distance = np.linalg.norm(places[:, :, None] - places[:, None], axis=-1)
        pair = mask[:, :, None] & mask[:, None] & ~np.eye(mask.shape[1], dtype=bool)
        distance[~pair] = np.inf
        return np.asarray(distance)

    def fold_split(self, fold: SupportsIndex) -> tuple[IntArray, IntArray]:
        """Return the molecules to train on and those to test on.

        Parameters
        ----------
        fold
            The test set, from 0 on; the other folds are for training, in their order.

        Raises
        ------
        ValueError
            If there are no folds, or ``fold`` is too large.

        Examples
        --------
        >>> atoms = Molecules([[1]] * 4, [[[0, 0, 0]]] * 4, [0] * 4, [[2, 0], [3, 1]])
        >>> atoms.fold_split(0)
        (array([3, 1]), array([2, 0]))
        """
        if self.folds is None:
            raise ValueError(
                "these molecules have no folds: the file lacks P, the published "
                "splits, or they are a selection; fetch the original qm7.mat, or "
                "split them yourself"
            )
        k = integer_argument("fold", fold, 0)
        if k >= len(self.folds):
            raise ValueError(
                f"fold must be one of 0 to {len(self.folds) - 1}, got {k}; folds are "
                "counted from 0"
            )
        return np.concatenate(np.delete(self.folds, k, axis=0)), self.folds[k].copy()


def _checked_elements(elements: Sequence[int]) -> tuple[int, ...]:
    charges = integers_argument("elements", elements, 1)
    if not charges or list(charges) != sorted(set(charges)):
        raise ValueError(
            f"elements must be nuclear charges, ascending, each once, got {charges}; "
            f"those of QM7 are {QM7_ELEMENTS}"
        )
    return charges


def _checked_charges(charges: npt.ArrayLike, elements: tuple[int, ...]) -> IntArray:
    given = np.asarray(charges)
    if given.ndim != 2 or 0 in given.shape:
        raise ValueError(
            f"charges must have shape (molecule, atom), got {given.shape}; pad the "
            "smaller molecules with 0"
        )
    known = np.isin(given, (0, *elements))
    if not known.all():
        molecule, atom = np.argwhere(~known)[0]
        raise ValueError(
            f"molecule {molecule} has an atom of charge {given[molecule, atom]:g} "
            f"(number {atom}), the elements are {', '.join(map(str, elements))}; "
            "charges are 1 for H, 6 for C, ..., 0 for no atom: correct it, or pass "
            "elements= with all that occur"
        )
    numbers: IntArray = given.astype(np.int64)
    empty = ~numbers.any(axis=1)
    if empty.any():
        raise ValueError(
            f"molecule {empty.argmax()} has no atom: all its charges are 0; leave it "
            "out"
        )
    numbers.setflags(write=False)
    return numbers


def _checked_folds(folds: npt.ArrayLike, n: int) -> IntArray:
    given = np.asarray(folds)
    if given.ndim != 2 or len(given) < 2:
        raise ValueError(
            f"folds must have shape (fold, molecule of the fold), two or more, got "
            f"{given.shape}; the published ones are (5, 1433)"
        )
    if not np.array_equal(np.sort(given, axis=None), np.arange(n)):
        raise ValueError(
            f"folds must hold each of the {n} molecules once, numbered from 0, got "
            f"{given.size} numbers, {len(np.unique(given))} of them distinct, from "
            f"{given.min()} to {given.max()}; folds and molecules are from different "
            "data"
        )
    split: IntArray = given.astype(np.int64)
    split.setflags(write=False)
    return split


def _refuse_coincident(molecules: Molecules) -> None:
    if molecules.smallest_distance >= COINCIDENT:
        return
    for part in molecules.chunks():
        distance = molecules.distances(part)
        if distance.min() < COINCIDENT:
            m, i, j = np.unravel_index(distance.argmin(), distance.shape)
            raise ValueError(
                f"atoms {i} and {j} of molecule {part.start + m} coincide: they are "
                f"{distance[m, i, j]:.3g} Bohr apart, less than {COINCIDENT}; correct "
                "the positions, or their unit"
            )

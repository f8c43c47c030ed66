"""How relevant items are to a query, by their classes and sub-classes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arguments import shown
from samplings.arrays import IntArray

# Gains: the same sub-class, the class itself as sub-class, another sub-class of it.
SAME, PARENT, SIBLING = 3, 2, 1


class Relevance:
    """Gains of items, and the best that lists can reach.

    Parameters
    ----------
    ids
        Identifiers, checked.
    labels, sublabels
        Class and sub-class of each item; without sub-classes all of a class are alike.
    cut
        Length of lists that counts.
    """

    def __init__(
        self,
        ids: tuple[str, ...],
        labels: npt.ArrayLike,
        sublabels: npt.ArrayLike | None,
        cut: int,
    ) -> None:
        self.cut = cut
        self.position = {one: i for i, one in enumerate(ids)}
        classes = _names("labels", labels, len(ids))
        parts = classes
        if sublabels is not None:
            parts = _names("sublabels", sublabels, len(ids))
            if type(parts[0]) is not type(classes[0]):
                raise TypeError(
                    "labels and sublabels must be of one kind, since a sub-class may "
                    f"be the class itself, got {shown(classes[0])} and "
                    f"{shown(parts[0])}; pass the names of both"
                )
        # One code for a name, so that classes compare with sub-classes.
        code = {name: i for i, name in enumerate(sorted({*classes, *parts}))}
        self.names = [str(name) for name in code]
        self._class = np.array([code[name] for name in classes])
        self._part = np.array([code[name] for name in parts])
        self._size = np.bincount(self._class, minlength=len(code))
        self.discount = 1 / np.log2(np.maximum(np.arange(1, cut + 1), 2))
        # As the evaluator's table stands: by class, sub-class and identifier.
        table = sorted(range(len(ids)), key=lambda i: (*self._codes(i), ids[i]))
        self._table: IntArray = np.array(table)
        self._best: dict[tuple[int, int], float] = {}

    def _codes(self, item: int) -> tuple[int, int]:
        """Return the codes of the class and sub-class of an item."""
        return int(self._class[item]), int(self._part[item])

    def class_of(self, item: int) -> int:
        """Return the class of an item, an index into :attr:`names`."""
        return int(self._class[item])

    def n_relevant(self, query: int) -> int:
        """Return the number of relevant items, the query included, up to the cut."""
        return min(int(self._size[self._class[query]]), self.cut)

    def gains(self, query: int, items: IntArray) -> IntArray:
        """Return the gains of items, by their positions; zero if not relevant."""
        label, part = self._codes(query)
        parts = self._part[items]
        gains = np.where(parts == part, SAME, np.where(parts == label, PARENT, SIBLING))
        gains[self._class[items] != label] = 0
        return gains

    def discounted(self, gains: IntArray, n_relevant: int) -> float:
        """Return the discounted gain of the first of a list."""
        first = gains[:n_relevant]
        return float(first @ self.discount[: len(first)])

    def ideal(self, query: int) -> float:
        """Return the discounted gain of the ideal list of a query."""
        key = self._codes(query)
        if key not in self._best:
            of_class = self._table[self._class[self._table] == key[0]]
            gains = self.gains(query, of_class[: self.cut])
            self._best[key] = self.discounted(np.sort(gains)[::-1], len(gains))
        return self._best[key]


def _names(name: str, labels: npt.ArrayLike, n: int) -> list[Any]:
    """Return the classes of n items, all of them texts or all whole numbers."""
    array = np.asarray(None)
    with suppress(TypeError, ValueError, RuntimeError):
        array = np.asarray(labels)
    # NumPy turns numbers among texts into texts.
    mixed = isinstance(labels, list | tuple) and len({type(one) for one in labels}) > 1
    if (array.dtype.kind not in "iuU" and array.size) or mixed:
        raise TypeError(
            f"{name} must be texts or whole numbers, one per item, got "
            f"{shown(labels)}; pass a list of names"
        )
    if array.shape != (n,):
        raise ValueError(
            f"{name} must have shape ({n},), one for each of ids, got {array.shape}; "
            "pass the class of each item in their order"
        )
    return list(array.tolist())

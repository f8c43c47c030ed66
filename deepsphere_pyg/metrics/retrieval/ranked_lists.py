"""Ranked lists of items, one for each query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deepsphere_pyg.metrics.retrieval.identifiers import lists_argument


class RankedLists(Mapping[str, tuple[str, ...]]):
    """Identifiers of retrieved items by query, best first, perhaps with distances.

    A mapping that is not changed: ``lists["000123"]`` is the list of that query.

    Parameters
    ----------
    lists
        Identifiers of the retrieved items, for each query.
    distances
        Distances of the items of each list; None if they are not known.

    Attributes
    ----------
    distances
        Distances by query, or None.

    Raises
    ------
    TypeError
        If ``lists`` or ``distances`` do not map ids to lists.
    ValueError
        If the distances are not those of the items of the lists.

    Examples
    --------
    >>> lists = RankedLists({"a": ["a", "b"]}, {"a": [0.0, 0.5]})
    >>> lists["a"], lists.distances["a"]
    (('a', 'b'), (0.0, 0.5))
    """

    def __init__(
        self,
        lists: Mapping[str, Sequence[str]],
        distances: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        found = lists_argument("lists", lists)
        # The queries of a class share one list.
        self._lists = {query: tuple(one) for query, one in found.items()}
        self.distances: dict[str, tuple[float, ...]] | None = None
        if distances is not None:
            self.distances = checked_distances(found, distances)

    def __getitem__(self, query: str) -> tuple[str, ...]:
        return self._lists[query]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)

    def __repr__(self) -> str:
        known = "without" if self.distances is None else "with"
        return f"{type(self).__name__}({len(self)} queries, {known} distances)"


def checked_distances(
    lists: Mapping[str, Sequence[str]], distances: Mapping[str, Sequence[float]]
) -> dict[str, tuple[float, ...]]:
    """Return distances, one for each item of each list."""
    found = lists_argument("distances", distances)
    for query, one in lists.items():
        given = found.get(query)
        if given is None or len(given) != len(one):
            got = "none" if given is None else f"{len(given)}"
            raise ValueError(
                f"distances must hold one number per item of the list of {query!r}, "
                f"{len(one)}, got {got}; pass those of the same lists"
            )
    return {query: _numbers(query, found[query]) for query in lists}


def _numbers(query: str, values: Sequence[float]) -> tuple[float, ...]:
    """Return the distances of a list as floats."""
    try:
        return tuple(map(float, values))
    except (TypeError, ValueError):
        raise TypeError(
            f"distances[{query!r}] must be numbers; pass one for each item"
        ) from None

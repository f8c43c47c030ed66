"""Checks of the identifiers of items, and of lists of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from samplings.arguments import names_argument, shown


def ids_argument(name: str, ids: Iterable[str]) -> tuple[str, ...]:
    """Return identifiers, at least one, each once."""
    found = names_argument(name, ids)
    if not found:
        raise ValueError(
            f"{name} must name at least one item, got none; pass those of the split"
        )
    if len(set(found)) < len(found):
        seen: set[str] = set()
        twice = next(one for one in found if one in seen or seen.add(one))  # type: ignore[func-returns-value]
        raise ValueError(
            f"{name} must differ from each other, got {twice!r} {found.count(twice)} "
            "times; name each item once"
        )
    return found


def lists_argument(
    name: str, lists: Mapping[str, Sequence[Any]]
) -> dict[str, Sequence[Any]]:
    """Return what belongs to each query, a list or a tuple, by its identifier."""
    if not isinstance(lists, Mapping):
        raise TypeError(
            f"{name} must map the id of each query to a list, got {shown(lists)}; "
            "pass a dictionary, or the result of ranked_by_class"
        )
    found = dict(lists)
    for query, one in found.items():
        if not isinstance(query, str):
            raise TypeError(
                f"{name} must map ids, which are texts, got {shown(query)}; pass the "
                "ids themselves, not their positions"
            )
        if not isinstance(one, list | tuple):
            raise TypeError(
                f"{name}[{query!r}] must be a list, got {shown(one)}; convert it with "
                "list()"
            )
    return found


def check_queries(name: str, lists: Iterable[str], known: Iterable[str]) -> None:
    """Raise ``ValueError`` if a query is not an item."""
    unknown = set(lists).difference(known)
    if unknown:
        raise ValueError(
            f"{name} must be those of items in ids, got {min(unknown)!r}, and "
            f"{len(unknown)} such queries in all; leave them out, or pass the ids of "
            "their split"
        )


def refuse_retrieved(query: str, retrieved: Iterable[Any]) -> None:
    """Raise ``TypeError`` if a list holds anything but identifiers."""
    wrong = [one for one in retrieved if not isinstance(one, str)]
    if wrong:
        raise TypeError(
            f"lists[{query!r}] must hold ids, which are texts, got {shown(wrong[0])}; "
            "pass the ids themselves, not their positions"
        )

"""Files that cannot be joined: which, by which coordinates, and what to do."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

from deepsphere_pyg.datasets.netcdf.coordinates import listed, short
from samplings.reading import DataFileError


def refuse_unfit(parts: Sequence[tuple[str, Any]]) -> None:
    """Refuse files of one variable that overlap, or lack members or levels of others.

    Along each dimension, the coordinates of two files must be equal, or have nothing in
    common; and there must be a file for each combination of these.

    Parameters
    ----------
    parts
        Path and data set of each file.

    Raises
    ------
    DataFileError
        If it is otherwise.
    """
    files: dict[Hashable, list[tuple[str, Any]]] = {}
    for path, data in parts:
        for name in data.data_vars:
            files.setdefault(name, []).append((path, data))
    for name, group in files.items():
        if len(group) > 1:
            _refuse_unfit_variable(str(name), group)


def refuse_unaligned(parts: Sequence[tuple[str, Any]]) -> None:
    """Refuse files of several variables whose coordinates differ.

    Parameters
    ----------
    parts
        Path and data set of each file.

    Raises
    ------
    DataFileError
        If variables are on different grids or levels, or have different times.
    """
    first: dict[Hashable, tuple[str, str, Any]] = {}
    whole: dict[tuple[str, Hashable], tuple[str, Any]] = {}
    for path, data in parts:
        for name, one in data.data_vars.items():
            for dim in one.dims:
                if dim in data.indexes:
                    key, index = (str(name), dim), data.indexes[dim]
                    if key in whole:
                        index = whole[key][1].union(index)
                    whole[key] = (whole.get(key, (path,))[0], index)
    for (name, dim), (path, index) in whole.items():
        if dim not in first:
            first[dim] = (name, path, index)
            continue
        other, where, one = first[dim]
        if index.sort_values().equals(one.sort_values()):
            continue
        lacking, of = one.difference(index), f"{name} of {path}"
        if not len(lacking):
            lacking, of = index.difference(one), f"{other} of {where}"
        raise DataFileError(
            f"variables that are joined must have the same {dim}, but {of} lacks {dim} "
            f"{listed(lacking.to_numpy(), 4)}; pass files of the same {dim}, or bring "
            "them to it first"
        )


def _refuse_unfit_variable(name: str, group: Sequence[tuple[str, Any]]) -> None:
    dims = [d for d in group[0][1][name].dims if d in group[0][1].indexes]
    distinct: dict[Hashable, list[tuple[str, Any]]] = {}
    for dim in dims:
        found: list[tuple[str, Any]] = []
        for path, data in group:
            if dim not in data.indexes:
                raise DataFileError(
                    f"{group[0][0]} has {name} along {dim}, and {path} has it along "
                    f"{', '.join(map(str, data[name].dims))}; pass files of one kind, "
                    "such as those of one folder"
                )
            index = data.indexes[dim]
            if not any(index.equals(one) for _, one in found):
                found.append((path, index))
        if len(found) > 1:
            distinct[dim] = found
    # Members, levels and places first, since files may follow each other along time.
    order = sorted(distinct, key=lambda dim: group[0][1][dim].dtype.kind == "M")
    for dim in order:
        _refuse_partial(name, dim, distinct[dim], alone=len(distinct) == 1)
    wanted = math.prod(map(len, distinct.values()))
    if distinct and len(group) != wanted:
        sizes = " and ".join(f"{len(one)} of {dim}" for dim, one in distinct.items())
        raise DataFileError(
            f"files of {name} must cover all combinations of {sizes}, {wanted} files, "
            f"got {len(group)}, from {group[0][0]} on; add the files that are missing, "
            "or leave out those beside them"
        )


def _refuse_partial(
    name: str, dim: Hashable, found: Sequence[tuple[str, Any]], alone: bool
) -> None:
    """Refuse coordinates of two files that have some values in common, but not all."""
    if sum(len(index) for _, index in found) == len(_union(found)):
        return
    for i, (path, index) in enumerate(found):
        for other, one in found[:i]:
            both = index.intersection(one)
            if not len(both):
                continue
            if alone:
                raise DataFileError(
                    f"{other} and {path} both have {name} at {dim} "
                    f"{short(both.to_numpy()[0])}; pass each {dim} in one file only"
                )
            lacking, lacks = one.difference(index), path
            if not len(lacking):
                lacking, lacks = index.difference(one), other
            raise DataFileError(
                f"files of {name} must have the same {dim}, or nothing in common, but "
                f"{lacks} lacks {dim} {listed(lacking.to_numpy(), 4)}; leave it out, "
                "or write missing values (NaN) there"
            )


def _union(found: Sequence[tuple[str, Any]]) -> Any:
    union = found[0][1]
    for _, index in found[1:]:
        union = union.union(index)
    return union

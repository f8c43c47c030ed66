"""Folders of ranked lists, as the evaluator of SHREC'17 reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from deepsphere_pyg.metrics.retrieval.identifiers import (
    check_queries,
    ids_argument,
    lists_argument,
    refuse_retrieved,
)
from deepsphere_pyg.metrics.retrieval.ranked_lists import (
    RankedLists,
    checked_distances,
)
from samplings.arguments import choice_argument, flag_argument, path_argument, shown
from samplings.atomic_files import atomic_folder
from samplings.reading import DataFileError, reading

SPLITS = tuple(
    f"{split}_{kind}"
    for split in ("train", "val", "test")
    for kind in ("normal", "perturbed")
)
# The evaluator reads no more of a list.
LONGEST = 1000
_NUMBER = re.compile(r"[0-9]{1,6}")


def write_submission(
    folder: str | os.PathLike[str],
    method: str,
    split_name: str,
    ids: Iterable[str],
    lists: Mapping[str, Sequence[str]],
    distances: Mapping[str, Sequence[float]] | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """Write ranked lists into ``folder/method/split_name``, one file for each query.

    The file of a query is named after its identifier, of six digits, without an
    extension. It has one retrieved identifier a line, best first, with its distance
    after a blank if there are distances, and at most 1000 lines.

    Parameters
    ----------
    folder
        Where the folder of the method is, or is created.
    method
        Name of the method, which is that of its folder.
    split_name
        ``"train"``, ``"val"`` or ``"test"``, and ``"_normal"`` or ``"_perturbed"``.
    ids
        Identifiers of all items of the split: numbers of at most six digits.
    lists
        Identifiers of the items retrieved for each of them, at least one each: the
        evaluator returns NaN for all queries if one list is empty.
    distances
        Distances of the items of each list; those of the lists themselves if they are
        :class:`RankedLists` with distances.
    overwrite
        Whether to replace lists that are there.

    Returns
    -------
    pathlib.Path
        The folder of the method, which the evaluator takes.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If the method cannot be the name of a folder, the split is not known, an
        identifier is not such a number or is named twice, an item has no list, or a
        list holds anything but items of the split.
    FileExistsError
        If there are lists, unless they may be overwritten; or other files.
    OSError
        If a file cannot be written.

    Notes
    -----
    The folder is written whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> lists = {"1": ["1", "2"], "2": ["2"]}
    >>> path = write_submission(folder.name, "mine", "val_perturbed", ["1", "2"], lists)
    >>> print((path / "val_perturbed" / "000001").read_text(), end="")
    000001
    000002
    >>> folder.cleanup()
    """
    root = path_argument("folder", folder)
    target = root / method_argument(method) / split_argument(split_name)
    names = {one: _padded(one) for one in ids_argument("ids", ids)}
    ids_argument("ids, padded to six digits,", names.values())
    ranked = _complete(lists_argument("lists", lists), names)
    if distances is None and isinstance(lists, RankedLists):
        distances = lists.distances
    known = None if distances is None else checked_distances(ranked, distances)
    _refuse_to_overwrite(target, flag_argument("overwrite", overwrite))
    with atomic_folder(target) as temporary:
        for query, retrieved in ranked.items():
            lines = [names[one] for one in retrieved[:LONGEST]]
            if known is not None:
                pairs = zip(lines, known[query], strict=False)
                lines = [f"{one} {distance:.9g}" for one, distance in pairs]
            (temporary / names[query]).write_text("\n".join(lines) + "\n")
    return target.parent


def read_submission(folder: str | os.PathLike[str]) -> RankedLists:
    """Read the ranked lists of a split, such as ``METHOD/test_perturbed``.

    Identifiers are padded to six digits, as the evaluator does. Hidden files are left
    out.

    Parameters
    ----------
    folder
        Folder with one file for each query, as :func:`write_submission` writes it.

    Returns
    -------
    RankedLists
        With distances if all lines have one. Lists may be empty or longer than 1000.

    Raises
    ------
    TypeError
        If the folder is not a path.
    FileNotFoundError
        If it does not exist.
    DataFileError
        If it has no lists, or a file is not such a list.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> _ = (Path(folder.name) / "000007").write_text("12 0.25")
    >>> lists = read_submission(folder.name)
    >>> lists["000007"], lists.distances["000007"]
    (('000012',), (0.25,))
    >>> folder.cleanup()
    """
    path = path_argument("folder", folder)
    if not path.is_dir():
        if path.exists():
            raise DataFileError(f"{path} is not a folder of lists; pass its folder")
        raise FileNotFoundError(f"{path} does not exist")
    with reading(path, "a folder of ranked lists"):
        files = sorted(one for one in path.iterdir() if not one.name.startswith("."))
    if not files:
        raise DataFileError(f"{path} has no ranked lists; pass the folder of a split")
    lists: dict[str, tuple[str, ...]] = {}
    distances: dict[str, tuple[float, ...]] | None = {}
    # Identifiers as they are written, each checked once: they stand in many lists.
    kept: dict[str, str] = {}
    for file in files:
        if not _NUMBER.fullmatch(file.name):
            raise DataFileError(
                f"{path} must hold one list per query, named by a number of at most "
                f"six digits, got {file.name!r}; pass the folder of a split, such as "
                f"{path / 'test_perturbed'}"
            )
        query = file.name.zfill(6)
        if query in lists:
            raise DataFileError(
                f"{path} has two lists of {query}, in files with and without zeros; "
                "remove one of them"
            )
        lists[query], known = _read_list(file, kept)
        if distances is not None and known is not None:
            distances[query] = known
        else:
            distances = None
    return RankedLists(lists, distances)


def _read_list(
    file: Path, kept: dict[str, str]
) -> tuple[tuple[str, ...], tuple[float, ...] | None]:
    """Return the identifiers of a file, and its distances if all lines have one."""
    with reading(file, "a ranked list"):
        lines = file.read_text("ascii").splitlines()
    items: list[str] = []
    numbers: list[float] = []
    for line in lines:
        row = line.split()
        if not row:
            continue
        try:
            if row[0] not in kept:
                kept[row[0]] = _padded(row[0])
            if len(row) > 2:
                raise ValueError
            numbers.extend(map(float, row[1:]))
        except ValueError:
            raise DataFileError(
                f"{file} must have an id of at most six digits a line, and perhaps a "
                f"distance, got {shown(line.strip())}; write the file again"
            ) from None
        items.append(kept[row[0]])
    return tuple(items), tuple(numbers) if len(numbers) == len(items) else None


def method_argument(method: str) -> str:
    """Return the name of a method, which can be that of a file."""
    if not isinstance(method, str):
        raise TypeError(
            f"method must be a name, got {shown(method)}; pass a text, such as "
            "'deepsphere'"
        )
    if not re.fullmatch(r"\w[\w .+=-]*", method):
        raise ValueError(
            f"method must be the name of a folder, of letters, digits and . + = - _, "
            f"got {method!r}; pass one such as 'deepsphere'"
        )
    return method


def split_argument(split_name: str) -> str:
    """Return the name of a split and its poses."""
    return choice_argument("split_name", split_name, SPLITS)


def _padded(name: str) -> str:
    """Return the identifier of an item with six digits."""
    if not _NUMBER.fullmatch(name):
        raise ValueError(
            "ids of a submission must be numbers of at most six digits, such as "
            f"'000123', got {name!r}; number the items"
        )
    return name.zfill(6)


def _complete(
    lists: dict[str, Sequence[str]], names: Mapping[str, str]
) -> dict[str, Sequence[str]]:
    """Return lists in the order of the items, if each has one, of items only."""
    check_queries("queries of lists", lists, names)
    for one in names:
        if not lists.get(one):
            raise ValueError(
                f"lists must have a result for each of ids, got none for {one!r}; "
                "let it retrieve itself at least, since the evaluator returns NaN for "
                "an empty list"
            )
    for query, retrieved in lists.items():
        refuse_retrieved(query, retrieved)
        foreign = [one for one in retrieved if one not in names]
        if foreign:
            raise ValueError(
                f"lists[{query!r}] must hold ids of the split, got {foreign[0]!r}; "
                "pass the ids of all items that may be retrieved"
            )
    return {one: lists[one] for one in names}


def _refuse_to_overwrite(target: Path, overwrite: bool) -> None:
    """Refuse to replace lists without permission, and anything else at all."""
    if target.exists() and not target.is_dir():
        raise FileExistsError(f"{target} is a file; move it away")
    found = sorted(target.iterdir()) if target.exists() else []
    others = [one for one in found if not re.fullmatch(r"[0-9]{6}", one.name)]
    if others:
        raise FileExistsError(
            f"{target} has files that are not ranked lists, such as {others[0].name}; "
            "move them away, or write to another folder"
        )
    if found and not overwrite:
        raise FileExistsError(
            f"{target} has ranked lists; choose another name for the method, or pass "
            "overwrite=True"
        )

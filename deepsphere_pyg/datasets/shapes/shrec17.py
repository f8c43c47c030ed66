"""SHREC'17: large-scale retrieval of shapes of 55 classes, in any layout of copies."""

from __future__ import annotations

import warnings
from pathlib import Path

from deepsphere_pyg.datasets.files import DataFileError, PathLike
from deepsphere_pyg.datasets.shapes.shape_source import UNLABELLED, MeshFiles
from deepsphere_pyg.datasets.shapes.shrec17_tables import (
    SHREC17_SYNSETS,
    SPLITS,
    ShapeRow,
    shape_id,
    split_rows,
)
from samplings.arguments import choice_argument, flag_argument, path_argument

# Largest number of names in a message.
_LISTED = 5

_LAYOUT = (
    "put the meshes of the {0} split into {1}: NNNNNN.obj, such as 000001.obj, in it "
    "or in sub-folders of it; and the tables {0}.csv or all.csv (or all.csv.gz, or "
    "evaluator-labels.csv; header id,synsetId,subSynsetId,modelId,split) into {2}. "
    "SHREC'17 is no longer published: ask a group that took part for a copy"
)


class IncompleteShapesWarning(UserWarning):
    """A table names shapes that have no file, or files are left out."""


class Shrec17(MeshFiles):
    """Shapes of ShapeNet's 55 classes: the data of the track SHREC'17.

    Shapes are those of the table of the split, in order of their ids, as far as they
    have a file; others are told by a warning, and listed in ``missing``. Without a
    table of the test split, its shapes are those in its folder, without labels, and a
    table of it may lack them.

    Parameters
    ----------
    root
        Folder with tables and folders of meshes.
    split
        ``"train"``, ``"val"`` or ``"test"``.
    perturbed
        Whether the shapes are randomly rotated ones: those in ``SPLIT_perturbed``, or,
        if it is False, in ``SPLIT_normal`` or ``SPLIT``.

    Attributes
    ----------
    class_names
        The 55 synsets, eight digits, sorted; :data:`SHREC17_SYNSETS` has their names.
        A class has the same number whichever tables are there.
    sublabels
        Synsets on the second level; None if the table has none.
    missing
        Ids of shapes that are in the table and have no file.
    dataset_name
        Name of the data set in submissions and evaluations, such as
        ``"test_perturbed"``.

    Raises
    ------
    FileNotFoundError
        If the folder, the table or all its files are missing; the message says what
        goes where.
    ValueError
        If a table is damaged, has an id twice or a synset that is not one of the 55, or
        there are two files of an id.

    Warns
    -----
    IncompleteShapesWarning
        If some shapes of the table have no file, or some files are not in the table.

    Notes
    -----
    Accepted are ids with and without leading zeros and the prefix ``model_`` of 2016,
    flat folders and folders of synsets, and tables as of the track or its evaluator.
    The published splits have 35,764, 5,133 and 10,265 shapes.

    Source: Savva et al., Large-scale 3D shape retrieval from ShapeNet Core55,
    Eurographics Workshop on 3D Object Retrieval 2017; Chang et al., ShapeNet: an
    information-rich 3D model repository, 2015 (arXiv:1512.03012).

    Examples
    --------
    >>> Shrec17("no_such_folder", "test")
    Traceback (most recent call last):
    ...
    FileNotFoundError: no_such_folder does not exist; put the meshes of the ...
    """

    def __init__(self, root: PathLike, split: str, *, perturbed: bool = True) -> None:
        self.split = choice_argument("split", split, SPLITS)
        perturbed = flag_argument("perturbed", perturbed)
        self.dataset_name = f"{split}_{'perturbed' if perturbed else 'normal'}"
        folder = path_argument("root", root)
        layout = _LAYOUT.format(split, folder / self.dataset_name, folder)
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} does not exist; {layout}")
        meshes = _mesh_folder(folder, split, perturbed, layout)
        files = _files_by_id(meshes)
        table, rows = split_rows(folder, split)
        if table is None and split != "test":
            raise FileNotFoundError(
                f"{folder} has no table of the {split} split, and its shapes have no "
                f"labels without one; {layout}"
            )
        if not files:
            raise FileNotFoundError(f"{meshes} has no files NNNNNN.obj; {layout}")
        ids = sorted(files)
        self.missing: tuple[str, ...] = ()
        if table is not None:
            ids, self.missing = _matched(files, rows, table, meshes, layout)
        order = {synset: number for number, synset in enumerate(SHREC17_SYNSETS)}
        unknown = ShapeRow("", "", split)
        told = [rows.get(id_, unknown) for id_ in ids]
        super().__init__(
            folder,
            [files[id_] for id_ in ids],
            [order.get(row.synset, UNLABELLED) for row in told],
            tuple(SHREC17_SYNSETS),
            ids,
        )
        if any(row.subsynset for row in told):
            self.sublabels = [row.subsynset for row in told]


def mesh_folder_names(split: str, perturbed: bool) -> tuple[str, ...]:
    """Return the names that the folder of the meshes of a split may have."""
    return (f"{split}_perturbed",) if perturbed else (f"{split}_normal", split)


def _mesh_folder(root: Path, split: str, perturbed: bool, layout: str) -> Path:
    """Return the folder of the meshes of a split."""
    names = mesh_folder_names(split, perturbed)
    for name in names:
        if (root / name).is_dir():
            return root / name
    others = mesh_folder_names(split, not perturbed)
    there = [name for name in others if (root / name).is_dir()]
    other = ""
    if there:
        flag = "NR" if perturbed else "R"
        other = (
            f", but {there[0]}: pass perturbed={not perturbed} to read that "
            f"(--train {flag})"
        )
    raise FileNotFoundError(
        f"{root} has no folder {' or '.join(names)}{other}; {layout}"
    )


def _files_by_id(folder: Path) -> dict[str, Path]:
    """Return the OBJ files of a folder and its sub-folders, by id."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        id_ = shape_id(path.stem) if path.suffix.lower() == ".obj" else None
        if id_ is None:
            continue
        if id_ in found:
            raise DataFileError(
                f"{path} and {found[id_]} are two files of id {id_}; keep one"
            )
        found[id_] = path
    return found


def _matched(
    files: dict[str, Path],
    rows: dict[str, ShapeRow],
    table: Path,
    folder: Path,
    layout: str,
) -> tuple[list[str], tuple[str, ...]]:
    """Return the ids with a row and a file, and those without a file, and warn."""
    ids = sorted(rows.keys() & files.keys())
    missing = sorted(rows.keys() - files.keys())
    if not ids:
        raise FileNotFoundError(
            f"{folder} has none of the {len(rows)} shapes of {table.name}, such as "
            f"{missing[0]}.obj, but {_some(sorted(files))}; {layout}"
        )
    extra = sorted(files.keys() - rows.keys())
    told = []
    if missing:
        told.append(
            f"{folder} lacks {len(missing)} of the {len(rows)} shapes of "
            f"{table.name}: {_some(missing)}; copy NNNNNN.obj of each there, or go on "
            "without them"
        )
    if extra:
        told.append(
            f"{folder} has {len(extra)} files that {table.name} does not name, which "
            f"are left out: {_some(extra)}"
        )
    for text in told:
        # The caller of the constructor.
        warnings.warn(text, IncompleteShapesWarning, stacklevel=3)
    return ids, tuple(missing)


def _some(names: list[str]) -> str:
    """List the first names, for messages."""
    return ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")

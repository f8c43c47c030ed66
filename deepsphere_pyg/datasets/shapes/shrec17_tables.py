"""The tables of SHREC'17: which synset each shape is of, and in which split it is."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import NamedTuple

from deepsphere_pyg.datasets.files import DataFileError, reading

SPLITS = ("train", "val", "test")
TABLES = ("all.csv", "all.csv.gz", "evaluator-labels.csv")
ID_DIGITS, SYNSET_DIGITS = 6, 8
PREFIX = "model_"

#: The 55 classes of SHREC'17, in their order: synsets of WordNet, and English names.
SHREC17_SYNSETS = {
    "02691156": "airplane",
    "02747177": "trash bin",
    "02773838": "bag",
    "02801938": "basket",
    "02808440": "bathtub",
    "02818832": "bed",
    "02828884": "bench",
    "02843684": "birdhouse",
    "02871439": "bookshelf",
    "02876657": "bottle",
    "02880940": "bowl",
    "02924116": "bus",
    "02933112": "cabinet",
    "02942699": "camera",
    "02946921": "can",
    "02954340": "cap",
    "02958343": "car",
    "02992529": "cellphone",
    "03001627": "chair",
    "03046257": "clock",
    "03085013": "keyboard",
    "03207941": "dishwasher",
    "03211117": "display",
    "03261776": "earphone",
    "03325088": "faucet",
    "03337140": "file cabinet",
    "03467517": "guitar",
    "03513137": "helmet",
    "03593526": "jar",
    "03624134": "knife",
    "03636649": "lamp",
    "03642806": "laptop",
    "03691459": "loudspeaker",
    "03710193": "mailbox",
    "03759954": "microphone",
    "03761084": "microwave",
    "03790512": "motorcycle",
    "03797390": "mug",
    "03928116": "piano",
    "03938244": "pillow",
    "03948459": "pistol",
    "03991062": "pot",
    "04004475": "printer",
    "04074963": "remote control",
    "04090263": "rifle",
    "04099429": "rocket",
    "04225987": "skateboard",
    "04256520": "sofa",
    "04330267": "stove",
    "04379243": "table",
    "04401088": "telephone",
    "04460130": "tower",
    "04468005": "train",
    "04530566": "vessel",
    "04554684": "washer",
}


class ShapeRow(NamedTuple):
    """One row of a table.

    Attributes
    ----------
    synset, subsynset
        Classes on the first and second level, eight digits; empty where they are not
        known: the first of test shapes only, the second of any.
    split
        ``"train"``, ``"val"`` or ``"test"``.
    """

    synset: str
    subsynset: str
    split: str


def split_rows(root: Path, split: str) -> tuple[Path | None, dict[str, ShapeRow]]:
    """Return the table that tells a split, and its rows by id.

    The table of the split itself goes before ``all.csv`` and ``evaluator-labels.csv``.

    Returns
    -------
    tuple
        The file, None if no table has rows of the split; and the rows.
    """
    for name in (f"{split}.csv", f"{split}.csv.gz", *TABLES):
        file = root / name
        if file.is_file():
            of_table = split if name.startswith(f"{split}.") else None
            rows = read_table(file, of_table)
            chosen = {id_: row for id_, row in rows.items() if row.split == split}
            if chosen:
                return file, chosen
    return None, {}


def read_table(file: Path, split: str | None = None) -> dict[str, ShapeRow]:
    """Read a table, plain or gz, as rows by id; zeros that were lost are put back.

    Parameters
    ----------
    file
        Text with commas, whose header has ``id`` and ``synsetId``, and optionally
        ``subSynsetId`` and ``split``, in any order; that of test shapes may lack
        ``synsetId``.
    split
        The split of all rows, if the table is of one; there the column may be missing.

    Raises
    ------
    DataFileError
        If a column is missing, an id stands twice, or an id, a synset or a split is not
        one of SHREC'17; the message names the file and the row.
    ValueError
        If it cannot be read as text.
    """
    with reading(file, "a table of SHREC'17"):
        data = file.read_bytes()
        # Browsers unpack or pack files without renaming them.
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        table = csv.DictReader(data.decode("utf-8-sig").splitlines(), restval="")
        names = [name.strip() for name in table.fieldnames or ()]
        table.fieldnames = names
        needed = ["id"] if split == "test" else ["id", "synsetId"]
        needed += [] if split else ["split"]
        absent = [name for name in needed if name not in names]
        if absent:
            raise DataFileError(
                f"{file} has no column {' and no '.join(absent)}; it has: "
                f"{', '.join(names) or 'nothing'}; SHREC'17 has "
                "id,synsetId,subSynsetId,modelId,split"
            )
        rows: dict[str, ShapeRow] = {}
        for number, row in enumerate(table, start=2):
            id_, found = _checked_row(row, split, f"{file}, line {number}")
            if id_ in rows:
                raise DataFileError(
                    f"{file}, line {number}: id {id_} stands twice; keep one row of it"
                )
            rows[id_] = found
        return rows


def _checked_row(
    row: dict[str, str], split: str | None, place: str
) -> tuple[str, ShapeRow]:
    id_ = shape_id(row["id"])
    if id_ is None:
        raise DataFileError(
            f"{place}: id must be a number of at most {ID_DIGITS} digits, got "
            f"{row['id']!r}"
        )
    told = (row.get("split") or "").strip().lower() or split
    if told not in SPLITS or (split and told != split):
        raise DataFileError(
            f"{place}: split must be {split or ', '.join(SPLITS)}, got {told!r}"
        )
    synset, subsynset = (_synset(row.get(name)) for name in ("synsetId", "subSynsetId"))
    if synset not in SHREC17_SYNSETS and (synset or told != "test"):
        raise DataFileError(
            f"{place}: synset {row['synsetId']!r} is not one of the "
            f"{len(SHREC17_SYNSETS)} of SHREC'17; read other classes by MeshFolder"
        )
    return id_, ShapeRow(synset, subsynset, told)


def _synset(text: str | None) -> str:
    """Return a synset of eight digits; empty if the text is empty."""
    digits = (text or "").strip()
    return digits.zfill(SYNSET_DIGITS) if digits else ""


def shape_id(text: str) -> str | None:
    """Return an id of six digits, None for other texts; a prefix ``model_`` is dropped.

    Examples
    --------
    >>> shape_id("model_000123"), shape_id("123"), shape_id("chair")
    ('000123', '000123', None)
    """
    digits = text.strip().removeprefix(PREFIX)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= ID_DIGITS):
        return None
    return digits.zfill(ID_DIGITS)

"""SHREC'17 in the layouts of the copies that there are, and what is told of holes."""

import gzip
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from deepsphere_pyg.datasets import SHREC17_SYNSETS, Shrec17
from deepsphere_pyg.datasets.shapes.shrec17 import IncompleteShapesWarning
from deepsphere_pyg.datasets.shapes.shrec17_tables import read_table
from tests.datasets.shapes.small_meshes import volume, write_obj

HEADER = "id,synsetId,subSynsetId,modelId,split"
# Ids, synsets of table, aeroplane and cellphone, and their splits.
ROWS = {
    "000007": ("04379243", "03092883", "train"),
    "000012": ("02691156", "02690373", "train"),
    "000345": ("02992529", "02992529", "train"),
    "012345": ("04379243", "03092883", "val"),
    "051680": ("02992529", "02992529", "test"),
    "000001": ("02691156", "03335030", "test"),
}
NUMBERS = {"04379243": 49, "02691156": 0, "02992529": 17}


def write_table(path, rows=ROWS, *, pack=False, strip=False, header=HEADER):
    """Write a table; ``strip`` loses leading zeros, as spreadsheets do."""

    def shown(text):
        return text.lstrip("0") if strip else text

    lines = [header]
    for id_, (synset, sub, split) in rows.items():
        row = {"id": shown(id_), "synsetId": shown(synset), "subSynsetId": shown(sub)}
        row |= {"modelId": "a1b2", "split": split}
        lines.append(",".join(row[name] for name in header.split(",")))
    content = "\n".join(lines).encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if pack else content)


def of_split(*splits):
    return {id_: row for id_, row in ROWS.items() if row[2] in splits}


def write_meshes(root, folder="{}_perturbed", name="{1}.obj"):
    for id_, (synset, _, split) in ROWS.items():
        write_obj(root / folder.format(split) / name.format(synset, id_), int(id_))


TABLES = {
    "table of the split": lambda root: [
        write_table(root / f"{split}.csv", of_split(split))
        for split in ("train", "val", "test")
    ],
    "without the split": lambda root: [
        write_table(root / f"{split}.csv", of_split(split), header=HEADER[:-6])
        for split in ("train", "val", "test")
    ],
    "all.csv": lambda root: write_table(root / "all.csv"),
    "all.csv.gz": lambda root: write_table(root / "all.csv.gz", pack=True),
    "unpacked gz": lambda root: write_table(root / "all.csv.gz"),
    "lost zeros": lambda root: write_table(root / "all.csv", strip=True),
    "shuffled": lambda root: write_table(
        root / "all.csv", dict(sorted(ROWS.items(), reverse=True))
    ),
    "other columns": lambda root: write_table(
        root / "all.csv", header="split,modelId,synsetId,subSynsetId,id"
    ),
    "evaluator": lambda root: [
        write_table(root / "evaluator-labels.csv", of_split("train", "val")),
        write_table(root / "test.csv", of_split("test")),
    ],
}
LAYOUTS = {
    "flat": ("{}_perturbed", "{1}.obj"),
    "prefix": ("{}_perturbed", "model_{1}.obj"),
    "synsets": ("{}_perturbed", "{0}/{1}.obj"),
    "synsets and prefix": ("{}_perturbed", "{0}/model_{1}.OBJ"),
    "folder twice": ("{}_perturbed", "inside/{1}.obj"),
}


def check(shapes, split):
    wanted = sorted(of_split(split))
    assert shapes.ids == wanted
    assert len(shapes) == len(wanted) and shapes.split == split
    assert shapes.labels.tolist() == [NUMBERS[ROWS[id_][0]] for id_ in wanted]
    assert shapes.labels.dtype == np.int64 and shapes.labelled
    assert shapes.sublabels == [ROWS[id_][1] for id_ in wanted]
    assert [path.stem[-6:] for path in shapes.paths] == wanted
    assert shapes.missing == ()


# -- layouts ---------------------------------------------------------------------
@pytest.mark.parametrize("table", TABLES)
def test_every_table_tells_the_same(tmp_path, table):
    TABLES[table](tmp_path)
    write_meshes(tmp_path)
    for split in ("train", "val", "test"):
        check(Shrec17(tmp_path, split), split)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_meshes_holds_the_same(tmp_path, layout):
    write_table(tmp_path / "all.csv")
    write_meshes(tmp_path, *LAYOUTS[layout])
    check(Shrec17(tmp_path, "train"), "train")


@pytest.mark.parametrize("folder", ["{}_normal", "{}"])
def test_aligned_shapes_are_those_of_other_folders(tmp_path, folder):
    write_table(tmp_path / "all.csv")
    write_meshes(tmp_path, folder)
    shapes = Shrec17(tmp_path, "train", perturbed=False)
    check(shapes, "train")
    assert shapes.dataset_name == "train_normal"
    with pytest.raises(FileNotFoundError, match=r"pass perturbed=False to read"):
        Shrec17(tmp_path, "train")


def test_the_classes_are_the_55_synsets_in_order():
    assert len(SHREC17_SYNSETS) == 55
    assert list(SHREC17_SYNSETS) == sorted(SHREC17_SYNSETS)
    assert all(len(s) == 8 and s.isdigit() for s in SHREC17_SYNSETS)
    assert len(set(SHREC17_SYNSETS.values())) == 55


def test_shapes_are_those_of_their_files(tmp_path):
    write_table(tmp_path / "all.csv")
    write_meshes(tmp_path)
    shapes = Shrec17(tmp_path, "train")
    for at, id_ in enumerate(shapes.ids):
        # Files hold seven digits of the coordinates, which stand in it whole.
        assert volume(shapes.load(at)) == pytest.approx(int(id_) ** 3 / 6, rel=1e-12)
    assert np.array_equal(shapes.load(-1).vertices, shapes.load(2).vertices)
    with pytest.raises(IndexError, match="index must be from -3 to 2, got 3"):
        shapes.load(3)


def test_keys_change_with_the_file_and_not_with_the_folder(tmp_path):
    roots = tmp_path / "one", tmp_path / "two"
    for root in roots:
        write_table(root / "all.csv")
        write_meshes(root)
        for path in root.rglob("*.obj"):
            os.utime(path, ns=(0, 10**18))
    one, two = (Shrec17(root, "train") for root in roots)
    assert one.key(0) == two.key(0)
    assert len({one.key(at) for at in range(3)}) == 3
    os.utime(one.paths[0], ns=(0, 10**18 + 1))
    assert one.key(0) != two.key(0)
    write_obj(two.paths[1], 0.123)
    os.utime(two.paths[1], ns=(0, 10**18))
    assert one.key(1) != two.key(1)
    two.paths[2].unlink()
    with pytest.raises(FileNotFoundError, match="does not exist any more"):
        two.key(2)


# -- holes -----------------------------------------------------------------------
def test_a_test_split_without_a_table_has_no_labels(tmp_path):
    write_table(tmp_path / "evaluator-labels.csv", of_split("train", "val"))
    write_meshes(tmp_path)
    shapes = Shrec17(tmp_path, "test")
    assert shapes.ids == ["000001", "051680"] and shapes.sublabels is None
    assert shapes.labels.tolist() == [-1, -1] and not shapes.labelled


def test_a_table_of_the_test_split_may_lack_synsets(tmp_path):
    (tmp_path / "test.csv").write_text("id\n1\n51680\n")
    write_meshes(tmp_path)
    assert Shrec17(tmp_path, "test").labels.tolist() == [-1, -1]


@pytest.mark.parametrize("split", ["train", "val"])
def test_other_splits_need_a_table(tmp_path, split):
    write_meshes(tmp_path)
    with pytest.raises(
        FileNotFoundError,
        match=rf"no table of the {split} split.*{split}\.csv or all\.csv.*"
        "id,synsetId,subSynsetId,modelId,split",
    ):
        Shrec17(tmp_path, split)


def test_missing_and_unnamed_files_are_told_and_left_out(tmp_path):
    write_table(tmp_path / "all.csv")
    write_meshes(tmp_path)
    folder = tmp_path / "train_perturbed"
    (folder / "000012.obj").rename(folder / "000013.obj")
    with pytest.warns(IncompleteShapesWarning) as told:
        shapes = Shrec17(tmp_path, "train")
    assert shapes.ids == ["000007", "000345"] and shapes.missing == ("000012",)
    texts = [str(one.message) for one in told]
    assert len(texts) == 2 and all(one.filename == __file__ for one in told)
    assert "lacks 1 of the 3 shapes of all.csv: 000012; copy NNNNNN.obj" in texts[0]
    assert "has 1 files that all.csv does not name" in texts[1]
    assert "left out: 000013" in texts[1]


def test_the_first_of_many_missing_files_are_named(tmp_path):
    rows = {f"{n:06d}": ("04379243", "", "train") for n in range(20)}
    write_table(tmp_path / "train.csv", rows)
    write_obj(tmp_path / "train_perturbed/000000.obj")
    found = r"lacks 19 of the 20 .*: 000001, 000002, 000003, 000004, 000005, \.\.\.;"
    with pytest.warns(IncompleteShapesWarning, match=found):
        assert Shrec17(tmp_path, "train").sublabels is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: root.rmdir(), r"does not exist; put the meshes of the val split"),
        (lambda root: None, r"has no folder val_perturbed; put .*NNNNNN\.obj"),
        (
            lambda root: (root / "val_perturbed").mkdir(),
            r"val_perturbed has no files NNNNNN\.obj",
        ),
        (
            lambda root: write_obj(root / "val_perturbed/000001.obj"),
            r"has none of the 1 shapes of val\.csv, such as 012345\.obj, but 000001",
        ),
    ],
)
def test_what_is_missing_is_told_with_its_place(tmp_path, make, message):
    root = tmp_path / "shrec"
    root.mkdir()
    make(root)
    if root.exists():
        write_table(root / "val.csv", of_split("val"))
    with pytest.raises(FileNotFoundError, match=message) as error:
        Shrec17(root, "val")
    assert str(root / "val_perturbed") in str(error.value)


# -- damage ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["7,04379243,,,train", "000007,04379243,,,train"],
            "3: id 000007 stands twice",
        ),
        (["7,12345678,,,train"], "line 2: synset '12345678' is not one of the 55"),
        (["7,,,,train"], "line 2: synset '' is not one of the 55"),
        (["chair,04379243,,,train"], "line 2: id must be a number of at most 6 digits"),
        (["1234567,04379243,,,train"], "at most 6 digits, got '1234567'"),
        (["7,04379243,,,learn"], "line 2: split must be train, val, test, got 'learn'"),
        (["7,04379243"], "line 2: split must be train, val, test, got None"),
    ],
)
def test_wrong_rows_are_refused(tmp_path, lines, message):
    table = tmp_path / "all.csv"
    table.write_text("\n".join([HEADER, *lines]))
    with pytest.raises(ValueError, match=message):
        read_table(table)
    with pytest.raises(ValueError, match="must be val, got 'train'"):
        (tmp_path / "val.csv").write_text(f"{HEADER}\n7,04379243,,,train")
        read_table(tmp_path / "val.csv", "val")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no column id and no synsetId and no split; it has: nothing"),
        (b"a,b\n1,2\n", "has no column id and .*; it has: a, b"),
        (b"\x1f\x8b\x08broken", "cannot be read as a table of SHREC'17"),
        (b"id,synsetId,split\n\xff\xfe", "cannot be read as a table of SHREC'17"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, message):
    (tmp_path / "all.csv").write_bytes(content)
    write_meshes(tmp_path)
    with pytest.raises(ValueError, match=message) as error:
        Shrec17(tmp_path, "train")
    assert str(tmp_path / "all.csv") in str(error.value)


def test_two_files_of_an_id_are_refused(tmp_path):
    write_table(tmp_path / "all.csv")
    write_meshes(tmp_path)
    write_obj(tmp_path / "train_perturbed/04379243/model_000007.obj")
    with pytest.raises(ValueError, match="two files of id 000007; keep one"):
        Shrec17(tmp_path, "train")


def test_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path):
    text = f"\ufeff{HEADER}\r\n\r\n000007,04379243,,x,train\r\n"
    (tmp_path / "all.csv").write_bytes(text.encode())
    assert list(read_table(tmp_path / "all.csv")) == ["000007"]


def test_other_files_beside_the_meshes_do_no_harm(tmp_path):
    write_table(tmp_path / "all.csv")
    write_meshes(tmp_path)
    for name in ("readme.txt", "000007.mtl", "model.obj"):
        (tmp_path / "train_perturbed" / name).touch()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(Shrec17(tmp_path, "train"), "train")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"split": "validation"}, ValueError, "split must be 'train' or 'val' or"),
        ({"perturbed": 1}, TypeError, "perturbed must be True or False, got 1"),
        ({"root": 3}, TypeError, "root must be a path, got 3"),
    ],
)
def test_wrong_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Shrec17(**{"root": Path("none"), "split": "train", **options})

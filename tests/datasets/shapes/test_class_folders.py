"""ModelNet, and folders of one's own meshes."""

import os
import warnings

import numpy as np
import pytest

from deepsphere_pyg.datasets import MeshFolder, ModelNet
from deepsphere_pyg.datasets.shapes.class_folders import IgnoredFilesWarning
from tests.datasets.shapes.small_meshes import volume, write_obj, write_off

COUNTS = {"bathtub": (10, 3), "night_stand": (20, 2)}


def write_modelnet(root):
    for name, counts in COUNTS.items():
        for split, count in zip(("train", "test"), counts, strict=True):
            for n in range(1, count + 1):
                file = root / name / split / f"{name}_{n:04d}.off"
                write_off(file, n, header="OFF" if n % 2 else "OFF\n")
    (root / "README.txt").touch()
    (root / "__MACOSX").mkdir()
    return root


# -- ModelNet --------------------------------------------------------------------
def test_modelnet_has_the_published_split(tmp_path):
    root = write_modelnet(tmp_path)
    train, test = ModelNet(root, "train"), ModelNet(root, "test")
    assert train.class_names == test.class_names == ("bathtub", "night_stand")
    assert np.bincount(train.labels).tolist() == [10, 20]
    assert np.bincount(test.labels).tolist() == [3, 2]
    assert train.ids[0] == "bathtub/train/bathtub_0001"
    assert test.ids[-1] == "night_stand/test/night_stand_0002"
    for at in range(2):
        assert volume(test.load(at)) == pytest.approx((at + 1) ** 3 / 6)


def test_a_share_of_the_training_shapes_validates(tmp_path):
    root = write_modelnet(tmp_path)
    whole = ModelNet(root, "train")
    for seed in (0, 1):
        train, held_out = (
            ModelNet(root, split, validation=0.2, seed=seed)
            for split in ("train", "validation")
        )
        assert np.bincount(held_out.labels).tolist() == [2, 4]
        assert sorted(train.ids + held_out.ids) == whole.ids
        assert not set(train.ids) & set(held_out.ids)
        named = dict(zip(whole.ids, whole.labels, strict=True))
        assert [named[id_] for id_ in held_out.ids] == held_out.labels.tolist()
    again = ModelNet(root, "validation", validation=0.2, seed=1)
    assert again.ids == held_out.ids
    assert ModelNet(root, "validation", validation=0.2).ids != held_out.ids
    assert len(ModelNet(root, "test", validation=0.2)) == 5


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"split": "val"}, ValueError, "split must be 'train' or 'validation' or"),
        ({"split": "validation"}, ValueError, "pass a share, such as validation=0.1"),
        ({"validation": 1.0}, ValueError, "validation must be at least 0 and below 1"),
        ({"root": "none"}, FileNotFoundError, r"none does not exist; .*train/\*.off"),
    ],
)
def test_wrong_arguments_of_modelnet_are_refused(tmp_path, options, error, message):
    write_modelnet(tmp_path)
    with pytest.raises(error, match=message):
        ModelNet(**{"root": tmp_path, "split": "train", **options})


def test_other_folders_are_not_modelnet(tmp_path):
    write_obj(tmp_path / "chair/one.obj")
    with pytest.raises(FileNotFoundError, match="has no CLASS/test; pass the unpacked"):
        ModelNet(tmp_path, "test")


# -- folders of one's own ---------------------------------------------------------
def write_classes(root, names=("cup", "bell"), count=10):
    for name in names:
        for n in range(count):
            write = write_off if n % 2 else write_obj
            write(root / name / f"{n}.{'off' if n % 2 else 'obj'}", n + 1)
    return root


def test_the_parts_of_a_folder_are_split_by_class(tmp_path):
    root = write_classes(tmp_path)
    whole = MeshFolder(root)
    assert whole.class_names == ("bell", "cup") and len(whole) == 20
    assert whole.ids[:2] == ["bell/0", "bell/1"] and whole.split == "all"
    for share, count in ((None, 2), (0.3, 3)):
        train = MeshFolder(root, "train", test_share=share, seed=4)
        test = MeshFolder(root, "test", test_share=share, seed=4)
        assert np.bincount(test.labels).tolist() == [count, count]
        assert sorted(train.ids + test.ids) == whole.ids
    assert test.ids != MeshFolder(root, "test", test_share=0.3, seed=5).ids
    assert volume(whole.load(1)) == pytest.approx(8 / 6)


def test_a_folder_that_is_split_stays_so(tmp_path):
    write_classes(tmp_path / "train", count=4)
    write_classes(tmp_path / "test", ("cup",), count=3)
    train, test, whole = (
        MeshFolder(tmp_path, split) for split in ("train", "test", "all")
    )
    assert train.class_names == test.class_names == whole.class_names == ("bell", "cup")
    assert np.bincount(train.labels).tolist() == [4, 4]
    assert test.labels.tolist() == [1, 1, 1] and len(whole) == 11
    assert test.ids == ["test/cup/0", "test/cup/1", "test/cup/2"]
    with pytest.raises(ValueError, match="split already into train and test"):
        MeshFolder(tmp_path, "train", test_share=0.2)
    write_obj(tmp_path / "test/new/0.obj")
    with pytest.raises(ValueError, match=r"class 'new' has no mesh: .*train"):
        MeshFolder(tmp_path, "test")


def test_other_formats_are_told_and_left_out(tmp_path):
    write_classes(tmp_path)
    for name in ("a.step", "b.STEP", "c.png", ".hidden", "d.mtl", "LICENSE"):
        (tmp_path / "cup" / name).touch()
    with pytest.warns(IgnoredFilesWarning) as told:
        assert len(MeshFolder(tmp_path)) == 20
    (one,) = told
    assert one.filename == __file__
    assert "left out: 1 .STEP, 1 .png, 1 .step, 1 LICENSE; convert" in str(one.message)


def test_extensions_may_be_in_capitals_and_files_in_sub_folders(tmp_path):
    write_obj(tmp_path / "cup/deep/er/1.OBJ")
    write_off(tmp_path / "bell/1.Off")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert MeshFolder(tmp_path).ids == ["bell/1", "cup/deep/er/1"]


def test_files_that_differ_in_their_extension_have_different_ids(tmp_path):
    write_obj(tmp_path / "cup/1.obj")
    write_off(tmp_path / "cup/1.off")
    assert MeshFolder(tmp_path).ids == ["cup/1.obj", "cup/1.off"]


def test_an_empty_class_is_refused(tmp_path):
    write_classes(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/a.step").touch()
    with pytest.raises(
        ValueError, match=r"class 'empty' has no mesh: .* has a\.step, and no \.obj"
    ):
        MeshFolder(tmp_path)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"root": "none"}, FileNotFoundError, "none does not exist; put meshes"),
        ({"split": "validation"}, ValueError, "split must be 'all' or 'train' or"),
        ({"split": "test", "test_share": 0}, ValueError, "leaves no shape for split"),
        ({"test_share": 1}, ValueError, "test_share must be at least 0 and below 1"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
    ],
)
def test_wrong_arguments_of_a_folder_are_refused(tmp_path, options, error, message):
    write_classes(tmp_path)
    with pytest.raises(error, match=message):
        MeshFolder(**{"root": tmp_path, **options})


def test_a_file_and_a_folder_without_classes_are_refused(tmp_path):
    file = write_obj(tmp_path / "a.obj")
    with pytest.raises(FileNotFoundError, match="is a file, not a folder; put meshes"):
        MeshFolder(file)
    with pytest.raises(FileNotFoundError, match="has no folder of a class; put meshes"):
        MeshFolder(tmp_path)


def test_keys_are_those_of_the_files(tmp_path):
    shapes = MeshFolder(write_classes(tmp_path))
    assert len({shapes.key(at) for at in range(len(shapes))}) == len(shapes)
    state = os.stat(shapes.paths[3])
    assert shapes.key(3) == f"bell/3.off {state.st_size} {state.st_mtime_ns}"

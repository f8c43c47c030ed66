"""Files of MNIST in the forms people have, and what is said of broken ones."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from deepsphere_pyg.datasets import read_mnist

NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def small_digits(split: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(len(split))
    n = {"train": 7, "test": 3}[split]
    images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
    return images, rng.integers(0, 10, n, dtype=np.uint8)


def idx(array: np.ndarray) -> bytes:
    """Bytes as in the files of LeCun: two zeros, 8 for bytes, the axes, the values."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def write_idx(folder: Path, packed: bool) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for split, names in NAMES.items():
        for name, array in zip(names, small_digits(split), strict=True):
            content = idx(array)
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)
    return folder


def write_npz(path: Path, **changes: object) -> Path:
    arrays: dict[str, object] = {}
    for split in NAMES:
        arrays[f"x_{split}"], arrays[f"y_{split}"] = small_digits(split)
    arrays.update(changes)
    np.savez(
        path, **{name: value for name, value in arrays.items() if value is not None}
    )
    return path


# -- forms -----------------------------------------------------------------------
def test_the_published_digits_are_read(shared_data: Path) -> None:
    train, test = (read_mnist(shared_data, split) for split in ("train", "test"))
    assert train.images.shape == (60_000, 28, 28) and train.images.dtype == np.uint8
    assert test.labels.shape == (10_000,) and test.labels.dtype == np.int64
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert train.images.mean() / 255 == pytest.approx(0.1307, abs=1e-4)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("form", ["npz", "folder", "idx", "idx.gz", "torchvision"])
def test_all_forms_hold_the_same(tmp_path: Path, split: str, form: str) -> None:
    if form in ("npz", "folder"):
        root = write_npz(tmp_path / "mnist.npz")
        root = root if form == "npz" else tmp_path
    elif form == "torchvision":
        write_idx(tmp_path / "MNIST" / "raw", packed=False)
        root = tmp_path
    else:
        root = write_idx(tmp_path, packed=form == "idx.gz")
    images, labels = read_mnist(root, split)
    expected = small_digits(split)
    assert np.array_equal(images, expected[0]) and np.array_equal(labels, expected[1])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("foldered", [False, True])
@pytest.mark.parametrize(
    "written",
    [
        "{split}-{what}.idx{axes}-ubyte",
        "{split}-{what}-idx{axes}-ubyte",
        "{split}-{what}.idx{axes}",
        "{split}_{what}_idx{axes}_ubyte",
        "{split}-{what}-idx{axes}.ubyte",
        "{split}-{what}.IDX{axes}-UBYTE",
    ],
)
def test_names_of_many_programs_are_known(
    tmp_path: Path, written: str, foldered: bool, packed: bool
) -> None:
    images, labels = small_digits("test")
    for what, array in (("images", images), ("labels", labels)):
        name = written.format(split="t10k", what=what, axes=array.ndim)
        folder = tmp_path / name if foldered else tmp_path
        folder.mkdir(exist_ok=True)
        content = gzip.compress(idx(array)) if packed else idx(array)
        (folder / (name + ".gz" if packed else name)).write_bytes(content)
    found = read_mnist(tmp_path, "test")
    assert np.array_equal(found.images, images)
    assert np.array_equal(found.labels, labels)


def test_what_is_packed_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    images, labels = small_digits("test")
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(idx(images))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(gzip.compress(idx(labels)))
    assert np.array_equal(read_mnist(tmp_path, "test").images, images)


def test_names_that_are_not_known_are_listed(tmp_path: Path) -> None:
    (tmp_path / "digits-1.bin").touch()
    (tmp_path / "digits-2.bin").touch()
    message = (
        r"holds no MNIST; it has: digits-1\.bin, digits-2\.bin; pass .*"
        r"train-images\.idx3-ubyte"
    )
    with pytest.raises(FileNotFoundError, match=message):
        read_mnist(tmp_path, "train")
    images, _ = small_digits("train")
    (tmp_path / "train-images.idx3-ubyte").write_bytes(idx(images))
    message = r"has no train-labels-idx1-ubyte \(or \.gz\); it has: digits-1.*-ubyte;"
    with pytest.raises(FileNotFoundError, match=message):
        read_mnist(tmp_path, "train")


def test_shapes_that_overflow_are_refused(tmp_path: Path) -> None:
    write_idx(tmp_path, packed=False)
    path = tmp_path / NAMES["test"][0]
    # The product of these four is 2**64, which is 0 in 64 bits.
    path.write_bytes(bytes([0, 0, 8, 4]) + struct.pack(">4I", *[2**16] * 4))
    with pytest.raises(ValueError, match=f"header states {2**64} bytes"):
        read_mnist(tmp_path, "test")


# -- what is wrong ---------------------------------------------------------------
def test_missing_files_are_told_with_what_is_read(tmp_path: Path) -> None:
    accepted = r"mnist\.npz .* idx files train-images-idx3-ubyte .*plain or \.gz"
    for root in (tmp_path / "missing", tmp_path):
        with pytest.raises(FileNotFoundError, match=accepted) as caught:
            read_mnist(root, "train")
        assert "download_mnist(folder)" in str(caught.value)
    write_idx(tmp_path, packed=True)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"no t10k-labels-idx1-ubyte \(or \.gz\)"
    ):
        read_mnist(tmp_path, "test")
    with pytest.raises(ValueError, match="split must be 'train' or 'test', got 'val'"):
        read_mnist(tmp_path, "val")


@pytest.mark.parametrize("name", ["mnist.npz", *NAMES["test"]])
@pytest.mark.parametrize("packed", [False, True])
def test_truncated_files_are_refused_wherever_they_end(
    tmp_path: Path, name: str, packed: bool
) -> None:
    if name.endswith("npz"):
        path = write_npz(tmp_path / name)
    else:
        write_idx(tmp_path, packed)
        path = tmp_path / (f"{name}.gz" if packed else name)
    content = path.read_bytes()
    for length in {0, 2, 3, 7, 11, 13, len(content) // 2, len(content) - 1}:
        if length >= len(content):
            continue
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="truncated") as caught:
            read_mnist(tmp_path, "test")
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"x_test": None},
            r"has no array 'x_test'; it has: x_train, y_train, y_test; copy",
        ),
        (
            {"x_test": None, "y_test": None},
            "no array 'x_test' and no 'y_test'; it has",
        ),
        ({"y_test": np.zeros(2)}, r"one for each of the 3 images, got shape \(2,\)"),
        ({"y_test": np.array([1, 2, 10])}, "digits from 0 to 9, got 10 for image 2"),
        ({"y_test": np.array([1, 0.5, 2])}, r"got 0\.5 for image 1; .* exchanged"),
        (
            {"x_test": np.zeros((3, 32, 32), np.uint8)},
            r"uint8 of shape \(n, 28, 28\), g",
        ),
        ({"x_test": np.zeros((3, 28, 28))}, r"got float64 of shape \(3, 28, 28\)"),
        (
            {"x_test": np.zeros((0, 28, 28), np.uint8)},
            r"got uint8 of shape \(0, 28, 28",
        ),
        ({"x_test": np.array([None])}, r"cannot be read as npz: Object arrays"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = write_npz(tmp_path / "mnist.npz", **changes)
    with pytest.raises(ValueError, match=message) as caught:
        read_mnist(path, "test")
    assert str(caught.value).startswith(str(path))


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    images, labels = (write_idx(tmp_path, packed=False) / n for n in NAMES["test"])
    whole = images.read_bytes()
    images.write_bytes(b"\x00\x00\x0d" + whole[3:])
    with pytest.raises(
        ValueError, match="begins with 00 00 0d 03, an idx file of bytes"
    ):
        read_mnist(tmp_path, "test")
    images.write_bytes(whole + b"\x00")
    with pytest.raises(ValueError, match=r"states 2352 bytes, .* but 2353 follow"):
        read_mnist(tmp_path, "test")
    images.write_bytes(labels.read_bytes())
    with pytest.raises(
        ValueError, match=r"images must be uint8 .* got uint8 of shape \(3,"
    ):
        read_mnist(tmp_path, "test")
    images.write_bytes(whole)
    labels.write_bytes(idx(np.zeros(4, np.uint8)))
    with pytest.raises(ValueError, match=r"labels-idx1.*each of the 3 .* shape \(4,\)"):
        read_mnist(tmp_path, "test")
    (tmp_path / "mnist.npz").write_bytes(whole)
    with pytest.raises(ValueError, match="not an archive, or it is truncated; copy"):
        read_mnist(tmp_path, "test")

"""Images and labels of MNIST from npz or idx files, plain or gz."""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.download import download
from deepsphere_pyg.datasets.files import PathLike, reading
from samplings.arguments import choice_argument, path_argument
from samplings.reading import numpy_arrays

MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
SPLITS = ("train", "test")
SIDE = 28
_GZIP = b"\x1f\x8b"

# Prefixes of the idx files of a split. Programs that unpack them write dots for hyphens
# or drop the extension, and Kaggle puts each into a folder of the same name.
_IDX = {"train": "train", "test": "t10k"}
_NAME = r"{0}[-_. ]{1}[-_. ]idx{2}([-_. ]ubyte)?(\.gz)?"
_ARRAYS = {"images": 3, "labels": 1}
_LAYOUT = (
    "pass mnist.npz (x_train, y_train, x_test, y_test) or its folder; or the folder, "
    "such as torchvision's MNIST/raw, of the idx files {0}-images-idx3-ubyte and "
    "{0}-labels-idx1-ubyte (or {0}-images.idx3-ubyte and {0}-labels.idx1-ubyte), "
    "plain or .gz, or of folders with their names; "
    "deepsphere_pyg.datasets.download_mnist(folder) fetches mnist.npz"
)
# Largest number of file names in a message.
_LISTED = 8


class Digits(NamedTuple):
    """Images of digits and their labels.

    Attributes
    ----------
    images
        Grey values 0 (paper) to 255 (ink), uint8, shape ``(image, 28, 28)``, first row
        on top.
    labels
        Digits, int64, shape ``(image,)``.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]


def download_mnist(root: PathLike) -> Path:
    """Fetch ``mnist.npz``, 11 MB, into a folder, unless it is there already.

    Returns
    -------
    Path
        The file, which :class:`SphericalMNIST` reads.

    Raises
    ------
    ConnectionError
        If it cannot be fetched; the message says from where and where to put it.
    ValueError
        If its checksum is not that of the published file.

    Notes
    -----
    Source: LeCun, Bottou, Bengio and Haffner 1998, Proceedings of the IEEE 86, 2278;
    the file is the one of Keras.
    """
    return download(
        MNIST_URL, path_argument("root", root) / "mnist.npz", sha256=MNIST_SHA256
    )


def read_mnist(root: PathLike, split: str) -> Digits:
    """Read the images and labels of one split of MNIST, or of data in the same format.

    Parameters
    ----------
    root
        ``mnist.npz``, its folder, the folder of idx files, or torchvision's root with
        them in ``MNIST/raw``.
    split
        ``"train"`` or ``"test"``.

    Raises
    ------
    FileNotFoundError
        If there are no such files; the message lists the expected ones.
    ValueError
        If a file is truncated or malformed, images are not 28 x 28 uint8, the numbers
        of images and labels differ, or a label is not a digit; the message names the
        file.
    """
    choice_argument("split", split, SPLITS)
    given = path_argument("root", root)
    layout = _LAYOUT.format(_IDX[split])
    if not given.exists():
        raise FileNotFoundError(f"{given} does not exist; {layout}")
    if given.is_file():
        return _read_npz(given, split)
    if (given / "mnist.npz").is_file():
        return _read_npz(given / "mnist.npz", split)
    for folder in (given, given / "MNIST" / "raw", given / "raw"):
        paths = {what: _idx_file(folder, split, what) for what in _ARRAYS}
        absent = [what for what, path in paths.items() if path is None]
        if len(absent) == 1:
            raise FileNotFoundError(
                f"{folder} has no {_IDX[split]}-{absent[0]}-idx{_ARRAYS[absent[0]]}"
                f"-ubyte (or .gz); it has: {_contents(folder)}; {layout}"
            )
        of_images, of_labels = paths.values()
        if of_images is not None and of_labels is not None:
            images, labels = _read_idx(of_images), _read_idx(of_labels)
            return _checked(images, labels, of_images, of_labels)
    raise FileNotFoundError(
        f"{given} holds no MNIST; it has: {_contents(given)}; {layout}"
    )


def _idx_file(folder: Path, split: str, what: str) -> Path | None:
    """Find an idx file in a folder or in a subfolder of its name, rather not as gz."""
    name = re.compile(_NAME.format(_IDX[split], what, _ARRAYS[what]), re.IGNORECASE)
    if not folder.is_dir():
        return None
    inside = [path for path in folder.iterdir() if name.fullmatch(path.name)]
    deeper = [path for each in inside if each.is_dir() for path in each.iterdir()]
    found = [
        path
        for path in (*inside, *deeper)
        if name.fullmatch(path.name) and path.is_file()
    ]
    found.sort(key=lambda path: (path.suffix.lower() == ".gz", str(path)))
    return found[0] if found else None


def _contents(folder: Path) -> str:
    """List the names in a folder, for messages."""
    names = sorted(path.name for path in folder.iterdir())
    more = f", ... ({len(names)} names)" if len(names) > _LISTED else ""
    return (", ".join(names[:_LISTED]) or "nothing") + more


def _read_npz(path: Path, split: str) -> Digits:
    names = (f"x_{split}", f"y_{split}")
    remedy = "copy it again, or " + _LAYOUT.format(_IDX[split])
    arrays = numpy_arrays(path, "npz", names, remedy)
    return _checked(arrays[names[0]], arrays[names[1]], path, path)


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read an array of bytes in the idx format: type, shape and values."""
    with reading(path, "idx"):
        data = path.read_bytes()
        # Browsers and other programs unpack or pack files without renaming them.
        if data[:2] == _GZIP:
            data = gzip.decompress(data)
        if len(data) < 4 or data[:3] != b"\x00\x00\x08":
            raise ValueError(
                f"it begins with {data[:4].hex(' ') or 'no byte'}, but an idx file of "
                "bytes begins with 00 00 08"
            )
        start = 4 * (1 + data[3])
        if len(data) < start:
            raise ValueError("it ends in its header")
        shape = tuple(np.frombuffer(data, ">u4", count=data[3], offset=4).tolist())
        wanted = math.prod(shape)
        if len(data) - start != wanted:
            raise ValueError(
                f"its header states {wanted} bytes, shape {shape}, but "
                f"{len(data) - start} follow"
            )
        return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _checked(
    images: npt.NDArray[Any], labels: npt.NDArray[Any], of_images: Path, of_labels: Path
) -> Digits:
    if images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8 or not len(images):
        raise ValueError(
            f"{of_images}: images must be uint8 of shape (n, {SIDE}, {SIDE}), got "
            f"{images.dtype} of shape {images.shape}; pass data in the format of MNIST"
        )
    if labels.shape != (len(images),):
        raise ValueError(
            f"{of_labels}: labels must be one for each of the {len(images)} images, "
            f"got shape {labels.shape}; images and labels are from different data"
        )
    wrong = ~np.isin(labels, np.arange(10))
    if wrong.any():
        raise ValueError(
            f"{of_labels}: labels must be digits from 0 to 9, got {labels[wrong][0]!s} "
            f"for image {wrong.argmax()}; images and labels may have been exchanged"
        )
    return Digits(images, labels.astype(np.int64))

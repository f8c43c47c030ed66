"""Files of tensors and plain values, with a checksum of their content."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from samplings.arguments import path_argument
from samplings.atomic_files import atomic_path
from samplings.reading import DataFileError, reading

# Key of the checksum, beside the keys of the content.
DIGEST = "deepsphere_pyg_digest"
#: Key of the description of a task, which trainings write.
TASK = "deepsphere_pyg_task"
_REMEDY = "it may be truncated or damaged: copy it again, or use another copy"


def write_checkpoint(content: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write tensors and plain values with their checksum, whole or not at all.

    Parameters
    ----------
    content
        Dictionaries, lists and tuples of tensors and plain values.
    path
        Where to write; a missing folder is made.

    Raises
    ------
    OSError
        If the file cannot be written, as on a full disk.
    """
    path = path_argument("path", path)
    digest = content_digest(content)
    # PyTorch's own writer hides the error of the system; Python's raises it.
    buffer = io.BytesIO()
    torch.save({**content, DIGEST: digest}, buffer)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def read_checkpoint(path: str | os.PathLike[str]) -> Any:
    """Read a file of :func:`write_checkpoint` or ``torch.save``, to the CPU.

    Only tensors and plain values are read, never code. Files without a checksum, from
    earlier versions or other programs, are checked by the checksums of the zip format,
    which PyTorch writes but does not compare.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or not a checkpoint.
    """
    path = path_argument("path", path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}; check the path")
    with reading(path, "a checkpoint", _REMEDY), path.open("rb") as file:
        try:
            content: Any = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:
            # PyTorch would advise to load it unsafely.
            raise ValueError(type(error).__name__) from error
        if not isinstance(content, dict) or DIGEST not in content:
            _check_members(path)
            return content
    kept = content.pop(DIGEST)
    if kept != content_digest(content):
        raise DataFileError(
            f"{path} is damaged: its checksum differs from that of its content; copy "
            "it again, or use another copy. If you changed it yourself, leave out its "
            f"key {DIGEST!r}"
        )
    return content


def content_digest(content: Any) -> str:
    """Checksum of nested dictionaries, lists and tuples of tensors and plain values.

    It covers keys, values and types, and the dtype, shape and bytes of each tensor on
    any device.

    Examples
    --------
    >>> content_digest({"a": torch.zeros(2)}) == content_digest({"a": torch.zeros(2)})
    True
    >>> content_digest({"a": torch.zeros(2)}) == content_digest({"b": torch.zeros(2)})
    False
    """
    digest = hashlib.sha256()
    _add(digest, content)
    return digest.hexdigest()


def _add(digest: Any, content: Any) -> None:
    """Add a value to a digest, after its type and length."""
    if isinstance(content, Tensor):
        shape = tuple(content.shape)
        digest.update(f"tensor {content.dtype} {shape};".encode())
        dense = content.int_repr() if content.is_quantized else content.to_dense()
        plain = dense.detach().cpu().resolve_conj().resolve_neg().contiguous().flatten()
        digest.update(plain.view(torch.uint8).numpy().data)
    elif isinstance(content, Mapping):
        digest.update(f"dict {len(content)};".encode())
        for key, value in content.items():
            _add(digest, key)
            _add(digest, value)
    elif isinstance(content, list | tuple):
        kind = "list" if isinstance(content, list) else "tuple"
        digest.update(f"{kind} {len(content)};".encode())
        for value in content:
            _add(digest, value)
    elif isinstance(content, str | bytes | int | float | complex | None):
        text = repr(content)
        digest.update(f"{type(content).__name__} {len(text)} {text};".encode())
    else:
        # Other objects count by their type alone.
        digest.update(f"{type(content).__name__};".encode())


def _check_members(path: Path) -> None:
    """Compare the checksums of the zip format, if the file is a zip file."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            # PyTorch reads zeros from a part that is marked as a folder.
            folders = [i.filename for i in archive.infolist() if i.external_attr & 0x10]
        if damaged is not None:
            raise ValueError(f"the checksum of its part {damaged} differs")
        if folders:
            raise ValueError(f"its part {folders[0]} is marked as a folder")

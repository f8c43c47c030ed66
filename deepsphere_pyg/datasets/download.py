"""Download of published files, whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError

from tqdm import tqdm

from deepsphere_pyg.datasets.files import PathLike
from samplings.atomic_files import atomic_path

_BLOCK = 1 << 16
_TIMEOUT = 30.0  # seconds without a byte


def download(
    url: str,
    path: PathLike,
    *,
    sha256: str | None = None,
    check: Callable[[Path], object] | None = None,
) -> Path:
    """Fetch a file to ``path``, unless it exists.

    Parameters
    ----------
    url
        Address of the file.
    path
        Destination; its folder is created.
    sha256
        Checksum of the file, if known.
    check
        Called with the path of the fetched file before it is moved to ``path``; it
        raises an error if the file is wrong.

    Raises
    ------
    ConnectionError
        If it cannot be fetched, or arrives in part.
    ValueError
        If its checksum differs; also the errors of ``check``.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> source = Path(folder.name) / "source.txt"
    >>> _ = source.write_text("published")
    >>> download(source.as_uri(), Path(folder.name) / "copy.txt").read_text()
    'published'
    >>> folder.cleanup()
    """
    target = Path(path)
    if target.exists():
        return target
    with atomic_path(target) as temporary:
        digest = _fetch(url, temporary, target)
        if sha256 is not None and digest != sha256:
            raise ValueError(
                f"{url} differs from the published file: SHA-256 is {digest}, expected "
                f"{sha256}; it was not kept. Try again, or fetch it "
                f"yourself and put it at {target}"
            )
        if check is not None:
            check(temporary)
    return target


def _fetch(url: str, temporary: Path, target: Path) -> str:
    """Write the content of ``url`` to a file, and return its checksum."""
    digest, size = hashlib.sha256(), 0
    try:
        with (
            urllib.request.urlopen(url, timeout=_TIMEOUT) as answer,
            temporary.open("wb") as file,
        ):
            length = answer.headers.get("Content-Length")
            total = int(length) if length else None
            with tqdm(
                total=total, desc=target.name, unit="B", unit_scale=True, disable=None
            ) as bar:
                while block := answer.read(_BLOCK):
                    file.write(block)
                    digest.update(block)
                    size += len(block)
                    bar.update(len(block))
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise ConnectionError(
            f"{url} cannot be fetched: {error}; check the connection, or fetch it with "
            f"a browser and put it at {target}"
        ) from error
    if total is not None and size != total:
        raise ConnectionError(
            f"{url} arrived in part: {size} of {total} bytes; it was not kept. Try "
            f"again, or fetch it yourself and put it at {target}"
        )
    return digest.hexdigest()

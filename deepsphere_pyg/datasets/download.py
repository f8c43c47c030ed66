"""Download of published files, whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import pooch

from deepsphere_pyg.datasets.files import PathLike
from samplings.atomic_files import atomic_path
from samplings.disk_cache import cache_folder

_TIMEOUT = 30.0  # seconds without a byte
# Characters of the checksum in the names of files in the cache.
_SHORT = 8


def download(
    url: str,
    path: PathLike | None = None,
    *,
    sha256: str | None = None,
    check: Callable[[Path], object] | None = None,
) -> Path:
    """Fetch a file, unless it exists.

    Parameters
    ----------
    url
        Address of the file: ``https``, ``http``, ``ftp`` or ``file``.
    path
        Destination; its folder is created. By default a file of the same name in the
        folder ``downloads`` of :func:`samplings.cache_folder`.
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
        If its checksum differs, or there is no cache and no path; also the errors of
        ``check``.

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
    target = _cached(url, sha256) if path is None else Path(path)
    if target.exists():
        return target
    with atomic_path(target) as temporary:
        _fetch(url, temporary, target)
        digest = pooch.file_hash(str(temporary), alg="sha256")
        if sha256 is not None and digest != sha256:
            raise ValueError(
                f"{url} differs from the published file: SHA-256 is {digest}, expected "
                f"{sha256}; it was not kept. Try again, or fetch it "
                f"yourself and put it at {target}"
            )
        if check is not None:
            check(temporary)
    return target


def _cached(url: str, sha256: str | None) -> Path:
    """Return the place of a file in the cache; names differ by checksum or address."""
    folder = cache_folder()
    if folder is None:
        raise ValueError(
            f"there is no cache to keep {url} in; pass a path, or choose a folder by "
            "samplings.use_cache"
        )
    kind = sha256 or hashlib.sha256(url.encode()).hexdigest()
    return folder / "downloads" / f"{kind[:_SHORT]}-{Path(urlparse(url).path).name}"


def _fetch(url: str, temporary: Path, target: Path) -> None:
    """Write the content of ``url`` to a file."""
    try:
        if urlparse(url).scheme == "file":
            shutil.copyfile(url2pathname(unquote(urlparse(url).path)), temporary)
            return
        fetcher = pooch.core.choose_downloader(url, progressbar=sys.stderr.isatty())
        if hasattr(fetcher, "kwargs"):
            fetcher.kwargs["timeout"] = _TIMEOUT
        fetcher(url, str(temporary), None)
    # The errors of requests and of its connections are among these.
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, OSError) and error.filename == str(temporary):
            raise
        raise ConnectionError(
            f"{url} cannot be fetched: {error}; check the connection, or fetch it with "
            f"a browser and put it at {target}"
        ) from error

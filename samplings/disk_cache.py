"""Results of long computations that are kept on disk between runs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from samplings.arguments import integer_argument, path_argument

T = TypeVar("T")

#: Environment variable that names the folder.
VARIABLE = "DEEPSPHERE_PYG_CACHE"
_OFF = ("", "off")
_SIZE = 1 << 30


@dataclass(frozen=True)
class _Choice:
    """Folder that a program has chosen, None for no cache, and its limit in bytes."""

    folder: Path | None
    size: int


_chosen: _Choice | None = None
# Folders of which a warning has been given that they cannot be written to.
_unwritable: set[Path] = set()


def cache_folder() -> Path | None:
    """Return the folder where results are kept between runs, or None for no cache.

    That is the one of :func:`use_cache`; else that of the environment variable
    ``DEEPSPHERE_PYG_CACHE``, where an empty text or ``off`` turns the cache off; else
    ``deepsphere-pyg`` in ``XDG_CACHE_HOME``, or in ``~/.cache`` if that is unset, empty
    or not absolute (XDG Base Directory Specification 0.8). The folder need not exist,
    and it may be deleted at any time, which clears the cache.

    Examples
    --------
    >>> with use_cache("tables"):
    ...     cache_folder().as_posix()
    'tables'
    """
    if _chosen is not None:
        return _chosen.folder
    named = os.environ.get(VARIABLE)
    if named is not None:
        return _named(named)
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        base = Path(os.path.expanduser("~"), ".cache")
    # A user without a home folder has no cache.
    return base / "deepsphere-pyg" if base.is_absolute() else None


def use_cache(
    folder: str | os.PathLike[str] | None, *, size: int = _SIZE
) -> AbstractContextManager[object]:
    """Choose the folder where results are kept between runs, or turn the cache off.

    The choice takes precedence over the environment variable
    ``DEEPSPHERE_PYG_CACHE``. It holds from this call on, in this process; as a context
    manager, until its end.

    Fitted edge weights of at least 1024 vertices are kept, and read again wherever the
    same fit is asked for, with the same values to the last bit. Large sets of
    Clebsch-Gordan coefficients are kept on request, and deepsphere_pyg keeps which
    kernels are the fastest on the processor at hand. Files are written whole or not at
    all and have checksums, so that processes may share the folder. It may be deleted at
    any time.

    Parameters
    ----------
    folder
        Where to keep results; None, an empty text or ``"off"`` for no cache.
    size
        Most bytes that fits take. Those that were used least recently are removed when
        another one is written; a fit that alone takes more is not kept.

    Returns
    -------
    context manager
        Restores the choice before this one at its end.

    Raises
    ------
    TypeError, ValueError
        If ``folder`` is not a path, or ``size`` not a positive integer.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> with use_cache(None):
    ...     graph = knn_graph(HEALPix(4), k=8)  # computed in any case
    """
    global _chosen
    if folder is not None:
        path_argument("folder", folder)
    chosen = _Choice(
        None if folder is None else _named(os.fspath(folder)),
        integer_argument("size", size, 1),
    )
    before, _chosen = _chosen, chosen
    stack = ExitStack()
    stack.callback(_restore, before)
    return stack


def size_limit() -> int:
    """Return the most bytes that fits may take."""
    return _SIZE if _chosen is None else _chosen.size


def read_or_compute(
    path: Path,
    results: str,
    read: Callable[[Path], T],
    compute: Callable[[], T],
    write: Callable[[Path, T], None],
    *,
    required: bool = False,
) -> T:
    """Read results from a file, or compute them and write the file.

    Parameters
    ----------
    path
        The file.
    results
        Plural noun for its content, for warnings.
    read, write
        Functions that read and write the file. ``read`` may raise any error on damaged
        files.
    compute
        Function that computes the results.
    required
        Whether a file that cannot be written is an error.

    Raises
    ------
    OSError
        If the file is required and cannot be written.

    Warns
    -----
    RuntimeWarning
        If the file is damaged and therefore replaced; once for each folder, if it
        cannot be written to.
    """
    # False for folders that may not be entered, of which the writer tells.
    if os.path.exists(path):
        try:
            return read(path)
        except FileNotFoundError:
            pass  # removed by another process
        # Damaged files raise errors of many types. The results can be computed again.
        except Exception as error:
            warnings.warn(
                f"{path} cannot be read ({type(error).__name__}: {error}); its "
                f"{results} are computed and the file replaced",
                RuntimeWarning,
                stacklevel=3,
            )
    computed = compute()
    try:
        write(path, computed)
    except OSError as error:
        if required:
            raise
        if path.parent not in _unwritable:
            _unwritable.add(path.parent)
            warnings.warn(
                f"{results} cannot be kept in {path.parent} ({error}); set {VARIABLE} "
                "to a folder that can be written to, or to off",
                RuntimeWarning,
                stacklevel=3,
            )
    return computed


def trim(folder: Path, pattern: str, size: int) -> None:
    """Remove files that were used least recently until the rest takes ``size`` bytes.

    A file was used when it was last written or :func:`touched <touch>`. Files that may
    not be removed stay.
    """
    files = []
    for path in folder.glob(pattern):
        with suppress(OSError):  # removed by another process
            status = path.stat()
            files.append((status.st_mtime_ns, status.st_size, path))
    total = sum(taken for _, taken, _ in files)
    for _, taken, path in sorted(files):
        if total <= size:
            break
        with suppress(OSError):
            path.unlink(missing_ok=True)
            total -= taken


def touch(path: Path) -> None:
    """Mark a file as used now, if it may be marked."""
    with suppress(OSError):
        os.utime(path)


def _named(folder: str) -> Path | None:
    """Return the folder of a name, or None for the names that mean no cache."""
    return None if folder.lower() in _OFF else Path(os.path.expanduser(folder))


def _restore(before: _Choice | None) -> None:
    global _chosen
    _chosen = before

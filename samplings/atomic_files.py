"""Files that are written whole or not at all.

Temporary files of a killed process are removed by the next one that writes there.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# Characters of a file's name that its temporary name repeats: names may have 255 bytes,
# and a character takes up to four.
_STEM = 40
# Names of temporary files end with machine, process, its start, and mkstemp's suffix.
_TEMPORARY = re.compile(
    r"\..*-(?P<machine>[0-9a-f]{12})-(?P<pid>\d+)-(?P<start>\d+)-\w{8}(\..*)?",
    re.DOTALL,
)
_DAY = 86_400.0  # seconds


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it on success.

    An error or an interrupt inside the block removes the temporary file and leaves an
    existing file at ``path`` unchanged. Temporary files of killed processes are removed
    when a process first writes to the folder: see :func:`remove_abandoned`. A missing
    folder is created.

    Raises
    ------
    OSError
        If ``path`` cannot be written; the error names it.

    Yields
    ------
    Path
        Where to write. It has the extension of ``path``, by which writers choose a
        format.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> with atomic_path(Path(folder.name) / "scores.txt") as temporary:
    ...     _ = temporary.write_text("1")
    >>> [p.name for p in Path(folder.name).iterdir()]
    ['scores.txt']
    >>> folder.cleanup()
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(
            f"{target} is a folder, not a file to write to; choose another path, or "
            "move it away"
        )
    make_folder(target.parent)
    _remove_abandoned_once(target.parent.absolute(), os.getpid())
    handle, name = tempfile.mkstemp(
        prefix=f".{target.stem[:_STEM]}-{_writer()}-",
        suffix=target.suffix,
        dir=target.parent,
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp creates files that only their owner can read; set the usual mode.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, target)
    except OSError as error:
        # Errors of a full disk lack the name of the file.
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(target)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary folder beside ``path`` that replaces it on success.

    As :func:`atomic_path`, for folders such as Zarr stores. An existing file or folder
    at ``path`` is removed once the new one is complete.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> with atomic_folder(Path(folder.name) / "store") as temporary:
    ...     _ = (temporary / "part").write_text("1")
    >>> [p.name for p in Path(folder.name).iterdir()]
    ['store']
    >>> folder.cleanup()
    """
    target = Path(path)
    make_folder(target.parent)
    _remove_abandoned_once(target.parent.absolute(), os.getpid())
    prefix = f".{target.stem[:_STEM]}-{_writer()}-"
    name = tempfile.mkdtemp(prefix=prefix, suffix=target.suffix, dir=target.parent)
    temporary = Path(name)
    aside: Path | None = None
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o777 & ~mask)
        if target.is_dir():
            # A folder is only replaced by another one if it is empty.
            aside = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent)) / "old"
            os.replace(target, aside)
        try:
            os.replace(temporary, target)
        except OSError:
            if aside is not None:
                os.replace(aside, target)
            raise
    finally:
        for rest in (temporary, None if aside is None else aside.parent):
            if rest is not None:
                shutil.rmtree(rest, ignore_errors=True)


def make_folder(path: str | os.PathLike[str]) -> None:
    """Create a folder and its parents if they are missing.

    Raises
    ------
    OSError
        If a file is in the way, or permission is missing.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(
            f"{path} cannot be a folder: a file is in its way; choose another place"
        ) from error


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write ``content`` as indented JSON, whole or not at all; NaN is refused."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_rows(path: str | os.PathLike[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write dictionaries of the same keys as a CSV file, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def remove_abandoned(folder: str | os.PathLike[str]) -> list[Path]:
    """Remove abandoned files of :func:`atomic_path` and folders, and return them.

    A file of this machine is abandoned if its process has ended; one of another
    machine, whose processes cannot be seen, if it has not changed for a day. A process
    is identified by its number and start, a machine by its name, its start and the
    namespace of process numbers (each container has its own). Other subfolders are left
    alone, and so are files that may not be deleted.
    """
    now: float | None = None
    removed = []
    for path in sorted(Path(folder).iterdir()):
        name = _TEMPORARY.fullmatch(path.name)
        if name is None:
            continue
        with suppress(OSError):
            if name["machine"] == _machine():
                abandoned = _started(int(name["pid"])) != name["start"]
            else:
                # The disk may be that of a server, with its own clock.
                now = _clock(folder) if now is None else now
                abandoned = now - path.stat().st_mtime > _DAY
            if abandoned:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed.append(path)
    return removed


@functools.cache
def _remove_abandoned_once(folder: Path, pid: int) -> None:
    """Remove abandoned files of a folder, once in each process."""
    with suppress(OSError):
        remove_abandoned(folder)


def _writer() -> str:
    """Return an identifier of this machine, this process and its start."""
    pid = os.getpid()
    return f"{_machine()}-{pid}-{_started(pid) or 0}"


@functools.cache
def _machine() -> str:
    """Return an identifier of this machine, its start, and its process namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        space = os.readlink("/proc/self/ns/pid")
    except OSError:  # not Linux: use the network card
        boot, space = str(uuid.getnode()), ""
    known = "\n".join((socket.gethostname(), boot, space))
    return hashlib.sha256(known.encode()).hexdigest()[:12]


def _started(pid: int) -> str | None:
    """Return the start of a process, ``"0"`` if unknown, None if it has ended."""
    try:
        # The name may contain anything; after it come the state, ..., start (the 20th).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
    else:
        return None if fields[0] in "ZX" else fields[19]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass  # a process of another user
    return "0"


def _clock(folder: str | os.PathLike[str]) -> float:
    """Return the time of the disk of a folder."""
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime

"""Files that are there whole or not at all.

What a killed process leaves behind, the next one that writes to the folder removes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import socket
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# Longest part of a file's name that its temporary one begins with: names may have 255
# bytes, and characters take up to four.
_STEM = 40
# Temporary files end with who writes them: machine, process, when it started; and what
# mkstemp adds.
_TEMPORARY = re.compile(
    r"\..*-(?P<machine>[0-9a-f]{12})-(?P<pid>\d+)-(?P<start>\d+)-\w{8}(\..*)?",
    re.DOTALL,
)
# Whether the process of another machine lives cannot be told, but nobody writes a file
# that has not changed for a day.
_DAY = 86_400.0  # seconds


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place on success.

    An error or an interrupt inside the block removes the temporary file and leaves a
    file already at ``path`` as it was. What killed processes left in its folder is
    removed when a process first writes there: see :func:`remove_abandoned`.

    Parameters
    ----------
    path
        Where the file is to be. Its folder is made where it is missing.

    Raises
    ------
    OSError
        If it cannot be written, naming ``path``.

    Yields
    ------
    Path
        Where to write; it keeps the ending of ``path``, by which writers choose a
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
            f"{target} is a folder, a file is to be written there; choose another "
            "place, or move it away"
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
        # mkstemp makes files that only their owner reads; give them the usual mode.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, target)
    except OSError as error:
        # A full disk is told of without the name of what was being written.
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(target)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(path: str | os.PathLike[str]) -> None:
    """Make a folder and its parents where they are missing.

    Raises
    ------
    OSError
        If a file is in the way, or it may not be made.
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


def remove_abandoned(folder: str | os.PathLike[str]) -> list[Path]:
    """Remove the temporary files of :func:`atomic_path` that nobody writes any more.

    These are those of processes of this machine that have ended, and of others, whose
    processes cannot be seen, if they have not changed for a day. A process that has the
    number of an ended one is told apart by when it started, and a machine by its name,
    when it was started, and the space of process numbers (each container has its own).

    Parameters
    ----------
    folder
        Where to look; not in folders inside it.

    Returns
    -------
    list of Path
        What was removed. Files that may not be removed stay.
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
                # By the clock of the disk, which may be that of a server.
                now = _clock(folder) if now is None else now
                abandoned = now - path.stat().st_mtime > _DAY
            if abandoned:
                path.unlink()
                removed.append(path)
    return removed


@functools.cache
def _remove_abandoned_once(folder: Path, pid: int) -> None:
    """Remove what is abandoned in a folder, once in each process."""
    with suppress(OSError):
        remove_abandoned(folder)


def _writer() -> str:
    """Who writes a file: this machine, this process and when it started."""
    pid = os.getpid()
    return f"{_machine()}-{pid}-{_started(pid) or 0}"


@functools.cache
def _machine() -> str:
    """Tell apart machines, their starts, and the spaces of process numbers on them."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        space = os.readlink("/proc/self/ns/pid")
    except OSError:  # no Linux: by the network card
        boot, space = str(uuid.getnode()), ""
    known = "\n".join((socket.gethostname(), boot, space))
    return hashlib.sha256(known.encode()).hexdigest()[:12]


def _started(pid: int) -> str | None:
    """When a process of this machine started, ``"0"`` if unknown; None if it ended."""
    try:
        # After the name, which may hold anything: state, ..., start (the 20th).
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
        pass  # it is of another user
    return "0"


def _clock(folder: str | os.PathLike[str]) -> float:
    """Time of the disk that a folder is on."""
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime

"""First opening of NetCDF and HDF5 files in a separate process.

The C libraries that read them trust the sizes in a file: some damaged files end the
process that opens them, or hang it.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

from deepsphere_pyg.datasets.netcdf.classic_netcdf import CLASSIC, check_classic
from samplings.reading import DataFileError, reading

#: Environment variable: longest time to open a file, in seconds; 0 skips the check.
SECONDS_VARIABLE = "DEEPSPHERE_PYG_SECONDS_TO_OPEN"
_SECONDS = 60.0
_SCRIPT = Path(__file__).with_name("opening_process.py")
_READY = "ready\n"  # first line of the process
# Signature of HDF5: at the start of a file, or after 512 bytes times a power of two.
_HDF5 = b"\x89HDF\r\n\x1a\n"
_HDF5_PLACES = (0, *(512 << power for power in range(8)))


def check_opening(path: str | os.PathLike[str], library: str) -> None:
    """Refuse a file of NetCDF or HDF5 that would end or hang this process.

    A separate process opens it with the ``library`` that will read it (``"netCDF4"`` or
    ``"h5py"``) and reads its structure, attributes and coordinates, and the ends of its
    larger variables. Python errors are left to the next opening. The process is started
    once (some 0.3 s) and takes milliseconds per file; a file is opened there again only
    if its size or modification time changes. NetCDF files of the classic formats are
    checked here instead, by their header and length; other formats are not checked.

    Raises
    ------
    ValueError
        If the process ended or took too long: 60 s, or the seconds of the environment
        variable ``DEEPSPHERE_PYG_SECONDS_TO_OPEN`` (0 skips all checks); or if a
        classic file is damaged.

    Warns
    -----
    RuntimeWarning
        If no process can be started, so that the file is opened unchecked.
    """
    seconds = _seconds()
    file = Path(path)
    if seconds == 0 or not file.is_file():
        return
    with file.open("rb") as stream:
        begin = stream.read(len(_HDF5))
        is_hdf5 = any(_begins_hdf5(stream, place) for place in _HDF5_PLACES)
    if begin[:4] in CLASSIC:
        with reading(file, "NetCDF"):
            check_classic(file)
    elif is_hdf5:
        status = file.stat()
        key = (str(file.absolute()), library, status.st_size, status.st_mtime_ns)
        _process.check(file, key, seconds)


def _seconds() -> float:
    given = os.environ.get(SECONDS_VARIABLE, "")
    try:
        seconds = float(given) if given else _SECONDS
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(
            f"{SECONDS_VARIABLE} must be a number of seconds, or 0 to skip the check, "
            f"got {given!r}"
        )
    return seconds


def _begins_hdf5(stream: BinaryIO, place: int) -> bool:
    stream.seek(place)
    return stream.read(len(_HDF5)) == _HDF5


class _OpeningProcess:
    """The process that opens files first, started on demand."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._opened: set[tuple[str, str, int, int]] = set()
        self._missing = False

    def check(self, path: Path, key: tuple[str, str, int, int], seconds: float) -> None:
        """Let the process open a file, unless it has done so already."""
        request = {"path": key[0], "library": key[1], "seconds": seconds}
        with self._lock:
            if key in self._opened or self._missing:
                return
            # Something else may have ended the process once; only the file does twice.
            for _ in range(2):
                try:
                    self._ask(json.dumps(request) + "\n")
                    break
                except _EndedError as error:
                    ended = error
                    if error.status == -signal.SIGALRM:
                        raise DataFileError(
                            f"{path} could not be opened within {seconds:g} s: it may "
                            "be damaged, copy it again; if its disk is slow, set the "
                            f"environment variable {SECONDS_VARIABLE} to more seconds"
                        ) from None
                except (OSError, ImportError) as error:
                    self._missing = True
                    warnings.warn(
                        f"no process can open files first ({error}): a damaged one may "
                        "end or hang this one",
                        RuntimeWarning,
                        stacklevel=4,
                    )
                    return
            else:
                raise DataFileError(
                    f"{path} is damaged: opening it ends a process ({ended}); copy it "
                    "again"
                )
            self._opened.add(key)

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            with child:
                child.kill()

    def _ask(self, request: str) -> None:
        """Let the process open a file.

        It raises ``_EndedError`` if that ends the process, ``OSError`` if the process
        cannot be started, and ``ImportError`` if it lacks the library.
        """
        if self._child is None:
            self._child = _started()
        given, told = _pipes(self._child)
        line = ""
        with suppress(BrokenPipeError):
            given.write(request)
            given.flush()
            line = told.readline()
        if not line:
            status = self._child.wait()
            self.close()
            raise _EndedError(status)
        missing = json.loads(line)
        if missing is not None:
            raise ImportError(missing)


class _EndedError(Exception):
    """The process ended."""

    def __init__(self, status: int) -> None:
        self.status = status
        how = f"status {status}" if status >= 0 else signal.Signals(-status).name
        super().__init__(how)


def _started() -> subprocess.Popen[str]:
    """Start the process, or raise ``OSError``."""
    if not sys.executable:
        raise OSError("the interpreter is part of another program")
    # The process finds modules where this one does, and not beside the script.
    where = os.pathsep.join(folder for folder in sys.path if folder)
    child = subprocess.Popen(
        [sys.executable, "-P", str(_SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": where},
    )
    if _pipes(child)[1].readline() != _READY:
        with child:
            child.kill()
        raise OSError(f"{sys.executable} does not run")
    return child


def _pipes(child: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    """Return the input and output of a process."""
    given, told = child.stdin, child.stdout
    if given is None or told is None:
        raise OSError("a process without pipes")
    return given, told


_process = _OpeningProcess()
# Processes of the parents of this process, which end them.
_of_parents: list[_OpeningProcess] = []


def _start_anew() -> None:
    """Reset the process after a fork, as in a worker of a DataLoader."""
    global _process
    _of_parents.append(_process)
    _process = _OpeningProcess()


os.register_at_fork(after_in_child=_start_anew)


@atexit.register
def _end() -> None:
    _process.close()

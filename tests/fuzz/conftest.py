"""Damage to files: what disks, networks and people do to them, from a seed."""

from __future__ import annotations

import contextlib
import faulthandler
import gzip
import resource
import shutil
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepsphere_pyg.datasets.netcdf.first_opening import SECONDS_VARIABLE
from samplings.reading import DataFileError

# A case that takes longer hangs: the process ends with a traceback of where.
SECONDS = 120
# Sizes that a damaged header states are refused, not allocated.
MEMORY = 24 << 30


def _bits(data: bytearray, rng: np.random.Generator) -> bytes:
    for _ in range(int(rng.integers(1, 9))):
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    return data


def _bytes(data: bytearray, rng: np.random.Generator) -> bytes:
    for _ in range(int(rng.integers(1, 9))):
        data[rng.integers(len(data))] = rng.integers(256)
    return data


def _truncated(data: bytearray, rng: np.random.Generator) -> bytes:
    return data[: rng.integers(len(data))]


def _part(data: bytearray, rng: np.random.Generator) -> slice:
    start = int(rng.integers(len(data)))
    return slice(start, start + int(rng.integers(1, 1 + len(data) // 4)))


def _zeroed(data: bytearray, rng: np.random.Generator) -> bytes:
    part = _part(data, rng)
    data[part] = bytes(len(data[part]))
    return data


def _duplicated(data: bytearray, rng: np.random.Generator) -> bytes:
    part = _part(data, rng)
    return data[: part.stop] + data[part] + data[part.stop :]


def _removed(data: bytearray, rng: np.random.Generator) -> bytes:
    part = _part(data, rng)
    return data[: part.start] + data[part.stop :]


def _swapped(data: bytearray, rng: np.random.Generator) -> bytes:
    a, b, c = sorted(int(x) for x in rng.integers(len(data) + 1, size=3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def _extended(data: bytearray, rng: np.random.Generator) -> bytes:
    return data + rng.bytes(int(rng.integers(1, 1000)))


def _extreme(data: bytearray, rng: np.random.Generator) -> bytes:
    """Set a number, such as a size, to the largest or the like, in either order."""
    width = int(rng.choice([1, 2, 4, 8]))
    top = 1 << 8 * width
    values = [top - 1, top // 2 - 1, top // 2, top // 16, 0, 1]
    place = int(rng.integers(len(data)))
    order = "little" if rng.integers(2) else "big"
    value = values[rng.integers(len(values))]
    data[place : place + width] = value.to_bytes(width, order)
    return data


def _of_the_head(data: bytearray, rng: np.random.Generator) -> bytes:
    """Damage where most formats tell of names and sizes."""
    n = min(len(data), 512)
    damage = _HEAD[rng.integers(len(_HEAD))]
    return damage(data[:n], rng) + data[n:]


_HEAD = (_bits, _bytes, _extreme, _zeroed, _removed)
_DAMAGE = (
    *(_bits, _bytes, _truncated, _zeroed, _duplicated, _removed, _swapped, _extended),
    *(_extreme, _of_the_head, _of_the_head, _bits),
)
# Another file under the name.
_OTHERS = (
    b"",
    b"\x00",
    bytes(5000),
    "a text, é, of somebody else\n".encode() * 50,
    b"<!DOCTYPE html><html><body>404 not found</body></html>",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
    gzip.compress(b"something else"),
    gzip.compress(bytes(1 << 24)),
    b"PK\x05\x06" + bytes(18),
    b"PK\x03\x04" + bytes(200),
    b"\x89HDF\r\n\x1a\n" + bytes(2000),
    b"CDF\x01" + bytes(100),
    b"CDF\x02" + b"\x7f" * 100,
    b"\x93NUMPY\x01\x00\x76\x00" + b"{" * 200,
    b"\x80\x02cos\nsystem\nq\x00.",
    b"\x89PNG\r\n\x1a\n" + bytes(100),
    bytes(range(256)) * 8,
)
_N_SPECIAL = len(_OTHERS) + 2


def put_damaged(path: Path, sound: bytes, case: int) -> None:
    """Put a damaged file at a path: case 0, 1, ... of one sequence."""
    if case == 0:
        path.mkdir()
        return
    if case == 1:
        path.write_bytes(np.random.default_rng(0).bytes(len(sound)))
    elif case < _N_SPECIAL:
        path.write_bytes(_OTHERS[case - 2])
    else:
        rng = np.random.default_rng([20, case])
        damage = _DAMAGE[case % len(_DAMAGE)]
        path.write_bytes(damage(bytearray(sound), rng))


@pytest.fixture
def figures() -> Iterator[dict[str, int]]:
    """How many cases were told and how many were right, printed at the end."""
    counts = {"told": 0, "right": 0}
    yield counts
    print(f"\n{counts['told']} told, {counts['right']} right")


@pytest.fixture
def fuzz(
    tmp_path: Path, figures: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Damage a file in so many ways; each is told, naming the file, or harmless.

    It takes three functions and the cases: one writes a sound file into a
    folder and returns its path (a folder stands for one of the files in it); one reads
    it; and one says whether what was read is right, given what the sound file holds.
    """

    # Some two damaged HDF5 files of a thousand hang the library.
    monkeypatch.setenv(SECONDS_VARIABLE, "10")

    def run(
        write: Callable[[Path], Path],
        read: Callable[[Path], Any],
        right: Callable[[Any, Any], bool],
        cases: Iterable[int],
    ) -> None:
        folder = tmp_path / "sound"
        folder.mkdir()
        path = write(folder)
        with _guarded():
            expected = read(path)
        assert right(expected, expected)
        for case in cases:
            place = tmp_path / f"case-{case}"
            target = _damaged_copy(path, place, case)
            before = _files(place)
            result = _read(read, place / path.name, target, case)
            figures["told" if result is _TOLD else "right"] += 1
            assert result is _TOLD or right(result, expected), case
            assert _files(place) - before == set(), case
            shutil.rmtree(place)

    return run


_TOLD = object()
_KNOWN = (ValueError, DataFileError, OSError, FileNotFoundError, IsADirectoryError)


def _damaged_copy(sound: Path, folder: Path, case: int) -> Path:
    """Copy a sound file and what lies beside it, damage it, and return what was."""
    shutil.copytree(sound.parent, folder)
    target = folder / sound.name
    if target.is_dir():
        parts = sorted(part for part in target.rglob("*") if part.is_file())
        target = parts[np.random.default_rng([21, case]).integers(len(parts))]
    content = target.read_bytes()
    target.unlink()
    put_damaged(target, content, case)
    return target


def _read(read: Callable[[Path], Any], path: Path, target: Path, case: int) -> Any:
    """What was read, or that the damage was told."""
    try:
        with _guarded():
            return read(path)
    except (ValueError, OSError) as error:
        # Where files are found by their names, a folder is not one of them.
        names = {target.name, path.name, *([path.parent.name] if case == 0 else [])}
        assert any(name in str(error) for name in names), (case, str(error))
        # Classes of libraries, such as UnicodeDecodeError, are not for users.
        assert type(error) in _KNOWN, (case, type(error))
        return _TOLD


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """Limit time and memory; warnings are no errors, as for users."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, limits[1]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        faulthandler.cancel_dump_traceback_later()

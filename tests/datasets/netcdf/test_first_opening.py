"""A file that ends or hangs who opens it does so to another process, and is told."""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import xarray

from deepsphere_pyg.datasets import XarrayFields
from deepsphere_pyg.datasets.netcdf import first_opening
from deepsphere_pyg.datasets.netcdf.first_opening import SECONDS_VARIABLE, check_opening
from samplings import HEALPix

GRID = {"lat": [-60.0, 0.0, 60.0], "lon": [0.0, 90.0, 180.0, 270.0]}


@pytest.fixture
def path(tmp_path):
    file = xarray.Dataset({"t": (("time", "lat", "lon"), np.ones((2, 3, 4)))}, GRID)
    file.to_netcdf(tmp_path / "maps.nc", engine="netcdf4")
    return tmp_path / "maps.nc"


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Replace what happens to a file in the other process; a fresh process."""
    process = first_opening._OpeningProcess()
    monkeypatch.setattr(first_opening, "_process", process)

    def replace(action):
        source = first_opening._SCRIPT.read_text()
        begin, end = source.split("        _LIBRARIES[", 1)
        changed = tmp_path / "process.py"
        changed.write_text(f"{begin}        {action}\n        _LIBRARIES[{end}")
        monkeypatch.setattr(first_opening, "_SCRIPT", changed)

    yield replace
    process.close()


def test_a_sound_file_is_opened_once(path, monkeypatch):
    process = first_opening._OpeningProcess()
    monkeypatch.setattr(first_opening, "_process", process)
    check_opening(path, "netCDF4")
    child = process._child
    for library in ("netCDF4", "h5py"):
        check_opening(path, library)
    assert process._child is child and len(process._opened) == 2
    os.utime(path, (0, 0))
    check_opening(path, "netCDF4")
    assert process._child is child and len(process._opened) == 3
    process.close()
    assert child.returncode is not None


@pytest.mark.parametrize("ending", ["SIGSEGV", "SIGABRT", "SIGBUS"])
def test_what_ends_the_other_process_is_told(path, script, ending):
    script(f"import os; os.kill(os.getpid(), signal.{ending})")
    message = rf"maps\.nc is damaged: opening it ends a process \({ending}\); copy it"
    with pytest.raises(ValueError, match=message):
        check_opening(path, "netCDF4")
    with pytest.raises(ValueError, match=message):
        XarrayFields(path, variables=["t"], sampling=HEALPix(1), class_names=["a"])


def test_what_ended_the_process_once_is_not_the_file(path, tmp_path, script):
    flag = str(tmp_path / "flag")
    script(
        f"import os; os.path.exists({flag!r}) or (open({flag!r}, 'x').close(), "
        "os.kill(os.getpid(), 9))"
    )
    check_opening(path, "netCDF4")


def test_what_hangs_the_other_process_is_told_in_time(path, script, monkeypatch):
    # In compiled code, where Python handles no signal.
    script("import ctypes; ctypes.PyDLL(None).sleep(600)")
    monkeypatch.setenv(SECONDS_VARIABLE, "0.5")
    started = time.perf_counter()
    with pytest.raises(ValueError, match=r"maps\.nc could not be opened within 0.5 s"):
        check_opening(path, "netCDF4")
    with pytest.raises(ValueError, match="set the environment variable DEEPSPHERE_P"):
        check_opening(path, "netCDF4")
    assert time.perf_counter() - started < 60
    monkeypatch.setenv(SECONDS_VARIABLE, "0")
    check_opening(path, "netCDF4")


@pytest.mark.parametrize("seconds", ["soon", "-1", "nan", "inf"])
def test_a_time_that_is_no_number_is_refused(path, monkeypatch, seconds):
    monkeypatch.setenv(SECONDS_VARIABLE, seconds)
    with pytest.raises(ValueError, match=f"0 to skip the check, got '{seconds}'"):
        check_opening(path, "netCDF4")


def test_errors_are_left_to_who_opens_the_file(path, script):
    script("raise SystemError")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="cannot be read as NetCDF or Zarr"):
        XarrayFields(path, variables=["t"], sampling=HEALPix(1), class_names=["a"])


def test_without_a_process_files_are_opened_and_that_is_said(path, monkeypatch):
    for executable in ("", str(path.parent / "missing")):
        monkeypatch.setattr(first_opening, "_process", first_opening._OpeningProcess())
        monkeypatch.setattr(sys, "executable", executable)
        with pytest.warns(RuntimeWarning, match="no process can open files first"):
            check_opening(path, "netCDF4")
        check_opening(path, "netCDF4")


def test_files_of_other_formats_are_left_alone(tmp_path, script):
    script("import os; os.kill(os.getpid(), 11)")
    for content in (b"", b"GRIB", b"CDF\x09", b"text" * 400):
        (tmp_path / "other.nc").write_bytes(content)
        check_opening(tmp_path / "other.nc", "netCDF4")
    check_opening(tmp_path, "netCDF4")
    check_opening(tmp_path / "missing.nc", "netCDF4")


def test_files_with_room_before_the_format_are_opened(path, script):
    script("import os; os.kill(os.getpid(), 11)")
    path.write_bytes(bytes(2048) + path.read_bytes())
    with pytest.raises(ValueError, match="ends a process"):
        check_opening(path, "h5py")


USE = """
    import os, sys
    from torch.utils.data import DataLoader
    from deepsphere_pyg.datasets import XarrayFields
    from deepsphere_pyg.datasets.netcdf import first_opening
    from samplings import HEALPix

    # First in a process that is killed, then in this one, which returns.
    killed = os.fork() == 0
    if not killed:
        assert os.waitstatus_to_exitcode(os.wait()[1]) == -9
    maps = XarrayFields(sys.argv[1], variables=["t"], sampling=HEALPix(1),
                        class_names=["a"])
    for epoch in range(2):
        loaded = list(DataLoader(maps, batch_size=1, num_workers=2))
    assert len(loaded) == 2
    print(first_opening._process._child.pid, flush=True)
    if killed:
        os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_workers_and_plain_scripts_leave_no_process(path, tmp_path):
    # Without a guard of __main__, which processes that import the script would need.
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(USE))
    command = [sys.executable, "-W", "error::ResourceWarning", script, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "ResourceWarning" not in done.stderr, done.stderr
    of_killed, of_returned = (Path("/proc", pid) for pid in done.stdout.split())
    limit = time.monotonic() + 30
    for child in (of_killed, of_returned):
        while _runs(child) and time.monotonic() < limit:
            time.sleep(0.05)
        assert not _runs(child)


def _runs(process):
    """Whether a process lives; one that has ended may wait for its parent."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_requests_are_lines_whatever_the_name(path):
    odd = path.with_name("line\nbreak \u2028 é.nc")
    path.rename(odd)
    check_opening(odd, "netCDF4")
    assert "\n" not in json.dumps({"path": str(odd)})

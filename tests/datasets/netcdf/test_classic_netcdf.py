"""Classic NetCDF files are what their headers tell, or they are refused at once."""

import struct
import time

import netCDF4
import numpy as np
import pytest

from deepsphere_pyg.datasets.netcdf.classic_netcdf import check_classic
from deepsphere_pyg.datasets.netcdf.first_opening import check_opening

FORMATS = ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]


def write(path, form="NETCDF3_CLASSIC", records=3):
    """Variables of all kinds: scalar, of odd length, of records, without numbers."""
    with netCDF4.Dataset(path, "w", format=form) as file:
        file.title = "odd"
        file.createDimension("time", None)
        file.createDimension("x", 5)
        file.createVariable("scalar", "f8", ())[...] = 1
        text = file.createVariable("text", "S1", ("x",))
        text[:] = np.array(list("hello"), "S1")
        text.numbers = np.arange(3, dtype="i2")
        file.createVariable("short", "i2", ("time", "x"))[:records] = 2
        file.createVariable("last", "f4", ("time",))[:records] = 3.0
    return path


@pytest.mark.parametrize("records", [0, 1, 3])
@pytest.mark.parametrize("form", FORMATS)
def test_sound_files_of_each_format_pass(tmp_path, form, records):
    check_classic(write(tmp_path / "sound.nc", form, records))


def test_one_variable_of_records_is_not_padded(tmp_path):
    path = tmp_path / "bytes.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("time", None)
        file.createDimension("x", 3)
        file.createVariable("v", "i1", ("time", "x"))[:7] = 1
    check_classic(path)


def test_real_files_pass(shared_data):
    for name in ("eraint/eraint_uvz.nc", "grids/MPAS.nc", "wind200/uwnd_mean.nc"):
        check_opening(shared_data / name, "netCDF4")


@pytest.mark.parametrize("form", FORMATS)
def test_truncated_files_are_refused_wherever_they_end(tmp_path, form):
    path = write(tmp_path / "cut.nc", form)
    whole = path.read_bytes()
    for length in range(4, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"the file has|is truncated"):
            check_classic(path)
    with pytest.raises(ValueError, match=r"cut\.nc cannot be read as NetCDF: .* copy"):
        check_opening(path, "netCDF4")


def test_absurd_counts_are_refused_at_once(tmp_path):
    path = write(tmp_path / "absurd.nc")
    whole = path.read_bytes()
    started = time.perf_counter()
    for place in range(4, 300, 4):
        for value in (0x7FFFFFFF, 0xFFFFFFFF, 0x10000000):
            damaged = bytearray(whole)
            damaged[place : place + 4] = struct.pack(">I", value)
            path.write_bytes(damaged)
            try:
                check_classic(path)
            except ValueError:
                continue
    # The library takes minutes and gigabytes for one of them.
    assert time.perf_counter() - started < 30


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            b"\x00\x00\x00\x0a\x00\x00\x00\x02",
            b"\x00\x00\x00\x0d\x00\x00\x00\x02",
            "kind 10",
        ),
        (
            b"\x00\x00\x00\x01x\x00\x00\x00\x00\x00\x00\x05",
            b"\x00\x00\x00\x01x\x00\x00\x00\x00\x00\x00\x00",
            "two unl",
        ),
        (
            b"\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01",
            b"\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x07",
            "does not exist",
        ),
        (
            b"\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01",
            b"\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x00",
            "not first",
        ),
    ],
)
def test_inconsistent_headers_are_refused(tmp_path, old, new, message):
    path = write(tmp_path / "odd.nc")
    whole = path.read_bytes()
    assert whole.count(old) == 1
    path.write_bytes(whole.replace(old, new))
    with pytest.raises(ValueError, match=message):
        check_classic(path)

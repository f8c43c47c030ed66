"""Arrays kept between runs are what was written, or their damage is told."""

import numpy as np
import pytest

from deepsphere_pyg.datasets.kept_array import map_array, write_array

KEPT = np.arange(1000, dtype=np.uint8).reshape(10, 100)


@pytest.fixture
def path(tmp_path):
    write_array(tmp_path / "kept.npy", KEPT)
    return tmp_path / "kept.npy"


def test_what_was_written_is_mapped_read_only(path):
    mapped = map_array(path)
    assert isinstance(mapped, np.memmap) and not mapped.flags.writeable
    assert np.array_equal(mapped, KEPT)
    assert np.array_equal(np.load(path), KEPT)
    assert [file.name for file in path.parent.iterdir()] == ["kept.npy"]


def test_any_flipped_bit_is_told(path):
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"kept\.npy .*delete it, and it is com"):
            map_array(path)


@pytest.mark.parametrize("length", [0, 1, 60, 128, 500, 1127, 1128, 1150, 1183])
def test_any_truncation_is_told(path, length):
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    # Cut right behind the array, it is a file as earlier versions wrote it.
    if length == 1128:
        assert np.array_equal(map_array(path), KEPT)
        return
    with pytest.raises(ValueError, match=r"kept\.npy cannot be read as a kept array"):
        map_array(path)


def test_other_files_are_told(tmp_path):
    np.savez(tmp_path / "other.npy.npz", KEPT)
    with pytest.raises(ValueError, match="cannot be read as a kept array"):
        map_array(tmp_path / "other.npy.npz")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        map_array(tmp_path / "missing.npy")
    with pytest.raises(ValueError, match="it is a folder"):
        map_array(tmp_path)

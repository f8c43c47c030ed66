"""Coefficients on disk: found again, made anew when damaged, safe to share."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from deepsphere_pyg.harmonics.couplings import cache as clebsch_gordan_cache
from deepsphere_pyg.harmonics.couplings.cache import cached_clebsch_gordan_set
from deepsphere_pyg.harmonics.couplings.clebsch_gordan import clebsch_gordan_set
from deepsphere_pyg.harmonics.couplings.degree_mixing import degree_mixing
from samplings import use_cache

TRIPLES = degree_mixing(6, "mst").triples
ARRAYS = ("triples", "offsets", "m1", "m2", "m", "values")


def assert_right(couplings, triples=TRIPLES):
    expected = clebsch_gordan_set(triples)
    for name in ARRAYS:
        found, right = getattr(couplings, name), getattr(expected, name)
        assert found.dtype == right.dtype and found.shape == right.shape
        np.testing.assert_array_equal(found, right)
        assert not found.flags.writeable


@pytest.fixture
def no_computing(monkeypatch):
    """Computing fails: what comes back has been read."""

    def refuse(_):
        raise AssertionError("computed")

    def switch():
        monkeypatch.setattr(clebsch_gordan_cache, "clebsch_gordan_set", refuse)

    return switch


def test_what_was_computed_is_read_the_next_time(tmp_path, no_computing):
    folder = tmp_path / "not" / "there"
    assert_right(cached_clebsch_gordan_set(TRIPLES, folder))
    no_computing()
    assert_right(cached_clebsch_gordan_set(TRIPLES, folder))
    assert_right(cached_clebsch_gordan_set(TRIPLES.tolist(), str(folder)))
    (file,) = folder.iterdir()
    assert file.name.startswith("clebsch-gordan-v1-")
    with pytest.raises(AssertionError, match="computed"):
        cached_clebsch_gordan_set(TRIPLES[::-1], folder)


def test_sets_and_versions_have_files_of_their_own(tmp_path, monkeypatch):
    assert_right(cached_clebsch_gordan_set(TRIPLES, tmp_path))
    assert_right(cached_clebsch_gordan_set(TRIPLES[::-1], tmp_path), TRIPLES[::-1])
    assert_right(cached_clebsch_gordan_set([], tmp_path), [])
    monkeypatch.setattr(clebsch_gordan_cache, "VERSION", 2)
    assert_right(cached_clebsch_gordan_set(TRIPLES, tmp_path))
    assert len(list(tmp_path.iterdir())) == 4


def damaged(data, kind):
    if kind == "empty":
        return b""
    if kind == "cut":
        return data[: len(data) // 2]
    if kind == "text":
        return b"not a table\n" * 40
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1 :]


@pytest.mark.parametrize("kind", ["empty", "cut", "text", "one bit"])
def test_damaged_files_are_told_of_and_replaced(tmp_path, kind, no_computing):
    cached_clebsch_gordan_set(TRIPLES, tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damaged(whole, kind))
    with pytest.warns(RuntimeWarning, match=r"clebsch-gordan-v1-.* cannot be read \("):
        assert_right(cached_clebsch_gordan_set(TRIPLES, tmp_path))
    no_computing()
    assert_right(cached_clebsch_gordan_set(TRIPLES, tmp_path))


def test_no_wrong_byte_gives_wrong_coefficients(tmp_path):
    chosen = [(1, 1, 1), (1, 2, 2)]
    expected = clebsch_gordan_set(chosen)
    cached_clebsch_gordan_set(chosen, tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    for place in range(0, len(whole), 3):
        wrong = bytearray(whole)
        wrong[place] ^= int(rng.integers(1, 256))
        file.write_bytes(bytes(wrong))
        with warnings.catch_warnings():
            # Some bytes, such as of a date, matter to nobody.
            warnings.simplefilter("ignore", RuntimeWarning)
            found = cached_clebsch_gordan_set(chosen, tmp_path)
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_files_of_other_triples_are_not_believed(tmp_path):
    cached_clebsch_gordan_set(TRIPLES, tmp_path)
    (file,) = tmp_path.iterdir()
    cached_clebsch_gordan_set(TRIPLES[::-1], tmp_path)
    (other,) = set(tmp_path.iterdir()) - {file}
    os.replace(other, file)
    with pytest.warns(RuntimeWarning, match="ValueError: it belongs to other triples"):
        assert_right(cached_clebsch_gordan_set(TRIPLES, tmp_path))


def test_a_folder_that_cannot_be_is_an_error_if_it_was_asked_for(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(NotADirectoryError, match="a file is in its way"):
        cached_clebsch_gordan_set(TRIPLES, file)
    monkeypatch.setenv("DEEPSPHERE_PYG_CACHE", str(file))
    with pytest.warns(RuntimeWarning, match="set DEEPSPHERE_PYG_CACHE to a folder"):
        assert_right(cached_clebsch_gordan_set(TRIPLES))


def test_the_folder_is_the_argument_or_that_of_all_caches(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPSPHERE_PYG_CACHE", str(tmp_path / "environment"))
    cached_clebsch_gordan_set(TRIPLES)
    assert len(list((tmp_path / "environment").iterdir())) == 1
    with use_cache(tmp_path / "program"):
        cached_clebsch_gordan_set(TRIPLES)
        cached_clebsch_gordan_set(TRIPLES, tmp_path / "argument")
    assert {path.name for path in tmp_path.iterdir()} == {
        *("environment", "program", "argument")
    }


def test_nothing_is_written_while_the_cache_is_off(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for off in ("", "off"):
        monkeypatch.setenv("DEEPSPHERE_PYG_CACHE", off)
        assert_right(cached_clebsch_gordan_set(TRIPLES))
    assert not list(tmp_path.iterdir())


def test_writers_and_readers_share_a_folder(tmp_path):
    def read_or_write(_):
        couplings = cached_clebsch_gordan_set(TRIPLES, tmp_path)
        # Deleted again and again, so that there is always one who writes.
        for file in tmp_path.glob("clebsch-gordan*"):
            file.unlink(missing_ok=True)
        return couplings

    with ThreadPoolExecutor(4) as pool:
        for couplings in pool.map(read_or_write, range(60)):
            assert_right(couplings)

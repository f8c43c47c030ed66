"""Where results are kept between runs, and which of them are removed."""

import os
from pathlib import Path

import pytest

from samplings import cache_folder, use_cache
from samplings.disk_cache import size_limit, touch, trim


def test_the_folder_is_that_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DEEPSPHERE_PYG_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    home = tmp_path / ".cache" / "deepsphere-pyg"
    assert cache_folder() == home
    # The specification has relative paths ignored.
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert cache_folder() == home
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "deepsphere-pyg"
    monkeypatch.setenv("DEEPSPHERE_PYG_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"
    for off in ("", "off", "OFF"):
        monkeypatch.setenv("DEEPSPHERE_PYG_CACHE", off)
        assert cache_folder() is None


def test_a_user_without_home_has_no_cache(monkeypatch):
    for name in ("DEEPSPHERE_PYG_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert cache_folder() is None


def test_a_program_chooses_the_folder_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPSPHERE_PYG_CACHE", str(tmp_path))
    with use_cache("outer", size=7):
        assert (cache_folder(), size_limit()) == (Path("outer"), 7)
        with use_cache(None):
            assert cache_folder() is None
        with use_cache("off"):
            assert cache_folder() is None
        assert (cache_folder(), size_limit()) == (Path("outer"), 7)
    assert (cache_folder(), size_limit()) == (tmp_path, 1 << 30)


def test_a_choice_without_a_context_stays(tmp_path):
    with use_cache(None):
        use_cache(tmp_path)
        assert cache_folder() == tmp_path


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True])
def test_sizes_that_are_not_counts_of_bytes_are_refused(wrong, tmp_path):
    with pytest.raises((TypeError, ValueError), match=f"size must be.*{wrong}"):
        use_cache(tmp_path, size=wrong)
    assert cache_folder() is None


def test_files_used_least_recently_are_removed(tmp_path):
    names = ["fit-a", "fit-b", "fit-c", "other"]
    for second, name in enumerate(names):
        (tmp_path / name).write_bytes(bytes(10))
        os.utime(tmp_path / name, (second, second))
    touch(tmp_path / "fit-a")
    trim(tmp_path, "fit-*", 30)
    assert len(list(tmp_path.iterdir())) == 4
    trim(tmp_path, "fit-*", 29)
    assert {path.name for path in tmp_path.iterdir()} == {"fit-a", "fit-c", "other"}


def test_files_that_are_gone_or_may_not_be_removed_do_no_harm(tmp_path, monkeypatch):
    touch(tmp_path / "gone")
    (tmp_path / "fit-a").write_bytes(bytes(10))

    def refuse(path, missing_ok=False):
        raise PermissionError(13, "denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        trim(tmp_path, "fit-*", 1)
    assert (tmp_path / "fit-a").exists()

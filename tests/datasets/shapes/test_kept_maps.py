"""Maps in the cache are those that were rendered, whatever happened in between."""

import os
import shutil

import numpy as np
import pytest

from deepsphere_pyg.datasets import RenderedShapes, UnreadableShapesWarning
from deepsphere_pyg.datasets.shapes import kept_maps
from deepsphere_pyg.datasets.shapes.kept_maps import KeptMaps
from samplings import HEALPix
from tests.datasets.shapes.sources import Solids

SPHERE = HEALPix(2)
EXPECTED = RenderedShapes(Solids(), SPHERE, augmentations=2).x


def kept(folder, source=None, **options):
    source = Solids() if source is None else source
    shapes = RenderedShapes(source, SPHERE, augmentations=2, cache=folder, **options)
    return shapes, source.loaded


def files(folder):
    (one,) = folder.iterdir()
    return one / "maps.npy", one / "done.txt"


def test_maps_are_rendered_once_and_mapped(tmp_path):
    for first in (True, False):
        shapes, loaded = kept(tmp_path)
        assert loaded == ([0, 1, 2, 3] if first else [])
        assert isinstance(shapes.x, np.memmap) and not shapes.x.flags.writeable
        assert np.array_equal(shapes.x, EXPECTED)
        assert shapes.failed == []


def test_other_settings_shapes_and_points_have_other_files(tmp_path):
    kept(tmp_path)
    changed = Solids()
    changed.key = lambda index: f"changed-{index}"
    settings = {"augmentations": 2}
    others = [
        (changed, SPHERE, settings),
        (Solids(3), SPHERE, settings),
        (Solids(), HEALPix(2, nest=False), settings),
        (Solids(), SPHERE, {"augmentations": 3}),
        (Solids(), SPHERE, {**settings, "rotate": True}),
        (Solids(), SPHERE, {**settings, "shift": 0.2}),
        (Solids(), SPHERE, {**settings, "miss": 0}),
        (Solids(), SPHERE, {**settings, "hull": False}),
        (Solids(), SPHERE, {**settings, "seed": 1}),
        (Solids(), SPHERE, {**settings, "dtype": "float16"}),
    ]
    for n, (source, sampling, options) in enumerate(others, start=2):
        shapes = RenderedShapes(source, sampling, cache=tmp_path, **options)
        assert len(list(tmp_path.iterdir())) == n
        assert np.array_equal(shapes.x, RenderedShapes(source, sampling, **options).x)
    assert np.array_equal(kept(tmp_path)[0].x, EXPECTED)


class Killed(Exception):
    """Stands for a signal."""


def test_a_killed_rendering_goes_on(tmp_path):
    class Mortal(Solids):
        def load(self, index):
            if index == 2:
                raise Killed
            return super().load(index)

    with pytest.raises(Killed):
        kept(tmp_path, Mortal())
    shapes, loaded = kept(tmp_path)
    assert loaded == [2, 3]
    assert np.array_equal(shapes.x, EXPECTED)


def test_a_line_that_is_cut_is_not_believed(tmp_path):
    kept(tmp_path)
    _, done = files(tmp_path)
    whole = done.read_text()
    for cut in range(1, len(whole.splitlines()[-1]) + 1):
        done.write_text(whole[: -1 - cut])
        shapes, loaded = kept(tmp_path)
        assert loaded == [3] and np.array_equal(shapes.x, EXPECTED)
    done.write_bytes(b"\xff\x00 99\n-1 00000000\n77 00000000\nx y z\n")
    assert kept(tmp_path)[1] == [0, 1, 2, 3]


def test_damaged_maps_are_told_and_rendered_again(tmp_path):
    kept(tmp_path)
    maps, _ = files(tmp_path)
    content = bytearray(maps.read_bytes())
    content[-5] ^= 1
    maps.write_bytes(content)
    with pytest.warns(RuntimeWarning, match=r"maps\.npy is damaged at 1 .*solid-3"):
        shapes, loaded = kept(tmp_path)
    assert loaded == [3] and np.array_equal(shapes.x, EXPECTED)
    assert kept(tmp_path)[1] == []


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b[:50], lambda b: b"", lambda b: b"x" * 200]
)
def test_a_file_of_another_kind_is_told(tmp_path, damage):
    kept(tmp_path)
    maps, _ = files(tmp_path)
    maps.write_bytes(damage(maps.read_bytes()))
    with pytest.raises(ValueError, match=r"maps\.npy .*delete its folder"):
        kept(tmp_path)


def test_a_file_of_another_shape_is_told(tmp_path):
    kept(tmp_path)
    np.save(files(tmp_path)[0], EXPECTED[:3])
    with pytest.raises(ValueError, match=r"must hold float32 of shape \(4, 2, 48, 6\)"):
        kept(tmp_path)


def test_maps_without_their_list_and_a_list_without_its_maps_are_not_believed(tmp_path):
    kept(tmp_path)
    maps, done = files(tmp_path)
    done.unlink()
    assert kept(tmp_path)[1] == [0, 1, 2, 3]
    maps.unlink()
    shapes, loaded = kept(tmp_path)
    assert loaded == [0, 1, 2, 3] and np.array_equal(shapes.x, EXPECTED)


def test_shapes_that_failed_are_tried_again(tmp_path):
    for _ in range(2):
        with pytest.warns(UnreadableShapesWarning, match="solid-1"):
            shapes, _ = kept(tmp_path, Solids(broken=[1]))
        assert shapes.failed == ["solid-1"] and (shapes.x[1, :, :, 1:3] == 0).all()
    shapes, loaded = kept(tmp_path)
    assert loaded == [1] and np.array_equal(shapes.x, EXPECTED)


def test_a_file_that_another_process_creates_first_is_not_replaced(tmp_path):
    shapes, _ = kept(tmp_path)
    maps, done = files(tmp_path)
    before, lines = maps.stat().st_ino, done.read_text()
    with pytest.MonkeyPatch.context() as patch:
        # It did not exist a moment ago.
        patch.setattr(type(maps), "exists", lambda path: path.name != "maps.npy")
        KeptMaps(
            tmp_path,
            shapes._rendering,
            "healpix",
            shapes.ids,
            [shapes.source.key(i) for i in range(4)],
        )
    assert maps.stat().st_ino == before and np.array_equal(shapes.x, EXPECTED)
    done.write_text(lines)
    assert kept(tmp_path)[1] == []
    assert sorted(one.name for one in maps.parent.iterdir()) == ["done.txt", "maps.npy"]


def test_a_full_disk_is_told_before_rendering(tmp_path, monkeypatch):
    usage = type(shutil.disk_usage(tmp_path))(10, 9, 1)
    monkeypatch.setattr(kept_maps.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match=r"maps of 4 shapes take .* GB, and .* free"):
        kept(tmp_path)
    assert not list(tmp_path.rglob("*.npy"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        kept(tmp_path)

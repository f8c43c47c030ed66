"""Maps of shapes that have not changed are taken from folders of earlier sources."""

import numpy as np
import pytest

from deepsphere_pyg.datasets import MeshFolder, RenderedShapes
from samplings import HEALPix
from tests.convert.meshes.solids import star
from tests.datasets.shapes.small_meshes import write_obj
from tests.datasets.shapes.sources import Solids

SPHERE = HEALPix(2)
EXPECTED = RenderedShapes(Solids(6), SPHERE, augmentations=2).x


class Repaired(Solids):
    """Solids of which number 2 has another content."""

    def load(self, index):
        mesh = super().load(index)
        return star(7, level=1) if self.order[index] == 2 else mesh

    def key(self, index):
        return super().key(index) + ("-repaired" if self.order[index] == 2 else "")


def kept(folder, source, **options):
    """Return the maps of a source, and the shapes that were loaded for them."""
    options = {"augmentations": 2, "cache": folder, **options}
    return RenderedShapes(source, SPHERE, **options).x, source.loaded


def contents(folder):
    """Return the content of each file of a cache."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_a_shape_that_changed_is_rendered(tmp_path):
    first, _ = kept(tmp_path, Solids())
    before = contents(tmp_path)
    second, loaded = kept(tmp_path, Repaired())
    assert loaded == [2]
    others = [0, 1, 3]
    assert second[others].tobytes() == EXPECTED[others].tobytes()
    assert (second[2] != EXPECTED[2]).any()
    expected = RenderedShapes(Repaired(), SPHERE, augmentations=2).x
    assert second.tobytes() == expected.tobytes()
    # What another process may have mapped is as it was.
    after = contents(tmp_path)
    assert len(after) == 4 and before.items() <= after.items()
    assert np.array_equal(first, EXPECTED[:4])
    assert kept(tmp_path, Repaired())[1] == kept(tmp_path, Solids())[1] == []


def test_files_are_told_apart_by_size_and_time(tmp_path):
    paths = [write_obj(tmp_path / "in" / "one" / f"{i}.obj", 1 + i) for i in range(3)]

    class Counted(MeshFolder):
        loaded = ()

        def load(self, index):
            self.loaded = (*self.loaded, self.ids[index])
            return super().load(index)

    def count():
        return kept(tmp_path / "maps", Counted(tmp_path / "in"))[1]

    assert len(count()) == 3 and count() == ()
    write_obj(paths[1], 22.5)
    assert count() == ("one/1",)
    paths[0].unlink()
    assert count() == ()
    write_obj(tmp_path / "in" / "one" / "4.obj")
    assert count() == ("one/4",)


def test_added_shapes_parts_and_other_orders_take_what_is_there(tmp_path):
    kept(tmp_path, Solids())
    added, loaded = kept(tmp_path, Solids(order=[4, 0, 1, 2, 3]))
    assert loaded == [4] and added.tobytes() == EXPECTED[[4, 0, 1, 2, 3]].tobytes()
    for order in ([3, 1, 2, 0], [2], [4, 3]):
        some, loaded = kept(tmp_path, Solids(order=order))
        assert loaded == [] and some.tobytes() == EXPECTED[order].tobytes()
    # From two folders, none of which has both.
    kept(tmp_path, Solids(order=[5]))
    both, loaded = kept(tmp_path, Solids(order=[0, 5]))
    assert loaded == [] and both.tobytes() == EXPECTED[[0, 5]].tobytes()


@pytest.mark.parametrize(
    "other",
    [
        {"augmentations": 3},
        {"rotate": True},
        {"shift": 0.2},
        {"miss": 0},
        {"hull": False},
        {"seed": 1},
        {"dtype": "float16"},
    ],
    ids=str,
)
def test_other_settings_take_nothing(tmp_path, other):
    kept(tmp_path, Solids(2))
    assert kept(tmp_path, Solids(3), **other)[1] == [0, 1, 2]


def test_other_points_ids_and_caches_take_nothing(tmp_path):
    kept(tmp_path / "a", Solids(2))
    ring = Solids(3)
    RenderedShapes(ring, HEALPix(2, nest=False), augmentations=2, cache=tmp_path / "a")
    named = Solids(3)
    named.ids = ["x", "y", "z"]
    for loaded in (
        ring.loaded,
        # Shifts depend on ids.
        kept(tmp_path / "a", named)[1],
        kept(tmp_path / "b", Solids(3))[1],
    ):
        assert loaded == [0, 1, 2]


def test_damage_in_an_earlier_folder_is_told_and_rendered_again(tmp_path):
    kept(tmp_path, Solids())
    (maps,) = tmp_path.glob("*/maps.npy")
    content = bytearray(maps.read_bytes())
    content[-5] ^= 1
    maps.write_bytes(content)
    told = r"maps\.npy is damaged at 1 of 5 shapes \(solid-3\), which are rendered"
    with pytest.warns(RuntimeWarning, match=told) as warned:
        x, loaded = kept(tmp_path, Solids(5))
    assert str(maps) in str(warned[0].message) and warned[0].filename == __file__
    assert loaded == [3, 4] and x.tobytes() == EXPECTED[:5].tobytes()
    assert maps.read_bytes() == content
    assert kept(tmp_path, Solids(5))[1] == []
    # The other way round, nothing has to be rendered.
    with pytest.warns(RuntimeWarning, match="damaged at 1 of 4"):
        x, loaded = kept(tmp_path, Solids())
    assert loaded == [] and x.tobytes() == EXPECTED[:4].tobytes()


@pytest.mark.parametrize("damage", [lambda b: b[:50], lambda b: b"", lambda b: b"x"])
def test_an_earlier_folder_that_cannot_be_read_is_told(tmp_path, damage):
    kept(tmp_path, Solids(2))
    (maps,) = tmp_path.glob("*/maps.npy")
    maps.write_bytes(damage(maps.read_bytes()))
    with pytest.warns(RuntimeWarning, match=r"no more maps are taken from .*maps\.npy"):
        x, loaded = kept(tmp_path, Solids(3))
    assert loaded == [0, 1, 2] and x.tobytes() == EXPECTED[:3].tobytes()


def test_earlier_folders_may_be_incomplete_deleted_or_of_an_older_form(tmp_path):
    kept(tmp_path, Solids(2))
    (folder,) = tmp_path.iterdir()
    old = tmp_path / folder.name.rpartition("-")[0]
    old.mkdir()
    (old / "maps.npy").write_bytes((folder / "maps.npy").read_bytes())
    (old / "done.txt").write_text("0 00000000\n1 00000000\n")
    done = folder / "done.txt"
    done.write_text(done.read_text().replace(" ", "  ", 1) + "0 00000000\n")
    assert kept(tmp_path, Solids(3))[1] == [0, 2]
    for path in tmp_path.glob("*/maps.npy"):
        path.unlink()
    assert kept(tmp_path, Solids(4))[1] == [0, 1, 2, 3]


def lines(path):
    return path.read_text().splitlines()


class Killed(Exception):
    """Stands for a signal."""


@pytest.mark.parametrize("file", ["maps.npy", "done.txt"])
def test_an_interrupted_copy_goes_on(tmp_path, file, monkeypatch):
    kept(tmp_path, Solids())
    opened = 0
    path_type = type(tmp_path)
    plain = path_type.open

    def dying(path, mode="r", *rest, **options):
        nonlocal opened
        if path.name == file and mode in ("r+b", "a"):
            opened += 1
            if opened == 3:
                raise Killed
        return plain(path, mode, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(path_type, "open", dying)
        with pytest.raises(Killed):
            kept(tmp_path, Solids(5))
    (new,) = [one for one in tmp_path.glob("*/done.txt") if len(lines(one)) == 2]
    assert np.array_equal(np.load(new.with_name("maps.npy"))[:2], EXPECTED[:2])
    # Also if the last line is cut.
    new.write_text(new.read_text()[:-4])
    x, loaded = kept(tmp_path, Solids(5))
    assert loaded == [4] and x.tobytes() == EXPECTED[:5].tobytes()
    assert kept(tmp_path, Solids(5))[1] == []

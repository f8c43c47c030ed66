"""The archive of the Princeton benchmark, its folds, and damage to it."""

import numpy as np
import pytest

from deepsphere_pyg.datasets import LabelledPrinceton
from tests.datasets.shapes.small_meshes import (
    CORNERS,
    FACES,
    princeton_arrays,
    volume,
    write_princeton,
)

N = 20


def test_shapes_are_those_of_the_formula(tmp_path):
    shapes = LabelledPrinceton(write_princeton(tmp_path))
    assert len(shapes) == N and shapes.class_names == ("Ant", "Vase")
    assert shapes.labels.tolist() == [0, 1] * 10 and shapes.ids[1] == "Vase/1"
    for at in (0, 7, -1):
        mesh, n = shapes.load(at), at % N
        # Integers of 16 bits are exact, and the sum rounds once more.
        assert np.allclose(mesh.vertices, 3 * n + np.arange(3) + (n + 1) * CORNERS)
        assert np.array_equal(mesh.faces, FACES)
        assert volume(mesh) == pytest.approx((n + 1) ** 3 / 6)


def test_keys_are_those_of_the_content_of_one_shape(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one = LabelledPrinceton(write_princeton(tmp_path / "one"))
    scale = np.arange(1.0, N + 1)
    scale[3] += 1e-12
    vertices = princeton_arrays()["verts_u16"].copy()
    vertices[4 * 5] += 1
    two = LabelledPrinceton(
        write_princeton(tmp_path / "two", scale=scale, verts_u16=vertices)
    )
    assert len({one.key(at) for at in range(N)}) == N
    differ = [at for at in range(N) if one.key(at) != two.key(at)]
    assert differ == [3, 5]


@pytest.mark.parametrize("of", [2, 3, 5, N])
def test_folds_are_a_stratified_partition(tmp_path, of):
    shapes = LabelledPrinceton(write_princeton(tmp_path))
    folds = [shapes.fold(k, of) for k in range(of)]
    tested = np.concatenate([test for _, test in folds])
    assert sorted(tested) == list(range(N))
    for train, test in folds:
        assert sorted(np.concatenate([train, test])) == list(range(N))
        counts = np.bincount(shapes.labels[test], minlength=2)
        assert (np.abs(counts - 10 / of) < 1).all()
    assert not np.array_equal(shapes.fold(0)[1], shapes.fold(0, seed=1)[1])
    assert np.array_equal(shapes.fold(0, seed=1)[1], shapes.fold(0, seed=1)[1])


def test_the_published_shapes_are_closed(shared_data):
    shapes = LabelledPrinceton(shared_data / "meshes")
    assert len(shapes) == 190 and len(shapes.class_names) == 19
    assert np.bincount(shapes.labels).tolist() == [10] * 19
    assert len(set(shapes.ids)) == 190 and shapes.ids[0].startswith("Airplane/")
    _, test = shapes.fold(0)
    assert np.bincount(shapes.labels[test]).tolist() == [2] * 19
    for at in (0, 189):
        mesh = shapes.load(at)
        assert volume(mesh) > 0
        edges = np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "has no array 'labels'; it has: verts_u16, faces"),
        ({"labels": np.arange(N)}, "labels must be from 0 to 1, got 0 to 19"),
        ({"labels": np.zeros(N)}, "labels must have shape .n. and a dtype of kind i"),
        ({"scale": np.ones(N - 1)}, "scale must have shape .n. for 20 labels"),
        ({"scale": -np.ones(N)}, "scale positive"),
        ({"origin": np.full((N, 3), np.nan)}, "origin must be finite"),
        ({"faces": np.full((4 * N, 3), 4)}, "a face of shape 0 names a vertex"),
        ({"faces": np.full((4 * N, 3), -1)}, "names a vertex that it does not have"),
        ({"faces": np.zeros((4 * N, 4), int)}, "faces must have shape .f, 3."),
        ({"vert_offsets": np.arange(N + 1)}, "vert_offsets must rise from 0 to 80"),
        ({"face_offsets": np.arange(N + 1)[::-1] * 4}, "face_offsets must rise from 0"),
        ({"names": np.array(["Ant/1"])}, "names must have shape .n. for 20 labels"),
        ({"names": np.array(["Ant/1"] * N)}, "names must differ, and 'Ant/1' stands"),
        ({"class_names": np.array([1, 2])}, "class_names must have shape .c."),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message) as error:
        LabelledPrinceton(write_princeton(tmp_path, **changes))
    assert str(tmp_path / "lpsb190.npz") in str(error.value)


@pytest.mark.parametrize("cut", [0, 10, 0.5, 0.99])
def test_a_truncated_archive_is_told(tmp_path, cut):
    file = write_princeton(tmp_path)
    content = file.read_bytes()
    length = cut if isinstance(cut, int) else int(cut * len(content))
    file.write_bytes(content[:length])
    with pytest.raises(ValueError, match=r"lpsb190\.npz cannot be read as npz"):
        LabelledPrinceton(file)


def test_flipped_bytes_are_told(tmp_path):
    file = write_princeton(tmp_path)
    content = bytearray(file.read_bytes())
    at = content.find(b"NUMPY") + 200
    content[at] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"lpsb190\.npz cannot be read as npz: .*CRC"):
        LabelledPrinceton(file)


def test_a_missing_archive_and_wrong_folds_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"lpsb190\.npz does not exist; pass"):
        LabelledPrinceton(tmp_path)
    shapes = LabelledPrinceton(write_princeton(tmp_path))
    with pytest.raises(ValueError, match="k must be from 0 to 4, got 5"):
        shapes.fold(5)
    with pytest.raises(ValueError, match=r"of must be at most .* 20, got 21"):
        shapes.fold(0, 21)

"""Maps of shapes depend on the seed, the id and the copy, and are those of the mesh."""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
import torch

from deepsphere_pyg.convert import (
    background_maps,
    clean_mesh,
    mesh_maps,
    normalized_mesh,
)
from deepsphere_pyg.datasets import RenderedShapes, UnreadableShapesWarning
from deepsphere_pyg.datasets.shapes import rendering_workers
from deepsphere_pyg.datasets.shapes.renderings import Rendering
from samplings import Equiangular, HEALPix
from tests.datasets.shapes.sources import Lines, Solids

SPHERE = HEALPix(4)
COPIES = {"augmentations": 3, "rotate": True, "seed": 5}


def test_maps_are_those_of_the_placed_mesh():
    source = Solids()
    shapes = RenderedShapes(source, SPHERE, **COPIES, miss=0)
    assert shapes.x.shape == (4, 3, len(SPHERE), 6) and shapes.x.dtype == np.float32
    assert len(shapes) == 12 and shapes.y.tolist() == [0, 1, 0, 1]
    for index, (x, y) in enumerate(shapes):
        shift, rotation = shapes.placement(index)
        mesh = clean_mesh(source.load(index // 3))
        placed = normalized_mesh(mesh, shift=shift, rotation=rotation)
        expected = mesh_maps(placed, SPHERE, miss=0)
        assert np.array_equal(x[:, :3], expected[:, :3])
        # The hull may be split into other triangles.
        assert np.allclose(x[:, 3:], expected[:, 3:], rtol=0, atol=1e-6)
        assert torch.equal(x, torch.from_numpy(shapes.x[index // 3, index % 3].copy()))
        assert y == source.labels[index // 3]


def test_shifts_and_rotations_are_uniform():
    one = Rendering(HEALPix(1), 400, True, 0.1, 1.0, True, 0, "float32")
    drawn = [one.placement("solid-0", copy) for copy in range(400)]
    shifts, rotations = zip(*drawn, strict=True)
    lengths = np.linalg.norm(shifts, axis=1)
    assert 0 <= lengths.min() < 0.003 and 0.097 < lengths.max() <= 0.1
    # Means of 400 numbers of these deviations, to within four of theirs.
    assert abs(lengths.mean() - 0.05) < 4 * 0.1 / np.sqrt(12 * 400)
    assert np.abs(np.mean(shifts, axis=0)).max() < 4 * 0.0334 / np.sqrt(400)
    matrices = np.array([rotation.as_matrix() for rotation in rotations])
    assert np.abs(matrices.mean(axis=0)).max() < 4 / np.sqrt(3 * 400)
    still = RenderedShapes(Solids(1), HEALPix(1), augmentations=2)
    assert np.allclose(still.placement(1)[1].as_matrix(), np.eye(3))
    assert np.array_equal(still.placement(1)[0], shifts[1])
    fixed = RenderedShapes(Solids(1), HEALPix(1), augmentations=2, shift=0)
    assert not fixed.placement(1)[0].any()
    assert np.array_equal(fixed.x[0, 0], fixed.x[0, 1])


def test_maps_depend_on_the_id_and_not_on_the_order():
    one = RenderedShapes(Solids(), SPHERE, **COPIES)
    other = RenderedShapes(
        Solids(order=[2, 0]), SPHERE, **{**COPIES, "augmentations": 2}
    )
    assert np.array_equal(other.x, one.x[[2, 0], :2])
    seed = RenderedShapes(Solids(), SPHERE, **{**COPIES, "seed": 6})
    assert (seed.x != one.x).any(axis=(2, 3)).all()


def test_half_precision_is_off_as_stated(tmp_path):
    one = RenderedShapes(Solids(), SPHERE, **COPIES)
    half = RenderedShapes(Solids(), SPHERE, **COPIES, dtype="float16", cache=tmp_path)
    assert half.x.dtype == np.float16 and half[0].x.dtype == torch.float32
    off = np.abs(half.x.astype(np.float32) - one.x).max(axis=(0, 1, 2))
    assert off[[0, 3]].max() <= 0.00049 and off[[1, 2, 4, 5]].max() <= 0.00025


@pytest.mark.parametrize("source", [Solids(4, broken=[1]), Lines(4)])
def test_shapes_that_cannot_be_mapped_are_named_and_have_maps_of_nothing(source):
    with pytest.warns(
        UnreadableShapesWarning, match=r"1 of 4 .*solid-1.* empty"
    ) as told:
        shapes = RenderedShapes(source, SPHERE, augmentations=2, hull=False)
    assert told[0].filename == __file__
    assert shapes.failed == ["solid-1"] and shapes.channel_names[-1] == "sine"
    nothing = background_maps(SPHERE, hull=False)
    assert (shapes.x[1] == nothing).all() and (shapes.x[0] != nothing).any()


@pytest.mark.slow
def test_processes_make_no_difference(tmp_path):
    one = RenderedShapes(Solids(), SPHERE, **COPIES)
    two = RenderedShapes(Solids(), SPHERE, **COPIES, n_workers=2, cache=tmp_path)
    assert np.array_equal(one.x, two.x)


def test_any_number_of_workers_renders_each_shape_once(monkeypatch):
    """The same with threads for processes, which start faster."""

    def threads(n, mp_context, initializer, initargs):
        return ThreadPoolExecutor(n, initializer=initializer, initargs=initargs)

    monkeypatch.setattr(rendering_workers, "ProcessPoolExecutor", threads)
    one = RenderedShapes(Solids(30), HEALPix(2))
    source = Solids(30, broken=[7])
    with pytest.warns(UnreadableShapesWarning, match="solid-7"):
        many = RenderedShapes(source, HEALPix(2), n_workers=3)
    assert sorted(source.loaded) == list(range(30))
    others = np.arange(30) != 7
    assert np.array_equal(one.x[others], many.x[others])


def test_a_process_that_ends_early_is_told(monkeypatch):
    class Broken:
        def __init__(self, *_, **__):
            pass

        def submit(self, *_):
            raise BrokenProcessPool

        def shutdown(self, **_):
            pass

    monkeypatch.setattr(rendering_workers, "ProcessPoolExecutor", Broken)
    with pytest.raises(RuntimeError, match=r"__main__.*pass n_workers=1, or call"):
        RenderedShapes(Solids(), HEALPix(1), n_workers=2)


def test_other_samplings():
    grid = Equiangular(8)
    shapes = RenderedShapes(Solids(2), grid, hull=False)
    assert shapes.x.shape == (2, 1, len(grid), 3)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"source": [1]}, TypeError, "a source of shapes, got list without ids"),
        ({"source": Solids}, TypeError, "got the class Solids"),
        ({"source": Solids(0)}, ValueError, "must have shapes, got none"),
        ({"source": Solids(order=[1, 1])}, ValueError, "ids of source must differ"),
        ({"sampling": 8}, TypeError, "sampling must be a sampling"),
        ({"augmentations": 0}, ValueError, "augmentations must be at least 1"),
        ({"shift": -1}, ValueError, "shift must be finite and not negative"),
        ({"dtype": "int8"}, ValueError, "'float32' or 'float16'"),
        ({"rotate": 1}, TypeError, "rotate must be True or False"),
        ({"n_workers": 0}, ValueError, "n_workers must be at least 1"),
    ],
)
def test_odd_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        RenderedShapes(**{"source": Solids(1), "sampling": SPHERE, **options})
    with pytest.raises(IndexError, match="map 2 does not exist"):
        RenderedShapes(Solids(2), HEALPix(1), hull=False)[2]

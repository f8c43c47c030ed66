"""Generated shapes: closed, balanced, different, and the same at each call."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from deepsphere_pyg.convert.meshes.mesh import Mesh
from deepsphere_pyg.datasets import GeneratedShapes
from deepsphere_pyg.datasets.shapes.generated.families import FAMILIES
from deepsphere_pyg.datasets.shapes.generated.lofts import (
    box,
    circle,
    closed_loft,
    extruded,
    tubes,
)
from deepsphere_pyg.datasets.shapes.generated.superquadrics import superquadric
from tests.datasets.shapes.small_meshes import volume

NAMES = tuple(FAMILIES)
#: Surfaces of genus one; all others are of genus zero.
HANDLES = ("ring", "knot")
# Mean absolute coordinate of the first shapes of seed 1.
MEANS = [
    0.3506775954,
    0.3306475082,
    0.3488643171,
    0.4043237603,
    0.3902681113,
    0.3252091055,
    0.4816996415,
    0.3771541082,
    0.3528974835,
    0.2508929851,
    0.3403594144,
    0.3767371836,
    0.2140474779,
    0.322546671,
    0.2621959501,
    0.3256270518,
    0.3516364553,
    0.4107330128,
    0.2090056275,
    0.3257325776,
]


def edges(mesh):
    """Directed edges as single numbers, and those of the other direction."""
    start, end = mesh.faces[:, [0, 1, 2]].ravel(), mesh.faces[:, [1, 2, 0]].ravel()
    n = len(mesh.vertices)
    return start * n + end, end * n + start


def surfaces(mesh):
    """The separate surfaces of a mesh."""
    n = len(mesh.vertices)
    pairs = mesh.faces[:, [0, 1, 1, 2]].reshape(-1, 2).T
    joined = coo_array((np.ones(pairs.shape[1]), pairs), shape=(n, n))
    count, number = connected_components(joined, directed=False)
    for one in range(count):
        new = np.cumsum(number == one) - 1
        kept = number[mesh.faces[:, 0]] == one
        yield Mesh(mesh.vertices[number == one], new[mesh.faces[kept]])


# -- pieces ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        (box((1, 2, 3)), 6),
        (extruded(circle(400)), 2 * np.pi),
        (superquadric((1, 0.5, 2), 1, 1, 120, 200), 4 / 3 * np.pi),
        (superquadric((1, 0.5, 2), 2, 2, 121, 200), 4 / 3),
        (superquadric((1, 0.5, 2), 0.02, 0.02, 120, 200), 8),
        (tubes(np.linspace([0, 0, 0], [1, 2, 2], 5), 0.3, 400), 3 * np.pi * 0.09),
    ],
)
def test_pieces_have_the_volume_of_their_solid(piece, expected):
    # A polygon of n sides lacks 2 pi^2 / 3 n^2 of the area of its circle, which is
    # 2e-4 for n = 200; the edges of the last box fall between directions.
    assert volume(Mesh(*piece)) == pytest.approx(expected, rel=0.02)


def test_a_closed_loft_has_the_volume_of_a_torus():
    t = 2 * np.pi * np.arange(200) / 200
    across, up = 0.25 * circle(100).T
    radius = 1 + across
    rings = np.empty((200, 100, 3))
    rings[..., 0] = radius * np.cos(t)[:, None]
    rings[..., 1] = radius * np.sin(t)[:, None]
    rings[..., 2] = -up
    assert volume(Mesh(*closed_loft(rings))) == pytest.approx(
        2 * np.pi**2 * 0.25**2, rel=2e-3
    )


# -- shapes ----------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_surfaces_are_closed_and_look_outwards(name):
    shapes = GeneratedShapes(100, seed=3)
    for at in range(NAMES.index(name), 100, len(NAMES)):
        mesh = shapes.load(at)
        there, back = edges(mesh)
        # Each edge is of two faces, which pass it in opposite directions.
        assert len(np.unique(there)) == len(there)
        assert np.array_equal(np.sort(there), np.sort(back))
        for one in surfaces(mesh):
            euler = len(one.vertices) - len(one.faces) // 2
            assert euler == (0 if name in HANDLES else 2)
            assert volume(one) > 0
        assert 500 <= len(mesh.faces) <= 5000
        assert np.isfinite(mesh.vertices).all()
        corners = mesh.vertices[mesh.faces]
        sides = corners[:, 1:] - corners[:, :1]
        assert (np.linalg.norm(np.cross(*sides.transpose(1, 0, 2)), axis=1) > 0).all()


def test_a_shape_depends_on_the_seed_and_its_index_alone():
    shapes, more = GeneratedShapes(40), GeneratedShapes(60)
    for at in (0, 7, 39):
        one, same = shapes.load(at), more.load(at)
        assert np.array_equal(one.vertices, same.vertices)
        assert np.array_equal(one.faces, same.faces)
        assert shapes.key(at) == more.key(at)
    other = GeneratedShapes(40, seed=1)
    assert not np.array_equal(shapes.load(0).vertices, other.load(0).vertices)
    assert shapes.key(0) != other.key(0)
    assert np.array_equal(shapes.load(-1).vertices, shapes.load(39).vertices)


def test_shapes_and_keys_differ():
    shapes = GeneratedShapes(200)
    assert len({shapes.key(at) for at in range(200)}) == 200
    assert len({shapes.load(at).vertices.tobytes() for at in range(0, 200, 5)}) == 40
    # The keys of tasks of fewer classes differ where their shapes do.
    few = GeneratedShapes(200, 3)
    assert (few.key(4) == shapes.key(4)) == (few.ids[4] == shapes.ids[4])


def test_shapes_are_those_of_the_version_in_the_keys():
    shapes = GeneratedShapes(20, seed=1)
    assert shapes.key(0).startswith("generated 1 ")
    found = [np.abs(shapes.load(at).vertices).mean() for at in range(20)]
    # Processors round sines and powers differently, in the last digits.
    assert found == pytest.approx(MEANS, rel=1e-8), "raise _VERSION, and renew MEANS"


@pytest.mark.parametrize("n_classes", [2, 7, 20])
def test_any_leading_part_is_balanced(n_classes):
    shapes = GeneratedShapes(141, n_classes)
    assert shapes.class_names == NAMES[:n_classes] and len(shapes) == 141
    for n in (n_classes, 50, 141):
        counts = np.bincount(shapes.labels[:n], minlength=n_classes)
        assert np.ptp(counts) <= 1
    names = [shapes.class_names[label] for label in shapes.labels]
    assert [id_.split("-")[0] for id_ in shapes.ids] == names
    assert len(set(shapes.ids)) == 141


def test_parts_are_stratified():
    shapes = GeneratedShapes(400)
    parts = shapes.parts(validation=0.1, test=0.25, seed=1)
    counts = [np.bincount(shapes.labels[part]).tolist() for part in parts]
    assert counts == [[13] * 20, [2] * 20, [5] * 20]
    assert sorted(np.concatenate(parts)) == list(range(400))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n": 0}, ValueError, "n must be at least 1"),
        ({"n": 2.0}, TypeError, "n must be an integer"),
        ({"n_classes": 21}, ValueError, "n_classes must be at most 20, got 21"),
        ({"n_classes": 1}, ValueError, "n_classes must be at least 2"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
    ],
)
def test_wrong_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        GeneratedShapes(**options)
    with pytest.raises(TypeError, match="index must be an integer"):
        GeneratedShapes(4).load(0.0)

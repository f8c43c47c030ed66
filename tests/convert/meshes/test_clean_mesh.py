"""Cleaning repairs what was broken of a closed mesh, at any size and place."""

import numpy as np
import pytest
import trimesh

from deepsphere_pyg.convert import Mesh, clean_mesh
from tests.convert.meshes.solids import box, star, torus, volume

STAR = star()
RNG = np.random.default_rng(0)


def triangle_set(mesh):
    """Faces as sets of the places of their corners."""
    return {
        frozenset(map(tuple, corners.round(6))) for corners in mesh.vertices[mesh.faces]
    }


def is_closed_outwards(mesh):
    solid = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    return solid.is_watertight and solid.is_winding_consistent and solid.volume > 0


@pytest.mark.parametrize("solid", [STAR, torus(), box()])
def test_a_clean_mesh_stays_the_same(solid):
    clean = clean_mesh(solid)
    assert np.array_equal(clean.vertices, solid.vertices)
    assert np.array_equal(clean.faces, solid.faces)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 1.0])
def test_normals_turn_outwards(share):
    flip = RNG.random(len(STAR.faces)) < share
    faces = np.where(flip[:, None], STAR.faces[:, ::-1], STAR.faces)
    clean = clean_mesh(Mesh(STAR.vertices, faces))
    assert is_closed_outwards(clean)
    assert volume(clean) == pytest.approx(volume(STAR))


def test_each_piece_turns_outwards_also_an_open_one():
    other = torus()
    half = STAR.faces[STAR.vertices[STAR.faces].mean(axis=1)[:, 2] < 0.3]
    both = Mesh(
        np.concatenate([STAR.vertices, other.vertices + 5]),
        np.concatenate([half[:, ::-1], other.faces[:, ::-1] + len(STAR.vertices)]),
    )
    clean = clean_mesh(both)
    n = len(half)
    kept = clean.vertices[clean.faces[:n]]
    expected = STAR.vertices[half]
    normal = [np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0]) for t in (kept, expected)]
    assert np.allclose(*normal)
    torus_part = Mesh(clean.vertices - 5, clean.faces[n:])
    assert volume(torus_part) == pytest.approx(volume(other))


def test_a_strip_of_one_side_is_left_as_it_is():
    n = 12
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    width = np.array([-0.3, 0.3])[:, None]
    radius = 1 + width * np.cos(angle / 2)
    strip = np.stack(
        [radius * np.cos(angle), radius * np.sin(angle), width * np.sin(angle / 2)], -1
    )
    low, high = np.arange(n), np.arange(n) + n
    after_low, after_high = np.append(low[1:], n), np.append(high[1:], 0)
    faces = np.stack([[low, after_low, high], [after_low, after_high, high]])
    mesh = Mesh(strip.reshape(-1, 3), faces.transpose(0, 2, 1).reshape(-1, 3))
    assert len(clean_mesh(mesh).faces) == 2 * n


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_broken_parts_are_dropped_at_any_size(scale):
    n = len(STAR.vertices)
    extra = [[np.nan, 0, 0], [np.inf, 0, 0], [50, 0, 0], STAR.vertices[3]]
    extra.append((STAR.vertices[0] + STAR.vertices[1]) / 2)
    broken = [
        [0, 1, n],  # NaN
        [0, n + 1, 2],  # infinite
        [5, 5, 7],  # two corners at once
        [3, n + 3, 8],  # the same, by place
        [0, 1, n + 4],  # on a line
        STAR.faces[4][[2, 0, 1]],  # again
        STAR.faces[5][::-1],  # again, turned
    ]
    # A face that refers to the other vertex of the same place.
    faces = np.where(np.arange(len(STAR.faces))[:, None] < 40, STAR.faces, STAR.faces)
    faces = np.where(
        faces == 3, np.where(RNG.random(faces.shape) < 0.5, 3, n + 3), faces
    )
    mesh = Mesh(
        np.concatenate([STAR.vertices, extra]) * scale, np.concatenate([faces, broken])
    )
    clean = clean_mesh(mesh)
    assert len(clean.vertices) == n and len(clean.faces) == len(STAR.faces)
    back = Mesh(clean.vertices / scale, clean.faces)
    assert triangle_set(back) == triangle_set(STAR)
    assert is_closed_outwards(back)


@pytest.mark.parametrize("distance", [1e3, 1e6, 1e9])
def test_far_from_the_origin(distance):
    clean = clean_mesh(Mesh(STAR.vertices + distance, STAR.faces[:, ::-1]))
    assert np.array_equal(clean.faces[:, ::-1], STAR.faces[:, ::-1])


def test_too_far_from_the_origin_is_refused():
    with pytest.raises(ValueError, match="relative to the centre of the shape"):
        clean_mesh(Mesh(STAR.vertices + 1e12, STAR.faces))


def test_holes_of_three_and_four_edges_are_closed():
    one = clean_mesh(Mesh(STAR.vertices, STAR.faces[1:]))
    assert is_closed_outwards(one) and triangle_set(one) == triangle_set(STAR)
    solid = box()
    side = (solid.vertices[solid.faces][:, :, 0] > 0).all(axis=1)
    assert side.sum() == 2
    closed = clean_mesh(Mesh(solid.vertices, solid.faces[~side]))
    assert is_closed_outwards(closed) and len(closed.faces) == 12
    assert volume(closed) == pytest.approx(8 * 0.3 * 0.4 * 0.5)


def test_a_triangle_and_a_square_by_themselves_are_no_holes():
    square = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert len(clean_mesh(Mesh(square, [[0, 1, 2]])).faces) == 1
    assert len(clean_mesh(Mesh(square, [[0, 1, 2], [0, 2, 3]])).faces) == 2
    assert len(clean_mesh(Mesh(square, [[0, 1, 3], [1, 2, 3]])).faces) == 2


def test_large_holes_stay():
    lid = STAR.vertices[STAR.faces].mean(axis=1)[:, 2] > 0.5
    open_ = Mesh(STAR.vertices, STAR.faces[~lid])
    assert len(clean_mesh(open_).faces) == (~lid).sum()


@pytest.mark.parametrize(
    ("vertices", "message"),
    [
        ([[np.nan] * 3] * 3, "all of its faces are infinite or NaN"),
        ([[1, 1, 1], [2, 2, 2], [3, 3, 3]], "all of its faces are without area"),
        ([[5, 5, 5]] * 3, "coincide to round-off"),
        ([[0, 0, 0]] * 3, "coincide to round-off"),
    ],
)
def test_nothing_left_is_an_error(vertices, message):
    with pytest.raises(ValueError, match=message):
        clean_mesh(Mesh(vertices, [[0, 1, 2]]))

"""Maps of meshes are those of geometry, of brute force, and turn with the mesh."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from deepsphere_pyg.convert import (
    MESH_CHANNELS,
    Mesh,
    background_maps,
    clean_mesh,
    convex_hull,
    mesh_maps,
    normalized_mesh,
)
from samplings import Equiangular, HEALPix, Icosahedral
from tests.convert.meshes.solids import ball, box, star, torus
from tests.helpers import scattered

PIXELS = HEALPix(8)
# Maps are rounded to single precision.
SINGLE = {"rtol": 0, "atol": 2.5e-7}


def brute_force(mesh, xyz):
    """First hits of all rays with all triangles, in double precision."""
    a, b, c = mesh.vertices[mesh.faces].transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    cosine = xyz @ normal.T
    height = (normal * a).sum(axis=1) / cosine
    points = height[..., None] * xyz[:, None]
    inside = np.ones(cosine.shape, dtype=bool)
    for start, end in ((a, b), (b, c), (c, a)):
        side = np.cross(end - start, points - start)
        inside &= (side * normal).sum(axis=-1) >= -1e-12
    height = np.where(inside, height, -np.inf)
    first = height.argmax(axis=1)
    at = np.arange(len(xyz))
    maps = np.stack([1 - height[at, first], cosine[at, first]], axis=1)
    sine = np.linalg.norm(np.cross(normal[first], xyz), axis=1)
    maps = np.column_stack([maps, sine])
    maps[np.isinf(maps[:, 0])] = [1, 0, 0]
    return maps


@pytest.mark.parametrize(
    "sampling",
    [
        HEALPix(16),
        HEALPix(5, nest=False),
        Equiangular(16),
        Icosahedral(3),
        scattered(99),
    ],
)
def test_box(sampling):
    sides = np.array([0.3, 0.4, 0.5])
    sizes = np.abs(sampling.xyz)
    along = np.divide(sides, sizes, out=np.full(sizes.shape, 9.0), where=sizes > 0)
    side = along.argmin(axis=1)
    at = np.arange(len(sampling))
    cosine = sizes[at, side]
    # Rays along edges may show either side.
    second = np.sort(along, axis=1)[:, 1]
    clear = second > along[at, side] + 1e-5
    maps = mesh_maps(box(*sides), sampling)
    assert np.allclose(maps[:, 0], 1 - along[at, side], **SINGLE)
    assert np.allclose(maps[clear, 1], cosine[clear], **SINGLE)
    assert np.allclose(maps[clear, 2], np.sqrt(1 - cosine[clear] ** 2), **SINGLE)
    assert np.allclose(maps[:, 3], maps[:, 0], **SINGLE)
    assert np.allclose(maps[clear, 4:], maps[clear, 1:3], **SINGLE)
    assert maps.dtype == np.float32


@pytest.mark.parametrize("centre", [(0, 0, 0), (0.1, -0.2, 0.05), (0.5, 0.3, -0.2)])
def test_ball_within_which_or_beside_which_the_centre_is(centre):
    radius, centre = 0.3, np.array(centre)
    mesh = ball(radius, tuple(centre), level=4)
    along = PIXELS.xyz @ centre
    square = along**2 - centre @ centre + radius**2
    # Triangles are at most that far below the sphere, whose silhouette is left out.
    corners = mesh.vertices[mesh.faces].mean(axis=1) - centre
    sag = radius - np.linalg.norm(corners, axis=1).min()
    clear, hit = np.abs(square) > 0.02, square > 0
    height = along + np.sqrt(np.where(hit, square, 0))
    normal = (height[:, None] * PIXELS.xyz - centre) / radius
    cosine = np.where(hit, (normal * PIXELS.xyz).sum(axis=1), 0)
    distance = np.where(hit, 1 - height, 1)
    maps = mesh_maps(mesh, PIXELS, hull=False)[clear]
    # The sag counts along the ray, which is oblique to the surface.
    assert np.abs(maps[:, 0] - distance[clear]).max() < 2 * sag / np.sqrt(0.02)
    assert np.abs(maps[:, 1] - cosine[clear]).max() < 0.1
    assert np.allclose((maps[:, 1:] ** 2).sum(axis=1), hit[clear], rtol=0, atol=1e-6)
    if np.linalg.norm(centre) > radius:
        # Behind the centre of the sphere.
        assert distance[clear].max() > 1.2 and not hit.all()


@pytest.mark.oracle
@pytest.mark.parametrize("solid", [star(level=1), torus(), ball(level=1)])
def test_every_ray_is_that_of_brute_force(solid):
    mesh = normalized_mesh(solid, shift=[0.03, 0.05, -0.02])
    sampling = scattered(200, seed=3)
    maps = mesh_maps(mesh, sampling)
    assert np.allclose(maps[:, :3], brute_force(mesh, sampling.xyz), **SINGLE)
    hull = convex_hull(mesh)
    assert np.allclose(maps[:, 3:], brute_force(hull, sampling.xyz), **SINGLE)


def test_no_ray_slips_through_a_vertex_or_an_edge():
    """Rays to all vertices and middles of edges of a fine ball meet its near side."""
    solid = ball(0.5, level=4)
    edges = solid.vertices[solid.faces[:, :2]].mean(axis=1)
    places = np.unique(np.concatenate([solid.vertices, edges]).round(12), axis=0)
    places /= np.linalg.norm(places, axis=1)[:, None]
    from samplings import Irregular

    areas = np.full(len(places), 4 * np.pi / len(places))
    maps = mesh_maps(solid, Irregular(places, areas))
    assert np.abs(maps[:, [0, 3]] - 0.5).max() < 2e-3
    assert maps[:, [1, 4]].min() > 0.99


@pytest.mark.parametrize("solid", [star(), torus(), box()])
def test_a_quarter_turn_permutes_the_pixels(solid):
    mesh = normalized_mesh(solid, shift=[0.02, 0.03, 0.05])
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    turned = Mesh(mesh.vertices @ quarter.T, mesh.faces)
    _, at = cKDTree(PIXELS.xyz).query(PIXELS.xyz @ quarter.T)
    assert sorted(at) == list(range(len(PIXELS)))
    maps = mesh_maps(turned, PIXELS)
    assert np.allclose(maps[at], mesh_maps(mesh, PIXELS), **SINGLE)


def test_a_turn_by_columns_moves_the_columns():
    grid = Equiangular(16)
    mesh = normalized_mesh(star(1), shift=[0.02, 0.03, 0.05])
    columns = grid.to_grid(grid.phi).shape[1]
    turn = Rotation.from_euler("z", 3 * 2 * np.pi / columns)
    turned = Mesh(mesh.vertices @ turn.as_matrix().T, mesh.faces)
    maps, expected = (grid.to_grid(mesh_maps(m, grid), axis=-2) for m in (turned, mesh))
    assert np.allclose(maps, np.roll(expected, 3, axis=1), rtol=0, atol=1e-6)


@given(
    st.floats(-30, 30),
    st.lists(st.floats(-100, 100), min_size=3, max_size=3),
    st.integers(0, 3),
)
@settings(max_examples=15, deadline=None, derandomize=True)
def test_size_and_place_of_the_input_make_no_difference(decades, move, seed):
    solid = star(seed, level=1)
    moved = Mesh((solid.vertices + move) * 10.0**decades, solid.faces)
    maps, expected = (
        mesh_maps(normalized_mesh(clean_mesh(m)), HEALPix(4)) for m in (moved, solid)
    )
    assert np.allclose(maps, expected, rtol=0, atol=1e-6)


def test_cosines_are_negative_where_a_surface_shows_its_inside():
    mesh = normalized_mesh(star())
    maps = mesh_maps(mesh, PIXELS)
    inside_out = mesh_maps(Mesh(mesh.vertices, mesh.faces[:, ::-1]), PIXELS)
    assert maps[:, 1].min() > 0
    assert np.allclose(inside_out[:, 1], -maps[:, 1], **SINGLE)
    rest = [0, 2, 3, 4, 5]
    assert np.allclose(inside_out[:, rest], maps[:, rest], **SINGLE)


def test_misses_and_channels():
    flat = normalized_mesh(Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]))
    one = mesh_maps(flat, PIXELS)
    zero = mesh_maps(flat, PIXELS, miss=0)
    assert one.shape == (len(PIXELS), 6) and len(MESH_CHANNELS) == 6
    # No volume, no hull: the mesh itself.
    assert np.array_equal(one[:, :3], one[:, 3:])
    assert np.array_equal(mesh_maps(flat, PIXELS, hull=False), one[:, :3])
    missed = (one[:, 1] == 0) & (one[:, 2] == 0)
    assert missed.any() and (one[missed, 0] == 1).all() and (zero[missed, 0] == 0).all()
    assert np.array_equal(one[~missed], zero[~missed])
    assert np.array_equal(background_maps(PIXELS)[missed], one[missed])
    assert background_maps(PIXELS, hull=False, miss=0).shape == (len(PIXELS), 3)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match=r"got a vertex at 1\.41421 from its centre"):
        mesh_maps(Mesh([[0, 0, 0], [1, 1, 0], [0, 1, 0]], [[0, 1, 2]]), PIXELS)
    with pytest.raises(TypeError, match="mesh must be a Mesh"):
        mesh_maps([[0, 1, 2]], PIXELS)
    with pytest.raises(TypeError, match="sampling must be a sampling"):
        mesh_maps(box(), 8)
    with pytest.raises(ValueError, match="miss must be finite and not negative"):
        mesh_maps(box(), PIXELS, miss=-1)

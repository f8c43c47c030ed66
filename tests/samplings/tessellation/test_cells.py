"""Cells as polygons: Voronoi cells against scipy, and their topology."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import SphericalVoronoi

from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    HEALPix,
    Icosahedral,
    IcosahedralTriangles,
)
from samplings.tessellation.cells import polygon_cells, voronoi_cells
from samplings.tessellation.spherical_triangles import sector_areas, triangle_areas
from samplings.transfer.limits import limiting_discs
from tests.helpers import scattered_points
from tests.round_off import assert_near, round_off

law = settings(max_examples=40, derandomize=True, deadline=None)


@law
@given(st.integers(4, 300), st.integers(0, 2**32 - 1), st.sampled_from([1e-2, 1, 100]))
def test_voronoi_cells_are_those_of_scipy(n, seed, spread):
    xyz = np.random.default_rng(seed).standard_normal((n, 3)) * spread + [0, 0, 1]
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    cells = voronoi_cells(xyz)
    voronoi = SphericalVoronoi(xyz, threshold=1e-9)
    voronoi.sort_vertices_of_regions()
    np.testing.assert_allclose(cells.areas, voronoi.calculate_areas(), atol=1e-6)
    assert cells.areas.sum() == pytest.approx(4 * np.pi, rel=1e-9)
    cell = np.repeat(np.arange(n), np.diff(cells.indptr))
    # Sides are half-way to the neighbour, whose cell has the same side.
    start = cells.corners[cells.indices]
    to_own = np.linalg.norm(start - xyz[cell], axis=1)
    to_other = np.linalg.norm(start - xyz[cells.neighbours], axis=1)
    np.testing.assert_allclose(to_own, to_other, atol=1e-9)
    pairs = np.stack([cell, cells.neighbours], axis=1)
    assert {tuple(p) for p in pairs} == {tuple(p) for p in pairs[:, ::-1]}


@pytest.mark.parametrize(
    "sampling",
    [
        HEALPix(4),
        Equiangular(6, 10),
        Icosahedral(2),
        IcosahedralTriangles(2),
        CubedSphere(4),
        Fibonacci(100),
    ],
    ids=lambda s: s.name,
)
def test_cells_are_counterclockwise_around_their_points_and_cover_the_sphere(sampling):
    cells = sampling.cells()
    cell = np.repeat(np.arange(len(cells)), np.diff(cells.indptr))
    start, end = cells.corners[cells.indices], cells.corners[cells.following]
    turn = np.linalg.det(np.stack([sampling.xyz[cell], start, end], axis=1))
    # Of four points on a circle some sides have no length.
    assert turn.min() > -1e-15
    for point in (start, end):
        assert_near(np.einsum("ij,ij->i", cells.normals, point), 0, 9, 1)
    assert np.einsum("ij,ij->i", cells.normals, sampling.xyz[cell]).min() > 0
    assert cells.areas.sum() == pytest.approx(4 * np.pi, rel=round_off(float, 1000))


def test_parts_of_cells_know_their_neighbours_and_where_there_are_none():
    sampling = HEALPix(4)
    north = np.flatnonzero(sampling.lat > 0)
    whole, part = sampling.cells(), sampling[north].cells()
    assert len(part) == len(north)
    np.testing.assert_allclose(part.areas, whole.areas[north])
    sides = np.isin(np.repeat(np.arange(192), np.diff(whole.indptr)), north)
    across = whole.neighbours[sides]
    inside = np.isin(across, north)
    np.testing.assert_array_equal(part.neighbours >= 0, inside)
    np.testing.assert_array_equal(north[part.neighbours[inside]], across[inside])


def test_cells_are_read_only():
    for cells in (CubedSphere(2).cells(), copy.deepcopy(CubedSphere(2).cells())):
        with pytest.raises(ValueError, match="read-only"):
            cells.corners[0] = 0


def test_error_for_cells_with_gaps():
    corners = np.eye(3)
    with pytest.raises(ValueError, match="a side has no cell on its other side"):
        polygon_cells(corners, np.array([[0, 1, 2]]))


@law
@given(st.integers(0, 2**32 - 1))
def test_sectors_without_a_limit_are_triangles(seed):
    a, b, c = scattered_points(30, seed).reshape(3, 10, 3)
    expected = triangle_areas(a, b, c) * np.sign(np.linalg.det(np.stack([a, b, c], 1)))
    np.testing.assert_allclose(sector_areas(a, b, c, np.pi), expected, atol=1e-9)


@law
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 3.1))
def test_sectors_round_a_point_are_discs(seed, radius):
    # Of polygons whose sides are all beyond the disc, the whole disc is left.
    apex, *_ = scattered_points(1, seed)
    turn, _ = np.linalg.qr(np.stack([apex, *scattered_points(2, seed + 1)], axis=1))
    turn[:, 0] = apex
    angle = np.linspace(0, 2 * np.pi, 7)[:-1]
    ring = [
        np.full(6, np.cos(3.12)),
        *(np.sin(3.12) * f(angle) for f in (np.cos, np.sin)),
    ]
    corners = np.stack(ring, axis=1) @ turn.T
    if np.linalg.det(turn) < 0:
        corners = corners[::-1]
    # Sides of a hexagon that far off pass nearer to the apex than its corners.
    nearest = np.pi - np.arctan(np.tan(np.pi - 3.12) * np.cos(np.pi / 6))
    limit = min(radius, nearest - 1e-6, np.pi / 2)
    area = sector_areas(np.tile(apex, (6, 1)), corners, np.roll(corners, -1, 0), limit)
    if limit < np.pi / 2:
        assert area.sum() == pytest.approx(2 * np.pi * (1 - np.cos(limit)), rel=1e-9)


def test_limits_give_cells_their_areas():
    generator = np.random.default_rng(0)
    cells = voronoi_cells(scattered_points(50))
    weights = cells.areas * generator.uniform(0.1, 1.1, 50)
    discs = limiting_discs(cells, scattered_points(50), weights)
    limited = discs.radius < np.pi
    np.testing.assert_array_equal(limited, weights < 0.9 * cells.areas)
    cell = np.repeat(np.arange(50), np.diff(cells.indptr))
    fan = sector_areas(
        scattered_points(50)[cell],
        cells.corners[cells.indices],
        cells.corners[cells.following],
        discs.radius[cell],
    )
    found = np.bincount(cell, fan)
    np.testing.assert_allclose(found[limited], weights[limited], rtol=1e-12)
    np.testing.assert_allclose(found[~limited], cells.areas[~limited], rtol=1e-12)

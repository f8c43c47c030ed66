"""Meshes whose maps are known."""

import functools

import numpy as np
import trimesh

from deepsphere_pyg.convert import Mesh

# Corners of a face of a box, numbered by the bits of x, y and z.
SIDES = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2]]
SIDES += [[1, 3, 7, 5]]
FACES = [[a, b, c] for a, b, c, _ in SIDES] + [[a, c, d] for a, _, c, d in SIDES]


def box(x=0.3, y=0.4, z=0.5):
    """Box of these half sides about the origin."""
    corners = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)])
    faces = np.array(FACES)[:, ::-1]
    return outwards(Mesh((2 * corners - 1) * [x, y, z], faces))


@functools.cache
def ball(radius=1.0, centre=(0, 0, 0), level=3):
    """Subdivided icosahedron."""
    solid = trimesh.creation.icosphere(subdivisions=level)
    return Mesh(solid.vertices * radius + np.array(centre), solid.faces)


@functools.cache
def star(seed=0, level=2):
    """Ball with bumps, whose surface can be seen from the centre as a whole."""
    mesh = ball(level=level)
    rng = np.random.default_rng(seed)
    sizes = rng.uniform(0.6, 1, (len(mesh.vertices), 1))
    return Mesh(mesh.vertices * sizes, mesh.faces)


@functools.cache
def torus():
    """Torus in the plane of the equator, without symmetries of the samplings."""
    solid = trimesh.creation.torus(0.7, 0.25, major_sections=31, minor_sections=17)
    return Mesh(solid.vertices, solid.faces)


def outwards(mesh):
    """Turn the faces of a convex mesh about the origin outwards."""
    corners = mesh.vertices[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    turn = (normals * corners[:, 0]).sum(axis=1) < 0
    return Mesh(mesh.vertices, np.where(turn[:, None], mesh.faces[:, ::-1], mesh.faces))


def volume(mesh):
    """Volume that a closed mesh encloses, negative if it is inside out."""
    a, b, c = mesh.vertices[mesh.faces].transpose(1, 0, 2)
    return (a * np.cross(b, c)).sum() / 6

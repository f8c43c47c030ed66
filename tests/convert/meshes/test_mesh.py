"""A mesh is checked when it is made, and never changes."""

import pickle

import numpy as np
import pytest

from deepsphere_pyg.convert import Mesh

CORNERS = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]


def test_arrays_are_read_only_copies():
    vertices, faces = np.array(CORNERS, dtype=np.float32), np.array([[0, 1, 2]], "u1")
    mesh = Mesh(vertices, faces)
    vertices[:], faces[:] = 7, 0
    assert mesh.vertices.dtype == np.float64 and mesh.faces.dtype == np.int64
    assert mesh.vertices.max() == 1 and mesh.faces.tolist() == [[0, 1, 2]]
    for kept in (mesh, pickle.loads(pickle.dumps(mesh))):
        assert not kept.vertices.flags.writeable and not kept.faces.flags.writeable


@pytest.mark.parametrize(
    ("vertices", "faces", "error", "message"),
    [
        (CORNERS, [], ValueError, "got none: the mesh is empty"),
        (CORNERS, np.zeros((0, 3), int), ValueError, "the mesh is empty"),
        (CORNERS, [[0, 1, 3]], ValueError, "from 0 to 2, got 3"),
        (CORNERS, [[0, 1, -1]], ValueError, "from 0 to 2, got -1"),
        (CORNERS, [[0, 1, 2, 0]], ValueError, r"shape \(F, 3\).*split other polygons"),
        (CORNERS, [[0.0, 1.0, 2.0]], TypeError, "faces must be integers"),
        ([[0, 0]], [[0, 0, 0]], ValueError, r"shape \(P, 3\), got \(1, 2\)"),
        ([["a"] * 3], [[0, 0, 0]], TypeError, "vertices must be real numbers"),
    ],
)
def test_faults_are_told(vertices, faces, error, message):
    with pytest.raises(error, match=message):
        Mesh(vertices, faces)

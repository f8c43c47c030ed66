"""Files of each format give the mesh that was written, or their fault."""

import numpy as np
import pytest
import trimesh

from deepsphere_pyg.convert import clean_mesh, read_mesh
from samplings.reading import DataFileError
from tests.convert.meshes.solids import star

OFF = "3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
TRIANGLE = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"


def triangles(mesh):
    """Corners of the faces, in an order that does not depend on the file."""
    corners = mesh.vertices[mesh.faces]
    first = corners[:, :, 0].argmin(axis=1)[:, None]
    turned = corners[np.arange(len(corners))[:, None], (first + np.arange(3)) % 3]
    return turned[np.lexsort(turned.round(5).reshape(len(turned), 9).T)]


@pytest.mark.parametrize("kind", ["obj", "off", "ply", "stl", "OFF"])
def test_round_trip(tmp_path, kind):
    mesh = star(level=1)
    file = tmp_path / f"star.{kind}"
    trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).export(
        file, file_type=kind.lower()
    )
    found = clean_mesh(read_mesh(file))
    assert len(found.vertices) == len(mesh.vertices)
    # Binary files hold single precision, and texts some eight decimals.
    assert np.allclose(triangles(found), triangles(mesh), rtol=0, atol=1e-6)


@pytest.mark.parametrize("header", ["OFF\n", "OFF ", "OFF", "# made by hand\nOFF\n"])
def test_headers_of_modelnet(tmp_path, header):
    file = tmp_path / "chair.off"
    file.write_text(header + OFF)
    mesh = read_mesh(file)
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert mesh.faces.tolist() == [[0, 1, 2]]


def test_only_places_count_in_obj(tmp_path):
    """Objects are joined, polygons split, and textures and materials left out."""
    file = tmp_path / "000001.obj"
    text = "mtllib none.mtl\no a\n" + TRIANGLE + "v 1 1 0\nv 0 0 1\nvt 0 0\nvn 0 0 1\n"
    text += "usemtl b\nf 1/1/1 2/1/1 4/1/1 3/1/1\no c\nusemtl d\nf 1//1 3//1 5//1\n"
    file.write_text(text + "f -1 -2 -4\n")
    mesh = clean_mesh(read_mesh(file))
    assert len(mesh.vertices) == 5 and len(mesh.faces) == 4
    areas = trimesh.Trimesh(mesh.vertices, mesh.faces).area_faces
    assert np.allclose(sorted(areas), [0.5, 0.5, 0.5, np.sqrt(0.5)])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.obj", "", "is empty: it has no bytes"),
        ("a.obj", "# nothing\n", "is empty: it has no faces"),
        ("a.obj", TRIANGLE, "is empty: it has no faces"),
        ("a.obj", TRIANGLE + "f 1 2 9\n", "cannot be read as OBJ"),
        ("a.off", "OFF 3 1 0\n0 0 0\n", "cannot be read as OFF"),
        ("a.off", OFF, "cannot be read as OFF"),
        ("a.ply", "ply\n", "cannot be read as PLY"),
        ("a.stl", "solid\nendsolid\n", "is empty: it has no faces"),
        ("a.dae", "<x/>", r"must be an \.obj, \.off, \.ply, \.stl file"),
    ],
)
def test_faults_name_the_file(tmp_path, name, text, message):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(ValueError, match=message) as told:
        read_mesh(file)
    assert str(file) in str(told.value)
    if "empty" in message:
        assert isinstance(told.value, DataFileError)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.obj does not exist"):
        read_mesh(tmp_path / "gone.obj")


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "trimesh", None)
    with pytest.raises(ImportError, match=r"pip install 'deepsphere-pyg\[shapes\]'"):
        read_mesh(tmp_path / "a.obj")

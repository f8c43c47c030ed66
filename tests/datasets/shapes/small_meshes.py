"""Tiny meshes in files, which the tests of sources share."""

from pathlib import Path

import numpy as np

from deepsphere_pyg.convert.meshes.mesh import Mesh

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


def write_obj(path: Path, size: float = 1.0) -> Path:
    """Write a tetrahedron as the data of SHREC'17 are: faces with three indices."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"v {x} {y} {z}" for x, y, z in size * CORNERS]
    lines += ["vn 0 0 1"]
    lines += ["f " + " ".join(f"{v}//1" for v in face) for face in FACES + 1]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_off(path: Path, size: float = 1.0, header: str = "OFF\n") -> Path:
    """Write a tetrahedron as OFF; ModelNet's header lacks the end of the line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{header}4 4 0"]
    lines += [f"{x} {y} {z}" for x, y, z in size * CORNERS]
    lines += ["3 " + " ".join(map(str, face)) for face in FACES]
    path.write_text("\n".join(lines) + "\n")
    return path


def princeton_arrays(n: int = 20) -> dict[str, np.ndarray]:
    """Arrays of the Princeton benchmark: tetrahedra of two classes, growing."""
    offsets = np.arange(n + 1) * 4
    classes = ["Ant", "Vase"]
    return {
        "verts_u16": np.tile(CORNERS * 65535, (n, 1)).astype(np.uint16),
        "faces": np.tile(FACES, (n, 1)).astype(np.uint16),
        "vert_offsets": offsets,
        "face_offsets": offsets,
        "scale": np.arange(1.0, n + 1),
        "origin": np.arange(3.0 * n).reshape(n, 3),
        "labels": (np.arange(n) % 2).astype(np.int16),
        "class_names": np.array(classes),
        "names": np.array([f"{classes[i % 2]}/{i}" for i in range(n)]),
    }


def write_princeton(folder: Path, **changes: object) -> Path:
    """Write the archive with some arrays changed, or, by None, left out."""
    arrays = {**princeton_arrays(), **changes}
    path = folder / "lpsb190.npz"
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
    return path


def volume(mesh: Mesh) -> float:
    """Signed volume of a closed mesh: positive if its faces look outwards."""
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces], 1, 0)
    return float((a * np.cross(b, c)).sum() / 6)

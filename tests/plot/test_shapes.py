"""Pictures of meshes, of retrievals and of maps of shapes."""

import numpy as np
import pytest

from deepsphere_pyg.convert.meshes import MESH_CHANNELS, Mesh
from deepsphere_pyg.plot.shapes import retrieval_picture, shape_maps_picture
from samplings import HEALPix

CORNERS = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
MESH = Mesh(CORNERS, [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


@pytest.mark.parametrize("n_channels", [3, 6])
def test_maps_of_the_hull_have_the_scale_of_those_of_the_mesh(n_channels):
    rng = np.random.default_rng(0)
    maps = rng.uniform(size=(12, n_channels))
    figure = shape_maps_picture(
        MESH, maps, HEALPix(1), MESH_CHANNELS[:n_channels], "a tetrahedron"
    )
    mesh, *panels = [axes for axes in figure.axes if axes.get_title()]
    assert mesh.get_title() == "a tetrahedron"
    kinds = [f"{kind} of the mesh" for kind in ("distance", "cosine", "sine")]
    hulls = [kind.replace("mesh", "hull") for kind in kinds]
    assert [axes.get_title() for axes in panels] == [*kinds, *hulls][:n_channels]
    for number, axes in enumerate(panels):
        pair = maps[:, number % 3 :: 3]
        assert axes.images[0].get_clim() == (pair.min(), pair.max())


def test_retrieved_shapes_of_another_class_are_red():
    rows = [("best", [(MESH, "egg", True), (MESH, "egg", True), (MESH, "ring", False)])]
    figure = retrieval_picture([*rows, ("worst", [(MESH, "ring", True)])])
    labels = [axes.xaxis.label for axes in figure.axes[:4]]
    assert [label.get_text() for label in labels] == [
        *("query: egg", "egg", "ring", "query: ring")
    ]
    assert labels[1].get_color() != labels[2].get_color()
    assert [axes.get_title("left") for axes in figure.axes[::3]] == ["best", "worst"]

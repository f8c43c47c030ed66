"""Triangles of ICON are read by their convention, and real meshes of models."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from deepsphere_pyg.convert import from_xarray
from samplings import Fibonacci, Irregular
from samplings.tessellation.spherical_triangles import triangle_areas

xr = pytest.importorskip("xarray")
RADIUS = 6_371_229.0
NODES = Fibonacci(60)
FACES = ConvexHull(NODES.xyz).simplices
CENTRES = NODES.xyz[FACES].sum(axis=1)
CENTRES /= np.linalg.norm(CENTRES, axis=1, keepdims=True)
AREAS = triangle_areas(*(NODES.xyz[corner] for corner in FACES.T))


def icon(**attributes):
    x, y, z = CENTRES.T
    lat, lon = np.arcsin(z), np.arctan2(y, x)
    nodes = np.deg2rad([NODES.lat, NODES.lon])
    return xr.Dataset(
        {
            "ta": (("height", "cell"), np.zeros((2, len(FACES)))),
            "vort": ("vertex", np.zeros(60)),
            "clat": ("cell", lat, attributes),
            "clon": ("cell", lon, attributes),
            "vlat": ("vertex", nodes[0], attributes),
            "vlon": ("vertex", nodes[1], attributes),
            "clat_vertices": (("cell", "nv"), nodes[0][FACES]),
            "clon_vertices": (("cell", "nv"), nodes[1][FACES]),
            "vertex_of_cell": (("nv", "cell"), FACES.T + 1),
            "cell_area": ("cell", AREAS * RADIUS**2, {"units": "m2"}),
        },
        attrs={"sphere_radius": RADIUS},
    )


@pytest.mark.parametrize("attributes", [{}, {"units": "radian"}])
def test_icon_is_in_radians_with_its_areas_vertices_or_triangles(attributes):
    data = icon(**attributes)
    for dropped in ([], ["cell_area"], ["cell_area", "clat_vertices"]):
        found = from_xarray(data.drop_vars(dropped), "ta").sampling
        np.testing.assert_allclose(found.xyz, CENTRES, atol=1e-12)
        np.testing.assert_allclose(found.weights, AREAS, rtol=1e-9)
    data["dual_area"] = ("vertex", NODES.weights * RADIUS**2)
    found = from_xarray(data, "vort").sampling
    np.testing.assert_allclose(found.weights, NODES.weights, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("MPAS", "surface_pressure"),
        ("triangular_grid_ICON", "S"),
        ("camse_unstructured_grid", "T850"),
    ],
)
@pytest.mark.slow
def test_real_meshes_cover_the_sphere(shared_data, name, variable):
    path = shared_data / "grids" / f"{name}.nc"
    with xr.open_dataset(path, decode_times=False) as data:
        found = from_xarray(data, variable).sampling
    assert isinstance(found, Irregular)
    assert found.area == pytest.approx(4 * np.pi, rel=1e-6)

"""Meshes are read by their conventions, with their areas and connectivity."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull, SphericalVoronoi

from deepsphere_pyg.convert import UnusableAreasWarning, from_xarray
from samplings import Equiangular, Fibonacci, GaussLegendre, same_sampling
from samplings.tessellation.spherical_triangles import triangle_areas

xr = pytest.importorskip("xarray")
RADIUS = 6_371_229.0
NODES = Fibonacci(60)
FACES = ConvexHull(NODES.xyz).simplices
CENTRES = NODES.xyz[FACES].sum(axis=1)
CENTRES /= np.linalg.norm(CENTRES, axis=1, keepdims=True)
AREAS = triangle_areas(*(NODES.xyz[corner] for corner in FACES.T))
NORTH = {"standard_name": "latitude", "units": "degrees_north"}
EAST = {"standard_name": "longitude", "units": "degrees_east"}


def lonlat(xyz):
    return np.rad2deg(np.arctan2(xyz[:, 1], xyz[:, 0])), np.rad2deg(
        np.arcsin(xyz[:, 2])
    )


def ugrid(faces=FACES, dtype=np.int32, **connectivity):
    """A mesh of triangles with values at its faces, nodes and edges."""
    edges = np.unique(np.sort(np.concatenate([faces[:, :2], faces[:, 1:3]])), axis=0)
    return xr.Dataset(
        {
            "mesh": (
                (),
                0,
                {
                    "cf_role": "mesh_topology",
                    "topology_dimension": 2,
                    "node_coordinates": "node_x node_y",
                    "face_node_connectivity": "face_nodes",
                    "edge_node_connectivity": "edge_nodes",
                },
            ),
            "node_x": ("node", NODES.lon, EAST),
            "node_y": ("node", NODES.lat, NORTH),
            "face_nodes": (("face", "three"), faces.astype(dtype), connectivity),
            "edge_nodes": (("edge", "two"), edges.astype(dtype), connectivity),
            "t": ("face", np.arange(len(faces)), {"mesh": "mesh", "location": "face"}),
            "h": ("node", np.arange(60.0), {"mesh": "mesh", "location": "node"}),
            "u": ("edge", np.arange(len(edges)), {"mesh": "mesh", "location": "edge"}),
        }
    )


@pytest.mark.parametrize("start", [None, 0, 1])
def test_faces_of_ugrid_have_the_areas_of_their_polygons(start):
    attributes = {} if start is None else {"start_index": start}
    data = ugrid(FACES + (start or 0), **attributes)
    places = from_xarray(data, "t")
    assert places.dims == ("face",)
    np.testing.assert_allclose(places.sampling.xyz, CENTRES, atol=1e-12)
    np.testing.assert_allclose(places.sampling.weights, AREAS, rtol=1e-9)
    values, mask = places.signal(data, ["t"])
    np.testing.assert_array_equal(values[:, 0], np.arange(len(FACES)))
    assert mask.all()


def test_nodes_of_ugrid_share_the_areas_of_their_faces():
    found = from_xarray(ugrid(), "h").sampling
    np.testing.assert_allclose(found.xyz, NODES.xyz, atol=1e-12)
    assert found.area == pytest.approx(4 * np.pi, rel=1e-12)
    # each stands for about a third of the triangles that it is a corner of
    thirds = sum(np.bincount(corner, AREAS / 3, 60) for corner in FACES.T)
    np.testing.assert_allclose(found.weights, thirds, rtol=0.1)


def test_edges_of_ugrid_are_where_the_middle_of_their_nodes_is():
    data = ugrid()
    found = from_xarray(data, "u").sampling
    middle = NODES.xyz[data.edge_nodes.values].sum(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    np.testing.assert_allclose(found.xyz, middle, atol=1e-12)


@pytest.mark.parametrize("fill", [-1, -999, 2**31 - 1, np.nan])
def test_polygons_of_fewer_nodes_are_filled_up_by_missing_ones(fill):
    # two triangles of the mesh made one quadrilateral
    first = FACES[0]
    other = next(
        i for i in range(1, len(FACES)) if len(np.intersect1d(FACES[i], first)) == 2
    )
    shared = np.intersect1d(FACES[other], first)
    (a,), (b,) = np.setdiff1d(first, shared), np.setdiff1d(FACES[other], shared)
    padded = np.full((len(FACES) - 1, 4), fill, dtype=np.float64)
    padded[1:, :3] = np.delete(FACES, [0, other], axis=0)
    padded[0] = [a, shared[0], b, shared[1]]
    dtype = np.float64 if np.isnan(fill) else np.int64
    attributes = {} if np.isnan(fill) else {"_FillValue": dtype(fill)}
    data = ugrid().drop_vars(["t", "face_nodes", "u", "edge_nodes"])
    data["face_nodes"] = (("face", "four"), padded.astype(dtype), attributes)
    data["t"] = ("face", np.zeros(len(padded)), {"mesh": "mesh", "location": "face"})
    for turned in (data, data.transpose("four", "face", ...)):
        turned.mesh.attrs["face_dimension"] = "face"
        found = from_xarray(turned, "t").sampling
        assert found.area == pytest.approx(4 * np.pi, rel=1e-9)
        assert found.weights[0] == pytest.approx(AREAS[0] + AREAS[other], rel=1e-9)
        assert from_xarray(turned, "h").sampling.area == pytest.approx(4 * np.pi)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d.face_nodes.values.__setitem__((3, 1), 60 + 7),
            r"face_nodes refers to node 67, but there are 60, .* its attribute start",
        ),
        (
            lambda d: d.face_nodes.values.__setitem__((3, slice(1, 3)), -1),
            r"face_nodes must list at least 3 nodes each, got \[.*-1\] .*position 3",
        ),
        (
            lambda d: d.node_x.attrs.update(
                standard_name="projection_x_coordinate", units="m"
            ),
            r"nodes of the mesh mesh are in a map projection \(node_x, node_y\); add",
        ),
        (
            lambda d: d.mesh.attrs.update(node_coordinates="a b"),
            r"must have latitudes and longitudes of its nodes, got .*'a b'",
        ),
    ],
)
def test_incomplete_meshes_are_explained(change, message):
    data = ugrid(FACES.copy())
    change(data)
    with pytest.raises(ValueError, match=message):
        from_xarray(data, "t")


def test_a_mesh_that_is_not_in_the_data_set_is_asked_for():
    with pytest.raises(ValueError, match=r"its mesh mesh is not in the data set: add"):
        from_xarray(ugrid()[["t"]], "t")


def scrip(sampling, unit):
    """Pixels with corners, as regridding tools exchange them."""
    scale = 1 if unit == "degrees" else np.pi / 180
    voronoi = SphericalVoronoi(sampling.xyz)
    voronoi.sort_vertices_of_regions()
    most = max(map(len, voronoi.regions))
    corners = [
        region + region[-1:] * (most - len(region)) for region in voronoi.regions
    ]
    lon, lat = lonlat(voronoi.vertices[np.array(corners)].reshape(-1, 3))
    dims = ("grid_size", "grid_corners")
    shape = (len(sampling), most)
    units = {"units": unit}
    return xr.Dataset(
        {
            "grid_dims": ("grid_rank", [len(sampling)]),
            "grid_center_lat": ("grid_size", sampling.lat * scale, units),
            "grid_center_lon": ("grid_size", sampling.lon * scale, units),
            "grid_corner_lat": (dims, lat.reshape(shape) * scale, units),
            "grid_corner_lon": (dims, lon.reshape(shape) * scale, units),
            "grid_imask": ("grid_size", np.ones(len(sampling), "i4")),
            "t": ("grid_size", sampling.lat),
        }
    ), voronoi.calculate_areas()


@pytest.mark.parametrize("unit", ["degrees", "radians"])
def test_scrip_cells_have_their_areas_or_those_of_their_corners(unit):
    data, areas = scrip(NODES, unit)
    found = from_xarray(data, "t").sampling
    np.testing.assert_allclose(found.xyz, NODES.xyz, atol=1e-12)
    np.testing.assert_allclose(found.weights, areas, rtol=1e-9)
    data["grid_area"] = ("grid_size", NODES.weights, {"units": "radians^2"})
    found = from_xarray(data, "t").sampling
    np.testing.assert_allclose(found.weights, NODES.weights, rtol=1e-12)


@pytest.mark.parametrize("whole", [Equiangular(6, 12), GaussLegendre(6, 12)])
def test_listed_grids_of_scrip_are_grids(whole):
    data = xr.Dataset(
        {
            "grid_dims": ("grid_rank", [12, 6]),
            "grid_center_lat": ("grid_size", whole.lat, {"units": "degrees"}),
            "grid_center_lon": ("grid_size", whole.lon, {"units": "degrees"}),
            "t": ("grid_size", np.arange(72)),
        }
    )
    assert same_sampling(from_xarray(data, "t").sampling, whole)


@pytest.mark.parametrize("form", ["table", "list", "no centres", "space", "radians"])
def test_esmf_meshes_of_elements_and_nodes(form):
    scale = np.pi / 180 if form == "radians" else 1.0
    units = {"units": "radians" if form == "radians" else "degrees"}
    coordinates = np.stack([NODES.lon, NODES.lat], axis=1) * scale
    if form == "space":
        coordinates, units = NODES.xyz * RADIUS, {"units": "meters"}
    centres = np.stack(lonlat(CENTRES), axis=1) * scale
    conn = (("elementCount", "maxNodePElement"), FACES + 1, {"_FillValue": -1})
    if form == "list":
        conn = ("connectionCount", FACES.ravel() + 1)
    data = xr.Dataset(
        {
            "nodeCoords": (("nodeCount", "coordDim"), coordinates, units),
            "elementConn": conn,
            "numElementConn": ("elementCount", np.full(len(FACES), 3, "i1")),
            "t": ("elementCount", AREAS),
            "h": ("nodeCount", NODES.lat),
        },
        attrs={"gridType": "unstructured"},
    )
    if form != "no centres" and form != "space":
        data["centerCoords"] = (("elementCount", "coordDim"), centres, units)
    found = from_xarray(data, "t").sampling
    np.testing.assert_allclose(found.xyz, CENTRES, atol=1e-12)
    np.testing.assert_allclose(found.weights, AREAS, rtol=1e-9)
    nodes = from_xarray(data, "h").sampling
    np.testing.assert_allclose(nodes.xyz, NODES.xyz, atol=1e-12)
    assert nodes.area == pytest.approx(4 * np.pi, rel=1e-12)
    data["elementArea"] = ("elementCount", AREAS[::-1].copy(), {"units": "radians^2"})
    np.testing.assert_allclose(from_xarray(data, "t").sampling.weights, AREAS[::-1])


def mpas(radius=RADIUS, **attributes):
    """Voronoi cells about points, and their triangles as dual cells."""
    voronoi = SphericalVoronoi(NODES.xyz)
    voronoi.sort_vertices_of_regions()
    most = max(map(len, voronoi.regions))
    on_cell = np.zeros((60, most), dtype=np.int32)
    for row, region in zip(on_cell, voronoi.regions, strict=True):
        row[: len(region)] = np.array(region) + 1
    lon, lat = lonlat(voronoi.vertices)
    return xr.Dataset(
        {
            "t": (("Time", "nCells"), np.zeros((1, 60))),
            "vorticity": ("nVertices", lat),
            "latCell": ("nCells", np.deg2rad(NODES.lat)),
            "lonCell": ("nCells", np.deg2rad(NODES.lon)),
            "latVertex": ("nVertices", np.deg2rad(lat)),
            "lonVertex": ("nVertices", np.deg2rad(lon)),
            "verticesOnCell": (("nCells", "maxEdges"), on_cell),
            "nEdgesOnCell": ("nCells", np.array([len(r) for r in voronoi.regions])),
            "cellsOnVertex": (("nVertices", "three"), voronoi._simplices + 1),
            "areaCell": ("nCells", voronoi.calculate_areas() * radius**2),
        },
        attrs={"on_a_sphere": "YES", "sphere_radius": radius, **attributes},
    ), voronoi.calculate_areas()


@pytest.mark.parametrize("radius", [1.0, RADIUS, 6_371_220.0])
def test_mpas_is_in_radians_with_areas_of_its_sphere(radius):
    data, areas = mpas(radius)
    places = from_xarray(data, "t")
    assert places.dims == ("nCells",)
    np.testing.assert_allclose(places.sampling.xyz, NODES.xyz, atol=1e-12)
    np.testing.assert_allclose(places.sampling.weights, areas, rtol=1e-9)
    named = from_xarray(data, "t", areas="areaCell").sampling
    np.testing.assert_allclose(named.weights, areas, rtol=1e-9)
    polygons = from_xarray(data.drop_vars("areaCell"), "t").sampling
    np.testing.assert_allclose(polygons.weights, areas, rtol=1e-9)
    triangles = from_xarray(data, "vorticity").sampling
    assert triangles.area == pytest.approx(4 * np.pi, rel=1e-9)
    assert len(triangles) == len(data.nVertices)


def test_areas_of_no_sphere_are_not_guessed():
    data, areas = mpas()
    del data.attrs["sphere_radius"]
    with pytest.raises(ValueError, match=r"at most 4 pi steradian, got 5\.1.*units="):
        from_xarray(data, "t", areas="areaCell")
    with pytest.warns(UnusableAreasWarning, match="others of the file are used"):
        found = from_xarray(data, "t").sampling
    np.testing.assert_allclose(found.weights, areas, rtol=1e-9)
    data.attrs["on_a_sphere"] = "NO"
    with pytest.raises(ValueError, match=r"on a plane \(on_a_sphere is NO\)"):
        from_xarray(data, "t")


def test_degrees_under_names_of_mpas_are_degrees():
    data, _ = mpas()
    for name in ("latCell", "lonCell", "latVertex", "lonVertex"):
        data[name] = np.rad2deg(data[name])
    found = from_xarray(data, "t").sampling
    np.testing.assert_allclose(found.xyz, NODES.xyz, atol=1e-12)


def test_edges_of_mpas_have_the_areas_of_their_kites():
    edges = np.unique(np.sort(np.concatenate([FACES[:, :2], FACES[:, 1:]])), axis=0)
    middle = NODES.xyz[edges].sum(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    lon, lat = lonlat(middle)
    n = len(edges)
    long, wide = np.full(n, 2e6), np.full(n, 1e6)
    data = xr.Dataset(
        {
            "u": ("nEdges", lat),
            "latEdge": ("nEdges", np.deg2rad(lat)),
            "lonEdge": ("nEdges", np.deg2rad(lon)),
            "dcEdge": ("nEdges", long),
            "dvEdge": ("nEdges", wide),
        },
        attrs={"sphere_radius": RADIUS},
    )
    found = from_xarray(data, "u").sampling
    np.testing.assert_allclose(found.weights, 1e12 / RADIUS**2, rtol=1e-12)

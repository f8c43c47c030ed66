"""Axes of rotated poles, of maps and of cell numbers are not taken for degrees."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deepsphere_pyg.convert import from_xarray
from deepsphere_pyg.convert.xarray.coordinates.mappings import true_places
from samplings import Equiangular, same_sampling

xr = pytest.importorskip("xarray")
POLE = {
    "grid_mapping_name": "rotated_latitude_longitude",
    "grid_north_pole_latitude": 39.25,
    "grid_north_pole_longitude": -162.0,
}
WKT = {
    "map": 'PROJCS["ETRS89 / LAEA Europe",GEOGCS["ETRS89",DATUM["ETRS89"]]]',
    "globe": 'GEOGCRS["WGS 84",DATUM["World Geodetic System 1984"]]',
}


def data(mapping, dims=("rlat", "rlon"), rows=None, columns=None, **reference):
    reference = reference or {"grid_mapping": "crs"}
    found = xr.Dataset(
        {"t": (dims, np.zeros((20, 30)), reference)},
        coords={
            dims[0]: (dims[0], np.linspace(-20, 20, 20), rows or {"units": "degrees"}),
            dims[1]: (
                dims[1],
                np.linspace(-30, 30, 30),
                columns or {"units": "degrees"},
            ),
        },
    )
    return found if mapping is None else found.assign_coords(crs=((), 0, mapping))


def turned(lat, lon, pole):
    """The same places by three rotations."""
    phi, lam = np.deg2rad(lat), np.deg2rad(lon)
    xyz = [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)]
    angles = [
        180 - pole.get("north_pole_grid_longitude", 0.0),
        90 - pole["grid_north_pole_latitude"],
        pole["grid_north_pole_longitude"],
    ]
    x, y, z = (
        Rotation.from_euler("zyz", angles, degrees=True)
        .apply(np.stack([one.ravel() for one in xyz], axis=1))
        .T
    )
    return np.stack([x, y, z], axis=1)


@pytest.mark.parametrize("north", [39.25, -20.0, 90.0, 0.0, -90.0])
@pytest.mark.parametrize("more", [{}, {"north_pole_grid_longitude": 33.0}])
def test_places_about_a_rotated_pole_are_those_of_rotations(north, more):
    pole = {**POLE, "grid_north_pole_latitude": north, **more}
    lat, lon = np.meshgrid(np.linspace(-90, 90, 13), np.arange(0, 360, 20.0))
    found = true_places(lat, lon, pole, "pole")
    phi, lam = np.deg2rad(found[0].ravel()), np.deg2rad(found[1].ravel())
    xyz = [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)]
    np.testing.assert_allclose(
        np.stack(xyz, axis=1), turned(lat, lon, pole), atol=1e-14
    )


def test_stated_rotated_grids_have_true_places_and_exact_areas():
    rows, columns = ({"standard_name": f"grid_{k}"} for k in ("latitude", "longitude"))
    found = data(POLE, ("a", "b"), rows, columns)
    for one in (found, found.transpose(), found.t, found.drop_attrs(deep=False)):
        sampling = from_xarray(one).sampling
        lat, lon = np.meshgrid(found.a, found.b, indexing="ij")
        np.testing.assert_allclose(sampling.xyz, turned(lat, lon, POLE), atol=1e-14)
        # half a row and column beyond the outermost ones
        height = np.sin(np.deg2rad(20 + 20 / 19)) * 2
        area = np.deg2rad(60 + 60 / 29) * height
        assert sampling.area == pytest.approx(area, rel=1e-12)
    del found.crs.attrs["grid_north_pole_latitude"]
    with pytest.raises(
        ValueError, match=r"crs must give the position of its rotated pole"
    ):
        from_xarray(found)


DEGREES = {"units": "degrees"}
NAMED = {"standard_name": "latitude"}, {"standard_name": "longitude"}
DIRECTED = {"units": "degrees_north"}, {"units": "degrees_east"}


@pytest.mark.parametrize("dims", [("rlat", "rlon"), ("y", "x"), ("lat", "lon")])
@pytest.mark.parametrize(
    "mapping",
    [
        POLE,
        {"grid_mapping_name": "lambert_conformal_conic"},
        {"grid_mapping_name": "polar_stereographic"},
        {"grid_mapping_name": "transverse_mercator"},
        {"grid_mapping_name": b"geostationary"},
        {"crs_wkt": WKT["map"]},
        {"spatial_ref": WKT["map"]},
        {"proj4": "+proj=lcc +lat_1=50"},
    ],
)
@pytest.mark.parametrize("attributes", [(DEGREES, DEGREES), ({}, {}), DIRECTED, NAMED])
def test_axes_under_a_mapping_that_turns_them_are_refused(mapping, dims, attributes):
    found = data(mapping, dims, *attributes)
    with pytest.raises(
        ValueError, match=r"of a map projection or a rotated pole.*: add the two-dimens"
    ):
        from_xarray(found)
    # true coordinates of the cells win
    lat, lon = np.meshgrid(np.arange(20.0), np.arange(30.0), indexing="ij")
    extra = {"nav_lat": (dims, lat + lon / 90), "nav_lon": (dims, lon + lat / 90)}
    assert len(from_xarray(found.assign_coords(extra)).sampling) == 600


def test_lost_references_to_a_mapping_do_not_make_degrees_of_axes():
    found = data(POLE, ("rlat", "rlon"), long_name="temperature")
    for one in (found, found.t):
        with pytest.raises(ValueError, match="rotated_latitude_longitude"):
            from_xarray(one)
    alone = data(None, ("y", "x"), grid_mapping="crs")
    with pytest.raises(ValueError, match=r"mapping crs is not in the data set.*y, x"):
        from_xarray(alone)


@pytest.mark.parametrize(
    "mapping",
    [{"grid_mapping_name": "latitude_longitude"}, {"crs_wkt": WKT["globe"]}, None],
)
@pytest.mark.parametrize("attributes", [DIRECTED, NAMED])
def test_axes_of_true_degrees_are_read_under_their_mapping(mapping, attributes):
    whole = Equiangular(6, 12)
    found = xr.Dataset(
        {"t": (("y", "x"), np.zeros((6, 12)), {"grid_mapping": "crs"})},
        coords={
            "y": ("y", whole.lat[::12], attributes[0]),
            "x": ("x", whole.lon[:12], attributes[1]),
        },
    )
    if mapping is not None:
        found = found.assign_coords(crs=((), 0, mapping))
    assert same_sampling(from_xarray(found).sampling, whole)


@pytest.mark.parametrize(
    ("dims", "units", "start"),
    [
        (("y", "x"), ({}, {}), 0),
        (("y", "x"), ({}, {}), 1),
        (("grid_yt", "grid_xt"), ({"units": "degrees_N"}, {"units": "degrees_E"}), 1),
        (("yh", "xh"), ({"units": "degrees_north"}, {"units": "degrees_east"}), 5),
    ],
)
def test_places_of_cells_win_over_their_numbers(dims, units, start):
    row, column = np.mgrid[0:20, 0:30].astype(float)
    lat, lon = -60 + row + 0.05 * column, 200 + column + 0.05 * row
    found = xr.Dataset(
        {"t": (dims, lat)},
        coords={
            dims[0]: (dims[0], np.arange(start, start + 20.0), units[0]),
            dims[1]: (dims[1], np.arange(start, start + 30.0), units[1]),
        },
    )
    extra = xr.Dataset(
        {
            "lat": (dims, lat, {"units": "degrees_north"}),
            "lon": (dims, lon, {"units": "degrees_east"}),
        }
    )
    places = from_xarray(found.merge(extra), "t")
    np.testing.assert_allclose(places.sampling.lat, lat.ravel(), atol=1e-9)
    if start < 5:
        with pytest.raises(ValueError, match=rf"count cells from {start} to .*degrees"):
            from_xarray(found)


def test_depths_and_times_are_no_axes_of_maps():
    for attributes in (
        {"units": "m", "positive": "down"},
        {"units": "m"},
        {"units": "m", "standard_name": "height", "axis": "Z"},
        {"units": "hours since 2000-01-01"},
    ):
        found = xr.Dataset(
            {"temp": (("z", "node"), np.zeros((3, 50)))},
            coords={"z": ("z", [5.0, 15, 25], attributes)},
        )
        with pytest.raises(ValueError, match="give coordinates standard_name"):
            from_xarray(xr.decode_cf(found))

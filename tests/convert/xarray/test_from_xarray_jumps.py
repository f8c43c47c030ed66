"""Neighbours in an array that are no neighbours on the globe; tiles; moving places."""

import warnings

import numpy as np
import pytest

from deepsphere_pyg.convert import DistantNeighboursWarning, from_xarray
from samplings import CubedSphere, Icosahedral

xr = pytest.importorskip("xarray")


def curved(lat, lon, dims=("y", "x")):
    return xr.Dataset(
        {"t": (dims, lat)}, coords={"lat": (dims, lat), "lon": (dims, lon)}
    )


def patch(lat, lon, n=20, turn=0):
    """Cells of one degree, slightly askew, and their area together."""
    north, east = np.meshgrid(np.arange(n) + 0.5, np.arange(n) + 0.5, indexing="ij")
    heights = np.sin(np.deg2rad([lat, lat + n]))
    area = np.deg2rad(n) * (heights[1] - heights[0])
    north, east = lat + north + 1e-4 * east, lon + east + 1e-4 * north
    return np.rot90(north, turn), np.rot90(east, turn), area


def whole(n_row=40, n_column=60):
    """A wavy grid around the globe without poles."""
    row, column = np.meshgrid(
        np.linspace(-75, 75, n_row), np.arange(n_column) * 360 / n_column, indexing="ij"
    )
    wave = np.deg2rad(column)
    return row + 3 * np.sin(wave), column + 2 * np.cos(np.deg2rad(row))


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("stack", [np.hstack, np.vstack])
@pytest.mark.parametrize("place", [(30, 90), (-60, 200), (25, 3)])
def test_tiles_side_by_side_have_their_own_areas(stack, place, turn):
    first, second = patch(0, 0), patch(*place, turn=turn)
    lat, lon = (stack([a, b]) for a, b in zip(first[:2], second[:2], strict=True))
    with pytest.warns(DistantNeighboursWarning, match="areas do not reach across"):
        found = from_xarray(curved(lat, lon)).sampling
    assert len(found) == 800
    assert found.area == pytest.approx(first[2] + second[2], rel=2e-3)
    alone = from_xarray(curved(*first[:2])).sampling
    assert found.weights.max() < 1.1 * alone.weights.max()


@pytest.mark.parametrize(
    "place", [(0.0, 0.0), (-1.0, -1.0), (12.0, 34.0), (0.0, 180.0)]
)
def test_cells_that_share_a_code_for_a_place_are_left_out(place):
    lat, lon = whole()
    exact = from_xarray(curved(lat, lon))
    dropped = np.zeros(lat.shape, dtype=bool)
    dropped[12:25, 20:35] = dropped[0:3, 40:60] = dropped[30, 2:9] = True
    data = curved(np.where(dropped, place[0], lat), np.where(dropped, place[1], lon))
    with pytest.warns(DistantNeighboursWarning) as caught:
        places = from_xarray(data)
    assert f"{dropped.sum()} cells of lat, lon (y, x) have no" in str(caught[0].message)
    np.testing.assert_array_equal(places.mask, ~dropped)
    right = exact.sampling.weights[exact.vertex[~dropped]]
    assert places.sampling.area == pytest.approx(right.sum(), rel=2e-3)
    np.testing.assert_allclose(places.sampling.weights, right, rtol=0.1)


def test_a_few_cells_far_away_do_not_reach_across():
    # a sea in unused cells of the array
    lat, lon = whole()
    exact = from_xarray(curved(lat, lon))
    sea = np.zeros(lat.shape, dtype=bool)
    sea[20:26, 30:37] = True
    north, east, _ = patch(36, 47, 7)
    lat[sea], lon[sea] = north[:6, :7].ravel(), east[:6, :7].ravel()
    with pytest.warns(DistantNeighboursWarning):
        places = from_xarray(curved(lat, lon))
    weights = places.sampling.weights[places.vertex]
    np.testing.assert_allclose(
        weights[~sea], exact.sampling.weights[exact.vertex[~sea]], rtol=0.1
    )
    degree = np.deg2rad(1) ** 2 * np.cos(np.deg2rad(lat[sea]))
    np.testing.assert_allclose(weights[sea], degree, rtol=2e-2)


def test_smooth_grids_have_no_jumps():
    # stretched tenfold, and rows that narrow towards a pole
    step = np.cumsum(1.2 ** np.abs(np.arange(-12, 13)))
    lat = np.linspace(-80, 80, 25)[:, None] + 0 * step
    lon = step / step[-1] * 300 + 0.1 * lat
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = from_xarray(curved(lat, lon)).sampling
    assert found.area < 4 * np.pi


@pytest.mark.parametrize("axis", [0, 1])
def test_rows_that_repeat_count_once(axis):
    lat, lon = whole()
    exact = from_xarray(curved(lat, lon)).sampling
    again = [
        np.insert(one, [0, 11, 31], one.take([0, 10, 30], axis), axis)
        for one in (lat, lon)
    ]
    found = from_xarray(curved(*again)).sampling
    assert len(found) == len(exact)
    assert found.area == pytest.approx(exact.area, rel=1e-12)
    np.testing.assert_allclose(np.sort(found.weights), np.sort(exact.weights))


def test_rows_of_a_pole_stand_for_its_cap():
    lat, lon = np.meshgrid(np.linspace(-90, 90, 37), np.arange(0, 360, 5.0))
    lon = lon + 1e-3 * (lat + 90)
    found = from_xarray(curved(lat, lon)).sampling
    assert len(found) == 35 * 72 + 2
    cap = 2 * np.pi * (1 - np.cos(np.deg2rad(2.5)))
    polar = np.abs(found.lat) > 89.9
    np.testing.assert_allclose(found.weights[polar], cap, rtol=0.05)
    assert found.area == pytest.approx(4 * np.pi, rel=0.01)


def test_a_fold_between_two_poles_counts_its_cells_once():
    # the last row is the one before the one before, seen from the other side
    lat, lon = whole(30, 40)
    fold = np.concatenate([np.arange(1), np.arange(39, 0, -1)])
    doubled = [np.concatenate([one, one[-2:][::-1][:, fold]]) for one in (lat, lon)]
    with pytest.warns(DistantNeighboursWarning):
        found = from_xarray(curved(*doubled)).sampling
    exact = from_xarray(curved(lat, lon)).sampling
    assert len(found) == len(exact)
    assert found.area == pytest.approx(exact.area, rel=0.01)


def test_places_in_no_order_are_refused():
    rng = np.random.default_rng(0)
    lat, lon = rng.uniform(-80, 80, (20, 30)), rng.uniform(0, 360, (20, 30))
    with pytest.raises(ValueError, match=r"pass areas=, or give the coordinates bound"):
        from_xarray(curved(lat, lon))
    given = from_xarray(curved(lat, lon), areas=np.full((20, 30), 4 * np.pi / 600))
    assert given.sampling.area == pytest.approx(4 * np.pi)


@pytest.mark.parametrize("names", [("lat", "lon"), ("yc", "xc")])
@pytest.mark.parametrize("dims", [("face", "y", "x"), ("tile", "nj", "ni")])
def test_tiles_of_a_cubed_sphere_are_one_sampling(dims, names):
    sphere = CubedSphere(12)
    lat, lon = (one.reshape(6, 12, 12) for one in (sphere.lat, sphere.lon))
    data = xr.Dataset(
        {"t": (("time", *dims), np.stack([lat, -lat]))},
        coords={
            names[0]: (dims, lat, {"units": "degrees_north"}),
            names[1]: (dims, lon, {"units": "degrees_east"}),
            dims[1]: (dims[1], np.arange(12.0)),
            dims[2]: (dims[2], np.arange(12.0)),
        },
    )
    places = from_xarray(data)
    assert places.dims == dims and places.shape == (6, 12, 12)
    assert places.sampling.area == pytest.approx(4 * np.pi, rel=0.01)
    values, mask = places.signal(data)
    np.testing.assert_allclose(values[0, :, 0], places.sampling.lat, atol=1e-9)
    assert mask.all()
    assert places.to_xarray(values, like=data).identical(data)


def wrf(change=0.0):
    lat, lon, _ = patch(10, 20)
    dims = ("Time", "south_north", "west_east")
    return xr.Dataset(
        {
            "T2": (dims, np.stack([lat, lat])),
            "XLAT": (dims, np.stack([lat, lat + change])),
            "XLONG": (dims, np.stack([lon, lon])),
        }
    )


def test_coordinates_that_stay_in_time_are_those_of_one_time():
    data = wrf()
    places = from_xarray(data, "T2")
    assert places.dims == ("south_north", "west_east")
    lat, _, area = patch(10, 20)
    np.testing.assert_allclose(places.sampling.lat, lat.ravel(), atol=1e-9)
    assert places.sampling.area == pytest.approx(area, rel=1e-3)
    values, _ = places.signal(data, ["T2"])
    assert values.shape == (2, 400, 1)
    mpas = xr.Dataset(
        {
            name: (("time", "cell"), np.stack([one, one]))
            for name, one in zip(
                ("t", "lat", "lon"),
                (Icosahedral(1).lat, Icosahedral(1).lat, Icosahedral(1).lon),
                strict=True,
            )
        }
    )
    assert from_xarray(mpas, "t").dims == ("cell",)


def test_coordinates_that_move_in_time_are_refused():
    with pytest.raises(
        ValueError, match=r"XLAT and XLONG change along Time.*data\.isel\(Time=0\)"
    ):
        from_xarray(wrf(0.5), "T2")
    first = wrf(0.5).isel(Time=0)
    assert from_xarray(first, "T2").dims == ("south_north", "west_east")

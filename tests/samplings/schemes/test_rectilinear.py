import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplings import Rectilinear, from_config
from tests.round_off import assert_near, round_off

quick = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def grids(draw):
    """Uneven rows in either direction and columns from anywhere, poles or not."""
    n_lat, n_lon = draw(st.integers(2, 9)), draw(st.integers(3, 11))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    lat = np.cumsum(rng.uniform(0.5, 1.5, n_lat))
    south = draw(st.sampled_from([-90, -80, -20, 10]))
    lat = south + (lat - lat[0]) * (90 - south) / (lat[-1] - lat[0] + rng.integers(2))
    lon = rng.uniform(-180, 360) + np.cumsum(rng.uniform(0.8, 1.2, n_lon)) * 330 / n_lon
    if draw(st.booleans()):
        lat = lat[::-1]
    if draw(st.booleans()):
        lon = lon[0] + (lon - lon[0]) / 20
    return Rectilinear(lat, (lon + 180) % 360 - 180)


@quick
@given(grids())
def test_cells_tile_the_covered_area(grid):
    low, high = np.sort(np.sin(np.deg2rad(grid.lat_bounds[[0, -1]])))
    width = np.deg2rad(grid.lon_bounds[-1] - grid.lon_bounds[0])
    assert grid.area == pytest.approx((high - low) * width, rel=1e-12)
    assert grid.cell_areas.sum() == pytest.approx(grid.area, rel=round_off(float, 1000))
    assert (grid.weights > 0).all()


@quick
@given(grids())
def test_coarsening_keeps_area_down_to_the_last_cells(grid):
    area = grid.area
    try:
        while True:
            coarsening = grid.coarsen()
            assert coarsening.coarse.area == pytest.approx(area, rel=1e-12)
            assert coarsening.coarse.is_periodic == grid.is_periodic
            np.testing.assert_array_equal(coarsening.assign.data, 1)
            grid = coarsening.coarse
    except ValueError as error:
        assert "has no rows or columns left to merge" in str(error)
    assert len(grid) <= 2


@quick
@given(grids())
def test_configuration_rebuilds_the_same_bits(grid):
    for one in (grid, grid.coarsen().coarse):
        again = from_config(one.config)
        np.testing.assert_array_equal(again.xyz, one.xyz)
        np.testing.assert_array_equal(again.weights, one.weights)
        np.testing.assert_array_equal(again.grid_index, one.grid_index)


@quick
@given(grids())
def test_vertices_are_where_rows_and_columns_cross(grid):
    lat = np.broadcast_to(grid.row_lat[:, None], grid.shape)
    np.testing.assert_allclose(grid.lat[grid.grid_index], lat, atol=1e-12)
    turn = (grid.lon[grid.grid_index] - grid.column_lon + 180) % 360 - 180
    np.testing.assert_allclose(turn[np.abs(lat) < 90], 0, atol=1e-11)


def test_a_pole_is_one_vertex_whose_cell_is_the_cap():
    grid = Rectilinear(np.linspace(90, -90, 19), np.arange(0, 360, 10))
    assert len(grid) == 17 * 36 + 2
    np.testing.assert_array_equal(grid.grid_index[0], 0)
    np.testing.assert_array_equal(grid.xyz[[0, -1]], [[0, 0, 1], [0, 0, -1]])
    cap = 2 * np.pi * (1 - np.cos(np.deg2rad(5)))
    # A difference of numbers of the size of a hemisphere.
    assert_near(grid.weights[[0, -1]], cap, 3, 2 * np.pi)
    assert grid.area == pytest.approx(4 * np.pi, rel=round_off(float, 1000))


def test_coarse_poles_hold_the_ring_next_to_them():
    grid = Rectilinear(np.linspace(90, -90, 19), np.arange(0, 360, 10))
    coarsening = grid.coarsen()
    assert coarsening.coarse.shape == (9, 18)
    assert np.diff(coarsening.assign.indptr)[0] == 1 + 36
    np.testing.assert_array_equal(coarsening.coarse.row_lat[[0, -1]], [90, -90])


def test_even_grids_coarsen_in_blocks_of_four():
    grid = Rectilinear(np.arange(-9.5, 10), np.arange(0.5, 40))
    coarse = grid.coarsen().coarse
    assert coarse.shape == (10, 20)
    np.testing.assert_allclose(coarse.row_lat, np.arange(-9, 10, 2.0))
    np.testing.assert_allclose(coarse.column_lon, np.arange(1, 40, 2.0))


def test_three_in_the_middle_merge_where_the_number_is_odd():
    grid = Rectilinear(np.arange(7), np.arange(5))
    counts = np.diff(grid.coarsen().assign.indptr).reshape(3, 2)
    np.testing.assert_array_equal(counts, np.outer([2, 3, 2], [2, 3]))


def test_rows_without_a_pole_reach_it_where_no_row_would_fit():
    # Gauss-Legendre rows: the last is 0.86 degrees from the pole at a spacing of 1.87.
    lat = np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(96)[0]))
    assert Rectilinear(lat, np.arange(192) * 1.875).area == pytest.approx(
        4 * np.pi, rel=round_off(float, 1000)
    )
    band = Rectilinear([-60, -30, 0, 30, 60], np.arange(0, 360, 30))
    # the poles are one spacing away, as in Driscoll-Healy grids
    assert band.area == pytest.approx(4 * np.pi, rel=round_off(float, 1000))
    tropics = Rectilinear([-20, -10, 0, 10, 20], np.arange(0, 360, 30))
    band = 4 * np.pi * np.sin(np.deg2rad(25))
    assert tropics.area == pytest.approx(band, rel=round_off(float, 1000))


def test_regions_across_the_meridian_are_one_piece():
    grid = Rectilinear([40, 50, 60], [350, 355, 0, 5])
    np.testing.assert_allclose(grid.column_lon, [350, 355, 360, 365])
    np.testing.assert_allclose(grid.lon_bounds[[0, -1]], [347.5, 367.5])
    assert not grid.is_periodic
    assert "347.5 to 367.5 east" in repr(grid)


def test_bounds_rule_over_half_way_points():
    grid = Rectilinear([10], [90], [0, 30], [0, 360])
    assert grid.area == pytest.approx(np.pi, rel=round_off(float, 1000))
    assert grid.is_periodic


LAT, LON = [-10.0, 0.0, 10.0], [0.0, 90.0, 180.0, 270.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((LAT, [*LON, 360]), r"same meridian twice, at 0 and 360 .*drop the last"),
        ((LAT, np.linspace(-180, 180, 9)), r"same meridian twice, at -180 and 180"),
        ((LAT, [*LON, 0]), r"same meridian twice, at 0 and 360"),
        ((LAT, LON[::-1]), r"lon must go eastwards .* at most once.*sort"),
        ((LAT, [0, 10, 10, 20]), r"lon must go eastwards without repeating, got 10 an"),
        (([0, 20, 10], LON), r"lat must go one way without repeating, got 20 and th"),
        (([0, 0, 10], LON), r"lat must go one way without repeating, got 0 and then 0"),
        (([0, 91], LON), r"lat must be degrees from -90 to 90, got 91.0 at position 1"),
        (
            ([0, np.nan], LON),
            r"got nan at position 1, whose latitude is missing; leave",
        ),
        ((LAT, [0, np.inf]), r"lon must be degrees from -720 to 720, got inf"),
        ((np.zeros((2, 2)), LON), r"lat must have shape \(n,\), got \(2, 2\)"),
        (([], LON), r"lat must have shape \(n,\), got \(0,\)"),
        (([0], LON), r"single row has no spacing; pass lat_bounds"),
        ((LAT, [0]), r"single column has no spacing; pass lon_bounds"),
        ((LAT, [0, 10, 350]), r"no columns from 10 to 350 .*column at 350, east of th"),
        ((LAT, LON, [0, 1]), r"lat_bounds must have shape \(4,\), one more .*\(2,\)"),
        ((LAT, LON, [-15, -5, 6, 9]), r"lat_bounds must enclose .*6 to 9 for 10"),
        ((LAT, LON, None, [0, 50, 140, 230, 400]), r"lon_bounds .* at most once, got"),
    ],
)
def test_bad_grids_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        Rectilinear(*arguments)

"""Parts of the generated weather against brute force."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deepsphere_pyg.datasets import WeatherState
from deepsphere_pyg.datasets.weather import background
from deepsphere_pyg.datasets.weather.plane_waves import PlaneWaves, Warp
from deepsphere_pyg.datasets.weather.sphere import (
    EARTH_RADIUS,
    Curve,
    carried,
    distance,
    dot,
    east_north,
    unit,
    unit_vector,
    window,
    within,
)
from deepsphere_pyg.datasets.weather.vortices import VORTEX_REACH, Vortex
from samplings import HEALPix
from tests.round_off import assert_near

XYZ = HEALPix(16).xyz


def curve() -> Curve:
    s = np.linspace(0, 1, 25)
    return Curve(unit_vector(350 + 40 * s + 8 * np.sin(5 * s), 18 + 35 * s))


def test_unit_vectors_have_their_longitude_and_latitude() -> None:
    sampling = HEALPix(4)
    xyz = unit_vector(sampling.lon, sampling.lat)
    assert_near(xyz, sampling.xyz, 3)


def test_east_and_north_are_a_right_handed_frame_everywhere() -> None:
    xyz = np.concatenate([XYZ, [[0, 0, 1], [0, 0, -1], [1e-200, 0, 1]]])
    east, north = east_north(xyz)
    assert_near(np.cross(xyz, east), north, 3)
    assert_near(np.linalg.norm(east, axis=1), 1, 3)
    # North is where the latitude grows, east where the longitude does.
    assert (north[:-3, 2] > 0).all()
    turned = Rotation.from_euler("z", 1e-6).apply(np.array(XYZ))
    assert ((turned - XYZ) * east[:-3]).sum(axis=1).min() > 0


def test_distance_is_the_angle_times_the_radius() -> None:
    exact = EARTH_RADIUS * np.arctan2(
        np.linalg.norm(np.cross(XYZ, XYZ[7]), axis=1), XYZ @ XYZ[7]
    )
    # Near the antipode the half chord is worth 1e-8 rad, which is 0.1 m.
    np.testing.assert_allclose(distance(XYZ, XYZ[7]), exact, atol=1e-3)
    assert distance(XYZ[7], XYZ[7]) == 0


@pytest.mark.parametrize("radius", [0.0, 300.0, 5000.0, 30000.0])
def test_points_within_a_radius_are_all_found(radius: float) -> None:
    expected = np.flatnonzero(distance(XYZ, XYZ[99]) <= radius + 1e-6)
    np.testing.assert_array_equal(within(XYZ, XYZ[99], radius + 1e-3), expected)


def test_nearest_point_of_a_curve_matches_dense_sampling() -> None:
    line = curve()
    fine = np.concatenate(
        [
            a + np.linspace(0, 1, 200)[:, None] * (b - a)
            for a, b in zip(line.nodes[:-1], line.nodes[1:], strict=True)
        ]
    )
    fine /= np.linalg.norm(fine, axis=1, keepdims=True)
    xyz = HEALPix(8).xyz
    brute = np.array([distance(fine, p).min() for p in xyz])
    points, brute = xyz[brute < 1500], brute[brute < 1500]
    found = line.nearest(points)
    # Samples lie 1 km apart; the foot is taken on chords, not on arcs.
    np.testing.assert_allclose(found.distance, brute, atol=0.03)
    assert line.length == pytest.approx(distance(fine[:-1], fine[1:]).sum(), rel=1e-9)
    assert found.position.min() == 0 and found.position.max() == 1
    assert_near((found.direction * points).sum(axis=1), 0, 100, 1)
    assert len(line.near(points[brute < 400], 400)) == (brute < 400).sum()


def test_left_of_a_northward_curve_is_west() -> None:
    line = Curve(unit_vector(30.0, np.linspace(10, 50, 9)))
    points = unit_vector([25.0, 35.0, 30.0], [30.0, 30.0, 55.0])
    found = line.nearest(points)
    assert found.left[0] > 400 and found.left[1] < -400
    np.testing.assert_allclose(np.abs(found.left[:2]), found.distance[:2], rtol=0.01)
    # Beyond the end there is a distance, but neither left nor right.
    assert found.left[2] == pytest.approx(0, abs=1e-6)
    assert found.distance[2] == pytest.approx(np.deg2rad(5) * EARTH_RADIUS, rel=1e-9)
    assert found.position[2] == 1


def test_carried_directions_are_unit_tangents() -> None:
    direction = np.array([0.3, -0.2, 0.9])
    tangent = carried(direction, XYZ)
    assert_near(np.linalg.norm(tangent, axis=1), 1, 9)
    assert_near((tangent * XYZ).sum(axis=1), 0, 100, 1)


def test_products_and_lengths_are_those_of_each_vector() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50, 3))
    np.testing.assert_allclose(dot(a, b), [x @ y for x, y in zip(a, b, strict=True)])
    assert dot(a[:, None], b).shape == (50, 50)
    np.testing.assert_allclose(np.linalg.norm(unit(a), axis=1), 1)
    assert_near(np.cross(unit(a), a), 0, 3, 1)
    assert np.array_equal(unit(np.zeros((1, 3))), np.zeros((1, 3)))


def test_lows_end_where_nothing_is_left_of_them(monkeypatch) -> None:
    for seed in range(3):
        state = WeatherState(seed)
        fields, labels = state.evaluate(XYZ)
        monkeypatch.setattr(background, "LOW_REACH", 1e3)
        whole, same = state.evaluate(XYZ)
        monkeypatch.undo()
        # Of the spread of each channel.
        assert (np.abs(whole - fields).max(axis=0) < 1e-6 * whole.std(axis=0)).all()
        assert np.array_equal(labels, same)


def test_window_ends_smoothly() -> None:
    x = np.array([0.0, 1 - 1e-4, 1.0, 2.0])
    # To the third order in 1e-4, which is 4e-12.
    np.testing.assert_allclose(window(x), [1, 4e-8, 0, 0], rtol=0, atol=1e-11)


# -- random fields -------------------------------------------------------------------
def test_plane_waves_match_their_sum() -> None:
    waves = PlaneWaves(np.random.default_rng(0), 40, 2.0, 30.0)
    column = waves.amplitudes(8.0, 0.5, 3.0)
    a, b = column.reshape(2, -1)
    phase = XYZ @ waves.vectors.T
    exact = np.cos(phase) @ a + np.sin(phase) @ b
    # Single-precision phases of up to 30 rad.
    np.testing.assert_allclose(waves.evaluate(XYZ, column)[0], exact, atol=2e-5)


def test_plane_waves_have_unit_variance_and_the_asked_spectrum() -> None:
    draws = [PlaneWaves(np.random.default_rng(i), 40, 2.0, 60.0) for i in range(300)]
    values = [w.evaluate(XYZ[:20], w.amplitudes(8.0, 1.0, 3.0))[0] for w in draws]
    assert np.var(values) == pytest.approx(1, rel=0.1)
    waves = draws[0]
    power = np.mean(
        [(waves.amplitudes(8.0, 1.0, 3.0) ** 2).reshape(2, -1) for _ in range(4000)],
        axis=(0, 1),
    )
    ratio = waves.wavenumber / 8
    expected = ratio / (1 + ratio**4)
    np.testing.assert_allclose(power / power.sum(), expected / expected.sum(), rtol=0.1)
    assert waves.wavenumber.min() >= 2 and waves.wavenumber.max() <= 60
    lengths = np.linalg.norm(waves.vectors, axis=1)
    np.testing.assert_allclose(lengths, waves.wavenumber)


def test_gradient_of_plane_waves_matches_finite_differences() -> None:
    waves = PlaneWaves(np.random.default_rng(1), 20, 2.0, 10.0)
    column = waves.amplitudes(5.0, 0.0, 2.0)
    gradient = waves.evaluate(XYZ[:50], waves.gradient(column))
    step = 2e-2
    for axis in range(3):
        shift = step * np.eye(3)[axis]
        ahead = waves.evaluate(XYZ[:50] + shift, column)[0]
        behind = waves.evaluate(XYZ[:50] - shift, column)[0]
        # Second order: (10 * 0.02)^2 / 6 of a gradient of size 5.
        np.testing.assert_allclose(
            (ahead - behind) / (2 * step), gradient[axis], atol=0.05
        )


def test_a_warp_moves_points_by_its_size() -> None:
    moved = np.concatenate(
        [Warp(np.random.default_rng(i), 0.03)(XYZ) - XYZ for i in range(20)]
    )
    # Two tangential components of the size each; the radial one is projected out.
    assert np.sqrt((moved**2).sum(axis=1).mean()) == pytest.approx(
        0.03 * np.sqrt(2), rel=0.15
    )


# -- the vortex ------------------------------------------------------------------------
def test_wind_of_a_vortex_is_in_gradient_balance_with_its_pressure() -> None:
    vortex = Vortex(
        centre=unit_vector(140.0, 18.0),
        depth=3000.0,
        radius=120.0,
        shape=1.4,
        size=300.0,
        warmth=4.0,
        moisture=10.0,
        kind="cyclone",
        direction=np.array([0.0, 0.0, 1.0]),
    )
    r = np.linspace(20.0, 900.0, 200)
    x = (120 / r) ** 1.4
    slope = 3000 * 1.4 * x * np.exp(-x) / (1e3 * r)  # dp/dr in Pa/m, by hand
    speed = vortex.speed(r) / (1 - (r / VORTEX_REACH) ** 2) ** 2
    f = 2 * 7.292e-5 * np.sin(np.deg2rad(18))
    np.testing.assert_allclose(speed**2 / (1e3 * r) + f * speed, slope / 1.15)
    assert vortex.speed(np.array([0.0, VORTEX_REACH, 2000.0])).max() == pytest.approx(0)
    # With the window, which both the wind and the pressure carry, most of it is left.
    depth = -3000 * (1 - np.exp(-x)) * (1 - (r / VORTEX_REACH) ** 2) ** 2
    forces = vortex.speed(r) ** 2 / (1e3 * r) + f * vortex.speed(r)
    share = forces * 1.15 / np.gradient(depth, 1e3 * r)
    at = np.interp([120, 240, 360], r, share)
    np.testing.assert_allclose(at, [0.90, 0.74, 0.56], atol=0.02)
    fastest = r[vortex.speed(r).argmax()]
    assert fastest == pytest.approx(120, abs=15)

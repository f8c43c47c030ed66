"""Generated weather: exact at any point, near the real class shares, physical."""

import pickle

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch.utils.data import DataLoader

from deepsphere_pyg.datasets import (
    CachedMaps,
    ClimateEvents,
    WeatherState,
    class_shares,
)
from samplings import Equiangular, HEALPix, Icosahedral
from tests.round_off import assert_near

XYZ = HEALPix(16).xyz
# Spread of each channel; the noise is summed in single precision, 1e-5 of the spread.
SPREAD = WeatherState(0).evaluate(XYZ)[0].std(axis=0)
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def states() -> list[WeatherState]:
    return [WeatherState(seed) for seed in range(12)]


def assert_same_fields(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_allclose(a / SPREAD, b / SPREAD, rtol=0, atol=TOLERANCE)


def channel(state: WeatherState, xyz: np.ndarray, name: str) -> np.ndarray:
    names = ClimateEvents(HEALPix(1), 1).channel_names
    return state.evaluate(xyz)[0][:, names.index(name)]


# -- pointwise functions ---------------------------------------------------------
def test_the_same_seed_gives_the_same_weather() -> None:
    first, second = (WeatherState(7).evaluate(XYZ) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_other_seeds_give_other_weather() -> None:
    first, second = WeatherState(7).evaluate(XYZ), WeatherState(8).evaluate(XYZ)
    assert (np.abs(first[0] - second[0]).mean(axis=0) > 0.1 * SPREAD).all()
    assert not np.array_equal(first[1], second[1])


def test_a_value_does_not_depend_on_the_other_points(states) -> None:
    part = np.random.default_rng(0).permutation(len(XYZ))[:500]
    for state in states[:3]:
        fields, labels = state.evaluate(XYZ)
        some_fields, some_labels = state.evaluate(XYZ[part])
        assert_same_fields(some_fields, fields[part])
        assert np.array_equal(some_labels, labels[part])
        one_fields, one_label = state.evaluate(XYZ[part[:1]])
        assert_same_fields(one_fields, fields[part[:1]])
        assert one_label == labels[part[0]]
    assert states[0].evaluate(np.empty((0, 3)))[0].shape == (0, 16)


def test_samplings_agree_where_their_points_coincide() -> None:
    state = WeatherState(2)
    coarse, fine = Icosahedral(3), Icosahedral(4)  # coarse vertices come first
    fields, labels = state.evaluate(fine.xyz)
    coarse_fields, coarse_labels = state.evaluate(coarse.xyz)
    assert_same_fields(coarse_fields, fields[: len(coarse)])
    assert np.array_equal(coarse_labels, labels[: len(coarse)])


def test_fields_are_continuous_along_a_path_through_the_poles(states) -> None:
    # Wind components jump at a pole, where east does; all else must not.
    angle = np.linspace(0, 2 * np.pi, 4001)
    path = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=1)
    scalar = [0, *range(5, 16)]
    for state in states[:4]:
        fields = state.evaluate(path)[0][:, scalar] / SPREAD[scalar]
        # 10 km per step: a cyclone's pressure falls by its spread within 100 km.
        assert np.abs(np.diff(fields, axis=0)).max() < 0.8


def test_fields_are_finite_at_the_poles(states) -> None:
    for state in states:
        assert np.isfinite(state.evaluate([[0, 0, 1], [0, 0, -1]])[0]).all()


@pytest.mark.parametrize(
    ("xyz", "message"),
    [
        (np.zeros(3), r"xyz must have shape \(V, 3\), got \(3,\)"),
        ([[0.0, 0.0, 2.0]], "unit vectors, got length 2 at point 0; divide"),
        ([[0.0, 0.0, 1.0], [np.nan, 0, 0]], "unit vectors, got length nan at point 1"),
    ],
)
def test_points_off_the_sphere_are_refused(xyz, message) -> None:
    with pytest.raises(ValueError, match=message):
        WeatherState(0).evaluate(xyz)


# -- the data set ------------------------------------------------------------------
def test_maps_do_not_depend_on_their_number_nor_on_the_order() -> None:
    few, many = (
        ClimateEvents(HEALPix(8), 3, seed=5),
        ClimateEvents(HEALPix(8), 9, seed=5),
    )
    third = few[2]
    for i in range(3):
        assert torch.equal(few[i].x, many[i].x)
        assert torch.equal(few[i].y, many[i].y)
    assert torch.equal(few[2].x, third.x)


def test_maps_of_a_set_and_of_other_seeds_differ() -> None:
    maps = [
        ClimateEvents(HEALPix(4), 3, seed=seed)[i].x
        for seed in (0, 1, 2**32, 2**32 + 1)
        for i in range(3)
    ]
    for i, a in enumerate(maps):
        assert not any(torch.equal(a, b) for b in maps[:i])


def test_samples_have_the_promised_types_and_count_everywhere() -> None:
    sampling = Equiangular(12)
    data = ClimateEvents(sampling, 2)
    sample = data[1]
    assert sample.x.shape == (len(sampling), 16) and sample.x.dtype == torch.float32
    assert sample.y.shape == (len(sampling),) and sample.y.dtype == torch.int64
    assert sample.mask.all() and torch.isfinite(sample.x).all()
    assert len(data.channel_names) == 16
    assert data.class_names == ("background", "TC", "AR")


def test_a_rotated_map_is_the_weather_at_rotated_points() -> None:
    sampling = HEALPix(8)
    data = ClimateEvents(sampling, 3, seed=1, rotate=True)
    plain = ClimateEvents(sampling, 3, seed=1)
    for i in range(3):
        rotation = data.rotation(i)
        assert_near(rotation @ rotation.T, np.eye(3), 3)
        assert np.linalg.det(rotation) == pytest.approx(1)
        fields, labels = plain.state(i).evaluate(sampling.xyz @ rotation)
        assert_same_fields(data[i].x.double().numpy(), fields)
        assert np.array_equal(data[i].y.numpy(), labels)
        assert np.array_equal(plain.rotation(i), np.eye(3))
    assert not np.allclose(data.rotation(0), data.rotation(1))


def test_an_exact_symmetry_of_the_sampling_permutes_a_map() -> None:
    # A turn by six columns maps the equiangular grid onto itself.
    sampling = Equiangular(8, 16)
    state = WeatherState(4)
    turn = Rotation.from_euler("z", -6 * 360 / 16, degrees=True).as_matrix()
    fields, labels = state.evaluate(sampling.xyz)
    turned_fields, turned_labels = state.evaluate(sampling.xyz @ turn)
    rolled = np.roll(fields.reshape(8, 16, 16), -6, axis=1).reshape(-1, 16)
    assert_same_fields(turned_fields, rolled)
    assert np.array_equal(turned_labels, np.roll(labels.reshape(8, 16), -6, 1).ravel())


def test_rotations_are_uniform() -> None:
    data = ClimateEvents(HEALPix(1), 400, rotate=True)
    rotations = np.stack([data.rotation(i) for i in range(400)])
    # Entries have mean 0 and variance 1/3: five standard errors.
    assert np.abs(rotations.mean(axis=0)).max() < 5 * np.sqrt(1 / 3 / 400)
    assert np.abs((rotations**2).mean(axis=0) - 1 / 3).max() < 5 * 0.3 / np.sqrt(400)


def test_a_cache_gives_the_same_maps_and_makes_them_once() -> None:
    plain = ClimateEvents(HEALPix(4), 2, seed=3)
    cached = CachedMaps(ClimateEvents(HEALPix(4), 2, seed=3))
    assert cached[1].x is cached[1].x
    assert plain[1].x is not plain[1].x
    assert torch.equal(cached[1].x, plain[1].x)
    assert torch.equal(cached[1].y, plain[1].y)


def test_data_sets_travel_to_worker_processes() -> None:
    data = CachedMaps(ClimateEvents(HEALPix(4), 2, seed=3, rotate=True))
    again = pickle.loads(pickle.dumps(data))
    assert torch.equal(again[0].x, data[0].x)


def test_worker_processes_make_the_same_maps() -> None:
    data = ClimateEvents(HEALPix(4), 4, seed=3, rotate=True)
    loader = DataLoader(data, batch_size=2, num_workers=2)
    x, y, mask = (torch.cat(part) for part in zip(*loader, strict=True))
    assert torch.equal(x, torch.stack([sample.x for sample in data]))
    assert torch.equal(y, torch.stack([sample.y for sample in data]))
    assert mask.all()


@pytest.mark.parametrize("index", [-1, 2])
def test_an_index_outside_the_data_set_is_refused(index: int) -> None:
    data = ClimateEvents(HEALPix(1), 2)
    for access in (data.__getitem__, data.state, data.rotation):
        with pytest.raises(IndexError, match="the data set has 2 maps"):
            access(index)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="n_maps must be at least 1, got 0"):
        ClimateEvents(HEALPix(1), 0)
    with pytest.raises(TypeError):
        ClimateEvents(HEALPix(1), 1.5)  # type: ignore[arg-type]
    for seed in (1.5, np.random.SeedSequence(1)):
        with pytest.raises(TypeError):
            ClimateEvents(HEALPix(1), 1, seed=seed)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"must be a sampling, .* got int; make one"):
        ClimateEvents(32, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        ClimateEvents(HEALPix(1), 1, seed=-1)
    with pytest.raises(ValueError, match="seed must be at least 0, got -2"):
        WeatherState(-2)


# -- what the maps hold ---------------------------------------------------------------
def test_class_shares_are_near_the_real_ones() -> None:
    shares = class_shares(ClimateEvents(HEALPix(16), 40, seed=11))
    # Over 200 maps .10 % and 2.2 %; 40 maps scatter by 12 % and 6 % (one sigma).
    assert 0.0006 < shares[1] < 0.0015
    assert 0.017 < shares[2] < 0.028


def test_channels_have_physical_ranges(states) -> None:
    names = ClimateEvents(HEALPix(1), 1).channel_names
    bounds = {
        "TMQ": (0, 66),
        "U850": (-90, 90),
        "V850": (-90, 90),
        "UBOT": (-70, 70),
        "VBOT": (-70, 70),
        "QREFHT": (0, 0.04),
        "PS": (5e4, 1.07e5),
        "PSL": (9e4, 1.07e5),
        "T200": (195, 245),
        "T500": (215, 285),
        "PRECT": (0, 6e-6),
        "TS": (215, 325),
        "TREFHT": (215, 325),
        "Z1000": (-1000, 600),
        "Z200": (10500, 13000),
        "ZBOT": (45, 80),
    }
    assert tuple(bounds) == names
    for state in states:
        fields = state.evaluate(XYZ)[0]
        for name, column in zip(names, fields.T, strict=True):
            low, high = bounds[name]
            assert np.isfinite(column).all()
            assert low <= column.min() and column.max() <= high, name
        temperature, humidity, pressure = (
            fields[:, names.index(name)] for name in ("TREFHT", "QREFHT", "PS")
        )
        vapour = humidity * pressure / 0.622
        celsius = temperature - 273.15
        saturation = 610.8 * np.exp(17.27 * celsius / (celsius + 237.3))
        assert (vapour <= 1.0001 * saturation).all()


def test_the_tropics_are_warm_moist_and_have_trade_winds(states) -> None:
    lat = HEALPix(16).lat
    names = ClimateEvents(HEALPix(1), 1).channel_names
    mean = np.mean([state.evaluate(XYZ)[0] for state in states], axis=0)
    tropics, polar, middle = np.abs(lat) < 15, np.abs(lat) > 70, np.abs(lat) // 10 == 4
    for name, gap in (("TMQ", 25), ("T500", 20), ("TREFHT", 30), ("Z200", 700)):
        column = mean[:, names.index(name)]
        assert column[tropics].mean() > column[polar].mean() + gap
    u = mean[:, names.index("U850")]
    assert u[tropics].mean() < -2 < 5 < u[middle].mean()


def test_midlatitude_wind_follows_the_pressure() -> None:
    # Geostrophy, u = -dp/dy / (rho f), at 45 to 60 degrees, from finite differences.
    lat, lon = np.meshgrid(np.arange(45, 60, 1.0), np.arange(0, 360, 4.0))
    step = 0.2

    def at(latitude: np.ndarray) -> np.ndarray:
        lam, phi = np.deg2rad(lon), np.deg2rad(latitude)
        points = [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)]
        return np.stack(points, axis=-1).reshape(-1, 3)

    correlations = []
    for seed in range(6):
        state = WeatherState(seed)
        rise = channel(state, at(lat + step), "PSL")
        rise -= channel(state, at(lat - step), "PSL")
        u = channel(state, at(lat), "U850")
        correlations.append(np.corrcoef(u, -rise)[0, 1])
    assert np.mean(correlations) > 0.6


def ring(centre: np.ndarray, radius: float, n: int = 72) -> tuple[np.ndarray, ...]:
    """Points around a centre at a distance in km, and anticlockwise unit tangents."""
    first = np.cross(centre, [0.0, 0.0, 1.0])
    first /= np.linalg.norm(first)
    second = np.cross(centre, first)
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)[:, None]
    outward = np.cos(angle) * first + np.sin(angle) * second
    points = np.cos(radius / 6371) * centre + np.sin(radius / 6371) * outward
    return points, np.cross(centre, outward)


def test_cyclones_are_warm_lows_that_turn_with_the_hemisphere(states) -> None:
    cyclones = 0
    for state in states:
        for vortex in state.vortices:
            if vortex.kind != "cyclone":
                continue
            cyclones += 1
            lat = np.rad2deg(np.arcsin(vortex.centre[2]))
            assert 8 <= abs(lat) <= 30
            edge, tangent = ring(vortex.centre, vortex.radius)
            away, _ = ring(vortex.centre, 900.0)
            here = vortex.centre[None]
            for around in (edge, away):
                low = channel(state, here, "PSL") - channel(state, around, "PSL")
                assert (low < 0).all()
            for name in ("T500", "T200", "TMQ"):
                warm = channel(state, here, name) - channel(state, away, name).mean()
                assert warm > 0
            x, y, _ = edge.T
            east = np.stack([-y, x, np.zeros_like(x)], axis=1)
            east /= np.linalg.norm(east, axis=1, keepdims=True)
            north = np.cross(edge, east)
            for u, v, inflow in (("U850", "V850", False), ("UBOT", "VBOT", True)):
                wind = channel(state, edge, u)[:, None] * east
                wind += channel(state, edge, v)[:, None] * north
                spin = (wind * tangent).sum(axis=1).mean()
                assert np.sign(spin) == np.sign(lat) and abs(spin) > 10
                if inflow:
                    inward = (wind * vortex.centre).sum(axis=1).mean()
                    assert inward > 0.05 * abs(spin) * np.sin(vortex.radius / 6371)
            inside, _ = ring(vortex.centre, 0.98 * vortex.size)
            outside, _ = ring(vortex.centre, 1.02 * vortex.size)
            assert (state.evaluate(inside)[1] == 1).all()
            assert (state.evaluate(outside)[1] != 1).all()
    assert cyclones >= 10


def test_the_look_alikes_of_cyclones_have_no_label(states) -> None:
    kinds = set()
    for state in states:
        for vortex in state.vortices:
            if vortex.kind != "cyclone":
                kinds.add(vortex.kind)
                assert state.evaluate(vortex.centre[None])[1] != 1
    assert kinds == {"streak", "displaced"}


def test_a_look_alike_blows_one_way_with_the_speed_of_a_cyclone(states) -> None:
    for state in states:
        for vortex in state.vortices:
            points, _ = ring(vortex.centre, vortex.radius)
            wind = vortex.wind(points)
            speed = np.linalg.norm(wind, axis=1)
            mean = np.linalg.norm(wind.mean(axis=0))
            if vortex.kind == "displaced":
                continue
            np.testing.assert_allclose(speed, vortex.speed(np.array(vortex.radius)))
            if vortex.kind == "streak":
                assert mean > 0.99 * speed[0]
            else:
                assert mean < 0.01 * speed[0]


def test_rivers_are_long_narrow_moist_and_flow_polewards(states) -> None:
    moister, along = [], []
    for state in states:
        for river in state.rivers:
            if not river.labelled:
                assert river.curve.length < 1300
                continue
            assert river.curve.length > 2000
            assert 170 <= river.air.width <= 400
            nodes = river.curve.nodes
            rise = np.sign(nodes[0, 2]) * (nodes[-1, 2] - nodes[0, 2])
            assert rise > 0
            # Points where the bent sphere has the nodes: Newton-like fixed point.
            points = nodes.copy()
            for _ in range(30):
                points -= state.warp(points) - nodes
                points /= np.linalg.norm(points, axis=1, keepdims=True)
            assert np.abs(state.warp(points) - nodes).max() < 1e-3
            labels = state.evaluate(points)[1]
            assert (labels[labels != 1] == 2).all()
            side = np.cross(points, np.gradient(points, axis=0))
            side /= np.linalg.norm(side, axis=1, keepdims=True)
            centre = channel(state, points, "TMQ")
            for sign in (-1, 1):
                beside = points + sign * 3 * river.air.width / 6371 * side
                beside /= np.linalg.norm(beside, axis=1, keepdims=True)
                moister.append((centre - channel(state, beside, "TMQ")).mean())
            poleward = np.sign(nodes[-1, 2]) * channel(state, points, "V850")
            along.append(poleward.mean())
    assert len(along) >= 30
    # Means along a river: other weather may lie beside one, not beside most.
    assert np.mean(np.array(moister) > 2) > 0.85 and np.mean(moister) > 7
    assert np.mean(np.array(along) > 3) > 0.9 and np.mean(along) > 7


@pytest.mark.parametrize("rotate", ["none", None, 1])
def test_rotation_is_true_or_false(rotate):
    with pytest.raises(TypeError, match=r"rotate must be True or False, got .*; pass"):
        ClimateEvents(HEALPix(2), 1, rotate=rotate)

"""Constructors with odd input: the right sampling, or an error that says what to do."""

import json
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    IcosahedralTriangles,
    Irregular,
    McEwenWiaux,
    RadiansWarning,
    Rectilinear,
    ReducedGaussian,
    SO3Grid,
    from_config,
)

CLEAR = (ValueError, TypeError)
QUICK = settings(max_examples=120, deadline=None, derandomize=True)
DEEP = settings(max_examples=10_000, deadline=None, derandomize=True)
ODD = [
    np.nan,
    np.inf,
    -np.inf,
    1e300,
    -1e300,
    -9999.0,
    1e-320,
    -1.6375e30,
    360.0,
    -360.0,
    90.0,
    -90.0,
    0.0,
    -0.0,
    180.0,
    450.0,
]
THINGS = [
    None,
    True,
    "12",
    "",
    b"1",
    [],
    {},
    object(),
    1,
    0,
    -3,
    2.5,
    4.0,
    10**30,
    float("nan"),
    [1, 2],
    [[1.0, 2.0], [3.0]],
    np.zeros((2, 2)),
    np.array(["a"]),
    np.array([1j]),
    np.array([None, 1.0], dtype=object),
    np.array(["2020-01-01"], dtype="M8[D]"),
    np.int64(4),
    np.float32(2),
]


def says_something(error):
    assert len(str(error)) > 15, f"an error that says nothing: {error!r}"
    assert not isinstance(error, np.linalg.LinAlgError)


@st.composite
def coordinates(draw, limit):
    """Numbers as people have them: clusters, rings, poles, repeated, missing."""
    n = draw(st.integers(0, 12))
    kind = draw(st.sampled_from(["any", "cluster", "constant", "integers", "pair"]))
    g = np.random.default_rng(draw(st.integers(0, 2**16)))
    values = {
        "any": lambda: g.uniform(-limit, limit, n),
        "cluster": lambda: draw(st.sampled_from([1e-7, 1e-3, 1.0])) * g.normal(size=n),
        "constant": lambda: np.full(
            n, draw(st.sampled_from([0.0, limit, -limit, 7.0]))
        ),
        "integers": lambda: g.integers(-limit, limit, n),
        "pair": lambda: np.resize([0.0, 180.0 if limit > 90 else 0.0], n),
    }[kind]()
    values = np.asarray(values, dtype=np.float64)
    if n and draw(st.integers(0, 4)) == 0:
        values[draw(st.integers(0, n - 1))] = draw(st.sampled_from(ODD))
    return values


def dressed(draw, values):
    """The same numbers in the arrays, lists and tensors that they come in."""
    strided = np.repeat(values, 2)[::2]
    frozen = values.copy()
    frozen.setflags(write=False)
    hidden = np.ma.array(values, mask=np.zeros(len(values), bool))
    return draw(
        st.sampled_from(
            [
                values,
                values.tolist(),
                tuple(values.tolist()),
                values.astype(">f8"),
                values.astype(object),
                torch.from_numpy(values.copy()),
                strided,
                frozen,
                hidden,
            ]
        )
    )


def oracle(lon, lat):
    east, north = np.deg2rad(lon), np.deg2rad(lat)
    return np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], 1
    )


def check_points(data):
    lon, lat = data.draw(coordinates(360)), data.draw(coordinates(90))
    given_lon, given_lat = dressed(data.draw, lon), dressed(data.draw, lat)
    weights = data.draw(
        st.sampled_from([None, np.full(len(lon), 0.1), np.ones(3), np.zeros(len(lon))])
    )
    duplicates = data.draw(st.sampled_from(["refuse", "merge"]))
    extent = data.draw(st.sampled_from([None, 0.1, np.pi, 4.0, -1.0, np.nan]))
    options = {"duplicates": duplicates, "extent": extent}
    try:
        made = Irregular.from_lonlat(given_lon, given_lat, weights, **options)
    except CLEAR as error:
        says_something(error)
        return
    expected = oracle(lon, lat)
    np.testing.assert_allclose(
        made.xyz[made.source_index], expected, atol=len(lon) * 1e-6
    )
    if duplicates == "refuse":
        np.testing.assert_allclose(made.xyz, expected, atol=4e-16)
        assert len(made) == len(lon)
    assert np.isfinite(made.weights).all() and (made.weights > 0).all()
    if weights is None and extent == np.pi:
        assert made.area == pytest.approx(4 * np.pi, rel=1e-6)
    elif weights is None and extent is not None:
        cap = 2 * np.pi * (1 - np.cos(extent))
        assert (made.weights <= cap * (1 + 1e-9)).all()
    rebuilt = from_config(json.loads(json.dumps(made.config)))
    np.testing.assert_array_equal(rebuilt.xyz, made.xyz)
    np.testing.assert_array_equal(rebuilt.weights, made.weights)
    torch.from_numpy(made.xyz.copy())


def check_grid(data):
    lat, lon = data.draw(coordinates(90)), data.draw(coordinates(360))
    if data.draw(st.booleans()):
        lat, lon = np.sort(lat), np.sort(lon)
    try:
        grid = Rectilinear(dressed(data.draw, lat), dressed(data.draw, lon))
    except CLEAR as error:
        says_something(error)
        return
    np.testing.assert_allclose(grid.row_lat, lat, atol=1e-9)
    apart = np.abs((grid.column_lon - lon + 180) % 360 - 180)
    assert apart.max() < 1e-9
    assert 0 < grid.area <= 4 * np.pi * (1 + 1e-12)
    expected = oracle(np.tile(lon, len(lat)), np.repeat(lat, len(lon)))
    found = grid.xyz[grid.grid_index.ravel()]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def check_sizes(data):
    build = data.draw(
        st.sampled_from(
            [
                HEALPix,
                Icosahedral,
                IcosahedralTriangles,
                CubedSphere,
                Fibonacci,
                GaussLegendre,
                McEwenWiaux,
                SO3Grid,
                ReducedGaussian,
                lambda n: Equiangular(n, 2),
                lambda n: Equiangular(3, n),
                lambda n: HEALPix(2, nest=n),
                lambda n: Irregular(n),
                lambda n: Irregular(np.eye(3), n),
                lambda n: Irregular.from_lonlat(n, n),
                lambda n: Irregular.from_lonlat([1.0, 2.0], [3.0, 4.0], n),
                lambda n: Rectilinear(n, [0, 10, 20]),
                lambda n: Rectilinear([0, 10, 20], n),
                lambda n: Rectilinear([0, 10], [0, 10], n, n),
                lambda n: HEALPix(2)[n],
                from_config,
            ]
        )
    )
    thing = data.draw(st.sampled_from(THINGS))
    # Sizes that are numbers are made; of those here the largest is 4.
    if isinstance(thing, int) and thing > 100:
        thing = -thing
    try:
        made = build(thing)
    except CLEAR as error:
        says_something(error)
        return
    assert len(made) > 0


def check_configurations(data):
    """Descriptions that lost, gained or changed something."""
    whole = data.draw(
        st.sampled_from(
            [
                HEALPix(2),
                Equiangular(4, 6),
                Rectilinear([0, 10], [0, 10, 20]),
                Irregular(Fibonacci(9).xyz, Fibonacci(9).weights),
                HEALPix(2)[[3, 5, 7]],
                HEALPix(2)[[7, 3, 5]],
                HEALPix(2)[[7, 3, 5]][[2, 0]],
            ]
        )
    )
    config = json.loads(json.dumps(whole.config))
    target = config
    if "parent" in config and data.draw(st.booleans()):
        target = config["parent"]
    key = data.draw(st.sampled_from(sorted(target)))
    how = data.draw(st.sampled_from(["drop", "replace", "cut", "add"]))
    if how == "drop":
        del target[key]
    elif how == "add":
        target[data.draw(st.sampled_from(["weights", "mask", "index", "x"]))] = "AAAA"
    elif how == "cut" and isinstance(target[key], str):
        cut = data.draw(st.integers(0, len(target[key])))
        target[key] = target[key][:cut] + target[key][cut + 1 :]
    else:
        target[key] = data.draw(st.sampled_from(THINGS))
    if isinstance(target.get(key), int) and target[key] > 100:
        target[key] = -1
    try:
        made = from_config(config)
    except CLEAR as error:
        says_something(error)
        return
    assert len(made) > 0 and np.isfinite(made.xyz).all()


CHECKS = [check_points, check_grid, check_sizes, check_configurations]


def fuzz(check, how):
    @how
    @given(st.data())
    def run(data):
        with warnings.catch_warnings():
            # Warnings of NumPy are errors; ours have tests of their own.
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", RadiansWarning)
            check(data)

    run()


@pytest.mark.parametrize("check", CHECKS)
def test_odd_input(check):
    fuzz(check, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
def test_much_odd_input(check):
    fuzz(check, DEEP)

"""Descriptions of samplings: what is refused, and with which words."""

import json

import numpy as np
import pytest

from samplings import (
    Fibonacci,
    HEALPix,
    Irregular,
    Sampling,
    build_pyramid,
    from_config,
    pyramid_from_config,
)
from samplings.encoding import decode_array, encode_array

OCTAHEDRON = Irregular(np.concatenate([np.eye(3), -np.eye(3)]))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float64, ">f8"])
def test_arrays_survive_the_text(dtype):
    array = np.arange(12, dtype=dtype).reshape(3, 4)
    decoded = decode_array(encode_array(array), dtype, (-1, 4))
    np.testing.assert_array_equal(decoded, array)
    assert encode_array(array).isascii()


@pytest.mark.parametrize(
    ("config", "kind", "message"),
    [
        ("healpix", TypeError, "must be a mapping, got str; pass Sampling.config"),
        ({}, ValueError, "unknown type of sampling None; known are healpix, "),
        ({"type": "cube"}, ValueError, "unknown type of sampling 'cube'; known are"),
        ({"type": "cube"}, ValueError, "import the module that defines it first"),
        ({"type": ["cube"]}, ValueError, "unknown type of sampling"),
        (
            {"type": "healpix", "nside": 4},
            ValueError,
            "needs nside, nest.* lacks 'nest'",
        ),
        (
            {"type": "icosahedral", "level": 1, "nside": 2},
            ValueError,
            "has unknown 'nside'",
        ),
        ({"type": "masked", "mask": ""}, ValueError, "lacks 'parent'"),
        (
            {"type": "masked", "mask": "?!", "parent": HEALPix(1).config},
            ValueError,
            "got a damaged one .* read the file again",
        ),
        (
            OCTAHEDRON.config | {"xyz": "eJwDAAAAAAE="},
            ValueError,
            "xyz must have shape",
        ),
        (
            OCTAHEDRON.config | {"xyz": None},
            ValueError,
            "got a damaged one .* read the file again",
        ),
    ],
)
def test_errors_for_configurations(config, kind, message):
    with pytest.raises(kind, match=message):
        from_config(config)


def test_error_for_an_array_cut_short():
    text = encode_array(np.arange(100.0))
    with pytest.raises(ValueError, match=r"damaged .* read the file again"):
        decode_array(text[:40], np.float64, (-1,))


def test_errors_for_configurations_of_pyramids():
    config = build_pyramid(HEALPix(2), 2, 8).config
    with pytest.raises(ValueError, match=r"needs sampling, depth and k, .* lacks k"):
        pyramid_from_config({key: config[key] for key in ("sampling", "depth")})
    with pytest.raises(ValueError, match="has the unknown colour"):
        pyramid_from_config(config | {"colour": 1})
    with pytest.raises(TypeError, match="must be a mapping, got NoneType; pass"):
        pyramid_from_config(None)


class Cap(Sampling):
    """A sampling of one's own: Fibonacci's points north of a latitude."""

    config_type = "cap"
    config_keys = ("n", "lowest")

    def __init__(self, n, lowest):
        object.__setattr__(self, "n", n)
        object.__setattr__(self, "lowest", lowest)
        whole = Fibonacci(n)
        north = whole.lat > lowest
        super().__init__(whole.xyz[north], whole.weights[north])


def test_samplings_of_ones_own_are_rebuilt_by_the_names_of_their_classes(tmp_path):
    cap = Cap(300, lowest=20.0)
    for sampling in (cap, cap[np.arange(50)]):
        found = from_config(json.loads(json.dumps(sampling.config)))
        np.testing.assert_array_equal(found.xyz, sampling.xyz)
        np.testing.assert_array_equal(found.weights, sampling.weights)
    assert isinstance(from_config(cap.config), Cap)
    with pytest.raises(ValueError, match=r"'cap' needs n, lowest, but this one lacks"):
        from_config({"type": "cap", "n": 3})


def test_names_of_other_classes_are_refused_and_definitions_replaced():
    for taken, other in (("healpix", "HEALPix"), ("masked", "Masked"), ("cap", "Cap")):
        words = f"config_type must be .* got '{taken}', that of {other}; choose"
        with pytest.raises(ValueError, match=words):
            type("Mine", (Sampling,), {"config_type": taken})
    # As a cell of a notebook that is run again.
    space = {"config_type": "again", "config_keys": (), "__module__": "__main__"}
    first = type("Again", (Sampling,), dict(space))
    assert Sampling.registry["again"] is first
    second = type("Again", (Sampling,), dict(space))
    assert Sampling.registry.pop("again") is second


class Spots(Sampling):
    """A sampling of one's own whose parameters are named as ours were, or arrays."""

    config_type = "spots"
    config_keys = ["bandlimit", "places"]  # noqa: RUF012

    def __init__(self, bandlimit, places=0):
        object.__setattr__(self, "bandlimit", bandlimit)
        object.__setattr__(self, "places", places)
        whole = Fibonacci(4 * int(bandlimit) ** 2)
        super().__init__(whole.xyz, whole.weights)


def test_parameters_of_ones_own_have_any_name_and_are_numpy_scalars():
    spots = Spots(np.int64(5), places=np.float32(0.5))
    found = from_config(json.loads(json.dumps(spots.config)))
    assert (found.bandlimit, found.places) == (5, 0.5)
    assert Spots.config_keys == ("bandlimit", "places")


class Renamed(Fibonacci):
    """A sampling whose constructor has another name for what its class lists."""

    config_type = "renamed"
    config_keys = ("n",)

    def __init__(self, points):
        super().__init__(points)


class Short(Cap):
    """A sampling that lists less than its constructor needs."""

    config_type = "short"
    config_keys = ("n",)


class Open(Cap):
    """A sampling whose constructor takes any name."""

    config_type = "open"

    def __init__(self, **given):
        super().__init__(**given)


def test_constructors_that_do_not_take_their_configuration_are_refused_at_once():
    with pytest.raises(TypeError, match=r"constructor of Renamed must .* not n; name"):
        _ = Renamed(20).config
    with pytest.raises(TypeError, match=r"of Short must list all .* not lowest; add"):
        _ = Short(20, lowest=0.0).config
    assert len(from_config(Open(n=40, lowest=0.0).config)) == 20


def test_samplings_without_a_configuration_print_and_say_what_they_lack():
    class Plain(Sampling):
        pass

    whole = Fibonacci(20)
    plain = Plain(whole.xyz, whole.weights)
    assert repr(plain) == "Plain with 20 vertices"
    with pytest.raises(TypeError, match=r"Plain has no .*; give the class a con"):
        _ = plain.config
    spots = Spots(2, places=np.zeros(3))
    assert (repr(spots), spots.name) == ("Spots with 16 vertices", "spots-2")
    with pytest.raises(TypeError, match="an array as 'places' of Spots; give Spots a"):
        _ = spots.config
    with pytest.raises(TypeError, match=r"must be a tuple of names, got 'n'; write \("):
        type("Mine", (Sampling,), {"config_type": "mine", "config_keys": "n"})

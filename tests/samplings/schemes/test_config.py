"""Descriptions of samplings: what is refused, and with which words."""

import numpy as np
import pytest

from samplings import (
    HEALPix,
    Irregular,
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

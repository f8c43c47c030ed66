"""What equivariance_error refuses, and what it says."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.metrics import equivariance_error, largest_degree
from samplings import Equiangular, HEALPix, Irregular, knn_graph, laplacian

SAMPLING = HEALPix(4)


def same(x):
    return x


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"protocol": "fast"}, r"protocol must be 'exact' or 'published', got 'fast'"),
        ({"degree": []}, "degree must be .* got an empty list"),
        ({"degree": -1}, "degree must be at least 0, got -1"),
        (
            {"degree": [2, 9]},
            r"degree must be at most 8 .* healpix-4, got 9; use a finer",
        ),
        (
            {"degree": 12, "protocol": "published"},
            r"degree must be at most 3 nside - 1 = 11 .* on healpix-4, got 12",
        ),
        ({"n_samples": 1}, "n_samples must be at least 2, got 1"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"in_channels": 0}, "in_channels must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"L": 10}, "L must be at most 9, .* healpix-4 resolves, got 10"),
        ({"L": 0}, "L must be at least 1, got 0"),
        ({"L": 2, "degree": 2}, "degree must be at most 1 .* L = 2"),
        (
            {"L": 5, "protocol": "published"},
            "L is an argument of protocol='exact'",
        ),
    ],
)
def test_settings_out_of_range(settings, message):
    settings = {"degree": 1, "n_samples": 2} | settings
    with pytest.raises(ValueError, match=message):
        equivariance_error(same, SAMPLING, **settings)


@pytest.mark.parametrize("degree", [1.5, True, "3"])
def test_degrees_that_are_no_integers(degree):
    with pytest.raises((TypeError, ValueError), match="degree must be"):
        equivariance_error(same, SAMPLING, degree)


def test_operators_that_are_none():
    with pytest.raises(TypeError, match=r"operator must be .* got int"):
        equivariance_error(3, SAMPLING, 1)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (lambda x: x[:, :7], r"output must have 192 vertices, got 7; pass output_samp"),
        (lambda x: x[0], r"\(batch, vertex, channel\) or .* got shape \(192, 1\)"),
        (lambda x: x[:1], r"got shape \(1, 192, 1\)"),
        (lambda x: x * torch.nan, "output must be finite, got NaN or infinity"),
        (lambda x: x * 0, "maps a signal of degree 1 to zero"),
        (np.ones((3, 5)), r"must have 192 columns.* got shape \(3, 5\)"),
    ],
)
def test_outputs_that_are_none(operator, message):
    with pytest.raises(ValueError, match=message):
        equivariance_error(operator, SAMPLING, 1, n_samples=2)


def test_laplacians_have_no_error_at_degree_zero():
    operator = laplacian(knn_graph(SAMPLING, 8))
    with pytest.raises(ValueError, match="use degrees from 1 for a Laplacian"):
        equivariance_error(operator, SAMPLING, 0)


def test_parts_of_the_sphere_cannot_be_rotated():
    part = SAMPLING[SAMPLING.lat > 0]
    with pytest.raises(ValueError, match="needs a sampling of the whole sphere"):
        equivariance_error(same, part, 1, n_samples=2)
    with pytest.raises(ValueError, match="needs a sampling of the whole sphere"):
        largest_degree(part)


def test_published_protocol_is_for_healpix():
    with pytest.raises(ValueError, match=r"needs a whole HEALPix .* protocol='exact'"):
        equivariance_error(same, Equiangular(8), 1, protocol="published")


def test_points_on_one_side_resolve_nothing_above_degree_zero():
    # Areas that claim the whole sphere do not fill a hole of a hemisphere.
    rng = np.random.default_rng(0)
    xyz = rng.normal(size=(50, 3))
    xyz[:, 2] = np.abs(xyz[:, 2]) + 0.1
    xyz /= np.linalg.norm(xyz, axis=1, keepdims=True)
    sampling = Irregular(xyz, weights=np.full(50, 4 * np.pi / 50))
    assert largest_degree(sampling) == 0

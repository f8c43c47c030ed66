"""Groups of maps: simulations of a seed, and rotated pairs."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.datasets import FisherMaps, RotatedPairs
from deepsphere_pyg.harmonics import SHT, power_spectrum
from samplings import GaussLegendre, HEALPix
from tests.helpers import random
from tests.round_off import assert_near

SIDES = random(4, 2, 12, 3).numpy()


def test_a_seed_has_its_maps_in_order():
    maps = FisherMaps(SIDES[:, 0], SIDES + 10, torch.tensor(SIDES - 10))
    assert (len(maps), maps.n_parameters) == (4, 2)
    found = maps[1].x
    assert found.dtype == torch.float32
    wanted = np.concatenate([SIDES[1, :1], SIDES[1] + 10, SIDES[1] - 10])
    np.testing.assert_array_equal(found, wanted.astype(np.float32))


@pytest.mark.parametrize("sampling", [GaussLegendre(6), HEALPix(4)], ids=str)
def test_copies_are_the_map_at_the_places_that_were_turned(sampling):
    # A polynomial of degree 3 of the place, which is known everywhere.
    def field(xyz):
        x, y, z = xyz.T
        return np.stack([x * y * z + y, z**2 - x], axis=1)

    pairs = RotatedPairs(field(sampling.xyz)[None], sampling, L=4, pairs=2, seed=3)
    for i in range(2):
        found = pairs[i].x
        for copy, matrix in zip(found, pairs.rotations(i).matrix(), strict=True):
            # f(R^-1 x), and xyz @ R is R^-1 x.
            wanted = torch.from_numpy(field(sampling.xyz @ matrix.numpy())).float()
            # Three transforms and a turn in float32, of at most V terms each.
            assert_near(copy, wanted, 4 * len(sampling))
    assert not torch.equal(pairs[0].x, pairs[1].x)
    again = RotatedPairs(field(sampling.xyz)[None], sampling, L=4, pairs=5, seed=3)
    assert torch.equal(again[1].x, pairs[1].x)
    assert not torch.equal(
        RotatedPairs(pairs.X, sampling, L=4, seed=4)[0].x, pairs[0].x
    )


def test_spectra_of_the_copies_are_equal_by_default():
    sampling = GaussLegendre(5)
    pairs = RotatedPairs(random(2, len(sampling), 1), sampling)
    assert pairs.L == 5
    spectra = power_spectrum(SHT(sampling, 5)(pairs[1].x), 5)
    assert_near(spectra[0], spectra[1], 4 * len(sampling))
    assert RotatedPairs(np.zeros((1, 192, 1)), HEALPix(4)).L == 8


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (
            lambda: FisherMaps(SIDES[:3, 0], SIDES, SIDES),
            ValueError,
            r"shape \(3, 'd', 12, 3\), .* got \(4, 2, 12, 3\) and",
        ),
        (
            lambda: FisherMaps(SIDES[:, 0], SIDES, SIDES[:, :1]),
            ValueError,
            r"got \(4, 2, 12, 3\) and \(4, 1, 12, 3\); stack",
        ),
        (lambda: FisherMaps(SIDES, SIDES, SIDES), ValueError, r"fiducial .* \(N, V, C"),
        (lambda: FisherMaps("?", SIDES, SIDES), TypeError, "fiducial must be an array"),
        (
            lambda: RotatedPairs(SIDES[:, 0], HEALPix(2)),
            ValueError,
            "48 vertices, those of healpix-2, got 12",
        ),
        (
            lambda: RotatedPairs(SIDES[:, 0], HEALPix(1), pairs=0),
            ValueError,
            "pairs must be at least 1",
        ),
    ],
)
def test_arguments_are_checked(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_missing_values_and_samples_are_told():
    spoiled = SIDES.copy()
    spoiled[2, 1, 5, 0] = np.nan
    maps = FisherMaps(SIDES[:, 0], spoiled, SIDES)
    assert maps[1].x.isfinite().all()
    with pytest.raises(ValueError, match="got 1 missing values in sample 2; fill them"):
        maps[2]
    with pytest.raises(IndexError, match=r"seed 4 does not exist: .* 4 seeds"):
        maps[4]
    pairs = RotatedPairs(spoiled[:, 1], HEALPix(1), L=1)
    with pytest.raises(ValueError, match="X must be known everywhere"):
        pairs[2]
    with pytest.raises(IndexError, match="pair 4 does not exist"):
        pairs.rotations(4)

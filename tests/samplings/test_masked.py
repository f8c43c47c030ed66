"""Parts of samplings: masks, indices, masks of masks."""

import json

import numpy as np
import pytest

from samplings import HEALPix, Icosahedral, Irregular, Masked, from_config

SPHERE = HEALPix(4)


def test_mask_of_a_mask_keeps_what_both_keep():
    north, west = SPHERE.lat > 0, SPHERE.lon > 180
    part = SPHERE[north]
    both = part[west[north]]
    np.testing.assert_array_equal(both.xyz, SPHERE.xyz[north & west])
    assert both.parent is part
    rebuilt = from_config(json.loads(json.dumps(both.config)))
    np.testing.assert_array_equal(rebuilt.xyz, both.xyz)
    assert repr(both).count("Masked") == 2


def test_coarse_cells_with_any_child_stay_with_the_area_kept():
    part = SPHERE[[0, 1, 2, 3, 5, 100]]
    coarse = part.coarsen().coarse
    cell = 4 * np.pi / 192
    np.testing.assert_array_equal(coarse.index, [0, 1, 25])
    np.testing.assert_allclose(coarse.weights, [4 * cell, cell, cell])
    np.testing.assert_array_equal(coarse.xyz, HEALPix(2).xyz[[0, 1, 25]])
    again = coarse.coarsen().coarse
    np.testing.assert_allclose(again.weights, [5 * cell, cell])


def test_partly_kept_cells_survive_the_configuration():
    coarse = SPHERE[[0, 1, 2, 3, 5, 100]].coarsen().coarse
    config = json.loads(json.dumps(coarse.config))
    assert "weights" in config and "weights" not in SPHERE[[0, 5]].config
    np.testing.assert_array_equal(from_config(config).weights, coarse.weights)


def test_only_midpoints_kept_give_both_parents_their_share():
    part = Icosahedral(1)[[20]]
    coarsening = part.coarsen()
    assert len(coarsening.coarse) == 2
    np.testing.assert_allclose(coarsening.coarse.weights, part.area / 2, rtol=1e-12)


def test_masked_scattered_points_coarsen():
    xyz = np.random.default_rng(0).standard_normal((50, 3))
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    part = Irregular.from_xyz(xyz)[xyz[:, 2] > 0]
    assert part.coarsen().coarse.area == pytest.approx(part.area)


def test_whole_mask_is_the_whole_sampling():
    whole = SPHERE[np.ones(192, dtype=bool)]
    np.testing.assert_array_equal(whole.index, np.arange(192))
    assert whole.name == "healpix-4-masked"


@pytest.mark.parametrize(
    ("part", "kind", "message"),
    [
        (np.zeros(192, bool), ValueError, "False everywhere; keep at least one"),
        ([], ValueError, "the mask is empty; keep at least one"),
        (np.ones(191, bool), ValueError, "length 191 for 192 vertices"),
        (np.ones((192, 1), bool), ValueError, r"shape \(192,\), got \(192, 1\)"),
        (np.linspace(0, 1, 192), TypeError, "or integer indices, got float64; compare"),
        (np.ones(192), TypeError, r"got float64; convert indices with .astype\(int\)"),
        (["a", "b"], TypeError, "got <U1; convert it with numpy.asarray"),
        (np.ma.array([1, 2], mask=[0, 1]), ValueError, "hides 1 of its entries; decide"),
        (np.full(192, np.nan), TypeError, "decide about NaN"),
        ([3, 4, 3], ValueError, "distinct, got 3 2 times"),
        ([0, 192], ValueError, r"lie in 0 ... 191, got 192"),
        ([-1, 5], ValueError, r"lie in 0 ... 191, got -1"),
        (5, TypeError, r"list of indices, got 5; for one vertex pass \[i\]"),
        (slice(2, 5), TypeError, r"got slice\(2, 5, None\); .* numpy.arange"),
        (np.arange(192) % 2, ValueError, "make a mask of 0 and 1 boolean"),
    ],
)
def test_errors_for_masks(part, kind, message):
    with pytest.raises(kind, match=message):
        SPHERE[part]


def test_error_for_areas_that_do_not_fit():
    with pytest.raises(ValueError, match=r"weights must have shape \(2,\)"):
        Masked(SPHERE, [0, 1], [1.0])


def test_error_for_a_parent_without_coarser_sampling():
    with pytest.raises(ValueError, match="nside must be even"):
        HEALPix(1)[[0, 1]].coarsen()

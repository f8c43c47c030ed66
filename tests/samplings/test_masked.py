"""Parts of samplings: masks, indices, masks of masks."""

import json

import numpy as np
import pytest

from samplings import (
    Equiangular,
    HEALPix,
    Icosahedral,
    Irregular,
    Masked,
    delaunay_graph,
    from_config,
    knn_graph,
    same_sampling,
)
from samplings.transfer.cell_overlap import areas_at_nearest, shared_areas
from tests.helpers import scattered

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
    part = Icosahedral(1)[np.arange(12, 42)]
    coarsening = part.coarsen()
    np.testing.assert_array_equal(coarsening.assign.data, np.full(60, 0.5))
    np.testing.assert_allclose(coarsening.coarse.weights, part.area / 12, rtol=1e-12)


def test_masked_scattered_points_coarsen():
    xyz = np.random.default_rng(0).standard_normal((50, 3))
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    part = Irregular(xyz)[xyz[:, 2] > 0]
    assert part.coarsen().coarse.area == pytest.approx(part.area)


def test_whole_mask_is_the_whole_sampling():
    whole = SPHERE[np.ones(192, dtype=bool)]
    np.testing.assert_array_equal(whole.index, np.arange(192))
    assert whole.name == "healpix-4-masked"


@pytest.mark.parametrize(
    ("part", "kind", "message"),
    [
        (np.zeros(192, bool), ValueError, "False everywhere; keep at least one"),
        ([], ValueError, "must keep at least one vertex, got an empty"),
        (np.ones(191, bool), ValueError, "length 191 for 192 vertices"),
        (np.ones((192, 1), bool), ValueError, r"shape \(192,\), got \(192, 1\)"),
        (np.linspace(0, 1, 192), TypeError, "or integer indices, got float64; compare"),
        (np.ones(192), TypeError, r"got float64; convert indices with .astype\(int\)"),
        (["a", "b"], TypeError, "got <U1; convert it with numpy.asarray"),
        (
            np.ma.array([1, 2], mask=[0, 1]),
            ValueError,
            "hides 1 of its entries; decide",
        ),
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


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (SPHERE[[7]], "got 1 cell of healpix-2 for the 1 vertex kept of"),
        (SPHERE[[0, 50, 100]], "got 3 cells of healpix-2 for the 3 vertices kept"),
        (Icosahedral(1)[[20]], "got 2 cells of icosahedral-0 for"),
    ],
)
def test_error_for_parts_that_would_not_become_coarser(part, message):
    with pytest.raises(ValueError, match=message):
        part.coarsen()
    with pytest.raises(ValueError, match=r"Transfer\.cons.* or merge nearest points"):
        part.coarsen()


# -- the order of vertices -------------------------------------------------------------

PIXELS = np.array([90, 17, 130, 4, 18, 16])


@pytest.mark.parametrize("nest", [True, False])
def test_indices_keep_their_order_as_in_arrays(nest):
    sky = HEALPix(4, nest=nest)
    for given in (
        PIXELS,
        PIXELS.tolist(),
        PIXELS.astype(np.uint64),
        PIXELS.astype(">i2"),
    ):
        part = sky[given]
        np.testing.assert_array_equal(part.index, PIXELS)
        np.testing.assert_array_equal(part.xyz, sky.xyz[PIXELS])
        assert part.index.dtype == np.int64 and part.index.dtype.isnative
    np.testing.assert_array_equal(part[[5, 0]].xyz, sky.xyz[PIXELS[[5, 0]]])


def test_a_part_in_any_order_comes_back_from_its_configuration_bit_by_bit():
    part = Masked(SPHERE, PIXELS, 0.5 * SPHERE.weights[PIXELS] * np.linspace(0.5, 1, 6))
    rebuilt = from_config(json.loads(json.dumps(part.config)))
    np.testing.assert_array_equal(rebuilt.index, part.index)
    np.testing.assert_array_equal(rebuilt.xyz, part.xyz)
    np.testing.assert_array_equal(rebuilt.weights, part.weights)
    assert "mask" not in part.config
    # Those in the parent's order are described as before.
    assert set(SPHERE[np.sort(PIXELS)].config) == {"type", "parent", "mask"}


def test_error_for_a_configuration_with_and_without_an_order():
    config = SPHERE[PIXELS].config
    both = {**config, "mask": SPHERE[np.sort(PIXELS)].config["mask"]}
    neither = {key: value for key, value in config.items() if key != "index"}
    for wrong in (both, neither):
        with pytest.raises(ValueError, match="needs either a mask or an index"):
            from_config(wrong)


@pytest.mark.parametrize(
    "whole", [HEALPix(4), Icosahedral(2), Equiangular(8, 16), scattered(60)], ids=repr
)
@pytest.mark.parametrize("all_of_it", [True, False])
def test_what_is_made_of_a_part_is_in_its_order(whole, all_of_it):
    order = np.random.default_rng(2).permutation(len(whole))
    if not all_of_it:
        order = order[whole.lat[order] > -20]
    rank = np.argsort(np.argsort(order))
    turned, straight = whole[order], whole[np.sort(order)]
    made, expected = turned.coarsen(), straight.coarsen()
    assert abs(made.assign - expected.assign[:, rank]).max() == 0
    assert same_sampling(made.coarse, expected.coarse)
    for build in (
        lambda one: knn_graph(one, 6, weighting="heat").adjacency,
        lambda one: knn_graph(one, 3, weighting="heat", connect=True).adjacency,
        # Not fitted weights: sums of an iteration depend on the order.
        lambda one: delaunay_graph(one, "finite-volume").adjacency,
        lambda one: shared_areas(one, HEALPix(2)).T,
        lambda one: shared_areas(HEALPix(2), one),
        lambda one: areas_at_nearest(one, HEALPix(1)).T,
    ):
        made, expected = (build(one).toarray() for one in (turned, straight))
        expected = expected[rank]
        if expected.shape[0] == expected.shape[1] == len(rank):
            expected = expected[:, rank]
        np.testing.assert_allclose(made, expected, atol=1e-9 * expected.max())
    corners = turned.cells().areas
    np.testing.assert_allclose(corners, straight.cells().areas[rank], rtol=1e-9)

"""Skies padded to whole parents, pyramids and pooling on them."""

import healpy
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg import MeanPool, Unpool, pooling_operator, unpooling_operator
from samplings import (
    Equiangular,
    HEALPix,
    Icosahedral,
    build_pyramid,
    pad_to_parents,
)

SCHEMES = {
    "nested": HEALPix(8),
    "ring": HEALPix(8, nest=False),
    "equiangular": Equiangular(16, 32),
}


def random_mask(n, seed, share):
    mask = np.random.default_rng(seed).random(n) < share
    mask[seed % n] = True
    return mask


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    st.sampled_from(sorted(SCHEMES)),
    st.integers(0, 10**6),
    st.sampled_from([0.001, 0.03, 0.5, 1.0]),
    st.integers(1, 3),
)
def test_all_parents_have_all_their_children(name, seed, share, levels):
    whole = SCHEMES[name]
    mask = random_mask(len(whole), seed, share)
    footprint = pad_to_parents(whole[mask], levels)
    padded = footprint.sampling
    assert footprint.complete.all()
    np.testing.assert_array_equal(padded.xyz[footprint.index], whole.xyz[mask])
    assert footprint.mask.sum() == mask.sum()
    level, coarse = padded, whole
    for _ in range(levels):
        level, coarse = level.coarsen().coarse, coarse.coarsen().coarse
    # Areas of whole cells, and of no more cells than the part touches.
    index = getattr(level, "index", np.arange(len(level)))
    np.testing.assert_allclose(level.weights, coarse.weights[index], rtol=1e-12)
    assert len(level) <= mask.sum()


@pytest.mark.parametrize("nest", [True, False])
def test_children_are_those_of_healpy(nest):
    whole = HEALPix(16, nest=nest)
    mask = random_mask(len(whole), 5, 0.01)
    pixels = np.flatnonzero(mask)
    nested = pixels if nest else healpy.ring2nest(16, pixels)
    children = (np.unique(nested // 16)[:, None] * 16 + np.arange(16)).ravel()
    wanted = children if nest else np.sort(healpy.nest2ring(16, children))
    footprint = pad_to_parents(whole[mask], 2)
    np.testing.assert_array_equal(footprint.sampling.index, wanted)


def test_shared_cells_leave_outer_parents_incomplete():
    whole = Icosahedral(3)
    footprint = pad_to_parents(whole[whole.lat > 50], 1)
    assert 0 < footprint.complete.sum() < len(footprint.complete)


def test_signals_are_padded_and_cropped():
    part = HEALPix(8)[[70, 3, 71]]
    footprint = pad_to_parents(part, 2)
    values = np.arange(12.0).reshape(2, 3, 2)
    padded = footprint.pad(values, np.nan)
    assert padded.shape == (2, 32, 2)
    np.testing.assert_array_equal(footprint.crop(padded), values)
    assert np.isnan(padded[:, ~footprint.mask]).all()
    assert footprint.pad(values.astype(np.float32)).dtype == np.float32


def test_whole_skies_stay_and_partial_areas_are_kept():
    whole = HEALPix(4)
    assert pad_to_parents(whole, 2).sampling is whole
    half = type(whole[[0]])(whole, [0, 9], whole.weights[:2] / 2)
    footprint = pad_to_parents(half, 1)
    np.testing.assert_allclose(
        footprint.sampling.weights[footprint.index], half.weights
    )


# -- pyramids and pooling on masks -------------------------------------------------
@settings(derandomize=True, deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([0.1, 0.5, 0.95]), st.booleans())
def test_pyramids_of_masks_with_holes_and_pieces(seed, share, pad):
    whole = HEALPix(8)
    part = whole[random_mask(len(whole), seed, share)]
    sampling = pad_to_parents(part, 2).sampling if pad else part
    pyramid = build_pyramid(sampling, 3, k=4, weighting="heat")
    areas = [graph.sampling.area for graph in pyramid.graphs]
    np.testing.assert_allclose(areas, areas[0])


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.95]), st.booleans())
def test_mean_pooling_of_known_pixels_is_ud_grade(seed, share, nest):
    whole = HEALPix(8, nest=nest)
    mask = random_mask(len(whole), seed, share)
    values = np.random.default_rng(seed).standard_normal(len(whole))
    order = "NESTED" if nest else "RING"
    level, x = whole[mask], torch.tensor(values[mask])[:, None]
    gaps = np.where(mask, values, healpy.UNSEEN)
    for nside in (4, 2, 1):
        coarsening = level.coarsen()
        x = MeanPool()(x, pooling_operator(coarsening).double())
        level = coarsening.coarse
        # From the finest map: means of means count each known pixel once, by area.
        wanted = healpy.ud_grade(gaps, nside, order_in=order, order_out=order)
        found = np.full(len(wanted), healpy.UNSEEN)
        found[getattr(level, "index", slice(None))] = x[:, 0].numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


def test_unpooling_is_ud_grade_upwards():
    whole = HEALPix(8)
    footprint = pad_to_parents(whole[whole.lat > 20], 1)
    coarsening = footprint.sampling.coarsen()
    values = np.random.default_rng(0).standard_normal(len(coarsening.coarse))
    gaps = np.full(192, healpy.UNSEEN)
    gaps[coarsening.coarse.index] = values
    wanted = healpy.ud_grade(gaps, 8, order_in="NESTED", order_out="NESTED")
    x = Unpool()(torch.tensor(values)[:, None], unpooling_operator(coarsening).double())
    np.testing.assert_allclose(x[:, 0], wanted[footprint.sampling.index])


# -- errors ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sampling", "levels", "message"),
    [
        (HEALPix(4)[[1]], 0, "levels must be at least 1, got 0"),
        (HEALPix(4)[[1]], 3, r"levels=3 coarsenings of healpix-4 must be possible"),
    ],
)
def test_errors(sampling, levels, message):
    with pytest.raises(ValueError, match=message):
        pad_to_parents(sampling, levels)


def test_errors_of_empty_masks_and_of_signals():
    whole = HEALPix(4)
    with pytest.raises(
        ValueError, match="the mask is False everywhere; keep at least one"
    ):
        whole[np.zeros(len(whole), dtype=bool)]
    footprint = pad_to_parents(whole[[3]], 1)
    with pytest.raises(ValueError, match=r"values must have shape \(\*batch, 1, chan"):
        footprint.pad(np.ones(1))

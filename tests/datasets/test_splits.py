import numpy as np
import pytest
import torch

from deepsphere_pyg.datasets import (
    CachedMaps,
    MaskedMaps,
    SegmentationDataset,
    SelectedMaps,
    class_shares,
    hold_out_pixels,
    input_statistics,
    segmentation_sample,
)
from deepsphere_pyg.datasets.splits import spatial_blocks
from samplings import HEALPix, Icosahedral


class Numbers(SegmentationDataset):
    """Map i is i everywhere, class 1, without the vertices south of 60 S."""

    channel_names = ("i",)
    class_names = ("zero", "one")

    def __init__(self, sampling, n):
        self.sampling, self.n = sampling, n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        ones = np.ones(len(self.sampling))
        x = ones[:, None] * self._check_index(index)
        return segmentation_sample(x, ones.astype(int), 2, self.sampling.lat > -60)


@pytest.mark.parametrize(
    "sampling", [HEALPix(16), Icosahedral(4)], ids=lambda s: s.name
)
@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.8])
def test_hold_out_splits_the_area_and_changes_only_masks(sampling, fraction):
    dataset = Numbers(sampling, 3)
    train, held_out = hold_out_pixels(dataset, fraction, block_degrees=15, seed=1)
    share = sampling.weights[held_out.keep.numpy()].sum() / sampling.area
    # half a block of 15 degrees is 0.3 % of the sphere, block areas vary
    assert share == pytest.approx(fraction, abs=0.01)
    for i in range(3):
        whole, a, b = dataset[i], train[i], held_out[i]
        assert torch.equal(a.x, whole.x)
        assert torch.equal(b.x, whole.x)
        assert torch.equal(a.mask ^ b.mask, whole.mask)
        assert not (a.mask & b.mask).any()
        for part in (a, b):
            assert torch.equal(part.y, part.mask.long())


def test_hold_out_depends_on_the_seed_alone():
    dataset = Numbers(HEALPix(8), 1)
    keeps = [hold_out_pixels(dataset, 0.3, seed=s)[0].keep for s in (0, 0, 1)]
    assert torch.equal(keeps[0], keeps[1])
    assert not torch.equal(keeps[0], keeps[2])


def test_blocks_are_connected_patches_of_the_wanted_size():
    sampling = HEALPix(32)
    block = spatial_blocks(sampling, 15, seed=3)
    area = np.bincount(block, sampling.weights)
    assert area.mean() == pytest.approx(np.deg2rad(15) ** 2, rel=0.01)
    assert area.max() < 1.3 * area.mean()
    for number in range(0, block.max() + 1, 10):
        inside = sampling.xyz[block == number]
        # a hexagonal cell of this area reaches 9.3 degrees; lattice cells are uneven
        centre = inside.mean(axis=0) / np.linalg.norm(inside.mean(axis=0))
        assert np.rad2deg(np.arccos((inside @ centre).min())) < 14


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1])
def test_fraction_outside_the_range_is_refused(fraction):
    with pytest.raises(ValueError, match="fraction must be between 0 and 1"):
        hold_out_pixels(Numbers(HEALPix(2), 1), fraction)


def test_blocks_too_large_for_the_fraction_are_refused():
    with pytest.raises(ValueError, match="use smaller blocks"):
        hold_out_pixels(Numbers(HEALPix(2), 1), 0.01, block_degrees=90)
    with pytest.raises(ValueError, match=r"must be from 0\.1 to 90, got 0"):
        hold_out_pixels(Numbers(HEALPix(2), 1), 0.5, block_degrees=0)


def test_masks_that_do_not_fit_are_refused():
    dataset = Numbers(HEALPix(2), 1)
    with pytest.raises(ValueError, match="one value per vertex"):
        MaskedMaps(dataset, [True])
    with pytest.raises(ValueError, match="no vertex would count"):
        MaskedMaps(dataset, np.zeros(48, dtype=bool))
    with pytest.raises(TypeError, match=r"keep must be boolean, .* got float64"):
        MaskedMaps(dataset, dataset.sampling.lat)


def test_selected_maps_are_those_named():
    part = SelectedMaps(Numbers(HEALPix(2), 5), [4, 1])
    assert [float(sample.x[0, 0]) for sample in part] == [4.0, 1.0]
    with pytest.raises(IndexError, match="map 2 does not exist"):
        part[2]
    with pytest.raises(ValueError, match="at least one map"):
        SelectedMaps(Numbers(HEALPix(2), 5), [])
    with pytest.raises(ValueError, match="from 0 to 4, got 5"):
        SelectedMaps(Numbers(HEALPix(2), 5), [0, 5])
    with pytest.raises(TypeError, match=r"got booleans; pass numpy\.flatnonzero"):
        SelectedMaps(Numbers(HEALPix(2), 5), np.array([True, False, True]))


def test_what_is_no_data_set_is_refused():
    for use in (
        CachedMaps,
        hold_out_pixels,
        class_shares,
        input_statistics,
        lambda maps: SelectedMaps(maps, [0]),
        lambda maps: MaskedMaps(maps, [True]),
    ):
        with pytest.raises(TypeError, match="dataset must be a SegmentationDataset"):
            use(None)

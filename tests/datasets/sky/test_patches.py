"""Nested patches: what they hold, their symmetries, and how often maps are made."""

import healpy
import numpy as np
import pytest
import torch
from torch.utils.data import Dataset

from deepsphere_pyg.datasets import GaussianFields, NestedPatches
from deepsphere_pyg.datasets.arrays import GlobalSample, MapSample
from deepsphere_pyg.training import SphereDataModule
from samplings import HEALPix, same_sampling
from tests.round_off import assert_near

ORDERS = [1, 2, 4]


class Counted(Dataset):
    """Maps of given values, ``(N, V, C)``, which counts how often each is made."""

    channel_names = ("value",)
    target_names = ("a", "b")

    def __init__(self, sampling, values):
        self.sampling, self.values = sampling, torch.as_tensor(values)
        self.made = [0] * len(values)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.made[index] += 1
        return GlobalSample(self.values[index], torch.tensor([index, -index]).float())


def pixels(sampling, n=2):
    """Maps of the number of each pixel, plus a million for each further map."""
    numbers = np.arange(len(sampling)) + 1e6 * np.arange(n)[:, None]
    return Counted(sampling, numbers[..., None])


def positions(sampling):
    """One map of the positions of the pixels, float64."""
    return Counted(sampling, np.array(sampling.xyz)[None])


@pytest.mark.parametrize("nest", [True, False])
@pytest.mark.parametrize("order", ORDERS)
def test_patches_in_order_are_the_maps_in_nested_order(order, nest):
    data = pixels(HEALPix(8, nest=nest))
    patches = NestedPatches(data, order)
    assert len(patches) == 2 * 12 * order**2
    assert patches[0].x.shape == (len(patches.sampling), 1)
    joined = torch.cat([sample.x for sample in patches]).reshape(2, -1).numpy()
    for found, given in zip(joined, data.values[..., 0].numpy(), strict=True):
        wanted = given if nest else healpy.reorder(given, r2n=True)
        np.testing.assert_array_equal(found, wanted)
    assert data.made == [1, 1]


@pytest.mark.parametrize("order", ORDERS)
def test_the_sampling_is_that_of_the_first_patch(order):
    patches = NestedPatches(positions(HEALPix(8, nest=False)), order)
    assert same_sampling(
        patches.sampling, HEALPix(8, nest=True)[np.arange((8 // order) ** 2)]
    )
    assert_near(patches[0].x.numpy(), patches.sampling.xyz)


@pytest.mark.parametrize("nest", [True, False])
@pytest.mark.parametrize("order", ORDERS)
def test_alike_patches_fit_the_first_after_a_turn_and_a_mirror(order, nest):
    sampling = HEALPix(16, nest=nest)
    patches = NestedPatches(positions(sampling), order, "alike")
    assert len(patches) == 8 * order
    first, steps = patches.sampling.xyz, set()
    for sample in patches:
        found = sample.x.numpy()
        mirrored = found[:, 2].mean() < 0
        centre, wanted = found[:, :2].sum(axis=0), first[:, :2].sum(axis=0)
        step = np.arctan2(*centre[::-1]) - np.arctan2(*wanted[::-1])
        step = round(step / (np.pi / 2 / order)) % (4 * order)
        turn = np.pi / 2 / order * step
        back = np.array(
            [
                [np.cos(turn), np.sin(turn), 0],
                [-np.sin(turn), np.cos(turn), 0],
                [0, 0, -1 if mirrored else 1],
            ]
        )
        assert_near(found @ back.T, first, terms=3)
        steps.add((step, mirrored))
    assert len(steps) == 8 * order


def test_alike_faces_are_the_polar_ones():
    patches = NestedPatches(pixels(HEALPix(2)), 1, "alike")
    assert patches.patch_numbers.tolist() == [0, 1, 2, 3, 8, 9, 10, 11]


@pytest.mark.parametrize("order", ORDERS)
def test_patches_left_out_have_another_shape(order):
    data = positions(HEALPix(16))

    def shape(sample):
        """Axes of the patch: unchanged by rotations, mirrors and permutations."""
        centred = sample.x.numpy() - sample.x.numpy().mean(axis=0)
        return np.linalg.eigvalsh(centred.T @ centred)

    alike = NestedPatches(data, order, "alike").patch_numbers
    shapes = np.array([shape(sample) for sample in NestedPatches(data, order)])
    off = abs(shapes / shapes[0] - 1).max(axis=1)
    assert off[alike].max() < 1e-9
    assert np.delete(off, alike).min() > 1e-3


def test_maps_shuffled_by_a_data_module_are_made_once_an_epoch():
    data = pixels(HEALPix(4), n=9)
    patches = NestedPatches(data, 2, maps_in_memory=3)
    module = SphereDataModule(patches, validation=[0], batch_size=7)
    batches = [batch.x for batch in module.train_dataloader()]
    assert data.made == [1] * 9
    values = torch.cat(batches)[..., 0]
    assert len(values.flatten().unique()) == values.numel() == 9 * 192 - 4
    # A batch mixes maps.
    assert len((batches[0] // 1e6).unique()) > 1
    assert module.target_names == ("a", "b")
    assert module.global_target and module.out_channels == 2


def test_classes_and_names_are_those_of_the_maps():
    maps = GaussianFields(HEALPix(2), [[0, 1], [1, 1]], 3, class_names=("one", "two"))
    patches = NestedPatches(maps, 1)
    assert [patches[i].y for i in (11, 12, 24)] == [0, 1, 0]
    assert patches.class_names == ("one", "two")
    assert SphereDataModule(patches).n_classes == 2


class OfVertices(Counted):
    def __getitem__(self, index):
        x = self.values[index]
        return MapSample(x, x, torch.ones(len(x), dtype=torch.bool))


class Short(Counted):
    def __getitem__(self, index):
        return GlobalSample(self.values[index, :5], torch.zeros(1))


class Pairs(Counted):
    def __getitem__(self, index):
        return self.values[index], 0


SPHERE = HEALPix(4)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((pixels(SPHERE), 3), ValueError, "divides nside = 4, got 3; use one of 1, 2,"),
        ((pixels(SPHERE), 8), ValueError, "divides nside = 4, got 8"),
        ((pixels(SPHERE), 0), ValueError, "order must be at least 1, got 0"),
        ((pixels(SPHERE), 1, "some"), ValueError, "patches must be 'all' or 'alike'"),
        (
            (pixels(HEALPix(6, nest=False)), 1),
            ValueError,
            "power of two for patches in nested order, got 6; use maps of nside 4",
        ),
        (
            (pixels(SPHERE[np.arange(96)]), 1),
            TypeError,
            "of maps of the whole sky on HEALPix",
        ),
        ((torch.ones(3, 192, 1), 1), TypeError, "must be a data set with a sampling"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        NestedPatches(*arguments)


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        (OfVertices, TypeError, "one target each, a class or numbers, got targets at"),
        (Short, ValueError, r"map 0 must have shape \(192, channels\).*got \(5, 1\)"),
        (Pairs, TypeError, "named tuples with a tensor x.*got tuple"),
    ],
)
def test_wrong_samples_are_refused(kind, error, message):
    patches = NestedPatches(kind(SPHERE, np.zeros((1, 192, 1))), 1)
    with pytest.raises(error, match=message):
        patches[0]
    with pytest.raises(IndexError, match="patch 12 does not exist"):
        patches[12]

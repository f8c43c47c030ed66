"""Samples with missing values, and statistics against NumPy."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.datasets.base import (
    SegmentationDataset,
    SegmentationSample,
    class_shares,
    input_statistics,
    segmentation_sample,
)
from samplings import Equiangular
from tests.round_off import assert_near, round_off

SAMPLING = Equiangular(6, 8)
V = len(SAMPLING)


class Maps(SegmentationDataset):
    """Samples from a list, on a sampling of unequal areas."""

    sampling = SAMPLING
    channel_names = ("pressure", "wind")
    class_names = ("background", "storm", "river")

    def __init__(self, samples: list[SegmentationSample]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> SegmentationSample:
        return self.samples[self._check_index(index)]


def random_maps(n: int = 5, seed: int = 0) -> Maps:
    rng = np.random.default_rng(seed)
    samples = []
    for i in range(n):
        x = rng.normal([1e5 + 300 * i, i], [400, 5], (V, 2))
        x[rng.random((V, 2)) < 0.1] = np.nan
        mask = rng.random(V) < 0.8
        samples.append(segmentation_sample(x, rng.integers(0, 3, V), 3, mask))
    return Maps(samples)


def pooled(maps: Maps) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, classes and areas of all valid vertices, one after another."""
    parts = [
        (s.x.numpy()[m], s.y.numpy()[m], SAMPLING.weights[m])
        for s in maps
        for m in [s.mask.numpy()]
    ]
    x, y, area = zip(*parts, strict=True)
    return np.concatenate(x).astype(np.float64), np.concatenate(y), np.concatenate(area)


def test_missing_inputs_become_the_mean_of_the_valid_vertices() -> None:
    x = np.array([[1.0, 5.0], [np.nan, 7.0], [3.0, np.inf], [8.0, 9.0], [4.0, 6.0]])
    sample = segmentation_sample(
        x, [0, 1, 2, 2, 1], 3, mask=[True, True, True, False, True]
    )
    assert sample.mask.tolist() == [True, False, False, False, True]
    assert sample.y.tolist() == [0, 0, 0, 0, 1]
    # The valid vertices are the first and the last.
    expected = [[1, 5], [2.5, 7], [3, 5.5], [8, 9], [4, 6]]
    torch.testing.assert_close(sample.x, torch.tensor(expected, dtype=torch.float32))


def test_sample_has_the_promised_types_and_leaves_its_arguments_alone() -> None:
    x, y = np.full((V, 2), np.nan), np.full(V, 2)
    sample = segmentation_sample(x, y, 3)
    assert (sample.x.dtype, sample.y.dtype) == (torch.float32, torch.int64)
    assert sample.mask.dtype == torch.bool and not sample.mask.any()
    assert (sample.x == 0).all() and (sample.y == 0).all()
    assert np.isnan(x).all() and (y == 2).all()


def test_a_value_beyond_float32_counts_as_missing() -> None:
    sample = segmentation_sample([[1e300], [2.0]], [0, 1], 2)
    assert sample.mask.tolist() == [False, True]
    assert sample.x.tolist() == [[2.0], [2.0]]


def test_what_masked_arrays_hide_is_missing() -> None:
    # As netCDF4 returns it: hidden values are arbitrary.
    x = np.ma.array([[1.0], [9e36], [3.0], [5.0]], mask=[[0], [1], [0], [0]])
    y = np.ma.array([0, 1, 1, 99], mask=[0, 0, 0, 1], dtype=np.int16)
    sample = segmentation_sample(x, y, 2)
    assert sample.mask.tolist() == [True, False, True, False]
    assert sample.x[:, 0].tolist() == [1, 2, 3, 5]
    assert sample.y.tolist() == [0, 0, 1, 0]
    whole = segmentation_sample(np.ma.array([[1.0]]), np.ma.array([1]), 2)
    assert whole.mask.all() and whole.y.tolist() == [1]


@pytest.mark.parametrize("mask", [[1, 0], [1.0, np.nan], ["a", "b"]])
def test_masks_that_are_not_boolean_are_refused(mask) -> None:
    with pytest.raises(TypeError, match=r"mask must be boolean, .* compare it"):
        segmentation_sample([[1.0], [2.0]], [0, 1], 2, mask)


def test_labels_of_masked_vertices_may_be_anything() -> None:
    y = np.array([np.nan, 255.0, 1.0])
    sample = segmentation_sample(np.zeros((3, 1)), y, 2, mask=[False, False, True])
    assert sample.y.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("x", "y", "mask", "message"),
    [
        (np.zeros(3), [0, 0, 0], None, r"x must have shape \(V, C\), got \(3,\)"),
        (np.zeros((3, 1)), [0, 0], None, r"one class per vertex, shape \(3,\)"),
        (np.zeros((3, 1)), [0, 0, 0], [True], "mask must have one value per vertex"),
        (np.zeros((3, 1)), [0, 2, 0], None, "from 0 to 1, got 2 at vertex 1; mask out"),
        (np.zeros((3, 1)), [0, 0, -1], None, "from 0 to 1, got -1 at vertex 2"),
        (np.zeros((3, 1)), [0, 0.5, 0], None, "got 0.5 at vertex 1"),
    ],
)
def test_bad_samples_are_refused(x, y, mask, message) -> None:
    with pytest.raises(ValueError, match=message):
        segmentation_sample(x, y, 2, mask)


def test_input_statistics_are_those_of_all_valid_vertices_by_area() -> None:
    maps = random_maps()
    x, _, area = pooled(maps)
    mean = np.average(x, axis=0, weights=area)
    std = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=area))
    measured = input_statistics(maps)
    assert measured[0].dtype == measured[1].dtype == torch.float64
    # Sums of a few hundred numbers, centred; channels have sizes of their own.
    for channel, size in enumerate(np.abs(x).max(axis=0)):
        assert_near(measured[0][channel], mean[channel], len(x), size)
        assert_near(measured[1][channel], std[channel], len(x), size)


def test_class_shares_are_those_of_all_valid_vertices_by_area() -> None:
    maps = random_maps()
    _, y, area = pooled(maps)
    shares = class_shares(maps)
    expected = np.bincount(y, area, minlength=3) / area.sum()
    assert_near(shares, expected, len(area))
    assert shares.dtype == torch.float64


def test_a_limit_takes_maps_evenly_from_the_whole_set() -> None:
    maps = random_maps(6)
    few = Maps([maps[0], maps[2], maps[4]])
    for limited, whole in zip(
        input_statistics(maps, limit=3), input_statistics(few), strict=True
    ):
        assert torch.equal(limited, whole)
    assert torch.equal(class_shares(maps, limit=3), class_shares(few))
    assert torch.equal(class_shares(maps, limit=99), class_shares(maps))


def test_a_map_without_valid_vertices_changes_no_statistics() -> None:
    maps = random_maps()
    empty = segmentation_sample(np.full((V, 2), np.nan), np.zeros(V), 3)
    more = Maps([empty, *maps.samples])
    for a, b in zip(input_statistics(maps), input_statistics(more), strict=True):
        assert_near(a, b, 3 * V)
    torch.testing.assert_close(class_shares(maps), class_shares(more))


def test_a_constant_channel_has_deviation_zero() -> None:
    x = np.stack([np.full(V, 101325.0), np.arange(V)], axis=1)
    maps = Maps([segmentation_sample(x, np.zeros(V), 3)] * 3)
    mean, std = input_statistics(maps)
    assert mean[0] == pytest.approx(101325.0, rel=round_off(float, 3 * V))
    assert std[0] < round_off(float, 3 * V, 101325.0)


@pytest.mark.parametrize("statistic", [input_statistics, class_shares])
def test_statistics_need_a_valid_vertex_and_a_map(statistic) -> None:
    empty = segmentation_sample(np.full((V, 2), np.nan), np.zeros(V), 3)
    with pytest.raises(ValueError, match="no valid vertex: every label or input"):
        statistic(Maps([empty]))
    with pytest.raises(ValueError, match="limit must be at least 1, got 0"):
        statistic(random_maps(2), limit=0)


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_an_index_outside_the_data_set_is_refused(index: int) -> None:
    with pytest.raises(IndexError, match=f"map {index} does not exist.*0 to 4"):
        random_maps(5)[index]


def test_iterating_gives_every_map_in_order() -> None:
    maps = random_maps(4)
    for a, b in zip(maps, maps.samples, strict=True):
        assert a is b


@pytest.mark.parametrize("code", [np.nan, np.float32(-1.6375e30), 9.969209968386869e36])
def test_missing_labels_and_inputs_do_not_count(code):
    sample = segmentation_sample([[1.0], [code], [3.0]], [0.0, 1.0, code], 2)
    assert sample.mask.tolist() == [True, False, False]
    assert sample.x[:, 0].tolist() == [1, 1, 3]
    assert sample.y.tolist() == [0, 0, 0]


@pytest.mark.parametrize("index", ["a", None, 1.0, slice(2), [0, 1]])
def test_an_index_is_one_number(index) -> None:
    with pytest.raises(TypeError, match=r"index must be the number of one map.*Subset"):
        random_maps(5)[index]

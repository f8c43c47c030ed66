"""Stratified parts and folds of labelled samples."""

import numpy as np
import pytest

from deepsphere_pyg.datasets import stratified_folds, stratified_parts

UNEVEN = np.repeat([3, 0, 7], [40, 5, 100])


@pytest.mark.parametrize("shares", [(0.1, 0.2), (0.0, 0.5), (0.3, 0.0), (0.0, 0.0)])
def test_parts_are_a_partition_by_shares_of_each_class(shares):
    parts = stratified_parts(UNEVEN, validation=shares[0], test=shares[1])
    assert sorted(np.concatenate(parts)) == list(range(len(UNEVEN)))
    for part, share in ((parts.validation, shares[0]), (parts.test, shares[1])):
        for label, count in ((3, 40), (0, 5), (7, 100)):
            found = (UNEVEN[part] == label).sum()
            # Counts are rounded, to at least one.
            assert abs(found - share * count) <= 0.5 or found == 1
            assert (found == 0) == (share == 0)
        assert (np.diff(part) > 0).all()


def test_small_classes_keep_a_sample_to_train_with():
    parts = stratified_parts([0, 1, 1, 2, 2, 2], validation=0.4, test=0.4)
    labels = np.array([0, 1, 1, 2, 2, 2])
    assert labels[parts.train].tolist() == [0, 1, 2]
    assert labels[parts.test].tolist() == [1, 2]
    assert labels[parts.validation].tolist() == [2]


def test_parts_depend_on_the_seed_alone():
    one, same, other = (stratified_parts(UNEVEN, seed=seed) for seed in (5, 5, 6))
    assert all(map(np.array_equal, one, same))
    assert not np.array_equal(one.test, other.test)


@pytest.mark.parametrize("of", [2, 3, 7])
def test_folds_of_classes_and_as_a_whole_differ_by_one(of):
    folds = stratified_folds(UNEVEN, of, seed=2)
    assert np.ptp(np.bincount(folds, minlength=of)) <= 1
    for label in (0, 3, 7):
        assert np.ptp(np.bincount(folds[UNEVEN == label], minlength=of)) <= 1
    assert np.array_equal(folds, stratified_folds(UNEVEN, of, seed=2))
    assert not np.array_equal(folds, stratified_folds(UNEVEN, of, seed=3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: stratified_parts([0.5, 1]), TypeError, "labels must be integers"),
        (lambda: stratified_parts([]), TypeError, "labels must be integers"),
        (lambda: stratified_parts([[0, 1]]), ValueError, "labels must have shape .n,."),
        (
            lambda: stratified_parts([0, 1], validation=0.5, test=0.5),
            ValueError,
            "their sum must be below 1",
        ),
        (lambda: stratified_parts([0], test=-0.1), ValueError, "test must be at least"),
        (lambda: stratified_folds([0, 1], 3), ValueError, "at most .* 2, got 3"),
        (lambda: stratified_folds([0, 1], 1), ValueError, "of must be at least 2"),
    ],
)
def test_wrong_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()

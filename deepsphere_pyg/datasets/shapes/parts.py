"""Parts of labelled samples with the same share of each class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from samplings.arguments import integer_argument, probability_argument
from samplings.arrays import IntArray


class ShapeParts(NamedTuple):
    """Indices of the samples to train, validate and test with, each in order.

    Attributes
    ----------
    train, validation, test
        Indices, int64, disjoint; together all samples.
    """

    train: IntArray
    validation: IntArray
    test: IntArray


def stratified_parts(
    labels: npt.ArrayLike, *, validation: float = 0.1, test: float = 0.2, seed: int = 0
) -> ShapeParts:
    """Split samples into three parts, by the same shares of each class.

    The samples of each class are shuffled, and the first of them tested, the next
    validated. Counts are rounded class by class, but a class of two samples or more
    keeps one for training, and gives one to each other part of a share above zero as
    far as it has enough.

    Parameters
    ----------
    labels
        Class of each sample, shape ``(n,)``.
    validation, test
        Shares of each class; together below 1.
    seed
        Seed of the order.

    Raises
    ------
    TypeError
        If labels or the seed are not integers, or a share is not a number.
    ValueError
        If a share is out of range, or both leave nothing to train with.

    Examples
    --------
    >>> stratified_parts([0, 1] * 10, validation=0.1, test=0.2).test.size
    4
    """
    classes = class_labels(labels)
    shares = (
        probability_argument("test", test),
        probability_argument("validation", validation),
    )
    if sum(shares) >= 1:
        raise ValueError(
            f"validation and test must leave samples to train with, got shares "
            f"{validation} and {test}; their sum must be below 1"
        )
    rng = np.random.default_rng(integer_argument("seed", seed, 0))
    part = np.zeros(len(classes), dtype=np.int64)
    for one in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == one))
        start = 0
        for number, share in enumerate(shares, start=1):
            wanted = max(round(share * len(members)), 1) if share else 0
            stop = min(start + wanted, len(members) - 1)
            part[members[start:stop]] = number
            start = stop
    train, tested, validated = (np.flatnonzero(part == number) for number in range(3))
    return ShapeParts(train, validated, tested)


def stratified_folds(labels: npt.ArrayLike, of: int = 5, *, seed: int = 0) -> IntArray:
    """Deal the samples of each class out to folds, and return the fold of each.

    Folds of a class differ by at most one sample, and so do the folds as a whole.

    Parameters
    ----------
    labels
        Class of each sample, shape ``(n,)``.
    of
        Number of folds, from 2 to the number of samples.
    seed
        Seed of the order within each class.

    Raises
    ------
    TypeError
        If the labels, the number of folds or the seed are not integers.
    ValueError
        If there are less than two folds, or more than samples.

    Examples
    --------
    >>> folds = stratified_folds([0] * 4 + [1] * 4, 2)
    >>> np.bincount(folds[:4]), np.bincount(folds)
    (array([2, 2]), array([4, 4]))
    """
    classes = class_labels(labels)
    of = integer_argument("of", of, 2)
    if of > len(classes):
        raise ValueError(
            f"of must be at most the number of samples, {len(classes)}, got {of}; "
            "take fewer folds"
        )
    rng = np.random.default_rng(integer_argument("seed", seed, 0))
    # Dealing goes on from class to class, so that the remainders do not all fall to
    # the first folds.
    shuffled = rng.permutation(len(classes))
    order = shuffled[np.argsort(classes[shuffled], kind="stable")]
    fold = np.empty(len(classes), dtype=np.int64)
    fold[order] = np.arange(len(classes)) % of
    return fold


def class_labels(labels: npt.ArrayLike) -> IntArray:
    """Return labels as an array of integers, shape ``(n,)``."""
    try:
        array = np.asarray(labels)
        if array.dtype.kind not in "iu":
            raise TypeError
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            "labels must be integers, the class of each sample; pass an array of them"
        ) from None
    if array.ndim != 1 or not len(array):
        raise ValueError(
            f"labels must have shape (n,), one class for each sample, got "
            f"{array.shape}; pass at least one"
        )
    return array.astype(np.int64)

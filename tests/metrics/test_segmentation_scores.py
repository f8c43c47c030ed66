"""Scores of a segmentation: known values, scikit-learn, and laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    jaccard_score,
)
from sklearn.metrics import confusion_matrix as sklearn_confusion

from deepsphere_pyg.metrics import (
    average_precision,
    confusion_matrix,
    precision_recall_curve,
    segmentation_scores,
)

NAMES = ("background", "TC", "AR")


@pytest.fixture
def maps():
    rng = np.random.default_rng(0)
    truth = rng.choice(3, size=2000, p=[0.9, 0.02, 0.08])
    score = rng.random((2000, 3)) + 0.5 * np.eye(3)[truth]
    score = score.round(2)  # ties, as probabilities of a saturated network have
    return truth, score / score.sum(axis=1, keepdims=True), rng.random(2000)


def test_confusion_matrix_equals_scikit_learn(maps):
    truth, score, area = maps
    expected = sklearn_confusion(truth, score.argmax(axis=1), sample_weight=area)
    np.testing.assert_allclose(
        confusion_matrix(truth, score.argmax(axis=1), 3, area), expected, rtol=1e-12
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_average_precision_equals_scikit_learn(maps, weighted):
    truth, score, area = maps
    weights = area if weighted else None
    for c in range(3):
        expected = average_precision_score(
            truth == c, score[:, c], sample_weight=weights
        )
        assert average_precision(truth == c, score[:, c], weights) == pytest.approx(
            expected, rel=1e-12
        )


def test_accuracy_and_iou_equal_scikit_learn(maps):
    truth, score, area = maps
    scores = segmentation_scores(truth, score, NAMES, area)
    predicted = score.argmax(axis=1)
    assert scores.mean_accuracy == pytest.approx(
        balanced_accuracy_score(truth, predicted, sample_weight=area)
    )
    np.testing.assert_allclose(
        scores.intersection_over_union,
        jaccard_score(truth, predicted, average=None, sample_weight=area),
    )
    assert scores.mean_average_precision == pytest.approx(
        np.mean(scores.average_precision[1:])
    )
    assert sum(scores.share) == pytest.approx(1)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    truth=arrays(bool, 12),
    score=arrays(np.float64, 12, elements=st.integers(0, 5).map(float)),
    order=st.permutations(range(12)),
)
def test_average_precision_ignores_the_order_of_vertices(truth, score, order):
    first = average_precision(truth, score)
    second = average_precision(truth[order], score[order])
    assert (math.isnan(first) and math.isnan(second)) or first == pytest.approx(second)


def test_perfect_scores_have_average_precision_one():
    precision, recall = precision_recall_curve([0, 1, 1], [0.1, 0.8, 0.9])
    assert average_precision([0, 1, 1], [0.1, 0.8, 0.9]) == 1
    np.testing.assert_allclose(precision, [1, 1, 2 / 3])
    np.testing.assert_allclose(recall, [0.5, 1, 1])


def test_constant_scores_have_average_precision_of_the_share():
    assert average_precision([1, 0, 0, 0], np.zeros(4)) == pytest.approx(0.25)


def test_absent_class_is_left_out_of_the_means():
    scores = segmentation_scores([0, 0, 2], np.eye(3)[[0, 0, 2]], NAMES)
    assert math.isnan(scores.average_precision[1])
    assert scores.mean_average_precision == 1
    assert scores.mean_accuracy == 1
    assert scores.as_dict()["classes"]["TC"]["accuracy"] is None


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.float16, ">f4"])
def test_scores_of_any_type_rank_alike(dtype):
    score = np.array([0, 1, 1, 0, 1], dtype=dtype)
    expected = average_precision([0, 1, 1, 1, 0], score.astype(float))
    assert average_precision([0, 1, 1, 1, 0], score) == expected


def test_infinite_scores_tie_with_each_other():
    assert average_precision([0, 1], [np.inf, np.inf]) == 0.5
    assert average_precision([0, 1, 1], [-np.inf, -np.inf, 2]) == pytest.approx(5 / 6)


def test_vertices_without_weight_do_not_count():
    assert average_precision([0, 1, 1], [3, 2, 1], [0, 1, 1]) == 1
    assert math.isnan(average_precision([0, 1], [3, 2], [0, 0]))
    assert confusion_matrix([0, 1], [1, 1], 2, [0, 2]).tolist() == [[0, 0], [0, 2]]


def test_no_vertex_has_no_score():
    scores = segmentation_scores([], np.zeros((0, 3)), NAMES)
    assert all(map(math.isnan, (*scores.share, scores.mean_iou)))
    assert scores.as_dict()["overall_accuracy"] is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: confusion_matrix([0, 0.5], [0, 1], 3), "classes 0 .. 2, got 0.5"),
        (lambda: confusion_matrix([0, np.nan], [0, 1], 3), "classes 0 .. 2, got nan"),
        (
            lambda: confusion_matrix(np.zeros((2, 3)), np.zeros((3, 2)), 3),
            r"got shapes \(2, 3\), \(3, 2\) and \(2, 3\)",
        ),
        (lambda: confusion_matrix([0], [0], 1, [-1]), "not negative, got -1.0; give 0"),
        (lambda: average_precision([0, 1], [1, 2], [1, np.nan]), "finite .* got nan"),
        (lambda: average_precision([0, 2], [1, 2]), "True or False, got 2; compare"),
        (lambda: confusion_matrix([0, 3], [0, 1], 3), "truth must hold classes 0 .. 2"),
        (lambda: confusion_matrix([0, 1], [0, -1], 3), "predicted must hold classes"),
        (lambda: confusion_matrix([0], [0, 1], 3), "one value per vertex"),
        (lambda: average_precision([1, 0], [0.5]), "one value per vertex"),
        (lambda: average_precision([1, 0], [0.5, np.nan]), "must not be NaN"),
        (
            lambda: segmentation_scores([0, 1], np.zeros((2, 2)), NAMES),
            r"score must have shape \(N, n_classes\) = \(2, 3\)",
        ),
    ],
)
def test_bad_input_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()

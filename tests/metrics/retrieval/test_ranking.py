"""Ranked lists from scores of classes and from distances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from deepsphere_pyg.metrics import RankedLists, ranked_by_class, ranked_by_distance
from deepsphere_pyg.metrics.retrieval import ranking
from tests.round_off import round_off

few = settings(max_examples=30, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def names(n) -> list[str]:
    return [f"{i:06d}" for i in range(n)]


@given(seed=seeds)
@few
def test_lists_by_class_are_those_of_a_loop(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12))
    scores, ids = rng.integers(0, 4, (n, 3)), names(n)  # many ties
    found = ranked_by_class(scores, ids)
    assert list(found) == ids
    assert found.distances is None
    for i, query in enumerate(ids):
        best = int(np.argmax(scores[i]))
        members = [j for j in range(n) if np.argmax(scores[j]) == best]
        members.sort(key=lambda j, best=best: -scores[j, best])
        assert found[query] == tuple(ids[j] for j in members)
        assert query in found[query]


def test_items_of_a_class_share_one_list():
    found = ranked_by_class(np.eye(2)[[0, 1, 0]], names(3))
    assert found["000000"] is found["000002"]
    assert repr(found) == "RankedLists(3 queries, without distances)"


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("n", [1, 5, 40, 100])
def test_lists_by_distance_are_those_of_scipy(metric, n):
    features = np.random.default_rng(n).normal(3, 1, (40, 6))
    ids = names(40)
    found = ranked_by_distance(features, ids, n, metric=metric)
    wanted = cdist(features, features, metric)
    for i, query in enumerate(ids):
        order = np.argsort(wanted[i])[:n]
        assert found[query] == tuple(ids[j] for j in order)
        # The squared distance is a sum of squares of the features, of some 30.
        np.testing.assert_allclose(
            np.square(found.distances[query])
            if metric == "euclidean"
            else (found.distances[query]),
            np.square(wanted[i, order]) if metric == "euclidean" else wanted[i, order],
            rtol=0,
            atol=round_off(np.float64, 6, 30),
        )


@given(seed=seeds, n=st.integers(1, 12))
@few
def test_ties_are_in_the_order_of_the_items(seed, n):
    # On an axis, whose distances are exact in any order of the sums.
    places = np.random.default_rng(seed).integers(-2, 3, 10) * 2.0
    features, ids = np.stack([places, -places], axis=1), names(10)
    balanced = np.concatenate([features, -features])  # The mean is exactly zero.
    found = ranked_by_distance(balanced, [*ids, *names(20)[10:]], n)
    for i, query in enumerate(found):
        apart = np.abs(balanced[:, 0] - balanced[i, 0])
        order = sorted(range(20), key=lambda j: (j != i, apart[j], j))
        assert found[query] == tuple(names(20)[j] for j in order[:n])


def test_item_itself_is_first_among_copies():
    found = ranked_by_distance(np.ones((5, 2)), names(5), 2)
    assert found["000003"] == ("000003", "000000")
    assert found.distances["000003"] == (0.0, 0.0)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_chunks_do_not_matter(metric, monkeypatch):
    features = np.random.default_rng(0).normal(size=(30, 4))
    whole = ranked_by_distance(features, names(30), 7, metric=metric)
    monkeypatch.setattr(ranking, "_ENTRIES", 100)
    assert dict(ranked_by_distance(features, names(30), 7, metric=metric)) == dict(
        whole
    )


@pytest.mark.parametrize("exponent", [-200, 200])
def test_scale_of_features_does_not_matter(exponent):
    features = np.random.default_rng(0).normal(size=(30, 4))
    for metric in ("euclidean", "cosine"):
        wanted = ranked_by_distance(features, names(30), 5, metric=metric)
        scaled = features * 2.0**exponent
        found = ranked_by_distance(scaled, names(30), 5, metric=metric)
        assert dict(found) == dict(wanted)


def test_scale_of_each_item_does_not_matter_to_the_cosine():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 4))
    wanted = ranked_by_distance(features, names(30), 5, metric="cosine")
    scaled = features * 2.0 ** rng.integers(-300, 300, (30, 1))
    assert dict(ranked_by_distance(scaled, names(30), 5, metric="cosine")) == dict(
        wanted
    )


def test_lists_are_a_mapping():
    lists = RankedLists({"a": ["b", "a"]}, {"a": [1, 2]})
    assert dict(lists) == {"a": ("b", "a")}
    assert lists.distances == {"a": (1.0, 2.0)}
    assert len(lists) == 1
    assert "b" not in lists
    assert repr(lists) == "RankedLists(1 queries, with distances)"


@pytest.mark.parametrize(
    ("function", "changed", "error", "message"),
    [
        (ranked_by_class, {"scores": [[1.0, np.nan]] * 2}, ValueError, "NaN in row 0"),
        (ranked_by_class, {"scores": [[1.0]]}, ValueError, r"shape \(2, n_classes\)"),
        (ranked_by_class, {"scores": np.ones((2, 0))}, ValueError, "must have shape"),
        (ranked_by_class, {"scores": "?"}, TypeError, "scores must be real numbers"),
        (ranked_by_class, {"ids": ["a", "a"]}, ValueError, "got 'a' 2 times"),
        (ranked_by_class, {"ids": [0, 1]}, TypeError, "ids must be a list of names"),
        (ranked_by_distance, {"features": np.ones(2)}, ValueError, "must have shape"),
        (ranked_by_distance, {"features": [[np.nan]] * 2}, ValueError, "NaN in row 0"),
        (ranked_by_distance, {"features": [[np.inf]] * 2}, ValueError, "infinity"),
        (ranked_by_distance, {"n": 0}, ValueError, "n must be at least 1"),
        (ranked_by_distance, {"metric": "city"}, ValueError, "'euclidean' or 'cosine'"),
        (
            ranked_by_distance,
            {"features": [[1.0], [0.0]], "metric": "cosine"},
            ValueError,
            "zeros in row 1",
        ),
    ],
)
def test_wrong_arguments_are_refused(function, changed, error, message):
    first = "scores" if function is ranked_by_class else "features"
    right = {first: [[1.0, 0.0], [0.0, 1.0]], "ids": ["a", "b"]}
    assert len(function(**right)) == 2
    with pytest.raises(error, match=message):
        function(**{**right, **changed})


@pytest.mark.parametrize(
    ("distances", "error", "message"),
    [
        ({}, ValueError, "the list of 'a', 2, got none"),
        ({"a": [1.0]}, ValueError, "the list of 'a', 2, got 1"),
        ({"a": [1.0, "?"]}, TypeError, r"distances\['a'\] must be numbers"),
        ([1.0], TypeError, "distances must map the id of each query"),
    ],
)
def test_distances_that_do_not_fit_are_refused(distances, error, message):
    with pytest.raises(error, match=message):
        RankedLists({"a": ["a", "b"]}, distances)
